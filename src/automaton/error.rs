//! What a step of a sequence can be refused for.

use crate::{Refusal, TokenId, schema::SchemaError};

/// A step that was refused. The constraint is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The token does not lead to a sentence.
    #[error("token {} refused: {refusal}", token.0)]
    Refused {
        /// The token.
        token: TokenId,
        /// Where it fails.
        refusal: Box<Refusal>,
    },
    /// A control token (padding row, special token) that no text reaches, or an end of text before the text is a sentence.
    #[error("token {} is no text and not allowed here", token.0)]
    NotText {
        /// The token.
        token: TokenId,
    },
    /// The sequence has ended.
    #[error("the sequence has ended")]
    Ended,
    /// The caller's row of bits is shorter than the vocabulary.
    #[error("a row of {words} words is too short: the vocabulary needs {needed}")]
    Row {
        /// Words of the row.
        words: usize,
        /// Words needed.
        needed: usize,
    },
    /// A limit was reached.
    #[error("the step needs more work than the limit of {limit} (step_work)")]
    Limit {
        /// The limit.
        limit: u64,
    },
    /// A part of a schema that is first needed here cannot be followed.
    #[error(transparent)]
    Schema(Box<SchemaError>),
}
