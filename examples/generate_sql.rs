//! A question, a schema, an answer in SQL: the library as the command line tool uses it, on the embedded model.
//!
//! ```console
//! cargo run --release --example generate_sql
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr)] // An example talks to the terminal.

use constrained_gen::{
    Automaton, Limits,
    decoding::{Decoder, Options, Sampling},
    library,
    model::{ChatPrompt, Model, ModelOptions},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The embedded demonstration model; `Model::open` reads Qwen3-0.6B or any other Qwen3 from a directory.
    let model = Model::embedded(&ModelOptions::default())?;

    // One automaton per grammar and vocabulary, shared by all requests; one constraint per answer.
    let limits = Limits::default();
    let grammar = library::grammar("sql-postgres", &limits)?;
    let automaton = Automaton::new(&grammar, model.vocabulary().clone(), &limits)?;

    let prompt = model.prompts().chat(&ChatPrompt {
        context: Some("CREATE TABLE users (id INTEGER, name TEXT, age INTEGER);"),
        system: Some("Answer with one PostgreSQL statement."),
        question: "How many users are older than 30?",
        ..ChatPrompt::default()
    })?;
    let options = Options { stop: vec![";".into()], ..Options::default() };
    let decoder = Decoder::new(model.vocabulary(), &Sampling::greedy(), &options)?;
    let answer = decoder.run(
        &mut model.session()?,
        &prompt,
        Some(&mut automaton.constraint()),
        &mut |piece| print!("{piece}"),
    )?;
    println!();
    if !answer.whole {
        return Err(format!("cut off after {} tokens", answer.tokens.len()).into());
    }
    eprintln!(
        "{} tokens, {} forced, {:.2} % of the vocabulary allowed on average, {:?} in masks",
        answer.stats.tokens,
        answer.stats.forced_tokens,
        100.0 * answer.stats.allowed_share(),
        answer.stats.mask_time,
    );
    Ok(())
}
