//! Why is a saved automaton refused?

use crate::grammar::CompileError;

/// A saved automaton that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The grammar cannot be compiled.
    #[error(transparent)]
    Grammar(#[from] CompileError),
    /// The bytes do not begin as a saved automaton does.
    #[error("this is no saved automaton")]
    Kind,
    /// Another version of the format.
    #[error("a saved automaton of format {found}, but expected format {expected}: save it again")]
    Format {
        /// The bytes' version.
        found: u32,
        /// This version.
        expected: u32,
    },
    /// Saved of another grammar or vocabulary, or by another version.
    #[error(
        "an automaton saved of another grammar or vocabulary, or by another version: save it again"
    )]
    Other,
    /// The bytes are not the ones that were written.
    #[error("the saved automaton is damaged: its checksum differs")]
    Damaged,
    /// The checksum holds, but what it covers was not written by [`save`](crate::Automaton::save).
    #[error("the saved automaton is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// It takes more memory than allowed.
    #[error("the saved automaton takes more than the limit of {limit} bytes (automaton_bytes)")]
    Limit {
        /// The limit.
        limit: usize,
    },
}
