//! Why an answer could not be decoded.

use super::{LogitsError, SampleError, SettingsError, StopError, sequence::THINKING_END};
use crate::{Expected, StepError};

/// An answer that could not be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A sampling setting is out of range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A stop sequence is unusable.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// There is no prompt, so there is nothing to continue.
    #[error("the prompt is empty: there is nothing to continue")]
    EmptyPrompt,
    /// The model and the vocabulary do not belong together.
    #[error("the model has {logits} rows of logits, the vocabulary {vocabulary}")]
    Width {
        /// Rows of the model.
        logits: usize,
        /// Rows of the vocabulary.
        vocabulary: usize,
    },
    /// Thinking was asked of a vocabulary that has no token for its end.
    #[error("the vocabulary has no token `{THINKING_END}`: this model does not think")]
    NoThinking,
    /// The model failed.
    #[error(transparent)]
    Logits(#[from] LogitsError),
    /// No token could be chosen.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The constraint failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The grammar has no sentence that is so short.
    #[error("at most {max_tokens} tokens were asked for, but the shortest sentence takes {least}")]
    Budget {
        /// [`Options::max_tokens`](super::Options::max_tokens).
        max_tokens: usize,
        /// The tokens of the shortest sentence that is known.
        least: usize,
    },
    /// The grammar expects something that no token of the vocabulary begins.
    #[error("no token of the vocabulary continues the text after {offset} bytes, where the grammar expects {}", list(.expected))]
    DeadEnd {
        /// Bytes of the answer.
        offset: usize,
        /// What the grammar expects.
        expected: Expected,
    },
}

/// At most five of the terminals, for a message.
fn list(expected: &Expected) -> String {
    let mut text = expected.terminals.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if expected.terminals.len() > 5 {
        text.push_str(", ...");
    }
    text
}
