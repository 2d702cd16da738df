//! The patterns of real schemas: how many are refused, and what compiling costs.

use std::{collections::BTreeMap, path::Path, process::Command};

use super::{
    super::{Language, TextSet},
    microseconds,
};
use crate::Limits;

/// Adds all patterns of a schema.
fn patterns(schema: &serde_json::Value, found: &mut BTreeMap<String, usize>) {
    let mut work = vec![schema];
    while let Some(value) = work.pop() {
        match value {
            serde_json::Value::Object(members) => {
                for (key, value) in members {
                    match (key.as_str(), value) {
                        ("pattern", serde_json::Value::String(pattern)) => {
                            *found.entry(pattern.clone()).or_default() += 1;
                        }
                        ("patternProperties", serde_json::Value::Object(members)) => {
                            for pattern in members.keys() {
                                *found.entry(pattern.clone()).or_default() += 1;
                            }
                        }
                        _ => {}
                    }
                    work.push(value);
                }
            }
            serde_json::Value::Array(items) => work.extend(items),
            _ => {}
        }
    }
}

/// Prints refusals and times. Not part of an ordinary run: it reads the shared schemas with the program `zstd`.
#[test]
#[ignore = "prints times and asserts nothing; by hand: cargo test --release --lib corpus -- --ignored --nocapture"]
#[allow(clippy::print_stdout, reason = "a table is its purpose")]
fn patterns_of_real_schemas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/maskbench");
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "zst") {
            let output = Command::new("zstd").arg("-dc").arg(&file).output().unwrap();
            for line in String::from_utf8(output.stdout).unwrap().lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                patterns(&line["schema"], &mut found);
            }
        }
    }
    let limits = Limits::default();
    let mut times = Vec::new();
    let mut refused = Vec::new();
    let (mut pieces, mut finite) = (0, 0);
    for (pattern, uses) in &found {
        // The machine may be busy: the best of three.
        let mut compiled = f64::INFINITY;
        for _ in 0..3 {
            let (time, _) = microseconds(|| TextSet::pattern(pattern, &limits));
            compiled = compiled.min(time);
        }
        let set = TextSet::pattern(pattern, &limits);
        let (unfolded, states) = microseconds(|| match &set {
            Ok(set) => set
                .pieces()
                .iter()
                .map(|piece| match &piece.language {
                    Language::Automaton(dfa) => dfa.len(),
                    Language::Free { .. } => 0,
                })
                .sum(),
            Err(_) => 0usize,
        });
        match &set {
            Ok(set) => {
                pieces += usize::from(!set.pieces().is_empty());
                finite += usize::from(set.finite().is_some());
            }
            Err(error) => refused.push(format!("{uses} x {pattern:.90}: {error}")),
        }
        times.push((compiled, unfolded, states, pattern));
    }
    for refusal in &refused {
        println!("refused: {refusal}");
    }
    println!(
        "{} patterns, {} refused; {pieces} infinite, {finite} finite",
        found.len(),
        refused.len()
    );
    for which in ["compile", "unfold"] {
        let time =
            |entry: &(f64, f64, usize, &String)| if which == "compile" { entry.0 } else { entry.1 };
        times.sort_by(|a, b| time(a).total_cmp(&time(b)));
        let at = |share: f64| time(&times[((times.len() - 1) as f64 * share) as usize]);
        println!(
            "{which}: median {:.1} us, p90 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            at(1.0)
        );
        for entry in times.iter().rev().take(12) {
            println!("  {:.1} us, {} states: {:.100}", time(entry), entry.2, entry.3);
        }
    }
}

/// Patterns made to cost: they are refused, or made, in bounded work and on a small stack.
#[test]
#[allow(clippy::print_stdout, reason = "times are worth reading")]
fn hostile_patterns_end_soon() {
    let deep = format!("(?!x){}a{}", "(?:".repeat(99), "?)*b?".repeat(99));
    let patterns = [
        "(a|b)*a(a|b){20}".to_owned(),
        "^(?:.*a){40}$".to_owned(),
        "^((a?){9}){9}(?!b)$".to_owned(),
        "^(a?){450}(?!b)$".to_owned(),
        "^(?:(?:(?:a{100}){100}){100}){100}$".to_owned(),
        "^(?:){10000}$".to_owned(),
        "^((((((((x{9}){9}){9}){9}){9}){9}){9}){9})$".to_owned(),
        "^(?:\\p{L}[^\\p{Lu}]){40}$".to_owned(),
        "^\\p{L}(?:\\p{L}|\\p{N}){9999}x?$".to_owned(),
        "^(?!(a|b)*a(a|b){12}).*(?=c(a|b)*b(a|b){12})".to_owned(),
        "^[a-z]{4294967295}$".to_owned(),
        "^(?=.{1,9}$)(?=.{100,}$)".to_owned(),
        "^(?:a{1,300}b{1,300}){1,30}$".to_owned(),
        format!("^{}$", "(?:a*b?)*".repeat(300)),
        format!("^(?:{})$", (0..2000).map(|n| n.to_string()).collect::<Vec<_>>().join("|")),
        deep,
    ];
    let work = move || {
        for pattern in patterns {
            let (time, set) = microseconds(|| TextSet::pattern(&pattern, &Limits::default()));
            let sizes = set.map(|set| {
                let complement = set.complement(&Limits::default());
                (set.strings().len(), set.pieces().len(), complement.map(|set| set.pieces().len()))
            });
            println!("{time:.0} us: {pattern:.60}: {sizes:?}");
            assert!(time < 2_000_000.0, "{pattern}");
        }
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}
