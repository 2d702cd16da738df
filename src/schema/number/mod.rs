//! Numbers of JSON Schema: exact decimals, sets of them, and the automaton of the spellings of a set.

mod automaton;
mod canonical;
mod comparator;
mod decimal;
mod error;
mod lattice;
mod minimal;
mod residue;
mod set;
mod side;

pub(crate) use automaton::NumberDfa;
pub(crate) use canonical::canonical;
pub(crate) use decimal::Decimal;
pub(crate) use error::NumberError;
pub(crate) use set::NumberSet;

#[cfg(test)]
mod tests;
