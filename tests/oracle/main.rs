//! The twin against brute force, and the engine against the twin.
//!
//! Environment variables make more of it:
//! `ORACLE_GRAMMARS` (random grammars, default 200; the figures are taken with 2,000), `ORACLE_SEED`, `ORACLE_STATES` (states of each shipped grammar under
//! the full Qwen3 vocabulary, default 6; the figures are taken with 300), `ORACLE_TOKENIZER` (another `tokenizer.json`).

#![allow(clippy::print_stdout, reason = "what was compared, and what was skipped, must be seen")]

mod brute;
mod compare;
mod found;
mod generator;
mod random;
mod shipped;
mod show;
mod small;
mod truth;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")),
        Err(_) => default,
    }
}
