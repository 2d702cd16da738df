//! What a file of the grammar language says, before any name is looked up.

use super::super::source::At;

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) at: At,
}

/// An expression of a rule or terminal.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) at: At,
}

/// Kinds of expressions. Depth is bounded by the scan before the parse.
#[derive(Clone, Debug)]
pub(super) enum ExprKind {
    Alternatives(Vec<Expr>),
    Sequence(Vec<Expr>),
    /// `max` is `None` where there is no upper bound.
    Repeat {
        body: Box<Expr>,
        min: u32,
        max: Option<u32>,
    },
    /// A rule, terminal or template parameter; with arguments, a template.
    Reference {
        name: String,
        arguments: Vec<Expr>,
    },
    /// A string; `ignore_case` is its own `i` flag.
    Literal {
        text: String,
        ignore_case: bool,
    },
    Regex {
        pattern: String,
        flags: String,
    },
    /// The characters of an inclusive range.
    Range(char, char),
    /// Some texts of a terminal; only in what is made of a list.
    Some {
        of: String,
        texts: Vec<String>,
    },
}

/// `name{parameters}.priority: body`.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) name: Name,
    pub(super) parameters: Vec<Name>,
    pub(super) priority: i32,
    pub(super) body: Expr,
}

/// One name brought in by an import, and what it is called here.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The module as written: `common`, `.lexical`.
    pub(super) module: Name,
    pub(super) name: Name,
    pub(super) alias: String,
}

/// One statement of a file.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Definition(Definition),
    Override(Definition),
    Extend(Definition),
    Ignore(Expr),
    Import(Import),
    Lexing(crate::grammar::Lexing, At),
    IgnoreCase,
    /// The texts of these atoms are taken away from a terminal.
    Reserve(Name, Vec<Expr>),
    NotFollowedBy(Name, Expr),
    /// None of these atoms begins where a lexeme of the terminal ends.
    NotBefore(Name, Vec<Expr>),
    /// Characters that words are made of.
    Word(Expr),
    Reject(Name),
    Display(Name, String),
    /// What is said where a text of a terminal stands and something else was expected.
    Hint {
        found: Name,
        /// Terminals and strings.
        expected: Vec<Expr>,
        text: String,
    },
    /// A rule that texts may begin with, and what they are then.
    Start(Name, String),
    /// A rule that the caller defines, the terminal that its words are of, and what its texts are.
    List(Name, Name, String),
    /// What the caller fills terminals with: its name, the terminals, and what the texts are.
    Slot(Name, Vec<Name>, String),
    /// A terminal has only those of these texts that are its own.
    Only(Name, Vec<String>),
    /// The alternatives that use this name are dropped.
    Without(Name),
    /// Statements that count where one of the names does.
    If(Vec<Name>, Vec<Statement>),
}

/// Whether a name is a terminal's (its first letter is upper case).
pub(super) fn is_terminal(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase())
}
