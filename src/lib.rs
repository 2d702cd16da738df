//! Grammar-constrained decoding: at every step of a language model's decoding, the mask of the tokens that can still
//! lead to a text of the grammar. See ARCHITECTURE.md for the floors.

pub mod automaton;
mod batch;
mod bitset;
mod budget;
mod codec;
pub mod constraint;
pub mod decoding;
mod ending;
pub mod expert;
pub mod explain;
pub mod frontend;
mod fuel;
pub mod grammar;
mod ids;
mod intern;
mod lexer;
pub mod library;
mod limits;
mod memo;
#[cfg(feature = "candle")]
pub mod model;
pub mod oracle;
mod parser;
mod projection;
mod quote;
pub mod recognizer;
mod regular;
pub mod sampling;
pub mod schema;
mod seen;
mod shortcut;
mod situation;
pub mod validation;
pub mod vocab;

pub use automaton::{Automaton, SchemaCompiler};
pub use constraint::{Constraint, StepError};
pub use ending::Ending;
pub use ids::{NonterminalId, ProductionId, TerminalId, TokenId};
pub use limits::Limits;
pub use recognizer::{CompiledGrammar, Expected, Recognizer, Refusal};
pub use schema::{CompiledSchema, Schema, SchemaError, SchemaOptions};
pub use vocab::{TokenMask, Vocabulary};

/// The README's programs run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
