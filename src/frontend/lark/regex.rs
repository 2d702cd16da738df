//! Regular expressions of terminals: `regex-syntax`'s dialect without what a lexeme has no use for.
//!
//! A lexeme has no outside, so anchors, word boundaries and look-around are refused. Case-insensitivity folds ASCII
//! letters only: that is what the lexers of SQL and its like do, and it keeps the Kelvin sign out of `/k/i`. As
//! `regex-syntax` folds by Unicode, the folding is done here, on the syntax tree.

use regex_syntax::{
    ast::{
        self, Ast, ClassAsciiKind, ClassBracketed, ClassSet, ClassSetItem, ClassSetRange,
        ClassSetUnion, Flag, Flags, FlagsItemKind, GroupKind, Literal, LiteralKind, RepetitionKind,
        RepetitionRange, Span,
    },
    hir::{Hir, translate::TranslatorBuilder},
};

use crate::{
    Limits,
    frontend::{measure::size, source::limit_message},
};

/// A regular expression and what bounds are checked on.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) hir: Hir,
    /// How deep operators nest: compilers of expressions recurse on it.
    pub(super) depth: usize,
    /// Its [`size`].
    pub(super) size: usize,
    /// The largest product of nested bounds of repetitions.
    pub(super) repetition: u64,
}

impl Piece {
    /// The expression of one literal or class.
    pub(super) fn leaf(hir: Hir) -> Self {
        let size = size(&hir);
        Self { hir, depth: 1, size, repetition: 1 }
    }
}

/// Why an expression is refused: the byte offset in its text, the message, whether a limit did it.
#[derive(Debug)]
pub(super) struct RegexError {
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) limit: bool,
}

fn refused<T>(span: &Span, message: impl Into<String>) -> Result<T, RegexError> {
    Err(RegexError { offset: span.start.offset, message: message.into(), limit: false })
}

/// Compiles the text between the slashes. `flags` are the letters behind them.
pub(super) fn compile(pattern: &str, flags: &str, limits: &Limits) -> Result<Piece, RegexError> {
    for flag in flags.chars() {
        let message = match flag {
            'i' | 'm' | 's' | 'u' | 'x' => continue,
            'l' => "flag `l` (locale) is not taken from Lark: matching does not depend on a locale"
                .to_string(),
            other => {
                format!("unknown flag `{other}` of a regular expression, expected i, m, s, u or x")
            }
        };
        return Err(RegexError { offset: pattern.len() + 1, message, limit: false });
    }
    let mut tree = ast::parse::ParserBuilder::new()
        .nest_limit(u32::try_from(limits.nesting).unwrap_or(u32::MAX))
        .ignore_whitespace(flags.contains('x'))
        .build()
        .parse(pattern)
        .map_err(|error| explain(&error, limits))?;
    let mut rewriting = Rewriting { depth: 0 };
    let repetition = rewriting.rewrite(&mut tree, &mut flags.contains('i'), 1)?;
    let hir = TranslatorBuilder::new()
        .utf8(false)
        .dot_matches_new_line(flags.contains('s'))
        .build()
        .translate(pattern, &tree)
        .map_err(|error| RegexError {
            offset: error.span().start.offset,
            message: format!("regular expression: {}", error.kind()),
            limit: false,
        })?;
    Ok(Piece { depth: rewriting.depth + 1, size: size(&hir), repetition, hir })
}

fn explain(error: &ast::Error, limits: &Limits) -> RegexError {
    use ast::ErrorKind;
    let mut limit = false;
    let message = match error.kind() {
        ErrorKind::NestLimitExceeded(_) => {
            limit = true;
            limit_message("nesting of a regular expression", "nesting", limits.nesting)
        }
        ErrorKind::UnsupportedBackreference => {
            "a back-reference is not regular, so it cannot stand in a terminal".to_string()
        }
        ErrorKind::UnsupportedLookAround => {
            "look-around is not supported: a lexeme has no outside; `%not_followed_by` says what must not follow, \
             `%reserve` what a terminal must not be"
                .to_string()
        }
        kind => format!("regular expression: {kind}"),
    };
    RegexError { offset: error.span().start.offset, message, limit }
}

/// One walk over the tree: refuses assertions, folds case, makes captures plain groups, and measures. Its recursion is
/// bounded by the parser's limit on nesting.
struct Rewriting {
    depth: usize,
}

impl Rewriting {
    /// Rewrites a subtree at a depth; `fold` is the state of flag `i`, which a `(?i)` changes up to the group's end.
    /// Gives the largest product of nested bounds.
    fn rewrite(
        &mut self,
        tree: &mut Ast,
        fold: &mut bool,
        depth: usize,
    ) -> Result<u64, RegexError> {
        self.depth = self.depth.max(depth);
        match tree {
            Ast::Assertion(assertion) => refused(
                &assertion.span,
                "anchors and word boundaries are not supported: a terminal matches a whole lexeme; \
                 `%not_followed_by` says what must not follow",
            ),
            Ast::Flags(set) => {
                take_fold(&mut set.flags, fold);
                Ok(1)
            }
            Ast::Literal(literal) => {
                if *fold && literal.c.is_ascii_alphabetic() {
                    let (span, item) = (literal.span, ClassSetItem::Literal((**literal).clone()));
                    let mut kind = ClassSet::Item(item);
                    fold_set(&mut kind);
                    *tree = Ast::class_bracketed(ClassBracketed { span, negated: false, kind });
                }
                Ok(1)
            }
            Ast::ClassBracketed(class) => {
                if *fold {
                    fold_set(&mut class.kind);
                }
                Ok(1)
            }
            Ast::Empty(_) | Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) => Ok(1),
            Ast::Repetition(repetition) => {
                let inner = self.rewrite(&mut repetition.ast, fold, depth + 1)?;
                let bound = match &repetition.op.kind {
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(n)
                        | RepetitionRange::AtLeast(n)
                        | RepetitionRange::Bounded(_, n),
                    ) => u64::from(*n).max(1),
                    _ => 1,
                };
                Ok(inner.saturating_mul(bound))
            }
            Ast::Group(group) => {
                let mut inner = *fold;
                match &mut group.kind {
                    GroupKind::NonCapturing(flags) => take_fold(flags, &mut inner),
                    kind => {
                        *kind =
                            GroupKind::NonCapturing(Flags { span: group.span, items: Vec::new() })
                    }
                }
                self.rewrite(&mut group.ast, &mut inner, depth + 1)
            }
            Ast::Alternation(alternation) => {
                self.rewrite_all(&mut alternation.asts, fold, depth + 1)
            }
            Ast::Concat(concat) => self.rewrite_all(&mut concat.asts, fold, depth + 1),
        }
    }

    fn rewrite_all(
        &mut self,
        trees: &mut [Ast],
        fold: &mut bool,
        depth: usize,
    ) -> Result<u64, RegexError> {
        let mut most = 1;
        for tree in trees {
            most = most.max(self.rewrite(tree, fold, depth)?);
        }
        Ok(most)
    }
}

/// Takes flag `i` out of a list of flags.
fn take_fold(flags: &mut Flags, fold: &mut bool) {
    if let Some(state) = flags.flag_state(Flag::CaseInsensitive) {
        *fold = state;
        flags.items.retain(|item| item.kind != FlagsItemKind::Flag(Flag::CaseInsensitive));
    }
}

/// Adds the other case of the ASCII letters in a class. Done on the set as written, so that `[^a]` excludes both cases.
fn fold_set(set: &mut ClassSet) {
    match set {
        ClassSet::Item(item) => fold_item(item),
        ClassSet::BinaryOp(op) => {
            fold_set(&mut op.lhs);
            fold_set(&mut op.rhs);
        }
    }
}

fn fold_item(item: &mut ClassSetItem) {
    match item {
        ClassSetItem::Literal(literal) if literal.c.is_ascii_alphabetic() => {
            let (span, other) = (literal.span, flip(literal.c));
            *item = with_range(item.clone(), span, other, other);
        }
        ClassSetItem::Range(range) => {
            let (span, low, high) = (range.span, range.start.c, range.end.c);
            for (first, last) in [('A', 'Z'), ('a', 'z')] {
                let (from, to) = (low.max(first), high.min(last));
                if from <= to {
                    *item = with_range(item.clone(), span, flip(from), flip(to));
                }
            }
        }
        ClassSetItem::Ascii(class)
            if matches!(class.kind, ClassAsciiKind::Lower | ClassAsciiKind::Upper) =>
        {
            class.kind = ClassAsciiKind::Alpha;
        }
        ClassSetItem::Bracketed(class) => fold_set(&mut class.kind),
        ClassSetItem::Union(union) => union.items.iter_mut().for_each(fold_item),
        _ => {}
    }
}

/// An ASCII letter in its other case.
fn flip(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

fn with_range(item: ClassSetItem, span: Span, from: char, to: char) -> ClassSetItem {
    let end = |c| Literal { span, kind: LiteralKind::Verbatim, c };
    let range = ClassSetItem::Range(ClassSetRange { span, start: end(from), end: end(to) });
    ClassSetItem::Union(ClassSetUnion { span, items: vec![item, range] })
}

#[cfg(test)]
mod tests {
    use regex_automata::{
        Anchored, Input,
        dfa::{Automaton, dense},
    };

    use super::*;

    fn matches(pattern: &str, flags: &str, text: &str) -> bool {
        let piece = compile(pattern, flags, &Limits::default()).expect(pattern);
        let nfa = regex_automata::nfa::thompson::Compiler::new()
            .configure(regex_automata::nfa::thompson::Config::new().utf8(false))
            .build_from_hir(&piece.hir)
            .unwrap();
        let config = dense::Config::new().match_kind(regex_automata::MatchKind::All);
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).unwrap();
        let end = dfa.try_search_fwd(&Input::new(text).anchored(Anchored::Yes)).unwrap();
        end.is_some_and(|m| m.offset() == text.len())
    }

    #[test]
    fn only_ascii_letters_fold() {
        assert!(matches("kelvin", "i", "KeLVIN"));
        assert!(!matches("k", "i", "\u{212A}"));
        assert!(!matches("[k-l]", "i", "\u{212A}"));
        assert!(!matches("s", "i", "\u{17F}"));
        assert!(!matches("é", "i", "É"));
    }

    #[test]
    fn classes_fold_before_they_are_negated() {
        for upper in ["A", "B", "Z"] {
            assert!(matches("[a-bz]", "i", upper), "{upper}");
            assert!(!matches("[^a-bz]", "i", upper), "{upper}");
        }
        assert!(matches("[^a-bz]", "i", "C"));
        assert!(matches("[[:upper:]]", "i", "q"));
        assert!(
            !matches("[W-b]", "i", "c") && matches("[W-b]", "i", "w") && matches("[W-b]", "i", "B")
        );
        assert!(matches("[a-z&&[^b]]", "i", "C") && !matches("[a-z&&[^b]]", "i", "B"));
    }

    #[test]
    fn inline_flags_reach_to_the_end_of_their_group() {
        assert!(matches("a(?i)b", "", "aB") && !matches("a(?i)b", "", "AB"));
        assert!(matches("(?:(?i)a)b", "", "Ab") && !matches("(?:(?i)a)b", "", "AB"));
        assert!(matches("(?i:a)b", "", "Ab") && !matches("(?i:a)b", "", "aB"));
        assert!(matches("(?-i:a)b", "i", "aB") && !matches("(?-i:a)b", "i", "AB"));
        assert!(matches("a(?i)b|c", "", "C"));
    }

    #[test]
    fn flags_and_escapes() {
        assert!(!matches(".", "", "\n") && matches(".", "s", "\n") && matches(".", "", "é"));
        assert!(matches("a b # c", "x", "ab"));
        assert!(matches(r"a\/b", "", "a/b"));
        assert!(matches(r"\x41\u00e9", "", "Aé"));
        assert!(matches("(a)(b)?", "", "ab"));
    }

    #[test]
    fn what_is_refused_and_where() {
        let refuse =
            |pattern: &str, flags: &str| compile(pattern, flags, &Limits::default()).unwrap_err();
        for (pattern, flags, offset, part) in [
            ("ab$", "", 2, "anchors"),
            (r"a\b", "", 1, "anchors"),
            ("x(?=y)", "", 1, "look-around"),
            (r"(a)\1", "", 3, "back-reference"),
            ("a", "l", 2, "locale"),
            ("a", "g", 2, "unknown flag"),
            ("[b-a]", "", 1, "range"),
            ("a{5,0}", "", 1, "repetition"),
        ] {
            let error = refuse(pattern, flags);
            assert!(error.message.contains(part), "{pattern}: {}", error.message);
            assert_eq!(error.offset, offset, "{pattern}");
            assert!(!error.limit);
        }
        assert!(refuse(&format!("{}{}", "(".repeat(200), ")".repeat(200)), "").limit);
    }
}
