//! The regular language of a terminal: a regular expression over bytes, with difference and intersection on top.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir};

/// A regular language over bytes.
///
/// Expressions are `regex-syntax`'s [`Hir`] (no look-around: a front end refuses anchors and word boundaries, because a
/// lexeme has no outside); the two Boolean operations that regular expressions lack stand on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regular {
    /// The texts a regular expression matches as a whole.
    Hir(Hir),
    /// The texts of the first language that are not in the second.
    Difference(Box<Regular>, Box<Regular>),
    /// The texts that are in both languages.
    Intersection(Box<Regular>, Box<Regular>),
}

impl Regular {
    /// Exactly this text.
    pub fn literal(text: &[u8]) -> Self {
        Self::Hir(Hir::literal(text.to_vec()))
    }

    /// This text in any mix of upper and lower case. Only ASCII letters fold, as the lexers of SQL and Cypher keywords do.
    pub fn literal_ignore_case(text: &[u8]) -> Self {
        let parts = text
            .iter()
            .map(|&b| {
                if b.is_ascii_alphabetic() {
                    let (lower, upper) = (b.to_ascii_lowercase(), b.to_ascii_uppercase());
                    Hir::class(Class::Bytes(ClassBytes::new([
                        ClassBytesRange::new(upper, upper),
                        ClassBytesRange::new(lower, lower),
                    ])))
                } else {
                    Hir::literal(vec![b])
                }
            })
            .collect();
        Self::Hir(Hir::concat(parts))
    }
}
