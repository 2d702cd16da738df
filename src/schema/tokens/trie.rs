//! A trie of what is left of tokens: of all tokens from their first byte on, or of some after a part of them was read.

use std::collections::VecDeque;

/// A trie over bytes, breadth first: the children of a node are consecutive nodes. The root is node 0.
#[derive(Debug, Default)]
pub(super) struct TokenTrie {
    /// Children of node n: `first[n]..first[n + 1]`.
    first: Vec<u32>,
    /// The byte that leads to a node.
    bytes: Vec<u8>,
    /// Tokens that end at node n: `tokens[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    tokens: Vec<u32>,
    /// Nodes below a node, itself included.
    sizes: Vec<u32>,
    /// Children of the root by byte, plus one.
    heads: Vec<u32>,
}

impl TokenTrie {
    /// The trie of these (text, token) pairs. Cost: their length.
    pub(super) fn new<'a>(entries: impl Iterator<Item = (&'a [u8], u32)>) -> Self {
        let mut entries: Vec<(&[u8], u32)> = entries.collect();
        entries.sort_unstable();
        let mut trie = Self::default();
        let mut queue = VecDeque::from([(0, entries.len(), 0, 0u8)]);
        let mut next = 1;
        while let Some((mut low, high, depth, byte)) = queue.pop_front() {
            trie.begin(byte, next);
            while low < high && entries[low].0.len() == depth {
                trie.tokens.push(entries[low].1);
                low += 1;
            }
            while low < high {
                let byte = entries[low].0[depth];
                let end = low + entries[low..high].partition_point(|entry| entry.0[depth] == byte);
                queue.push_back((low, end, depth + 1, byte));
                next += 1;
                low = end;
            }
        }
        trie.finish(next)
    }

    /// What is left of the tokens below any of these nodes. Cost: the nodes below them.
    pub(super) fn rest(of: &Self, nodes: &[u32]) -> Self {
        let mut trie = Self::default();
        // Sets of nodes, one after the other; and where each one that is to come ends, with the byte that leads to it.
        let mut sets = nodes.to_vec();
        let mut queue = VecDeque::from([(sets.len(), 0u8)]);
        let (mut start, mut next) = (0, 1);
        let mut children: Vec<(u8, u32)> = Vec::new();
        while let Some((end, byte)) = queue.pop_front() {
            trie.begin(byte, next);
            let from = trie.tokens.len();
            children.clear();
            for &node in &sets[start..end] {
                trie.tokens.extend_from_slice(of.tokens(node));
                children.extend(of.children(node).map(|child| (of.byte(child), child)));
            }
            start = end;
            trie.tokens[from..].sort_unstable();
            children.sort_unstable();
            for group in children.chunk_by(|a, b| a.0 == b.0) {
                sets.extend(group.iter().map(|child| child.1));
                queue.push_back((sets.len(), group[0].0));
                next += 1;
            }
        }
        trie.finish(next)
    }

    fn begin(&mut self, byte: u8, children: u32) {
        self.bytes.push(byte);
        self.first.push(children);
        self.starts.push(self.tokens.len() as u32);
    }

    fn finish(mut self, next: u32) -> Self {
        self.first.push(next);
        self.starts.push(self.tokens.len() as u32);
        self.sizes = vec![1; self.bytes.len()];
        for node in (0..self.bytes.len() as u32).rev() {
            self.sizes[node as usize] +=
                self.children(node).map(|child| self.sizes[child as usize]).sum::<u32>();
        }
        self.heads = vec![0; 256];
        for child in self.children(0) {
            let byte = self.byte(child);
            self.heads[usize::from(byte)] = child + 1;
        }
        self
    }

    /// The nodes right below a node.
    #[inline]
    pub(super) fn children(&self, node: u32) -> std::ops::Range<u32> {
        self.first[node as usize]..self.first[node as usize + 1]
    }

    /// The byte that leads to a node.
    #[inline]
    pub(super) fn byte(&self, node: u32) -> u8 {
        self.bytes[node as usize]
    }

    /// The node after a byte.
    #[inline]
    pub(super) fn child(&self, node: u32, byte: u8) -> Option<u32> {
        if node == 0 {
            return self.heads[byte as usize].checked_sub(1);
        }
        let range = self.children(node);
        let bytes = &self.bytes[range.start as usize..range.end as usize];
        match bytes {
            [only] => (*only == byte).then_some(range.start),
            _ => bytes.binary_search(&byte).ok().map(|at| range.start + at as u32),
        }
    }

    /// The tokens that end at a node.
    #[inline]
    pub(super) fn tokens(&self, node: u32) -> &[u32] {
        &self.tokens[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// Nodes below a node, itself included.
    #[inline]
    pub(super) fn size(&self, node: u32) -> u32 {
        self.sizes[node as usize]
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len() * 13 + self.tokens.len() * 4 + 1200
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_tokens_by_their_bytes_and_what_is_left_of_them() {
        let texts: [&[u8]; 6] = [b"a", b"ab\"", b"ab\",", b"c\",", b"", b"ab\""];
        let trie = TokenTrie::new(texts.iter().enumerate().map(|(i, text)| (*text, i as u32)));
        let find = |trie: &TokenTrie, text: &[u8]| {
            text.iter().try_fold(0, |node, byte| trie.child(node, *byte))
        };
        assert_eq!(trie.tokens(0), [4]);
        assert_eq!(trie.tokens(find(&trie, b"ab\"").unwrap()), [1, 5]);
        assert_eq!(find(&trie, b"b"), None);
        let quotes = [find(&trie, b"ab\"").unwrap(), find(&trie, b"c\"").unwrap()];
        let rest = TokenTrie::rest(&trie, &quotes);
        assert_eq!((rest.tokens(0), rest.size(0)), (&[1, 5][..], 2));
        assert_eq!(rest.tokens(find(&rest, b",").unwrap()), [2, 3]);
    }
}
