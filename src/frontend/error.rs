//! A grammar text that was refused: where, what was found, what was expected.

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
    /// The message, the source line and a caret under the place.
    pub fn render(&self) -> String {
        todo!()
    }
}

impl std::fmt::Display for GrammarError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.source_name, self.line, self.column, self.message)
    }
}

impl std::error::Error for GrammarError {}
