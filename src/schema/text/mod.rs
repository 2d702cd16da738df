//! Which strings does a schema allow? Sets of decoded Unicode texts, closed under union, intersection and complement.
//!
//! A [`TextSet`] is finitely many texts and some [`Piece`]s: a regular language with bounds on the number of characters.
//! Automata read *characters* while sets are combined ([`chars`]): a complement is then a change of marks, and a length a
//! number of steps. Only what a machine visits is unfolded to bytes ([`utf8`]).

mod assemble;
mod chars;
mod class;
mod determinise;
mod dfa;
mod error;
pub(crate) mod format;
mod formula;
mod lengths;
mod minimise;
mod parse;
mod piece;
mod program;
mod set;
mod syntax;
mod utf8;

#[cfg(test)]
mod tests;

pub(crate) use dfa::TextDfa;
pub(crate) use error::TextError;
pub(crate) use piece::{Language, Piece};
pub(crate) use set::TextSet;
