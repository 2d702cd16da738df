//! A grammar of one's own, read by a recognizer that can be forked.
//!
//! `cargo run --example 03_own_grammar`

#![allow(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::error::Error;

use constrained_gen::{
    CompiledGrammar, Limits,
    frontend::{NoSources, lark},
};

const MOVES: &str = r#"
start: move (", " move)*
move: DIRECTION " " NUMBER
DIRECTION: "north" | "south" | "east" | "west"
NUMBER: /[1-9][0-9]?/
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let grammar = lark::parse("moves", MOVES, None, &NoSources, &limits)?;
    let moves = CompiledGrammar::new(&grammar, &limits)?;

    let mut reader = moves.recognizer();
    reader.push(b"north 12, s")?;
    println!("after `north 12, s` only one text can come: {:?}", text(&reader.forced(100)));

    let mut fork = reader.clone();
    fork.push(b"outh 3")?;
    println!("`north 12, south 3` is a sentence: {}", fork.is_complete());
    println!("`north 12, s` is a sentence: {}", reader.is_complete());
    println!("`north 120` is refused at byte {}", refused_at(&moves, b"north 120"));
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn refused_at(grammar: &std::sync::Arc<CompiledGrammar>, text: &[u8]) -> usize {
    grammar.recognizer().check(text).err().map_or(text.len(), |refusal| refusal.offset)
}
