//! Memo tables of small keys and values, filled in the middle of a mask.

use std::{
    hash::{BuildHasher, Hash},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Parts of a table, by hash, each with a lock of its own: see [`Interner`](crate::intern::Interner).
const PARTS: usize = 32;

/// Maps keys to values. Nothing is allocated with an entry, and a part that grows moves a thirty-second of them.
pub(crate) struct Memo<K, V> {
    parts: Box<[RwLock<HashMap<K, V, FxBuildHasher>>; PARTS]>,
    /// Entries of all parts: whoever fills a table asks often how large it is.
    len: AtomicUsize,
}

impl<K, V> std::fmt::Debug for Memo<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memo({} entries)", self.len())
    }
}

impl<K, V> Memo<K, V> {
    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }
}

impl<K: Hash + Eq + Copy, V: Copy> Memo<K, V> {
    /// An empty table.
    pub(crate) fn new() -> Self {
        let part = || RwLock::new(HashMap::with_hasher(FxBuildHasher));
        Self { parts: Box::new(std::array::from_fn(|_| part())), len: AtomicUsize::new(0) }
    }

    fn part(&self, key: &K) -> &RwLock<HashMap<K, V, FxBuildHasher>> {
        // The map looks at the ends of the hash.
        &self.parts[(FxBuildHasher.hash_one(key) >> 40) as usize % PARTS]
    }

    /// The value of a key.
    #[inline]
    pub(crate) fn get(&self, key: K) -> Option<V> {
        self.part(&key).read().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    /// Keeps a value.
    pub(crate) fn put(&self, key: K, value: V) {
        let part = self.part(&key).write();
        let before = part.unwrap_or_else(PoisonError::into_inner).insert(key, value);
        self.len.fetch_add(usize::from(before.is_none()), Ordering::Relaxed);
    }

    /// Keeps a value, unless there is one by now; gives back the one kept.
    pub(crate) fn put_first(&self, key: K, value: V) -> V {
        let part = self.part(&key).write();
        *part.unwrap_or_else(PoisonError::into_inner).entry(key).or_insert_with(|| {
            self.len.fetch_add(1, Ordering::Relaxed);
            value
        })
    }

    /// Everything there is now, in no order.
    pub(crate) fn all(&self) -> Vec<(K, V)> {
        let mut all = Vec::new();
        for part in &*self.parts {
            let part = part.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(part.iter().map(|(key, value)| (*key, *value)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_value_or_the_first_and_counts_keys_once() {
        let memo = Memo::new();
        (0..1000u32).for_each(|key| memo.put(key, key + 1));
        memo.put(7, 9);
        assert_eq!((memo.get(7), memo.get(8), memo.get(1000)), (Some(9), Some(9), None));
        assert_eq!((memo.put_first(7, 1), memo.put_first(1000, 2)), (9, 2));
        let mut all = memo.all();
        all.sort_unstable();
        assert_eq!((all.len(), memo.len(), all[7]), (1001, 1001, (7, 9)));
    }
}
