//! A trie of decoded strings: the values of an enum, the member names of an object.

use std::{ops::Range, sync::Arc};

/// A trie over the UTF-8 bytes of sorted strings, breadth first: the children of a node are consecutive nodes, and the words
/// below a node are a range of the sorted list. The root is node 0.
#[derive(Debug)]
pub(crate) struct Words {
    words: Box<[Arc<str>]>,
    /// The last one is no node; it ends the children of the one before.
    nodes: Box<[Node]>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// Its children: from here up to those of the next node.
    first: u32,
    /// The words below it.
    low: u32,
    high: u32,
    /// The byte that leads to it.
    byte: u8,
    /// Whether the first of its words ends here.
    ends: bool,
}

impl Words {
    /// The trie of these strings; they are sorted and doubles are dropped. Cost: their length.
    pub(crate) fn new<S: Into<Arc<str>>>(words: impl IntoIterator<Item = S>) -> Self {
        let mut words: Vec<Arc<str>> = words.into_iter().map(Into::into).collect();
        words.sort_unstable();
        words.dedup();
        let shared = |pair: &[Arc<str>]| -> usize {
            pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count()
        };
        let count = 1 + words.iter().map(|word| word.len()).sum::<usize>()
            - words.windows(2).map(shared).sum::<usize>();
        let mut nodes = Vec::with_capacity(count + 1);
        let node = |byte, low, high| Node { first: 0, low, high, byte, ends: false };
        nodes.push(node(0, 0, words.len() as u32));
        let (mut at, mut depth, mut level) = (0, 0, 1);
        while at < nodes.len() {
            if at == level {
                (depth, level) = (depth + 1, nodes.len());
            }
            let Node { mut low, high, .. } = nodes[at];
            let ends = low < high && words[low as usize].len() == depth;
            nodes[at] = Node { first: nodes.len() as u32, ends, ..nodes[at] };
            low += u32::from(ends);
            while low < high {
                let byte = words[low as usize].as_bytes()[depth];
                let same = words[low as usize..high as usize]
                    .partition_point(|word| word.as_bytes()[depth] == byte);
                let end = low + same as u32;
                nodes.push(node(byte, low, end));
                low = end;
            }
            at += 1;
        }
        nodes.push(Node { first: nodes.len() as u32, ..node(0, 0, 0) });
        Self { words: words.into(), nodes: nodes.into() }
    }

    /// The strings, ascending.
    pub(crate) fn words(&self) -> &[Arc<str>] {
        &self.words
    }

    /// The node after a byte.
    #[inline]
    pub(crate) fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let range = self.children(node);
        match &self.nodes[range.start as usize..range.end as usize] {
            [only] => (only.byte == byte).then_some(range.start),
            nodes => {
                let at = nodes.binary_search_by_key(&byte, |node| node.byte).ok()?;
                Some(range.start + at as u32)
            }
        }
    }

    /// The nodes right below a node.
    #[inline]
    pub(crate) fn children(&self, node: u32) -> Range<u32> {
        self.nodes[node as usize].first..self.nodes[node as usize + 1].first
    }

    /// The byte that leads to a node.
    #[inline]
    pub(crate) fn byte(&self, node: u32) -> u8 {
        self.nodes[node as usize].byte
    }

    /// The word that ends at a node.
    #[inline]
    pub(crate) fn word(&self, node: u32) -> Option<u32> {
        let node = self.nodes[node as usize];
        node.ends.then_some(node.low)
    }

    /// Bytes that lead to a node. Cost: as many steps.
    pub(crate) fn depth(&self, node: u32) -> usize {
        let Some(word) = self.words.get(self.nodes[node as usize].low as usize) else { return 0 };
        let (mut at, mut depth) = (0, 0);
        for byte in word.bytes() {
            let Some(child) = self.child(at, byte).filter(|_| at != node) else { break };
            (at, depth) = (child, depth + 1);
        }
        depth
    }

    /// The words that begin with what leads to a node.
    #[inline]
    pub(crate) fn range(&self, node: u32) -> Range<u32> {
        let Node { low, high, .. } = self.nodes[node as usize];
        low..high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_by_their_bytes_and_only_those() {
        let words = ["b", "", "ab", "abc", "é", "ab"];
        let trie = Words::new(words);
        assert_eq!(trie.words().len(), 5);
        let find = |text: &str| {
            let node = text.bytes().try_fold(0, |node, byte| trie.child(node, byte));
            node.and_then(|node| trie.word(node)).map(|word| &*trie.words()[word as usize])
        };
        for word in ["", "ab", "abc", "b", "é"] {
            assert_eq!(find(word), Some(word));
        }
        for other in ["a", "abcd", "c", "ba"] {
            assert_eq!(find(other), None);
        }
        assert_eq!(trie.range(trie.child(0, b'a').unwrap()), 1..3);
    }
}
