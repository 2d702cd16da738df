//! A regular language of texts, shared: its automata over characters and over bytes.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use super::{
    chars::{CharDfa, check_size},
    error::TextError,
    lengths::Lengths,
    utf8::{self, ByteDfa},
};
use crate::Limits;

/// What is estimated to unfold to this many times the allowed states is not tried.
const UNFOLD: usize = 32;

/// A minimal automaton over the bytes of UTF-8. State 0 is dead: from there no text of the language is reached. States below
/// [`boundaries`](Self::boundaries) are between two characters. Equal languages are equal values.
#[derive(Debug)]
pub(crate) struct TextDfa {
    chars: CharDfa,
    hash: u64,
    bytes: OnceLock<ByteDfa>,
    lengths: OnceLock<Lengths>,
    slack: OnceLock<(u64, Option<u64>)>,
}

impl PartialEq for TextDfa {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.hash == other.hash && self.chars == other.chars)
    }
}

impl Eq for TextDfa {}

impl Hash for TextDfa {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl TextDfa {
    /// Of an automaton over characters. The bytes are unfolded when they are first asked for, unless that may be much.
    pub(super) fn new(chars: CharDfa, limits: &Limits) -> Result<Arc<Self>, TextError> {
        let mut hasher = DefaultHasher::new();
        chars.hash(&mut hasher);
        let hash = hasher.finish();
        let estimate = utf8::estimate(&chars);
        let (bytes, lengths, slack) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let dfa = Self { chars, hash, bytes, lengths, slack };
        if check_size(estimate, 256, limits).is_err() {
            let most = limits.dfa_states;
            let bytes = match estimate / UNFOLD <= most {
                true => ByteDfa::new(&dfa.chars, most),
                false => None,
            };
            let Some(bytes) = bytes else {
                let what = "the states of a string's automaton over bytes";
                return Err(TextError::limit("dfa_states", most as u64, what));
            };
            check_size(bytes.len(), bytes.columns(), limits)?;
            let _ = dfa.bytes.set(bytes);
        }
        Ok(Arc::new(dfa))
    }

    fn bytes(&self) -> &ByteDfa {
        self.bytes.get_or_init(|| {
            ByteDfa::new(&self.chars, usize::MAX).expect("invariant: no number of states is more")
        })
    }

    /// The automaton over characters.
    pub(super) fn chars(&self) -> &CharDfa {
        &self.chars
    }

    /// The lengths of its texts. The first call costs up to some 10 million steps.
    pub(super) fn lengths(&self) -> &Lengths {
        self.lengths.get_or_init(|| Lengths::new(&self.chars))
    }

    /// The classes of characters that it tells apart: ranges of code points in order, each with its class.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u32, u32, usize)> + '_ {
        self.chars.partition.ranges()
    }

    /// The states after one character of each class, from a state between characters.
    pub(crate) fn row(&self, state: u32) -> &[u32] {
        self.chars.row(state)
    }

    /// The rows of all states, one after the other.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.chars.table
    }

    /// The most characters that a state needs to accept; and how many more than any asked for a state needs, `None` if there
    /// are states that accept in no more than some. As [`lengths`](Self::lengths); then a look-up.
    pub(crate) fn slack(&self) -> (u64, Option<u64>) {
        *self.slack.get_or_init(|| self.lengths().slack(self.boundaries()))
    }

    /// The first state; 0 if the language is empty.
    pub(crate) fn start(&self) -> u32 {
        self.chars.start()
    }

    /// The state after a byte.
    #[inline]
    pub(crate) fn next(&self, state: u32, byte: u8) -> u32 {
        self.bytes().next(state, byte)
    }

    /// Whether a text that leads here is in the language.
    #[inline]
    pub(crate) fn accepts(&self, state: u32) -> bool {
        self.chars.accept.get(state as usize).is_some_and(|accept| *accept)
    }

    /// Number of states between characters, the dead one included: smaller states are such ones.
    pub(crate) fn boundaries(&self) -> u32 {
        self.chars.len() as u32
    }

    /// Number of states.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// The states between characters that the character can lead to which a state is inside of; nothing if it is inside none.
    pub(super) fn ends(&self, state: u32) -> Option<&[u32]> {
        if state < self.boundaries() { None } else { self.bytes().ends(state) }
    }

    /// Whether a text is in the language.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.chars.contains(text)
    }
}
