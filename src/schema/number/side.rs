//! One side of zero of a set of numbers, as its spellings see it: where digits lie, and which exponents may follow a
//! mantissa.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{
    Decimal, NumberError, NumberSet,
    comparator::{Comparator, Cut, NONE},
    lattice::Periodic,
};

/// The verdict "every number here".
pub(super) const ALL: u32 = 1;
/// Verdicts from here on are rules of multiples, in the order of [`Rules`].
pub(super) const RULES: u32 = 2;

/// The numbers of one sign, without their sign.
#[derive(Debug)]
pub(super) struct Side {
    /// Where the number spelled so far lies: nowhere, [`ALL`], or a rule of multiples.
    pub(super) plain: Comparator,
    /// Where it lies as a mantissa: nowhere, or one more than the number of a set of exponents.
    pub(super) mantissa: Comparator,
    /// Whether a mantissa with an exponent must be a member itself.
    pub(super) own: bool,
}

/// The rules of multiples in a set's gaps, each once.
#[derive(Debug, Default)]
pub(super) struct Rules(pub(super) Vec<Periodic>);

impl Rules {
    /// The verdict of a gap.
    fn verdict(&mut self, gap: &Periodic) -> u32 {
        if gap.is_none() {
            return NONE;
        }
        if gap.is_all() {
            return ALL;
        }
        let at = self.0.iter().position(|rule| rule == gap).unwrap_or_else(|| {
            self.0.push(gap.clone());
            self.0.len() - 1
        });
        RULES + at as u32
    }
}

/// The sets of exponents after mantissas, each once.
#[derive(Debug, Default)]
pub(super) struct Mantissas {
    sets: Vec<Exponents>,
    ids: FxHashMap<Exponents, u32>,
}

/// A set of whole exponents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Exponents {
    /// Ascending, apart from one another, ends included; the first may begin at [`i32::MIN`], which means without end.
    ranges: Vec<(i32, i32)>,
    /// Whether a minus is never written, not even before zero.
    unsigned: bool,
}

impl Mantissas {
    /// The verdict of a mantissa after which these exponents may follow.
    fn verdict(&mut self, ranges: Vec<(i32, i32)>, unsigned: bool) -> u32 {
        if ranges.is_empty() {
            return NONE;
        }
        let exponents = Exponents { ranges, unsigned };
        let next = self.sets.len() as u32 + 1;
        *self.ids.entry(exponents).or_insert_with_key(|exponents| {
            self.sets.push(exponents.clone());
            next
        })
    }

    /// The comparators of each set: of the exponents from zero on, and of the magnitudes of those up to zero.
    pub(super) fn comparators(&self) -> Vec<[Comparator; 2]> {
        self.sets.iter().map(Exponents::comparators).collect()
    }
}

impl Exponents {
    fn comparators(&self) -> [Comparator; 2] {
        let above = self.ranges.iter().filter(|(_, high)| *high >= 0);
        let above =
            above.map(|(low, high)| ((*low).max(0).unsigned_abs(), Some(high.unsigned_abs())));
        let below = self.ranges.iter().rev().filter(|(low, _)| *low <= 0 && !self.unsigned);
        let below = below.map(|(low, high)| {
            let far = (*low != i32::MIN).then(|| low.unsigned_abs());
            ((*high).min(0).unsigned_abs(), far)
        });
        [naturals(above), naturals(below)]
    }
}

/// Compares whole numbers, which zeros may lead, with ascending ranges, ends included; the last may have no end.
fn naturals(ranges: impl Iterator<Item = (u32, Option<u32>)>) -> Comparator {
    let mut cuts = Vec::new();
    let mut gaps = vec![NONE];
    for (low, high) in ranges {
        cuts.push(Cut::whole(low, ALL));
        match high {
            None => gaps.push(ALL),
            Some(high) if high == low => gaps.push(NONE),
            Some(high) => {
                cuts.push(Cut::whole(high, ALL));
                gaps.extend([ALL, NONE]);
            }
        }
    }
    Comparator::new(cuts, gaps, true)
}

/// The members of one sign: what is at and between the cuts above zero.
struct Half<'a> {
    cuts: Vec<(Decimal, bool)>,
    /// The first one begins at zero.
    gaps: Vec<&'a Periodic>,
}

impl<'a> Half<'a> {
    fn new(set: &'a NumberSet, below: bool) -> Self {
        let (cuts, gaps) = set.parts();
        if below {
            let end = cuts.partition_point(|(cut, _)| cut.is_negative());
            Self {
                cuts: cuts[..end].iter().rev().map(|(cut, m)| (cut.negated(), *m)).collect(),
                gaps: gaps[..=end].iter().rev().collect(),
            }
        } else {
            let start = cuts.partition_point(|(cut, _)| cut.is_negative() || cut.is_zero());
            Self { cuts: cuts[start..].to_vec(), gaps: gaps[start..].iter().collect() }
        }
    }

    /// Whether members stay members when multiplied by powers of ten.
    fn scaling(&self) -> Scaling {
        match (self.cuts.as_slice(), self.gaps.as_slice()) {
            ([], [gap]) if gap.is_all() => Scaling::Any,
            ([], [gap]) if gap.divisor().is_some() => Scaling::Up,
            // Bounds of multiples are kept as their first one, that of the positive ones, too.
            ([(first, true)], [below, gap]) if below.is_none() => match gap.divisor() {
                Some(divisor) if first.is_multiple_of(divisor) => Scaling::Up,
                _ => Scaling::Bounded,
            },
            _ => Scaling::Bounded,
        }
    }
}

/// By which powers of ten the numbers of a side can be multiplied without leaving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scaling {
    /// That depends on the number.
    Bounded,
    /// By those from `10^0` on.
    Up,
    /// By all.
    Any,
}

/// Both sides of a set, and what their verdicts refer to.
pub(super) fn sides(set: &NumberSet) -> Result<([Side; 2], Rules, Mantissas), NumberError> {
    let (mut rules, mut mantissas) = (Rules::default(), Mantissas::default());
    let zero = set.contains(&Decimal::zero());
    // What a rule of multiples is on one side, the other side has no part in.
    let parts = if set.parts().1.iter().all(Periodic::is_plain) {
        [set.clone(), set.clone()]
    } else {
        [
            set.intersect(&NumberSet::at_least(Decimal::zero(), false))?,
            set.intersect(&NumberSet::at_most(Decimal::zero(), false))?,
        ]
    };
    let halves = [Half::new(&parts[0], false), Half::new(&parts[1], true)];
    // Zero belongs to the larger side of its two; in an interval that ends elsewhere its exponents are as free.
    let zero_scaling = halves
        .iter()
        .map(|half| if half.gaps[0].is_all() { Scaling::Any } else { half.scaling() })
        .max()
        .filter(|_| zero);
    let zero_exponents = match zero_scaling {
        Some(Scaling::Any) => mantissas.verdict(vec![(i32::MIN, 308)], false),
        Some(Scaling::Up) => mantissas.verdict(vec![(0, 308)], true),
        _ => NONE,
    };
    // Only scientific notation under bounds needs the set without what no double holds.
    let within = |part: &NumberSet, half: &Half<'_>| match half.scaling() {
        Scaling::Bounded => part.intersect(writable()),
        _ => Ok(NumberSet::none()),
    };
    let bounded = [within(&parts[0], &halves[0])?, within(&parts[1], &halves[1])?];
    let bounded = [Half::new(&bounded[0], false), Half::new(&bounded[1], true)];
    let mut side = |half: &Half<'_>, bounded: &Half<'_>| {
        let mut cuts = vec![Cut::new(&[], 0, if zero { ALL } else { NONE })];
        cuts.extend(half.cuts.iter().map(|(cut, member)| {
            Cut::new(cut.digits(), cut.point(), if *member { ALL } else { NONE })
        }));
        let gaps = half.gaps.iter().map(|gap| rules.verdict(gap));
        let gaps: Vec<u32> = std::iter::once(NONE).chain(gaps).collect();
        let plain = Comparator::new(cuts, gaps, false);
        let (mantissa, own) = match half.scaling() {
            Scaling::Any => (unbounded(zero_exponents, i32::MIN, &mut mantissas), false),
            Scaling::Up => (unbounded(zero_exponents, 0, &mut mantissas), true),
            Scaling::Bounded => (scientific(zero_exponents, bounded, &mut mantissas), false),
        };
        Side { plain, mantissa, own }
    };
    let sides = [side(&halves[0], &bounded[0]), side(&halves[1], &bounded[1])];
    Ok((sides, rules, mantissas))
}

/// The greatest double; its digits are the only ones beyond `1.79` that the JSON grammar takes before `e308`.
const GREATEST: &[u8] = &[1, 7, 9, 7, 6, 9, 3, 1, 3, 4, 8, 6, 2, 3, 1, 5, 7];

/// The numbers that the JSON grammar takes in scientific notation.
fn writable() -> &'static NumberSet {
    static WRITABLE: LazyLock<NumberSet> = LazyLock::new(|| {
        let bound = |text| Decimal::parse(text).expect("invariant: a number within the bounds");
        let cuts = ["-1.7976931348623157e308", "-1.79e308", "1.79e308", "1.7976931348623157e308"];
        NumberSet::open_between(bound(cuts[1]), bound(cuts[2]), [bound(cuts[0]), bound(cuts[3])])
    });
    &WRITABLE
}

/// Any mantissa, as the JSON grammar has it, with exponents from `lowest` on.
fn unbounded(zero: u32, lowest: i32, mantissas: &mut Mantissas) -> Comparator {
    let unsigned = lowest == 0;
    let [long, usual, low] = [99, 307, 308].map(|e| mantissas.verdict(vec![(lowest, e)], unsigned));
    let mut greatest = Cut::new(GREATEST, 1, low);
    greatest.tight = true;
    let cuts = vec![
        Cut::new(&[], 0, zero),
        Cut::new(&[1, 7, 9], 1, usual),
        greatest,
        Cut::new(&[1], 2, long),
    ];
    Comparator::new(cuts, vec![NONE, low, usual, usual, long], false)
}

/// Mantissas with one digit before the point, not zero, with the exponents that make them members of intervals or lists.
fn scientific(zero: u32, half: &Half<'_>, mantissas: &mut Mantissas) -> Comparator {
    /// Single numbers from these exponents on are written with one.
    const WRITTEN: std::ops::Range<i32> = -4..16;
    let exponent = |cut: &Decimal| cut.point() - 1;
    let all = |gap: usize| half.gaps[gap].is_all();
    // Members that are cuts: at an interval, or far from one.
    let single = |i: &usize| {
        let (cut, member) = &half.cuts[*i];
        *member && (all(*i) || all(*i + 1) || !WRITTEN.contains(&exponent(cut)))
    };
    let singles: Vec<usize> = (0..half.cuts.len()).filter(single).collect();
    // Without an end above there is none: what no double holds was cut off.
    let intervals: Vec<usize> = (0..half.cuts.len()).filter(|i| all(*i)).collect();
    let ends = intervals.iter().flat_map(|i| i.checked_sub(1).into_iter().chain([*i]));
    let mut digits: Vec<&[u8]> =
        ends.chain(singles.iter().copied()).map(|i| half.cuts[i].0.digits()).collect();
    digits.sort_unstable();
    digits.dedup();
    // Positions of a mantissa among those of the cuts: 0 below the first, 1 at it, 2 between it and the second, ...
    let position = |cut: &Decimal| 2 * digits.partition_point(|known| *known < cut.digits()) + 1;
    let spots: Vec<(i32, usize)> =
        half.cuts.iter().map(|(cut, _)| (exponent(cut), position(cut))).collect();
    let mut lone: FxHashMap<usize, Vec<i32>> = FxHashMap::default();
    for (exponent, spot) in singles.iter().map(|i| spots[*i]) {
        lone.entry(spot).or_default().push(exponent);
    }
    let mut verdict = |at: usize| {
        let mut ranges: Vec<(i32, i32)> = Vec::new();
        for &i in &intervals {
            let low = match i.checked_sub(1).map(|below| spots[below]) {
                None => i32::MIN,
                Some((exponent, spot)) => exponent + i32::from(at <= spot),
            };
            let (exponent, spot) = spots[i];
            ranges.push((low, exponent - i32::from(at >= spot)));
        }
        ranges.extend(lone.get(&at).into_iter().flatten().map(|e| (*e, *e)));
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        let mut apart: Vec<(i32, i32)> = Vec::new();
        for (low, high) in ranges {
            match apart.last_mut() {
                Some((_, last)) if low <= last.saturating_add(1) => *last = high.max(*last),
                _ => apart.push((low, high)),
            }
        }
        mantissas.verdict(apart, false)
    };
    let mut cuts = vec![Cut::new(&[], 0, zero)];
    let mut gaps = vec![NONE, NONE];
    if digits.first().is_none_or(|first| *first != [1]) {
        let below = verdict(0);
        cuts.push(Cut::new(&[1], 1, below));
        gaps.push(below);
    }
    for (i, mantissa) in digits.iter().enumerate() {
        let mut cut = Cut::new(mantissa, 1, verdict(2 * i + 1));
        // As without bounds, where no bound of the set's own has these digits.
        cut.tight = *mantissa == GREATEST
            && half.cuts.iter().all(|(cut, _)| cut.digits() != GREATEST || exponent(cut) == 308);
        cuts.push(cut);
        gaps.push(verdict(2 * i + 2));
    }
    cuts.push(Cut::new(&[1], 2, NONE));
    gaps.push(NONE);
    Comparator::new(cuts, gaps, false)
}
