//! Items and names that must differ: which ones an array or object has had, and the text of the one being read.
//!
//! `uniqueItems` is no matter of a finite state, nor is it to count names that no schema declares, so here alone what is
//! remembered grows with the text: strings and numbers are kept as chains of bytes, each a byte and what is before it, and
//! sets of them by number. Scalars can be told apart so; other items are refused when a schema is compiled.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{Place, Spelled, Spelling, View, words::Words};
use crate::{bitset::BitSet, intern::Interner, schema::number::canonical};

/// A text that is being read, as a chain of bytes; 0 is the empty one.
pub(crate) type Prefix = u32;

/// Key of a chain: what is before, and the last byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Link(u32, u8);

impl From<&Link> for Link {
    fn from(link: &Link) -> Self {
        *link
    }
}

/// What an array or object has had.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Key {
    /// `null`, `false`, `true`, as bits.
    words: u8,
    /// Sorted.
    texts: Vec<Box<str>>,
    /// Sorted, in a form that equal numbers share.
    numbers: Vec<Box<str>>,
    /// Whether the text of the last item is not known.
    open: bool,
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

/// The items or names that an array or object has had.
#[derive(Debug)]
pub(crate) struct Used {
    key: Key,
    trie: OnceLock<Words>,
}

/// All such sets and texts met so far.
#[derive(Debug)]
pub(crate) struct UsedSets {
    sets: Interner<Key, Used>,
    links: Interner<Link, Link>,
}

impl UsedSets {
    /// The set of no items is number 0.
    pub(super) fn new() -> Self {
        let sets = Self { sets: Interner::new(), links: Interner::new() };
        sets.intern(&Key::default());
        sets.links.intern(&Link(0, 0), || (Link(0, 0), 8));
        sets
    }

    fn intern(&self, key: &Key) -> u32 {
        self.sets.intern(key, || {
            let texts = key.texts.iter().chain(&key.numbers);
            let bytes: usize = texts.map(|text| 2 * text.len() + 48).sum();
            (Used { key: key.clone(), trie: OnceLock::new() }, bytes + 100)
        })
    }

    /// A set.
    pub(crate) fn get(&self, used: u32) -> &Used {
        self.sets.get(used)
    }

    /// The set with one of `null`, `false`, `true` more; `None` if it has it.
    pub(super) fn with_word(&self, used: u32, word: u8) -> Option<u32> {
        let mut key = self.get(used).key.clone();
        (key.words >> word & 1 == 0).then(|| {
            key.words |= 1 << word;
            self.intern(&key)
        })
    }

    /// The set with a text more that was read; `None` if it has it.
    pub(super) fn with_read(&self, used: u32, text: Prefix) -> Option<u32> {
        self.with_text(used, &String::from_utf8(self.text(text)).ok()?)
    }

    /// The set with a text more; `None` if it has it.
    pub(super) fn with_text(&self, used: u32, text: &str) -> Option<u32> {
        let mut key = self.get(used).key.clone();
        let text: Box<str> = text.into();
        let at = key.texts.binary_search(&text).err()?;
        key.texts.insert(at, text);
        Some(self.intern(&key))
    }

    /// The set with a number more that was read; `None` if it has it.
    pub(super) fn with_number(&self, used: u32, text: Prefix) -> Option<u32> {
        let mut key = self.get(used).key.clone();
        let value = canonical(std::str::from_utf8(&self.text(text)).ok()?)?;
        let at = key.numbers.binary_search(&value).err()?;
        key.numbers.insert(at, value);
        Some(self.intern(&key))
    }

    /// The set with a text more that nobody knows.
    pub(super) fn with_any(&self, used: u32) -> u32 {
        let mut key = self.get(used).key.clone();
        key.open = true;
        self.intern(&key)
    }

    /// A text with one byte of its spelling more.
    pub(super) fn spell(&self, prefix: Prefix, at: Spelling, byte: u8) -> Prefix {
        match at.read(byte) {
            Spelled::Raw(_) => self.push(prefix, byte),
            Spelled::Escaped(c) => {
                c.encode_utf8(&mut [0; 4]).bytes().fold(prefix, |at, byte| self.push(at, byte))
            }
            _ => prefix,
        }
    }

    /// A text with one byte more.
    pub(super) fn push(&self, prefix: Prefix, byte: u8) -> Prefix {
        self.links.intern(&Link(prefix, byte), || (Link(prefix, byte), 16))
    }

    /// The bytes of a text.
    pub(super) fn text(&self, prefix: Prefix) -> Vec<u8> {
        let (mut bytes, mut at) = (Vec::new(), prefix);
        while at != 0 {
            let Link(before, byte) = *self.links.get(at);
            bytes.push(byte);
            at = before;
        }
        bytes.reverse();
        bytes
    }

    /// Where a text that is being read stands among the texts used; `None` if it begins none of them.
    pub(crate) fn place(&self, used: u32, prefix: Prefix) -> Option<(&Words, u32)> {
        let used = self.get(used);
        if used.key.texts.is_empty() {
            return None;
        }
        let words = used.trie.get_or_init(|| Words::new(used.key.texts.iter().map(|text| &**text)));
        let mut node = 0;
        for byte in self.text(prefix) {
            node = words.child(node, byte)?;
        }
        Some((words, node))
    }

    /// Of some words those that are not used.
    pub(super) fn unused(&self, used: u32, words: &Words) -> BitSet {
        let mut unused = BitSet::new(words.words().len());
        let texts = &self.get(used).key.texts;
        for (at, word) in words.words().iter().enumerate() {
            if texts.binary_search_by(|text| (**text).cmp(word)).is_err() {
                unused.insert(at);
            }
        }
        unused
    }

    /// Whether a text in this place of a language, not one of words, can still become one that is not used.
    pub(super) fn leaves(&self, view: View<'_>, place: Place, used: u32, prefix: Prefix) -> bool {
        match self.place(used, prefix) {
            Some((words, node)) => {
                View::words(words).leaves(Place { at: node, ..place }, view, place)
            }
            None => true,
        }
    }

    /// The same set in another table.
    pub(super) fn copy_to(&self, used: u32, other: &Self) -> u32 {
        if used == 0 { 0 } else { other.intern(&self.get(used).key) }
    }

    /// The same text in another table.
    pub(super) fn copy_text(&self, prefix: Prefix, other: &Self) -> Prefix {
        self.text(prefix).into_iter().fold(0, |at, byte| other.push(at, byte))
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.sets.bytes() + self.links.bytes()
    }
}

impl Used {
    /// Whether `null`, `false` or `true` has been an item.
    pub(super) fn has_word(&self, word: u8) -> bool {
        self.key.words >> word & 1 == 1
    }

    /// The strings.
    pub(crate) fn texts(&self) -> &[Box<str>] {
        &self.key.texts
    }

    /// The numbers, each in a form that equal ones share.
    pub(super) fn numbers(&self) -> &[Box<str>] {
        &self.key.numbers
    }

    /// Whether the text of the last item is not known.
    pub(crate) fn is_open(&self) -> bool {
        self.key.open
    }
}

/// How many texts a begun one can become, counted up to a limit. Cost: the states of the language times the length of the
/// texts counted, or less: beginnings that differ become texts that differ, so that as many beginnings as the limit will do.
pub(super) fn completions(view: View<'_>, place: Place, limit: usize) -> usize {
    let mut found = 0;
    let mut level: FxHashMap<Place, usize> = FxHashMap::from_iter([(place, 1)]);
    while !level.is_empty() {
        let mut next: FxHashMap<Place, usize> = FxHashMap::default();
        let mut begun: usize = 0;
        for (place, ways) in level {
            if view.may_end(place) {
                found += ways;
            }
            for at in view.decoded(place) {
                let ways_on = next.entry(at).or_insert(0);
                *ways_on = (*ways_on + ways).min(limit);
                begun = begun.saturating_add(ways);
            }
            if found.saturating_add(begun) >= limit {
                return limit;
            }
        }
        // Of a language without an end some text is found on every other level at the latest.
        level = next;
    }
    found
}
