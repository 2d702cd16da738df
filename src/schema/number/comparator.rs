//! Where a spelled number lies among given numbers, digit by digit.
//!
//! Which of the given numbers a prefix can still meet depends on how long its integer part becomes, so a node keeps, for
//! every length from now on, the range of numbers of that length which begin with what was read, or the verdict on the
//! gap it fell into. Digits that no given number continues with lead to one node.

use rustc_hash::FxHashMap;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Start,
    Zeros,
    /// So many digits of the integer part (0 where it no longer matters).
    Int(u32),
    /// A leading zero, after which no digit of the integer part may follow.
    Zero,
    /// The point.
    Point,
    /// So many digits of the fraction (no more than matter).
    Frac(u32),
}

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
    nodes: Vec<(Kind, Box<[Range]>)>,
    ids: FxHashMap<(Kind, Box<[Range]>), u32>,
}

impl Comparator {
    /// Ascending numbers with the verdicts around them. `leading_zeros`: whether zeros may lead (in exponents).
    pub(super) fn new(cuts: Vec<Cut>, gaps: Vec<u32>, leading_zeros: bool) -> Self {
        debug_assert_eq!(cuts.len() + 1, gaps.len());
        let longest = cuts.last().map_or(0, |cut| cut.int.len());
        let lengths = (1..=longest + 1)
            .map(|length| cuts.partition_point(|cut| cut.int.len() < length) as u32)
            .collect();
        let nodes = [Kind::Zeros, Kind::Start, Kind::Zeros].map(|kind| (kind, Box::default()));
        let ids = FxHashMap::default();
        Self { cuts, gaps, lengths, leading_zeros, nodes: nodes.into(), ids }
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

    fn node(&mut self, kind: Kind, ranges: Vec<Range>) -> u32 {
        let top = self.top();
        if ranges.iter().all(|range| *range == (NONE, NONE))
            && (top == NONE || !matches!(kind, Kind::Int(_)))
        {
            return NONE;
        }
        let key = (kind, ranges.into_boxed_slice());
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = self.nodes.len() as u32;
        self.nodes.push(key.clone());
        self.ids.insert(key, id);
        id
    }

    /// The node after the integer part's digit number `read`, from the ranges before it.
    fn int(&mut self, mut ranges: Vec<Range>, read: u32) -> u32 {
        let top = self.top();
        while ranges.last() == Some(&(top, top)) {
            ranges.pop();
        }
        let open = ranges.iter().any(|(low, high)| low < high);
        self.node(Kind::Int(if open { read } else { 0 }), ranges)
    }

    /// The node after a digit.
    pub(super) fn digit(&mut self, node: u32, digit: u8) -> u32 {
        if node == NONE {
            return NONE;
        }
        let (kind, ranges) = &self.nodes[node as usize];
        match *kind {
            Kind::Start | Kind::Zeros => {
                if digit == 0 && self.leading_zeros {
                    return ZEROS;
                }
                let first = |length: &[u32]| {
                    let range = self.range(length[0], length[1]);
                    self.narrow(range, digit, |cut| cut.int[0])
                };
                let mut ranges: Vec<Range> = self.lengths.windows(2).map(first).collect();
                if digit > 0 {
                    return self.int(ranges, 1);
                }
                ranges.truncate(1);
                if ranges.is_empty() {
                    ranges.push((self.top(), self.top()));
                }
                self.node(Kind::Zero, ranges)
            }
            Kind::Int(read) => {
                let next = |range: &Range| self.narrow(*range, digit, |cut| cut.int[read as usize]);
                let ranges = ranges.get(1..).unwrap_or_default().iter().map(next).collect();
                self.int(ranges, read + 1)
            }
            Kind::Zero => NONE,
            Kind::Point => self.frac(ranges[0], 0, digit),
            Kind::Frac(read) => self.frac(ranges[0], read, digit),
        }
    }

    /// The node after a digit of the fraction.
    fn frac(&mut self, mut range: Range, read: u32, digit: u8) -> u32 {
        let place = read as usize;
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
        self.node(Kind::Frac((read + 1).min(longest as u32)), vec![range])
    }

    /// The node after the point.
    pub(super) fn point(&mut self, node: u32) -> u32 {
        if node == NONE {
            return NONE;
        }
        let (kind, ranges) = &self.nodes[node as usize];
        match kind {
            Kind::Int(_) | Kind::Zero => {
                let range = ranges.first().copied().unwrap_or((self.top(), self.top()));
                self.node(Kind::Point, vec![range])
            }
            _ => NONE,
        }
    }

    /// The verdict on a number that ends at a node; [`NONE`] where none can end.
    pub(super) fn verdict(&self, node: u32) -> u32 {
        if node == NONE {
            return NONE;
        }
        let (kind, ranges) = &self.nodes[node as usize];
        let read = match kind {
            Kind::Start | Kind::Point => return NONE,
            Kind::Zeros => {
                return match self.cuts.first() {
                    Some(cut) if *cut.int == [0] && cut.frac.is_empty() => cut.verdict,
                    _ => self.gaps[0],
                };
            }
            Kind::Int(_) | Kind::Zero => 0,
            Kind::Frac(read) => *read as usize,
        };
        let (low, high) = ranges.first().copied().unwrap_or((self.top(), self.top()));
        if low == high {
            return low;
        }
        // What is not written is zeros, so the number is the least of the range or below it.
        let cut = &self.cuts[low as usize];
        if cut.frac.len() <= read { cut.verdict } else { self.gaps[low as usize] }
    }
}
