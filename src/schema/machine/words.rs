//! A trie of decoded strings: the values of an enum, the member names of an object.

use std::{collections::VecDeque, ops::Range};

/// A trie over the UTF-8 bytes of sorted strings, breadth first: the children of a node are consecutive nodes, and the words
/// below a node are a range of the sorted list. The root is node 0.
#[derive(Debug, Default)]
pub(crate) struct Words {
    words: Box<[Box<str>]>,
    /// Children of node n: `first[n]..first[n + 1]`.
    first: Vec<u32>,
    /// The byte that leads to a node.
    bytes: Vec<u8>,
    /// Words below node n: `low[n]..high[n]`.
    low: Vec<u32>,
    high: Vec<u32>,
    /// Whether the first of them ends at the node.
    ends: Vec<bool>,
}

impl Words {
    /// The trie of these strings; they are sorted and doubles are dropped. Cost: their length.
    pub(crate) fn new(mut words: Vec<Box<str>>) -> Self {
        words.sort_unstable();
        words.dedup();
        let mut trie = Self { words: words.into(), ..Self::default() };
        let all = trie.words.len() as u32;
        let mut queue = VecDeque::from([(0, all, 0, 0u8)]);
        let mut next = 1;
        while let Some((mut low, high, depth, byte)) = queue.pop_front() {
            let ends = low < high && trie.words[low as usize].len() == depth;
            trie.bytes.push(byte);
            trie.low.push(low);
            trie.high.push(high);
            trie.ends.push(ends);
            trie.first.push(next);
            low += u32::from(ends);
            while low < high {
                let byte = trie.words[low as usize].as_bytes()[depth];
                let end = low
                    + trie.words[low as usize..high as usize]
                        .partition_point(|word| word.as_bytes()[depth] == byte)
                        as u32;
                queue.push_back((low, end, depth + 1, byte));
                next += 1;
                low = end;
            }
        }
        trie.first.push(next);
        trie
    }

    /// The strings, ascending.
    pub(crate) fn words(&self) -> &[Box<str>] {
        &self.words
    }

    /// The node after a byte.
    #[inline]
    pub(crate) fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let range = self.children(node);
        let bytes = &self.bytes[range.start as usize..range.end as usize];
        match bytes {
            [only] => (*only == byte).then_some(range.start),
            _ => bytes.binary_search(&byte).ok().map(|at| range.start + at as u32),
        }
    }

    /// The nodes right below a node.
    #[inline]
    pub(crate) fn children(&self, node: u32) -> Range<u32> {
        self.first[node as usize]..self.first[node as usize + 1]
    }

    /// The byte that leads to a node.
    #[inline]
    pub(crate) fn byte(&self, node: u32) -> u8 {
        self.bytes[node as usize]
    }

    /// The word that ends at a node.
    #[inline]
    pub(crate) fn word(&self, node: u32) -> Option<u32> {
        self.ends[node as usize].then(|| self.low[node as usize])
    }

    /// Bytes that lead to a node. Cost: as many steps.
    pub(crate) fn depth(&self, node: u32) -> usize {
        let Some(word) = self.words.get(self.low[node as usize] as usize) else { return 0 };
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
        self.low[node as usize]..self.high[node as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_by_their_bytes_and_only_those() {
        let words = ["b", "", "ab", "abc", "é", "ab"].map(Box::from).to_vec();
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
