//! Hash-consing tables: equal keys get equal ids, and entries never move: an id is followed without a lock.

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::{
        PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Parts of a table, by hash. Each has a lock of its own, and grows on its own: a table of a hundred thousand keys moved at once
/// is milliseconds in the middle of a mask, a thirty-second of it is not.
const PARTS: usize = 32;

/// Maps keys to dense ids and ids to entries. Two threads may race to add one key: the table decides, and the loser's entry
/// stays behind unused.
///
/// Keys are looked up when something new is met; what is met again is found by ids that others remember. So the table has plain
/// locks: a map that is read without one costs 16 KiB before its first entry, and a schema has half a dozen.
pub(crate) struct Interner<K, V> {
    parts: Box<[RwLock<HashTable<Slot>>; PARTS]>,
    /// Keys lie beside what they are the keys of: a table of their hashes moves nothing but numbers.
    entries: boxcar::Vec<(K, V)>,
    bytes: AtomicUsize,
}

/// A key in a table: its hash, and its id.
#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    id: u32,
}

impl Slot {
    /// The hash as tables want it: the part and the table look at its ends.
    fn spread(hash: u32) -> u64 {
        // Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of a product are well mixed.
        let spread = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        spread ^ spread >> 32
    }
}

fn hash(key: &(impl Hash + ?Sized)) -> u32 {
    let hash = FxBuildHasher.hash_one(key);
    (hash ^ hash >> 32) as u32
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
            parts: Box::new([const { RwLock::new(HashTable::new()) }; PARTS]),
            entries: boxcar::Vec::new(),
            bytes: AtomicUsize::new(0),
        }
    }

    fn part(&self, hash: u32) -> &RwLock<HashTable<Slot>> {
        &self.parts[(Slot::spread(hash) >> 40) as usize % PARTS]
    }

    fn change(&self, hash: u32) -> RwLockWriteGuard<'_, HashTable<Slot>> {
        self.part(hash).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn is<Q>(&self, slot: Slot, hash: u32, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        slot.hash == hash && self.entries[slot.id as usize].0.borrow() == key
    }

    /// The id of a key; `make` builds its entry and says how many bytes it takes.
    pub(crate) fn intern<Q>(&self, key: &Q, make: impl FnOnce() -> (V, usize)) -> u32
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = hash(key);
        let part = self.part(hash).read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = part.find(Slot::spread(hash), |slot| self.is(*slot, hash, key)) {
            return slot.id;
        }
        drop(part);
        // Without the lock: making an entry may ask this table for others.
        let (entry, bytes) = make();
        self.number(hash, self.keep(K::from(key), entry, bytes))
    }

    /// The id of a new entry.
    fn keep(&self, key: K, entry: V, bytes: usize) -> u32 {
        // A rough constant for the table's slot, the key's header and the vector's slot.
        self.bytes.fetch_add(bytes + 64, Ordering::Relaxed);
        u32::try_from(self.entries.push((key, entry)))
            .expect("invariant: bounded by Limits::automaton_bytes")
    }

    /// The id that the key of an entry is found by: its own, if it is new.
    fn number(&self, hash: u32, id: u32) -> u32 {
        let key = &self.entries[id as usize].0;
        let mut part = self.change(hash);
        let (is, rehash) =
            (|slot: &Slot| self.is(*slot, hash, key), |slot: &Slot| Slot::spread(slot.hash));
        part.entry(Slot::spread(hash), is, rehash).or_insert(Slot { hash, id }).get().id
    }

    /// The entry of an id.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &V {
        &self.entries[id as usize].1
    }

    /// The key of an id.
    #[inline]
    pub(crate) fn key(&self, id: u32) -> &K {
        &self.entries[id as usize].0
    }

    /// The key of an id, if there is one by now.
    pub(crate) fn find(&self, id: usize) -> Option<&K> {
        self.entries.get(id).map(|entry| &entry.0)
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
