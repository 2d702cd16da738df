//! No dead ends: from every state met on random walks, a bounded search finds an end.

use constrained_gen::{
    CompiledSchema, Limits, SchemaCompiler,
    sampling::{Sampler, Settings, Taken, Weighting},
    schema::{SchemaOptions, SchemaRecognizer},
};
use rayon::prelude::*;
use serde_json::Value;

use super::{choices::Choices, constructs, generator, instances, setting, vocabularies};

/// Bytes in the order in which the search tries them: what closes, what is short, what is few.
fn preferred(choices: &mut Choices) -> Vec<u8> {
    let mut first = b"}]\"".to_vec();
    let shuffle = |bytes: &mut Vec<u8>, choices: &mut Choices| {
        for at in (1..bytes.len()).rev() {
            bytes.swap(at, choices.below(at + 1));
        }
    };
    shuffle(&mut first, choices);
    let mut others = b"nullfalsetruei:,0123456789{[.-eabcdghjkmopqvwxyzABCDEFTZ_/@ \\+".to_vec();
    others.extend([0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]);
    // Mostly as they stand, else any of them.
    match choices.below(4) {
        0 => {
            others.append(&mut first);
            shuffle(&mut others, choices);
        }
        1 => shuffle(&mut others, choices),
        _ => {}
    }
    let all = (0..=255).filter(|byte| !b" \t\r\n".contains(byte));
    first.into_iter().chain(others).chain(all).collect()
}

/// Texts that a schema itself suggests: its strings as names and values, and all its values.
fn suggestions(schema: &Value) -> Vec<Vec<u8>> {
    let (mut found, mut work) = (Vec::new(), vec![schema]);
    let mut add = |text: &str| {
        let text = Value::from(text).to_string();
        found.push(format!("{text}:").into_bytes());
        found.push(text.into_bytes());
    };
    let mut others = Vec::new();
    while let Some(value) = work.pop() {
        if value.is_array() || value.is_object() {
            others.push(value.to_string().into_bytes());
        }
        match value {
            Value::String(text) => add(text),
            Value::Number(number) => others.push(number.to_string().into_bytes()),
            Value::Array(items) => work.extend(items),
            Value::Object(members) => {
                members.keys().for_each(|name| add(name));
                work.extend(members.values());
            }
            _ => {}
        }
    }
    found.extend(others);
    found.push(b"\"".to_vec());
    found
}

/// A completion, or what the search came to.
fn end(
    mut reader: SchemaRecognizer,
    suggestions: &[Vec<u8>],
    choices: &mut Choices,
) -> Result<(), String> {
    let mut text = Vec::new();
    for _ in 0..300 {
        if reader.is_complete() {
            return Ok(());
        }
        if choices.percent(50) {
            let suggested = choices.pick(suggestions);
            if reader.push(&suggested).is_ok() {
                text.extend(suggested);
                continue;
            }
        }
        let bytes = preferred(choices);
        let next = bytes.iter().find_map(|byte| {
            let mut next = reader.clone();
            next.push(&[*byte]).is_ok().then_some((*byte, next))
        });
        let Some((byte, next)) = next else {
            return Err(format!("dead end after {:?}", String::from_utf8_lossy(&text)));
        };
        text.push(byte);
        reader = next;
    }
    let last: String = String::from_utf8_lossy(&text).chars().take(80).collect();
    Err(format!("no end, the last try was {last:?}"))
}

fn case(schema: &str, seed: u64) -> Result<usize, String> {
    let Ok(compiled) = CompiledSchema::new(schema, &SchemaOptions::default(), &Limits::default())
    else {
        return Ok(0);
    };
    let value: Value = serde_json::from_str(schema).expect("JSON");
    let suggestions = suggestions(&value);
    let mut states = 0;
    for walk in 0..6 {
        let mut choices = Choices::seeded(seed.wrapping_mul(1_000_033) + walk);
        let mut along = String::new();
        let instance = instances::instance(&mut choices, &value);
        instances::spelled(&mut choices, &instance, &mut along);
        let (mut reader, mut text) = (compiled.recognizer(), Vec::new());
        for step in 0..40 {
            let mut bytes = preferred(&mut choices);
            if let Some(byte) = along.as_bytes().get(step) {
                bytes.insert(0, *byte);
            } else {
                let first = choices.below(50);
                bytes.rotate_left(first);
            }
            let next = bytes.iter().find_map(|byte| {
                let mut next = reader.clone();
                next.push(&[*byte]).is_ok().then_some((*byte, next))
            });
            let Some((byte, next)) = next else { break };
            text.push(byte);
            reader = next;
            if choices.percent(25) {
                states += 1;
                let mut found = Err(String::new());
                for _ in 0..300 {
                    found = end(reader.clone(), &suggestions, &mut choices);
                    if found.as_ref().err().is_none_or(|why| why.starts_with("dead")) {
                        break;
                    }
                }
                found.map_err(|why| {
                    format!("{schema}\n  after {:?}: {why}", String::from_utf8_lossy(&text))
                })?;
            }
        }
    }
    Ok(states)
}

#[test]
fn every_state_has_an_end() {
    let seed = setting("SCHEMA_SEED", 1);
    let mut schemas: Vec<String> =
        constructs::SCHEMAS.iter().map(|schema| (*schema).to_owned()).collect();
    schemas.retain(|schema| {
        !schema.contains("290") && !schema.contains("310") && !schema.contains("320")
    });
    schemas.extend((0..setting("SCHEMA_CASES", 2_000) / 10).map(|at| {
        generator::schema(&mut Choices::seeded((seed << 32) + 7_000_000 + at)).to_string()
    }));
    let results: Vec<_> = (schemas.par_iter().enumerate())
        .map(|(at, schema)| case(schema, seed * 1_000 + at as u64))
        .collect();
    let states: usize = results.iter().filter_map(|result| result.as_ref().ok()).sum();
    println!("{} schemas, {states} states", schemas.len());
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{} without an end:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn short_samples_end() {
    let compiler = SchemaCompiler::new(vocabularies::toy(false), &Limits::default());
    let failures: Vec<String> = (constructs::SCHEMAS.par_iter())
        .filter(|schema| {
            !schema.contains("290") && !schema.contains("310") && !schema.contains("320")
        })
        .filter_map(|schema| {
            let automaton = compiler.compile(schema, &SchemaOptions::default()).ok()?;
            let settings = Settings { weighting: Weighting::Short, max_tokens: 300, seed: 1 };
            let sampler = Sampler::new(automaton, settings);
            let mut walks = (0..4).map(|number| sampler.walk(number, &Taken::default()));
            walks.find_map(Result::err).map(|error| format!("{schema}\n  {error}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
