//! Every accepted statement of the corpus goes through, token by token, however it is cut into tokens: as the tokenizer cuts
//! it, and at random. `SQL_SEGMENTS=N` statements instead of a few.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

use std::{collections::HashMap, path::PathBuf};

use constrained_gen::{Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library};
use rayon::prelude::*;

/// Statements without a word from outside.
const STATEMENTS: usize = 150;

/// Longer ones are cut at random into too many ways to learn from one.
const LONGEST: usize = 2_000;

#[test]
fn statements_go_through_however_they_are_cut() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let corpus = shared.join("corpora/sql/both.jsonl");
    let tokenizer = shared.join("tokenizers/qwen3/tokenizer.json");
    let (Ok(corpus), Ok(json)) = (std::fs::read_to_string(&corpus), std::fs::read(&tokenizer))
    else {
        eprintln!("skipped: no {} or {}", corpus.display(), tokenizer.display());
        return;
    };
    let limits = Limits::default();
    let vocabulary = Vocabulary::from_tokenizer_json(&json, &limits).expect("a tokenizer");
    let vocabulary = std::sync::Arc::new(vocabulary);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");
    let by_bytes: HashMap<&[u8], TokenId> = (0..vocabulary.len())
        .map(TokenId::new)
        .filter(|token| !vocabulary.is_special(*token) && !vocabulary.bytes(*token).is_empty())
        .map(|token| (vocabulary.bytes(token), token))
        .collect();
    let longest = by_bytes.keys().map(|bytes| bytes.len()).max().unwrap_or(1);
    let grammar = library::grammar("sql-postgres", &limits).expect("it ships");
    let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
    let automaton =
        Automaton::of(std::sync::Arc::clone(&compiled), std::sync::Arc::clone(&vocabulary));

    let wanted = std::env::var("SQL_SEGMENTS").ok().and_then(|n| n.parse().ok());
    let wanted: usize = wanted.unwrap_or(STATEMENTS);
    let texts: Vec<String> = corpus
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            line["sql"].as_str().expect("a field `sql`").to_owned()
        })
        .filter(|text| text.len() <= LONGEST)
        .collect();
    let every = (texts.len() / wanted.max(1)).max(1);
    let texts: Vec<&String> = texts
        .iter()
        .step_by(every)
        .filter(|text| compiled.recognizer().check(text.as_bytes()).is_ok())
        .collect();
    let steps: usize = texts
        .par_iter()
        .map(|text| {
            let encoding = tokenizer.encode(text.as_str(), false).expect("tokens");
            let canonical: Vec<TokenId> =
                encoding.get_ids().iter().map(|&id| TokenId(id)).collect();
            let mut steps = canonical.len();
            follow(&automaton, text, &canonical);
            for seed in 0..2 {
                let cut = cut(text.as_bytes(), &by_bytes, longest, seed);
                steps += cut.len();
                follow(&automaton, text, &cut);
            }
            steps
        })
        .sum();
    eprintln!("{} statements in three ways, {steps} steps, every one allowed", texts.len());
    assert!(texts.len() >= wanted / 2);
}

/// Takes the tokens one by one: each is in the mask, and at the end the text may end.
fn follow(automaton: &std::sync::Arc<Automaton>, text: &str, tokens: &[TokenId]) {
    let mut constraint = automaton.constraint();
    for (i, &token) in tokens.iter().enumerate() {
        let allowed = constraint.mask().expect("within limits").contains(token);
        assert!(allowed, "token {i} ({token:?}) of {tokens:?} is not allowed: {text}");
        constraint.accept(token).unwrap_or_else(|e| panic!("token {i} of {text}: {e}"));
    }
    assert!(constraint.is_complete(), "{text}");
}

/// The text as tokens of any length that fits, drawn by a small generator of numbers.
fn cut(text: &[u8], by_bytes: &HashMap<&[u8], TokenId>, longest: usize, seed: u64) -> Vec<TokenId> {
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ (seed << 32) ^ text.len() as u64;
    let (mut at, mut tokens) = (0, Vec::new());
    while at < text.len() {
        let fits: Vec<usize> = (1..=longest.min(text.len() - at))
            .filter(|length| by_bytes.contains_key(&text[at..at + length]))
            .collect();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // Every byte is a token of its own.
        let length = fits[usize::try_from(state >> 33).unwrap_or(0) % fits.len()];
        tokens.push(by_bytes[&text[at..at + length]]);
        at += length;
    }
    tokens
}
