//! What a GBNF text says, before any name is looked up.

/// An expression, with the byte offset where it begins.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) kind: ExprKind,
    pub(super) at: usize,
}

/// Kinds of expressions.
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
    Reference(String),
    /// A string or a class of characters.
    Chars(Chars),
}

/// A string or a class, and how it was written.
#[derive(Clone, Debug)]
pub(super) struct Chars {
    pub(super) source: String,
    pub(super) kind: CharsKind,
}

/// The two kinds of leaves.
#[derive(Clone, Debug)]
pub(super) enum CharsKind {
    Literal(String),
    Class { ranges: Vec<(char, char)>, negated: bool },
}

/// `name ::= body`.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) body: Expr,
}
