//! Schemas against slow and obvious readings of them: masks against the byte-level reader, the reader against the
//! `jsonschema` crate, and every state against the search of an end.
//!
//! Environment variables make more of it: `SCHEMA_CASES` (random schemas with 12 instances each, default 2,000; the
//! figures are taken with 100,000), `SCHEMA_REAL` (real schemas whose samples are judged, default 40; the figures are taken
//! with 500), `SCHEMA_MASKS` (random schemas whose masks are compared, default 60), `SCHEMA_SEED`.

#![allow(clippy::print_stdout, reason = "what was compared, and what was skipped, must be seen")]

mod choices;
mod constructs;
mod ends;
mod generator;
mod instances;
mod judged;
mod masks;
mod real;
mod vocabularies;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")),
        Err(_) => default,
    }
}

/// The verdict of the `jsonschema` crate; formats are annotations. `None`: it does not read the schema.
fn validator(schema: &serde_json::Value) -> Option<jsonschema::Validator> {
    jsonschema::options().should_validate_formats(false).build(schema).ok()
}
