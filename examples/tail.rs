use std::{sync::Arc};
use constrained_gen::{Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library};
use rustix::time::{ClockId, clock_gettime};
fn now() -> f64 { let t = clock_gettime(ClockId::ThreadCPUTime); t.tv_sec as f64 * 1e6 + t.tv_nsec as f64 / 1e3 }
// tail GRAMMAR FILE FIELD STEP SAVED PASSES
fn main() -> anyhow::Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let limits = Limits::default();
    let json = std::fs::read("/work/shared/tokenizers/qwen3/tokenizer.json")?;
    let vocabulary = Arc::new(Vocabulary::from_tokenizer_json(&json, &limits)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(anyhow::Error::msg)?;
    let grammar = library::load(&a[1], &limits)?;
    if !std::path::Path::new(&a[5]).exists() {
        let automaton = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits)?;
        let examples: Vec<String> = library::texts(&a[1]).into_iter().flatten()
            .filter_map(|(_, text)| library::examples(text).ok()).flatten()
            .filter(|example| example.accept).map(|example| example.text).collect();
        let examples: Vec<&[u8]> = examples.iter().map(|text| text.as_bytes()).collect();
        automaton.warm(&examples);
        std::fs::write(&a[5], automaton.save().unwrap())?;
    }
    let saved = std::fs::read(&a[5])?;
    let step: usize = a[4].parse()?;
    let compiled = CompiledGrammar::new(&grammar, &limits)?;
    let mut texts = Vec::new();
    for line in std::fs::read_to_string(&a[2])?.lines().step_by(step) {
        let v: serde_json::Value = serde_json::from_str(line)?;
        let Some(text) = v[&a[3]].as_str() else { continue };
        if compiled.recognizer().check(text.as_bytes()).is_err() { continue }
        texts.push(tokenizer.encode(text, false).map_err(anyhow::Error::msg)?.get_ids().to_vec());
    }
    let mut all = Vec::new();
    for pass in 0..a[6].parse::<usize>()? {
        let compiled = CompiledGrammar::new(&grammar, &limits)?;
        let t = now();
        let automaton = Automaton::load_of(compiled, Arc::clone(&vocabulary), &saved)?;
        if pass == 0 { println!("load {:.0} us {:?}", now() - t, automaton.stats()); }
        let mut row = vec![0u32; vocabulary.words()];
        for (i, text) in texts.iter().enumerate() {
            let mut c = automaton.constraint();
            for (at, &t) in text.iter().enumerate() {
                let b = now();
                c.fill(&mut row)?;
                let m = now();
                if c.accept(TokenId(t)).is_err() { println!("refused {i} {at}"); break }
                all.push((now() - b, m - b, i, at, pass));
            }
        }
        if pass == 0 { println!("{:?}", automaton.stats()); }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = all.len();
    let p = |s: f64| all[((n - 1) as f64 * s) as usize].0;
    println!("{n} mean {:.1} p50 {:.1} p90 {:.1} p99 {:.1} p99.9 {:.1} max {:.1}", all.iter().map(|a| a.0).sum::<f64>() / n as f64, p(0.5), p(0.9), p(0.99), p(0.999), p(1.0));
    for &(t, m, i, at, pass) in all.iter().rev().take(a.get(7).map_or(25, |n| n.parse().unwrap())) {
        let before = tokenizer.decode(&texts[i][at.saturating_sub(8)..at], false).unwrap_or_default();
        println!("{t:.0} (mask {m:.0}) pass {pass} text {i} at {at} after {before:?} then {:?}", tokenizer.decode(&texts[i][at..=at], false).unwrap_or_default());
    }
    Ok(())
}
