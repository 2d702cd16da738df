//! The grammar language: Lark's syntax, with directives of our own. `docs/grammar-language.md` shows every construct.
//!
//! A text passes through: a scan that bounds it (`scan`), the pest parse into a syntax tree (`read`), loading of what
//! it imports (`modules`), terminals as regular expressions (`terminals`), a check of all names (`check`), and
//! lowering to productions (`lower`).

mod ast;
mod check;
mod common;
mod directives;
mod lower;
mod modules;
mod read;
mod regex;
mod scan;
mod terminals;

use super::{GrammarError, Sources};
use crate::{Limits, grammar::Grammar};

/// The rule that a text of the grammar is, unless another is asked for.
pub const START: &str = "start";

/// Reads a grammar. `name` is shown in errors and becomes the grammar's name; `start` is the rule to begin with, by
/// default [`START`]; `sources` finds the files that the text imports.
///
/// Cost: proportional to the length of the text and of what it imports, and to the number of productions that its
/// repetitions and templates expand to, all of them bounded by `limits`.
///
/// # Errors
///
/// The first thing wrong, with its place.
///
/// ```
/// use constrained_gen::{Limits, frontend::{NoSources, lark}};
///
/// let text = r#"
///     start: "[" [NUMBER ("," NUMBER)*] "]"
///     %import common.NUMBER
///     %ignore " "
/// "#;
/// let grammar = lark::parse("list", text, None, &NoSources, &Limits::default())?;
/// assert_eq!(grammar.name(), "list");
/// # Ok::<(), constrained_gen::frontend::GrammarError>(())
/// ```
pub fn parse(
    name: &str,
    text: &str,
    start: Option<&str>,
    sources: &dyn Sources,
    limits: &Limits,
) -> Result<Grammar, GrammarError> {
    let program = modules::Program::load(name, text, sources, limits)?;
    let terminals = terminals::Terminals::compile(&program, limits)?;
    check::check(&program)?;
    lower::lower(name, start.unwrap_or(START), &program, &terminals, limits)
}
