//! A schema that was refused: where, because of which keyword, and why.

use std::fmt;

use crate::Limits;
pub(super) use crate::quote::quoted;

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaErrorKind {
    /// The text is not JSON, or not a schema of its draft.
    NotASchema,
    /// A correct schema that cannot be followed exactly.
    Unsupported,
    /// A reference whose target is not in the document. Nothing is ever fetched.
    Unresolvable,
    /// No value at all is an instance.
    Unsatisfiable,
    /// A limit refused it.
    Limit {
        /// The limit's name, as in [`Limits`](crate::Limits).
        name: &'static str,
        /// Its value.
        value: u64,
    },
}

/// A refused schema: the kind, the place as a JSON pointer, the keyword, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    kind: SchemaErrorKind,
    pointer: String,
    keyword: &'static str,
    message: String,
}

impl SchemaError {
    /// An error at a place. The message starts in lower case.
    pub(crate) fn new(
        kind: SchemaErrorKind,
        pointer: String,
        keyword: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, pointer, keyword, message: message.into() }
    }

    /// What is wrong.
    pub fn kind(&self) -> &SchemaErrorKind {
        &self.kind
    }

    /// The JSON pointer of the schema that was refused; empty for the root.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The keyword that was refused; empty where there is none.
    pub fn keyword(&self) -> &'static str {
        self.keyword
    }

    /// The sentence alone, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether a limit refused it.
    pub fn is_limit(&self) -> bool {
        matches!(self.kind, SchemaErrorKind::Limit { .. })
    }

    /// Whether the schema is correct but cannot be followed exactly.
    pub fn is_unsupported(&self) -> bool {
        self.kind == SchemaErrorKind::Unsupported
    }

    /// Whether no value is an instance.
    pub fn is_unsatisfiable(&self) -> bool {
        self.kind == SchemaErrorKind::Unsatisfiable
    }
}

/// Why a part of a schema could not be made.
pub(crate) trait Cause: fmt::Display {
    /// What kind of refusal that is, under these limits.
    fn kind(&self, limits: &Limits) -> SchemaErrorKind;
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the root" } else { &self.pointer };
        write!(f, "schema, at {place}")?;
        if !self.keyword.is_empty() {
            write!(f, ", keyword `{}`", self.keyword)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for SchemaError {}
