//! Regular languages as expressions, read byte by byte through derivatives (Brzozowski, 1964).
//!
//! The derivative of a language by a byte holds what may follow that byte in it. Expressions are interned, with unions
//! flattened, sorted and free of duplicates, and concatenations nested to the right: by Brzozowski's theorem every
//! expression then has finitely many derivatives, which makes the search for a reachable text ([`Expressions::is_void`]) end.

use std::collections::VecDeque;

use regex_syntax::{
    hir::{Class, Hir, HirKind},
    utf8::Utf8Sequences,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::grammar::Regular;

/// Nesting that expressions may have: conversion and derivation recurse this deep at most.
const MAX_DEPTH: u32 = 2_000;

/// A regular expression that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// Anchors and word boundaries: a lexeme has no outside.
    #[error("an anchor or a word boundary, where an expression without look-around was expected")]
    LookAround,
    /// Nested too deeply.
    #[error("an expression nested deeper than {MAX_DEPTH}")]
    TooDeep,
}

/// An interned expression of an [`Expressions`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Expr(u32);

impl Expr {
    /// The language without any text.
    pub const VOID: Self = Self(0);
    /// The language of the empty text alone.
    pub const EPSILON: Self = Self(1);
}

/// A set of bytes, one bit each.
type Bytes = [u64; 4];

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Node {
    Void,
    Epsilon,
    Class(Bytes),
    Concat(Expr, Expr),
    Union(Box<[Expr]>),
    Repeat { inner: Expr, min: u32, max: Option<u32> },
    Intersection(Expr, Expr),
    Difference(Expr, Expr),
}

#[derive(Clone, Copy, Debug)]
struct Facts {
    /// Holds the empty text.
    nullable: bool,
    /// Contains a Boolean operation, so that it can be void without being [`Expr::VOID`].
    boolean: bool,
    /// How deep its derivation recurses.
    depth: u32,
}

/// The expressions that exist, and their derivatives so far.
#[derive(Clone, Debug)]
pub struct Expressions {
    nodes: Vec<Node>,
    facts: Vec<Facts>,
    ids: FxHashMap<Node, Expr>,
    derivatives: FxHashMap<(Expr, u8), Expr>,
    void: FxHashMap<Expr, bool>,
}

impl Default for Expressions {
    fn default() -> Self {
        Self::new()
    }
}

impl Expressions {
    /// Only the two constants.
    pub fn new() -> Self {
        let mut expressions = Self {
            nodes: Vec::new(),
            facts: Vec::new(),
            ids: FxHashMap::default(),
            derivatives: FxHashMap::default(),
            void: FxHashMap::default(),
        };
        expressions.intern(Node::Void);
        expressions.intern(Node::Epsilon);
        expressions
    }

    /// How many expressions there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none; never true.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The expression of a terminal's language.
    ///
    /// ```
    /// use constrained_gen::{grammar::Regular, oracle::{Expr, Expressions}};
    ///
    /// let mut expressions = Expressions::new();
    /// let ab = expressions.regular(&Regular::literal(b"ab"))?;
    /// let b = expressions.derive(ab, b'a');
    /// assert_eq!(expressions.derive(b, b'b'), Expr::EPSILON);
    /// assert_eq!(expressions.derive(b, b'x'), Expr::VOID);
    /// # Ok::<(), constrained_gen::oracle::ExpressionError>(())
    /// ```
    pub fn regular(&mut self, language: &Regular) -> Result<Expr, ExpressionError> {
        self.regular_at(language, 0)
    }

    fn regular_at(&mut self, language: &Regular, depth: u32) -> Result<Expr, ExpressionError> {
        if depth > MAX_DEPTH {
            return Err(ExpressionError::TooDeep);
        }
        let expr = match language {
            Regular::Hir(hir) => self.hir(hir, depth)?,
            Regular::Difference(a, b) => {
                let (a, b) = (self.regular_at(a, depth + 1)?, self.regular_at(b, depth + 1)?);
                self.difference(a, b)
            }
            Regular::Intersection(a, b) => {
                let (a, b) = (self.regular_at(a, depth + 1)?, self.regular_at(b, depth + 1)?);
                self.intersection(a, b)
            }
        };
        self.within_depth(expr)
    }

    fn hir(&mut self, hir: &Hir, depth: u32) -> Result<Expr, ExpressionError> {
        if depth > MAX_DEPTH {
            return Err(ExpressionError::TooDeep);
        }
        let expr = match hir.kind() {
            HirKind::Empty => Expr::EPSILON,
            HirKind::Look(_) => return Err(ExpressionError::LookAround),
            HirKind::Literal(literal) => {
                let mut expr = Expr::EPSILON;
                for &byte in literal.0.iter().rev() {
                    let class = self.range(byte, byte);
                    expr = self.concat(class, expr);
                }
                expr
            }
            HirKind::Class(Class::Bytes(class)) => {
                let parts = class.ranges().iter().map(|r| self.range(r.start(), r.end())).collect();
                self.union(parts)
            }
            HirKind::Class(Class::Unicode(class)) => {
                let mut parts = Vec::new();
                for range in class.ranges() {
                    for sequence in Utf8Sequences::new(range.start(), range.end()) {
                        let mut expr = Expr::EPSILON;
                        for bytes in sequence.as_slice().iter().rev() {
                            let class = self.range(bytes.start, bytes.end);
                            expr = self.concat(class, expr);
                        }
                        parts.push(expr);
                    }
                }
                self.union(parts)
            }
            HirKind::Repetition(repetition) => {
                let inner = self.hir(&repetition.sub, depth + 1)?;
                self.repeat(inner, repetition.min, repetition.max)
            }
            HirKind::Capture(capture) => self.hir(&capture.sub, depth + 1)?,
            HirKind::Concat(parts) => {
                let mut expr = Expr::EPSILON;
                for part in parts.iter().rev() {
                    let part = self.hir(part, depth + 1)?;
                    expr = self.concat(part, expr);
                }
                expr
            }
            HirKind::Alternation(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| self.hir(part, depth + 1))
                    .collect::<Result<Vec<_>, _>>()?;
                self.union(parts)
            }
        };
        self.within_depth(expr)
    }

    fn within_depth(&self, expr: Expr) -> Result<Expr, ExpressionError> {
        // Derivatives can nest once more than their expression, hence the half.
        if self.facts(expr).depth > MAX_DEPTH / 2 {
            return Err(ExpressionError::TooDeep);
        }
        Ok(expr)
    }

    /// Whether the language holds the empty text.
    pub fn nullable(&self, expr: Expr) -> bool {
        self.facts(expr).nullable
    }

    /// The texts of either language.
    pub fn or(&mut self, a: Expr, b: Expr) -> Expr {
        self.union(vec![a, b])
    }

    /// The texts of any of these languages.
    pub fn union(&mut self, parts: Vec<Expr>) -> Expr {
        let mut flat = Vec::with_capacity(parts.len());
        let mut class: Bytes = [0; 4];
        for part in parts {
            // Unions are flat, so one level is all there is.
            let single = [part];
            let members = match &self.nodes[part.0 as usize] {
                Node::Union(members) => members,
                _ => &single[..],
            };
            for &member in members {
                match &self.nodes[member.0 as usize] {
                    Node::Void => {}
                    Node::Class(bytes) => class.iter_mut().zip(bytes).for_each(|(a, b)| *a |= b),
                    _ => flat.push(member),
                }
            }
        }
        if class != [0; 4] {
            flat.push(self.intern(Node::Class(class)));
        }
        flat.sort_unstable();
        flat.dedup();
        match flat.as_slice() {
            [] => Expr::VOID,
            [one] => *one,
            _ => self.intern(Node::Union(flat.into_boxed_slice())),
        }
    }

    /// The texts in both languages.
    pub fn intersection(&mut self, a: Expr, b: Expr) -> Expr {
        if a == b {
            return a;
        }
        if a == Expr::VOID || b == Expr::VOID {
            return Expr::VOID;
        }
        self.intern(Node::Intersection(a.min(b), a.max(b)))
    }

    /// The texts of the first language that are not in the second.
    pub fn difference(&mut self, a: Expr, b: Expr) -> Expr {
        if a == b || a == Expr::VOID {
            return Expr::VOID;
        }
        if b == Expr::VOID {
            return a;
        }
        self.intern(Node::Difference(a, b))
    }

    /// What may follow `byte` in the language. Amortised one look-up.
    pub fn derive(&mut self, expr: Expr, byte: u8) -> Expr {
        if expr.0 < 2 {
            return Expr::VOID;
        }
        if let Some(&known) = self.derivatives.get(&(expr, byte)) {
            return known;
        }
        let derivative = match self.nodes[expr.0 as usize].clone() {
            Node::Void | Node::Epsilon => Expr::VOID,
            Node::Class(bytes) => {
                let holds = bytes[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1;
                if holds { Expr::EPSILON } else { Expr::VOID }
            }
            Node::Concat(a, b) => {
                let first = self.derive(a, byte);
                let first = self.concat(first, b);
                if self.nullable(a) {
                    let second = self.derive(b, byte);
                    self.or(first, second)
                } else {
                    first
                }
            }
            Node::Union(parts) => {
                let parts = parts.iter().map(|&part| self.derive(part, byte)).collect();
                self.union(parts)
            }
            // r{n,m} with an r that holds the empty text is r{0,m}, so taking one off both bounds is right for it too.
            Node::Repeat { inner, min, max } => {
                let first = self.derive(inner, byte);
                let rest = self.repeat(inner, min.saturating_sub(1), max.map(|m| m - 1));
                self.concat(first, rest)
            }
            Node::Intersection(a, b) => {
                let (a, b) = (self.derive(a, byte), self.derive(b, byte));
                self.intersection(a, b)
            }
            Node::Difference(a, b) => {
                let (a, b) = (self.derive(a, byte), self.derive(b, byte));
                self.difference(a, b)
            }
        };
        self.derivatives.insert((expr, byte), derivative);
        derivative
    }

    /// Whether the language holds no text at all: no derivative by any text is nullable. Cost: without Boolean operations
    /// nothing; else up to 256 derivatives for each derivative of the expression, once.
    pub fn is_void(&mut self, expr: Expr) -> bool {
        let facts = self.facts(expr);
        if facts.nullable || !facts.boolean {
            return expr == Expr::VOID;
        }
        if let Some(&known) = self.void.get(&expr) {
            return known;
        }
        let mut seen = FxHashSet::from_iter([expr]);
        let mut queue = VecDeque::from([expr]);
        while let Some(next) = queue.pop_front() {
            for byte in 0..=255 {
                let derivative = self.derive(next, byte);
                let known = self.void.get(&derivative).copied();
                let facts = self.facts(derivative);
                let boolean = facts.boolean && !facts.nullable;
                if known == Some(false) || (!boolean && derivative != Expr::VOID) {
                    self.void.insert(expr, false);
                    return false;
                }
                if boolean && known.is_none() && seen.insert(derivative) {
                    queue.push_back(derivative);
                }
            }
        }
        self.void.extend(seen.into_iter().map(|e| (e, true)));
        true
    }

    /// Whether the language holds a text that is not empty. Cost: up to 256 derivatives.
    pub fn extends(&mut self, expr: Expr) -> bool {
        expr.0 >= 2 && (0..=255).any(|byte| self.residual(expr, byte) != Expr::VOID)
    }

    /// [`derive`](Self::derive), with every void language as [`Expr::VOID`].
    pub fn residual(&mut self, expr: Expr, byte: u8) -> Expr {
        let derivative = self.derive(expr, byte);
        if self.is_void(derivative) { Expr::VOID } else { derivative }
    }

    fn facts(&self, expr: Expr) -> Facts {
        self.facts[expr.0 as usize]
    }

    fn range(&mut self, first: u8, last: u8) -> Expr {
        let mut bytes = [0; 4];
        for byte in first..=last {
            bytes[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        self.intern(Node::Class(bytes))
    }

    fn concat(&mut self, a: Expr, b: Expr) -> Expr {
        if a == Expr::VOID || b == Expr::VOID {
            return Expr::VOID;
        }
        // Nested to the right: (x y) b is x (y b).
        let mut heads = Vec::new();
        let mut last = a;
        while let Node::Concat(x, y) = self.nodes[last.0 as usize] {
            heads.push(x);
            last = y;
        }
        heads.push(last);
        let mut expr = b;
        for head in heads.into_iter().rev() {
            expr = match (head, expr) {
                (Expr::EPSILON, other) | (other, Expr::EPSILON) => other,
                (head, tail) => self.intern(Node::Concat(head, tail)),
            };
        }
        expr
    }

    fn repeat(&mut self, inner: Expr, min: u32, max: Option<u32>) -> Expr {
        match (min, max) {
            (_, Some(0)) => return Expr::EPSILON,
            (1, Some(1)) => return inner,
            _ => {}
        }
        if inner == Expr::EPSILON {
            return inner;
        }
        if inner == Expr::VOID {
            return if min == 0 { Expr::EPSILON } else { Expr::VOID };
        }
        let min = if self.nullable(inner) { 0 } else { min };
        self.intern(Node::Repeat { inner, min, max })
    }

    fn intern(&mut self, node: Node) -> Expr {
        if let Some(&known) = self.ids.get(&node) {
            return known;
        }
        let facts = match &node {
            Node::Void | Node::Class(_) => Facts { nullable: false, boolean: false, depth: 0 },
            Node::Epsilon => Facts { nullable: true, boolean: false, depth: 0 },
            Node::Concat(a, b) => {
                let (a, b) = (self.facts(*a), self.facts(*b));
                // The tail is derived only behind a nullable head, so a long literal is not deep.
                let tail = if a.nullable { b.depth } else { 0 };
                Facts {
                    nullable: a.nullable && b.nullable,
                    boolean: a.boolean || b.boolean,
                    depth: 1 + a.depth.max(tail),
                }
            }
            Node::Union(parts) => {
                let parts = parts.iter().map(|&part| self.facts(part));
                parts.fold(Facts { nullable: false, boolean: false, depth: 1 }, |all, part| Facts {
                    nullable: all.nullable || part.nullable,
                    boolean: all.boolean || part.boolean,
                    depth: all.depth.max(part.depth + 1),
                })
            }
            Node::Repeat { inner, min, .. } => {
                let inner = self.facts(*inner);
                Facts { nullable: *min == 0 || inner.nullable, depth: inner.depth + 1, ..inner }
            }
            Node::Intersection(a, b) => {
                let (a, b) = (self.facts(*a), self.facts(*b));
                let depth = 1 + a.depth.max(b.depth);
                Facts { nullable: a.nullable && b.nullable, boolean: true, depth }
            }
            Node::Difference(a, b) => {
                let (a, b) = (self.facts(*a), self.facts(*b));
                let depth = 1 + a.depth.max(b.depth);
                Facts { nullable: a.nullable && !b.nullable, boolean: true, depth }
            }
        };
        let id = Expr(u32::try_from(self.nodes.len()).expect("invariant: memory ends first"));
        self.nodes.push(node.clone());
        self.facts.push(facts);
        self.ids.insert(node, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> Regular {
        Regular::Hir(regex_syntax::parse(pattern).expect("test pattern"))
    }

    fn matches(expressions: &mut Expressions, expr: Expr, text: &[u8]) -> bool {
        let end = text.iter().fold(expr, |e, &b| expressions.derive(e, b));
        expressions.nullable(end)
    }

    #[test]
    fn matches_what_the_expression_says() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("ab|a", &["ab", "a"], &["", "b", "abb"]),
            ("(ab?){2,3}", &["aa", "aba", "ababab"], &["a", "abb", "aaaa"]),
            ("(a?){3}", &["", "a", "aaa"], &["aaaa", "b"]),
            ("(a*b){2,}", &["bb", "aabab", "bbb"], &["b", "bba", ""]),
            ("a{0}", &[""], &["a"]),
            ("[^a-y]", &["z", "é", "𝄞", "€"], &["a", "", "zz"]),
            ("(?i)é", &["é", "É"], &["e"]),
            (r"\d{2,}?", &["12", "123"], &["1", ""]),
        ];
        for (pattern, yes, no) in cases {
            let mut expressions = Expressions::new();
            let expr = expressions.regular(&regex(pattern)).expect("test pattern");
            for text in *yes {
                assert!(matches(&mut expressions, expr, text.as_bytes()), "{pattern} on {text}");
            }
            for text in *no {
                assert!(!matches(&mut expressions, expr, text.as_bytes()), "{pattern} on {text}");
            }
        }
    }

    #[test]
    fn boolean_operations_and_emptiness() {
        let mut expressions = Expressions::new();
        let difference = Regular::Difference(regex("[ab]+").into(), regex("a+|b+").into());
        let mixed = expressions.regular(&difference).expect("test pattern");
        assert!(matches(&mut expressions, mixed, b"ab"));
        assert!(!matches(&mut expressions, mixed, b"aa"));
        assert!(!expressions.is_void(mixed));
        let intersection = Regular::Intersection(regex("(aa)+").into(), regex("(aaa)+").into());
        let sixes = expressions.regular(&intersection).expect("test pattern");
        assert!(matches(&mut expressions, sixes, b"aaaaaa"));
        assert!(!matches(&mut expressions, sixes, b"aaaa"));
        let nothing = Regular::Difference(
            regex("(ab)*a").into(),
            Regular::Intersection(regex("a(ba)*").into(), regex("[ab]*").into()).into(),
        );
        let nothing = expressions.regular(&nothing).expect("test pattern");
        assert_ne!(nothing, Expr::VOID);
        assert!(expressions.is_void(nothing));
        assert_eq!(expressions.residual(sixes, b'b'), Expr::VOID);
    }

    #[test]
    fn long_literals_are_not_deep_and_deep_nesting_is_refused() {
        let mut expressions = Expressions::new();
        let long = Regular::literal(&[b'x'; 50_000]);
        let long = expressions.regular(&long).expect("a literal");
        assert!(matches(&mut expressions, long, &[b'x'; 50_000]));
        let options = Regular::Hir(Hir::concat(
            (0..5_000).map(|_| regex_syntax::parse("a?b?").expect("test pattern")).collect(),
        ));
        assert_eq!(expressions.regular(&options), Err(ExpressionError::TooDeep));
        assert_eq!(expressions.regular(&regex(r"a\b")), Err(ExpressionError::LookAround));
    }
}
