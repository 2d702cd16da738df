//! Sets of tokens that share their fate, by their numbers.
//!
//! What an automaton was loaded with lies in one array: nothing is allocated or hashed for each, and a forged file cannot choose
//! what falls together in a table. What is made since is hash-consed beside it, and may be equal to what was loaded.

use std::sync::OnceLock;

use crate::intern::Interner;

/// A set of tokens.
#[derive(Clone, Copy, Debug)]
pub(in crate::automaton) enum TokenSet<'a> {
    /// Ascending ids.
    List(&'a [u32]),
    /// Bits, in a mask's layout: smaller than the list.
    Bits(&'a [u32]),
}

/// A set of tokens of its own.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Tokens {
    List(Box<[u32]>),
    Bits(Box<[u32]>),
}

/// All sets of one automaton.
#[derive(Debug)]
pub(in crate::automaton) struct TokenSets {
    loaded: OnceLock<LoadedSets>,
    /// Those beside the ones loaded; numbered after them.
    new: Interner<Tokens, ()>,
}

/// Sets as they were loaded.
#[derive(Debug, Default)]
pub(in crate::automaton) struct LoadedSets {
    /// All of them, one after another.
    numbers: Vec<u32>,
    /// Where each ends, and whether it is bits.
    ends: Vec<(usize, bool)>,
}

impl From<&Tokens> for Tokens {
    fn from(tokens: &Tokens) -> Self {
        tokens.clone()
    }
}

impl Tokens {
    fn set(&self) -> TokenSet<'_> {
        match self {
            Self::List(list) => TokenSet::List(list),
            Self::Bits(bits) => TokenSet::Bits(bits),
        }
    }
}

impl TokenSet<'_> {
    /// How many numbers it takes.
    pub(in crate::automaton) fn numbers(&self) -> usize {
        match self {
            Self::List(content) | Self::Bits(content) => content.len(),
        }
    }

    /// Sets the bits of these tokens in a mask's words.
    pub(in crate::automaton) fn add_to(&self, words: &mut [u32]) {
        match self {
            Self::List(list) => {
                for token in *list {
                    words[*token as usize / 32] |= 1 << (token % 32);
                }
            }
            Self::Bits(bits) => {
                for (word, bits) in words.iter_mut().zip(*bits) {
                    *word |= bits;
                }
            }
        }
    }
}

impl LoadedSets {
    /// Makes room for so many.
    pub(in crate::automaton) fn of(count: usize) -> Self {
        Self { ends: Vec::with_capacity(count), ..Self::default() }
    }

    /// The numbers of all sets so far, for those of the next one to be appended.
    pub(in crate::automaton) fn numbers(&mut self) -> &mut Vec<u32> {
        &mut self.numbers
    }

    /// Ends a set: what was appended since the last one.
    pub(in crate::automaton) fn end(&mut self, is_bits: bool) -> TokenSet<'_> {
        let id = self.ends.len() as u32;
        self.ends.push((self.numbers.len(), is_bits));
        get(&self.numbers, &self.ends, id)
    }

    /// Estimated bytes.
    pub(in crate::automaton) fn bytes(&self) -> usize {
        self.numbers.len() * 4 + self.ends.len() * 16
    }
}

#[inline]
fn get<'a>(numbers: &'a [u32], ends: &[(usize, bool)], id: u32) -> TokenSet<'a> {
    let id = id as usize;
    let (end, is_bits) = ends[id];
    let begin = id.checked_sub(1).map_or(0, |before| ends[before].0);
    match is_bits {
        true => TokenSet::Bits(&numbers[begin..end]),
        false => TokenSet::List(&numbers[begin..end]),
    }
}

impl TokenSets {
    pub(super) fn new() -> Self {
        Self { loaded: OnceLock::new(), new: Interner::new() }
    }

    /// Takes what was loaded. Only into an empty table.
    pub(in crate::automaton) fn begin_with(&self, loaded: LoadedSets) {
        let _ = self.loaded.set(loaded);
    }

    fn loaded(&self) -> usize {
        self.loaded.get().map_or(0, |loaded| loaded.ends.len())
    }

    /// How many there are.
    pub(in crate::automaton) fn len(&self) -> usize {
        self.loaded() + self.new.len()
    }

    /// A set.
    #[inline]
    pub(in crate::automaton) fn get(&self, id: u32) -> TokenSet<'_> {
        match self.loaded.get() {
            Some(loaded) if (id as usize) < loaded.ends.len() => {
                get(&loaded.numbers, &loaded.ends, id)
            }
            _ => self.new.key(id - self.loaded() as u32).set(),
        }
    }

    /// A set, if there is one of this number by now.
    pub(in crate::automaton) fn find(&self, id: usize) -> Option<TokenSet<'_>> {
        match id.checked_sub(self.loaded()) {
            None => Some(self.get(id as u32)),
            Some(new) => Some(self.new.find(new)?.set()),
        }
    }

    /// The number of a set. Trees of configurations that differ in little have most of their sets in common.
    pub(super) fn add(&self, tokens: Tokens) -> u32 {
        let make = || ((), tokens.set().numbers() * 4);
        self.loaded() as u32 + self.new.intern(&tokens, make)
    }

    /// Estimated bytes.
    pub(in crate::automaton) fn bytes(&self) -> usize {
        self.loaded.get().map_or(0, LoadedSets::bytes) + self.new.bytes()
    }
}
