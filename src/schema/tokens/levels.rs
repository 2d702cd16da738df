//! Which raw tokens does an automaton read, where no class of characters tells? All of them in one pass.
//!
//! The raw nodes of the vocabulary's trie lie level by level, each after its parent, so that the state of a node is one look
//! into the automaton's table: no branch depends on a state, and a processor reads many nodes at a time. What is read of the
//! trie are four bytes a node, one after the other. From a level on where few nodes are alive, only what is below these is
//! looked at. Which nodes are alive is kept as bits in the order of the nodes; the tokens of the fewer ones, the dead or the
//! living, are written one by one.
//!
//! What counts here wraps around where it overflows, which it cannot: a check in each step would cost more than the steps.

use std::{
    cell::Cell,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use super::index::{Index, Kind, NONE, set};
use crate::schema::text::TextDfa;

/// The raw nodes below one character of ASCII, or below all others. The first one is the text before all tokens.
#[derive(Debug)]
struct Part {
    /// The number of a node's last character; in the upper half, nodes from the parent of the node before to its own.
    steps: Vec<u32>,
    /// The children of node n: `children[n]..children[n + 1]`.
    children: Vec<u32>,
    /// The token that ends at a node; where there is none, one that is no token.
    tokens: Vec<u32>,
    /// Other tokens with the same text, after their nodes.
    more: Vec<(u32, u32)>,
    /// Characters of a node's text.
    lengths: Vec<u8>,
    /// Levels that are read at once, in order: where the last one of them begins, and where it ends.
    stretches: Vec<(usize, usize)>,
    /// The word of its first node among the bits of the living.
    first: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Levels {
    /// By the first character, as far as it is of ASCII; the last one is that of all others.
    parts: Vec<Part>,
    /// Characters of the longest token.
    longest: usize,
    /// Nodes of all parts, and of the largest one.
    nodes: usize,
    most: usize,
    /// The tokens of all nodes, and room for what is no token.
    all: Vec<u32>,
    /// For whoever reads next.
    room: Mutex<Room>,
}

/// What one reading writes on the way.
#[derive(Debug, Default)]
struct Room {
    narrow: Narrow,
    /// The states of a part's nodes.
    offsets: Vec<u16>,
    states: Vec<u32>,
    /// Which nodes of all parts are alive; each part begins with a word.
    living: Vec<u64>,
}

/// The number of parts.
const PARTS: usize = 129;

/// If less than one of so many nodes of a level are alive, they are few.
const FEW: usize = 8;

/// Nodes of the levels that are read at once, at least: what is done between them costs as much as some nodes.
const STRETCH: usize = 512;

/// Bits of a step that are the character's number.
const CHAR: u32 = 16;

/// Nodes whose bits make a word.
const WORD: usize = u64::BITS as usize;

/// An automaton over characters, by their numbers. The dead state is the least one.
trait Step {
    type State: Copy + Default + PartialEq;

    /// The state after a character.
    fn next(&self, state: Self::State, char: u16) -> Self::State;
}

/// An automaton as it is.
struct Table<'a> {
    /// The rows of all states; the dead one's is the first.
    rows: &'a [u32],
    width: usize,
    /// The class of each character by its number.
    classes: &'a [u16],
}

impl Step for Table<'_> {
    type State = u32;

    #[inline]
    fn next(&self, state: u32, char: u16) -> u32 {
        let class = usize::from(self.classes[usize::from(char)]);
        self.rows[state as usize * self.width + class]
    }
}

/// A small automaton: a state is the place of its row, and no place is beyond an end.
#[derive(Debug)]
struct Narrow {
    rows: Box<[u16; SMALL]>,
    classes: Box<[u16; SMALL]>,
}

/// Cells of a small automaton.
const SMALL: usize = 1 << 16;

impl Narrow {
    /// Takes another automaton in. Cost: its size, and the characters of the index.
    fn take(&mut self, table: &Table<'_>) {
        let place = |state: &u32| (*state as usize * table.width) as u16;
        self.rows.iter_mut().zip(table.rows).for_each(|(cell, state)| *cell = place(state));
        self.classes.iter_mut().zip(table.classes).for_each(|(cell, class)| *cell = *class);
    }
}

impl Default for Narrow {
    fn default() -> Self {
        let cells = || Box::new([0; SMALL]);
        Self { rows: cells(), classes: cells() }
    }
}

impl Step for Narrow {
    type State = u16;

    #[inline]
    fn next(&self, state: u16, char: u16) -> u16 {
        self.rows[usize::from(state.wrapping_add(self.classes[usize::from(char)]))]
    }
}

impl Levels {
    /// Cost: a few passes over the trie.
    pub(super) fn new(index: &Index) -> Self {
        let nothing = index.raw().len() as u32 * 32;
        let mut all = vec![0; index.raw().len() + 1];
        let (mut parts, mut first) = (Vec::new(), 0);
        for char in 0..PARTS {
            let part = Part { first, ..Part::new(index, char, nothing) };
            first = part.end();
            part.tokens.iter().for_each(|token| set(&mut all, *token));
            parts.push(part);
        }
        let longest = parts.iter().flat_map(|part| &part.lengths).max();
        let most = parts.iter().map(|part| part.steps.len()).max().unwrap_or(0);
        // Written to, so that the first reading does not wait for memory.
        let room = Room { offsets: vec![1; most], living: vec![1; first], ..Room::default() };
        Self {
            longest: longest.copied().unwrap_or(0).into(),
            nodes: parts.iter().map(|part| part.steps.len()).sum(),
            most,
            parts,
            all,
            room: Mutex::new(room),
        }
    }

    /// Adds to a row the raw tokens that can be read from a state; `lives`, where it counts, says whether a text of so many
    /// characters that leads to a state can go on. `classes` are those of the index's characters. Cost: the nodes below the
    /// first characters that can be read.
    pub(super) fn read(
        &self,
        automaton: &TextDfa,
        classes: &[u16],
        from: u32,
        lives: Option<&dyn Fn(u32, u32) -> bool>,
        row: &mut Vec<u32>,
    ) {
        let table = Table { rows: automaton.rows(), width: automaton.row(0).len(), classes };
        let room = || self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = std::mem::take(&mut *room());
        let Room { narrow, offsets, states, living } = &mut now;
        if let Some(lives) = lives {
            states.resize(self.most, 0);
            self.read_some(&table, from, lives, states, row);
        } else if table.rows.len() <= SMALL {
            narrow.take(&table);
            offsets.resize(self.most, 0);
            self.read_all(narrow, (from as usize * table.width) as u16, offsets, living, row);
        } else {
            states.resize(self.most, 0);
            self.read_all(&table, from, states, living, row);
        }
        *room() = now;
    }

    /// Adds the tokens that lead to any state but the dead one.
    fn read_all<S: Step>(
        &self,
        table: &S,
        from: S::State,
        states: &mut [S::State],
        living: &mut Vec<u64>,
        row: &mut [u32],
    ) {
        living.clear();
        living.resize(self.parts.last().map_or(0, Part::end), 0);
        let mut alive = 0;
        for part in self.parts.iter().filter(|part| part.begins(table, from)) {
            states[0] = from;
            alive += part.read(table, states, &mut living[part.first..]);
        }
        let full = 2 * alive > self.nodes;
        let mut read = if full { self.all.clone() } else { vec![0; self.all.len()] };
        for part in &self.parts {
            part.write(&living[part.first..part.end()], full, &mut read);
        }
        row.iter_mut().zip(&read).for_each(|(word, read)| *word |= read);
    }

    /// Adds the tokens that lead to a state that lives.
    fn read_some(
        &self,
        table: &Table<'_>,
        from: u32,
        lives: &dyn Fn(u32, u32) -> bool,
        states: &mut [u32],
        row: &mut Vec<u32>,
    ) {
        let length = row.len();
        row.resize(self.all.len(), 0);
        let mut known = vec![0u8; table.rows.len() / table.width * (self.longest + 1)];
        for part in self.parts.iter().filter(|part| part.begins(table, from)) {
            states[0] = from;
            part.states(table, states, 1, part.steps.len(), 0);
            let mut check = |node: usize, token: u32| {
                let (state, chars) = (states[node], part.lengths[node]);
                if state == 0 {
                    return;
                }
                let known = &mut known[state as usize * (self.longest + 1) + usize::from(chars)];
                if *known == 0 {
                    *known = 1 + u8::from(lives(state, chars.into()));
                }
                row[token as usize / 32] |= u32::from(*known == 2) << (token % 32);
            };
            part.tokens.iter().enumerate().for_each(|(node, token)| check(node, *token));
            part.more.iter().for_each(|(node, token)| check(*node as usize, *token));
        }
        row.truncate(length);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let parts = self.parts.iter().map(|part| part.more.len() * 8 + part.stretches.len() * 16);
        let room = 2 * SMALL * 2 + self.most * 6 + self.nodes / 8;
        self.nodes * 13 + self.all.len() * 4 + room + parts.sum::<usize>()
    }
}

impl Part {
    /// The raw nodes whose first character is this, or beyond ASCII; `nothing` is no token.
    fn new(index: &Index, first: usize, nothing: u32) -> Self {
        let trie = index.trie();
        let mut part = Self {
            steps: vec![0],
            children: Vec::new(),
            tokens: vec![nothing],
            more: Vec::new(),
            lengths: vec![0],
            stretches: Vec::new(),
            first: 0,
        };
        let add = |part: &mut Self, skip: usize, char: u32, token: u32, length: u32| {
            part.steps.push(char | (skip as u32) << CHAR);
            part.tokens.push(token);
            part.lengths.push(length as u8);
        };
        // The nodes of the trie; those without one stand where parents are far from each other.
        let mut nodes: Vec<Option<u32>> = vec![Some(NONE)];
        let (mut parent, mut last) = (0, 0);
        while let Some(&above) = nodes.get(parent) {
            part.children.push(nodes.len() as u32);
            let mut below = above.map_or(0..0, |above| index.below(above));
            while !below.is_empty() {
                let at = below.start;
                match index.kind(at) {
                    // A character of which this is a part is below.
                    Kind::Begun => below.start += 1,
                    Kind::Other => below.start = trie.skip(at as usize) as u32,
                    Kind::Raw => {
                        below.start = trie.skip(at as usize) as u32;
                        let char = index.last(at);
                        if above == Some(NONE) && (char as usize).min(PARTS - 1) != first {
                            continue;
                        }
                        while parent - last > usize::from(u16::MAX) {
                            last += usize::from(u16::MAX);
                            nodes.push(None);
                            add(&mut part, u16::MAX.into(), 0, nothing, 0);
                        }
                        let tokens = trie.tokens(at as usize);
                        let token = tokens.first().copied().unwrap_or(nothing);
                        let more = tokens.iter().skip(1);
                        part.more.extend(more.map(|token| (nodes.len() as u32, *token)));
                        add(&mut part, parent - last, char, token, index.chars(at));
                        nodes.push(Some(at));
                        last = parent;
                    }
                }
            }
            parent += 1;
        }
        part.children.push(nodes.len() as u32);
        part.stretches = part.stretches();
        part
    }

    /// See [`stretches`](Self#structfield.stretches).
    fn stretches(&self) -> Vec<(usize, usize)> {
        let (mut stretches, mut level, mut begin) = (Vec::new(), 0..1, 1);
        while begin < self.steps.len() {
            level = self.children[level.start] as usize..self.children[level.end] as usize;
            if level.end - begin >= STRETCH || level.end == self.steps.len() {
                stretches.push((level.start, level.end));
                begin = level.end;
            }
        }
        stretches
    }

    /// Where the bits of the next part begin.
    fn end(&self) -> usize {
        self.first + self.steps.len().div_ceil(WORD)
    }

    /// Whether one of the first characters can be read.
    fn begins<S: Step>(&self, table: &S, from: S::State) -> bool {
        let mut firsts = self.steps[1..].iter().take_while(|step| **step >> CHAR == 0);
        firsts.any(|step| table.next(from, *step as u16) != S::State::default())
    }

    /// The states of some nodes; those of the nodes before are there, `parent` is the last one's. Returns the last parent.
    #[inline]
    fn states<S: Step>(
        &self,
        table: &S,
        states: &mut [S::State],
        begin: usize,
        end: usize,
        mut parent: usize,
    ) -> usize {
        let states = Cell::from_mut(states).as_slice_of_cells();
        for (state, step) in states[begin..end].iter().zip(&self.steps[begin..end]) {
            parent = parent.wrapping_add((step >> CHAR) as usize);
            state.set(table.next(states[parent].get(), *step as u16));
        }
        parent
    }

    /// Which nodes are alive, and how many; the first one, before all tokens, is not.
    fn read<S: Step>(&self, table: &S, states: &mut [S::State], living: &mut [u64]) -> usize {
        let states = &mut states[..self.steps.len()];
        let (mut begin, mut parent) = (1, 0);
        for &(level, end) in &self.stretches {
            parent = self.states(table, states, begin, end, parent);
            begin = end;
            if alive(&states[level..end]) * FEW < end - level {
                states[end..].fill(S::State::default());
                self.read_below(level..end, table, states);
                break;
            }
        }
        states[0] = S::State::default();
        let mut sum = 0;
        for (states, word) in states.chunks(WORD).zip(living) {
            *word = match alive(states) {
                0 => 0,
                all if all == states.len() => !0 >> (WORD - states.len()),
                _ => states
                    .iter()
                    .rev()
                    .fold(0, |word, state| word << 1 | u64::from(*state != S::State::default())),
            };
            sum += word.count_ones() as usize;
        }
        sum
    }

    /// The states below the living ones of some nodes; those of other nodes are left.
    fn read_below<S: Step>(&self, nodes: Range<usize>, table: &S, states: &mut [S::State]) {
        let mut nodes: Vec<usize> =
            nodes.filter(|node| states[*node] != S::State::default()).collect();
        while let Some(node) = nodes.pop() {
            for at in self.children[node] as usize..self.children[node + 1] as usize {
                states[at] = table.next(states[node], self.steps[at] as u16);
                if states[at] != S::State::default() {
                    nodes.push(at);
                }
            }
        }
    }

    /// Writes the tokens of living nodes into an empty row, or takes those of the dead ones out of a full one.
    fn write(&self, living: &[u64], full: bool, row: &mut [u32]) {
        for (word, tokens) in living.iter().zip(self.tokens.chunks(WORD)) {
            let mut word = if full { !word & (!0 >> (WORD - tokens.len())) } else { *word };
            while word != 0 {
                let token = tokens[word.trailing_zeros() as usize];
                row[token as usize / 32] ^= 1 << (token % 32);
                word &= word - 1;
            }
        }
        for &(node, token) in &self.more {
            if living[node as usize / WORD] >> (node as usize % WORD) & 1 == 1 {
                set(row, token);
            }
        }
    }
}

/// How many states are not the dead one.
fn alive<T: Default + PartialEq>(states: &[T]) -> usize {
    let count = |states: &[T]| {
        let alive = states.iter().map(|state| u16::from(*state != T::default()));
        usize::from(alive.fold(0u16, u16::wrapping_add))
    };
    // So many fit the sum, which is so narrow that many are added at a time.
    states.chunks(u16::MAX.into()).map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits, Vocabulary,
        schema::text::{Language, TextSet},
    };

    #[test]
    fn reads_what_the_automaton_reads() {
        // Many leaves before a node with a child: its place is far from that of the parent before.
        let mut texts: Vec<String> = ('\u{4e00}'..'\u{5000}').map(String::from).collect();
        let two = |a: char| ('\u{6000}'..'\u{6100}').map(move |b| format!("{a}{b}"));
        texts.extend(('\u{5000}'..'\u{5120}').flat_map(two));
        texts.push("\u{511f}\u{60ff}a".into());
        let longer =
            ["ab", "abé", "é", "a", "a", "b\"", "\u{4fff}a", "\u{4fff}ab", "\u{4e00}", "\n"];
        texts.extend(longer.map(String::from));
        let tokens = texts.iter().map(|text| text.clone().into_bytes()).collect();
        let index = Index::new(&Vocabulary::new(tokens, &[], &[]).unwrap());
        let levels = Levels::new(&index);
        // More cells than a small automaton has.
        let large = "^([a-d][e-h]?[i-l]?[a-z][0-4]?[5-9]?[^a-z]?){0,2000}b?$";
        for pattern in [
            "^[^b]*$",
            "^[a-z]+$",
            "a.?$",
            "^\u{4fff}a",
            "^[\u{4e01}-\u{4fff}]a*$",
            "\u{511f}..$",
            large,
        ] {
            let set = TextSet::pattern(pattern, &Limits::default()).unwrap();
            let Language::Automaton(automaton) = &set.pieces()[0].language else {
                panic!("{pattern} is no automaton");
            };
            let mut classes = vec![0; index.end() as usize];
            for (low, high, class) in automaton.ranges() {
                for numbers in
                    [low.min(128)..(high + 1).min(128), index.numbers(low.max(128), high)]
                {
                    classes[numbers.start as usize..numbers.end as usize].fill(class as u16);
                }
            }
            assert_eq!(automaton.rows().len() > SMALL, pattern == large, "{pattern}");
            let after = |text: &str| {
                text.bytes().fold(automaton.start(), |at, byte| automaton.next(at, byte))
            };
            let odd = |state: u32, chars: u32| (state + chars) % 2 == 1;
            for lives in [None, Some(&odd as &dyn Fn(u32, u32) -> bool)] {
                let mut row = vec![0; index.raw().len()];
                levels.read(automaton, &classes, automaton.start(), lives, &mut row);
                for (token, text) in texts.iter().enumerate() {
                    let raw = !text.contains(['"', '\n']);
                    let (at, chars) = (after(text), text.chars().count() as u32);
                    let expected = raw && at != 0 && lives.is_none_or(|lives| lives(at, chars));
                    let read = row[token / 32] >> (token % 32) & 1 == 1;
                    assert_eq!(read, expected, "{text:?} under {pattern}");
                }
            }
        }
    }
}
