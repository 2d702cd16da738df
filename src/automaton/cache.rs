//! Which automata of schemas were used lately? Those are kept, under a byte budget.
//!
//! The key is the whole content: text and options. Its hash is the standard library's, seeded anew for every cache, so that
//! nobody can aim at one slot; the content is compared all the same. Automata grow while they are used, so what they take is
//! measured again now and then. Where the budget is exceeded the one unused for longest goes; sequences that read in it keep
//! it alive for as long as they need it.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    mem::size_of,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::Automaton;
use crate::schema::SchemaOptions;

/// What a cache of automata did and holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Automata held.
    pub entries: usize,
    /// Bytes of all of them, as measured last.
    pub bytes: usize,
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests that had to be compiled.
    pub misses: u64,
    /// Automata given up for room.
    pub evictions: u64,
}

/// The cache. One lock, held for a few look-ups and, once in a while, for a measurement of all entries.
#[derive(Debug)]
pub(super) struct Cache {
    budget: usize,
    /// See [`empty_maps`].
    maps: usize,
    hasher: RandomState,
    /// Whether a thread takes automata apart.
    at_work: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Hash of the content -> entry. Of two contents with one hash the later stays.
    entries: HashMap<u64, Entry>,
    /// Time of last use -> hash, oldest first.
    order: BTreeMap<u64, u64>,
    /// Counts uses.
    clock: u64,
    /// Uses until all entries are measured again.
    until_measured: usize,
    stats: CacheStats,
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    options: SchemaOptions,
    automaton: Arc<Automaton>,
    bytes: usize,
    used: u64,
}

/// Bytes of an automaton with next to nothing memoised that its own counters leave out: the array of steps taken lately, the
/// first pieces of tables. Measured, as the resident memory of 400 automata held at once.
const EMPTY: usize = 64 << 10;

/// What the nodes of a schema and its canonical form take for each byte of its text: measured over MaskBench, 11 to 23.
const PER_TEXT_BYTE: usize = 16;

/// Concurrent maps of one automaton. Each has two slots of 256 bytes for every thread that may come.
const MAPS: usize = 6;

/// What the maps take while they are empty: slots for 32 threads, then for 64, 128 ... more, until there are enough.
fn empty_maps() -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    MAPS * 2 * 256 * ((threads + 32).next_power_of_two() - 32)
}

impl Entry {
    fn measure(&self, maps: usize) -> usize {
        EMPTY
            + maps
            + size_of::<(u64, Self)>()
            + self.text.len() * (1 + PER_TEXT_BYTE)
            + self.automaton.stats().bytes
    }
}

impl Cache {
    /// An empty cache; a budget of 0 keeps nothing.
    pub(super) fn new(budget: usize) -> Self {
        let (maps, hasher) = (empty_maps(), RandomState::new());
        Self { budget, maps, hasher, at_work: Arc::default(), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, text: &str, options: &SchemaOptions) -> u64 {
        self.hasher.hash_one((text, options))
    }

    /// The automaton of this content.
    pub(super) fn get(&self, text: &str, options: &SchemaOptions) -> Option<Arc<Automaton>> {
        if self.budget == 0 {
            return None;
        }
        let hash = self.hash(text, options);
        let mut state = self.lock();
        let found = state.find(hash, text, options);
        match found {
            Some(_) => state.stats.hits += 1,
            None => state.stats.misses += 1,
        }
        let given_up = state.shrink(self.budget, self.maps);
        drop(state);
        take_apart(given_up, &self.at_work);
        found
    }

    /// Keeps an automaton; gives back the one to use, which is another thread's if that was faster.
    pub(super) fn put(
        &self,
        text: &str,
        options: &SchemaOptions,
        automaton: Arc<Automaton>,
    ) -> Arc<Automaton> {
        if self.budget == 0 {
            return automaton;
        }
        let hash = self.hash(text, options);
        let mut state = self.lock();
        if let Some(other) = state.find(hash, text, options) {
            return other;
        }
        let mut given_up: Vec<Entry> = state.remove(hash).into_iter().collect();
        state.clock += 1;
        let (text, options, used) = (text.into(), options.clone(), state.clock);
        let mut entry = Entry { text, options, automaton: Arc::clone(&automaton), bytes: 0, used };
        entry.bytes = entry.measure(self.maps);
        state.stats.bytes += entry.bytes;
        state.order.insert(used, hash);
        state.entries.insert(hash, entry);
        given_up.extend(state.shrink(self.budget, self.maps));
        drop(state);
        take_apart(given_up, &self.at_work);
        automaton
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        let mut state = self.lock();
        let stats = CacheStats { entries: 0, bytes: 0, ..state.stats };
        let before = std::mem::replace(&mut *state, State { stats, ..State::default() });
        drop(state);
        take_apart(before.entries.into_values().collect(), &self.at_work);
    }

    /// What it holds, measured now.
    pub(super) fn stats(&self) -> CacheStats {
        let mut state = self.lock();
        state.measure(self.maps);
        let given_up = state.shrink(self.budget, self.maps);
        let stats = CacheStats { entries: state.entries.len(), ..state.stats };
        drop(state);
        take_apart(given_up, &self.at_work);
        stats
    }
}

impl State {
    fn find(&mut self, hash: u64, text: &str, options: &SchemaOptions) -> Option<Arc<Automaton>> {
        let entry = self.entries.get_mut(&hash)?;
        if *entry.text != *text || entry.options != *options {
            return None;
        }
        self.clock += 1;
        self.order.remove(&std::mem::replace(&mut entry.used, self.clock));
        self.order.insert(self.clock, hash);
        Some(Arc::clone(&entry.automaton))
    }

    fn remove(&mut self, hash: u64) -> Option<Entry> {
        let entry = self.entries.remove(&hash)?;
        self.order.remove(&entry.used);
        self.stats.bytes -= entry.bytes;
        Some(entry)
    }

    /// Measures all entries.
    fn measure(&mut self, maps: usize) {
        let mut bytes = 0;
        for entry in self.entries.values_mut() {
            entry.bytes = entry.measure(maps);
            bytes += entry.bytes;
        }
        self.stats.bytes = bytes;
    }

    /// Called at every use: measures if it is time, and gives up what is too much.
    fn shrink(&mut self, budget: usize, maps: usize) -> Vec<Entry> {
        let mut given_up = Vec::new();
        match self.until_measured.checked_sub(1) {
            Some(left) => self.until_measured = left,
            None => {
                self.measure(maps);
                // A use pays for eight measurements, however many entries there are.
                self.until_measured = 16 + self.entries.len() / 8;
            }
        }
        while self.stats.bytes > budget
            && let Some((_, &hash)) = self.order.first_key_value()
        {
            given_up.extend(self.remove(hash));
            self.stats.evictions += 1;
        }
        given_up
    }
}

/// Bytes of automata that are taken apart at once.
const AT_ONCE: usize = 4 << 20;

/// Drops what was given up, without the lock. What has grown to many MiB is a million allocations, and takes as long as many a
/// compilation: whoever asked for another schema need not wait for that. One thread at a time: what comes while it is at work,
/// and where no thread is to be had, is dropped here, so that what waits to be dropped does not pile up.
fn take_apart(given_up: Vec<Entry>, at_work: &Arc<AtomicBool>) {
    let last = given_up.iter().filter(|entry| Arc::strong_count(&entry.automaton) == 1);
    if last.map(|entry| entry.bytes).sum::<usize>() <= AT_ONCE
        || at_work.swap(true, Ordering::AcqRel)
    {
        return;
    }
    let done = Arc::clone(at_work);
    let thread = std::thread::Builder::new().spawn(move || {
        drop(given_up);
        done.store(false, Ordering::Release);
    });
    if thread.is_err() {
        at_work.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{Automaton, Limits, SchemaCompiler, SchemaOptions, Vocabulary};

    fn compiler(cache_bytes: usize) -> SchemaCompiler {
        let tokens = (b' '..=b'~').map(|byte| vec![byte]).collect();
        let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[]).unwrap());
        SchemaCompiler::new(vocabulary, &Limits { cache_bytes, ..Limits::default() })
    }

    fn schema(number: usize) -> String {
        format!(r#"{{"properties": {{"p{number}": {{"const": {number}}}}}, "type": "object"}}"#)
    }

    /// Reads a text, so that the automaton grows.
    fn read(automaton: &Arc<Automaton>, text: &str) {
        let mut sequence = automaton.constraint();
        for byte in text.bytes() {
            sequence.mask().unwrap();
            sequence.accept_bytes(&[byte]).unwrap();
        }
    }

    #[test]
    fn a_stream_of_schemas_stays_under_the_budget_and_a_repeated_one_is_found() {
        let budget = 8 << 20;
        let compiler = compiler(budget);
        let options = SchemaOptions::default();
        let often = compiler.compile(&schema(0), &options).unwrap();
        for number in 1..=2_000 {
            let automaton = compiler.compile(&schema(number), &options).unwrap();
            read(&automaton, &format!(r#"{{"p{number}": {number}}}"#));
            let again = compiler.compile(&schema(number), &options).unwrap();
            assert!(Arc::ptr_eq(&automaton, &again), "schema {number} is found");
            let again = compiler.compile(&schema(0), &options).unwrap();
            assert!(Arc::ptr_eq(&often, &again), "what is used often stays");
            if number % 50 == 0 {
                let stats = compiler.cache_stats();
                assert!(stats.bytes <= budget, "{stats:?}");
            }
        }
        let stats = compiler.cache_stats();
        assert_eq!((stats.hits, stats.misses), (4_000, 2_001));
        assert!(stats.entries > 10 && stats.entries < 100, "{stats:?}");
        assert_eq!(stats.evictions as usize, 2_001 - stats.entries);
    }

    #[test]
    fn an_automaton_that_grew_past_the_budget_is_given_up() {
        let budget = 2 << 20;
        let compiler = compiler(budget);
        let options = SchemaOptions::default();
        let any = compiler.compile("{}", &options).unwrap();
        assert_eq!(compiler.cache_stats().entries, 1);
        read(&any, &"[".repeat(20_000));
        assert!(any.stats().bytes > budget);
        assert_eq!(compiler.cache_stats().entries, 0);
        let again = compiler.compile("{}", &options).unwrap();
        assert!(!Arc::ptr_eq(&any, &again));
    }

    #[test]
    fn equal_means_equal_options_too() {
        let compiler = compiler(16 << 20);
        let strict = SchemaOptions::default();
        let lenient = SchemaOptions { lenient: true, ..SchemaOptions::default() };
        let one = compiler.compile("{}", &strict).unwrap();
        let other = compiler.compile("{}", &lenient).unwrap();
        assert!(!Arc::ptr_eq(&one, &other));
        assert!(Arc::ptr_eq(&other, &compiler.compile("{}", &lenient).unwrap()));
        let spaced = compiler.compile("{ }", &strict).unwrap();
        assert!(!Arc::ptr_eq(&one, &spaced), "the text is compared, not what it means");
    }

    #[test]
    fn failures_are_not_kept_and_no_budget_keeps_nothing() {
        let options = SchemaOptions::default();
        let some = compiler(16 << 20);
        assert!(some.compile("{", &options).is_err());
        assert!(some.compile("{", &options).is_err());
        assert_eq!((some.cache_stats().misses, some.cache_stats().entries), (2, 0));
        let none = compiler(0);
        let one = none.compile("{}", &options).unwrap();
        assert!(!Arc::ptr_eq(&one, &none.compile("{}", &options).unwrap()));
        assert_eq!(none.cache_stats().entries, 0);
    }

    #[test]
    fn threads_share_it() {
        let compiler = compiler(16 << 20);
        let options = SchemaOptions::default();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (compiler, options) = (&compiler, &options);
                scope.spawn(move || {
                    for number in 0..200 {
                        let number = (number * 7 + thread) % 60;
                        let automaton = compiler.compile(&schema(number), options).unwrap();
                        read(&automaton, &format!(r#"{{"p{number}": {number}}}"#));
                    }
                });
            }
        });
        let stats = compiler.cache_stats();
        assert_eq!(stats.hits + stats.misses, 800);
        assert!(stats.bytes <= 16 << 20);
    }
}
