//! Where a spelled number lies among given numbers, digit by digit.
//!
//! Which of the given numbers a prefix can still meet depends on how long its integer part becomes, so a node keeps, for
//! every length from now on, the range of numbers of that length which begin with what was read, or the verdict on the
//! gap it fell into. Digits that no given number continues with lead to one node.

use std::hash::BuildHasher as _;

use rustc_hash::{FxBuildHasher, FxHashMap};

/// The node, and the verdict, of "no".
pub(super) const NONE: u32 = 0;
/// The node before the first digit.
pub(super) const START: u32 = 1;
/// The node after zeros, where zeros may lead.
const ZEROS: u32 = 2;

/// One of the given numbers.
#[derive(Debug)]
pub(super) struct Cut {
    /// Values 0 to 9 of the digits before the point; one zero for a number below one.
    pub(super) int: Box<[u8]>,
    /// Those after the point, without zeros at the end.
    pub(super) frac: Box<[u8]>,
    /// The verdict on the number itself.
    pub(super) verdict: u32,
    /// Whether one more zero counts as beyond the number: only its shortest spelling meets it.
    pub(super) tight: bool,
}

impl Cut {
    /// The number `0.DIGITS * 10^point`, not negative.
    pub(super) fn new(digits: &[u8], point: i32, verdict: u32) -> Self {
        // Bounded by the bounds on digits and exponents of a decimal.
        let before = point.max(0) as usize;
        let mut int: Vec<u8> = digits.iter().copied().take(before).collect();
        int.resize(before, 0);
        if before == 0 {
            int.push(0);
        }
        let mut frac = vec![0; point.min(0).unsigned_abs() as usize];
        frac.extend(digits.get(before..).unwrap_or_default());
        if digits.is_empty() {
            frac.clear();
        }
        Self { int: int.into(), frac: frac.into(), verdict, tight: false }
    }

    /// A small whole number.
    pub(super) fn whole(value: u32, verdict: u32) -> Self {
        let digits: Vec<u8> = value.to_string().bytes().map(|b| b - b'0').collect();
        Self { int: digits.into(), frac: Box::default(), verdict, tight: false }
    }
}

/// A range of given numbers that begin with what was read (`low < high`), or twice the
/// verdict on the gap it fell into.
type Range = (u32, u32);

/// Where in a spelling a node is, and how many digits of that part were read, as far as they matter: the first entry of
/// a node, before its ranges.
type Place = (u32, u32);
const INT: u32 = 0;
/// A leading zero, after which no digit of the integer part may follow.
const ZERO: u32 = 1;
const POINT: u32 = 2;
const FRAC: u32 = 3;
/// Before the first digit, or after zeros that may lead.
const OUTSIDE: u32 = 4;

/// Compares spelled numbers with given ones. Nodes are made as they are asked for.
#[derive(Debug)]
pub(super) struct Comparator {
    /// Ascending.
    cuts: Vec<Cut>,
    /// Verdicts below, between and above them.
    gaps: Vec<u32>,
    /// By the length of the integer part, from 1 on: where its numbers begin. One more than lengths.
    lengths: Vec<u32>,
    leading_zeros: bool,
    /// Of every node, the place, then the ranges, one after the other.
    arena: Vec<Range>,
    nodes: Vec<Node>,
    /// Hash -> the last node with it.
    ids: FxHashMap<u64, u32>,
    /// The nodes after each digit, where they were asked for.
    rows: Vec<Option<[u32; 10]>>,
    /// A node being made.
    scratch: Vec<Range>,
}

#[derive(Debug)]
struct Node {
    /// Where it lies in the arena.
    start: usize,
    end: usize,
    /// Another node with the same hash; [`NONE`] if there is none.
    other: u32,
}

impl Comparator {
    /// Ascending numbers with the verdicts around them. `leading_zeros`: whether zeros may lead (in exponents).
    pub(super) fn new(cuts: Vec<Cut>, gaps: Vec<u32>, leading_zeros: bool) -> Self {
        debug_assert_eq!(cuts.len() + 1, gaps.len());
        let longest = cuts.last().map_or(0, |cut| cut.int.len());
        let lengths = (1..=longest + 1)
            .map(|length| cuts.partition_point(|cut| cut.int.len() < length) as u32)
            .collect();
        let arena = vec![(OUTSIDE, 0)];
        let nodes = (0..3).map(|_| Node { start: 0, end: 1, other: NONE }).collect();
        let (ids, rows) = (FxHashMap::default(), vec![Some([NONE; 10]), None, None]);
        let scratch = Vec::new();
        Self { cuts, gaps, lengths, leading_zeros, arena, nodes, ids, rows, scratch }
    }

    /// The verdict on everything longer than the given numbers.
    fn top(&self) -> u32 {
        *self.gaps.last().expect("invariant: one gap more than cuts")
    }

    /// A range of given numbers, narrowed to those that go on with a digit.
    fn narrow(&self, (low, high): Range, digit: u8, next: impl Fn(&Cut) -> u8) -> Range {
        if low == high {
            return (low, high);
        }
        let cuts = &self.cuts[low as usize..high as usize];
        let first = low + cuts.partition_point(|cut| next(cut) < digit) as u32;
        let end = low + cuts.partition_point(|cut| next(cut) <= digit) as u32;
        self.range(first, end)
    }

    fn range(&self, low: u32, high: u32) -> Range {
        if low < high {
            (low, high)
        } else {
            let verdict = self.gaps[low as usize];
            (verdict, verdict)
        }
    }

    /// The node of a place and the ranges in `scratch`.
    fn node(&mut self, place: Place, mut scratch: Vec<Range>) -> u32 {
        let top = self.top();
        let mut place = place;
        if place.0 == INT {
            while scratch.len() > 1 && scratch.last() == Some(&(top, top)) {
                scratch.pop();
            }
            if scratch[1..].iter().all(|(low, high)| low == high) {
                place.1 = 0;
            }
        }
        let dead = scratch[1..].iter().all(|range| *range == (NONE, NONE))
            && (top == NONE || place.0 != INT);
        let id = if dead {
            NONE
        } else {
            scratch[0] = place;
            self.interned(&scratch)
        };
        self.scratch = scratch;
        id
    }

    /// The node of a place and ranges.
    fn interned(&mut self, node: &[Range]) -> u32 {
        let hash = FxBuildHasher.hash_one(node);
        let last = self.ids.get(&hash).copied().unwrap_or(NONE);
        let mut known = last;
        while known != NONE {
            if self.ranges(known) == node {
                return known;
            }
            known = self.nodes[known as usize].other;
        }
        let id = self.nodes.len() as u32;
        let start = self.arena.len();
        self.arena.extend_from_slice(node);
        self.nodes.push(Node { start, end: self.arena.len(), other: last });
        self.rows.push(None);
        self.ids.insert(hash, id);
        id
    }

    /// A node's place and ranges.
    fn ranges(&self, node: u32) -> &[Range] {
        let node = &self.nodes[node as usize];
        &self.arena[node.start..node.end]
    }

    /// An empty list, but for room for the place.
    fn taken_scratch(&mut self) -> Vec<Range> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.push((OUTSIDE, 0));
        scratch
    }

    /// The node after a digit.
    pub(super) fn digit(&mut self, node: u32, digit: u8) -> u32 {
        if let Some(row) = &self.rows[node as usize] {
            return row[usize::from(digit)];
        }
        let known = self.known(node);
        let mut row = [NONE; 10];
        for digit in 0..10u8 {
            // Zero is like no other before the first digit; else digits between two that numbers go on with are alike.
            let alike = digit > 1 && known >> (digit - 1) & 0b11 == 0;
            let at = usize::from(digit);
            row[at] = if alike { row[at - 1] } else { self.after(node, digit) };
        }
        self.rows[node as usize] = Some(row);
        row[usize::from(digit)]
    }

    /// The digits, as bits, with which the numbers go on that begin with what was read.
    fn known(&self, node: u32) -> u32 {
        let node = self.ranges(node);
        let (place, read) = node[0];
        let read = read as usize;
        let bits = |cuts: &[Cut], next: &dyn Fn(&Cut) -> u8| {
            cuts.iter().fold(0, |bits, cut| bits | 1 << next(cut))
        };
        let of = |ranges: &[Range], next: &dyn Fn(&Cut) -> u8| {
            let open = ranges.iter().filter(|(low, high)| low < high);
            open.fold(0, |all, (low, high)| {
                all | bits(&self.cuts[*low as usize..*high as usize], next)
            })
        };
        match place {
            OUTSIDE => bits(&self.cuts, &|cut| cut.int[0]),
            INT => of(node.get(2..).unwrap_or_default(), &|cut| cut.int[read]),
            _ => of(&node[1..], &|cut| cut.frac.get(read).copied().unwrap_or(0)),
        }
    }

    fn after(&mut self, node: u32, digit: u8) -> u32 {
        let mut scratch = self.taken_scratch();
        let node = self.ranges(node);
        let (place, read) = node[0];
        match place {
            OUTSIDE if digit == 0 && self.leading_zeros => {
                self.scratch = scratch;
                ZEROS
            }
            OUTSIDE => {
                for length in self.lengths.windows(2) {
                    let range = self.range(length[0], length[1]);
                    scratch.push(self.narrow(range, digit, |cut| cut.int[0]));
                }
                if digit > 0 {
                    return self.node((INT, 1), scratch);
                }
                scratch.truncate(2);
                if scratch.len() == 1 {
                    scratch.push((self.top(), self.top()));
                }
                self.node((ZERO, 0), scratch)
            }
            INT => {
                for range in node.get(2..).unwrap_or_default() {
                    scratch.push(self.narrow(*range, digit, |cut| cut.int[read as usize]));
                }
                self.node((INT, read + 1), scratch)
            }
            POINT | FRAC => {
                let (range, place) = (node[1], read as usize);
                let mut range = range;
                if range.0 < range.1 {
                    let cut = &self.cuts[range.0 as usize];
                    if cut.tight && cut.frac.len() <= place {
                        range = self.range(range.0 + 1, range.1);
                    }
                }
                range = self.narrow(range, digit, |cut| cut.frac.get(place).copied().unwrap_or(0));
                let longest = if range.0 < range.1 {
                    let cuts = &self.cuts[range.0 as usize..range.1 as usize];
                    cuts.iter().map(|cut| cut.frac.len()).max().unwrap_or(0)
                } else {
                    0
                };
                scratch.push(range);
                self.node((FRAC, (read + 1).min(longest as u32)), scratch)
            }
            _ => {
                self.scratch = scratch;
                NONE
            }
        }
    }

    /// The range of numbers whose integer part ends at a node.
    fn ended(&self, node: &[Range]) -> Range {
        node.get(1).copied().unwrap_or((self.top(), self.top()))
    }

    /// The node after the point.
    pub(super) fn point(&mut self, node: u32) -> u32 {
        let node = self.ranges(node);
        if !matches!(node[0].0, INT | ZERO) {
            return NONE;
        }
        let range = self.ended(node);
        let mut scratch = self.taken_scratch();
        scratch.push(range);
        self.node((POINT, 0), scratch)
    }

    /// The verdict on a number that ends at a node; [`NONE`] where none can end.
    pub(super) fn verdict(&self, node: u32) -> u32 {
        if node == ZEROS {
            return match self.cuts.first() {
                Some(cut) if *cut.int == [0] && cut.frac.is_empty() => cut.verdict,
                _ => self.gaps[0],
            };
        }
        let node = self.ranges(node);
        let (place, read) = node[0];
        if matches!(place, OUTSIDE | POINT) {
            return NONE;
        }
        let read = if place == FRAC { read as usize } else { 0 };
        let (low, high) = self.ended(node);
        if low == high {
            return low;
        }
        // What is not written is zeros, so the number is the least of the range or below it.
        let cut = &self.cuts[low as usize];
        if cut.frac.len() <= read { cut.verdict } else { self.gaps[low as usize] }
    }
}
