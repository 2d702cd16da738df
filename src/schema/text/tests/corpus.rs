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
#[ignore = "measures"]
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
