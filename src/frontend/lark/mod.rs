//! The grammar language: Lark's syntax, with directives of our own. `docs/grammar-language.md` shows every construct.
//!
//! A text passes through: a scan that bounds it (`scan`), the pest parse into a syntax tree (`read`), loading of what
//! it imports (`modules`), terminals as regular expressions (`terminals`), a check of all names (`check`), and
//! lowering to productions (`lower`), with what the caller gives (`slots`), from the rule that a text begins with (`start`).

mod ast;
mod check;
mod common;
mod directives;
mod lower;
mod modules;
mod read;
mod regex;
mod scan;
mod slots;
mod start;
mod terminals;

use super::{GrammarError, List, Options, Sources, Start};
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
    let options = Options { start: start.map(str::to_owned), ..Options::default() };
    parse_with(name, text, &options, sources, limits)
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
    sources: &dyn Sources,
    limits: &Limits,
) -> Result<Grammar, GrammarError> {
    let program = modules::Program::load(name, text, options, sources, limits)?;
    let terminals = terminals::Terminals::compile(&program, limits)?;
    check::check(&program)?;
    start::offered(&program)?;
    let start = start::find(&program, options.start.as_deref().unwrap_or(START))?;
    lower::lower((name, start), &program, &terminals, options.style, limits)
}

/// The rules that a grammar offers to begin with, in the order of its `%start`s.
///
/// # Errors
///
/// A text that cannot be read, or a `%start` that names no rule.
///
/// ```
/// use constrained_gen::{Limits, frontend::{NoSources, lark}};
///
/// let text = "%start start \"a list\"\n%start item \"one item\"\nstart: item*\nitem: \"x\"";
/// let starts = lark::starts("list", text, &NoSources, &Limits::default())?;
/// assert_eq!(starts[1].name, "item");
/// # Ok::<(), constrained_gen::frontend::GrammarError>(())
/// ```
pub fn starts(
    name: &str,
    text: &str,
    sources: &dyn Sources,
    limits: &Limits,
) -> Result<Vec<Start>, GrammarError> {
    start::offered(&modules::Program::load(name, text, &Options::default(), sources, limits)?)
}

/// What a grammar asks its caller for (`%list`, `%slot`), in order.
///
/// # Errors
///
/// A text that cannot be read.
pub fn lists(
    name: &str,
    text: &str,
    sources: &dyn Sources,
    limits: &Limits,
) -> Result<Vec<List>, GrammarError> {
    let program = modules::Program::load(name, text, &Options::default(), sources, limits)?;
    let lists = program.modules.into_iter().flat_map(|module| module.lists);
    Ok(lists.map(|(name, about)| List { name: name.text, about }).collect())
}
