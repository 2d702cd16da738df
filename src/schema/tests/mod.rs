//! The front end against public suites and another implementation.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "counts are what these tests show")]

mod canonical;
mod maskbench;
mod random;
mod suite;

use std::path::PathBuf;

use super::{
    Schema, SchemaError, SchemaOptions,
    read::document::{Document, Value, ValueId},
};
use crate::Limits;

/// A folder of test data, if it is there.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    path.is_dir().then_some(path)
}

/// A value as JSON text, numbers as they were spelled.
fn print(document: &Document, id: ValueId) -> String {
    match document.get(id) {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.into(),
        Value::String(s) => serde_json::to_string(s).unwrap(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|&i| print(document, i)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(n, v)| {
                    format!("{}:{}", serde_json::to_string(n).unwrap(), print(document, v))
                })
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// A schema with all that its instances can reach.
fn compile(text: &str, options: &SchemaOptions) -> Result<Schema, SchemaError> {
    let schema = Schema::parse(text, options, &Limits::default())?;
    schema.complete()?;
    Ok(schema)
}
