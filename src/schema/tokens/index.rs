//! Which tokens contain which characters? What a class of characters does to a whole vocabulary, in a few operations on bits.

use crate::{
    Vocabulary,
    schema::machine::{Spelled, Spelling},
    vocab::VocabTrie,
};

/// Rows of bits, one bit per token.
pub(super) type Bits = Box<[u32]>;

/// An index of the vocabulary's trie by characters. The inside of a JSON string is meant throughout: *raw* is a text of whole
/// characters that need no escape. A character has a number: ASCII its code, the others those from 128 on, in order, as far
/// as there are tokens of them.
#[derive(Debug)]
pub(super) struct Index {
    trie: VocabTrie,
    /// The node above a node; [`NONE`] for the uppermost.
    parents: Vec<u32>,
    /// What the text of a node is.
    kinds: Vec<Kind>,
    /// Characters of a node's text, a begun one included, where it is raw or begun.
    node_chars: Vec<u8>,
    /// The number of the last character of a raw text.
    lasts: Vec<u32>,
    /// The characters beyond ASCII, ascending.
    wide: Vec<u32>,
    /// Raw nodes by their last characters: `nodes[firsts[c]..firsts[c + 1]]`, ascending.
    firsts: Vec<u32>,
    nodes: Vec<u32>,
    /// Raw nodes whose last characters are beyond ASCII, ascending.
    wide_nodes: Vec<u32>,
    /// Raw tokens.
    raw: Bits,
    /// Raw tokens that contain a character beyond ASCII, and how many a token has.
    with_wide: Bits,
    wide_counts: Vec<u8>,
    /// Raw tokens that contain some of `2^i` neighbouring characters of ASCII, from 0x20 on.
    blocks: [Vec<Bits>; BLOCKS],
    /// Tokens that are raw but for a character that they begin, by the code points that it can become, with their nodes.
    begun: Vec<Begun>,
    /// Tokens of at most so many characters, by number; and all that are longer than the last row tells.
    short: Vec<Bits>,
    long: Vec<(u8, u32)>,
    /// Where something else than a raw character comes: a trie by itself, depth first.
    special: Vec<Special>,
    longest: u8,
}

/// What the text of a node is, inside a string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Raw,
    /// Raw but for a character that is not complete.
    Begun,
    Other,
}

/// A node on the way to a quote, a backslash, or a token that ends inside a character; all are after raw texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Special {
    pub(super) node: u32,
    pub(super) byte: u8,
    pub(super) depth: u16,
    /// The first one that is not below.
    pub(super) skip: u32,
}

/// Tokens that end inside of a character: the first and the last code point that it can become; the tokens, with their nodes.
pub(super) type Begun = (u32, u32, Vec<(u32, u32)>);

/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// Sizes of blocks: up to 32 characters.
const BLOCKS: usize = 6;

/// The first character of the blocks.
const FIRST: u8 = 0x20;

/// Lengths of tokens of which each has a row of bits.
const SHORT: u8 = 32;

/// Characters of a token that are told apart.
const MOST: u8 = 200;

/// What is known of a text while the trie is gone through.
#[derive(Clone, Copy)]
struct Text {
    spelling: Spelling,
    chars: u8,
    wide: u8,
    /// The code point of the last character, as far as its bytes tell; how many bytes of it are missing, of how many.
    code: u32,
    missing: u8,
    length: u8,
}

impl Text {
    const EMPTY: Self =
        Self { spelling: Spelling::BETWEEN, chars: 0, wide: 0, code: 0, missing: 0, length: 0 };

    fn read(self, byte: u8) -> Option<Self> {
        let Spelled::Raw(spelling) = self.spelling.read(byte) else { return None };
        if !self.spelling.is_between() {
            let code = self.code << 6 | u32::from(byte & 0x3f);
            return Some(Self { spelling, code, missing: self.missing - 1, ..self });
        }
        let length = match byte {
            0..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4u8,
        };
        let mask = if length == 1 { 0x7f } else { 0x7f >> length };
        Some(Self {
            spelling,
            chars: self.chars.saturating_add(1),
            wide: self.wide.saturating_add(u8::from(length > 1)),
            code: u32::from(byte & mask),
            missing: length - 1,
            length,
        })
    }

    /// The code points that a begun character can become.
    fn range(self) -> (u32, u32) {
        let shift = 6 * u32::from(self.missing);
        let (low, high) = (self.code << shift, (self.code << shift) + ((1 << shift) - 1));
        let least = [0, 0, 0x80, 0x800, 0x1_0000][usize::from(self.length)];
        let high = if (0xd000..0xd800).contains(&low) { high.min(0xd7ff) } else { high };
        (low.max(least), high.min(0x10_ffff))
    }
}

impl Index {
    /// Cost: a few passes over the trie; 12 MiB for 150,000 tokens.
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let trie = vocabulary.trie().clone();
        let words = vocabulary.words();
        let empty = || vec![0u32; words].into_boxed_slice();
        let mut index = Self {
            parents: vec![NONE; trie.len()],
            kinds: vec![Kind::Other; trie.len()],
            node_chars: vec![0; trie.len()],
            lasts: vec![NONE; trie.len()],
            wide: Vec::new(),
            firsts: Vec::new(),
            nodes: Vec::new(),
            wide_nodes: Vec::new(),
            raw: empty(),
            with_wide: empty(),
            wide_counts: vec![0; vocabulary.len()],
            blocks: std::array::from_fn(|_| Vec::new()),
            begun: Vec::new(),
            short: (0..=SHORT).map(|_| empty()).collect(),
            long: Vec::new(),
            special: Vec::new(),
            longest: 0,
            trie,
        };
        index.read_trie();
        index.number_chars();
        index.make_blocks(words);
        for length in 1..index.short.len() {
            let (before, after) = index.short.split_at_mut(length);
            unite(&mut after[0], &before[length - 1]);
        }
        index
    }

    /// What each node is, and what its tokens are.
    fn read_trie(&mut self) {
        // The node and the text after each prefix of the path; `None` where it is not plain.
        let mut path: Vec<(u32, Option<Text>)> = Vec::new();
        let mut special: Vec<u32> = Vec::new();
        for node in 0..self.trie.len() {
            path.truncate(self.trie.depth(node));
            let (parent, above) = path.last().copied().unwrap_or((NONE, Some(Text::EMPTY)));
            self.parents[node] = parent;
            let byte = self.trie.byte(node);
            let here = above.and_then(|text| text.read(byte));
            let tokens = self.trie.tokens(node);
            match here {
                None => {
                    let escapes = matches!(byte, b'"' | b'\\');
                    if escapes && above.is_some_and(|text| text.spelling.is_between()) {
                        special.push(node as u32);
                    }
                }
                Some(text) => {
                    self.node_chars[node] = text.chars;
                    let begun = text.missing > 0;
                    self.kinds[node] = if begun { Kind::Begun } else { Kind::Raw };
                    for &token in tokens {
                        let length = usize::from(text.chars);
                        match self.short.get_mut(length) {
                            Some(row) => set(row, token),
                            None => self.long.push((text.chars, token)),
                        }
                        self.longest = self.longest.max(text.chars);
                    }
                    if begun && !tokens.is_empty() {
                        special.push(node as u32);
                        let (low, high) = text.range();
                        let entries = tokens.iter().map(|token| (*token, node as u32));
                        match self.begun.iter_mut().find(|range| (range.0, range.1) == (low, high))
                        {
                            Some(range) => range.2.extend(entries),
                            None => self.begun.push((low, high, entries.collect())),
                        }
                    }
                    if !begun {
                        self.lasts[node] = text.code;
                        for &token in tokens {
                            set(&mut self.raw, token);
                            self.wide_counts[token as usize] = text.wide;
                            if text.wide > 0 {
                                set(&mut self.with_wide, token);
                            }
                        }
                    }
                }
            }
            path.push((node as u32, here));
        }
        self.find_special(special);
    }

    /// The trie of what is special.
    fn find_special(&mut self, mut nodes: Vec<u32>) {
        for i in 0..nodes.len() {
            let mut at = self.parents[nodes[i] as usize];
            while at != NONE {
                nodes.push(at);
                at = self.parents[at as usize];
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        self.special = (nodes.iter())
            .map(|&node| {
                let end = self.trie.skip(node as usize) as u32;
                Special {
                    node,
                    byte: self.trie.byte(node as usize),
                    depth: self.trie.depth(node as usize) as u16,
                    skip: nodes.partition_point(|other| *other < end) as u32,
                }
            })
            .collect();
    }

    /// Numbers the characters, and sorts the raw nodes by them.
    fn number_chars(&mut self) {
        self.wide = self.lasts.iter().copied().filter(|c| *c >= 128 && *c != NONE).collect();
        self.wide.sort_unstable();
        self.wide.dedup();
        let mut counts = vec![0u32; 128 + self.wide.len() + 1];
        for last in self.lasts.iter_mut().filter(|last| **last != NONE) {
            if *last >= 128 {
                *last = 128 + self.wide.partition_point(|wide| wide < last) as u32;
            }
            counts[*last as usize + 1] += 1;
        }
        for c in 1..counts.len() {
            counts[c] += counts[c - 1];
        }
        self.firsts.clone_from(&counts);
        self.nodes = vec![0; self.firsts.last().map_or(0, |last| *last as usize)];
        for (node, last) in self.lasts.iter().enumerate().filter(|(_, last)| **last != NONE) {
            let at = &mut counts[*last as usize];
            self.nodes[*at as usize] = node as u32;
            *at += 1;
            if *last >= 128 {
                self.wide_nodes.push(node as u32);
            }
        }
    }

    fn make_blocks(&mut self, words: usize) {
        for c in FIRST..0x80 {
            let mut row = vec![0u32; words].into_boxed_slice();
            for node in self.ending(c.into()) {
                self.trie.below(*node as usize).iter().for_each(|token| set(&mut row, *token));
            }
            self.blocks[0].push(row);
        }
        for size in 1..BLOCKS {
            let rows = self.blocks[size - 1].chunks(2).map(|pair| {
                let mut row = pair[0].clone();
                pair.iter().skip(1).for_each(|other| unite(&mut row, other));
                row
            });
            self.blocks[size] = rows.collect();
        }
    }

    /// The vocabulary's trie, depth first.
    pub(super) fn trie(&self) -> &VocabTrie {
        &self.trie
    }

    /// Whether the lengths of all tokens are told apart, and the numbers of characters are small.
    pub(super) fn is_exact(&self) -> bool {
        self.longest <= MOST && self.end() <= u16::MAX.into()
    }

    /// Characters of the longest token.
    pub(super) fn longest(&self) -> u32 {
        self.longest.into()
    }

    /// The raw tokens.
    pub(super) fn raw(&self) -> &Bits {
        &self.raw
    }

    /// The raw tokens with characters beyond ASCII.
    pub(super) fn with_wide(&self) -> &Bits {
        &self.with_wide
    }

    /// Characters beyond ASCII of a raw token.
    pub(super) fn wide_count(&self, token: u32) -> u8 {
        self.wide_counts[token as usize]
    }

    /// Tokens that begin a character and are raw before it: by the code points that it can become, with their nodes.
    pub(super) fn begun(&self) -> &[Begun] {
        &self.begun
    }

    /// Takes out of a row the tokens that contain characters of ASCII from `low` to `high`, from 0x20 on. Cost: at most ten
    /// operations on rows.
    pub(super) fn remove_ascii(&self, row: &mut [u32], low: u8, high: u8) {
        let (mut at, end) = (usize::from(low - FIRST), usize::from(high - FIRST) + 1);
        while at < end {
            let size = (0..BLOCKS).rev().find(|i| at % (1 << i) == 0 && at + (1 << i) <= end);
            let size = size.unwrap_or(0);
            remove(row, &self.blocks[size][at >> size]);
            at += 1 << size;
        }
    }

    /// Takes out of a row the tokens of more than so many characters.
    pub(super) fn shorten(&self, row: &mut [u32], most: u32) {
        match self.short.get(most as usize) {
            Some(short) => row.iter_mut().zip(short.iter()).for_each(|(word, bits)| *word &= bits),
            None => {
                for (_, token) in self.long.iter().filter(|(chars, _)| u32::from(*chars) > most) {
                    row[*token as usize / 32] &= !(1 << (token % 32));
                }
            }
        }
    }

    /// The numbers of the characters beyond ASCII in a range of code points.
    pub(super) fn numbers(&self, low: u32, high: u32) -> std::ops::Range<u32> {
        let from = 128 + self.wide.partition_point(|c| *c < low) as u32;
        from..128 + self.wide.partition_point(|c| *c <= high) as u32
    }

    /// One more than the greatest number of a character.
    pub(super) fn end(&self) -> u32 {
        128 + self.wide.len() as u32
    }

    /// The raw nodes whose last characters are these, by character and ascending.
    pub(super) fn ending_in(&self, chars: std::ops::Range<u32>) -> &[u32] {
        let (from, to) = (self.firsts[chars.start as usize], self.firsts[chars.end as usize]);
        &self.nodes[from as usize..to as usize]
    }

    /// The raw nodes whose last character is this, ascending.
    pub(super) fn ending(&self, char: u32) -> &[u32] {
        self.ending_in(char..char + 1)
    }

    /// The raw nodes below a node whose last characters are beyond ASCII, ascending.
    pub(super) fn wide_below(&self, node: u32) -> &[u32] {
        let below = self.below(node);
        let from = self.wide_nodes.partition_point(|node| *node < below.start);
        let to = self.wide_nodes.partition_point(|node| *node < below.end);
        &self.wide_nodes[from..to]
    }

    /// The code point of a character.
    pub(super) fn code(&self, char: u32) -> u32 {
        if char < 128 { char } else { self.wide[char as usize - 128] }
    }

    /// The node above.
    #[inline]
    pub(super) fn parent(&self, node: u32) -> u32 {
        self.parents[node as usize]
    }

    /// What a node's text is.
    #[inline]
    pub(super) fn kind(&self, node: u32) -> Kind {
        self.kinds[node as usize]
    }

    /// The number of the last character of a raw node.
    #[inline]
    pub(super) fn last(&self, node: u32) -> u32 {
        self.lasts[node as usize]
    }

    /// Characters of a node's text, if it is raw or begun.
    #[inline]
    pub(super) fn chars(&self, node: u32) -> u32 {
        if node == NONE { 0 } else { self.node_chars[node as usize].into() }
    }

    /// The nodes below a node ([`NONE`]: all), in order.
    pub(super) fn below(&self, node: u32) -> std::ops::Range<u32> {
        match node {
            NONE => 0..self.trie.len() as u32,
            node => node + 1..self.trie.skip(node as usize) as u32,
        }
    }

    /// Where something else than a raw character comes.
    pub(super) fn special(&self) -> &[Special] {
        &self.special
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.blocks.iter().map(Vec::len).sum::<usize>() + self.short.len() + 2;
        self.trie.len() * 31 + self.wide_counts.len() + rows * self.raw.len() * 4
    }
}

/// Adds a token to a row.
pub(super) fn set(bits: &mut [u32], token: u32) {
    bits[token as usize / 32] |= 1 << (token % 32);
}

/// Whether a row has a token.
pub(super) fn has(bits: &[u32], token: u32) -> bool {
    bits[token as usize / 32] >> (token % 32) & 1 == 1
}

/// Adds the tokens of one row to another.
pub(super) fn unite(row: &mut [u32], other: &[u32]) {
    row.iter_mut().zip(other).for_each(|(word, bits)| *word |= bits);
}

/// Takes the tokens of one row out of another.
pub(super) fn remove(row: &mut [u32], other: &[u32]) {
    row.iter_mut().zip(other).for_each(|(word, bits)| *word &= !bits);
}
