//! What may come, and what came instead.

use std::fmt;

/// What may come at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Display names of the terminals that may come (or be continued) here, sorted, without duplicates.
    pub terminals: Vec<String>,
    /// Whether the text may end here.
    pub end: bool,
    /// The limit (`step_work`) that stopped the search for what may come: more than this may be possible then. Grammars
    /// whose lexemes can be kept apart do not come near it.
    pub limit: Option<u64>,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Names shown before the rest is counted.
        const SHOWN: usize = 12;
        let end = self.end.then_some("the end of the text");
        let names: Vec<&str> =
            self.terminals.iter().map(String::as_str).take(SHOWN).chain(end).collect();
        match names.split_last() {
            None => f.write_str("nothing")?,
            Some((last, [])) => f.write_str(last)?,
            Some((last, rest)) => write!(f, "{} or {last}", rest.join(", "))?,
        }
        match self.terminals.len().saturating_sub(SHOWN) {
            0 => {}
            more => write!(f, " ({more} more)")?,
        }
        match self.limit {
            None => Ok(()),
            Some(limit) => write!(
                f,
                " (to find out more takes more work than the limit of {limit}, step_work)"
            ),
        }
    }
}

/// Where and why a text leaves the grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Byte offset, from the start of everything read, of the first byte that no sentence has there; the length of the
    /// text where it ended too early.
    pub offset: usize,
    /// The byte there; `None` at the end of the text.
    pub found: Option<u8>,
    /// What could have stood there.
    pub expected: Expected,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            None => write!(f, "the text ends too early at byte {}", self.offset)?,
            Some(byte) => {
                write!(f, "`{}` at byte {} does not fit", byte.escape_ascii(), self.offset)?;
            }
        }
        write!(f, ": expected {}", self.expected)
    }
}

impl std::error::Error for Refusal {}
