//! What is read off a regular expression before it becomes a terminal: its size, and whether it matches nothing, the empty
//! text, or more.
//!
//! `regex-syntax` keeps the least length of a match too, but gives none as soon as one branch matches nothing.
//!
//! Both functions recurse on the expression's depth, which is checked where expressions are built.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Parts of an expression: bytes of literals, ranges of classes, operators.
pub(super) fn size(hir: &Hir) -> usize {
    1 + match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repetition) => size(&repetition.sub),
        HirKind::Capture(capture) => size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(size).sum(),
    }
}

/// Which texts an expression matches, roughly. With neither, it matches nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    /// The empty text.
    pub(super) empty: bool,
    /// Some text that is not empty.
    pub(super) more: bool,
}

impl Extent {
    const VOID: Self = Self { empty: false, more: false };

    /// Of an expression.
    pub(super) fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self { empty: true, more: false },
            HirKind::Literal(_) => Self { empty: false, more: true },
            HirKind::Class(class) => Self { empty: false, more: !class.is_empty() },
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) => {
                let sub = Self::of(&repetition.sub);
                Self {
                    empty: repetition.min == 0 || sub.empty,
                    more: sub.more && repetition.max != Some(0),
                }
            }
            HirKind::Concat(parts) => {
                let mut whole = Self { empty: true, more: false };
                for part in parts.iter().map(Self::of) {
                    if part.is_void() {
                        return Self::VOID;
                    }
                    whole.empty &= part.empty;
                    whole.more |= part.more;
                }
                whole
            }
            HirKind::Alternation(parts) => {
                parts.iter().map(Self::of).fold(Self::VOID, |whole, part| Self {
                    empty: whole.empty | part.empty,
                    more: whole.more | part.more,
                })
            }
        }
    }

    /// Whether no text matches.
    pub(super) fn is_void(self) -> bool {
        self == Self::VOID
    }
}

#[cfg(test)]
mod tests {
    use super::Extent;

    #[test]
    fn branches_that_match_nothing_do_not_hide_the_others() {
        let extent = |pattern| {
            let Extent { empty, more } = Extent::of(&regex_syntax::parse(pattern).unwrap());
            (empty, more)
        };
        assert_eq!(extent(r"[^\s\S]|q"), (false, true));
        assert_eq!(extent(r"[^\s\S]|"), (true, false));
        assert_eq!(extent(r"[^\s\S]?x*"), (true, true));
        assert_eq!(extent(r"x[^\s\S]"), (false, false));
        assert_eq!(extent(r"(?:[^\s\S])+"), (false, false));
        assert_eq!(extent(r"(?:)*"), (true, false));
        assert_eq!(extent(r"(?:x|y?){2}"), (true, true));
        assert_eq!(extent(r"x{0}"), (true, false));
    }
}
