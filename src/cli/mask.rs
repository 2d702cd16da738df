//! `mask`: which tokens are allowed after a text?

use std::io::Write;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{
    Outcome,
    input::{SavedArgument, TokenizerArgument},
    language::LanguageArgument,
    output::{self, Refused, expectation, quoted},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    language: LanguageArgument,
    #[command(flatten)]
    tokenizer: TokenizerArgument,
    #[command(flatten)]
    saved: SavedArgument,
    /// Tokens to list
    #[arg(long, value_name = "N", default_value_t = 40)]
    limit: usize,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    /// The text so far
    #[arg(default_value = "", allow_hyphen_values = true)]
    prefix: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let language = arguments.language.load()?;
    let vocabulary = arguments.tokenizer.load()?;
    let automaton = arguments.saved.make(&language, vocabulary.clone())?;
    let mut constraint = automaton.constraint();
    let mut out = output::stdout();
    let prefix = arguments.prefix.as_bytes();
    if let Err(refusal) = constraint.accept_bytes(prefix) {
        language.failure()?;
        let refused =
            Refused { name: "<prefix>", text: prefix, refusal: &refusal, explanation: None };
        for line in refused.to_string().lines() {
            super::complain::line(line);
        }
        return Ok(Outcome::Refused);
    }
    let expected = constraint.expected();
    let complete = constraint.is_complete();
    let mask = constraint.mask()?;
    let tokens = mask.iter().take(arguments.limit);
    if arguments.json {
        let tokens: Vec<_> = tokens
            .map(|t| json!({"id": t.0, "text": String::from_utf8_lossy(vocabulary.bytes(t))}))
            .collect();
        let value = json!({
            "complete": complete,
            "expected": expected.terminals,
            "allowed": mask.len(),
            "vocabulary": vocabulary.len(),
            "tokens": tokens,
        });
        writeln!(out, "{value}")?;
    } else {
        writeln!(out, "complete  {}", if complete { "yes" } else { "no" })?;
        writeln!(out, "expected  {}", expectation(&expected.terminals, expected.end))?;
        writeln!(out, "allowed   {} of {} tokens", mask.len(), vocabulary.len())?;
        for token in tokens {
            writeln!(out, "{:>8}  {}", token.0, quoted(vocabulary.bytes(token)))?;
        }
        if mask.len() > arguments.limit {
            writeln!(out, "          … {} more", mask.len() - arguments.limit)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}
