//! Does anything grow with the length of a text? Times and tables by part of one text, some lines each.

use std::time::{Duration, Instant};

use constrained_gen::{Automaton, TokenId, Vocabulary, automaton::AutomatonStats};

/// Follows the text cold and warm, and prints for each part what its steps took and what they added to the automaton's tables.
pub(crate) fn print(
    automaton: &std::sync::Arc<Automaton>,
    vocabulary: &Vocabulary,
    text: &[u32],
    lines: usize,
) -> anyhow::Result<()> {
    let mut row = vec![0u32; vocabulary.words()];
    for name in ["cold", "warm"] {
        println!(
            "{name:<6} {:>6} {:>7} {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "lines",
            "tokens",
            "p50 us",
            "p99 us",
            "max us",
            "KiB",
            "situat.",
            "stacks",
            "results",
            "trees",
            "lexer",
            "masks"
        );
        let mut constraint = automaton.constraint();
        let (mut times, mut line, mut part) = (Vec::<Duration>::new(), 0, 1);
        let mut before = automaton.stats();
        for (at, &token) in text.iter().enumerate() {
            let token = TokenId(token);
            let start = Instant::now();
            constraint.fill(&mut row)?;
            constraint.accept(token)?;
            times.push(start.elapsed());
            line += vocabulary.bytes(token).iter().filter(|byte| **byte == b'\n').count();
            if line >= part * lines || at + 1 == text.len() {
                let now = automaton.stats();
                print_part(line, &mut times, &before, &now);
                (before, times) = (now, Vec::new());
                part = line / lines + 1;
            }
        }
    }
    Ok(())
}

fn print_part(line: usize, times: &mut [Duration], before: &AutomatonStats, now: &AutomatonStats) {
    times.sort_unstable();
    let us = |share: f64| {
        let at = (times.len().saturating_sub(1) as f64 * share) as usize;
        times.get(at).copied().unwrap_or_default().as_secs_f64() * 1e6
    };
    // A new generation of the tables begins with less.
    let more = |of: fn(&AutomatonStats) -> usize| of(now) as i64 - of(before) as i64;
    println!(
        "       {line:>6} {:>7} {:>8.1} {:>8.1} {:>8.1}  {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        times.len(),
        us(0.5),
        us(0.99),
        us(1.0),
        more(|s| s.bytes) / 1024,
        more(|s| s.situations),
        more(|s| s.stack_nodes),
        more(|s| s.results),
        more(|s| s.tree_nodes),
        more(|s| s.lexer_configs),
        more(|s| s.masks),
    );
}
