//! What is asked of an answer, and what it is.

use super::Stats;
use crate::TokenId;

/// What ends an answer, and what precedes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most tokens of the answer, thinking and the end token not counted. Under a grammar the answer is never cut off:
    /// near the limit only tokens stay allowed after which it can still be ended (`docs/token-budget.md`). Default 512.
    pub max_tokens: usize,
    /// Stop sequences; under a grammar they count only where the text before them is a sentence. Default none.
    pub stop: Vec<String>,
    /// Whether the model thinks first. Default off.
    pub thinking: Thinking,
    /// Whether only the logits of allowed tokens are computed, where the model can do that. The text is the same either
    /// way. Default on.
    pub sparse_head: bool,
    /// Whether tokens that are no choice are read together with the next one that is, instead of each when it comes. The
    /// text is the same either way, if the model's numbers do not depend on how a text is cut. Default on.
    pub forced_runs: bool,
    /// Under a grammar: bytes of white space in a row behind which no token is chosen that begins with white space, as long as
    /// another one leads to an end. What a grammar allows in any number a model that is at a loss may go on with for ever.
    /// Default 128.
    pub longest_blank: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            stop: Vec::new(),
            thinking: Thinking::Off,
            sparse_head: true,
            forced_runs: true,
            longest_blank: 128,
        }
    }
}

/// Whether the model thinks before it answers. The prompt must say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// The answer comes at once.
    #[default]
    Off,
    /// Any text may come until `</think>`; then a blank line; then the answer, under the grammar if there is one.
    On {
        /// The most tokens of it: `</think>` is put in when they are used up.
        max_tokens: usize,
    },
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finish {
    /// The model ended it, or the grammar and the number of tokens left nothing but the end.
    End,
    /// A stop sequence came.
    Stop {
        /// Which one.
        sequence: String,
    },
    /// [`Options::max_tokens`] were used up, without a grammar.
    MaxTokens,
    /// The model's context was used up, without a grammar or before an answer could have been ended.
    Context,
    /// It was stopped from outside ([`Decoder::stopped_by`](super::Decoder::stopped_by)).
    Interrupted,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Generation {
    /// The text, without thinking, stop sequence and end tokens. Bytes that are no UTF-8 (possible only without a
    /// grammar) are replaced by U+FFFD.
    pub text: String,
    /// Its tokens as they came: without thinking and end tokens, but with those that spell a stop sequence.
    pub tokens: Vec<TokenId>,
    /// What the model thought first, if it did.
    pub thinking: Option<String>,
    /// Why the answer ended.
    pub finish: Finish,
    /// Whether the text is whole. Under a grammar: whether it is a sentence, whatever ended it. Without one: whether the
    /// model or a stop sequence ended it. A text that is not whole must not be presented as an answer.
    pub whole: bool,
    /// What it cost.
    pub stats: Stats,
}
