//! Which tokens contain which bytes? What a wide class of characters does to a whole vocabulary, in a few operations on bits.

use std::sync::OnceLock;

use crate::{
    Vocabulary,
    schema::machine::{Spelled, Spelling},
    vocab::VocabTrie,
};

/// Rows of bits, one bit per token.
pub(super) type Bits = Box<[u32]>;

/// An index of the vocabulary's trie by bytes. The inside of a JSON string is meant throughout: *raw* is a text of whole
/// characters that need no escape.
#[derive(Debug)]
pub(super) struct Index {
    trie: VocabTrie,
    /// The node above a node; [`NONE`] for the uppermost.
    parents: Vec<u32>,
    /// What the text of a node is.
    kinds: Vec<Kind>,
    /// Characters of a node's text, a begun one included, where it is raw or begun.
    node_chars: Vec<u8>,
    /// Nodes by the byte that leads to them, where the text before it is raw: `nodes[firsts[b]..firsts[b + 1]]`, ascending.
    firsts: Vec<u32>,
    nodes: Vec<u32>,
    /// Tokens that contain a byte.
    contains: Vec<Bits>,
    /// Tokens that contain a byte beyond ASCII.
    wide: Bits,
    /// Tokens that are raw, or raw but for a character that they begin.
    inside: Bits,
    /// Characters of a token, begun ones included, as far as they can be told.
    chars: Vec<u8>,
    /// Tokens by their number of characters.
    lengths: OnceLock<Vec<Bits>>,
}

/// What the text of a node is, inside a string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Raw,
    /// Raw but for a character that is not complete.
    Begun,
    Other,
}

/// No node.
pub(super) const NONE: u32 = u32::MAX;

impl Index {
    /// Cost: a few passes over the trie and the bytes of all tokens; 10 MiB for 150,000 tokens.
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let trie = vocabulary.trie().clone();
        let words = vocabulary.words();
        let empty = || vec![0u32; words].into_boxed_slice();
        let (mut inside, mut wide) = (empty(), empty());
        let mut chars = vec![0u8; vocabulary.len()];
        let mut parents = vec![NONE; trie.len()];
        let mut kinds = vec![Kind::Other; trie.len()];
        let mut node_chars = vec![0u8; trie.len()];
        let mut by_byte: Vec<Vec<u32>> = vec![Vec::new(); 256];
        // The spelling and the number of characters after each prefix of the path; `None` where it is not plain.
        let mut path: Vec<(u32, Option<(Spelling, u8)>)> = Vec::new();
        for node in 0..trie.len() {
            let depth = trie.depth(node);
            path.truncate(depth);
            let above = path.last().map_or(Some((Spelling::BETWEEN, 0)), |level| level.1);
            parents[node] = path.last().map_or(NONE, |level| level.0);
            let byte = trie.byte(node);
            let here = above.and_then(|(spelling, chars)| {
                if spelling.is_between() {
                    by_byte[usize::from(byte)].push(node as u32);
                }
                match spelling.read(byte) {
                    Spelled::Raw(next) => {
                        let begins = u8::from(spelling.is_between());
                        Some((next, chars.saturating_add(begins)))
                    }
                    _ => None,
                }
            });
            if let Some((spelling, count)) = here {
                kinds[node] = if spelling.is_between() { Kind::Raw } else { Kind::Begun };
                node_chars[node] = count;
                for &token in trie.tokens(node) {
                    set(&mut inside, token);
                    chars[token as usize] = count;
                }
            }
            path.push((node as u32, here));
        }
        let mut contains: Vec<Bits> = (0..256).map(|_| empty()).collect();
        for token in (0..vocabulary.len()).map(crate::TokenId::new) {
            for &byte in vocabulary.bytes(token) {
                set(&mut contains[usize::from(byte)], token.0);
                if byte >= 0x80 {
                    set(&mut wide, token.0);
                }
            }
        }
        let mut firsts = vec![0];
        let mut nodes = Vec::new();
        for list in by_byte {
            nodes.extend(list);
            firsts.push(nodes.len() as u32);
        }
        let lengths = OnceLock::new();
        Self {
            trie,
            parents,
            kinds,
            node_chars,
            firsts,
            nodes,
            contains,
            wide,
            inside,
            chars,
            lengths,
        }
    }

    /// The vocabulary's trie, depth first.
    pub(super) fn trie(&self) -> &VocabTrie {
        &self.trie
    }

    /// The tokens that are raw, or raw but for a character that they begin, and contain none of these bytes; `wide` says that
    /// all bytes beyond ASCII are among them. Cost: an operation on a row of bits for each byte.
    pub(super) fn without(&self, bytes: &[u8], wide: bool) -> Bits {
        let mut kept = self.inside.clone();
        let mut remove = |bits: &Bits| {
            kept.iter_mut().zip(bits.iter()).for_each(|(word, bits)| *word &= !bits);
        };
        bytes.iter().for_each(|byte| remove(&self.contains[usize::from(*byte)]));
        if wide {
            remove(&self.wide);
        }
        kept
    }

    /// The nodes that a byte leads to after a raw text, ascending.
    pub(super) fn after_raw(&self, byte: u8) -> &[u32] {
        let (from, to) = (self.firsts[usize::from(byte)], self.firsts[usize::from(byte) + 1]);
        &self.nodes[from as usize..to as usize]
    }

    /// The number of characters between a node and one above it, or the root ([`NONE`]), where all bytes in between are
    /// among `neutral`; both texts are raw.
    pub(super) fn climb(&self, from: u32, to: u32, neutral: &[bool; 256]) -> Option<u32> {
        let (mut at, mut chars) = (from, 0);
        while at != to {
            let byte = self.trie.byte(at as usize);
            if !neutral[usize::from(byte)] {
                return None;
            }
            chars += u32::from(byte & 0xc0 != 0x80);
            at = self.parents[at as usize];
        }
        Some(chars)
    }

    /// The node above.
    pub(super) fn parent(&self, node: u32) -> u32 {
        self.parents[node as usize]
    }

    /// Whether a node's text is raw.
    pub(super) fn is_raw(&self, node: u32) -> bool {
        node == NONE || self.kinds[node as usize] == Kind::Raw
    }

    /// The tokens below a node with a raw text that go on in neutral bytes alone, each with the number of characters after
    /// the node. Cost: the nodes that can be reached so.
    pub(super) fn neutral_below(
        &self,
        node: u32,
        neutral: &[bool; 256],
        mut each: impl FnMut(u32, &[u32]),
    ) {
        let above = if node == NONE { 0 } else { self.node_chars[node as usize] };
        let below = self.below(node);
        let mut at = below.start as usize;
        while at < below.end as usize {
            if !neutral[usize::from(self.trie.byte(at))] || self.kinds[at] == Kind::Other {
                at = self.trie.skip(at);
                continue;
            }
            let tokens = self.trie.tokens(at);
            if !tokens.is_empty() {
                each(u32::from(self.node_chars[at] - above), tokens);
            }
            at += 1;
        }
    }

    /// Whether the lengths of all tokens are told apart.
    pub(super) fn is_exact(&self) -> bool {
        self.lengths().len() <= usize::from(MOST)
    }

    /// The nodes below a node ([`NONE`]: all), in order.
    pub(super) fn below(&self, node: u32) -> std::ops::Range<u32> {
        match node {
            NONE => 0..self.trie.len() as u32,
            node => node + 1..self.trie.skip(node as usize) as u32,
        }
    }

    /// Tokens of so many characters, by number; the last row is of all longer ones.
    pub(super) fn lengths(&self) -> &[Bits] {
        self.lengths.get_or_init(|| {
            let longest = self.chars.iter().copied().max().unwrap_or(0).min(MOST);
            let mut rows: Vec<Bits> =
                (0..=usize::from(longest)).map(|_| vec![0; self.inside.len()].into()).collect();
            for (token, chars) in self.chars.iter().enumerate() {
                set(&mut rows[usize::from((*chars).min(longest))], token as u32);
            }
            rows
        })
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.trie.len() * 26 + (self.contains.len() + 2 + usize::from(MOST)) * self.inside.len() * 4
    }
}

/// Characters of a token that are told apart.
pub(super) const MOST: u8 = 200;

fn set(bits: &mut Bits, token: u32) {
    bits[token as usize / 32] |= 1 << (token % 32);
}
