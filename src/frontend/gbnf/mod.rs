//! GBNF, the grammar notation of llama.cpp: rules down to characters, no lexemes, lexing [contextual](crate::grammar::Lexing).
//!
//! Read as llama.cpp reads it, and a little more: `_` in names, a line break before `|`, left recursion. What is not read:
//! references to tokens.

mod ast;
mod lower;
mod read;
mod scan;

use super::{GrammarError, Options, syntax};
use crate::{Limits, grammar::Grammar};

/// The rule that a text of the grammar is.
pub const START: &str = "root";

/// Reads a GBNF grammar; its start is the rule [`START`]. `name` is shown in errors and becomes the grammar's name.
///
/// Cost: proportional to the length of the text and to the number of productions its repetitions expand to, bounded by
/// `limits`.
///
/// # Errors
///
/// The first thing wrong, with its place.
///
/// ```
/// use constrained_gen::{Limits, frontend::gbnf};
///
/// let text = r#"root ::= "[" [0-9]+ ("," [0-9]+)* "]""#;
/// let grammar = gbnf::parse("list", text, &Limits::default())?;
/// assert_eq!(grammar.nonterminal(grammar.start()).name, "root");
/// # Ok::<(), constrained_gen::frontend::GrammarError>(())
/// ```
pub fn parse(name: &str, text: &str, limits: &Limits) -> Result<Grammar, GrammarError> {
    parse_with(name, text, &Options::default(), limits)
}

/// As [`parse`], with everything that a caller may choose.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(
    name: &str,
    text: &str,
    options: &Options,
    limits: &Limits,
) -> Result<Grammar, GrammarError> {
    syntax::check_size(name, text, 0, limits)?;
    let rules = read::read(name, text, limits)?;
    lower::lower(name, text, options.start.as_deref().unwrap_or(START), &rules, limits)
}
