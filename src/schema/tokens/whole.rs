//! What all tokens of a vocabulary do inside a string, from a state of a language between two characters on.
//!
//! A walk would be the dearest thing of all: inside a string nearly every token may come. But most states of most languages
//! have a wide class of characters of which any number can be read, or any up to some number, whatever comes of it
//! ([`Chain`]). Which tokens consist of such a class is a matter of a few operations on bits ([`Class`]); only where a token
//! leaves the class is it read.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    class::Class,
    index::{Index, Kind, NONE, has, remove, set, unite},
    tables::{Location, MANY, Tables},
    text::Selection,
};
use crate::{
    TokenMask,
    schema::{
        machine::{Place, Spelling, Step, View},
        text::TextDfa,
    },
};

/// Subtrees with fewer nodes are read byte by byte.
const NARROW: usize = 256;

/// Nodes of the trie that the characters of a class lead to, from which on it counts as wide.
const WIDE: usize = 1000;

/// Of so many nodes below one, one may be where a token leaves a chain.
const LEAVING: usize = 32;

/// Of so many nodes below one, one may be where a token of a chain's characters may be dead.
const CUT: usize = 8;

/// Of so many nodes of the whole trie, one may be either; where there are more, all raw tokens are read in one pass.
const EITHER: usize = 32;

/// States looked at for one chain, times classes.
const STEPS: usize = 20_000;

/// The classes of characters that an automaton tells apart, as far as a vocabulary has tokens of them.
#[derive(Debug)]
pub(super) struct Letters {
    /// Ranges of code points, each with its class.
    ranges: Vec<(u32, u32, usize)>,
    /// Nodes of the vocabulary's trie that a class leads to.
    nodes: Vec<usize>,
    /// The classes of the characters of ASCII.
    ascii: [usize; 128],
    /// Classes with characters beyond ASCII.
    wide: Vec<bool>,
    /// The classes of the index's characters.
    numbered: OnceLock<Box<[u16]>>,
    /// Classes of characters made of the automaton's.
    classes: Mutex<FxHashMap<Box<[usize]>, Arc<Class>>>,
}

impl Letters {
    /// Cost: the ranges.
    pub(super) fn new(index: &Index, automaton: &TextDfa) -> Self {
        let ranges: Vec<_> = automaton.ranges().collect();
        let mut nodes = vec![0; ranges.iter().map(|range| range.2 + 1).max().unwrap_or(0)];
        let (mut ascii, mut wide) = ([0; 128], vec![false; nodes.len()]);
        for &(low, high, class) in &ranges {
            (low..=high).take_while(|c| *c < 128).for_each(|c| ascii[c as usize] = class);
            wide[class] |= !index.numbers(low.max(128), high).is_empty();
            nodes[class] += numbers(index, low, high)
                .map(|numbers| index.ending_in(numbers).len())
                .iter()
                .sum::<usize>();
        }
        Self { ranges, nodes, ascii, wide, numbered: OnceLock::new(), classes: Mutex::default() }
    }

    /// The class of a code point.
    fn class_of(&self, code: u32) -> usize {
        self.ranges[self.ranges.partition_point(|range| range.0 <= code) - 1].2
    }

    /// The class of each of the index's characters. Cost at first: these.
    fn numbered(&self, index: &Index) -> &[u16] {
        self.numbered.get_or_init(|| {
            let mut classes = vec![0; index.end() as usize];
            for &(low, high, class) in &self.ranges {
                for numbers in numbers(index, low, high) {
                    classes[numbers.start as usize..numbers.end as usize].fill(class as u16);
                }
            }
            classes.into()
        })
    }

    /// The union of some of the automaton's classes.
    fn class(&self, tables: &Tables, inside: &[usize]) -> Arc<Class> {
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = classes.get(inside) {
            return Arc::clone(known);
        }
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for &(low, high, class) in &self.ranges {
            if inside.binary_search(&class).is_ok() {
                match ranges.last_mut() {
                    Some(last) if last.1 + 1 == low => last.1 = high,
                    _ => ranges.push((low, high)),
                }
            }
        }
        let class = tables.class(&ranges);
        classes.insert(inside.into(), Arc::clone(&class));
        class
    }
}

/// The numbers of the characters of a range of code points: those of ASCII, and others.
fn numbers(index: &Index, low: u32, high: u32) -> [std::ops::Range<u32>; 2] {
    [low.min(128)..(high + 1).min(128), index.numbers(low.max(128), high)]
}

/// Characters of which nearly any can follow each other.
#[derive(Clone, Debug)]
struct Chain {
    class: Arc<Class>,
    /// How many; `None`: any number that a token has. One more is dead, whichever.
    most: Option<u32>,
    /// Classes of the automaton that are in it although they may be dead after some texts.
    cuts: Vec<usize>,
    /// Those pairs of neighbours, the first one times the number of classes, of which the second may be dead; all, if empty.
    pairs: Vec<bool>,
    /// Classes of the automaton that are not in it, and may be alive after some texts.
    leaving: Vec<usize>,
}

/// A selection being made.
struct Draft<'a> {
    tables: &'a Tables,
    index: &'a Index,
    view: View<'a>,
    /// Whether nothing but the automaton's state counts inside the string.
    far: bool,
    chains: FxHashMap<(u32, u32), Option<Chain>>,
    base: Option<Arc<[u32]>>,
    tokens: Vec<u32>,
    /// Tokens as bits, once they were many.
    bits: Option<Vec<u32>>,
    exits: Vec<u32>,
    work: Vec<(u32, Place)>,
    bytes: Vec<u8>,
    /// States and characters begun, by depth.
    path: Vec<(u32, u32)>,
}

/// The tokens that can be read from a place between two characters. `far` says that no token reaches a bound of the length
/// inside of the string; `letters` are those of the automaton, if the language has one. Cost: the part of the vocabulary's
/// trie that can be read and is not of a class.
pub(super) fn select(
    tables: &Tables,
    view: View<'_>,
    letters: Option<&Letters>,
    start: Place,
    far: bool,
) -> Selection {
    let index = tables.index();
    let mut draft = Draft {
        tables,
        index,
        view,
        far,
        chains: FxHashMap::default(),
        base: None,
        tokens: Vec::new(),
        bits: None,
        exits: Vec::new(),
        work: vec![(NONE, start)],
        bytes: Vec::new(),
        path: Vec::new(),
    };
    match (view.automaton(), letters) {
        (Some(automaton), Some(letters)) => {
            while let Some((node, place)) = draft.work.pop() {
                draft.raw(automaton, letters, node, place);
                draft.gather();
            }
        }
        _ => {
            // Of a free text nothing counts but the length.
            let most = view.bounds().1.map(|max| max.saturating_sub(start.read));
            let all = tables.class(&[(0, 0x10_ffff)]);
            draft.base = Some(all.tokens(index, tables.rows(), most));
        }
    }
    draft.special(start);
    draft.finish()
}

impl<'a> Draft<'a> {
    /// Tokens that are many are kept as bits.
    fn gather(&mut self) {
        if self.tokens.len() > self.tables.words() / 4 {
            let words = self.tables.words();
            let bits = self.bits.get_or_insert_with(|| vec![0; words]);
            self.tokens.drain(..).for_each(|token| set(bits, token));
        }
    }

    fn finish(mut self) -> Selection {
        let rest = self.tables.rest(Location::ALL.trie, std::mem::take(&mut self.exits));
        let outside = |token: &u32| self.base.as_ref().is_none_or(|base| !has(base, *token));
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.retain(outside);
        let mut count = tokens.len();
        if let Some(bits) = &mut self.bits {
            if let Some(base) = &self.base {
                remove(bits, base);
            }
            count += bits.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        }
        let (mut base, mut lists): (_, Box<[Arc<[u32]>]>) = (self.base, Box::default());
        // The free text's tokens are everyone's.
        let many = if self.view.is_free() { MANY } else { self.tables.words() / 8 };
        if count > many {
            let mut row = self.bits.unwrap_or_else(|| vec![0; self.tables.words()]);
            if let Some(base) = &base {
                unite(&mut row, base);
            }
            tokens.into_iter().for_each(|token| set(&mut row, token));
            base = Some(self.tables.row(row));
        } else if count > 0 {
            let bits = self.bits.into_iter().flat_map(|bits| {
                TokenMask::from_words(bits).iter().map(|token| token.0).collect::<Vec<_>>()
            });
            lists = Box::from([tokens.into_iter().chain(bits).collect()]);
        }
        Selection { base, lists, rest }
    }

    /// Whether a text in this state can still become one of the language.
    #[inline]
    fn lives(&self, state: u32, read: u32) -> bool {
        let place = Place { at: state, spelling: Spelling::BETWEEN, read };
        state != 0 && (self.far || self.view.holds(place))
    }

    /// One byte.
    #[inline]
    fn read(&self, place: Place, byte: u8) -> Option<Place> {
        match self.view.read(place, byte) {
            Step::Inside(next) => Some(next),
            _ => None,
        }
    }

    /// Reads whatever is raw below a node.
    fn raw(&mut self, automaton: &'a TextDfa, letters: &Letters, node: u32, place: Place) {
        let size = self.index.below(node).len();
        if size < NARROW {
            self.rush(automaton, node, place);
            return;
        }
        if place.spelling.is_between() {
            let key = (place.at, if self.far { 0 } else { place.read });
            let chain = match self.chains.get(&key) {
                Some(known) => known.clone(),
                None => {
                    let chain = self.chain(automaton, letters, place.at, place.read);
                    self.chains.insert(key, chain.clone());
                    chain
                }
            };
            if let Some(chain) = chain
                && let Some(dead) = self.leave(automaton, letters, &chain, node, place)
            {
                self.stay(&chain, node, &dead);
                return;
            }
        }
        if node == NONE {
            self.all(automaton, letters, place);
            return;
        }
        let trie = self.index.trie();
        let below = self.index.below(node);
        let mut child = below.start as usize;
        while child < below.end as usize {
            let kind = self.index.kind(child as u32);
            if kind != Kind::Other
                && let Some(next) = self.read(place, trie.byte(child))
            {
                if kind == Kind::Raw {
                    self.tokens.extend_from_slice(trie.tokens(child));
                }
                if trie.skip(child) > child + 1 {
                    self.work.push((child as u32, next));
                }
            }
            child = trie.skip(child);
        }
    }

    /// The characters that a state reads as long as it likes: all that it can read, less those that lead to where most of them
    /// are dead.
    fn chain(&self, automaton: &TextDfa, letters: &Letters, from: u32, read: u32) -> Option<Chain> {
        let classes = letters.nodes.len();
        let present = |class: &usize| letters.nodes[*class] > 0;
        let weigh = |classes: &[usize]| -> usize {
            classes.iter().map(|class| letters.nodes[*class]).sum()
        };
        let mut inside: Vec<usize> = (0..classes)
            .filter(present)
            .filter(|class| self.lives(automaton.row(from)[*class], read + 1))
            .collect();
        let mut steps = 0;
        'again: loop {
            let all = weigh(&inside);
            if all < WIDE {
                return None;
            }
            let (mut leaving, mut cuts) = (vec![false; classes], vec![false; classes]);
            let mut seen = FxHashSet::from_iter([from]);
            let (mut before, mut layer) = (Vec::new(), vec![from]);
            // Whether the layers so far are all the states that so many characters lead to.
            let mut whole = true;
            let mut depth = 0;
            let most = loop {
                let mut dead = vec![false; classes];
                let (mut next, mut narrow) = (Vec::new(), Vec::new());
                for state in &layer {
                    let row = automaton.row(*state);
                    let mut kept = 0;
                    for &class in &inside {
                        if self.lives(row[class], read + depth + 1) {
                            next.push(row[class]);
                            kept += letters.nodes[class];
                        } else {
                            dead[class] = true;
                        }
                    }
                    if 2 * kept < all {
                        narrow.push(*state);
                    }
                    (0..classes).for_each(|class| leaving[class] |= row[class] != 0);
                }
                steps += classes * layer.len();
                if steps > STEPS {
                    return None;
                }
                if next.is_empty() && whole {
                    break Some(depth);
                }
                let count = inside.len();
                if !narrow.is_empty() {
                    let leads = |state: &u32, class| narrow.contains(&automaton.row(*state)[class]);
                    inside.retain(|class| !before.iter().any(|state| leads(state, *class)));
                }
                (0..classes).for_each(|class| cuts[class] |= dead[class]);
                let cut: Vec<usize> = (0..classes).filter(|class| cuts[*class]).collect();
                if weigh(&cut) > self.index.trie().len() / CUT {
                    inside.retain(|class| !cuts[*class]);
                }
                if inside.len() < count {
                    continue 'again;
                }
                depth += 1;
                next.sort_unstable();
                next.dedup();
                if self.far {
                    // What was met before was looked at before, and leads to nothing new.
                    let count = next.len();
                    next.retain(|state| seen.insert(*state));
                    whole &= next.len() == count;
                }
                if next.is_empty() || depth >= self.index.longest() {
                    break None;
                }
                before = std::mem::replace(&mut layer, next);
            };
            let mut pairs = Vec::new();
            if self.far && cuts.contains(&true) {
                pairs = vec![false; classes * classes];
                for state in &seen {
                    for &first in &inside {
                        let row = automaton.row(automaton.row(*state)[first]);
                        for second in (0..classes).filter(|class| cuts[*class]) {
                            pairs[first * classes + second] |= row[second] == 0;
                        }
                    }
                }
            }
            let leaving = (0..classes)
                .filter(|class| leaving[*class] && present(class))
                .filter(|class| inside.binary_search(class).is_err())
                .collect();
            return Some(Chain {
                class: letters.class(self.tables, &inside),
                most,
                cuts: (0..classes).filter(|class| cuts[*class]).collect(),
                pairs,
                leaving,
            });
        }
    }

    /// The tokens below a node that go on in a chain, but for some (sorted).
    fn stay(&mut self, chain: &Chain, node: u32, dead: &[u32]) {
        let index = self.index;
        if node == NONE {
            let tokens = chain.class.tokens(index, self.tables.rows(), chain.most);
            self.base = Some(match dead {
                [] => tokens,
                dead => {
                    let mut row = tokens.to_vec();
                    for token in dead {
                        row[*token as usize / 32] &= !(1 << (token % 32));
                    }
                    self.tables.row(row)
                }
            });
            return;
        }
        let trie = index.trie();
        let lives = |token: &&u32| dead.is_empty() || dead.binary_search(token).is_err();
        let most = chain.most.map_or(u32::MAX, |most| most + index.chars(node));
        if chain.class.has_all(index, node, NONE) {
            let bits = chain.class.tokens(index, self.tables.rows(), Some(most));
            let tokens = trie.below(node as usize).iter().filter(|token| has(&bits, **token));
            self.tokens.extend(tokens.filter(lives));
            return;
        }
        let below = index.below(node);
        let mut at = below.start as usize;
        while at < below.end as usize {
            let kind = index.kind(at as u32);
            let stays = match kind {
                Kind::Raw => chain.class.has(index.last(at as u32)),
                kind => kind == Kind::Begun,
            };
            if !stays || index.chars(at as u32) > most {
                at = trie.skip(at);
                continue;
            }
            if kind == Kind::Raw {
                self.tokens.extend(trie.tokens(at).iter().filter(lives));
            }
            at += 1;
        }
    }

    /// The nodes below a node that some classes lead to, each with its class; `None` if they are more than `limit`.
    fn places(
        &self,
        letters: &Letters,
        classes: &[usize],
        node: u32,
        limit: usize,
    ) -> Option<Vec<(usize, u32)>> {
        let index = self.index;
        let below = index.below(node);
        let mut places = Vec::new();
        if classes.is_empty() {
            return Some(places);
        }
        for char in 0x20..128 {
            let class = letters.ascii[char as usize];
            if classes.binary_search(&class).is_err() {
                continue;
            }
            let nodes = index.ending(char);
            let from = nodes.partition_point(|node| *node < below.start);
            let to = from + nodes[from..].partition_point(|node| *node < below.end);
            if places.len() + to - from > limit {
                return None;
            }
            places.extend(nodes[from..to].iter().map(|node| (class, *node)));
        }
        if classes.iter().any(|class| letters.wide[*class]) {
            if node == NONE {
                for &(low, high, class) in &letters.ranges {
                    if classes.binary_search(&class).is_ok() {
                        let nodes = index.ending_in(index.numbers(low.max(128), high));
                        if places.len() + nodes.len() > limit {
                            return None;
                        }
                        places.extend(nodes.iter().map(|node| (class, *node)));
                    }
                }
            } else {
                for &node in index.wide_below(node) {
                    let class = letters.class_of(index.code(index.last(node)));
                    if classes.binary_search(&class).is_ok() {
                        places.push((class, node));
                    }
                }
                if places.len() > limit {
                    return None;
                }
            }
        }
        Some(places)
    }

    /// Follows the tokens below a node where they leave a chain; gives back those that stay in it and are dead, sorted. `None`,
    /// and nothing done, if there are many places to look at.
    fn leave(
        &mut self,
        automaton: &TextDfa,
        letters: &Letters,
        chain: &Chain,
        node: u32,
        place: Place,
    ) -> Option<Vec<u32>> {
        let index = self.index;
        let size = index.below(node).len();
        let (cut, left) = match node {
            NONE => (size / EITHER, size / EITHER),
            _ => (size / CUT, size / LEAVING),
        };
        let cuts = self.places(letters, &chain.cuts, node, cut)?;
        let leaving = self.places(letters, &chain.leaving, node, left)?;
        let mut dead = Vec::new();
        for (class, leaf) in cuts {
            if self.may_cut(letters, chain, leaf, node, class)
                && self.climb(&chain.class, leaf, node)
                && self.follow(automaton, place).is_none()
            {
                dead.extend_from_slice(index.trie().below(leaf as usize));
            }
        }
        dead.sort_unstable();
        for (_, leaf) in leaving {
            if self.climb(&chain.class, leaf, node)
                && let Some(next) = self.follow(automaton, place)
            {
                self.tokens.extend_from_slice(index.trie().tokens(leaf as usize));
                if !index.below(leaf).is_empty() {
                    self.work.push((leaf, next));
                }
            }
        }
        Some(dead)
    }

    /// Whether the last character of a node, of this class, may be dead: first by the character before it.
    fn may_cut(
        &self,
        letters: &Letters,
        chain: &Chain,
        leaf: u32,
        above: u32,
        class: usize,
    ) -> bool {
        let before = self.index.parent(leaf);
        if before == above {
            // Whatever is in the class can come first.
            return false;
        }
        match self.index.kind(before) {
            Kind::Raw if !chain.pairs.is_empty() => {
                let last = self.index.last(before);
                let classes = letters.nodes.len();
                last >= 128 || chain.pairs[letters.ascii[last as usize] * classes + class]
            }
            _ => true,
        }
    }

    /// What comes of the bytes found by [`climb`](Self::climb), which are whole characters.
    fn follow(&self, automaton: &TextDfa, place: Place) -> Option<Place> {
        if self.far {
            let bytes = self.bytes.iter().rev();
            let at = bytes.fold(place.at, |at, byte| automaton.next(at, *byte));
            let chars = self.bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u32;
            return (at != 0).then_some(Place { at, read: place.read + chars, ..place });
        }
        self.bytes.iter().rev().try_fold(place, |place, byte| self.read(place, *byte))
    }

    /// Whether the text between two nodes, less its last character, is of a class; its bytes, the last one first.
    fn climb(&mut self, class: &Class, leaf: u32, above: u32) -> bool {
        self.bytes.clear();
        let mut at = leaf;
        while at != above {
            if at != leaf && self.index.kind(at) == Kind::Raw && !class.has(self.index.last(at)) {
                return false;
            }
            self.bytes.push(self.index.trie().byte(at as usize));
            at = self.index.parent(at);
        }
        true
    }

    /// Reads all raw tokens through the automaton.
    fn all(&mut self, automaton: &TextDfa, letters: &Letters, start: Place) {
        let lives = |state: u32, chars: u32| {
            let (spelling, read) = (Spelling::BETWEEN, start.read + chars);
            self.view.holds(Place { at: state, spelling, read })
        };
        let mut row = self.bits.take().unwrap_or_else(|| vec![0; self.tables.words()]);
        let lives = (!self.far).then_some(&lives as &dyn Fn(u32, u32) -> bool);
        let classes = letters.numbered(self.index);
        self.tables.levels().read(automaton, classes, start.at, lives, &mut row);
        self.bits = Some(row);
    }

    /// Reads whatever is raw below a node through the automaton, in one pass over the trie.
    fn rush(&mut self, automaton: &TextDfa, node: u32, place: Place) {
        let trie = self.index.trie();
        let between = automaton.boundaries();
        let below = self.index.below(node);
        let top = if node == NONE { 0 } else { trie.depth(node as usize) + 1 };
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        path.push((place.at, u32::from(!place.spelling.is_between())));
        let mut at = below.start as usize;
        while at < below.end as usize {
            let depth = trie.depth(at) - top;
            let (state, chars) = path[depth];
            let byte = trie.byte(at);
            let next = match byte {
                0..=0x1f | b'"' | b'\\' => 0,
                _ => automaton.next(state, byte),
            };
            let chars = chars + u32::from(byte & 0xc0 != 0x80);
            let begun = next >= between;
            let alive = next != 0
                && (self.far || {
                    let spelling = if begun { Spelling::BEGUN } else { Spelling::BETWEEN };
                    let read = place.read + chars - u32::from(begun);
                    self.view.holds(Place { at: next, spelling, read })
                });
            if !alive {
                at = trie.skip(at);
                continue;
            }
            path.truncate(depth + 1);
            path.push((next, chars));
            if !begun {
                self.tokens.extend_from_slice(trie.tokens(at));
            }
            at += 1;
        }
        self.path = path;
    }

    /// Quotes, escapes, and tokens that end inside a character.
    fn special(&mut self, start: Place) {
        let index = self.index;
        let special = index.special();
        let mut path = vec![start];
        let mut at = 0;
        while let Some(here) = special.get(at) {
            let place = path[usize::from(here.depth)];
            path.truncate(usize::from(here.depth) + 1);
            match self.view.read(place, here.byte) {
                Step::Dead => at = here.skip as usize,
                Step::End => {
                    self.exits.push(self.tables.quotes()[at]);
                    at = here.skip as usize;
                }
                Step::Inside(next) => {
                    match index.kind(here.node) {
                        Kind::Raw => {}
                        Kind::Begun => {
                            let tokens = index.trie().tokens(here.node as usize);
                            self.tokens.extend_from_slice(tokens);
                        }
                        Kind::Other => self.escape(here.node, next),
                    }
                    path.push(next);
                    at += 1;
                }
            }
        }
    }

    /// Reads all tokens from an escape on, byte by byte.
    fn escape(&mut self, node: u32, place: Place) {
        let trie = self.index.trie();
        self.tokens.extend_from_slice(trie.tokens(node as usize));
        let mut work = vec![(node, place)];
        while let Some((node, place)) = work.pop() {
            let below = self.index.below(node);
            let mut child = below.start as usize;
            while child < below.end as usize {
                match self.view.read(place, trie.byte(child)) {
                    Step::Dead => {}
                    Step::End => self.exits.push(self.tables.of_index(child as u32)),
                    Step::Inside(next) => {
                        self.tokens.extend_from_slice(trie.tokens(child));
                        work.push((child as u32, next));
                    }
                }
                child = trie.skip(child);
            }
        }
    }
}
