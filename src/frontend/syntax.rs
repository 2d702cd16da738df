//! Reading with pest under bounds: what happens before the parse (size, brackets) and after it (its errors in words).
//!
//! pest recurses once per bracket, so a text is scanned first and refused if its brackets nest too deep or do not match;
//! that also gives the better message. The number of pest's steps is bounded process-wide, in proportion to the largest
//! text that default limits let through.

use std::num::NonZeroUsize;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::{
    GrammarError,
    error::{either, quoted},
    source::limit_message,
};
use crate::Limits;

/// Steps that pest may take on one text: some sixty for each byte of a text of a megabyte. The grammars of grammars are
/// written so that they never go back by more than a word, so this is a second line of defence.
const PEST_CALLS: NonZeroUsize = NonZeroUsize::new(64 << 20).expect("not zero");

/// Makes pest's limit hold. The setting is process-wide: another user of pest in the process gets the same bound.
pub(super) fn bound_pest() {
    pest::set_call_limit(Some(PEST_CALLS));
}

/// Refuses a text that is too long.
pub(super) fn check_size(
    name: &str,
    text: &str,
    taken: usize,
    limits: &Limits,
) -> Result<(), GrammarError> {
    if text.len() <= limits.grammar_bytes.saturating_sub(taken) {
        return Ok(());
    }
    let what = limit_message(
        "bytes of grammar text, imports and lists included",
        "grammar_bytes",
        limits.grammar_bytes,
    );
    Err(GrammarError::at(name, text, 0, what).by_limit())
}

/// The brackets open at a place of a scan.
pub(super) struct Brackets<'a> {
    name: &'a str,
    text: &'a str,
    open: Vec<(u8, usize)>,
    limit: usize,
}

impl<'a> Brackets<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, limits: &Limits) -> Self {
        Self { name, text, open: Vec::new(), limit: limits.nesting }
    }

    /// Takes one byte of the text, if it is a bracket.
    pub(super) fn take(&mut self, byte: u8, offset: usize) -> Result<(), GrammarError> {
        match byte {
            b'(' | b'[' | b'{' => {
                if self.open.len() >= self.limit {
                    let what = limit_message("brackets inside brackets", "nesting", self.limit);
                    return Err(self.error(offset, what).by_limit());
                }
                self.open.push((byte, offset));
            }
            b')' | b']' | b'}' => match self.open.pop() {
                None => {
                    let what = format!("`{}` closes no bracket", char::from(byte));
                    return Err(self.error(offset, what));
                }
                Some((open, _)) if closing(open) != byte => {
                    let what = format!(
                        "expected `{}`, which closes the last open bracket, found `{}`",
                        char::from(closing(open)),
                        char::from(byte)
                    );
                    return Err(self.error(offset, what));
                }
                Some(_) => {}
            },
            _ => {}
        }
        Ok(())
    }

    /// The end of the text, or of a part that must be balanced.
    pub(super) fn finish(&self) -> Result<(), GrammarError> {
        match self.open.last() {
            None => Ok(()),
            Some(&(open, offset)) => {
                Err(self.error(offset, format!("`{}` is never closed", char::from(open))))
            }
        }
    }

    /// An error at an offset of the text.
    pub(super) fn error(&self, offset: usize, message: String) -> GrammarError {
        GrammarError::at(self.name, self.text, offset, message)
    }
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// pest's error in our words: `word` says what a rule of the pest grammar is to a person, `None` for what is never
/// worth mentioning.
pub(super) fn explain<R: pest::RuleType>(
    name: &str,
    text: &str,
    error: &Error<R>,
    word: fn(R) -> Option<&'static str>,
) -> GrammarError {
    let offset = match error.location {
        InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
    };
    let positives = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        // The only custom errors are those of pest's own bounds.
        ErrorVariant::CustomError { message } => {
            return GrammarError::at(
                name,
                text,
                offset,
                format!("too deep or too long to read: {message}"),
            )
            .by_limit();
        }
    };
    let mut expected: Vec<&str> = positives.iter().filter_map(|&rule| word(rule)).collect();
    expected.sort_unstable();
    expected.dedup();
    let rest = &text[offset..];
    let found = match rest.chars().next() {
        None => "the end of the text".to_string(),
        Some('\n' | '\r') => "the end of the line".to_string(),
        Some(c) if c.is_alphanumeric() || c == '_' => quoted(
            rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default(),
        ),
        Some(c) => quoted(c.encode_utf8(&mut [0; 4])),
    };
    let message = if expected.is_empty() {
        format!("unexpected {found}")
    } else {
        format!("expected {}, found {found}", either(&expected))
    };
    GrammarError::at(name, text, offset, message)
}
