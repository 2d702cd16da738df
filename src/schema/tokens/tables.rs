//! What the tokens of a vocabulary do inside strings and runs of blanks, whatever the schema: shared by all schemas.
//!
//! A table belongs to a place in a trie of tokens ([`Location`]) and a state of a language of texts. It says which tokens
//! stay inside the string, grouped by what becomes of them, and where the closing quote comes inside a token: what is left
//! after it is a trie again.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{
    class::{Class, Rows},
    index::{Index, NONE, set, unite},
    levels::Levels,
    text::{Selection, TextTable},
    trie::TokenTrie,
    whole::{self, Letters},
};
use crate::{
    Vocabulary,
    schema::{
        machine::{Language, Place, View, Words, is_blank},
        text::TextDfa,
    },
};

/// A node of one of the tries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Location {
    pub(super) trie: u32,
    pub(super) node: u32,
}

impl Location {
    /// All tokens, from their first byte on.
    pub(super) const ALL: Self = Self { trie: 0, node: 0 };
}

/// What tokens do in a run of blanks.
#[derive(Debug)]
pub(super) struct BlankTable {
    /// Tokens of blanks alone; and as bits, if they are many.
    pub(super) tokens: Arc<[u32]>,
    pub(super) row: Option<Arc<[u32]>>,
    /// The longest run at the beginning of a token.
    longest: u32,
    /// What is left of tokens after all their leading blanks.
    pub(super) rest: Option<Location>,
}

/// All tables of one vocabulary.
#[derive(Debug)]
pub(crate) struct Tables {
    words: usize,
    index: Index,
    levels: Levels,
    /// For each special node of the index that a quote leads to, the node of the trie of all tokens.
    quotes: Vec<u32>,
    rows: Rows,
    /// Lists of tokens that many masks of different schemas have: once, they are in the processor's cache.
    lists: Rows,
    /// What is left of tokens after the closing quote of a free text; and as bits the tokens of which nothing is.
    closing: Option<(Location, Arc<[u32]>)>,
    /// By the places of rows in memory: these, and their union.
    unions: Mutex<FxHashMap<Box<[usize]>, Union>>,
    /// By ranges of code points.
    classes: Mutex<FxHashMap<Ranges, Arc<Class>>>,
    /// What all tokens do inside a string.
    wholes: papaya::HashMap<Whole, Arc<Selection>, FxBuildHasher>,
    tries: boxcar::Vec<TokenTrie>,
    /// Sets of nodes -> what is left below them.
    rests: papaya::HashMap<(u32, Box<[u32]>), Location, FxBuildHasher>,
    /// (location, language and whether lengths count, its state) -> table.
    texts: papaya::HashMap<(Location, u32, u32), Arc<TextTable>, FxBuildHasher>,
    /// (location, blanks that may still come, if that matters) -> table.
    blanks: papaya::HashMap<(Location, u32), Arc<BlankTable>, FxBuildHasher>,
    /// Automata of texts, numbered from 1; 0 is the free text.
    languages: papaya::HashMap<Arc<TextDfa>, u32>,
    last_language: AtomicU32,
    letters: papaya::HashMap<u32, Arc<Letters>, FxBuildHasher>,
    longest_blanks: OnceLock<u32>,
    longest: u32,
    bytes: AtomicUsize,
    /// Bytes of the tables of texts, and of what was selected of them.
    text_bytes: AtomicUsize,
}

/// What the selection from all tokens depends on: the language and its state; characters that are missing, and that are left,
/// as far as they matter to a token.
type Whole = (u32, u32, u32, u32);

/// First and last code points.
type Ranges = Box<[(u32, u32)]>;

/// Rows, and what they are together.
type Union = (Box<[Arc<[u32]>]>, Arc<[u32]>);

/// Tokens that many masks share are a row of bits if they are more.
pub(super) const MANY: usize = 48;

/// Bytes of tables of texts that are kept; beyond, those of automata are forgotten.
const TEXT_BYTES: usize = 32 << 20;

impl Tables {
    /// Tables of a vocabulary. Cost: a trie of all tokens.
    pub(crate) fn new(vocabulary: &Vocabulary) -> Self {
        let tokens = (0..vocabulary.len()).map(crate::TokenId::new);
        let texts = tokens
            .filter(|token| !vocabulary.is_special(*token))
            .map(|token| (vocabulary.bytes(token), token.0))
            .filter(|(bytes, _)| !bytes.is_empty());
        let index = Index::new(vocabulary);
        let mut tables = Self {
            words: vocabulary.words(),
            levels: Levels::new(&index),
            index,
            quotes: Vec::new(),
            rows: Rows::default(),
            lists: Rows::default(),
            closing: None,
            unions: Mutex::default(),
            classes: Mutex::default(),
            wholes: papaya::HashMap::with_hasher(FxBuildHasher),
            tries: boxcar::Vec::new(),
            rests: papaya::HashMap::with_hasher(FxBuildHasher),
            texts: papaya::HashMap::with_hasher(FxBuildHasher),
            blanks: papaya::HashMap::with_hasher(FxBuildHasher),
            languages: papaya::HashMap::new(),
            last_language: AtomicU32::new(0),
            letters: papaya::HashMap::with_hasher(FxBuildHasher),
            longest_blanks: OnceLock::new(),
            longest: texts.clone().map(|(bytes, _)| bytes.len() as u32).max().unwrap_or(0),
            bytes: AtomicUsize::new(0),
            text_bytes: AtomicUsize::new(0),
        };
        tables.push(TokenTrie::new(texts));
        tables.charge(tables.index.bytes() + tables.levels.bytes());
        let quote = |node| {
            if tables.index.trie().byte(node as usize) == b'"' {
                tables.of_index(node)
            } else {
                NONE
            }
        };
        tables.quotes = tables.index.special().iter().map(|special| quote(special.node)).collect();
        // What every schema needs.
        let free = Language::Free { except: Words::new::<&str>([]), min: 0, max: None };
        let selection = tables.select(Location::ALL, View::all(&free), 0, Place::free(0));
        tables.closing = selection.rest.map(|rest| {
            let mut row = vec![0; tables.words];
            let tokens = tables.trie(rest).tokens(rest.node).iter();
            tokens.for_each(|token| set(&mut row, *token));
            (rest, tables.row(row))
        });
        tables.blanks(Location::ALL, u32::MAX);
        tables
    }

    /// Bytes of the longest token: no bound that is farther away matters to any.
    #[inline]
    pub(super) fn longest(&self) -> u32 {
        self.longest
    }

    /// The index of the whole vocabulary.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// The raw nodes of the index, level by level.
    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// For each special node of the index that a quote leads to, the node of the trie of all tokens.
    pub(super) fn quotes(&self) -> &[u32] {
        &self.quotes
    }

    /// The tokens that end at a location, as bits, if these are many masks'.
    pub(super) fn closing(&self, location: Location) -> Option<&Arc<[u32]>> {
        let closing = self.closing.as_ref().filter(|closing| closing.0 == location);
        closing.map(|closing| &closing.1)
    }

    /// The node of the trie of all tokens for one of the index. O(depth).
    pub(super) fn of_index(&self, node: u32) -> u32 {
        let (mut path, mut at) = (Vec::new(), node);
        while at != NONE {
            path.push(self.index.trie().byte(at as usize));
            at = self.index.parent(at);
        }
        let trie = &self.tries[0];
        path.iter().rev().fold(0, |node, byte| {
            trie.child(node, *byte).expect("invariant: both tries are of the same tokens")
        })
    }

    fn push(&self, trie: TokenTrie) -> Location {
        self.charge(trie.bytes());
        Location { trie: self.tries.push(trie) as u32, node: 0 }
    }

    /// Counts bytes that a table took later.
    pub(super) fn charge(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A row of bits, shared with equal ones.
    pub(super) fn row(&self, row: Vec<u32>) -> Arc<[u32]> {
        let (row, new) = self.rows.intern(row);
        self.charge_text(if new { row.len() * 4 + 64 } else { 0 });
        row
    }

    /// A list of tokens, shared with equal ones.
    pub(super) fn list(&self, list: Vec<u32>) -> Arc<[u32]> {
        let bytes = list.len() * 4 + 64;
        let (list, new) = self.lists.intern(list);
        self.charge_text(if new { bytes } else { 0 });
        list
    }

    /// One row of several. Cost when new: an operation on rows for each.
    pub(super) fn union(&self, mut rows: Vec<Arc<[u32]>>) -> Arc<[u32]> {
        let address = |row: &Arc<[u32]>| Arc::as_ptr(row).addr();
        rows.sort_unstable_by_key(address);
        rows.dedup_by_key(|row| address(row));
        if let [only] = rows.as_slice() {
            return Arc::clone(only);
        }
        let key: Box<[usize]> = rows.iter().map(address).collect();
        let mut unions = self.unions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = unions.get(&key) {
            return Arc::clone(known);
        }
        let mut all = vec![0; self.words];
        rows.iter().for_each(|row| unite(&mut all, row));
        let all = self.row(all);
        self.charge_text(rows.len() * 24 + 100);
        unions.insert(key, (rows.into(), Arc::clone(&all)));
        all
    }

    /// All rows of bits.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The tokens of a class of characters, given by ranges of code points.
    pub(super) fn class(&self, ranges: &[(u32, u32)]) -> Arc<Class> {
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = classes.get(ranges) {
            return Arc::clone(known);
        }
        let class = Arc::new(Class::new(&self.index, &self.rows, ranges));
        self.charge_text(self.words * 4 + ranges.len() * 8 + 3000);
        classes.insert(ranges.into(), Arc::clone(&class));
        class
    }

    /// Whether no token that goes on inside a string reaches a bound of its language's length, whatever state it leads to.
    pub(super) fn is_far(&self, view: View<'_>, read: u32) -> bool {
        let (min, max) = view.bounds();
        let left = max.map(|max| u64::from(max.saturating_sub(read)));
        let missing = u64::from(min.saturating_sub(read));
        let Some(automaton) = view.automaton() else {
            return left.is_none_or(|left| left > u64::from(self.longest));
        };
        let needed = match (missing, left) {
            (0, None) => return true,
            (0, _) => Some(automaton.slack().0),
            (missing, _) => automaton.slack().1.map(|slack| slack + missing),
        };
        needed.is_some_and(|needed| {
            left.is_none_or(|left| left >= needed.saturating_add(self.longest.into()))
        })
    }

    /// Counts bytes of a selection.
    pub(super) fn charge_text(&self, bytes: usize) {
        self.text_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) + self.text_bytes.load(Ordering::Relaxed)
    }

    /// `u32` words of a row of bits.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    #[inline]
    pub(super) fn trie(&self, location: Location) -> &TokenTrie {
        &self.tries[location.trie as usize]
    }

    /// The number of a language of texts; those of words have none.
    pub(super) fn language(&self, view: View<'_>) -> Option<u32> {
        if view.is_free() {
            return Some(0);
        }
        let automaton = view.automaton()?;
        let languages = self.languages.pin();
        if let Some(known) = languages.get(automaton) {
            return Some(*known);
        }
        let next = self.last_language.fetch_add(1, Ordering::Relaxed) + 1;
        Some(*languages.get_or_insert(Arc::clone(automaton), next))
    }

    /// The longest run of blanks that tokens begin with.
    pub(super) fn longest_blanks(&self) -> u32 {
        *self.longest_blanks.get_or_init(|| self.blanks(Location::ALL, u32::MAX).longest)
    }

    /// What is left of the tokens below these nodes of a trie. `None` if that is nothing.
    pub(super) fn rest(&self, trie: u32, mut nodes: Vec<u32>) -> Option<Location> {
        nodes.sort_unstable();
        nodes.dedup();
        match nodes.as_slice() {
            [] => return None,
            [only] => return Some(Location { trie, node: *only }),
            _ => {}
        }
        let rests = self.rests.pin();
        let key = (trie, nodes.into_boxed_slice());
        if let Some(known) = rests.get(&key) {
            return Some(*known);
        }
        let rest = self.push(TokenTrie::rest(&self.tries[trie as usize], &key.1));
        self.charge(key.1.len() * 4 + 64);
        Some(*rests.get_or_insert(key, rest))
    }

    /// What tokens do in a run of blanks that has begun or begins here, and may have `room` more. Cost when new: the runs.
    pub(super) fn blanks(&self, location: Location, room: u32) -> Arc<BlankTable> {
        let room = if room == u32::MAX || room >= self.longest_blanks() { u32::MAX } else { room };
        let key = (location, room);
        if let Some(known) = self.blanks.pin().get(&key) {
            return Arc::clone(known);
        }
        let trie = self.trie(location);
        let (mut tokens, mut ends, mut longest) = (Vec::new(), Vec::new(), 0);
        let mut work = vec![(location.node, 0)];
        while let Some((node, run)) = work.pop() {
            longest = longest.max(run);
            let mut goes_on = false;
            for child in trie.children(node) {
                if is_blank(trie.byte(child)) {
                    if run == room {
                        continue;
                    }
                    tokens.extend_from_slice(trie.tokens(child));
                    work.push((child, run + 1));
                } else {
                    goes_on = true;
                }
            }
            if run > 0 && goes_on {
                ends.push(node);
            }
        }
        tokens.sort_unstable();
        let rest = self.rest(location.trie, ends);
        self.charge(tokens.len() * 4 + 100);
        let row = (tokens.len() > MANY).then(|| {
            let mut row = vec![0; self.words];
            tokens.iter().for_each(|token| set(&mut row, *token));
            self.row(row)
        });
        let table = Arc::new(BlankTable { tokens: tokens.into(), row, longest, rest });
        Arc::clone(self.blanks.pin().get_or_insert(key, table))
    }

    /// What tokens do inside a string from a location on, from a place between two characters of a language. Cost when new:
    /// the part of the trie that can be read; for the whole vocabulary see [`whole`].
    pub(super) fn select(
        &self,
        location: Location,
        view: View<'_>,
        number: u32,
        place: Place,
    ) -> Arc<Selection> {
        let far = self.is_far(view, place.read);
        if location != Location::ALL || !self.index.is_exact() {
            return self.text(location, view, number, place.at).select(self, view, place.read, far);
        }
        let (min, max) = view.bounds();
        let mut missing = min.saturating_sub(place.read);
        if far {
            missing = missing.min(self.longest + 1);
        }
        let left = max.filter(|_| !far).map_or(u32::MAX, |max| max.saturating_sub(place.read));
        let key = (number, place.at, missing, left);
        if let Some(known) = self.wholes.pin().get(&key) {
            return Arc::clone(known);
        }
        let letters = view.automaton().map(|automaton| {
            let make = || Arc::new(Letters::new(&self.index, automaton));
            Arc::clone(self.letters.pin().get_or_insert_with(number, make))
        });
        let selection = whole::select(self, view, letters.as_deref(), place, far);
        self.make_room(selection.bytes());
        Arc::clone(self.wholes.pin().get_or_insert(key, Arc::new(selection)))
    }

    /// The table of a location that is not the whole vocabulary.
    fn text(&self, location: Location, view: View<'_>, number: u32, at: u32) -> Arc<TextTable> {
        let counted = view.bounds() != (0, None);
        let key = (location, number << 1 | u32::from(counted), at);
        if let Some(known) = self.texts.pin().get(&key) {
            return Arc::clone(known);
        }
        let table = TextTable::new(self, location, view, counted, at);
        self.make_room(table.bytes());
        Arc::clone(self.texts.pin().get_or_insert(key, Arc::new(table)))
    }

    /// Counts bytes of what texts do; if they are too many, forgets what is known of automata.
    fn make_room(&self, bytes: usize) {
        if self.text_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > TEXT_BYTES {
            // Whatever is in use is held by whoever uses it.
            self.text_bytes.store(0, Ordering::Relaxed);
            self.texts.pin().retain(|(_, number, _), _| *number < 2);
            self.wholes.pin().retain(|(number, ..), _| *number == 0);
            self.letters.pin().clear();
            self.classes.lock().unwrap_or_else(PoisonError::into_inner).clear();
            self.unions.lock().unwrap_or_else(PoisonError::into_inner).clear();
            self.rows.forget();
            self.lists.forget();
        }
    }
}
