//! Plain JSON on long documents beside llguidance: the time between masks (fill the row, accept the token), cold and
//! warm, on the same tokens in one run.
//!
//! `cargo bench --bench json_masks` prints ratios; absolute times are this machine's and fail nothing. With the Qwen3
//! tokenizer at `../shared` (or named by `QWEN3_TOKENIZER`) that vocabulary is used, else the demonstration model's, which
//! is small: figures quoted anywhere are with Qwen3's.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod documents;
#[path = "../measure/mod.rs"]
mod measure;

use std::{hint::black_box, path::PathBuf, sync::Arc, time::Instant};

use constrained_gen::{Automaton, Limits, TokenId, library};
use llguidance::{Matcher, api::TopLevelGrammar};
use measure::{Figures, factory, ours, theirs};

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("QWEN3_TOKENIZER").map(PathBuf::from);
    let qwen = named.unwrap_or_else(|| root.join("../shared/tokenizers/qwen3/tokenizer.json"));
    let path = if qwen.is_file() {
        qwen
    } else {
        eprintln!(
            "no Qwen3 tokenizer at ../shared: measured with the demonstration model's small vocabulary"
        );
        root.join("models/demo/tokenizer.json")
    };
    let json = std::fs::read(&path).expect("a tokenizer.json");
    let vocabulary = measure::vocabulary(&json);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");
    let documents: Vec<(&str, Vec<u32>)> = documents::all()
        .into_iter()
        .map(|(name, text)| {
            let tokens = tokenizer.encode(text.as_str(), false).expect("tokens");
            (name, tokens.get_ids().to_vec())
        })
        .collect();
    let count: usize = documents.iter().map(|d| d.1.len()).sum();
    println!(
        "vocabulary of {} rows; {} documents, {count} tokens",
        vocabulary.width(),
        documents.len()
    );

    let mut row = vec![0u32; vocabulary.words()];
    let copy = Figures::of(bare_copies(&mut row, count));
    println!("\n{:<28} {}", "microseconds", Figures::HEAD);
    println!("{:<28} {copy}", "bare copy of the row");

    let grammar = library::grammar("json", &Limits::default()).expect("the grammar ships");
    let mut ours_cold = Vec::new();
    let mut theirs_cold = Vec::new();
    let mut ours_warm = Vec::new();
    let mut theirs_warm = Vec::new();
    let started = Instant::now();
    let automaton =
        Automaton::new(&grammar, Arc::clone(&vocabulary), &Limits::default()).expect("compiles");
    let ours_compile = started.elapsed();
    let factory = factory(&vocabulary).expect("a factory");
    let started = Instant::now();
    let schema = TopLevelGrammar::from_json_schema(serde_json::json!({}));
    let first = Matcher::new(factory.create_parser(schema.clone()));
    let theirs_compile = started.elapsed();
    drop(first);
    // Interleaved by document, so that both meet the same disturbances. Cold: one automaton, trees built on the way.
    for (_, tokens) in &documents {
        ours_cold.extend(ours(&automaton, tokens, &mut row));
        theirs_cold.extend(theirs(&factory, &schema, tokens, &mut row).expect("JSON"));
    }
    for (_, tokens) in &documents {
        ours_warm.extend(ours(&automaton, tokens, &mut row));
        theirs_warm.extend(theirs(&factory, &schema, tokens, &mut row).expect("JSON"));
    }
    let [oc, tc, ow, tw] = [ours_cold, theirs_cold, ours_warm, theirs_warm].map(Figures::of);
    println!("{:<28} {oc}", "constrained-gen, cold");
    println!("{:<28} {tc}", "llguidance, cold");
    println!("{:<28} {ow}", "constrained-gen, warm");
    println!("{:<28} {tw}", "llguidance, second pass");
    println!("\ncompile: constrained-gen {ours_compile:.1?}, llguidance {theirs_compile:.1?}");
    println!(
        "cold, llguidance / constrained-gen: median {:.1}, average {:.1}, p99 {:.1}",
        tc.p50 / oc.p50,
        tc.average / oc.average,
        tc.p99 / oc.p99
    );
    println!(
        "warm, constrained-gen / bare copy: average {:.2}, median {:.2}",
        ow.average / copy.average,
        ow.p50 / copy.p50
    );

    println!("\nmemoised entries over a repeating document:");
    let repeating = repeating(&tokenizer, 30_000);
    let automaton = Automaton::new(&grammar, vocabulary, &Limits::default()).expect("compiles");
    let mut sequence = automaton.constraint();
    for (i, token) in repeating.iter().enumerate() {
        sequence.fill(&mut row).expect("a mask");
        sequence.accept(TokenId(*token)).expect("allowed");
        if [1_000, 10_000, 30_000].contains(&(i + 1)) {
            println!("  after {:>6} tokens: {} entries", i + 1, automaton.stats().entries());
        }
    }
}

/// Tokens of one array of equal records.
fn repeating(tokenizer: &tokenizers::Tokenizer, count: usize) -> Vec<u32> {
    let record =
        r#"{"id": 17, "tags": ["a", "b"], "note": "as before", "at": {"x": -1.5e3, "y": null}}, "#;
    let text = format!("[{}", record.repeat(count / 20));
    let mut tokens = tokenizer.encode(text, false).expect("tokens").get_ids().to_vec();
    tokens.truncate(count);
    tokens
}

fn bare_copies(row: &mut [u32], count: usize) -> Vec<u64> {
    let source = vec![0x5555_5555u32; row.len()];
    (0..count)
        .map(|_| {
            let started = Instant::now();
            row.copy_from_slice(black_box(&source));
            black_box(&mut *row);
            started.elapsed().as_nanos() as u64
        })
        .collect()
}
