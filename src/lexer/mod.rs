//! Terminals as byte automata, and the scanning rule. Knows nothing of tokens and of the parser's stack.
//!
//! A `Dfa` is one terminal. A *configuration* ([`ConfigId`]) is what has been read of the current lexeme by all
//! terminals at once, with the *shadows* of earlier lexemes: longer matches that are still possible and would, if they
//! came true, show that an earlier lexeme was cut too early.

mod adjacency;
mod closing;
mod compile;
mod live;
mod moves;
mod saved;
mod spacing;
mod state;
mod table;

pub(crate) use compile::Lexer;
pub(crate) use live::{Extent, Live};
pub(crate) use table::{ConfigId, LexTable};
