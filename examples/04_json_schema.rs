//! A JSON Schema instead of a grammar: which tokens are allowed, step by step, and why a schema is refused.
//!
//! `cargo run --example 04_json_schema`

#![allow(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::{error::Error, sync::Arc};

use constrained_gen::{
    Limits, SchemaCompiler, SchemaOptions, TokenId, Vocabulary, schema::Whitespace,
};

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
    "additionalProperties": false
}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let tokens = [
        "{\"", "city", "days", "\":", "\"", "Oslo", "Rome", "Paris", ",\"", "0", "7", "}", "<end>",
    ];
    let end = TokenId(tokens.len() as u32 - 1);
    let bytes = tokens.map(|text| text.as_bytes().to_vec()).to_vec();
    let vocabulary = Arc::new(Vocabulary::new(bytes, &[], &[end])?);

    // One compiler for all schemas over a vocabulary: what tokens do in strings is found out once.
    let compiler = SchemaCompiler::new(vocabulary, &Limits::default());
    let mut options = SchemaOptions::default();
    options.whitespace = Whitespace::Compact;
    let automaton = compiler.compile(SCHEMA, &options)?;

    let mut sequence = automaton.constraint();
    for taken in ["{\"", "days", "\":", "7", ",\"", "city", "\":", "\"", "Rome", "\"", "}", "<end>"]
    {
        let allowed: Vec<&str> =
            sequence.mask()?.iter().map(|token| tokens[token.index()]).collect();
        println!("{taken:<6} of {allowed:?}");
        let at = tokens.iter().position(|token| *token == taken).ok_or("no such token")?;
        sequence.accept(TokenId(at as u32))?;
    }
    assert!(sequence.has_ended());

    // What cannot be followed exactly is refused, with its place.
    let refused = compiler.compile(r#"{"properties": {"id": {"pattern": "(a)\\1"}}}"#, &options);
    if let Err(error) = refused {
        println!("{error}");
    }
    Ok(())
}
