//! Does another parser agree? Strict validation of a finished answer.
//!
//! The grammar decides what a model may say; the validators here are other parsers, asked once more about the finished
//! text: other people's, or where there is none a second formulation in another formalism. They never repair and never
//! decide: a text that the grammar let through and a validator refuses is a bug of one of them, and is reported as one.

mod cypher;
mod json;
#[cfg(feature = "libpg-query")]
mod postgres;
mod sql;
mod stack;
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
    /// One PostgreSQL statement with an optional final `;`, read by `sqlparser`, which lets much through that the server
    /// does not take.
    PostgreSql,
    /// As [`PostgreSql`](Self::PostgreSql), and with the cargo feature `libpg-query` read by PostgreSQL 18's own parser too.
    PostgreSqlStrict,
    /// One TypeScript module, read by `oxc_parser`.
    TypeScript,
}

/// What is known of a text that a validator let through; of one language, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Guarantee {
    /// Nothing: no grammar held the text to anything, and nobody was asked.
    None,
    /// A grammar or schema held the text to its language; nobody else was asked.
    Grammar,
    /// `serde_json` reads it.
    SerdeJson,
    /// An ordered grammar of our own reads it.
    OrderedGrammar,
    /// `oxc_parser` reads it.
    OxcParser,
    /// `sqlparser` reads it.
    SqlParser,
    /// `sqlparser` reads it, and so does PostgreSQL 18's own parser.
    PostgreSql18,
}

impl Guarantee {
    /// As results spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Grammar => "grammar",
            Self::SerdeJson => "serde_json",
            Self::OrderedGrammar => "ordered grammar",
            Self::OxcParser => "oxc_parser",
            Self::SqlParser => "sqlparser",
            Self::PostgreSql18 => "sqlparser, libpg_query 18",
        }
    }
}

impl std::fmt::Display for Guarantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
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
            #[cfg(feature = "libpg-query")]
            Self::PostgreSqlStrict => sql::check(text).and_then(|()| postgres::check(text)),
            #[cfg(not(feature = "libpg-query"))]
            Self::PostgreSqlStrict => sql::check(text),
            Self::TypeScript => typescript::check(text),
        }
    }

    /// The parsers that are asked.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cypher => cypher::NAME,
            Self::Json => json::NAME,
            Self::PostgreSql => sql::NAME,
            #[cfg(feature = "libpg-query")]
            Self::PostgreSqlStrict => "sqlparser, libpg_query",
            #[cfg(not(feature = "libpg-query"))]
            Self::PostgreSqlStrict => sql::NAME,
            Self::TypeScript => typescript::NAME,
        }
    }

    /// What is known of a text that [`check`](Self::check) lets through.
    ///
    /// ```
    /// use constrained_gen::validation::{Guarantee, Validator};
    ///
    /// assert_eq!(Validator::PostgreSql.guarantee(), Guarantee::SqlParser);
    /// assert!(Validator::PostgreSqlStrict.guarantee() >= Guarantee::SqlParser);
    /// ```
    pub fn guarantee(self) -> Guarantee {
        match self {
            Self::Cypher => Guarantee::OrderedGrammar,
            Self::Json => Guarantee::SerdeJson,
            Self::TypeScript => Guarantee::OxcParser,
            Self::PostgreSqlStrict if cfg!(feature = "libpg-query") => Guarantee::PostgreSql18,
            Self::PostgreSql | Self::PostgreSqlStrict => Guarantee::SqlParser,
        }
    }
}
