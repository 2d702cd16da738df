//! Regular languages over bytes, and their automata: what terminals and schemas are made of.

mod builder;
mod dfa;
mod language;
mod pairs;
mod refine;
mod words;

pub(crate) use builder::{Builder, summary};
pub(crate) use dfa::{DEAD, Dfa, DfaError};
pub use language::Regular;
pub(crate) use refine::blocks;
