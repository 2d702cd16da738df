//! What the tokens of a vocabulary do inside strings and runs of blanks, whatever the schema: shared by all schemas.
//!
//! A table belongs to a place in a trie of tokens ([`Location`]) and a state of a language of texts. It says which tokens
//! stay inside the string, grouped by what becomes of them, and where the closing quote comes inside a token: what is left
//! after it is a trie again.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::{
    index::{Index, NONE},
    text::TextTable,
    trie::TokenTrie,
};
use crate::{
    Vocabulary,
    schema::{
        machine::{Language, Place, Spelled, Spelling, View, Words, is_blank},
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
    /// Tokens of blanks alone.
    pub(super) tokens: Arc<[u32]>,
    /// The longest run at the beginning of a token.
    pub(super) longest: u32,
    /// What is left of tokens after all their leading blanks.
    pub(super) rest: Option<Location>,
}

/// All tables of one vocabulary.
#[derive(Debug)]
pub(crate) struct Tables {
    words: usize,
    index: Index,
    /// For each node of the index that a quote leads to, the node of the trie of all tokens.
    quotes: Vec<u32>,
    tries: boxcar::Vec<TokenTrie>,
    /// Sets of nodes -> what is left below them.
    rests: papaya::HashMap<(u32, Box<[u32]>), Location, FxBuildHasher>,
    /// (location, language and whether lengths count, its state) -> table.
    texts: papaya::HashMap<(Location, u32, u32), Arc<TextTable>, FxBuildHasher>,
    blanks: papaya::HashMap<Location, Arc<BlankTable>, FxBuildHasher>,
    /// Automata of texts, numbered from 1; 0 is the free text.
    languages: papaya::HashMap<Arc<TextDfa>, u32>,
    last_language: AtomicU32,
    /// The states of a language from which no byte of any text leads astray.
    open: papaya::HashMap<u32, Arc<FxHashSet<u32>>, FxBuildHasher>,
    longest_blanks: OnceLock<u32>,
    longest: u32,
    bytes: AtomicUsize,
    /// Bytes of the tables of texts, and of what was selected of them.
    text_bytes: AtomicUsize,
}

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
        let mut tables = Self {
            words: vocabulary.words(),
            index: Index::new(vocabulary),
            quotes: Vec::new(),
            tries: boxcar::Vec::new(),
            rests: papaya::HashMap::with_hasher(FxBuildHasher),
            texts: papaya::HashMap::with_hasher(FxBuildHasher),
            blanks: papaya::HashMap::with_hasher(FxBuildHasher),
            languages: papaya::HashMap::new(),
            last_language: AtomicU32::new(0),
            open: papaya::HashMap::with_hasher(FxBuildHasher),
            longest_blanks: OnceLock::new(),
            longest: texts.clone().map(|(bytes, _)| bytes.len() as u32).max().unwrap_or(0),
            bytes: AtomicUsize::new(0),
            text_bytes: AtomicUsize::new(0),
        };
        tables.push(TokenTrie::new(texts));
        tables.charge(tables.index.bytes());
        let quotes = tables.index.after_raw(b'"');
        tables.quotes = quotes.iter().map(|node| tables.of_index(*node)).collect();
        // What every schema needs.
        let free = Language::Free { except: Words::new(Vec::new()), min: 0, max: None };
        let place = Place::free(0);
        tables.text(Location::ALL, View::all(&free), 0, place.at).select(
            &tables,
            View::all(&free),
            0,
        );
        tables.blanks(Location::ALL);
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

    /// For each node of the index that a quote leads to after a raw text, the node of the trie of all tokens.
    pub(super) fn quotes(&self) -> &[u32] {
        &self.quotes
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

    /// Whether every text is a beginning of one of a language's from a state on.
    fn is_open(&self, view: View<'_>, number: u32, at: u32) -> bool {
        let Some(automaton) = view.automaton() else { return false };
        if automaton.len() > OPEN {
            return false;
        }
        let known = self.open.pin();
        let open = known.get_or_insert_with(number, || Arc::new(open_states(automaton)));
        open.contains(&at)
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
        *self.longest_blanks.get_or_init(|| self.blanks(Location::ALL).longest)
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

    /// What tokens do in a run of blanks that has begun or begins here. Cost when new: the runs.
    pub(super) fn blanks(&self, location: Location) -> Arc<BlankTable> {
        if let Some(known) = self.blanks.pin().get(&location) {
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
        let table = Arc::new(BlankTable { tokens: tokens.into(), longest, rest });
        Arc::clone(self.blanks.pin().get_or_insert(location, table))
    }

    /// What tokens do inside a string from a location on, from a state of a language. Cost when new: the part of the trie
    /// that can be read.
    pub(super) fn text(
        &self,
        location: Location,
        view: View<'_>,
        number: u32,
        at: u32,
    ) -> Arc<TextTable> {
        let counted = view.bounds() != (0, None);
        let key = (location, number << 1 | u32::from(counted), at);
        if let Some(known) = self.texts.pin().get(&key) {
            return Arc::clone(known);
        }
        let like = !counted && number > 0 && self.is_open(view, number, at);
        let free = like.then(|| {
            let free = Language::Free { except: Words::new(Vec::new()), min: 0, max: None };
            self.text(location, View::all(&free), 0, Place::free(0).at)
        });
        let table = TextTable::new(self, location, view, counted, at, free.as_deref());
        let bytes = self.text_bytes.fetch_add(table.bytes(), Ordering::Relaxed) + table.bytes();
        if bytes > TEXT_BYTES {
            // Whatever is in use is held by whoever uses it.
            self.text_bytes.store(0, Ordering::Relaxed);
            self.texts.pin().retain(|(_, number, _), _| *number < 2);
        }
        Arc::clone(self.texts.pin().get_or_insert(key, Arc::new(table)))
    }
}

/// States of an automaton of which it is found out whether they are open.
const OPEN: usize = 2000;

/// The states between characters from which every text can be read.
fn open_states(automaton: &TextDfa) -> FxHashSet<u32> {
    // Forwards: what can be reached, and from where; backwards: what leads to the dead state.
    let mut before: FxHashMap<(u32, Spelling), Vec<(u32, Spelling)>> = FxHashMap::default();
    let start = (automaton.start(), Spelling::BETWEEN);
    let mut seen = FxHashSet::from_iter([start]);
    let (mut work, mut lost) = (vec![start], Vec::new());
    while let Some((state, spelling)) = work.pop() {
        for byte in 0..=255u8 {
            let next = match spelling.read(byte) {
                Spelled::Raw(next) => next.kind(),
                // Texts have quotes, backslashes and control characters, too.
                _ if spelling.is_between() && byte < 0x80 => Spelling::BETWEEN,
                _ => continue,
            };
            let to = (automaton.next(state, byte), next);
            if to.0 == 0 {
                lost.push((state, spelling));
                break;
            }
            before.entry(to).or_default().push((state, spelling));
            if seen.insert(to) {
                work.push(to);
            }
        }
    }
    let mut closed: FxHashSet<(u32, Spelling)> = lost.iter().copied().collect();
    while let Some(at) = lost.pop() {
        for from in before.get(&at).into_iter().flatten() {
            if closed.insert(*from) {
                lost.push(*from);
            }
        }
    }
    let open = seen.into_iter().filter(|at| at.1.is_between() && !closed.contains(at));
    open.map(|at| at.0).collect()
}
