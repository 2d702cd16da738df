//! A small shared cache in front of the memo tables: one atomic word per slot, no lock, exact.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of each half of a key.
const KEY: u32 = 20;
/// Bits of a value.
const VALUE: u32 = 24;

/// Slots in which a key may be. They are neighbours; with one slot each, keys that are used again and again put each other
/// out even where most slots are free.
const WAYS: usize = 4;

/// Maps pairs of small ids to a small id; forgets at will. Larger ids are simply not kept.
pub(crate) struct Shortcut {
    /// `first << 44 | second << 24 | value + 1`; 0 is empty.
    slots: Box<[AtomicU64]>,
}

impl std::fmt::Debug for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shortcut")
    }
}

impl Shortcut {
    /// An empty cache of 32 KiB.
    pub(crate) fn new() -> Self {
        Self::with_slots(4096)
    }

    /// An empty cache of so many slots, a power of two; each takes 8 bytes.
    pub(crate) fn with_slots(slots: usize) -> Self {
        debug_assert!(slots.is_power_of_two() && slots >= WAYS);
        Self { slots: (0..slots).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Keeps in another one whatever is known here.
    pub(crate) fn copy_to(&self, other: &Self) {
        for slot in &self.slots {
            let word = slot.load(Ordering::Acquire);
            if word != 0 {
                other.keep(word);
            }
        }
    }

    /// Where a key may be: a group of neighbours, the first one to look at first.
    #[inline]
    fn group(&self, key: u64) -> [&AtomicU64; WAYS] {
        // Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of a product are well mixed.
        let hash =
            key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - self.slots.len().trailing_zeros());
        std::array::from_fn(|way| &self.slots[hash as usize ^ way])
    }

    /// The value of a pair, if it is still known.
    #[inline]
    pub(crate) fn get(&self, first: u32, second: u32) -> Option<u32> {
        if first >> KEY != 0 || second >> KEY != 0 {
            return None;
        }
        let key = u64::from(first) << KEY | u64::from(second);
        for slot in self.group(key) {
            // Whoever finds an id here also finds the entry that it names.
            let word = slot.load(Ordering::Acquire);
            // An empty word has value 0, which no entry has.
            if word >> VALUE == key && word != 0 {
                return Some((word & ((1 << VALUE) - 1)) as u32 - 1);
            }
        }
        None
    }

    /// Keeps a value for a pair.
    pub(crate) fn put(&self, first: u32, second: u32, value: u32) {
        if first >> KEY == 0 && second >> KEY == 0 && (value + 1) >> VALUE == 0 {
            let key = u64::from(first) << KEY | u64::from(second);
            self.keep(key << VALUE | u64::from(value + 1));
        }
    }

    /// Puts a word where there is room, or in the place of another.
    fn keep(&self, word: u64) {
        let group = self.group(word >> VALUE);
        let free = group.iter().find(|slot| {
            let there = slot.load(Ordering::Relaxed);
            there == 0 || there >> VALUE == word >> VALUE
        });
        free.unwrap_or(&group[0]).store(word, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_small_ids_exactly_and_large_ones_not_at_all() {
        let cache = Shortcut::new();
        assert_eq!(cache.get(0, 0), None);
        for (a, b, v) in [(0, 0, 0), (1, 2, 3), ((1 << 20) - 1, (1 << 20) - 1, (1 << 24) - 2)] {
            cache.put(a, b, v);
            assert_eq!(cache.get(a, b), Some(v));
            assert_eq!(cache.get(b, a + 1), None);
        }
        cache.put(1 << 20, 1, 5);
        cache.put(1, 1 << 20, 5);
        cache.put(1, 1, u32::MAX - 1);
        // As many as a group has room for, all of them in it.
        let few = Shortcut::with_slots(WAYS);
        (0..WAYS as u32).for_each(|i| few.put(i, 7, i));
        assert!((0..WAYS as u32).all(|i| few.get(i, 7) == Some(i)));
        few.put(9, 7, 9);
        assert_eq!((0..10).filter(|i| few.get(*i, 7) == Some(*i)).count(), WAYS);
        assert_eq!(
            (cache.get(1 << 20, 1), cache.get(1, 1 << 20), cache.get(1, 1)),
            (None, None, None)
        );
    }
}
