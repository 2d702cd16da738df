//! The grammars that ship stay away from the limits on the work of one step, and of compiling.

#[allow(dead_code, reason = "not all tests need all of it")]
mod process;

use std::sync::Arc;

use constrained_gen::{Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library};
use process::DEMO_TOKENIZER;

/// All masks along the examples, from nothing, with half of the work that is allowed by default.
#[test]
fn half_of_the_work_suffices_for_every_example() {
    let json = std::fs::read(DEMO_TOKENIZER).expect("it is committed");
    let mut limits = Limits::default();
    limits.step_work /= 2;
    let vocabulary =
        Arc::new(Vocabulary::from_tokenizer_json(&json, &limits).expect("a vocabulary"));
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");
    let mut masks = 0;
    for name in ["cypher", "json", "sql-postgres", "typescript"] {
        let grammar = library::grammar(name, &limits).expect("it ships");
        let automaton =
            Automaton::new(&grammar, Arc::clone(&vocabulary), &limits).expect("it compiles");
        let texts = library::texts(name).into_iter().flatten();
        let examples = texts.flat_map(|(_, text)| library::examples(text).expect("examples"));
        for example in examples.filter(|example| example.accept) {
            let spelled = tokenizer.encode(example.text.as_str(), false).expect("tokens");
            let mut sequence = automaton.constraint();
            for &token in spelled.get_ids() {
                if let Err(error) = sequence.mask() {
                    panic!("{name}: {}: {error}", example.text);
                }
                masks += 1;
                // Some are examples of another start.
                if sequence.accept(TokenId(token)).is_err() {
                    break;
                }
            }
        }
    }
    assert!(masks > 5_000, "{masks} masks");
}

#[test]
fn a_little_less_work_suffices_to_compile_them() {
    let mut limits = Limits::default();
    limits.grammar_work -= limits.grammar_work / 20;
    for name in library::names() {
        let grammar = library::grammar(name, &limits).expect("it ships");
        CompiledGrammar::new(&grammar, &limits).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
