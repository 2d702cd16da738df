//! Languages of decoded texts, read through their JSON spelling.

use std::sync::Arc;

use regex_syntax::utf8::{Utf8Range, Utf8Sequences};

use super::{
    distinct::completions,
    spelling::{Spelled, Spelling},
    words::Words,
};
use crate::{
    bitset::BitSet,
    schema::text::{Piece, TextDfa},
};

/// Characters of an escape that are looked at one by one; there are more texts than items that were read then.
const MANY: usize = 1 << 12;

/// The state of [`Language::Free`] after a text that begins no excepted word.
const OFF: u32 = u32::MAX;

/// A language of texts in the form in which it is read.
#[derive(Debug)]
pub(crate) enum Language {
    /// These words.
    Words(Words),
    /// Any text of so many characters, but not these words.
    Free {
        /// The words.
        except: Words,
        /// Characters at least.
        min: u32,
        /// Characters at most.
        max: Option<u32>,
    },
    /// The texts of an automaton, of so many characters.
    Automaton(Piece, Arc<TextDfa>),
}

/// Where a reader is in a text: the language's state, the place in the spelling, and the complete characters read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Place {
    pub(crate) at: u32,
    pub(crate) spelling: Spelling,
    pub(crate) read: u32,
}

/// What a byte of a JSON string does to a [`Place`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// No text of the language goes on so.
    Dead,
    /// Inside the string.
    Inside(Place),
    /// The closing quote, after a text of the language.
    End,
}

/// A language as it is looked at.
#[derive(Clone, Copy, Debug)]
enum Shape<'a> {
    Words(&'a Words),
    Free { except: &'a Words, min: u32, max: Option<u32> },
    Automaton(&'a Piece, &'a Arc<TextDfa>),
}

/// A way to look at a language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    shape: Shape<'a>,
    /// For words, those that are allowed.
    allowed: Option<&'a BitSet>,
    /// Whether lengths count.
    bounded: bool,
}

impl<'a> View<'a> {
    /// The whole language.
    pub(crate) fn all(language: &'a Language) -> Self {
        let shape = match language {
            Language::Words(words) => Shape::Words(words),
            Language::Free { except, min, max } => Shape::Free { except, min: *min, max: *max },
            Language::Automaton(piece, dfa) => Shape::Automaton(piece, dfa),
        };
        Self { shape, allowed: None, bounded: true }
    }

    /// All of these words.
    pub(crate) fn words(words: &'a Words) -> Self {
        Self { shape: Shape::Words(words), allowed: None, bounded: true }
    }

    /// Some of these words.
    pub(crate) fn some(words: &'a Words, allowed: &'a BitSet) -> Self {
        Self { shape: Shape::Words(words), allowed: Some(allowed), bounded: true }
    }

    /// Of a language of words only some.
    pub(crate) fn only(self, allowed: &'a BitSet) -> Self {
        Self { allowed: Some(allowed), ..self }
    }

    /// The language without its bounds on the length.
    pub(crate) fn unbounded(self) -> Self {
        Self { bounded: false, ..self }
    }

    /// The words that a free text must not be.
    pub(crate) fn except(self) -> Option<&'a Words> {
        match self.shape {
            Shape::Free { except, .. } => Some(except),
            _ => None,
        }
    }

    /// The automaton, if it is a language of one.
    pub(crate) fn automaton(self) -> Option<&'a Arc<TextDfa>> {
        match self.shape {
            Shape::Automaton(_, dfa) => Some(dfa),
            _ => None,
        }
    }

    /// Whether it is a language of free texts.
    pub(crate) fn is_free(self) -> bool {
        matches!(self.shape, Shape::Free { .. })
    }

    /// The least and the greatest number of characters, where that is not a matter of the words.
    pub(crate) fn bounds(self) -> (u32, Option<u32>) {
        match self.shape {
            Shape::Words(_) => (0, None),
            Shape::Free { min, max, .. } => (min, max),
            Shape::Automaton(piece, _) => (piece.min, piece.max),
        }
    }

    /// The words, if it is a language of words.
    pub(crate) fn as_words(self) -> Option<&'a Words> {
        match self.shape {
            Shape::Words(words) => Some(words),
            _ => None,
        }
    }

    /// Where reading begins, after the opening quote.
    pub(crate) fn start(&self) -> Option<Place> {
        let at = match self.shape {
            Shape::Words(_) => 0,
            Shape::Free { except, .. } if except.words().is_empty() => OFF,
            Shape::Free { .. } => 0,
            Shape::Automaton(_, dfa) => dfa.start(),
        };
        let place = Place { at, spelling: Spelling::BETWEEN, read: 0 };
        match self.shape {
            Shape::Words(words) => self.has_allowed(words, 0).then_some(place),
            _ => self.fits(place).then_some(place),
        }
    }

    /// Reads one byte. O(1), but for escapes (a look at the characters that they can become).
    #[inline]
    pub(crate) fn read(&self, place: Place, byte: u8) -> Step {
        let Place { at, spelling, read } = place;
        match spelling.read(byte) {
            Spelled::Nothing => Step::Dead,
            Spelled::Raw(spelling) => match self.feed(at, byte) {
                None => Step::Dead,
                Some(at) => {
                    let read = if spelling.is_between() { self.count(read) } else { read };
                    self.keep(Place { at, spelling, read })
                }
            },
            Spelled::Part(spelling) => {
                let ranges = spelling.escape_ranges().unwrap_or_default();
                let possible = ranges.iter().any(|&(low, high)| self.can_read(place, low, high));
                if possible { Step::Inside(Place { spelling, ..place }) } else { Step::Dead }
            }
            Spelled::Escaped(c) => match self.feed_char(at, c) {
                None => Step::Dead,
                Some(at) => {
                    let read = self.count(read);
                    self.keep(Place { at, spelling: Spelling::BETWEEN, read })
                }
            },
            Spelled::Quote if self.may_end(place) => Step::End,
            Spelled::Quote => Step::Dead,
        }
    }

    /// One character more, as far as it matters.
    #[inline]
    fn count(&self, read: u32) -> u32 {
        match self.bounds() {
            (min, None) if self.bounded => (read + 1).min(min),
            _ => read + 1,
        }
    }

    #[inline]
    fn keep(&self, place: Place) -> Step {
        if self.fits(place) { Step::Inside(place) } else { Step::Dead }
    }

    /// The state after one byte of a decoded text.
    #[inline]
    fn feed(&self, at: u32, byte: u8) -> Option<u32> {
        match self.shape {
            Shape::Words(words) => {
                words.child(at, byte).filter(|node| self.has_allowed(words, *node))
            }
            Shape::Free { .. } if at == OFF => Some(OFF),
            Shape::Free { except, .. } => Some(except.child(at, byte).unwrap_or(OFF)),
            Shape::Automaton(_, dfa) => Some(dfa.next(at, byte)).filter(|state| *state != 0),
        }
    }

    fn feed_char(&self, at: u32, c: char) -> Option<u32> {
        c.encode_utf8(&mut [0; 4]).bytes().try_fold(at, |at, byte| self.feed(at, byte))
    }

    fn has_allowed(&self, words: &Words, node: u32) -> bool {
        let mut range = words.range(node);
        match self.allowed {
            None => !range.is_empty(),
            Some(allowed) => range.any(|word| allowed.contains(word as usize)),
        }
    }

    /// Whether the text can still become one of the language; `at` is not dead.
    #[inline]
    fn fits(&self, place: Place) -> bool {
        match self.shape {
            _ if !self.bounded => true,
            Shape::Words(_) | Shape::Free { max: None, .. } => true,
            Shape::Free { except, max: Some(max), .. } => {
                let begun = u32::from(!place.spelling.is_between());
                let excepted = || place.at != OFF && except.word(place.at).is_some();
                place.read + begun < max
                    || (place.read + begun == max && (begun == 1 || !excepted()))
            }
            Shape::Automaton(piece, _) => piece.viable(place.at, place.read),
        }
    }

    /// Whether the text read so far is one of the language.
    #[inline]
    pub(crate) fn may_end(&self, place: Place) -> bool {
        if !place.spelling.is_between() {
            return false;
        }
        match self.shape {
            Shape::Words(words) => words
                .word(place.at)
                .is_some_and(|word| self.allowed.is_none_or(|all| all.contains(word as usize))),
            Shape::Free { except, min, max } => {
                let long_enough = min <= place.read && max.is_none_or(|max| place.read <= max);
                (long_enough || !self.bounded)
                    && (place.at == OFF || except.word(place.at).is_none())
            }
            Shape::Automaton(piece, _) if self.bounded => piece.accepts(place.at, place.read),
            Shape::Automaton(_, dfa) => dfa.accepts(place.at),
        }
    }

    /// As [`read`](Self::read), the words that a free text must not be included.
    pub(crate) fn read_all(&self, place: Place, byte: u8) -> Step {
        match self.shape {
            Shape::Free { max, .. } if !self.bounded || max.is_none_or(|max| place.read < max) => {
                // Only at the greatest length do those words matter before the closing quote.
                let bounded = Self { bounded: false, ..*self };
                bounded.read(place, byte)
            }
            _ => self.read(place, byte),
        }
    }

    /// Whether a text of another language can become more texts than this language's words that go on here.
    pub(crate) fn leaves(self, word: Place, view: View<'_>, place: Place) -> bool {
        let Shape::Words(words) = self.shape else { return true };
        let count = words.range(word.at).len();
        match view.shape {
            Shape::Free { max: None, .. } => true,
            Shape::Free { max: Some(max), .. } if place.read < max => true,
            _ if completions(view, place, count + 1) > count => true,
            _ => {
                // Not all of them need be texts of that language, or come of an escape that has been begun.
                let begun = words.depth(word.at);
                let taken = words.range(word.at).filter(|word| {
                    view.takes(place, &words.words()[*word as usize].as_bytes()[begun..])
                });
                let taken = taken.count();
                completions(view, place, taken + 1) > taken
            }
        }
    }

    /// The word that has been read.
    pub(crate) fn word(&self, place: Place) -> Option<u32> {
        match self.shape {
            Shape::Words(words) => words.word(place.at),
            _ => None,
        }
    }

    /// Whether some character of a range of code points can come next.
    fn can_read(&self, place: Place, low: u32, high: u32) -> bool {
        if low > high {
            return false;
        }
        if (low, high) == (0, 0x10_ffff) {
            let after = |at: u32| Place { at, spelling: Spelling::BETWEEN, read: place.read + 1 };
            match self.shape {
                Shape::Words(words) => {
                    return words.children(place.at).any(|child| self.has_allowed(words, child));
                }
                Shape::Automaton(_, dfa) => {
                    let next = dfa.row(place.at).iter();
                    return next.copied().any(|at| at != 0 && self.fits(after(at)));
                }
                Shape::Free { .. } => {}
            }
        }
        if let Shape::Free { except, max, .. } = self.shape {
            let max = max.filter(|_| self.bounded);
            let left = max.map_or(u32::MAX, |max| max.saturating_sub(place.read));
            let words = if place.at == OFF { 0 } else { except.range(place.at).len() as u32 };
            // More characters than excepted words: one of them is free.
            if left != 1 || high - low >= words {
                return left > 0;
            }
        }
        if self.bounded && self.bounds().1.is_some_and(|max| place.read >= max) {
            return false;
        }
        // Surrogates are no characters; the sequences leave them out.
        let first = char::from_u32(low).unwrap_or('\u{e000}');
        let last = char::from_u32(high).unwrap_or('\u{d7ff}');
        let after = Place { spelling: Spelling::BETWEEN, read: place.read + 1, ..place };
        Utf8Sequences::new(first, last).any(|sequence| self.can_feed(after, sequence.as_slice()))
    }

    /// Whether some bytes of these ranges lead on. Recurses at most four deep.
    fn can_feed(&self, after: Place, ranges: &[Utf8Range]) -> bool {
        let Some((range, rest)) = ranges.split_first() else { return self.fits(after) };
        let before =
            Place { spelling: Spelling::BEGUN, read: after.read.saturating_sub(1), ..after };
        let on = |byte: u8| {
            self.feed(after.at, byte).is_some_and(|at| {
                // A begun character that leads nowhere need not be completed in all ways.
                let begun = rest.is_empty() || self.fits(Place { at, ..before });
                begun && self.can_feed(Place { at, ..after }, rest)
            })
        };
        match self.shape {
            Shape::Words(words) => words.children(after.at).any(|child| {
                let byte = words.byte(child);
                range.matches(byte) && on(byte)
            }),
            _ => (range.start..=range.end).any(on),
        }
    }

    /// The bytes that may come next, if they are few: those of words.
    pub(crate) fn few(&self, place: Place, mut each: impl FnMut(u8)) -> bool {
        let Shape::Words(words) = self.shape else { return false };
        if !(place.spelling.is_between() || place.spelling.is_raw()) {
            return false;
        }
        for child in words.children(place.at) {
            let byte = words.byte(child);
            if !matches!(byte, 0..=0x1f | b'"' | b'\\') {
                each(byte);
            }
        }
        if place.spelling.is_between() {
            each(b'\\');
            each(b'"');
        }
        true
    }

    /// Whether the rest of a decoded text, from a place on, makes one of the language.
    pub(super) fn takes(&self, place: Place, rest: &[u8]) -> bool {
        if let Some(ranges) = place.spelling.escape_ranges() {
            let first = rest.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            let comes =
                |c: char| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c.into()));
            if !first.is_some_and(comes) {
                return false;
            }
        }
        // Of a raw character that has been begun only the end is left.
        let begins = rest.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32;
        let read = place.read + begins + u32::from(place.spelling.is_raw());
        let end = rest.iter().try_fold(place.at, |at, byte| self.feed(at, *byte));
        end.is_some_and(|at| self.may_end(Place { at, spelling: Spelling::BETWEEN, read }))
    }

    /// The places after one more byte of the decoded text, each as often as there are such bytes. Inside an escape that has
    /// been begun: after all characters that it can become.
    pub(super) fn decoded(self, place: Place) -> Vec<Place> {
        let mut after = Vec::new();
        if let Some(ranges) = place.spelling.escape_ranges() {
            for (low, high) in ranges {
                let chars = (low..=high).filter_map(char::from_u32).take(MANY);
                for at in chars.filter_map(|c| self.feed_char(place.at, c)) {
                    let read = self.count(place.read);
                    after.push(Place { at, spelling: Spelling::BETWEEN, read });
                }
            }
        } else {
            for byte in 0..=255u8 {
                // Quotes, backslashes and control characters are texts as well, if spelled by escapes.
                let spelling = match place.spelling.read(byte) {
                    Spelled::Raw(spelling) => spelling,
                    Spelled::Nothing if !(place.spelling.is_between() && byte < 0x20) => continue,
                    _ => Spelling::BETWEEN,
                };
                let read = if spelling.is_between() { self.count(place.read) } else { place.read };
                after.extend(self.feed(place.at, byte).map(|at| Place { at, spelling, read }));
            }
        }
        after.retain(|place| self.fits(*place));
        after
    }

    /// Whether a text that has been begun in this place can be completed; for places that [`read`](Self::read) did not make.
    pub(crate) fn holds(&self, place: Place) -> bool {
        match place.spelling.escape_ranges() {
            Some(ranges) => ranges.iter().any(|&(low, high)| self.can_read(place, low, high)),
            None => self.fits(place),
        }
    }
}

impl Place {
    /// Between two characters of a free text that is no beginning of an excepted word.
    pub(crate) fn free(read: u32) -> Self {
        Self { at: OFF, spelling: Spelling::BETWEEN, read }
    }

    /// A place that is as good as this one in a free text: only its length counts.
    pub(crate) fn blurred(self) -> Self {
        let spelling = if self.spelling.is_between() { self.spelling } else { Spelling::BEGUN };
        Self { at: OFF, spelling, ..self }
    }

    /// Whether no excepted word can come of a free text.
    pub(crate) fn is_free(self) -> bool {
        self.at == OFF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(view: View<'_>, text: &str) -> Option<bool> {
        let mut place = view.start()?;
        for byte in text.bytes() {
            match view.read(place, byte) {
                Step::Dead => return None,
                Step::Inside(next) => place = next,
                Step::End => return Some(true),
            }
        }
        Some(false)
    }

    #[test]
    fn words_are_read_in_any_spelling_and_only_as_far_as_they_are_allowed() {
        let language = Language::Words(Words::new(["ab", "aé", "b\""].map(Box::from).to_vec()));
        let view = View::all(&language);
        for text in ["ab\"", r#"\u0061b""#, "aé\"", r#"a\u00e9""#, r#"b\"""#, r#"b\u0022""#] {
            assert_eq!(reads(view, text), Some(true), "{text}");
        }
        assert_eq!(reads(view, r"\u006"), Some(false));
        for text in [r"\u007", r"\u1", "c", r"a\n", "a\"", r"ab\"] {
            assert_eq!(reads(view, text), None, "{text}");
        }
        let Language::Words(words) = &language else { unreachable!() };
        let mut only = BitSet::new(3);
        only.insert(2);
        let view = View::some(words, &only);
        assert_eq!((reads(view, "a"), reads(view, "b")), (None, Some(false)));
    }

    #[test]
    fn free_texts_count_characters_and_avoid_words() {
        let except = Words::new(["ab", "b"].map(Box::from).to_vec());
        let language = Language::Free { except, min: 1, max: Some(2) };
        let view = View::all(&language);
        for text in ["a\"", "ac\"", "éé\"", r#"\ud83d\ude00x""#, "bb\""] {
            assert_eq!(reads(view, text), Some(true), "{text}");
        }
        for text in ["\"", "b\"", "ab", r"a\u0062", "abc", "ééé", r"éé\"] {
            assert_eq!(reads(view, text), None, "{text}");
        }
        assert_eq!(reads(view, r"a\u006"), Some(false));
    }
}
