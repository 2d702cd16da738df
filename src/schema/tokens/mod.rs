//! Which tokens may come next? Masks of a schema's machine over a vocabulary.

mod generation;
mod recipe;
mod tables;
mod trie;
mod walk;

/// The limit on the work of one mask was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exhausted;

pub(crate) use generation::Generation;
pub(crate) use tables::Tables;
