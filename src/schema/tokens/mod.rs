//! Which tokens may come next? Masks of a schema's machine over a vocabulary.

mod class;
mod ending;
mod generation;
mod index;
mod levels;
mod recipe;
mod tables;
mod text;
mod trie;
mod walk;
mod whole;

/// The limit on the work of one mask was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exhausted;

pub(crate) use generation::{Generation, Scratch};
pub(crate) use tables::Tables;
