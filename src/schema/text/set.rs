//! Sets of texts.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    assemble::{Assembly, Plain, Segment},
    chars::Op,
    determinise::determinise,
    error::TextError,
    parse::parse,
    piece::{Language, Piece},
    program::program,
};
use crate::Limits;

/// A set of texts: finitely many, and those of some pieces, none of which contains one of the former.
///
/// At most one piece's automaton is without bounds, and free pieces have no length in common; but a set can be written in
/// several ways, so that unequal values may be equal sets. Emptiness and fullness are exact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextSet {
    pub(super) strings: Arc<[Box<str>]>,
    pub(super) pieces: Arc<[Piece]>,
}

/// From so many repetitions on, the characters are counted and not written out as states.
const COUNTED: u32 = 33;
/// The longest text that is constructed as an example.
#[cfg(test)]
const EXAMPLE: u32 = 1 << 20;

impl TextSet {
    /// All texts.
    pub(crate) fn all() -> Self {
        Self::length(0, None)
    }

    /// No text.
    pub(crate) fn none() -> Self {
        Self { strings: Arc::new([]), pieces: Arc::new([]) }
    }

    /// Exactly these texts.
    pub(crate) fn from_strings<S: Into<Box<str>>>(strings: impl IntoIterator<Item = S>) -> Self {
        let mut strings: Vec<Box<str>> = strings.into_iter().map(Into::into).collect();
        strings.sort_unstable();
        strings.dedup();
        Self { strings: strings.into(), pieces: Arc::new([]) }
    }

    /// The texts of at least `min` and at most `max` characters.
    pub(crate) fn length(min: u32, max: Option<u32>) -> Self {
        if max.is_some_and(|max| max < min) {
            return Self::none();
        }
        if max == Some(0) {
            return Self::from_strings([""]);
        }
        let language = Language::Free { except: Arc::new([]) };
        Self { strings: Arc::new([]), pieces: Arc::new([Piece { language, min, max }]) }
    }

    /// The texts in which a regular expression of ECMA-262 finds something.
    ///
    /// # Errors
    /// It is none; it has a construct that is not supported; its automaton would be larger than the limits allow.
    pub(crate) fn pattern(pattern: &str, limits: &Limits) -> Result<Self, TextError> {
        let mut syntax = parse(pattern, limits)?;
        let (min, max) = syntax.counted(COUNTED);
        if max.is_some_and(|max| max < min) {
            return Ok(Self::none());
        }
        let chars = determinise(&program(syntax, limits)?, limits)?;
        let plain = Plain::new(chars, limits)?;
        Assembly { segments: vec![Segment { min, max, plain }], ..Assembly::default() }.set(limits)
    }

    /// The texts of a format; `None` if its name is not known.
    #[cfg(test)]
    pub(crate) fn format(name: &str) -> Option<Self> {
        super::format::format(name)
    }

    /// Texts of either set.
    ///
    /// # Errors
    /// An automaton would be larger than the limits allow; so with the other operations.
    pub(crate) fn union(&self, other: &Self, limits: &Limits) -> Result<Self, TextError> {
        if self.is_empty() || other.is_all() || self == other {
            return Ok(other.clone());
        }
        if other.is_empty() || self.is_all() {
            return Ok(self.clone());
        }
        if self.pieces.is_empty() && other.pieces.is_empty() {
            return Ok(Self::from_strings(self.strings.iter().chain(&*other.strings).cloned()));
        }
        self.combine(other, Op::Or, limits)
    }

    /// Texts of both sets.
    pub(crate) fn intersect(&self, other: &Self, limits: &Limits) -> Result<Self, TextError> {
        if self.is_empty() || other.is_all() || self == other {
            return Ok(self.clone());
        }
        if other.is_empty() || self.is_all() {
            return Ok(other.clone());
        }
        let (finite, all) = if self.pieces.is_empty() { (self, other) } else { (other, self) };
        if finite.pieces.is_empty() {
            return Ok(finite.filter(|text| all.contains(text)));
        }
        self.combine(other, Op::And, limits)
    }

    /// Texts of this set that are not in the other one.
    pub(crate) fn without(&self, other: &Self, limits: &Limits) -> Result<Self, TextError> {
        if self.is_empty() || other.is_all() || self == other {
            return Ok(Self::none());
        }
        if other.is_empty() {
            return Ok(self.clone());
        }
        if self.pieces.is_empty() {
            return Ok(self.filter(|text| !other.contains(text)));
        }
        self.combine(other, Op::Without, limits)
    }

    /// All other texts.
    #[cfg(test)]
    pub(crate) fn complement(&self, limits: &Limits) -> Result<Self, TextError> {
        Self::all().without(self, limits)
    }

    /// Whether there is no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.strings.is_empty() && self.pieces.is_empty()
    }

    /// Whether it is all texts.
    pub(crate) fn is_all(&self) -> bool {
        match &*self.pieces {
            [Piece { language: Language::Free { except }, min: 0, max: None }] => except.is_empty(),
            _ => false,
        }
    }

    /// Whether a text is in the set. O(text x pieces).
    pub(crate) fn contains(&self, text: &str) -> bool {
        if self.strings.binary_search_by(|other| (**other).cmp(text)).is_ok() {
            return true;
        }
        if self.pieces.is_empty() {
            return false;
        }
        let length = text.chars().count() as u64;
        self.pieces.iter().any(|piece| piece.contains(text, length))
    }

    /// Whether the sets have no text in common.
    #[cfg(test)]
    pub(crate) fn is_disjoint(&self, other: &Self, limits: &Limits) -> Result<bool, TextError> {
        Ok(self.intersect(other, limits)?.is_empty())
    }

    /// Whether all texts are in the other set, too.
    #[cfg(test)]
    pub(crate) fn is_subset(&self, other: &Self, limits: &Limits) -> Result<bool, TextError> {
        Ok(self.without(other, limits)?.is_empty())
    }

    /// A shortest text; `None` if there is none (or none of up to a million characters).
    #[cfg(test)]
    pub(crate) fn shortest(&self) -> Option<String> {
        let strings = self.strings.iter().map(|text| text.to_string());
        let pieces = self.pieces.iter().filter_map(|piece| piece.shortest(EXAMPLE));
        strings.chain(pieces).min_by_key(|text| text.chars().count())
    }

    /// All texts, if they are listed.
    pub(crate) fn finite(&self) -> Option<&[Box<str>]> {
        self.pieces.is_empty().then_some(&*self.strings)
    }

    /// The listed texts, sorted; none is in a piece.
    pub(crate) fn strings(&self) -> &[Box<str>] {
        &self.strings
    }

    /// The pieces.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        let strings = self.strings.iter().filter(|text| keep(text)).cloned().collect();
        Self { strings, pieces: Arc::new([]) }
    }

    /// Cuts the lengths where a piece of either set begins or ends, combines what covers each interval as if no text were
    /// listed or excepted, and puts those texts right afterwards.
    fn combine(&self, other: &Self, op: Op, limits: &Limits) -> Result<Self, TextError> {
        let both = || self.pieces.iter().chain(&*other.pieces);
        let ends = both().filter_map(|piece| piece.max?.checked_add(1));
        let mut cuts: Vec<u32> = both().map(|piece| piece.min).chain(ends).chain([0]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let covering = |set: &Self, length: u32| -> Vec<usize> {
            let covers = |i: &usize| set.pieces[*i].has_length(u64::from(length));
            (0..set.pieces.len()).filter(covers).collect()
        };
        let mut known: BTreeMap<(Vec<usize>, Vec<usize>), Plain> = BTreeMap::new();
        let mut segments = Vec::with_capacity(cuts.len());
        for (i, &min) in cuts.iter().enumerate() {
            let max = cuts.get(i + 1).map(|next| next - 1);
            let key = (covering(self, min), covering(other, min));
            let plain = match known.get(&key) {
                Some(plain) => plain.clone(),
                None => {
                    let a = self.plain(&key.0, limits)?;
                    let b = other.plain(&key.1, limits)?;
                    let plain = a.combine(&b, op, limits)?;
                    known.insert(key, plain.clone());
                    plain
                }
            };
            segments.push(Segment { min, max, plain });
        }
        let excepted = both().flat_map(|piece| match &piece.language {
            Language::Free { except } => &**except,
            Language::Automaton(_) => &[],
        });
        let mut listed: Vec<&Box<str>> =
            self.strings.iter().chain(&*other.strings).chain(excepted).collect();
        listed.sort_unstable();
        listed.dedup();
        let mut assembly = Assembly { segments, ..Assembly::default() };
        for text in listed {
            let wanted = op.of(self.contains(text), other.contains(text));
            match (wanted, assembly.contains(text)) {
                (true, false) => assembly.added.push(text.clone()),
                (false, true) => assembly.removed.push(text.clone()),
                _ => {}
            }
        }
        assembly.set(limits)
    }

    /// What these pieces cover together, exceptions aside.
    fn plain(&self, pieces: &[usize], limits: &Limits) -> Result<Plain, TextError> {
        let mut all = Plain::None;
        for &piece in pieces {
            let one = match &self.pieces[piece].language {
                Language::Free { .. } => Plain::All,
                Language::Automaton(dfa) => Plain::Some(Arc::clone(dfa)),
            };
            all = all.combine(&one, Op::Or, limits)?;
        }
        Ok(all)
    }
}
