//! Strings that end an answer.
//!
//! Without a grammar the first one does. With a grammar a stop sequence ends the answer only where the text before it is
//! a sentence: `;` inside a string literal stops nothing. The stop sequence itself is no part of the answer, even where
//! the grammar would accept it there.

/// Stop sequences, ready to be looked for.
#[derive(Clone, Debug, Default)]
pub struct StopSequences {
    sequences: Vec<String>,
    longest: usize,
}

/// A stop sequence that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StopMatch {
    /// Where it begins.
    pub(super) start: usize,
    /// Which one it is.
    pub(super) index: usize,
}

/// A stop sequence that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stop sequence {number} is empty: it would end every answer before it begins")]
#[non_exhaustive]
pub struct StopError {
    /// Its number in the list, from 1.
    pub number: usize,
}

impl StopSequences {
    /// These sequences.
    ///
    /// # Errors
    /// One of them is empty.
    pub fn new(sequences: &[String]) -> Result<Self, StopError> {
        if let Some(at) = sequences.iter().position(String::is_empty) {
            return Err(StopError { number: at + 1 });
        }
        let longest = sequences.iter().map(String::len).max().unwrap_or(0);
        Ok(Self { sequences: sequences.to_vec(), longest })
    }

    /// The sequences.
    pub fn sequences(&self) -> &[String] {
        &self.sequences
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// Bytes of the longest one.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The earliest place, among those where a sequence ends in `text[read..]`, before which `is_sentence` holds.
    /// Matches that end earlier were judged when they were read.
    pub(super) fn find(
        &self,
        text: &[u8],
        read: usize,
        mut is_sentence: impl FnMut(usize) -> bool,
    ) -> Option<StopMatch> {
        for start in (read + 1).saturating_sub(self.longest)..text.len() {
            let found = self
                .sequences
                .iter()
                .position(|s| start + s.len() > read && text[start..].starts_with(s.as_bytes()));
            if let Some(index) = found
                && is_sentence(start)
            {
                return Some(StopMatch { start, index });
            }
        }
        None
    }

    /// How many bytes at the end of `text` may be the beginning of a sequence whose rest is still to come.
    pub(super) fn held_back(&self, text: &[u8]) -> usize {
        let most = self.longest.saturating_sub(1).min(text.len());
        (1..=most)
            .rev()
            .find(|&n| {
                let tail = &text[text.len() - n..];
                self.sequences.iter().any(|s| s.len() > n && s.as_bytes().starts_with(tail))
            })
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(sequences: &[&str]) -> StopSequences {
        StopSequences::new(&sequences.iter().map(|s| s.to_string()).collect::<Vec<_>>()).unwrap()
    }

    /// Feeds a text piece by piece; the place of the stop, if any.
    fn stop_at(
        stops: &StopSequences,
        pieces: &[&str],
        is_sentence: fn(&str) -> bool,
    ) -> Option<usize> {
        let mut text = String::new();
        for piece in pieces {
            let read = text.len();
            text.push_str(piece);
            let found = stops.find(text.as_bytes(), read, |at| is_sentence(&text[..at]));
            if let Some(found) = found {
                return Some(found.start);
            }
        }
        None
    }

    #[test]
    fn plain_sequences_stop_at_the_first_one_across_tokens() {
        let stops = stops(&[";", "\n\n"]);
        assert_eq!(stop_at(&stops, &["a;b"], |_| true), Some(1));
        assert_eq!(stop_at(&stops, &["a\n", "\nb;"], |_| true), Some(1));
        assert_eq!(stop_at(&stops, &["a\n", "b\n"], |_| true), None);
        assert_eq!(stop_at(&stops, &[";"], |_| true), Some(0));
    }

    #[test]
    fn a_stop_inside_a_literal_stops_nothing() {
        let stops = stops(&[";"]);
        let outside_quotes = |text: &str| text.matches('\'').count().is_multiple_of(2);
        assert_eq!(stop_at(&stops, &["x = '", "a;", "b';", "c"], outside_quotes), Some(9));
        assert_eq!(stop_at(&stops, &["'a;b;"], outside_quotes), None);
    }

    #[test]
    fn a_refused_match_is_not_judged_again_and_hides_no_later_one() {
        let stops = stops(&["aa"]);
        let mut asked = Vec::new();
        stops.find(b"aaa", 0, |at| {
            asked.push(at);
            false
        });
        assert_eq!(asked, [0, 1]);
        asked.clear();
        stops.find(b"aaaa", 3, |at| {
            asked.push(at);
            false
        });
        assert_eq!(asked, [2]);
    }

    #[test]
    fn what_may_begin_a_stop_is_held_back() {
        let stops = stops(&["\n\n", "END"]);
        assert_eq!(stops.held_back(b"a\n"), 1);
        assert_eq!(stops.held_back(b"a E"), 1);
        assert_eq!(stops.held_back(b"a EN"), 2);
        assert_eq!(stops.held_back(b"a ENx"), 0);
        assert_eq!(stops.held_back(b""), 0);
        assert_eq!(super::StopSequences::default().held_back(b"abc"), 0);
    }

    #[test]
    fn an_empty_sequence_is_refused() {
        let refused = StopSequences::new(&[";".into(), String::new()]).unwrap_err();
        assert_eq!(refused.number, 2);
    }
}
