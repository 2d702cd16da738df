//! The grammars that ship, by name, and grammar files by path.

use std::path::Path;

use crate::{Limits, frontend::GrammarError, grammar::Grammar};

/// A grammar that could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// Neither a built-in name nor a file.
    #[error("no grammar `{name}`: expected one of {known}, or the path of a .lark or .gbnf file")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is refused.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
}

/// Names of the built-in grammars, sorted.
pub fn names() -> &'static [&'static str] {
    &["json", "sql-postgres"]
}

/// A built-in grammar.
pub fn grammar(_name: &str, _limits: &Limits) -> Result<Grammar, LibraryError> {
    todo!()
}

/// A built-in grammar by name, or a `.lark` or `.gbnf` file by path.
pub fn load(_name_or_path: &str, _limits: &Limits) -> Result<Grammar, LibraryError> {
    let _ = Path::new("");
    todo!()
}
