//! Reads a JSON object field by field: every refusal names its JSON pointer and what was expected, every field that
//! nobody asked for is noted.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ManifestError;

/// A field that the reader does not know. It stays in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
}

/// One object of the document, with its place in it.
pub(super) struct Fields<'a> {
    pointer: String,
    object: &'a Map<String, Value>,
    asked: Vec<&'static str>,
}

pub(super) type Result<T> = std::result::Result<T, ManifestError>;

/// A refusal of the value at `pointer`.
pub(super) fn wrong(
    pointer: impl Into<String>,
    found: &Value,
    expected: impl Into<String>,
) -> ManifestError {
    ManifestError::Field {
        pointer: pointer.into(),
        found: shorten(found),
        expected: expected.into(),
    }
}

/// A value as a message quotes it: at most 80 characters of JSON, so control characters come escaped; of arrays and
/// objects only what they are.
fn shorten(value: &Value) -> String {
    match value {
        Value::Array(_) => return "an array".into(),
        Value::Object(_) => return "an object".into(),
        _ => {}
    }
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// One part of a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'a> Fields<'a> {
    pub(super) fn new(pointer: String, value: &'a Value) -> Result<Self> {
        match value {
            Value::Object(object) => Ok(Self { pointer, object, asked: Vec::new() }),
            other => Err(wrong(pointer, other, "an object")),
        }
    }

    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape(key))
    }

    /// The value of a field; JSON's `null` counts as absent.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.push(key);
        self.object.get(key).filter(|v| !v.is_null())
    }

    /// A field read by `read`, which gets the pointer and the value; `None` where it is absent.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(String, &'a Value) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.value(key) {
            Some(value) => read(self.at(key), value).map(Some),
            None => Ok(None),
        }
    }

    /// As [`optional`](Self::optional), but absence is refused.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        expected: &'static str,
        read: impl FnOnce(String, &'a Value) -> Result<T>,
    ) -> Result<T> {
        let pointer = self.at(key);
        self.optional(key, read)?
            .ok_or_else(|| ManifestError::Missing { pointer, expected: expected.into() })
    }

    /// Notes the fields nobody asked for. Keys that begin with `_` are comments.
    pub(super) fn finish(self, unknown: &mut Vec<Unknown>) {
        for key in self.object.keys() {
            if !key.starts_with('_') && !self.asked.contains(&key.as_str()) {
                unknown.push(Unknown { pointer: self.at(key) });
            }
        }
    }
}

pub(super) fn string(pointer: String, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(pointer, value, "a string"))
}

pub(super) fn non_empty(pointer: String, value: &Value) -> Result<String> {
    match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong(pointer, value, "a string that is not empty")),
    }
}

pub(super) fn boolean(pointer: String, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong(pointer, value, "true or false"))
}

pub(super) fn opaque(_pointer: String, value: &Value) -> Result<Value> {
    Ok(value.clone())
}

/// An array whose items are read by `item`.
pub(super) fn list<T>(
    item: impl Fn(String, &Value) -> Result<T>,
) -> impl FnOnce(String, &Value) -> Result<Vec<T>> {
    move |pointer, value| match value.as_array() {
        Some(items) => {
            items.iter().enumerate().map(|(i, v)| item(format!("{pointer}/{i}"), v)).collect()
        }
        None => Err(wrong(pointer, value, "an array")),
    }
}

/// A number between two bounds, both included.
pub(super) fn number(low: f64, high: f64) -> impl Fn(String, &Value) -> Result<f64> {
    move |pointer, value| match value.as_f64() {
        Some(number) if (low..=high).contains(&number) => Ok(number),
        _ if high == f64::MAX => Err(wrong(pointer, value, format!("a number of at least {low}"))),
        _ => Err(wrong(pointer, value, format!("a number from {low} to {high}"))),
    }
}

/// A whole number between two bounds, both included.
pub(super) fn whole(low: u64, high: u64) -> impl Fn(String, &Value) -> Result<u64> {
    move |pointer, value| match value.as_u64() {
        Some(number) if (low..=high).contains(&number) => Ok(number),
        _ if high == u64::MAX => {
            Err(wrong(pointer, value, format!("a whole number of at least {low}")))
        }
        _ => Err(wrong(pointer, value, format!("a whole number from {low} to {high}"))),
    }
}

/// One of a closed list of words.
pub(super) fn word<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(String, &Value) -> Result<T> {
    move |pointer, value| {
        let found = value.as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let names: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            wrong(pointer, value, format!("one of {}", names.join(", ")))
        })
    }
}

/// The empty text, or 64 hexadecimal digits.
pub(super) fn sha256(pointer: String, value: &Value) -> Result<String> {
    match value.as_str() {
        Some(text)
            if text.is_empty()
                || text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(wrong(pointer, value, "64 hexadecimal digits or the empty string")),
    }
}

/// An object whose values are read by `item`.
pub(super) fn list_of<T>(
    pointer: String,
    value: &Value,
    item: impl Fn(String, &Value) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| {
                Ok((key.clone(), item(format!("{pointer}/{}", escape(key)), value)?))
            })
            .collect(),
        other => Err(wrong(pointer, other, "an object")),
    }
}

/// Defines the closed word lists of the schema once, for reading and for printing.
macro_rules! words {
    ($($type:ident { $($word:literal => $variant:ident),+ $(,)? })+) => {$(
        impl $type {
            pub(super) const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant)),+];

            /// The word in the manifest.
            pub fn as_str(self) -> &'static str {
                Self::WORDS
                    .iter()
                    .find(|(_, meaning)| *meaning == self)
                    .map_or("", |(word, _)| word)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

pub(super) use words;
