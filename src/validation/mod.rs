//! Does another parser agree? Strict validation of a finished answer.
//!
//! The grammar decides what a model may say; the validators here are other parsers, asked once more about the finished
//! text: other people's, or where there is none a second formulation in another formalism. They never repair and never
//! decide: a text that the grammar let through and a validator refuses is a bug of one of them, and is reported as one.

mod cypher;
mod json;
mod sql;
mod typescript;

use thiserror::Error;

/// A language with a parser to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validator {
    /// One Cypher query with an optional final `;`, read by an ordered grammar of our own.
    Cypher,
    /// One JSON text (RFC 8259), read by `serde_json`.
    Json,
    /// One PostgreSQL statement with an optional final `;`, read by `sqlparser`.
    PostgreSql,
    /// One TypeScript module, read by `oxc_parser`.
    TypeScript,
}

/// A text that a validator refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// The text is not of the language.
    #[error("{validator} refuses the text: {reason}")]
    Refused {
        /// The parser's name.
        validator: &'static str,
        /// What it says.
        reason: String,
    },
    /// There is more text after the one statement.
    #[error("{validator} reads one statement and then finds {rest}; expected the end")]
    Leftover {
        /// The parser's name.
        validator: &'static str,
        /// What is left over, shortened.
        rest: String,
    },
    /// The text is beyond what the validator can be asked about; this says nothing of the text.
    #[error("{validator} cannot judge the text: {what}, more than the limit of {limit}")]
    Limit {
        /// The parser's name.
        validator: &'static str,
        /// What was too much.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}

impl ValidationError {
    /// Whether the validator gave up before it could judge.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Limit { .. })
    }
}

impl Validator {
    /// Whether the whole text is one sentence of the language for its parser. Cost: one parse.
    ///
    /// ```
    /// use constrained_gen::validation::Validator;
    ///
    /// assert!(Validator::PostgreSql.check("SELECT 1;").is_ok());
    /// assert!(Validator::PostgreSql.check("SELECT 1; SELECT 2").is_err());
    /// assert!(Validator::Json.check("{\"a\": [1, 2]}").is_ok());
    /// assert!(Validator::Json.check("{} {}").is_err());
    /// assert!(Validator::Cypher.check("MATCH (n) RETURN n").is_ok());
    /// assert!(Validator::Cypher.check("MATCH (n)").is_err());
    /// assert!(Validator::TypeScript.check("const a: B = c").is_ok());
    /// ```
    ///
    /// # Errors
    /// [`ValidationError::Refused`] and [`ValidationError::Leftover`] where the parser says no;
    /// [`ValidationError::Limit`] where the text is too long or too deeply nested to ask.
    pub fn check(self, text: &str) -> Result<(), ValidationError> {
        match self {
            Self::Cypher => cypher::check(text),
            Self::Json => json::check(text),
            Self::PostgreSql => sql::check(text),
            Self::TypeScript => typescript::check(text),
        }
    }

    /// The parser that is asked.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cypher => cypher::NAME,
            Self::Json => json::NAME,
            Self::PostgreSql => sql::NAME,
            Self::TypeScript => typescript::NAME,
        }
    }
}
