//! What the tokens of a vocabulary do inside strings and runs of blanks, whatever the schema: shared by all schemas.
//!
//! A table belongs to a place in a trie of tokens ([`Location`]) and a state of a language of texts. It says which tokens
//! stay inside the string, grouped by what becomes of them, and where the closing quote comes inside a token: what is left
//! after it is a trie again.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, AtomicUsize, Ordering},
};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::trie::TokenTrie;
use crate::{
    Vocabulary,
    schema::{
        machine::{Language, Place, Spelling, Step, View, is_blank},
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

/// Tokens that end inside a string in the same place.
#[derive(Debug)]
struct Group {
    /// The place, from [`Place::read`] 0 on.
    place: Place,
    tokens: Arc<[u32]>,
}

/// Closing quotes after the same text.
#[derive(Debug)]
struct Exit {
    place: Place,
    nodes: Vec<u32>,
}

/// What tokens do inside a string, from one location and one state of a language on.
#[derive(Debug)]
pub(super) struct TextTable {
    location: Location,
    groups: Box<[Group]>,
    exits: Box<[Exit]>,
    /// If no bound on the length is near.
    all: OnceLock<Arc<Selection>>,
    /// By allowed groups and exits.
    selections: papaya::HashMap<Box<[u64]>, Arc<Selection>, FxBuildHasher>,
}

/// The part of a table that lengths allow.
#[derive(Debug)]
pub(super) struct Selection {
    /// Tokens inside the string, as bits, if they are many.
    pub(super) base: Option<Arc<[u32]>>,
    /// Tokens inside the string.
    pub(super) lists: Box<[Arc<[u32]>]>,
    /// What is left of tokens after the closing quote.
    pub(super) rest: Option<Location>,
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
    tries: boxcar::Vec<TokenTrie>,
    /// Sets of nodes -> what is left below them.
    rests: papaya::HashMap<(u32, Box<[u32]>), Location, FxBuildHasher>,
    /// (location, language, its state) -> table.
    texts: papaya::HashMap<(Location, u32, u32), Arc<TextTable>, FxBuildHasher>,
    blanks: papaya::HashMap<Location, Arc<BlankTable>, FxBuildHasher>,
    /// Automata of texts, numbered from 1; 0 is the free text.
    languages: papaya::HashMap<Arc<TextDfa>, u32>,
    last_language: AtomicU32,
    longest_blanks: OnceLock<u32>,
    bytes: AtomicUsize,
}

impl Tables {
    /// Tables of a vocabulary. Cost: a trie of all tokens.
    pub(crate) fn new(vocabulary: &Vocabulary) -> Self {
        let tokens = (0..vocabulary.len()).map(crate::TokenId::new);
        let texts = tokens
            .filter(|token| !vocabulary.is_special(*token))
            .map(|token| (vocabulary.bytes(token), token.0))
            .filter(|(bytes, _)| !bytes.is_empty());
        let tables = Self {
            words: vocabulary.words(),
            tries: boxcar::Vec::new(),
            rests: papaya::HashMap::with_hasher(FxBuildHasher),
            texts: papaya::HashMap::with_hasher(FxBuildHasher),
            blanks: papaya::HashMap::with_hasher(FxBuildHasher),
            languages: papaya::HashMap::new(),
            last_language: AtomicU32::new(0),
            longest_blanks: OnceLock::new(),
            bytes: AtomicUsize::new(0),
        };
        tables.push(TokenTrie::new(texts));
        tables
    }

    fn push(&self, trie: TokenTrie) -> Location {
        self.charge(trie.bytes());
        Location { trie: self.tries.push(trie) as u32, node: 0 }
    }

    fn charge(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// `u32` words of a row of bits.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    #[inline]
    pub(super) fn trie(&self, location: Location) -> &TokenTrie {
        &self.tries[location.trie as usize]
    }

    /// The number of a language of texts; [`Language::Words`] have none.
    pub(super) fn language(&self, language: &Language) -> Option<u32> {
        match language {
            Language::Words(_) => None,
            Language::Free { .. } => Some(0),
            Language::Automaton(_) => {
                let automaton = language.automaton()?;
                let languages = self.languages.pin();
                if let Some(known) = languages.get(automaton) {
                    return Some(*known);
                }
                let next = self.last_language.fetch_add(1, Ordering::Relaxed) + 1;
                Some(*languages.get_or_insert(Arc::clone(automaton), next))
            }
        }
    }

    /// The longest run of blanks that tokens begin with.
    pub(super) fn longest_blanks(&self) -> u32 {
        *self.longest_blanks.get_or_init(|| self.blanks(Location::ALL).longest)
    }

    /// What is left of the tokens below these nodes of a trie. `None` if that is nothing.
    fn rest(&self, trie: u32, mut nodes: Vec<u32>) -> Option<Location> {
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
        let key = (location, number, at);
        if let Some(known) = self.texts.pin().get(&key) {
            return Arc::clone(known);
        }
        let table = self.make_text(location, view.unbounded(), number == 0, at);
        let size: usize =
            table.groups.iter().map(|group| group.tokens.len() * 4 + 48).sum::<usize>()
                + table.exits.iter().map(|exit| exit.nodes.len() * 4 + 48).sum::<usize>();
        self.charge(size + 200);
        Arc::clone(self.texts.pin().get_or_insert(key, Arc::new(table)))
    }

    fn make_text(&self, location: Location, view: View<'_>, free: bool, at: u32) -> TextTable {
        let trie = self.trie(location);
        let mut groups: Vec<(Place, Vec<u32>)> = Vec::new();
        let mut group_of: FxHashMap<Place, u32> = FxHashMap::default();
        let mut exits: FxHashMap<Place, Vec<u32>> = FxHashMap::default();
        let start = Place { at, spelling: Spelling::BETWEEN, read: 0 };
        let mut work = vec![(location.node, start)];
        let mut last = None;
        while let Some((node, place)) = work.pop() {
            for child in trie.children(node) {
                match view.read(place, trie.byte(child)) {
                    Step::Dead => {}
                    Step::End => exits.entry(place).or_default().push(child),
                    Step::Inside(next) => {
                        let tokens = trie.tokens(child);
                        if !tokens.is_empty() {
                            // Of a free text nothing counts but its length.
                            let key = if free { next.blurred() } else { next };
                            let group = match last {
                                Some((place, group)) if place == key => group,
                                _ => *group_of.entry(key).or_insert_with(|| {
                                    groups.push((key, Vec::new()));
                                    groups.len() as u32 - 1
                                }),
                            };
                            last = Some((key, group));
                            groups[group as usize].1.extend_from_slice(tokens);
                        }
                        if trie.size(child) > 1 {
                            work.push((child, next));
                        }
                    }
                }
            }
        }
        let group = |(place, mut tokens): (Place, Vec<u32>)| {
            tokens.sort_unstable();
            Group { place, tokens: tokens.into() }
        };
        let mut exits: Vec<Exit> =
            exits.into_iter().map(|(place, nodes)| Exit { place, nodes }).collect();
        exits.sort_unstable_by_key(|exit| exit.place);
        TextTable {
            location,
            groups: groups.into_iter().map(group).collect(),
            exits: exits.into(),
            all: OnceLock::new(),
            selections: papaya::HashMap::with_hasher(FxBuildHasher),
        }
    }
}

/// Characters of a token at most, roughly: bounds that are farther away do not matter. A token of more characters than this
/// is judged one by one all the same.
const FAR: u32 = 300;

impl TextTable {
    /// What the lengths of a language allow after `read` characters. Cost when new: the groups.
    pub(super) fn select(&self, tables: &Tables, view: View<'_>, read: u32) -> Arc<Selection> {
        let (min, max) = view.language().bounds();
        if max.is_none() && read >= min {
            let select = || Arc::new(self.make(tables, |_| true, |_| true));
            return Arc::clone(self.all.get_or_init(select));
        }
        // Selections know nothing of bounds: they are those of the language's own table, by what it allows.
        let shifted = |place: Place| Place { read: place.read + read, ..place };
        let inside = |place: Place| view.holds(shifted(place));
        let ends = |place: Place| view.may_end(shifted(place));
        let far = matches!(view.language(), Language::Free { .. })
            && read >= min
            && max.is_none_or(|max| max.saturating_sub(read) > FAR)
            && self.groups.iter().all(|group| group.place.read < FAR);
        if far {
            let select = || Arc::new(self.make(tables, |_| true, |_| true));
            return Arc::clone(self.all.get_or_init(select));
        }
        let allowed: Vec<bool> = (self.groups.iter().map(|group| inside(group.place)))
            .chain(self.exits.iter().map(|exit| ends(exit.place)))
            .collect();
        let bits: Box<[u64]> = allowed
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |bits, (i, bit)| bits | u64::from(*bit) << i)
            })
            .collect();
        let selections = self.selections.pin();
        if let Some(known) = selections.get(&bits) {
            return Arc::clone(known);
        }
        let selection = Arc::new(self.make(tables, inside, ends));
        Arc::clone(selections.get_or_insert(bits, selection))
    }

    fn make(
        &self,
        tables: &Tables,
        inside: impl Fn(Place) -> bool,
        ends: impl Fn(Place) -> bool,
    ) -> Selection {
        let lists: Vec<Arc<[u32]>> = (self.groups.iter())
            .filter(|group| inside(group.place))
            .map(|group| Arc::clone(&group.tokens))
            .collect();
        let nodes = (self.exits.iter())
            .filter(|exit| ends(exit.place))
            .flat_map(|exit| exit.nodes.iter().copied())
            .collect();
        let rest = tables.rest(self.location.trie, nodes);
        let count: usize = lists.iter().map(|list| list.len()).sum();
        if count > tables.words / 4 {
            let mut words = vec![0u32; tables.words];
            for token in lists.iter().flat_map(|list| list.iter()) {
                words[*token as usize / 32] |= 1 << (token % 32);
            }
            tables.charge(words.len() * 4 + 100);
            return Selection { base: Some(words.into()), lists: Box::default(), rest };
        }
        // One list is faster to add than many.
        let mut all: Vec<u32> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        all.sort_unstable();
        tables.charge(all.len() * 4 + 100);
        let lists = if all.is_empty() { Box::default() } else { Box::from([Arc::from(all)]) };
        Selection { base: None, lists, rest }
    }
}
