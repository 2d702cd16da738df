//! The texts that a caller gives (`%slot`, `%list`): those that a terminal has.

use regex_syntax::hir::Hir;

use super::{
    super::{GrammarError, source::At},
    directives::TerminalDirectives,
    modules::Program,
    regex::Piece,
    terminals::{literal_hir, literal_key},
};
use crate::{
    Limits,
    grammar::Regular,
    regular::{Builder, Dfa, DfaError},
};

/// The automaton of all that a terminal has: one for all lists of its texts.
pub(super) fn automaton(
    (whole, directives): (&Piece, &TerminalDirectives),
    (program, at): (&Program, At),
    limits: &Limits,
) -> Result<Dfa, GrammarError> {
    let mut language = Regular::Hir(whole.hir.clone());
    if !directives.reserved.is_empty() {
        let reserved = Regular::Hir(Hir::alternation(directives.reserved.clone()));
        language = Regular::Difference(Box::new(language), Box::new(reserved));
    }
    Builder::new(limits).build(&language).map_err(|error| match error {
        DfaError::Limit(name, limit) => {
            program.sources.limit(at, "the terminal that is to be filled", name, limit)
        }
        DfaError::Build(reason) => program.sources.error(at, reason),
    })
}

/// Those of some texts that a terminal has, as an expression; `None` if it has none of them. Case does not matter in a word
/// where `ignore_case`; in what stands between quotes it does.
pub(super) fn fill(terminal: &Dfa, texts: &[String], ignore_case: bool) -> Option<Piece> {
    let own: Vec<&String> = texts.iter().filter(|text| has(terminal, text)).collect();
    if own.is_empty() {
        return None;
    }
    let size = 1 + own.iter().map(|text| text.len()).sum::<usize>();
    let text = |text: &String| literal_hir(&literal_key(text, ignore_case && is_word(text)));
    Some(Piece { size, ..Piece::leaf(Hir::alternation(own.into_iter().map(text).collect())) })
}

/// Whether a text is of a language.
pub(super) fn has(dfa: &Dfa, text: &str) -> bool {
    dfa.accepts(text.bytes().fold(dfa.start(), |state, byte| dfa.next(state, byte)))
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
}
