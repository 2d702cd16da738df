//! A byte trie of all tokens, flat in depth-first order.

use rustc_hash::FxHashMap;

use crate::bitset::ByteSet;

/// One node per distinct prefix of a token's bytes, in depth-first order: a node's subtree is the range up to
/// [`skip`](Self::skip). The root (the empty prefix) is not stored.
#[derive(Clone, Debug, Default)]
pub struct VocabTrie {
    bytes: Vec<u8>,
    depths: Vec<u16>,
    height: usize,
    skips: Vec<u32>,
    /// Tokens ending at node i: `tokens[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    tokens: Vec<u32>,
    /// The bytes below a node, as the number of a set of them; [`NONE`] where there are few nodes below.
    sets: Vec<u32>,
    byte_sets: Vec<ByteSet>,
    /// Nodes by their one byte, and by their two; [`NONE`] where there is none. These have many siblings.
    ones: Vec<u32>,
    twos: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// Nodes below a node from which on it is known which bytes they have.
const MANY: usize = 8;

impl VocabTrie {
    /// The trie of these (token, bytes) pairs; empty texts are left out (a token without text is reached by no byte).
    pub(crate) fn new(mut entries: Vec<(u32, &[u8])>) -> Self {
        entries.retain(|(_, bytes)| !bytes.is_empty());
        entries.sort_by(|a, b| a.1.cmp(b.1).then(a.0.cmp(&b.0)));
        let mut trie = Self::default();
        let mut path: Vec<usize> = Vec::new();
        let mut previous: &[u8] = &[];
        for (token, bytes) in entries {
            let common = previous.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            for node in path.drain(common..) {
                trie.skips[node] = trie.bytes.len() as u32;
            }
            for (depth, &byte) in bytes.iter().enumerate().skip(common) {
                path.push(trie.bytes.len());
                trie.bytes.push(byte);
                trie.depths.push(depth as u16);
                trie.height = trie.height.max(depth + 1);
                trie.skips.push(0);
                trie.starts.push(trie.tokens.len() as u32);
            }
            trie.tokens.push(token);
            previous = bytes;
        }
        for node in path {
            trie.skips[node] = trie.bytes.len() as u32;
        }
        trie.starts.push(trie.tokens.len() as u32);
        trie.ones = vec![NONE; 1 << 8];
        trie.twos = vec![NONE; 1 << 16];
        trie.find_sets();
        let mut first = 0;
        for node in 0..trie.bytes.len() {
            let byte = usize::from(trie.bytes[node]);
            match trie.depths[node] {
                0 => {
                    first = byte;
                    trie.ones[byte] = node as u32;
                }
                1 => trie.twos[first << 8 | byte] = node as u32,
                _ => {}
            }
        }
        trie
    }

    /// Finds out which bytes are below nodes. Cost: the nodes.
    fn find_sets(&mut self) {
        let mut known: FxHashMap<ByteSet, u32> = FxHashMap::default();
        self.sets = vec![NONE; self.bytes.len()];
        // Children come after their parents: the sets of those that are still open, by depth.
        let mut below: Vec<ByteSet> = vec![ByteSet::default(); self.height + 1];
        for node in (0..self.bytes.len()).rev() {
            let depth = self.depth(node);
            let set = std::mem::take(&mut below[depth + 1]);
            below[depth].insert(self.bytes[node]);
            below[depth].add(set);
            if self.skip(node) - node > MANY {
                self.sets[node] = *known.entry(set).or_insert_with(|| {
                    self.byte_sets.push(set);
                    self.byte_sets.len() as u32 - 1
                });
            }
        }
    }

    /// The bytes below a node; `None` where there are few nodes.
    #[inline]
    pub(crate) fn bytes_below(&self, node: usize) -> Option<ByteSet> {
        self.byte_sets.get(self.sets[node] as usize).copied()
    }

    /// The child of a node by a byte; of the root without one. O(siblings), and O(1) for the first two bytes.
    pub(crate) fn child(&self, of: Option<usize>, byte: u8) -> Option<usize> {
        let known = |nodes: &[u32], at: usize| {
            nodes.get(at).filter(|node| **node != NONE).map(|node| *node as usize)
        };
        let Some(of) = of else { return known(&self.ones, byte.into()) };
        if self.depths[of] == 0 {
            return known(&self.twos, usize::from(self.bytes[of]) << 8 | usize::from(byte));
        }
        let (mut node, end) = (of + 1, self.skip(of));
        // Siblings ascend.
        while node < end && self.byte(node) < byte {
            node = self.skip(node);
        }
        (node < end && self.byte(node) == byte).then_some(node)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of the longest token.
    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The last byte of a node's prefix.
    #[inline]
    pub fn byte(&self, node: usize) -> u8 {
        self.bytes[node]
    }

    /// Length of a node's prefix, less one.
    #[inline]
    pub fn depth(&self, node: usize) -> usize {
        self.depths[node] as usize
    }

    /// The first node after a node's subtree.
    #[inline]
    pub fn skip(&self, node: usize) -> usize {
        self.skips[node] as usize
    }

    /// The tokens whose bytes are exactly a node's prefix.
    #[inline]
    pub fn tokens(&self, node: usize) -> &[u32] {
        &self.tokens[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// The tokens whose bytes begin with a node's prefix.
    #[inline]
    pub(crate) fn below(&self, node: usize) -> &[u32] {
        &self.tokens[self.starts[node] as usize..self.starts[self.skip(node)] as usize]
    }
}
