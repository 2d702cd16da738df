//! A regular language of texts with bounds on the number of characters.

use std::sync::Arc;

use super::{TextDfa, chars::DEAD};

/// Which texts, whatever their length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// All but these, which are sorted.
    Free {
        /// Texts of the piece's lengths, none of its greatest length: so any beginning that is short enough can be completed.
        except: Arc<[Box<str>]>,
    },
    /// Those of an automaton.
    Automaton(Arc<TextDfa>),
}

/// The texts of a language that have at least `min` and at most `max` characters (code points). Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Piece {
    /// Which texts.
    pub(crate) language: Language,
    /// The fewest characters.
    pub(crate) min: u32,
    /// The most characters; `None`: any number.
    pub(crate) max: Option<u32>,
}

impl Piece {
    /// Whether the number of characters matters: if not, the automaton alone decides.
    pub(crate) fn is_counted(&self) -> bool {
        self.min > 0 || self.max.is_some()
    }

    /// Whether a text that is in `state` after `read` complete characters can still become one of the piece's. Exact, inside
    /// a character too: the current one then counts as one more, and where it may end is considered. For a free language the
    /// state does not matter, but a number other than 0 says that a character is incomplete. O(states a character can end in
    /// x known lengths / 64).
    pub(crate) fn viable(&self, state: u32, read: u32) -> bool {
        let Language::Automaton(dfa) = &self.language else {
            let read = u64::from(read) + u64::from(state != 0);
            return self.max.is_none_or(|max| read <= u64::from(max));
        };
        if state == DEAD {
            return false;
        }
        if !self.is_counted() {
            return true;
        }
        match dfa.ends(state) {
            None => self.completable(dfa, state, u64::from(read)),
            Some(ends) => {
                ends.iter().any(|state| self.completable(dfa, *state, u64::from(read) + 1))
            }
        }
    }

    fn completable(&self, dfa: &TextDfa, state: u32, read: u64) -> bool {
        let max = self.max.map(u64::from);
        if max.is_some_and(|max| read > max) {
            return false;
        }
        let more = dfa.lengths().at_least(state, u64::from(self.min).saturating_sub(read));
        more.is_some_and(|more| max.is_none_or(|max| more <= max - read))
    }

    /// Whether a text that ends in `state` (between characters) after `read` characters is one of the piece's; of a free
    /// language's exceptions it knows nothing.
    pub(crate) fn accepts(&self, state: u32, read: u32) -> bool {
        self.has_length(u64::from(read))
            && match &self.language {
                Language::Free { .. } => state == 0,
                Language::Automaton(dfa) => dfa.accepts(state),
            }
    }

    /// Whether its texts may have so many characters.
    pub(super) fn has_length(&self, length: u64) -> bool {
        length >= u64::from(self.min) && self.max.is_none_or(|max| length <= u64::from(max))
    }

    /// Whether a text of so many characters is one of the piece's.
    pub(super) fn contains(&self, text: &str, length: u64) -> bool {
        self.has_length(length)
            && match &self.language {
                Language::Free { except } => {
                    except.binary_search_by(|other| (**other).cmp(text)).is_err()
                }
                Language::Automaton(dfa) => dfa.contains(text),
            }
    }

    /// All texts of an automaton's piece, sorted, if they are at most `most` with at most `characters` in all (so counted that
    /// a long text costs more); `None` for a free piece.
    pub(super) fn texts(&self, most: usize, characters: usize) -> Option<Vec<Box<str>>> {
        let Language::Automaton(dfa) = &self.language else { return None };
        let chars = dfa.chars();
        let mut found = Vec::new();
        // Depth first. Every step belongs to some text: a round trip, and a large class, run into the bound.
        let mut left = characters;
        let mut work = vec![(chars.start(), 0, String::new())];
        while let Some((state, read, text)) = work.pop() {
            if !self.viable(state, read) {
                continue;
            }
            left = left.checked_sub(text.len() / 16 + 1)?;
            if self.accepts(state, read) {
                if found.len() == most {
                    return None;
                }
                found.push(text.clone().into_boxed_str());
            }
            let row = chars.row(state);
            for (low, high, class) in chars.partition.ranges() {
                if !self.viable(row[class], read + 1) {
                    continue;
                }
                for c in (low..=high).filter_map(char::from_u32) {
                    if work.len() > left {
                        return None;
                    }
                    let mut text = text.clone();
                    text.push(c);
                    work.push((row[class], read + 1, text));
                }
            }
        }
        found.sort_unstable();
        Some(found)
    }

    /// A shortest text, and of those the first in the order of code points (of a free language: of letters first); `None`
    /// if it has more characters than `most`.
    #[cfg(test)]
    pub(super) fn shortest(&self, most: u32) -> Option<String> {
        match &self.language {
            Language::Free { except } => {
                let is_free = |text: &String| !except.iter().any(|other| **other == **text);
                if self.min == 0 && is_free(&String::new()) {
                    return Some(String::new());
                }
                let length = self.min.max(1);
                if length > most {
                    return None;
                }
                let beginning = "a".repeat(length as usize - 1);
                let letters = ('a'..=char::MAX).chain('\0'..'a');
                letters.map(|c| format!("{beginning}{c}")).find(is_free)
            }
            Language::Automaton(dfa) => {
                let (chars, lengths) = (dfa.chars(), dfa.lengths());
                let mut state = chars.start();
                let mut left = lengths.at_least(state, u64::from(self.min))?;
                if left > u64::from(most) {
                    return None;
                }
                let mut text = String::new();
                while left > 0 {
                    left -= 1;
                    let row = chars.row(state);
                    let (low, _, class) = chars.partition.ranges().find(|(_, _, class)| {
                        row[*class] != DEAD && lengths.at_least(row[*class], left) == Some(left)
                    })?;
                    text.push(char::from_u32(low)?);
                    state = row[class];
                }
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits,
        schema::text::chars::{CharDfa, Op},
    };

    fn piece(dfa: CharDfa, min: u32, max: Option<u32>) -> Piece {
        let dfa = TextDfa::new(dfa, &Limits::default()).unwrap();
        Piece { language: Language::Automaton(dfa), min, max }
    }

    #[test]
    fn few_texts_are_listed() {
        let limits = Limits::default();
        let words = CharDfa::words(["b", "", "aé"].into_iter(), &limits).unwrap();
        let all = piece(words.clone(), 0, None);
        assert_eq!(*all.texts(9, 99).unwrap(), ["".into(), "aé".into(), "b".into()]);
        assert!(all.texts(2, 99).is_none());
        assert_eq!(*piece(words.clone(), 1, Some(1)).texts(9, 99).unwrap(), ["b".into()]);
        let others = piece(words.complement(), 0, None);
        assert!(others.texts(100, 2000).is_none());
        assert_eq!(others.shortest(9).unwrap(), "\0");
        let few = words.complement().product(&words, Op::Or, &limits).unwrap();
        assert!(few.is_all());
    }

    #[test]
    fn viability_counts_the_character_begun() {
        let limits = Limits::default();
        let words = CharDfa::words(["€€€"].into_iter(), &limits).unwrap();
        let piece = piece(words, 0, Some(2));
        let Language::Automaton(dfa) = &piece.language else { unreachable!() };
        assert!(!piece.viable(dfa.start(), 0) && !piece.viable(0, 0));
        let inside = dfa.next(dfa.start(), 0xE2);
        assert!(!piece.viable(inside, 0));
        let longer = Piece { max: Some(3), ..piece.clone() };
        assert!(longer.viable(inside, 0) && !longer.viable(inside, 1));
    }
}
