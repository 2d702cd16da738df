//! The parser: a normalised grammar, its LR(0) states built as they are visited, and hash-consed stacks.
//!
//! All alternatives are kept (generalised LR), so no look-ahead is needed to be exact: every stack of an LR(0) automaton
//! spells a viable prefix, and a terminal is viable exactly if some chain of reductions reaches a state that shifts it.

mod above;
mod chain;
mod components;
mod escape;
mod follow;
mod lr;
mod normal;
mod rest;
mod saved;
mod stack;

#[cfg(test)]
mod tests;

pub(crate) use above::{Above, Pop};
pub(crate) use escape::{Depth, Shadows};
pub(crate) use lr::{COMPLETE, LrTable, Place};
pub(crate) use normal::NormalGrammar;
pub(crate) use rest::{Ask, Rests, Shortest};
pub(crate) use stack::{Closure, SetId, StackTable};
