//! Which raw tokens does an automaton read, where no class of characters tells? All of them in one pass.
//!
//! The raw nodes of the vocabulary's trie lie level by level, each after its parent, so that the state of a node is one look
//! into the automaton's table: no branch depends on a state, and a processor reads many nodes at a time. What is read of the
//! trie are seven bytes a node, one after the other. From a level on where few nodes are alive, only what is below these is
//! looked at.

use std::sync::{Mutex, PoisonError};

use super::index::{Index, Kind, NONE, set};
use crate::schema::text::TextDfa;

/// The raw nodes below one character of ASCII, or below all others. The first one is the text before all tokens.
#[derive(Debug)]
struct Part {
    /// The number of a node's last character.
    chars: Vec<u16>,
    /// Nodes from the parent of the node before to its own.
    skips: Vec<u8>,
    /// The children of node n: `children[n]..children[n + 1]`.
    children: Vec<u32>,
    /// The token that ends at a node; where there is none, one that is no token.
    tokens: Vec<u32>,
    /// Other tokens with the same text, after their nodes.
    more: Vec<(u32, u32)>,
    /// Characters of a node's text.
    lengths: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Levels {
    /// By the first character, as far as it is of ASCII; the last one is that of all others.
    parts: Vec<Part>,
    /// Characters of the longest token.
    longest: usize,
    /// Words of a row with room for what is no token.
    words: usize,
    /// Room for the states of a part, for whoever reads next.
    room: Mutex<Vec<u32>>,
}

/// The number of parts.
const PARTS: usize = 129;

/// If less than one of so many nodes of a level are alive, they are few.
const FEW: usize = 8;

/// An automaton over characters, as it is looked at here.
struct Table<'a> {
    /// The rows of all states; the dead one's is the first.
    rows: &'a [u32],
    width: usize,
    /// The class of each character by its number.
    classes: &'a [u16],
}

impl Table<'_> {
    /// The state after a character.
    #[inline]
    fn next(&self, state: u32, char: u16) -> u32 {
        let class = usize::from(self.classes[usize::from(char)]);
        self.rows[state as usize * self.width + class]
    }
}

impl Levels {
    /// Cost: a few passes over the trie.
    pub(super) fn new(index: &Index) -> Self {
        let words = index.raw().len() + 1;
        let nothing = index.raw().len() as u32 * 32;
        let parts: Vec<Part> = (0..PARTS).map(|first| Part::new(index, first, nothing)).collect();
        let longest = parts.iter().flat_map(|part| &part.lengths).max();
        let most = parts.iter().map(|part| part.chars.len()).max().unwrap_or(0);
        Self {
            longest: longest.copied().unwrap_or(0).into(),
            parts,
            words,
            room: Mutex::new(vec![0; most]),
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
        let length = row.len();
        row.resize(self.words, 0);
        let table = Table { rows: automaton.rows(), width: automaton.row(0).len(), classes };
        let mut known = match lives {
            Some(_) => vec![0u8; table.rows.len() / table.width * (self.longest + 1)],
            None => Vec::new(),
        };
        let room = || self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let mut states = std::mem::take(&mut *room());
        for part in self.parts.iter().filter(|part| part.begins(&table, from)) {
            states.resize(states.len().max(part.chars.len()), 0);
            states[0] = from;
            let Some(lives) = lives else {
                part.read(&table, &mut states, row);
                continue;
            };
            part.states(&table, &mut states);
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
        *room() = states;
        row.truncate(length);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.chars.len() * 12 + part.more.len() * 8 + 144).sum()
    }
}

impl Part {
    /// The raw nodes whose first character is this, or beyond ASCII; `nothing` is no token.
    fn new(index: &Index, first: usize, nothing: u32) -> Self {
        let trie = index.trie();
        let mut part = Self {
            chars: vec![0],
            skips: vec![0],
            children: Vec::new(),
            tokens: vec![nothing],
            more: Vec::new(),
            lengths: vec![0],
        };
        let add = |part: &mut Self, skip: usize, char: u32, token: u32, length: u32| {
            part.chars.push(char as u16);
            part.skips.push(skip as u8);
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
                        while parent - last > usize::from(u8::MAX) {
                            last += usize::from(u8::MAX);
                            nodes.push(None);
                            add(&mut part, u8::MAX.into(), 0, nothing, 0);
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
        part
    }

    /// Whether one of the first characters can be read.
    fn begins(&self, table: &Table<'_>, from: u32) -> bool {
        let mut firsts = self.chars.iter().zip(&self.skips).skip(1).take_while(|node| *node.1 == 0);
        firsts.any(|(char, _)| table.next(from, *char) != 0)
    }

    /// The states of all nodes; that of the first one is there.
    fn states(&self, table: &Table<'_>, states: &mut [u32]) {
        let mut parent = 0;
        for (at, (char, skip)) in self.chars.iter().zip(&self.skips).enumerate().skip(1) {
            parent += usize::from(*skip);
            states[at] = table.next(states[parent], *char);
        }
    }

    /// The tokens that are not dead. The states of nodes below dead ones are left as they are.
    fn read(&self, table: &Table<'_>, states: &mut [u32], row: &mut [u32]) {
        let (mut level, mut parent) = (0..1, 0);
        while !level.is_empty() {
            let next = self.children[level.start] as usize..self.children[level.end] as usize;
            let nodes = self.chars[next.clone()].iter().zip(&self.skips[next.clone()]);
            let mut alive = 0;
            for (at, ((char, skip), token)) in
                next.clone().zip(nodes.zip(&self.tokens[next.clone()]))
            {
                parent += usize::from(*skip);
                let state = table.next(states[parent], *char);
                states[at] = state;
                alive += usize::from(state != 0);
                row[*token as usize / 32] |= u32::from(state != 0) << (token % 32);
            }
            level = next;
            if alive * FEW < level.len() {
                let alive = level.filter(|at| states[*at] != 0).collect();
                self.read_below(alive, table, states, row);
                break;
            }
        }
        for (node, token) in &self.more {
            let first = self.tokens[*node as usize];
            row[*token as usize / 32] |=
                (row[first as usize / 32] >> (first % 32) & 1) << (token % 32);
        }
    }

    /// The tokens below some nodes that are not dead.
    fn read_below(
        &self,
        mut nodes: Vec<usize>,
        table: &Table<'_>,
        states: &mut [u32],
        row: &mut [u32],
    ) {
        while let Some(node) = nodes.pop() {
            for at in self.children[node] as usize..self.children[node + 1] as usize {
                let state = table.next(states[node], self.chars[at]);
                if state != 0 {
                    states[at] = state;
                    set(row, self.tokens[at]);
                    nodes.push(at);
                }
            }
        }
    }
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
        let longer =
            ["ab", "abé", "é", "a", "a", "b\"", "\u{4fff}a", "\u{4fff}ab", "\u{4e00}", "\n"];
        texts.extend(longer.map(String::from));
        let tokens = texts.iter().map(|text| text.clone().into_bytes()).collect();
        let index = Index::new(&Vocabulary::new(tokens, &[], &[]).unwrap());
        let levels = Levels::new(&index);
        for pattern in ["^[^b]*$", "^[a-z]+$", "a.?$", "^\u{4fff}a", "^[\u{4e01}-\u{4fff}]a*$"] {
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
