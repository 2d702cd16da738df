//! Hash-consing tables: equal keys get equal ids, and entries never move: an id is followed without a lock.

use std::{
    borrow::Borrow,
    hash::Hash,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustc_hash::FxBuildHasher;

/// Maps keys to dense ids and ids to entries. Two threads may race to add one key: the map decides, and the loser's entry
/// stays behind unused.
///
/// Keys are looked up when something new is met; what is met again is found by ids that others remember. So the map has a
/// plain lock: a map that is read without one costs 16 KiB before its first entry, and a schema has half a dozen.
pub(crate) struct Interner<K, V> {
    /// Grows a little with each key: a table of a hundred thousand moved at once is 10 ms in the middle of a mask.
    ids: RwLock<griddle::HashMap<K, u32, FxBuildHasher>>,
    entries: boxcar::Vec<V>,
    bytes: AtomicUsize,
}

impl<K, V> std::fmt::Debug for Interner<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Interner({} entries)", self.entries.count())
    }
}

impl<K: Hash + Eq, V> Interner<K, V> {
    /// An empty table.
    pub(crate) fn new() -> Self {
        Self {
            ids: RwLock::new(griddle::HashMap::with_hasher(FxBuildHasher)),
            entries: boxcar::Vec::new(),
            bytes: AtomicUsize::new(0),
        }
    }

    /// The id of a key; `make` builds its entry and says how many bytes it takes.
    pub(crate) fn intern<Q>(&self, key: &Q, make: impl FnOnce() -> (V, usize)) -> u32
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(id) = self.ids.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return *id;
        }
        // Without the lock: making an entry may ask this table for others.
        let (entry, bytes) = make();
        let id = u32::try_from(self.entries.push(entry))
            .expect("invariant: bounded by Limits::automaton_bytes");
        // A rough constant for the map's slot, the key's header and the vector's slot.
        self.bytes.fetch_add(bytes + 64, Ordering::Relaxed);
        *self.ids.write().unwrap_or_else(PoisonError::into_inner).entry(K::from(key)).or_insert(id)
    }

    /// The id of a key that is likely to be new, as where a table is filled; what was there before counts.
    pub(crate) fn insert(&self, key: K, entry: V, bytes: usize) -> u32 {
        let id = u32::try_from(self.entries.push(entry))
            .expect("invariant: bounded by Limits::automaton_bytes");
        self.bytes.fetch_add(bytes + 64, Ordering::Relaxed);
        *self.ids.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(id)
    }

    /// Makes room for so many more keys.
    pub(crate) fn reserve(&self, more: usize) {
        self.ids.write().unwrap_or_else(PoisonError::into_inner).reserve(more);
    }

    /// The entry of an id.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &V {
        &self.entries[id as usize]
    }

    /// The entry of an id, if there is one by now.
    pub(crate) fn find(&self, id: usize) -> Option<&V> {
        self.entries.get(id)
    }

    /// Counts bytes that an entry took later.
    pub(crate) fn charge(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.count()
    }

    /// Estimated bytes of keys and entries.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}
