//! The look at a text before it is parsed: strings, regular expressions and brackets must be closed, and brackets must
//! not nest too deep.

use super::super::{GrammarError, syntax::Brackets};
use crate::Limits;

/// Refuses a text that the parser could not read in bounded depth, or would refuse with a worse message.
pub(super) fn check(name: &str, text: &str, limits: &Limits) -> Result<(), GrammarError> {
    let bytes = text.as_bytes();
    let mut brackets = Brackets::new(name, text, limits);
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'#' => i = line_end(bytes, i),
            b'/' if bytes.get(i + 1) == Some(&b'/') => i = line_end(bytes, i),
            b'"' => match closed(bytes, i, b'"') {
                Some(end) => i = end,
                None => {
                    return Err(brackets.error(
                        i,
                        "expected `\"` before the end of the line: the string is not closed".into(),
                    ));
                }
            },
            b'/' => match closed(bytes, i, b'/') {
                Some(end) if end - i - 2 > limits.regex_bytes => {
                    let what = super::super::source::limit_message(
                        "bytes of a regular expression",
                        "regex_bytes",
                        limits.regex_bytes,
                    );
                    return Err(brackets.error(i, what).by_limit());
                }
                Some(end) => i = end,
                None => {
                    return Err(brackets.error(
                        i,
                        "expected `/` before the end of the line: the regular expression is not closed".into(),
                    ));
                }
            },
            byte => {
                brackets.take(byte, i)?;
                i += 1;
            }
        }
    }
    brackets.finish()
}

/// The offset of the line's end.
fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&b| b == b'\n' || b == b'\r').map_or(bytes.len(), |n| from + n)
}

/// The offset behind the closing delimiter, which a backslash escapes and which must stand on the same line.
fn closed(bytes: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    let mut i = from + 1;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'\n' | b'\r' => return None,
            b'\\' if !matches!(bytes.get(i + 1), None | Some(b'\n' | b'\r')) => i += 2,
            b'\\' => return None,
            _ if byte == delimiter => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}
