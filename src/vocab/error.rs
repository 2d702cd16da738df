//! What a vocabulary can be refused for.

use thiserror::Error;

/// A tokenizer file or token list that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// The file is not JSON.
    #[error("tokenizer: not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A part is missing or of the wrong form.
    #[error("tokenizer: {place}: {problem}")]
    Form {
        /// JSON pointer.
        place: String,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A token is longer than [`Limits::token_bytes`](crate::Limits::token_bytes).
    #[error("token {id} has {bytes} bytes, more than the limit of {limit} (token_bytes)")]
    TokenTooLong {
        /// The token.
        id: u32,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More rows were asked for or found than the engine takes.
    #[error("vocabulary of {rows} rows: {problem}")]
    Width {
        /// The rows.
        rows: usize,
        /// What is wrong.
        problem: String,
    },
}
