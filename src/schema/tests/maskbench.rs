//! MaskBench's schemas: valid instances are accepted, invalid ones refused, or the schema is refused.
//!
//! `MASKBENCH=all` takes the whole set, else each twentieth schema is taken.

use std::{collections::BTreeMap, fs::File, io::Read, time::Instant};

use super::{compile, print, shared};
use crate::{
    Limits,
    schema::{
        SchemaErrorKind, SchemaOptions,
        read::document::{Document, Value},
    },
};

#[test]
fn real_schemas_are_right() {
    let Some(folder) = shared("maskbench") else {
        eprintln!("skipped: no ../shared/maskbench");
        return;
    };
    let all = std::env::var("MASKBENCH").is_ok_and(|v| v == "all");
    let lenient = std::env::var("LENIENT").is_ok();
    let options = SchemaOptions { lenient, ..SchemaOptions::default() };
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let (mut schemas, mut right, mut refused) = (0, 0, 0);
    let (mut wrong_accepts, mut wrong_refusals) = (Vec::new(), Vec::new());
    let (mut parse_us, mut complete_us) = (Vec::new(), Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "zst")) {
        let mut text = String::new();
        ruzstd::decoding::StreamingDecoder::new(File::open(file).unwrap())
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        for (n, line) in text.lines().enumerate() {
            if !all && n % 20 != 0 {
                continue;
            }
            let document = Document::read(line, 200).unwrap();
            let record = document.as_object(document.root()).unwrap();
            let name = document.as_str(record.get("name").unwrap()).unwrap();
            let text = print(&document, record.get("schema").unwrap());
            schemas += 1;
            let start = Instant::now();
            let parsed = crate::schema::Schema::parse(&text, &options, &Limits::default());
            parse_us.push((start.elapsed().as_micros(), text.len(), name.to_owned()));
            let start = Instant::now();
            let compiled = compile(&text, &options);
            complete_us.push((start.elapsed().as_micros(), text.len(), name.to_owned()));
            let schema = match compiled {
                Ok(schema) => Some(schema),
                Err(error) if error.is_unsatisfiable() => None,
                Err(error) => {
                    refused += 1;
                    let kind = match error.kind() {
                        SchemaErrorKind::Limit { name, .. } => format!("limit {name}"),
                        kind => format!("{kind:?}"),
                    };
                    let mut shown: String = error.message().chars().take(50).collect();
                    if std::env::var("REASONS").is_err()
                        && let Some(n) = shown.find('`')
                    {
                        shown.truncate(n);
                    }
                    let reason = format!("{kind} / {} / {shown}", error.keyword());
                    let entry =
                        reasons.entry(reason).or_insert((0, format!("{name} {}", error.pointer())));
                    entry.0 += 1;
                    continue;
                }
            };
            drop(parsed);
            let mut good = true;
            for &test in document.as_array(record.get("tests").unwrap()).unwrap() {
                let test = document.as_object(test).unwrap();
                let valid = matches!(document.get(test.get("valid").unwrap()), Value::Bool(true));
                let instance = document.as_str(test.get("text").unwrap()).unwrap();
                let why = test.get("why").and_then(|w| document.as_str(w)).unwrap_or_default();
                let judged = match &schema {
                    Some(schema) => schema.judge(instance),
                    None => Ok(false),
                };
                if judged == Ok(valid) {
                    continue;
                }
                good = false;
                let cut: String = instance.chars().take(150).collect();
                match judged {
                    Ok(true) => wrong_accepts.push(format!("{name}: {cut} // {why}")),
                    _ => wrong_refusals.push(format!("{name}: {cut} {judged:?}")),
                }
            }
            right += usize::from(good);
        }
    }
    println!(
        "{schemas} schemas, {right} right ({:.2} %), {refused} refused, {} wrong accepts, {} wrong refusals",
        100.0 * right as f64 / schemas as f64,
        wrong_accepts.len(),
        wrong_refusals.len()
    );
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, (n, _))| std::cmp::Reverse(*n));
    for (reason, (n, example)) in &reasons {
        println!("{n:6} {reason}   e.g. {example}");
    }
    for (what, mut times) in [("parse", parse_us), ("parse and complete", complete_us)] {
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].0;
        println!(
            "{what}: p50 {} p90 {} p99 {} p999 {} us; slowest {:?}",
            at(0.5),
            at(0.9),
            at(0.99),
            at(0.999),
            &times[times.len() - 4..]
        );
    }
    for line in wrong_refusals.iter().take(60) {
        println!("wrong refusal {line}");
    }
    for line in wrong_accepts.iter().take(60) {
        println!("wrong accept {line}");
    }
    assert!(wrong_accepts.is_empty(), "{} wrong accepts", wrong_accepts.len());
}
