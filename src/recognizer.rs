//! The joint between bytes and grammar: *configuration, byte -> configuration or dead*. No vocabulary here.

use std::sync::Arc;

use crate::{
    Limits,
    grammar::{CompileError, Grammar},
};

/// A grammar ready to read text: terminals as automata, productions normalised, parser states built as they are visited.
/// Immutable from outside and shared by all threads.
#[derive(Debug)]
pub struct CompiledGrammar {}

/// What may come at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Display names of the terminals that may come (or be continued) here, sorted, without duplicates.
    pub terminals: Vec<String>,
    /// Whether the text may end here.
    pub end: bool,
}

/// Where and why a text leaves the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Byte offset, from the start of everything read, of the first byte that no sentence has there; the length of the
    /// text where it ended too early.
    pub offset: usize,
    /// The byte there; `None` at the end of the text.
    pub found: Option<u8>,
    /// What could have stood there.
    pub expected: Expected,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused at byte {}", self.offset)
    }
}
impl std::error::Error for Refusal {}

impl CompiledGrammar {
    /// Compiles a grammar. Cost: proportional to the grammar's size; parser states are built later, as texts visit them.
    pub fn new(_grammar: &Grammar, _limits: &Limits) -> Result<Arc<Self>, CompileError> {
        todo!()
    }

    /// The grammar this was compiled from.
    pub fn grammar(&self) -> &Grammar {
        todo!()
    }

    /// A reader at the start of a text.
    pub fn recognizer(self: &Arc<Self>) -> Recognizer {
        todo!()
    }
}

/// Reads one text byte by byte. Cloning is a cheap fork.
#[derive(Clone, Debug)]
pub struct Recognizer {}

impl Recognizer {
    /// Reads more bytes. On refusal nothing of them is taken.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), Refusal> {
        todo!()
    }

    /// Whether the text read so far is a sentence.
    pub fn is_complete(&self) -> bool {
        todo!()
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        todo!()
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        todo!()
    }

    /// The bytes that must come next, up to the first choice (at most `limit`); empty where there is a choice or an end.
    pub fn forced(&self, _limit: usize) -> Vec<u8> {
        todo!()
    }

    /// Whether the text is a sentence, else where it fails.
    pub fn check(self, _text: &[u8]) -> Result<(), Refusal> {
        todo!()
    }
}
