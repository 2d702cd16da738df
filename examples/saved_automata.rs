//! What a saved automaton saves: the grammars that ship, warmed on the examples in their own comments, saved, loaded, and
//! then read texts that they have not seen.
//!
//! `cargo run --release --example saved_automata -- TOKENIZER.json [FOLDER OF TEXTS]`; the folder holds `sql/both.jsonl`
//! (default `../shared/corpora`). Times are of one thread's CPU clock, in microseconds, mask written to a row and token
//! accepted; every 40th text, four passes of each kind, interleaved, each with an automaton of its own.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::{error::Error, hint::black_box, path::PathBuf, sync::Arc};

use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, grammar::Grammar, library};
use rustix::time::{ClockId, clock_gettime};

const PASSES: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let tokenizer = arguments.next().ok_or("expected the path of a tokenizer.json")?;
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "../shared/corpora".into()));
    let json = std::fs::read(tokenizer)?;
    let limits = Limits::default();
    let vocabulary = Arc::new(Vocabulary::from_tokenizer_json(&json, &limits)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(|e| e.to_string())?;
    let lines = std::fs::read_to_string(folder.join("sql/both.jsonl"))?;
    let lines: Vec<&str> = lines.lines().step_by(40).collect();
    let queries: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line["sql"].as_str()?.to_owned())
        })
        .collect();
    let documents: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for (name, texts) in [("json", documents), ("sql-postgres", queries)] {
        let tokens: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| Ok(tokenizer.encode(text.as_str(), false)?.get_ids().to_vec()))
            .collect::<Result<_, tokenizers::Error>>()
            .map_err(|e| e.to_string())?;
        measure(name, &vocabulary, &texts, tokens, &limits)?;
    }
    Ok(())
}

fn measure(
    name: &str,
    vocabulary: &Arc<Vocabulary>,
    texts: &[String],
    tokens: Vec<Vec<u32>>,
    limits: &Limits,
) -> Result<(), Box<dyn Error>> {
    let grammar = library::grammar(name, limits)?;
    let (automaton, compile) = timed(|| Automaton::new(&grammar, Arc::clone(vocabulary), limits));
    let automaton = automaton?;
    let examples: Vec<String> = library::texts(name)
        .into_iter()
        .flatten()
        .filter_map(|(_, text)| library::examples(text).ok())
        .flatten()
        .filter(|example| example.accept)
        .map(|example| example.text)
        .collect();
    let examples: Vec<&[u8]> = examples.iter().map(|text| text.as_bytes()).collect();
    let began = std::time::Instant::now();
    automaton.warm(&examples);
    let warm = began.elapsed();
    let (bytes, save) = timed(|| automaton.save());
    let bytes = bytes.ok_or("the automaton of a grammar")?;
    let (loaded, load) =
        timed(|| Automaton::load(&grammar, Arc::clone(vocabulary), &bytes, limits));
    let loaded = loaded?;
    println!(
        "\n{name}: warmed on {} examples in {warm:.1?}: {:?}",
        examples.len(),
        automaton.stats()
    );
    println!(
        "saved as {} bytes in {:.1} ms; compiled in {:.1} ms, compiled and loaded in {:.1} ms, {} bytes of memory",
        bytes.len(),
        save / 1e3,
        compile / 1e3,
        load / 1e3,
        loaded.stats().bytes
    );
    let recognizer = automaton.grammar().ok_or("a grammar")?;
    let tokens: Vec<Vec<u32>> = texts
        .iter()
        .zip(tokens)
        .filter(|(text, _)| recognizer.recognizer().check(text.as_bytes()).is_ok())
        .map(|(_, tokens)| tokens)
        .collect();
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut firsts: [Vec<f64>; 2] = Default::default();
    for _ in 0..PASSES {
        let fresh = Automaton::new(&grammar, Arc::clone(vocabulary), limits)?;
        let loaded = again(&grammar, vocabulary, &bytes, limits)?;
        for text in &tokens {
            let (from_fresh, from_loaded) = (read(&fresh, text)?, read(&loaded, text)?);
            firsts[0].push(from_fresh[0]);
            firsts[1].push(from_loaded[0]);
            times[0].extend(from_fresh);
            times[1].extend(from_loaded);
        }
        for text in &tokens {
            times[2].extend(read(&fresh, text)?);
            times[3].extend(read(&loaded, text)?);
        }
    }
    let count: usize = tokens.iter().map(Vec::len).sum();
    println!("{} texts, {count} tokens; microseconds", tokens.len());
    println!(
        "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "average", "median", "p99", "p99.9", "max"
    );
    let names = ["cold, from nothing", "cold, loaded", "warm, from nothing", "warm, loaded"];
    for (name, times) in names.into_iter().zip(times) {
        row(name, times);
    }
    // The first text of a process: every `tokens.len()`-th.
    let [nothing, loaded] =
        firsts.map(|all| all.into_iter().step_by(tokens.len().max(1)).collect());
    row("first mask, from nothing", nothing);
    row("first mask, loaded", loaded);
    Ok(())
}

fn again(
    grammar: &Grammar,
    vocabulary: &Arc<Vocabulary>,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Arc<Automaton>, Box<dyn Error>> {
    Ok(Automaton::load(grammar, Arc::clone(vocabulary), bytes, limits)?)
}

/// Microseconds of each token's mask and step.
fn read(automaton: &Arc<Automaton>, tokens: &[u32]) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut sequence = automaton.constraint();
    let mut row = vec![0u32; automaton.vocabulary().words()];
    let mut times = Vec::with_capacity(tokens.len());
    for &token in tokens {
        let (result, time) = timed(|| {
            sequence.fill(&mut row)?;
            black_box(&mut row);
            sequence.accept(TokenId(token))
        });
        result?;
        times.push(time);
    }
    Ok(times)
}

/// Microseconds of this thread's CPU clock.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    let began = now();
    let result = work();
    (result, now() - began)
}

fn row(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    let average = times.iter().sum::<f64>() / times.len() as f64;
    println!(
        "{name:<24} {average:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9.1}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}
