//! Schemas against slow and obvious readings of them: masks against the byte-level reader, the reader against the
//! `jsonschema` crate, and every state against the search of an end.
//!
//! Environment variables make more of it: `SCHEMA_CASES` (random schemas with 12 instances each, default 2,000; the
//! figures are taken with 100,000), `SCHEMA_REAL` (real schemas whose samples are judged, default 200; the figures are taken
//! with 500), `SCHEMA_MASKS` (random schemas whose masks are compared, default 60), `SCHEMA_TAPE`
//! (how large random schemas are, default 150), `SCHEMA_SEED`, `SCHEMA_SHOW` (what was refused).

#![allow(clippy::print_stdout, reason = "what was compared, and what was skipped, must be seen")]

mod choices;
mod constructs;
mod documents;
mod ends;
mod found;
mod generator;
mod hostile;
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

/// A JSON text as the judges read it: a number without a fraction is an integer, however it is spelled and in all drafts (in
/// draft 4 the crate distinguishes `1.0`; JSON Schema since draft 6 does not, and neither do we).
fn read(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    let mut value: serde_json::Value = serde_json::from_str(text)?;
    let mut work = vec![&mut value];
    while let Some(value) = work.pop() {
        match value {
            serde_json::Value::Number(number) => {
                if let Some(whole) = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15)
                {
                    *number = (whole as i64).into();
                }
            }
            serde_json::Value::Array(items) => work.extend(items),
            serde_json::Value::Object(members) => work.extend(members.values_mut()),
            _ => {}
        }
    }
    Ok(value)
}

/// The verdict of the `jsonschema` crate; formats are annotations. `None`: it does not read the schema.
fn validator(schema: &serde_json::Value) -> Option<jsonschema::Validator> {
    jsonschema::options().should_validate_formats(false).build(schema).ok()
}
