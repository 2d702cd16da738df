//! One sequence under a grammar: mask, accept, fork.

use crate::{Expected, Refusal, TokenId, TokenMask};

/// The state of one sequence. Cloning is a cheap fork (a few words); nothing has to be undone.
#[derive(Clone, Debug)]
pub struct Constraint {}

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
    /// A limit was reached.
    #[error("the step needs more work than the limit of {limit} (step_work)")]
    Limit {
        /// The limit.
        limit: u64,
    },
}

impl Constraint {
    /// The tokens allowed next. End tokens are in it exactly where the text is a sentence. Borrowed from the automaton
    /// when it was computed before.
    pub fn mask(&mut self) -> Result<&TokenMask, StepError> {
        todo!()
    }

    /// Writes the mask as bits: bit `t % 32` of word `t / 32` is token `t` (the layout of vLLM, XGrammar, llguidance).
    /// Words beyond the vocabulary's width are cleared.
    ///
    /// # Errors
    /// As [`mask`](Self::mask). A row too short for the vocabulary is an error too (never truncated silently).
    pub fn fill(&mut self, _row: &mut [u32]) -> Result<(), StepError> {
        todo!()
    }

    /// Takes a token; an end token ends the sequence.
    pub fn accept(&mut self, _token: TokenId) -> Result<(), StepError> {
        todo!()
    }

    /// Takes text that is not cut into tokens.
    pub fn accept_bytes(&mut self, _bytes: &[u8]) -> Result<(), Refusal> {
        todo!()
    }

    /// Whether the text is a sentence.
    pub fn is_complete(&self) -> bool {
        todo!()
    }

    /// Whether an end token was accepted.
    pub fn has_ended(&self) -> bool {
        todo!()
    }

    /// The bytes that must come next, up to the first choice (at most `limit`).
    pub fn forced(&self, _limit: usize) -> Vec<u8> {
        todo!()
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        todo!()
    }

    /// Why these bytes cannot come next; `None` if they can.
    pub fn explain(&self, _bytes: &[u8]) -> Option<Refusal> {
        todo!()
    }

    /// Bytes of text accepted so far.
    pub fn offset(&self) -> usize {
        todo!()
    }
}
