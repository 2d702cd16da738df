//! What must hold for any bytes at all: each target takes some and panics where something does not hold.
//!
//! `cargo fuzz run lark` (nightly) looks for such bytes; the binary `smoke` (stable) replays those that were found and tries
//! a bounded number of others, always the same.

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/oracle/generator.rs"]
mod generator;
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/oracle/small.rs"]
mod small;

mod engine;
pub mod mutate;
mod readers;
pub mod seeds;

pub use engine::{mask, operations};
pub use readers::{gbnf, lark, manifest, tokenizer};

/// A target: its name, what runs it, and how many mutated inputs the smoke run gives it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, as in `fuzz_targets` and `regressions`.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
    /// Mutated inputs of a smoke run: some seconds' worth.
    pub inputs: u64,
}

/// All targets.
pub const TARGETS: [Target; 6] = [
    Target { name: "lark", run: lark, inputs: 40_000 },
    Target { name: "gbnf", run: gbnf, inputs: 60_000 },
    Target { name: "mask", run: mask, inputs: 6_000 },
    Target { name: "operations", run: operations, inputs: 30_000 },
    Target { name: "tokenizer", run: tokenizer, inputs: 100_000 },
    Target { name: "manifest", run: manifest, inputs: 200_000 },
];
