//! Which tokens consist of the characters of a class alone?

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHasher};

use super::index::{Index, Kind, NONE, has, remove, set};

/// A class of characters, and its tokens.
#[derive(Debug)]
pub(super) struct Class {
    /// By the number of a character.
    chars: Box<[u64]>,
    /// Raw tokens of these alone, and those that may end inside of one more.
    bits: Arc<[u32]>,
    /// Of these the ones of at most so many characters.
    short: Mutex<FxHashMap<u32, Arc<[u32]>>>,
}

/// Rows of bits, or lists, equal ones once: what many masks have in common stays in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Rows(Mutex<FxHashMap<u64, Vec<Arc<[u32]>>>>);

impl Rows {
    /// The row; and whether it is new.
    pub(super) fn intern(&self, row: Vec<u32>) -> (Arc<[u32]>, bool) {
        let mut hasher = FxHasher::default();
        std::hash::Hash::hash_slice(&row, &mut hasher);
        let hash = std::hash::Hasher::finish(&hasher);
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let equal = rows.entry(hash).or_default();
        if let Some(known) = equal.iter().find(|known| ***known == *row) {
            return (Arc::clone(known), false);
        }
        let row: Arc<[u32]> = row.into();
        equal.push(Arc::clone(&row));
        (row, true)
    }

    /// Forgets all that nobody else has.
    pub(super) fn forget(&self) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.retain(|_, equal| {
            equal.retain(|row| Arc::strong_count(row) > 1);
            !equal.is_empty()
        });
    }
}

impl Class {
    /// The class of these ranges of code points, which ascend and do not touch. Cost: some operations on rows for each range
    /// of ASCII, and the tokens of the characters beyond that are in the class, or of those that are not.
    pub(super) fn new(index: &Index, rows: &Rows, ranges: &[(u32, u32)]) -> Self {
        let mut chars = vec![0u64; index.end().div_ceil(64) as usize];
        let mut add = |from: u32, to: u32| {
            for char in from..to {
                chars[char as usize / 64] |= 1 << (char % 64);
            }
        };
        let mut row = index.raw().to_vec();
        let mut inside = Vec::new();
        // The characters before a range.
        let mut next = 0x20;
        for &(low, high) in ranges {
            add(low.min(128), (high + 1).min(128));
            if next < low.min(128) {
                index.remove_ascii(&mut row, next as u8, low.min(128) as u8 - 1);
            }
            next = next.max(high + 1);
            let numbers = index.numbers(low.max(128), high);
            add(numbers.start, numbers.end);
            inside.push(numbers);
        }
        if next < 128 {
            index.remove_ascii(&mut row, next as u8, 127);
        }
        let within = |tokens: &[std::ops::Range<u32>]| -> usize {
            tokens.iter().map(|numbers| index.ending_in(numbers.clone()).len()).sum()
        };
        let all = index.ending_in(128..index.end()).len();
        let count = within(&inside);
        let trie = index.trie();
        if 2 * count > all {
            let mut from = 128;
            for numbers in inside.into_iter().chain(std::iter::once(index.end()..index.end())) {
                for node in index.ending_in(from..numbers.start.max(from)) {
                    for token in trie.below(*node as usize) {
                        row[*token as usize / 32] &= !(1 << (token % 32));
                    }
                }
                from = numbers.end.max(from);
            }
        } else {
            let before = row.clone();
            remove(&mut row, index.with_wide());
            let mut counts: FxHashMap<u32, u8> = FxHashMap::default();
            for node in inside.into_iter().flat_map(|numbers| index.ending_in(numbers)) {
                for &token in trie.below(*node as usize).iter().filter(|t| has(&before, **t)) {
                    let count = counts.entry(token).or_insert(0);
                    *count += 1;
                    if *count == index.wide_count(token) {
                        set(&mut row, token);
                    }
                }
            }
        }
        let mut class = Self { chars: chars.into(), bits: Arc::from([]), short: Mutex::default() };
        for (low, high, tokens) in index.begun() {
            let at = ranges.partition_point(|range| range.1 < *low);
            if ranges.get(at).is_some_and(|range| range.0 <= *high) {
                for (token, _) in tokens.iter().filter(|(_, node)| class.begins(index, *node)) {
                    set(&mut row, *token);
                }
            }
        }
        class.bits = rows.intern(row).0;
        class
    }

    /// Whether a text of so many characters that ends inside of one consists of the class before it.
    fn begins(&self, index: &Index, node: u32) -> bool {
        let mut at = node;
        while at != NONE {
            if index.kind(at) == Kind::Raw {
                return self.has_all(index, at, NONE);
            }
            at = index.parent(at);
        }
        true
    }

    /// Whether the class has a character, by its number.
    #[inline]
    pub(super) fn has(&self, char: u32) -> bool {
        self.chars[char as usize / 64] >> (char % 64) & 1 == 1
    }

    /// Whether the raw text from one node to another below it consists of the class.
    pub(super) fn has_all(&self, index: &Index, node: u32, above: u32) -> bool {
        let mut at = node;
        while at != above {
            if index.kind(at) == Kind::Raw && !self.has(index.last(at)) {
                return false;
            }
            at = index.parent(at);
        }
        true
    }

    /// The tokens of the class of at most so many characters.
    pub(super) fn tokens(&self, index: &Index, rows: &Rows, most: Option<u32>) -> Arc<[u32]> {
        let Some(most) = most.filter(|most| *most < index.longest()) else {
            return Arc::clone(&self.bits);
        };
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut row = self.bits.to_vec();
            index.shorten(&mut row, most);
            rows.intern(row).0
        };
        Arc::clone(short.entry(most).or_insert_with(make))
    }
}
