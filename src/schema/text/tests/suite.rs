//! The JSON Schema Test Suite's strings: whatever is not refused is judged right in every case.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::{TextSet, format};
use crate::Limits;

const DRAFTS: [&str; 5] = ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"];

fn suite() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/json-schema-test-suite/tests");
    path.is_dir().then_some(path)
}

/// The set of a schema that speaks of strings only; `None` if it does not, `Some(None)` if it is refused.
fn read(schema: &Value) -> Option<Option<TextSet>> {
    let limits = Limits::default();
    let mut all = TextSet::all();
    for (key, value) in schema.as_object()? {
        let one = match (key.as_str(), value) {
            ("$schema", _) => continue,
            ("type", Value::String(name)) if name == "string" => continue,
            ("pattern", Value::String(pattern)) => TextSet::pattern(pattern, &limits).ok(),
            ("format", Value::String(name)) => TextSet::format(name),
            ("minLength", Value::Number(number)) => {
                Some(TextSet::length(number.as_f64()? as u32, None))
            }
            ("maxLength", Value::Number(number)) => {
                Some(TextSet::length(0, Some(number.as_f64()? as u32)))
            }
            _ => return None,
        };
        match one.and_then(|one| all.intersect(&one, &limits).ok()) {
            Some(both) => all = both,
            None => return Some(None),
        }
    }
    Some(Some(all))
}

#[test]
#[allow(clippy::print_stdout, reason = "counts are its result")]
fn strings_of_the_suite() {
    let Some(suite) = suite() else { return };
    let (mut groups, mut cases, mut refused) = (0, 0, Vec::new());
    let (mut accepted_wrongly, mut refused_wrongly) = (Vec::new(), Vec::new());
    for draft in DRAFTS {
        let folder = suite.join(draft);
        let mut files: Vec<PathBuf> = ["pattern", "minLength", "maxLength"]
            .iter()
            .map(|name| folder.join(format!("{name}.json")))
            .chain([folder.join("optional/ecmascript-regex.json")])
            .collect();
        let formats = std::fs::read_dir(folder.join("optional/format")).into_iter().flatten();
        files.extend(formats.map(|entry| entry.unwrap().path()));
        files.sort();
        for file in files {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            let content: Vec<Value> = serde_json::from_str(&text).unwrap();
            for group in content {
                let schema = &group["schema"];
                let set = match read(schema) {
                    None => continue,
                    Some(None) => {
                        refused.push(format!("{draft}: {schema}"));
                        continue;
                    }
                    Some(Some(set)) => set,
                };
                groups += 1;
                for test in group["tests"].as_array().unwrap() {
                    let Value::String(text) = &test["data"] else { continue };
                    cases += 1;
                    let name = format!("{draft} {schema}: {text:?} ({})", test["description"]);
                    match (test["valid"] == Value::Bool(true), set.contains(text)) {
                        (false, true) => accepted_wrongly.push(name),
                        (true, false) => refused_wrongly.push((schema.clone(), name)),
                        _ => {}
                    }
                }
            }
        }
    }
    println!("{groups} groups, {cases} cases; {} groups refused:", refused.len());
    refused.iter().for_each(|schema| println!("  {schema}"));
    println!("{} cases refused wrongly:", refused_wrongly.len());
    refused_wrongly.iter().for_each(|(_, name)| println!("  {name}"));
    assert!(accepted_wrongly.is_empty(), "accepted wrongly:\n{}", accepted_wrongly.join("\n"));
    for (schema, name) in refused_wrongly {
        let narrow = schema["format"].as_str().is_some_and(|name| !format::is_exact(name));
        assert!(narrow, "refused wrongly: {name}");
    }
    assert!(groups > 150 && cases > 2000, "{groups} groups, {cases} cases");
}

/// Prints what the formats cost.
#[test]
#[allow(clippy::print_stdout, reason = "a table is its purpose")]
fn sizes_of_the_formats() {
    let names = "date-time date time duration email idn-email hostname ipv4 ipv6 uri uri-reference iri \
                 iri-reference uri-template uuid json-pointer relative-json-pointer regex";
    for name in names.split_whitespace() {
        let (made, set) = super::microseconds(|| format::make(name).unwrap().unwrap());
        for piece in set.pieces() {
            if let super::super::Language::Automaton(dfa) = &piece.language {
                let (min, max) = (piece.min, piece.max);
                println!("{name}: {made:.0} us, {} states, lengths {min} to {max:?}", dfa.len());
                assert!(dfa.contains(&set.shortest().unwrap()));
            }
        }
    }
}
