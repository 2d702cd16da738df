//! What tokens do inside a string, from one place in a trie and one state of a language on: where few tokens are left. Of the
//! whole vocabulary, see [`super::whole`].

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::{
    index::set,
    tables::{Location, MANY, Tables},
};
use crate::schema::machine::{Place, Spelling, Step, View};

/// Tokens that end inside a string in the same place.
#[derive(Debug)]
struct Group {
    /// The place, from [`Place::read`] 0 on.
    place: Place,
    tokens: Vec<u32>,
}

/// Closing quotes after the same text.
#[derive(Debug)]
struct Exit {
    place: Place,
    nodes: Vec<u32>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct TextTable {
    location: Location,
    /// Tokens that are a row of bits if they are more.
    many: usize,
    groups: Box<[Group]>,
    exits: Box<[Exit]>,
    /// If no bound on the length is near.
    all: OnceLock<Arc<Selection>>,
    /// By allowed groups and exits.
    selections: Mutex<FxHashMap<Box<[u64]>, Arc<Selection>>>,
}

/// What lengths allow.
#[derive(Debug)]
pub(super) struct Selection {
    /// Tokens inside the string, as bits, if they are many.
    pub(super) base: Option<Arc<[u32]>>,
    /// Tokens inside the string.
    pub(super) lists: Box<[Arc<[u32]>]>,
    /// What is left of tokens after the closing quote.
    pub(super) rest: Option<Location>,
}

impl Selection {
    /// Estimated bytes, without shared ones.
    pub(super) fn bytes(&self) -> usize {
        self.lists.iter().map(|list| list.len() * 4 + 16).sum::<usize>() + 150
    }
}

/// A table being made.
struct Draft<'a> {
    tables: &'a Tables,
    view: View<'a>,
    /// Whether the language is that of free texts: nothing counts but the length.
    free: bool,
    /// Whether the length counts.
    counted: bool,
    groups: Vec<(Place, Vec<u32>)>,
    group_of: FxHashMap<Place, u32>,
    last: Option<(Place, u32)>,
    exits: FxHashMap<Place, Vec<u32>>,
}

impl Draft<'_> {
    /// The place as far as it counts: what becomes of tokens does not, but for lengths.
    fn key(&self, place: Place) -> Place {
        if self.counted { place } else { Place { read: 0, ..place } }
    }

    fn add(&mut self, start: Place, place: Place, tokens: &[u32]) {
        if tokens.is_empty() {
            return;
        }
        let key = match (self.counted, self.free) {
            (false, _) => start,
            (true, true) => place.blurred(),
            (true, false) => place,
        };
        let group = match self.last {
            Some((place, group)) if place == key => group,
            _ => *self.group_of.entry(key).or_insert_with(|| {
                self.groups.push((key, Vec::new()));
                self.groups.len() as u32 - 1
            }),
        };
        self.last = Some((key, group));
        self.groups[group as usize].1.extend_from_slice(tokens);
    }

    /// Reads all tokens below a location byte by byte.
    fn read(&mut self, location: Location, start: Place) {
        let trie = self.tables.trie(location);
        let mut work = vec![(location.node, start)];
        while let Some((node, place)) = work.pop() {
            for child in trie.children(node) {
                match self.view.read(place, trie.byte(child)) {
                    Step::Dead => {}
                    Step::End => self.exits.entry(self.key(place)).or_default().push(child),
                    Step::Inside(next) => {
                        self.add(start, next, trie.tokens(child));
                        if trie.size(child) > 1 {
                            work.push((child, next));
                        }
                    }
                }
            }
        }
    }
}

impl TextTable {
    /// Cost: the part of the trie that can be read.
    pub(super) fn new(
        tables: &Tables,
        location: Location,
        view: View<'_>,
        counted: bool,
        at: u32,
    ) -> Self {
        let mut draft = Draft {
            tables,
            view: view.unbounded(),
            free: view.is_free(),
            counted,
            groups: Vec::new(),
            group_of: FxHashMap::default(),
            last: None,
            exits: FxHashMap::default(),
        };
        draft.read(location, Place { at, spelling: Spelling::BETWEEN, read: 0 });
        let groups = draft.groups.into_iter().map(|(place, tokens)| Group { place, tokens });
        let mut exits: Vec<Exit> =
            draft.exits.into_iter().map(|(place, nodes)| Exit { place, nodes }).collect();
        exits.sort_unstable_by_key(|exit| exit.place);
        Self {
            location,
            // The free text's tables are everyone's.
            many: if view.is_free() { MANY } else { tables.words() / 8 },
            groups: groups.collect(),
            exits: exits.into(),
            all: OnceLock::new(),
            selections: Mutex::default(),
        }
    }

    /// Estimated bytes, without selections.
    pub(super) fn bytes(&self) -> usize {
        self.groups.iter().map(|group| group.tokens.len() * 4 + 64).sum::<usize>()
            + self.exits.iter().map(|exit| exit.nodes.len() * 4 + 48).sum::<usize>()
            + 200
    }

    /// What the lengths of a language allow after `read` characters; `far` says that no bound is near. Cost when new: the
    /// groups.
    pub(super) fn select(
        &self,
        tables: &Tables,
        view: View<'_>,
        read: u32,
        far: bool,
    ) -> Arc<Selection> {
        if far && read >= view.bounds().0 {
            let select = || Arc::new(self.make(tables, |_| true, |_| true));
            return Arc::clone(self.all.get_or_init(select));
        }
        let shifted = |place: Place| Place { read: place.read + read, ..place };
        let inside = |place: Place| view.holds(shifted(place));
        let ends = |place: Place| view.may_end(shifted(place));
        let groups = self.groups.iter().map(|group| inside(group.place));
        let mut bits = Vec::with_capacity((self.groups.len() + self.exits.len()).div_ceil(64));
        for (i, bit) in groups.chain(self.exits.iter().map(|exit| ends(exit.place))).enumerate() {
            if i % 64 == 0 {
                bits.push(0u64);
            }
            bits[i / 64] |= u64::from(bit) << (i % 64);
        }
        let mut selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(self.make(tables, inside, ends));
        Arc::clone(selections.entry(bits.into()).or_insert_with(make))
    }

    fn make(
        &self,
        tables: &Tables,
        inside: impl Fn(Place) -> bool,
        ends: impl Fn(Place) -> bool,
    ) -> Selection {
        let nodes = (self.exits.iter())
            .filter(|exit| ends(exit.place))
            .flat_map(|exit| exit.nodes.iter().copied())
            .collect();
        let rest = tables.rest(self.location.trie, nodes);
        let groups = self.groups.iter().filter(|group| inside(group.place));
        let tokens: Vec<u32> = groups.flat_map(|group| group.tokens.iter().copied()).collect();
        let selection = if tokens.len() > self.many {
            let mut row = vec![0u32; tables.words()];
            tokens.into_iter().for_each(|token| set(&mut row, token));
            Selection { base: Some(tables.row(row)), lists: Box::default(), rest }
        } else {
            // One list is faster to add than many.
            let lists = if tokens.is_empty() { Box::default() } else { Box::from([tokens.into()]) };
            Selection { base: None, lists, rest }
        };
        tables.charge_text(selection.bytes());
        selection
    }
}
