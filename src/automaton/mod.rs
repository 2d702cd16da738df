//! The token-level automaton: (lexer state x parser state) -> mask, successor; all memoisation lives here.

use std::sync::Arc;

use crate::{
    CompiledGrammar, Constraint, Limits, Vocabulary,
    grammar::{CompileError, Grammar},
};

/// One grammar over one vocabulary, shared by all threads and requests.
#[derive(Debug)]
pub struct Automaton {}

/// How much an automaton has memoised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutomatonStats {
    /// Lexer configurations.
    pub lexer_configs: usize,
    /// LR states.
    pub lr_states: usize,
    /// Stack nodes.
    pub stack_nodes: usize,
    /// Terminal-sequence tree nodes.
    pub tree_nodes: usize,
    /// Memoised results of tree nodes.
    pub results: usize,
    /// Interned masks.
    pub masks: usize,
    /// Estimated bytes of all of these.
    pub bytes: usize,
}

impl Automaton {
    /// Compiles a grammar for a vocabulary.
    pub fn new(
        _grammar: &Grammar,
        _vocabulary: Arc<Vocabulary>,
        _limits: &Limits,
    ) -> Result<Arc<Self>, CompileError> {
        todo!()
    }

    /// A sequence at its start.
    pub fn constraint(self: &Arc<Self>) -> Constraint {
        todo!()
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        todo!()
    }

    /// The byte-level grammar underneath.
    pub fn grammar(&self) -> &Arc<CompiledGrammar> {
        todo!()
    }

    /// How much is memoised.
    pub fn stats(&self) -> AutomatonStats {
        todo!()
    }
}
