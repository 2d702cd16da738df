//! Cypher: the automaton's grammar and the validator are two formulations of one language, and must not disagree where
//! both speak.
//!
//! The validator looks up no variables and knows no types, so it may accept what the grammar refuses; never the other way.
//! The corpora lie beside the repository in `../shared`; where they do not, this says so and checks nothing of them.

#![allow(clippy::print_stderr, reason = "a skipped corpus must be seen")]

use std::{path::Path, sync::Arc};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library,
    sampling::{Sampler, Settings, Taken, Weighting},
    validation::Validator,
};

fn compiled(name: &str) -> Arc<CompiledGrammar> {
    let limits = Limits::default();
    let grammar = library::grammar(name, &limits).expect("it ships");
    CompiledGrammar::new(&grammar, &limits).expect("it compiles")
}

fn lines(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cypher").join(file);
    let text = std::fs::read_to_string(path).expect("test data");
    let read = |line: &str| match line.strip_prefix('"') {
        Some(_) if line.ends_with('"') => serde_json::from_str(line).expect("a JSON string"),
        _ => line.to_owned(),
    };
    text.lines().filter(|line| !line.starts_with('#')).map(read).collect()
}

#[test]
fn traps() {
    let grammar = compiled("cypher");
    let mut wrong = Vec::new();
    for (file, expected) in [("accept.txt", true), ("reject.txt", false)] {
        for text in lines(file) {
            let verdicts = [
                ("grammar", grammar.recognizer().check(text.as_bytes()).is_ok()),
                ("validator", Validator::Cypher.check(&text).is_ok()),
            ];
            for (who, verdict) in verdicts {
                if verdict != expected {
                    wrong.push(format!("{file}: the {who} says {verdict}: {text:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whatever_the_grammar_accepts_of_the_corpora_the_validator_accepts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/cypher");
    let grammar = compiled("cypher");
    let mut wrong = Vec::new();
    for (file, may_pass) in [
        ("positive.jsonl", true),
        ("shape-rejects.jsonl", true),
        ("schema-queries.jsonl", true),
        ("negative.jsonl", false),
    ] {
        let path = folder.join(file);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there", path.display());
            continue;
        }
        for line in std::fs::read_to_string(path).expect("a corpus").lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let text = row["text"].as_str().expect("a text");
            let accepted = grammar.recognizer().check(text.as_bytes()).is_ok();
            let verdict = Validator::Cypher.check(text);
            if accepted && (verdict.is_err() || !may_pass) || verdict.is_ok() && !may_pass {
                wrong.push(format!("{file}: grammar {accepted}, validator {verdict:?}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_validator_accepts_random_sentences() {
    // Every byte is a token: no tokenizer is needed, and names and numbers come out in pieces.
    let mut tokens: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    let end = TokenId::new(256);
    tokens.push(b"<end>".to_vec());
    let vocabulary = Vocabulary::new(tokens, &[], &[end]).expect("bytes and an end");
    let automaton = Automaton::of(compiled("cypher"), Arc::new(vocabulary));
    let mut wrong = Vec::new();
    for weighting in [Weighting::Short, Weighting::Broad] {
        let settings = Settings { weighting, max_tokens: 300, ..Settings::default() };
        let sampler = Sampler::new(Arc::clone(&automaton), settings);
        let mut taken = Taken::default();
        for n in 0..100 {
            let Ok(walk) = sampler.walk(n, &taken) else { continue };
            taken.add(&walk);
            let text = String::from_utf8(walk.text).expect("a text of the grammar");
            if let Err(error) = Validator::Cypher.check(&text) {
                wrong.push(format!("{error}: {text:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}
