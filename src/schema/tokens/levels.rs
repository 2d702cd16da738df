//! Which raw tokens does an automaton read, where no class of characters tells? All of them in one pass.
//!
//! The raw nodes of the vocabulary's trie lie level by level, each after its parent, so that the state of a node is one look
//! into the automaton's table: no branch depends on a state, and a processor reads many nodes at a time.

use super::index::{Index, Kind, NONE};

/// The raw nodes below one character of ASCII, or below all others.
#[derive(Debug, Default)]
struct Part {
    /// Per node its parent and its last character: places in this part, and numbers of [`Index`]. The first one is the text
    /// before all tokens.
    nodes: Vec<(u32, u32)>,
    /// Characters of a node's text.
    lengths: Vec<u8>,
    /// Nodes where tokens end, with these.
    tokens: Vec<(u32, u32)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Levels {
    /// By the first character, as far as it is of ASCII; the last one is that of all others.
    parts: Vec<Part>,
    /// Characters of the longest token.
    longest: u8,
}

/// An automaton over characters as it is looked at here: the row of a state, and the class of each character by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) rows: &'a [u32],
    pub(super) width: usize,
    pub(super) classes: &'a [u16],
}

/// The number of parts.
const PARTS: usize = 129;

impl Levels {
    /// Cost: a few passes over the trie.
    pub(super) fn new(index: &Index) -> Self {
        let trie = index.trie();
        // By levels of characters: nodes that are still to be put into a part, with the place of their parents.
        let mut parts: Vec<Part> = (0..PARTS).map(|_| Part::default()).collect();
        for part in &mut parts {
            part.nodes.push((0, 0));
            part.lengths.push(0);
        }
        let mut longest = 0;
        let mut level: Vec<(u32, usize, u32)> = vec![(NONE, 0, 0)];
        let mut next = Vec::new();
        while !level.is_empty() {
            for &(above, part, place) in &level {
                // The raw nodes below, with nothing but begun ones between.
                let below = index.below(above);
                let mut at = below.start;
                while at < below.end {
                    match index.kind(at) {
                        Kind::Begun => at += 1,
                        Kind::Other => at = trie.skip(at as usize) as u32,
                        Kind::Raw => {
                            let char = index.last(at);
                            let part =
                                if above == NONE { (char as usize).min(PARTS - 1) } else { part };
                            let here = &mut parts[part];
                            let number = here.nodes.len() as u32;
                            here.nodes.push((place, char));
                            here.lengths.push(index.chars(at) as u8);
                            let tokens = trie.tokens(at as usize);
                            here.tokens.extend(tokens.iter().map(|token| (number, *token)));
                            if !tokens.is_empty() {
                                longest = longest.max(index.chars(at) as u8);
                            }
                            next.push((at, part, number));
                            at = trie.skip(at as usize) as u32;
                        }
                    }
                }
            }
            level.clear();
            std::mem::swap(&mut level, &mut next);
        }
        Self { parts, longest }
    }

    /// Adds to a row the raw tokens that can be read from a state; `lives`, where it counts, says whether a text of so many
    /// characters that leads to a state can go on. Cost: the nodes below the first characters that can be read.
    pub(super) fn read(
        &self,
        table: Table<'_>,
        from: u32,
        lives: Option<&dyn Fn(u32, u32) -> bool>,
        row: &mut [u32],
    ) {
        let first = |part: usize| table.rows[from as usize * table.width + part];
        let mut states: Vec<u32> = Vec::new();
        let mut known = match lives {
            Some(_) => vec![0u8; table.rows.len() / table.width * (usize::from(self.longest) + 1)],
            None => Vec::new(),
        };
        for (i, part) in self.parts.iter().enumerate() {
            let alive = match i < PARTS - 1 {
                true => first(table.classes[i].into()) != 0,
                false => {
                    let firsts = part.nodes.iter().skip(1).take_while(|node| node.0 == 0);
                    let mut classes = firsts.map(|node| table.classes[node.1 as usize]);
                    classes.any(|class| first(class.into()) != 0)
                }
            };
            if !alive {
                continue;
            }
            states.clear();
            states.resize(part.nodes.len(), 0);
            states[0] = from;
            for (at, &(parent, char)) in part.nodes.iter().enumerate().skip(1) {
                let class = usize::from(table.classes[char as usize]);
                states[at] = table.rows[states[parent as usize] as usize * table.width + class];
            }
            let Some(lives) = lives else {
                for &(node, token) in &part.tokens {
                    let alive = u32::from(states[node as usize] != 0);
                    row[token as usize / 32] |= alive << (token % 32);
                }
                continue;
            };
            for &(node, token) in &part.tokens {
                let (state, chars) = (states[node as usize], part.lengths[node as usize]);
                if state == 0 {
                    continue;
                }
                let place = state as usize * (usize::from(self.longest) + 1) + usize::from(chars);
                let known = &mut known[place];
                if *known == 0 {
                    *known = 1 + u8::from(lives(state, chars.into()));
                }
                row[token as usize / 32] |= u32::from(*known == 2) << (token % 32);
            }
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.nodes.len() * 9 + part.tokens.len() * 8 + 72).sum()
    }
}
