//! Where does a text leave a grammar, and what could have stood there? No vocabulary and no model needed.
//!
//! `cargo run --example 02_where_it_fails`

#![allow(clippy::print_stdout, reason = "an example talks to the terminal")]

use std::error::Error;

use constrained_gen::{CompiledGrammar, Limits, library};

fn main() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let sql = CompiledGrammar::new(&library::grammar("sql-postgres", &limits)?, &limits)?;
    for text in ["SELECT name FROM employees", "SELECT name FRM employees WHERE", "SELECT 'it''s;'"]
    {
        match sql.recognizer().check(text.as_bytes()) {
            Ok(()) => println!("accepted: {text}"),
            Err(refusal) => println!(
                "refused at byte {}: {text}\n  ({} terminals could have stood there)",
                refusal.offset,
                refusal.expected.terminals.len()
            ),
        }
    }
    Ok(())
}
