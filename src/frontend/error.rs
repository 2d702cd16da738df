//! A grammar text that was refused: where, what was found, what was expected.

pub(super) use crate::quote::quoted;

/// Characters of the source line that an error carries.
const LINE_SHOWN: usize = 160;

/// A refused grammar text. `Display` is the message in one line with file, line and column; [`GrammarError::render`]
/// adds the source line with a caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrammarError {
    /// Name of the file or grammar.
    pub source_name: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The source line, cut to 160 characters.
    pub text: String,
    /// What is wrong and what was expected; starts in lower case.
    pub message: String,
    /// Whether a limit refused it.
    pub limit: bool,
}

impl GrammarError {
    /// An error at a byte offset of a text. An offset beyond the text or inside a character is moved to the next place
    /// that exists.
    pub(crate) fn at(source_name: &str, source: &str, offset: usize, message: String) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &source[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = source[start..].split(['\n', '\r']).next().unwrap_or_default();
        Self {
            source_name: source_name.to_string(),
            line: before.bytes().filter(|&b| b == b'\n').count() + 1,
            column: source[start..offset].chars().count() + 1,
            text: line.chars().take(LINE_SHOWN).collect(),
            message,
            limit: false,
        }
    }

    /// The same error, caused by a limit.
    pub(crate) fn by_limit(mut self) -> Self {
        self.limit = true;
        self
    }

    /// The message, the source line and a caret under the place.
    ///
    /// ```
    /// use constrained_gen::{Limits, frontend::{NoSources, lark}};
    ///
    /// let error = lark::parse("demo", "start: statment\nstatement: \"x\"", None, &NoSources, &Limits::default()).unwrap_err();
    /// assert_eq!(
    ///     error.render(),
    ///     "demo:1:8: no rule `statment` is defined; the nearest name is `statement`\n  \
    ///      | start: statment\n  \
    ///      |        ^"
    /// );
    /// ```
    pub fn render(&self) -> String {
        let mut out = format!("{self}\n  | ");
        out.extend(self.text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        if self.column <= LINE_SHOWN + 1 {
            out.push_str("\n  | ");
            out.extend(std::iter::repeat_n(' ', self.column - 1));
            out.push('^');
        }
        out
    }
}

impl std::fmt::Display for GrammarError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.source_name, self.line, self.column, self.message)
    }
}

impl std::error::Error for GrammarError {}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_string(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}
