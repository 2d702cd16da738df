//! The look at a text before it is parsed: strings, classes and parentheses must be closed and must not nest too deep.

use super::super::{GrammarError, syntax::Brackets};
use crate::Limits;

/// Refuses a text that the parser could not read in bounded depth, or would refuse with a worse message.
pub(super) fn check(name: &str, text: &str, limits: &Limits) -> Result<(), GrammarError> {
    let bytes = text.as_bytes();
    let mut brackets = Brackets::new(name, text, limits);
    let mut i = 0;
    while i < bytes.len() {
        let (end, what) = match bytes[i] {
            b'#' => {
                i += bytes[i..]
                    .iter()
                    .position(|&b| b == b'\n' || b == b'\r')
                    .unwrap_or(bytes.len() - i);
                continue;
            }
            b'"' => (b'"', "string"),
            b'[' => (b']', "class"),
            byte => {
                brackets.take(byte, i)?;
                i += 1;
                continue;
            }
        };
        let Some(behind) = closed(bytes, i, end) else {
            return Err(brackets
                .error(i, format!("expected `{}`: the {what} is never closed", char::from(end))));
        };
        i = behind;
    }
    brackets.finish()
}

/// The offset behind the closing delimiter, which a backslash escapes.
fn closed(bytes: &[u8], from: usize, delimiter: u8) -> Option<usize> {
    let mut i = from + 1;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'\\' => i += 2,
            _ if byte == delimiter => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}
