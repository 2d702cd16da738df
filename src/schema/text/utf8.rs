//! An automaton over characters, unfolded to the bytes of UTF-8.

use rustc_hash::FxHashMap;

use super::{
    chars::{CharDfa, DEAD},
    class::SURROGATES,
};

/// A range of bytes and where it leads.
type Entry = (u8, u8, u32);

/// The byte automaton: minimal, because the automaton over characters is, and equal remainders of characters are one state.
#[derive(Clone, Debug)]
pub(super) struct ByteDfa {
    /// Byte -> column.
    classes: Box<[u8; 256]>,
    stride: usize,
    /// First the states between characters, numbered as there; then those inside a character.
    table: Box<[u32]>,
    /// Per state inside a character: the states that its ends lead to.
    ends: Vec<Box<[u32]>>,
    /// States between characters.
    outside: u32,
}

/// Ranges of code points with the state they lead to: sorted, never dead, not in the surrogates' gap.
type Ranges = Vec<(u32, u32, u32)>;

/// The live ranges of a state's row.
fn ranges(dfa: &CharDfa, state: u32) -> Ranges {
    let row = dfa.row(state);
    let mut ranges: Ranges = Vec::new();
    for (low, high, class) in dfa.partition.ranges() {
        let to = row[class];
        match ranges.last_mut() {
            Some(last) if last.2 == to && last.1 + 1 == low => last.1 = high,
            _ if to == DEAD => {}
            _ => ranges.push((low, high, to)),
        }
    }
    ranges
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

#[derive(Default)]
struct Builder {
    nodes: Vec<Box<[Entry]>>,
    ids: FxHashMap<Box<[Entry]>, u32>,
    outside: u32,
}

impl Builder {
    fn intern(&mut self, entries: Vec<Entry>) -> u32 {
        let mut merged: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match merged.last_mut() {
                Some(last) if last.2 == entry.2 && last.1 + 1 == entry.0 => last.1 = entry.1,
                _ => merged.push(entry),
            }
        }
        if let Some(id) = self.ids.get(merged.as_slice()) {
            return *id;
        }
        let id = self.outside + self.nodes.len() as u32;
        let merged: Box<[Entry]> = merged.into();
        self.nodes.push(merged.clone());
        self.ids.insert(merged, id);
        id
    }

    /// The node after whose `shift / 6` bytes there is always the same state.
    fn full(&mut self, shift: u32, to: u32) -> u32 {
        (0..shift / 6).fold(to, |to, _| self.intern(vec![(0x80, 0xBF, to)]))
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
                entries.push((byte(block), byte(last), child));
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
            let child = self.intern(inside);
            entries.push((byte(block), byte(block), child));
        }
        entries
    }

    /// The entries of a state between characters.
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

impl ByteDfa {
    /// Unfolds; nothing, if that takes more than so many states. O([`estimate`], and states of the result times columns).
    pub(super) fn new(dfa: &CharDfa, most: usize) -> Option<Self> {
        let outside = dfa.len() as u32;
        let mut builder = Builder { outside, ..Builder::default() };
        let mut rows: Vec<Vec<Entry>> = Vec::with_capacity(dfa.len());
        for state in 0..outside {
            rows.push(builder.row(&ranges(dfa, state)));
            if dfa.len() + builder.nodes.len() > most {
                return None;
            }
        }
        let rows = || rows.iter().map(Vec::as_slice).chain(builder.nodes.iter().map(|n| &**n));
        let mut border = [false; 257];
        for &(low, high, _) in rows().flatten() {
            border[usize::from(low)] = true;
            border[usize::from(high) + 1] = true;
        }
        let mut classes = Box::new([0u8; 256]);
        for byte in 1..256 {
            classes[byte] = classes[byte - 1] + u8::from(border[byte]);
        }
        let stride = usize::from(classes[255]) + 1;
        let mut table = Vec::with_capacity(rows().count() * stride);
        for entries in rows() {
            let from = table.len();
            table.resize(from + stride, DEAD);
            for &(low, high, to) in entries {
                let columns = classes[usize::from(low)]..=classes[usize::from(high)];
                columns.for_each(|column| table[from + usize::from(column)] = to);
            }
        }
        // Children of a node were made before it.
        let mut ends: Vec<Box<[u32]>> = Vec::with_capacity(builder.nodes.len());
        for node in &builder.nodes {
            let mut all = Vec::new();
            for &(_, _, to) in &**node {
                match to.checked_sub(outside) {
                    Some(inner) => all.extend_from_slice(&ends[inner as usize]),
                    None => all.push(to),
                }
            }
            all.sort_unstable();
            all.dedup();
            ends.push(all.into());
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
        state.checked_sub(self.outside).map(|inner| &*self.ends[inner as usize])
    }
}
