//! The slow, obvious twin of the engine: which bytes may come next, answered without its lexer, parser, automaton or caches.
//!
//! Everything the engine claims (masks, acceptance, forced bytes, completeness) is tested against this module, so it shares
//! nothing with the engine but the grammar's and the vocabulary's types: terminals are Brzozowski derivatives instead of
//! byte automata, the parser is Earley's instead of LR, states are explicit lists of hypotheses, and a mask is every token
//! stepped byte by byte. Nothing is remembered by *equivalence* of situations: what is shared is shared by identity (an
//! expression interned with itself, a column reached twice by the very same lexemes), which cannot confuse two situations.
//!
//! It is part of the library so that tests, fuzzing and users who doubt a mask can call it; nothing in the library does.

mod derivative;
mod earley;
mod twin;

pub use derivative::{Expr, ExpressionError, Expressions};
pub use earley::{ColumnId, Columns, Source};
pub use twin::{Exhausted, Hypothesis, State, Twin, TwinError};
