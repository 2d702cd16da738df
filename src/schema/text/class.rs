//! Sets of characters, and the coarsest partition that tells several of them apart.

use rustc_hash::FxHashMap;

/// The largest code point.
pub(super) const LAST: u32 = 0x10_FFFF;
/// The code points that are no characters.
pub(super) const SURROGATES: std::ops::RangeInclusive<u32> = 0xD800..=0xDFFF;

/// A set of characters: sorted ranges of code points that neither overlap nor touch. Code points between `D800` and `DFFF`
/// may be in a range or not: it means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CharSet {
    ranges: Vec<(u32, u32)>,
}

impl CharSet {
    /// Of ranges in any order.
    pub(super) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self { ranges: merged }
    }

    /// All characters.
    pub(super) fn all() -> Self {
        Self { ranges: vec![(0, LAST)] }
    }

    /// One character.
    pub(super) fn one(c: u32) -> Self {
        Self { ranges: vec![(c, c)] }
    }

    /// Its ranges.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    /// All other characters.
    pub(super) fn negate(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.ranges {
            if low > next {
                ranges.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self { ranges }
    }

    /// ECMA-262's `\d`.
    pub(super) fn digit() -> Self {
        Self::new(vec![(0x30, 0x39)])
    }

    /// ECMA-262's `\w`.
    pub(super) fn word() -> Self {
        Self::new(vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
    }

    /// ECMA-262's `\s`: WhiteSpace and LineTerminator.
    pub(super) fn space() -> Self {
        Self::new(vec![
            (0x9, 0xD),
            (0x20, 0x20),
            (0xA0, 0xA0),
            (0x1680, 0x1680),
            (0x2000, 0x200A),
            (0x2028, 0x2029),
            (0x202F, 0x202F),
            (0x205F, 0x205F),
            (0x3000, 0x3000),
            (0xFEFF, 0xFEFF),
        ])
    }

    /// ECMA-262's `.`: everything but LineTerminator.
    pub(super) fn dot() -> Self {
        Self::new(vec![(0xA, 0xA), (0xD, 0xD), (0x2028, 0x2029)]).negate()
    }
}

/// All characters in disjoint classes, numbered by their first characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partition {
    /// First code points of the ranges, the first one 0; none in the surrogates' gap.
    starts: Box<[u32]>,
    /// Range -> class; neighbours differ.
    classes: Box<[u16]>,
}

impl Partition {
    /// One class of everything.
    pub(super) fn one() -> Self {
        Self { starts: Box::new([0]), classes: Box::new([0]) }
    }

    /// The coarsest partition that tells the sets apart, and for each class one bit a set (64 a word) that says whether the
    /// set contains it. O(r log r + r s / 64) for r ranges of s sets.
    pub(super) fn of(sets: &[CharSet]) -> (Self, Vec<Box<[u64]>>) {
        let mut events: Vec<(u32, u32)> = Vec::new();
        for (i, set) in sets.iter().enumerate() {
            for &(low, high) in &set.ranges {
                events.push((low, i as u32));
                if high < LAST {
                    events.push((high + 1, i as u32));
                }
            }
        }
        // What happens inside the gap happens at its end.
        for event in &mut events {
            if SURROGATES.contains(&event.0) {
                event.0 = SURROGATES.end() + 1;
            }
        }
        events.sort_unstable();
        let mut signature = vec![0u64; sets.len().div_ceil(64)];
        let mut ids: FxHashMap<Box<[u64]>, u16> = FxHashMap::default();
        let mut members: Vec<Box<[u64]>> = Vec::new();
        let (mut starts, mut classes) = (Vec::new(), Vec::new());
        let (mut at, mut start) = (0, 0);
        loop {
            // Each set is on or off: an event changes that.
            while at < events.len() && events[at].0 == start {
                let set = events[at].1 as usize;
                signature[set / 64] ^= 1 << (set % 64);
                at += 1;
            }
            let class = match ids.get(signature.as_slice()) {
                Some(class) => *class,
                None => {
                    let class = members.len() as u16;
                    ids.insert(signature.clone().into(), class);
                    members.push(signature.clone().into());
                    class
                }
            };
            if classes.last() != Some(&class) {
                starts.push(start);
                classes.push(class);
            }
            match events.get(at) {
                Some(event) => start = event.0,
                None => break,
            }
        }
        (Self { starts: starts.into(), classes: classes.into() }, members)
    }

    /// The class of a character. O(log ranges).
    pub(super) fn class(&self, c: char) -> usize {
        let range = self.starts.partition_point(|start| *start <= c as u32) - 1;
        usize::from(self.classes[range])
    }

    /// Number of classes.
    pub(super) fn len(&self) -> usize {
        self.classes.iter().max().map_or(0, |class| usize::from(*class) + 1)
    }

    /// The ranges in order: first code point, last one, class. Some contain the surrogates' gap, none begins in it.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (u32, u32, usize)> + '_ {
        let ends = self.starts.iter().skip(1).map(|start| start - 1).chain([LAST]);
        self.starts
            .iter()
            .zip(ends)
            .zip(self.classes.iter())
            .map(|((low, high), class)| (*low, high, usize::from(*class)))
    }

    /// The coarsest partition that refines both, and for each of its classes the classes of the two it lies in.
    pub(super) fn refine(&self, other: &Self) -> (Self, Vec<(u16, u16)>) {
        let mut ids: FxHashMap<(u16, u16), u16> = FxHashMap::default();
        let mut pairs = Vec::new();
        let (mut starts, mut classes) = (Vec::new(), Vec::new());
        let (mut i, mut j) = (0, 0);
        let mut start = 0;
        loop {
            let pair = (self.classes[i], other.classes[j]);
            let class = *ids.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                (pairs.len() - 1) as u16
            });
            if classes.last() != Some(&class) {
                starts.push(start);
                classes.push(class);
            }
            let after = |starts: &[u32], at: usize| starts.get(at + 1).copied();
            let (a, b) = (after(&self.starts, i), after(&other.starts, j));
            start = match (a, b) {
                (None, None) => break,
                (Some(a), None) => a,
                (None, Some(b)) => b,
                (Some(a), Some(b)) => a.min(b),
            };
            i += usize::from(a == Some(start));
            j += usize::from(b == Some(start));
        }
        (Self { starts: starts.into(), classes: classes.into() }, pairs)
    }

    /// The partition in which class `c` has become part of `to[c]`, renumbered by first characters; and old class numbers
    /// (any one of each) by new ones.
    pub(super) fn merge(&self, to: &[u16]) -> (Self, Vec<usize>) {
        let mut ids: FxHashMap<u16, u16> = FxHashMap::default();
        let mut old = Vec::new();
        let (mut starts, mut classes) = (Vec::new(), Vec::new());
        for (&start, &class) in self.starts.iter().zip(&self.classes) {
            let class = *ids.entry(to[usize::from(class)]).or_insert_with(|| {
                old.push(usize::from(class));
                (old.len() - 1) as u16
            });
            if classes.last() != Some(&class) {
                starts.push(start);
                classes.push(class);
            }
        }
        (Self { starts: starts.into(), classes: classes.into() }, old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_their_complements() {
        let set = CharSet::new(vec![(5, 9), (0, 3), (4, 4)]);
        assert_eq!(set.ranges(), [(0, 9)]);
        assert_eq!(set.negate().ranges(), [(10, LAST)]);
        assert_eq!(set.negate().negate(), set);
        assert_eq!(CharSet::all().negate(), CharSet::default());
    }

    #[test]
    fn partitions_are_the_coarsest() {
        let letters = CharSet::new(vec![(0x61, 0x7A)]);
        let (partition, members) = Partition::of(&[letters, CharSet::word()]);
        assert_eq!(members.len(), 3);
        assert_eq!(partition.class('!'), 0);
        assert_eq!(partition.class('0'), partition.class('Z'));
        assert_ne!(partition.class('a'), partition.class('Z'));
        assert_eq!(members[partition.class('a')][0], 0b11);
        // A class of surrogates alone does not exist, nor does a border inside the gap.
        let gap = CharSet::new(vec![(0xD900, 0xDA00)]);
        assert_eq!(Partition::of(&[gap]).0, Partition::one());
        let upper = CharSet::new(vec![(0xDC00, LAST)]);
        let (partition, _) = Partition::of(&[upper]);
        assert_eq!(partition.ranges().collect::<Vec<_>>(), [(0, 0xDFFF, 0), (0xE000, LAST, 1)]);
    }

    #[test]
    fn refinements_know_where_they_come_from() {
        let (a, _) = Partition::of(&[CharSet::digit()]);
        let (b, _) = Partition::of(&[CharSet::word()]);
        let (both, pairs) = a.refine(&b);
        assert_eq!(both.len(), 3);
        for c in "!09AZ_az~é".chars() {
            let pair = pairs[both.class(c)];
            assert_eq!((usize::from(pair.0), usize::from(pair.1)), (a.class(c), b.class(c)));
        }
        assert_eq!(both.merge(&[0; 3]).0, Partition::one());
    }
}
