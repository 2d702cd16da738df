//! Standard output: buffered, and no panic when its reader has gone. How texts and refusals are shown, and progress.

use std::{
    fmt,
    io::{self, BufWriter, IsTerminal, StdoutLock},
};

use constrained_gen::{Refusal, explain::Explanation};
use indicatif::{ProgressBar, ProgressDrawTarget};

/// Bytes of what was found that are shown.
const FOUND: usize = 60;

/// Terminals that are named before the rest is only counted.
const NAMED: usize = 12;

/// Characters of the line that are shown on each side of the place of a refusal.
const MARGIN: usize = 60;

/// Standard output for data; flush it at the end.
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// A bar on standard error for so many pieces of work, if somebody looks.
pub(super) fn progress(count: u64) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    ProgressBar::with_draw_target(Some(count), target)
}

/// Whether an error is only that the reader of standard output has gone (`… | head`), which is no failure.
pub(super) fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Bytes of text in quotes, as a person reads them: control characters and broken UTF-8 as escapes.
pub(super) fn quoted(text: &[u8]) -> String {
    let mut shown = String::from("\"");
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' => shown.push(c),
                _ => shown.extend(c.escape_debug()),
            }
        }
        shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    shown + "\""
}

/// What was expected, in words: the first terminals by name, the rest as a number.
pub(super) fn expectation(expected: &[String], end: bool) -> String {
    let mut names: Vec<&str> = expected.iter().map(String::as_str).collect();
    if end {
        names.push("end of text");
    }
    match names.len() {
        0 => "nothing".into(),
        n if n > NAMED => format!("{} and {} more", names[..NAMED].join(", "), n - NAMED),
        _ => names.join(", "),
    }
}

/// Where and why a text was refused: a sentence, the line, a caret.
pub(super) struct Refused<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a [u8],
    pub(super) refusal: &'a Refusal,
    /// What the grammar says of it; of a schema's instances nothing.
    pub(super) explanation: Option<Explanation>,
}

impl fmt::Display for Refused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, text, refusal, explanation } = self;
        // Where the work did not suffice, no word is to blame.
        let explanation = explanation.as_ref().filter(|_| refusal.expected.limit.is_none());
        let place = explanation.map(|explanation| &explanation.place);
        let offset = place.map_or(refusal.offset, |place| place.start).min(text.len());
        let start = text[..offset].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let end =
            text[offset..].iter().position(|&b| b == b'\n').map_or(text.len(), |n| offset + n);
        let line = 1 + text[..start].iter().filter(|&&b| b == b'\n').count();
        // Every character takes one column: what has none of its own is replaced.
        let flat = |bytes: &[u8]| -> Vec<char> {
            let text = String::from_utf8_lossy(bytes);
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
        };
        let (before, after) = (flat(&text[start..offset]), flat(&text[offset..end]));
        let found = match text.len() - offset {
            0 => "the text ends".into(),
            _ if place.is_some_and(|place| place.len() > 1) => {
                let found = &text[offset..place.map_or(offset, |place| place.end).min(text.len())];
                let class = explanation.and_then(|explanation| explanation.class.as_ref());
                let class = class.map_or_else(String::new, |class| format!(", a {class}"));
                format!("found {}{class}", quoted(&found[..found.len().min(FOUND)]))
            }
            left => {
                // The first character of what is left; a character has at most four bytes.
                let bytes = &text[offset..offset + left.min(4)];
                let length = match bytes.utf8_chunks().next().map(|c| c.valid().chars().next()) {
                    Some(Some(first)) => first.len_utf8(),
                    _ => 1,
                };
                format!("found {}", quoted(&bytes[..length]))
            }
        };
        let expected = match (explanation, refusal.expected.limit) {
            (Some(explanation), _) => expectation(&explanation.expected, explanation.end),
            (None, None) => expectation(&refusal.expected.terminals, refusal.expected.end),
            (None, Some(limit)) => {
                format!("what takes less work to read than the limit of {limit} (step_work)")
            }
        };
        let column = before.len() + 1;
        writeln!(
            f,
            "{name}: refused at byte {offset} (line {line}, column {column}): {found}, expected {expected}"
        )?;
        let cut = before.len().saturating_sub(MARGIN);
        let shown: String = before[cut..].iter().chain(after.iter().take(MARGIN)).collect();
        writeln!(f, "  | {}", shown.trim_end())?;
        let width =
            place.map_or(1, |place| flat(&text[offset..place.end.min(end).max(offset)]).len());
        let carets = "^".repeat(width.clamp(1, MARGIN));
        writeln!(f, "  | {}{carets}", " ".repeat(before.len() - cut))?;
        for hint in explanation.iter().flat_map(|explanation| &explanation.hints) {
            writeln!(f, "  = {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use constrained_gen::Expected;

    fn refused(text: &[u8], offset: usize) -> String {
        let expected = Expected { terminals: vec!["FROM".into()], end: true, limit: None };
        let refusal = Refusal { offset, found: text.get(offset).copied(), expected };
        Refused { name: "x", text, refusal: &refusal, explanation: None }.to_string()
    }

    #[test]
    fn a_refusal_is_shown_in_its_line() {
        assert_eq!(
            refused("SELECT\n\té b o\n".as_bytes(), 11),
            "x: refused at byte 11 (line 2, column 4): found \"b\", expected FROM, end of text\n  \
             |  é b o\n  |    ^\n"
        );
    }

    #[test]
    fn ends_and_broken_text_are_shown_too() {
        assert!(
            refused(b"", 0).starts_with("x: refused at byte 0 (line 1, column 1): the text ends")
        );
        assert!(refused(b"a\xff\xfe", 1).contains("found \"\\xff\""));
        assert!(refused("aé".as_bytes(), 2).contains("found \"\\xa9\""));
    }

    #[test]
    fn quotes_show_every_byte() {
        assert_eq!(quoted(b"a\"'\n\xff"), "\"a\\\"'\\n\\xff\"");
    }
}
