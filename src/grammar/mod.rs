//! The intermediate representation of grammars: what every front end produces and the engine consumes.

mod error;
mod ir;
mod regular;

pub use error::{CompileError, CompileErrorKind};
pub use ir::{Grammar, GrammarBuilder, Lexing, Nonterminal, Production, Symbol, Terminal};
pub use regular::Regular;
