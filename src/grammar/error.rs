//! What the engine refuses in a grammar whose text was well formed.

use thiserror::Error;

/// A grammar that cannot be compiled, with the symbol it is about.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct CompileError {
    kind: CompileErrorKind,
}

/// Why a grammar cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileErrorKind {
    /// The start symbol derives no finite text.
    #[error("rule `{0}` is the start, but derives no finite text")]
    UnproductiveStart(String),
    /// A terminal matches the empty text, which a lexer cannot take as a lexeme.
    #[error("terminal `{0}` matches the empty text; make its use optional instead")]
    EmptyTerminal(String),
    /// A terminal matches nothing at all.
    #[error("terminal `{0}` matches no text")]
    VoidTerminal(String),
    /// A terminal's regular expression cannot be made an automaton.
    #[error("terminal `{name}`: {reason}")]
    Terminal {
        /// The terminal's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A limit was reached.
    #[error("{what}: more than the limit of {limit} ({name})")]
    Limit {
        /// The limit's field in [`Limits`](crate::Limits).
        name: &'static str,
        /// Its value.
        limit: u64,
        /// Where it was reached.
        what: String,
    },
}

impl CompileError {
    /// An error of the given kind.
    pub fn new(kind: CompileErrorKind) -> Self {
        Self { kind }
    }

    /// Why.
    pub fn kind(&self) -> &CompileErrorKind {
        &self.kind
    }

    /// Whether a limit refused the grammar (and not a mistake in it).
    pub fn is_limit(&self) -> bool {
        matches!(self.kind, CompileErrorKind::Limit { .. })
    }
}

impl From<CompileErrorKind> for CompileError {
    fn from(kind: CompileErrorKind) -> Self {
        Self { kind }
    }
}
