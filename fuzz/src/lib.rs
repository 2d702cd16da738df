//! What must hold for any bytes at all: each target takes some and panics where something does not hold.
//!
//! `cargo fuzz run lark` (nightly) looks for such bytes, led by what they reach; the binary `smoke` (stable) replays those
//! that were found and tries others, always the same, or for as long as one says.

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/oracle/generator.rs"]
mod generator;
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/oracle/small.rs"]
mod small;

mod engine;
pub mod mutate;
mod patterns;
mod readers;
mod roundtrip;
mod saved;
#[allow(dead_code, reason = "shares with the tests, which use all of it")]
mod schemas;
pub mod seeds;
mod tape;
mod variants;
mod walks;

pub use engine::{mask, operations};
pub use patterns::regex;
pub use readers::{gbnf, lark, manifest, tokenizer};
pub use roundtrip::roundtrip;
pub use saved::saved;
pub use schemas::{schema, schema_structured};
pub use walks::{walk_cypher, walk_json, walk_sql, walk_typescript};

/// A target: its name, what runs it, and how many mutated inputs the smoke run gives it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, as in `fuzz_targets`, `regressions` and `dictionaries`.
    pub name: &'static str,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
    /// Mutated inputs of a smoke run: some seconds' worth.
    pub inputs: u64,
}

/// All targets.
pub const TARGETS: [Target; 15] = [
    Target { name: "lark", run: lark, inputs: 20_000 },
    Target { name: "gbnf", run: gbnf, inputs: 40_000 },
    Target { name: "regex", run: regex, inputs: 8_000 },
    Target { name: "roundtrip", run: roundtrip, inputs: 3_000 },
    Target { name: "schema", run: schema, inputs: 20_000 },
    Target { name: "schema_structured", run: schema_structured, inputs: 6_000 },
    Target { name: "mask", run: mask, inputs: 4_000 },
    Target { name: "operations", run: operations, inputs: 20_000 },
    Target { name: "saved", run: saved, inputs: 40_000 },
    Target { name: "tokenizer", run: tokenizer, inputs: 60_000 },
    Target { name: "manifest", run: manifest, inputs: 100_000 },
    Target { name: "walk_sql", run: walk_sql, inputs: 1_500 },
    Target { name: "walk_json", run: walk_json, inputs: 20_000 },
    Target { name: "walk_typescript", run: walk_typescript, inputs: 1_500 },
    Target { name: "walk_cypher", run: walk_cypher, inputs: 1_000 },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
