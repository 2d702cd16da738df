//! What tokens do inside a string, from one place in a trie and one state of a language on.
//!
//! For the whole vocabulary a walk would be the dearest thing of all: inside a string nearly every token may come. But most
//! states of most languages have a wide class of characters that they read again and again, their *neutral* ones: of a
//! token of neutral characters alone nothing needs to be known but its length, and which tokens these are is a matter of
//! a few operations on bits ([`Index::without`]). Only where a token leaves that class is it read byte by byte.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::{
    index::{Index, NONE},
    tables::{Location, Tables},
};
use crate::{
    TokenMask,
    schema::{
        machine::{Place, Spelled, Spelling, Step, View},
        text::TextDfa,
    },
};

/// Tokens that end inside a string in the same place.
#[derive(Debug)]
struct Group {
    /// The place, from [`Place::read`] 0 on.
    place: Place,
    tokens: Tokens,
}

#[derive(Debug)]
enum Tokens {
    List(Arc<[u32]>),
    /// Tokens of neutral characters, which may be of any number: the place is that before them.
    Neutral(Arc<[u32]>),
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
    groups: Box<[Group]>,
    exits: Box<[Exit]>,
    /// If no bound on the length is near.
    all: OnceLock<Arc<Selection>>,
    /// By allowed groups and exits.
    selections: Mutex<FxHashMap<Box<[u64]>, Arc<Selection>>>,
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

/// Subtrees with fewer nodes are read byte by byte.
const NARROW: usize = 256;

/// Other characters up to which a class counts as nearly all.
const MANY: usize = 12;

/// Neutral characters of ASCII from which on a class counts as wide.
const WIDE: usize = 20;

/// The neutral characters of a state: they lead to one state, and back to that one.
struct Neutral {
    /// That state.
    to: u32,
    /// By byte; those of a character beyond ASCII all or none.
    bytes: [bool; 256],
    /// Bytes that are not.
    others: Vec<u8>,
    /// Whether all bytes beyond ASCII are among the others.
    wide: bool,
}

impl Neutral {
    /// The neutral characters of a state, if they are many: those that it reads again and again, or those that the state
    /// after a letter does.
    fn new(view: View<'_>, at: u32) -> Option<Self> {
        Self::towards(view, at, at).or_else(|| {
            let start = Place { at, spelling: Spelling::BETWEEN, read: 0 };
            match view.read(start, b'a') {
                Step::Inside(next) if next.at != at => Self::towards(view, at, next.at),
                _ => None,
            }
        })
    }

    fn towards(view: View<'_>, from: u32, to: u32) -> Option<Self> {
        let start = Place { at: from, spelling: Spelling::BETWEEN, read: 0 };
        let again = Place { at: to, ..start };
        let mut bytes = [false; 256];
        let leads = |place: Place, byte: u8| match view.read(place, byte) {
            Step::Inside(next) => next.at == to && next.spelling.is_between(),
            _ => false,
        };
        for byte in 0x20..=0x7f {
            bytes[usize::from(byte)] = leads(start, byte) && (from == to || leads(again, byte));
        }
        if bytes.iter().filter(|neutral| **neutral).count() < WIDE {
            return None;
        }
        let mut known = FxHashMap::default();
        for lead in 0xc2..=0xf4 {
            let mut returns = |place: Place| match view.read(place, lead) {
                Step::Inside(next) => returns(view, next, to, &mut known),
                _ => false,
            };
            bytes[usize::from(lead)] = returns(start) && (from == to || returns(again));
        }
        let wide = bytes[0xc2..=0xf4].iter().all(|neutral| !neutral);
        // What follows a lead byte is as good as that one.
        bytes[0x80..0xc0].fill(!wide);
        let others = (0x20..=0xf4u8)
            .filter(|byte| !bytes[usize::from(*byte)] && (*byte < 0x80 || *byte >= 0xc2 && !wide))
            .collect();
        Some(Self { to, bytes, others, wide })
    }

    /// First bytes of characters that are not neutral.
    fn leaving(&self) -> impl Iterator<Item = u8> + '_ {
        self.others.iter().copied().chain((0xc2..=0xf4).filter(|_| self.wide))
    }
}

/// Whether every end of a character that has been begun leads back to a state. At most three deep.
fn returns(
    view: View<'_>,
    place: Place,
    to: u32,
    known: &mut FxHashMap<(u32, Spelling), bool>,
) -> bool {
    if place.spelling.is_between() {
        return place.at == to;
    }
    let key = (place.at, place.spelling.kind());
    if let Some(known) = known.get(&key) {
        return *known;
    }
    let result = (0x80..=0xbf).all(|byte| match place.spelling.read(byte) {
        Spelled::Raw(_) => match view.read(place, byte) {
            Step::Inside(next) => returns(view, next, to, known),
            _ => false,
        },
        _ => true,
    });
    known.insert(key, result);
    result
}

/// Neutral characters, and the tokens of these alone.
type Class = (Neutral, Arc<[u32]>);

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
    /// All tokens, if the length does not count; of the whole vocabulary as bits.
    all: Vec<u32>,
    bits: Option<Vec<u32>>,
}

impl Draft<'_> {
    fn key(&self, place: Place) -> Place {
        if self.counted { place } else { Place { read: 0, ..place } }
    }

    fn add(&mut self, place: Place, tokens: &[u32]) {
        if tokens.is_empty() {
            return;
        }
        if !self.counted {
            // Every token that can be read may come, whatever becomes of it.
            match &mut self.bits {
                Some(bits) => {
                    for token in tokens {
                        bits[*token as usize / 32] |= 1 << (token % 32);
                    }
                }
                None => self.all.extend_from_slice(tokens),
            }
            return;
        }
        let key = if self.free { place.blurred() } else { place };
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
                        self.add(next, trie.tokens(child));
                        if trie.size(child) > 1 {
                            work.push((child, next));
                        }
                    }
                }
            }
        }
    }

    /// Reads all tokens of the vocabulary; returns the tokens that are neutral at the beginning.
    fn read_all(&mut self, start: Place) -> Option<(Place, Arc<[u32]>)> {
        let index = self.tables.index();
        let trie = index.trie();
        let mut neutral: FxHashMap<u32, Option<Class>> = FxHashMap::default();
        let mut widening: FxHashMap<u32, bool> = FxHashMap::default();
        let mut first = None;
        let mut work = vec![(NONE, start)];
        while let Some((node, place)) = work.pop() {
            let below = index.below(node);
            let large = place.spelling.is_between() && below.len() >= NARROW && index.is_raw(node);
            let neutral = large.then(|| {
                neutral.entry(place.at).or_insert_with(|| {
                    let neutral = Neutral::new(self.view, place.at)?;
                    if self.leaving(&neutral, place) > trie.len() / 8 {
                        return None;
                    }
                    let bits = index.without(&neutral.others, neutral.wide);
                    Some((neutral, bits.into()))
                })
            });
            let Some(Some((neutral, bits))) = neutral else {
                let between = place.spelling.is_between();
                let widens =
                    large && *widening.entry(place.at).or_insert_with(|| self.widens(place));
                match self.view.automaton().filter(|_| between && !widens) {
                    Some(automaton) => self.rush(automaton, node, place, &mut work),
                    None => {
                        let mut child = below.start as usize;
                        while child < below.end as usize {
                            self.child(child as u32, place, &mut work);
                            child = trie.skip(child);
                        }
                    }
                }
                continue;
            };
            let place_to = Place { at: neutral.to, ..place };
            if node == NONE {
                first = Some((place_to, Arc::clone(bits)));
            } else {
                index.neutral_below(node, &neutral.bytes, |chars, tokens| {
                    self.add(Place { read: place.read + chars, ..place_to }, tokens);
                });
            }
            self.leave(index, node, place, neutral, &mut work);
        }
        first
    }

    /// Whether a letter, a digit or a slash leads to a state with nearly all characters neutral.
    fn widens(&self, place: Place) -> bool {
        [b'a', b'0', b'/'].into_iter().any(|byte| match self.view.read(place, byte) {
            Step::Inside(next) if next.at != place.at => {
                Neutral::towards(self.view, next.at, next.at)
                    .is_some_and(|neutral| neutral.others.len() <= MANY)
            }
            _ => false,
        })
    }

    /// Nodes at which tokens leave the neutral characters.
    fn leaving(&self, neutral: &Neutral, place: Place) -> usize {
        let index = self.tables.index();
        (neutral.leaving())
            .filter(|byte| {
                let again = Place { at: neutral.to, ..place };
                [place, again].into_iter().any(|place| self.view.read(place, *byte) != Step::Dead)
            })
            .map(|byte| index.after_raw(byte).len())
            .sum()
    }

    /// Reads all tokens below a node through an automaton, in one pass over the trie.
    fn rush(&mut self, automaton: &TextDfa, node: u32, place: Place, work: &mut Vec<(u32, Place)>) {
        let index = self.tables.index();
        let trie = index.trie();
        let between = automaton.boundaries();
        let below = index.below(node);
        let top = if node == NONE { 0 } else { trie.depth(node as usize) + 1 };
        // States and characters begun, by depth.
        let mut path = vec![(place.at, 0u32)];
        let mut at = below.start as usize;
        while at < below.end as usize {
            let depth = trie.depth(at) - top;
            let (state, chars) = path[depth];
            let byte = trie.byte(at);
            if matches!(byte, 0..=0x1f | b'"' | b'\\') {
                if state < between {
                    let read = place.read + chars;
                    let place = Place { at: state, spelling: Spelling::BETWEEN, read };
                    self.child(at as u32, place, work);
                }
                at = trie.skip(at);
                continue;
            }
            let next = automaton.next(state, byte);
            if next == 0 {
                at = trie.skip(at);
                continue;
            }
            let chars = chars + u32::from(byte & 0xc0 != 0x80);
            path.truncate(depth + 1);
            path.push((next, chars));
            let tokens = trie.tokens(at);
            if !tokens.is_empty() {
                let begun = next >= between;
                let spelling = if begun { Spelling::BEGUN } else { Spelling::BETWEEN };
                let read = place.read + chars - u32::from(begun);
                self.add(Place { at: next, spelling, read }, tokens);
            }
            at += 1;
        }
    }

    /// One more byte.
    fn child(&mut self, child: u32, place: Place, work: &mut Vec<(u32, Place)>) {
        let trie = self.tables.index().trie();
        match self.view.read(place, trie.byte(child as usize)) {
            Step::Dead => {}
            Step::End => {
                let node = self.tables.of_index(child);
                self.exits.entry(self.key(place)).or_default().push(node);
            }
            Step::Inside(next) => {
                self.add(next, trie.tokens(child as usize));
                if trie.skip(child as usize) > child as usize + 1 {
                    work.push((child, next));
                }
            }
        }
    }

    /// The bytes with which tokens below a node leave the neutral characters.
    fn leave(
        &mut self,
        index: &Index,
        node: u32,
        place: Place,
        neutral: &Neutral,
        work: &mut Vec<(u32, Place)>,
    ) {
        let below = index.below(node);
        let specials = [b'"', b'\\'];
        let bytes = neutral.leaving().filter(|byte| !specials.contains(byte)).chain(specials);
        for byte in bytes {
            // Right at the beginning, or after neutral characters.
            let again = Place { at: neutral.to, ..place };
            let alive = |place| self.view.read(place, byte) != Step::Dead;
            if !alive(place) && (neutral.to == place.at || !alive(again)) {
                continue;
            }
            let nodes = index.after_raw(byte);
            let from = nodes.partition_point(|node| *node < below.start);
            let to = nodes.partition_point(|node| *node < below.end);
            for (at, &leaf) in nodes.iter().enumerate().take(to).skip(from) {
                let Some(chars) = index.climb(index.parent(leaf), node, &neutral.bytes) else {
                    continue;
                };
                let state = if chars == 0 { place.at } else { neutral.to };
                let place = Place { at: state, read: place.read + chars, ..place };
                if byte == b'"' {
                    if self.view.may_end(place) {
                        self.exits
                            .entry(self.key(place))
                            .or_default()
                            .push(self.tables.quotes()[at]);
                    }
                } else {
                    self.child(leaf, place, work);
                }
            }
        }
    }
}

impl TextTable {
    /// `free` is the table of the free text there, if the language is one of which every text is a beginning. Cost: the part
    /// of the trie that can be read; for the whole vocabulary, what of it is not neutral; with `free`, its closing quotes.
    pub(super) fn new(
        tables: &Tables,
        location: Location,
        view: View<'_>,
        counted: bool,
        at: u32,
        free: Option<&Self>,
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
            all: Vec::new(),
            bits: None,
        };
        let start = Place { at, spelling: Spelling::BETWEEN, read: 0 };
        let mut groups = Vec::new();
        if let Some(free) = free {
            return Self::like(free, tables, draft.view, start);
        }
        if location == Location::ALL && tables.index().is_exact() {
            draft.bits = (!counted).then(|| vec![0; tables.words()]);
            let neutral = draft.read_all(start);
            match draft.bits.take() {
                None => groups.extend(
                    neutral.map(|(place, bits)| Group { place, tokens: Tokens::Neutral(bits) }),
                ),
                Some(mut bits) => {
                    if let Some((_, neutral)) = &neutral {
                        bits.iter_mut().zip(neutral.iter()).for_each(|(word, more)| *word |= more);
                    }
                    let mask = TokenMask::from_words(bits);
                    if mask.len() > tables.words() / 4 {
                        let tokens = Tokens::Neutral(mask.words().into());
                        groups.push(Group { place: start, tokens });
                    } else {
                        draft.all = mask.iter().map(|token| token.0).collect();
                    }
                }
            }
        } else {
            draft.read(location, start);
        }
        if !draft.all.is_empty() {
            groups.push(Group { place: start, tokens: Tokens::List(draft.all.into()) });
        }
        groups.extend(
            draft
                .groups
                .into_iter()
                .map(|(place, tokens)| Group { place, tokens: Tokens::List(tokens.into()) }),
        );
        let mut exits: Vec<Exit> =
            draft.exits.into_iter().map(|(place, nodes)| Exit { place, nodes }).collect();
        exits.sort_unstable_by_key(|exit| exit.place);
        Self {
            location,
            groups: groups.into(),
            exits: exits.into(),
            all: OnceLock::new(),
            selections: Mutex::new(FxHashMap::default()),
        }
    }

    /// The table of a language of which every text is a beginning: inside of a string as that of the free text, and with
    /// those of its closing quotes that come after a text of the language.
    fn like(free: &Self, tables: &Tables, view: View<'_>, start: Place) -> Self {
        let trie = tables.trie(free.location);
        let ends = |node: &u32| {
            let text = trie.text(free.location.node, *node);
            let (_, before) = text.split_last().unwrap_or((&0, &[]));
            let end = before.iter().try_fold(start, |place, byte| match view.read(place, *byte) {
                Step::Inside(next) => Some(next),
                _ => None,
            });
            end.is_some_and(|place| view.may_end(place))
        };
        let nodes: Vec<u32> =
            free.exits.iter().flat_map(|exit| exit.nodes.iter().copied()).filter(ends).collect();
        let group = |group: &Group| Group {
            place: Place { at: start.at, ..group.place },
            tokens: match &group.tokens {
                Tokens::List(list) => Tokens::List(Arc::clone(list)),
                Tokens::Neutral(bits) => Tokens::Neutral(Arc::clone(bits)),
            },
        };
        Self {
            location: free.location,
            groups: free.groups.iter().map(group).collect(),
            exits: Box::from([Exit { place: start, nodes }]),
            all: OnceLock::new(),
            selections: Mutex::new(FxHashMap::default()),
        }
    }

    /// Estimated bytes, without selections.
    pub(super) fn bytes(&self) -> usize {
        let tokens = |group: &Group| match &group.tokens {
            Tokens::List(list) | Tokens::Neutral(list) => list.len() * 4 + 64,
        };
        self.groups.iter().map(tokens).sum::<usize>()
            + self.exits.iter().map(|exit| exit.nodes.len() * 4 + 48).sum::<usize>()
            + 200
    }

    /// What the lengths of a language allow after `read` characters. Cost when new: the groups.
    pub(super) fn select(&self, tables: &Tables, view: View<'_>, read: u32) -> Arc<Selection> {
        let (min, max) = view.bounds();
        let far =
            max.is_none_or(|max| view.is_free() && max.saturating_sub(read) > tables.longest());
        if read >= min && far && (max.is_none() || tables.index().is_exact()) {
            let select = || Arc::new(self.make(tables, |_| true, |_| true));
            return Arc::clone(self.all.get_or_init(select));
        }
        let shifted = |place: Place| Place { read: place.read + read, ..place };
        let inside = |place: Place| view.holds(shifted(place));
        let ends = |place: Place| view.may_end(shifted(place));
        let mut allowed = Vec::with_capacity(self.groups.len() + self.exits.len());
        for group in &self.groups {
            match &group.tokens {
                Tokens::List(_) => allowed.push(inside(group.place)),
                Tokens::Neutral(_) => {
                    let longer = |chars| Place { read: group.place.read + chars, ..group.place };
                    let lengths = tables.index().lengths().len() as u32;
                    allowed.extend((0..lengths).map(|chars| inside(longer(chars))));
                }
            }
        }
        allowed.extend(self.exits.iter().map(|exit| ends(exit.place)));
        let bits: Box<[u64]> = allowed
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |bits, (i, bit)| bits | u64::from(*bit) << i)
            })
            .collect();
        let mut selections = self.selections.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(self.make(tables, inside, ends));
        Arc::clone(selections.entry(bits).or_insert_with(make))
    }

    fn make(
        &self,
        tables: &Tables,
        inside: impl Fn(Place) -> bool,
        ends: impl Fn(Place) -> bool,
    ) -> Selection {
        let mut lists: Vec<&[u32]> = Vec::new();
        let mut base: Option<Arc<[u32]>> = None;
        for Group { place, tokens } in &self.groups {
            match tokens {
                Tokens::List(list) if inside(*place) => lists.push(list),
                Tokens::List(_) => {}
                Tokens::Neutral(bits) => {
                    let longer = |chars| Place { read: place.read + chars, ..*place };
                    let lengths = tables.index().lengths();
                    let mut cut: Option<Vec<u32>> = None;
                    for (chars, row) in lengths.iter().enumerate() {
                        if !inside(longer(chars as u32)) {
                            let cut = cut.get_or_insert_with(|| bits.to_vec());
                            cut.iter_mut().zip(row.iter()).for_each(|(word, bits)| *word &= !bits);
                        }
                    }
                    base = Some(cut.map_or_else(|| Arc::clone(bits), Arc::from));
                }
            }
        }
        let nodes = (self.exits.iter())
            .filter(|exit| ends(exit.place))
            .flat_map(|exit| exit.nodes.iter().copied())
            .collect();
        let rest = tables.rest(self.location.trie, nodes);
        let count: usize = lists.iter().map(|list| list.len()).sum();
        if count > tables.words() / 4 {
            let mut words = base.map_or_else(|| vec![0u32; tables.words()], |bits| bits.to_vec());
            for token in lists.into_iter().flatten() {
                words[*token as usize / 32] |= 1 << (token % 32);
            }
            tables.charge_text(words.len() * 4 + 100);
            return Selection { base: Some(words.into()), lists: Box::default(), rest };
        }
        // One list is faster to add than many.
        let all: Vec<u32> = lists.into_iter().flatten().copied().collect();
        tables.charge_text(all.len() * 4 + 100 + base.as_ref().map_or(0, |_| tables.words() * 4));
        let lists = if all.is_empty() { Box::default() } else { Box::from([Arc::from(all)]) };
        Selection { base, lists, rest }
    }
}
