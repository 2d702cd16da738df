//! Hash-consing tables: equal keys get equal ids, entries never move, reads take no lock.

use std::{
    borrow::Borrow,
    hash::Hash,
    sync::atomic::{AtomicUsize, Ordering},
};

use rustc_hash::FxBuildHasher;

/// Maps keys to dense ids and ids to entries. Two threads may race to add one key: the map decides, and the loser's entry
/// stays behind unused.
pub(crate) struct Interner<K, V> {
    ids: papaya::HashMap<K, u32, FxBuildHasher>,
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
            ids: papaya::HashMap::with_hasher(FxBuildHasher),
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
        let ids = self.ids.pin();
        if let Some(id) = ids.get(key) {
            return *id;
        }
        let (entry, bytes) = make();
        let id = u32::try_from(self.entries.push(entry))
            .expect("invariant: bounded by Limits::automaton_bytes");
        // A rough constant for the map's slot, the key's header and the vector's slot.
        self.bytes.fetch_add(bytes + 64, Ordering::Relaxed);
        *ids.get_or_insert(K::from(key), id)
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
