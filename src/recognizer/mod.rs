//! The joint between bytes and grammar: *configuration, byte -> configuration or dead*. Knows no vocabulary.
//!
//! A text is read as a set of *hypotheses*: where the lexer is in the current lexeme, and where the parser stood before it.
//! A lexeme that could be longer is not committed before the next byte is known; one that cannot be is at once.

mod compiled;
mod expected;
mod reader;
mod recognize;
#[cfg(test)]
mod tests;

pub use compiled::CompiledGrammar;
pub use expected::{Expected, Refusal};
pub use recognize::Recognizer;

pub(crate) use compiled::Tables;
pub(crate) use reader::{Allowance, Hypothesis, Reader};
