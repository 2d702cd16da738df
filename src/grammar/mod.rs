//! The intermediate representation of grammars: what every front end produces and the engine consumes.

mod error;
mod ir;

pub use crate::regular::Regular;
pub use error::{CompileError, CompileErrorKind};
pub use ir::{Grammar, GrammarBuilder, Hint, Lexing, Nonterminal, Production, Symbol, Terminal};
