//! Which tokens may come next? A grammar, a vocabulary of seven tokens, and a mask after each step.
//!
//! `cargo run --example 01_mask_by_hand`

#![allow(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::{error::Error, sync::Arc};

use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, library};

fn main() -> Result<(), Box<dyn Error>> {
    // Token 6 ends a text; the others are text.
    let texts = ["[", "]", "1", ",", "true", " ", "<end>"];
    let tokens = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[TokenId(6)])?);

    let limits = Limits::default();
    let json = library::grammar("json", &limits)?;
    let automaton = Automaton::new(&json, vocabulary, &limits)?;

    // One sequence. Cloning it is a cheap fork; the automaton is shared and remembers every mask.
    let mut constraint = automaton.constraint();
    for token in [0, 2, 3, 4, 1, 6] {
        let allowed: Vec<&str> = constraint.mask()?.iter().map(|t| texts[t.index()]).collect();
        println!("allowed {allowed:?}, taken {:?}", texts[token]);
        constraint.accept(TokenId::new(token))?;
    }
    assert!(constraint.has_ended());
    Ok(())
}
