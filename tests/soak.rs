//! Thousands of distinct schemas and grammars through one process: its memory stays flat once it is warm.
//!
//! `SOAK_SCHEMAS` and `SOAK_GRAMMARS` say how many (default 400 and 60; the figures are taken with 10,000 and 1,000).

#![allow(clippy::print_stdout, reason = "the figures must be seen")]

#[path = "schema/choices.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod choices;
#[path = "schema/generator.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod generator;
#[path = "oracle/generator.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod grammars;
#[path = "oracle/small.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod small;

use std::sync::Arc;

use constrained_gen::{
    Automaton, CompiledGrammar, Constraint, Limits, SchemaCompiler, TokenId, Vocabulary,
    schema::SchemaOptions,
};

use choices::Choices;
use grammars::Random;

fn setting(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")),
        Err(_) => default,
    }
}

/// Resident memory in MiB; `None` where the system does not tell.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

fn bytes() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    tokens.push(b"<end>".to_vec());
    Arc::new(Vocabulary::new(tokens, &[], &[TokenId(256)]).expect("a vocabulary"))
}

/// A walk of some steps under the mask.
fn walk(mut constraint: Constraint, random: &mut Random) {
    for _ in 0..24 {
        let Ok(mask) = constraint.mask() else { return };
        let allowed: Vec<TokenId> = mask.iter().collect();
        let Some(token) = (!allowed.is_empty()).then(|| random.pick(&allowed)) else { return };
        if constraint.accept(token).is_err() {
            return;
        }
    }
}

/// Runs something so many times. Says how memory went; fails if it grew by more than `slack` MiB after the first fifth.
fn soak(name: &str, count: usize, slack: f64, mut run: impl FnMut(u64)) {
    let step = (count / 10).max(1);
    let mut seen = Vec::new();
    for at in 0..count {
        run(at as u64);
        if (at + 1) % step == 0 {
            let Some(mib) = resident() else {
                println!("skipped: this system does not tell a process's memory");
                return;
            };
            seen.push(mib);
        }
    }
    let shown: Vec<String> = seen.iter().map(|mib| format!("{mib:.0}")).collect();
    println!("{name}: {count}, resident MiB after each tenth: {}", shown.join(" "));
    let warm = seen[seen.len() / 5];
    let most = seen.iter().copied().fold(0.0, f64::max);
    assert!(most <= warm + slack, "{name}: {warm:.0} MiB when warm, {most:.0} later");
}

#[test]
fn memory_stays_flat() {
    let vocabulary = bytes();
    let mut limits = Limits::untrusted();
    (limits.cache_bytes, limits.automaton_bytes) = (8 << 20, 8 << 20);
    let compiler = SchemaCompiler::new(Arc::clone(&vocabulary), &limits);
    let mut random = Random::new(7);
    soak("schemas", setting("SOAK_SCHEMAS", 400), 16.0, |at| {
        let mut schema = generator::schema(&mut Choices::seeded(at));
        if let Some(schema) = schema.as_object_mut() {
            // No two are the same text.
            schema.insert("title".into(), at.into());
        }
        if let Ok(automaton) = compiler.compile(&schema.to_string(), &SchemaOptions::default()) {
            walk(automaton.constraint(), &mut random);
        }
    });
    drop(compiler);
    soak("grammars", setting("SOAK_GRAMMARS", 60), 16.0, |at| {
        let grammar = grammars::grammar(&mut Random::new(at));
        if let Ok(compiled) = CompiledGrammar::new(&grammar, &limits) {
            let automaton = Automaton::of(compiled, Arc::clone(&vocabulary));
            walk(automaton.constraint(), &mut random);
        }
    });
}
