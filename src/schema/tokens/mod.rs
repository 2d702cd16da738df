//! Which tokens may come next? Masks of a schema's machine over a vocabulary.

mod generation;
mod recipe;
mod tables;
mod trie;
mod walk;

pub(crate) use generation::Generation;
pub(crate) use tables::Tables;
