//! How much an automaton has memoised.

use super::grammar::GrammarGeneration;
use crate::{CompiledGrammar, schema::SchemaGeneration};

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
    /// Nodes of terminal-sequence trees.
    pub tree_nodes: usize,
    /// Memoised results of tree nodes.
    pub results: usize,
    /// Situations that a sequence stood in.
    pub situations: usize,
    /// Distinct masks.
    pub masks: usize,
    /// Estimated bytes of all of these.
    pub bytes: usize,
}

impl AutomatonStats {
    pub(super) fn of_grammar(grammar: &CompiledGrammar, generation: &GrammarGeneration) -> Self {
        Self {
            lexer_configs: generation.tables.lex.len(),
            lr_states: grammar.lr.len(),
            stack_nodes: generation.tables.stacks.len(),
            tree_nodes: generation.trees.len(),
            results: generation.results.len(),
            situations: generation.situations.len(),
            masks: generation.masks.len(),
            bytes: generation.bytes() + grammar.lr.bytes() + grammar.lexer.bytes(),
        }
    }

    pub(super) fn of_schema(generation: &SchemaGeneration) -> Self {
        let (stack_nodes, masks) = generation.len();
        Self {
            stack_nodes,
            masks,
            situations: generation.situations().len(),
            bytes: generation.bytes(),
            ..Self::default()
        }
    }

    /// Entries of all kinds: what must not grow with the length of a text that repeats itself.
    pub fn entries(&self) -> usize {
        self.lexer_configs
            + self.lr_states
            + self.stack_nodes
            + self.tree_nodes
            + self.results
            + self.situations
            + self.masks
    }
}
