//! An automaton over characters, unfolded to the bytes of UTF-8.

use rustc_hash::FxHashMap;

use super::{
    chars::{CharDfa, DEAD},
    class::SURROGATES,
};

/// A range of bytes and where it leads: one number, which is hashed faster than three.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Entry(u64);

impl Entry {
    fn new(low: u8, high: u8, to: u32) -> Self {
        Self(u64::from(low) << 40 | u64::from(high) << 32 | u64::from(to))
    }

    fn low(self) -> u8 {
        (self.0 >> 40) as u8
    }

    fn high(self) -> u8 {
        (self.0 >> 32) as u8
    }

    fn to(self) -> u32 {
        self.0 as u32
    }
}

/// The byte automaton: minimal, because the automaton over characters is, and equal remainders of characters are one state.
#[derive(Clone, Debug)]
pub(super) struct ByteDfa {
    /// Byte -> column.
    classes: Box<[u8; 256]>,
    stride: usize,
    /// First the states between characters, numbered as there; then those inside a character.
    table: Box<[u32]>,
    /// Per state inside a character: the states that its ends lead to.
    ends: Lists<u32>,
    /// States between characters.
    outside: u32,
}

/// Ranges of code points with what they lead to: sorted, not in the surrogates' gap.
type Ranges = Vec<(u32, u32, u32)>;

/// Lists, one after the other.
#[derive(Clone, Debug)]
struct Lists<T> {
    all: Vec<T>,
    /// Where each one begins, and where the last one ends.
    starts: Vec<usize>,
}

impl<T> Lists<T> {
    fn new() -> Self {
        Self { all: Vec::new(), starts: vec![0] }
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn get(&self, i: usize) -> &[T] {
        &self.all[self.starts[i]..self.starts[i + 1]]
    }

    /// Ends the list that is at the end of `all`.
    fn close(&mut self) {
        self.starts.push(self.all.len());
    }

    fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.len()).map(|i| self.get(i))
    }
}

/// How many states the unfolded automaton has at most. O(table).
pub(super) fn estimate(dfa: &CharDfa) -> usize {
    // Every border between ranges cuts a node on each level; what is not cut is shared.
    let wide: Vec<usize> = dfa
        .partition
        .ranges()
        .filter(|(_, high, _)| *high >= 0x80)
        .map(|(_, _, class)| class)
        .collect();
    (1..dfa.len() as u32)
        .map(|state| {
            let row = dfa.row(state);
            let borders = wide.windows(2).filter(|pair| row[pair[0]] != row[pair[1]]).count();
            1 + 3 * (borders + 4)
        })
        .sum()
}

/// Nodes inside of characters, equal ones once; below `outside` are other numbers. Children come before their parents.
struct Nodes {
    entries: Lists<Entry>,
    ids: FxHashMap<Box<[Entry]>, u32>,
    outside: u32,
}

impl Nodes {
    fn new(outside: u32) -> Self {
        Self { entries: Lists::new(), ids: FxHashMap::default(), outside }
    }

    /// The node of these entries, of which no two neighbours lead to the same.
    fn intern(&mut self, entries: &[Entry]) -> u32 {
        if let Some(id) = self.ids.get(entries) {
            return *id;
        }
        let id = self.outside + self.entries.len() as u32;
        self.entries.all.extend_from_slice(entries);
        self.entries.close();
        self.ids.insert(entries.into(), id);
        id
    }

    /// The node after whose `shift / 6` bytes there is always the same state.
    fn full(&mut self, shift: u32, to: u32) -> u32 {
        (0..shift / 6).fold(to, |to, _| self.intern(&[Entry::new(0x80, 0xBF, to)]))
    }

    /// The entries of a node: bytes are `mark` and the bits of the code point above `shift`.
    fn entries(&mut self, shift: u32, mark: u8, ranges: &[(u32, u32, u32)]) -> Vec<Entry> {
        let mask = if mark == 0x80 { 0x3F } else { 0xFF };
        let byte = |block: u32| mark | (block & mask) as u8;
        let mut entries = Vec::new();
        let mut rest = ranges.iter().copied();
        let mut current = rest.next();
        while let Some((low, high, to)) = current {
            let block = low >> shift;
            let end = (block << shift) + ((1 << shift) - 1);
            if low == block << shift && high >= end {
                let last = ((high + 1) >> shift) - 1;
                let child = self.full(shift, to);
                push(&mut entries, Entry::new(byte(block), byte(last), child));
                let low = (last + 1) << shift;
                current = if low <= high { Some((low, high, to)) } else { rest.next() };
                continue;
            }
            let mut pieces = Vec::new();
            while let Some((low, high, to)) = current.filter(|range| range.0 <= end) {
                pieces.push((low, high.min(end), to));
                current = if high > end { Some((end + 1, high, to)) } else { rest.next() };
            }
            let inside = self.entries(shift - 6, 0x80, &pieces);
            let child = self.intern(&inside);
            push(&mut entries, Entry::new(byte(block), byte(block), child));
        }
        entries
    }

    /// The entries between characters.
    fn row(&mut self, ranges: &Ranges) -> Vec<Entry> {
        let lengths = [(0, 0x7F, 0, 0), (0x80, 0x7FF, 6, 0xC0), (0x800, 0xFFFF, 12, 0xE0)];
        let mut entries = Vec::new();
        for (from, to, shift, mark) in lengths.into_iter().chain([(0x1_0000, u32::MAX, 18, 0xF0)]) {
            let mut inside: Ranges = Vec::new();
            for &(low, high, state) in ranges {
                let (low, high) = (low.max(from), high.min(to));
                let (gap, after) = (*SURROGATES.start(), SURROGATES.end() + 1);
                for (low, high) in [(low, high.min(gap - 1)), (low.max(after), high)] {
                    if low <= high {
                        inside.push((low, high, state));
                    }
                }
            }
            entries.extend(self.entries(shift, mark, &inside));
        }
        entries
    }
}

/// Adds an entry, or makes the last one longer.
fn push(entries: &mut Vec<Entry>, entry: Entry) {
    match entries.last_mut() {
        Some(last) if last.to() == entry.to() && last.high() + 1 == entry.low() => {
            *last = Entry::new(last.low(), entry.high(), entry.to());
        }
        _ => entries.push(entry),
    }
}

/// How the bytes of UTF-8 tell classes of characters apart: of each state of an automaton it is the same but for where the
/// classes lead.
struct Tree {
    classes: usize,
    /// Entries lead to classes or, from their number on, to nodes.
    nodes: Nodes,
    /// Single bytes, and those that begin more.
    single: Vec<Entry>,
    more: Vec<Entry>,
    /// Classes with characters of more bytes than one.
    wide: Vec<usize>,
}

impl Tree {
    fn new(dfa: &CharDfa) -> Self {
        let classes = dfa.classes();
        let ranges: Ranges =
            dfa.partition.ranges().map(|(low, high, class)| (low, high, class as u32)).collect();
        let mut nodes = Nodes::new(classes as u32);
        let mut single = nodes.row(&ranges);
        let more = single.split_off(single.partition_point(|entry| entry.high() < 0x80));
        let mut wide: Vec<usize> =
            ranges.iter().filter(|range| range.1 >= 0x80).map(|range| range.2 as usize).collect();
        wide.sort_unstable();
        wide.dedup();
        Self { classes, nodes, single, more, wide }
    }

    /// Entries with what they lead to in a row of an automaton, where the nodes are what `values` says.
    fn map(&self, entries: &[Entry], row: &[u32], values: &[u32], mapped: &mut Vec<Entry>) {
        for entry in entries {
            let to = entry.to() as usize;
            let to = if to < self.classes { row[to] } else { values[to - self.classes] };
            if to != DEAD {
                push(mapped, Entry::new(entry.low(), entry.high(), to));
            }
        }
    }
}

impl ByteDfa {
    /// Unfolds; nothing, if that takes more than so many states. O([`estimate`], and states of the result times columns).
    pub(super) fn new(dfa: &CharDfa, most: usize) -> Option<Self> {
        let outside = dfa.len() as u32;
        let tree = Tree::new(dfa);
        let mut nodes = Nodes::new(outside);
        let mut rows: Lists<Entry> = Lists::new();
        let (mut values, mut mapped) = (vec![DEAD; tree.nodes.entries.len()], Vec::new());
        // What more bytes than one make of where the wide classes lead.
        let mut known: FxHashMap<Vec<u32>, Vec<Entry>> = FxHashMap::default();
        for state in 0..outside {
            let row = dfa.row(state);
            mapped.clear();
            tree.map(&tree.single, row, &[], &mut mapped);
            rows.all.extend_from_slice(&mapped);
            let wide: Vec<u32> = tree.wide.iter().map(|class| row[*class]).collect();
            if wide.iter().any(|to| *to != DEAD) {
                let more = known.entry(wide).or_insert_with(|| {
                    for (i, entries) in tree.nodes.entries.iter().enumerate() {
                        mapped.clear();
                        tree.map(entries, row, &values, &mut mapped);
                        values[i] = if mapped.is_empty() { DEAD } else { nodes.intern(&mapped) };
                    }
                    let mut more = Vec::new();
                    tree.map(&tree.more, row, &values, &mut more);
                    more
                });
                rows.all.extend_from_slice(more);
            }
            rows.close();
            if dfa.len() + nodes.entries.len() > most {
                return None;
            }
        }
        let rows = || rows.iter().chain(nodes.entries.iter());
        let mut border = [false; 257];
        for entry in rows().flatten() {
            border[usize::from(entry.low())] = true;
            border[usize::from(entry.high()) + 1] = true;
        }
        let mut classes = Box::new([0u8; 256]);
        for byte in 1..256 {
            classes[byte] = classes[byte - 1] + u8::from(border[byte]);
        }
        let stride = usize::from(classes[255]) + 1;
        let mut table = vec![DEAD; rows().count() * stride];
        for (entries, row) in rows().zip(table.chunks_mut(stride)) {
            for entry in entries {
                let [from, to] = [entry.low(), entry.high()].map(|byte| classes[usize::from(byte)]);
                row[from.into()..=to.into()].fill(entry.to());
            }
        }
        let mut ends: Lists<u32> = Lists::new();
        let mut all = Vec::new();
        for node in nodes.entries.iter() {
            all.clear();
            for entry in node {
                match entry.to().checked_sub(outside) {
                    Some(inner) => all.extend_from_slice(ends.get(inner as usize)),
                    None => all.push(entry.to()),
                }
            }
            all.sort_unstable();
            all.dedup();
            ends.all.extend_from_slice(&all);
            ends.close();
        }
        Some(Self { classes, stride, table: table.into(), ends, outside })
    }

    /// Number of states.
    pub(super) fn len(&self) -> usize {
        self.outside as usize + self.ends.len()
    }

    /// Number of columns.
    pub(super) fn columns(&self) -> usize {
        self.stride
    }

    /// The state after a byte.
    #[inline]
    pub(super) fn next(&self, state: u32, byte: u8) -> u32 {
        self.table[state as usize * self.stride + usize::from(self.classes[usize::from(byte)])]
    }

    /// Where the characters end that a state is inside of; nothing if it is between two.
    #[inline]
    pub(super) fn ends(&self, state: u32) -> Option<&[u32]> {
        state.checked_sub(self.outside).map(|inner| self.ends.get(inner as usize))
    }
}
