//! Sets of numbers: what `minimum`, `maximum`, `multipleOf`, `enum` and their Boolean combinations leave of the numbers.
//!
//! A set is cut at finitely many numbers: of each it is said whether it is in, and of each gap between them which
//! combination of multiples it is in the gap. That form is closed under Boolean operations, and what is kept is brought
//! into one shape (see [`NumberSet::canonical`]).

use num_bigint::BigInt;

use super::{Decimal, NumberError, lattice::Periodic};

/// A bounded gap in which so few numbers are in, or missing, is kept as single cuts.
const FEW: i64 = 32;

/// A set of decimal numbers. Equal values are equal sets; equal sets made in unlike ways may differ as values where
/// several divisors meet in bounded pieces, or a long list of numbers is also an interval of multiples
/// ([`NumberSet::is_subset`] both ways decides).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NumberSet {
    /// The cuts, ascending, and whether each is a member.
    cuts: Vec<(Decimal, bool)>,
    /// What is in the set between the cuts, below the first and above the last: one more than cuts.
    gaps: Vec<Periodic>,
}

impl NumberSet {
    /// Every number.
    pub(crate) fn all() -> Self {
        Self { cuts: Vec::new(), gaps: vec![Periodic::ALL] }
    }

    /// No number.
    pub(crate) fn none() -> Self {
        Self { cuts: Vec::new(), gaps: vec![Periodic::NONE] }
    }

    /// The numbers without a fraction (`1.0` is one).
    pub(crate) fn integers() -> Self {
        Self { cuts: Vec::new(), gaps: vec![Periodic::multiples(1.into())] }
    }

    /// The multiples of a number greater than zero.
    pub(crate) fn multiple_of(divisor: Decimal) -> Result<Self, NumberError> {
        if divisor.is_zero() || divisor.is_negative() {
            return Err(NumberError::Divisor(divisor.to_string()));
        }
        Ok(Self { cuts: Vec::new(), gaps: vec![Periodic::multiples(divisor)] })
    }

    /// The numbers above a bound, and perhaps the bound.
    pub(crate) fn at_least(bound: Decimal, inclusive: bool) -> Self {
        Self { cuts: vec![(bound, inclusive)], gaps: vec![Periodic::NONE, Periodic::ALL] }
    }

    /// The numbers below a bound, and perhaps the bound.
    pub(crate) fn at_most(bound: Decimal, inclusive: bool) -> Self {
        Self { cuts: vec![(bound, inclusive)], gaps: vec![Periodic::ALL, Periodic::NONE] }
    }

    /// Some numbers, in any order. O(n log n).
    pub(crate) fn from_values(values: impl IntoIterator<Item = Decimal>) -> Self {
        let mut values: Vec<Decimal> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        let gaps = vec![Periodic::NONE; values.len() + 1];
        Self { cuts: values.into_iter().map(|value| (value, true)).collect(), gaps }
    }

    /// The numbers strictly between two, and one more beyond each end.
    pub(super) fn open_between(low: Decimal, high: Decimal, [below, above]: [Decimal; 2]) -> Self {
        let cuts = vec![(below, true), (low, false), (high, false), (above, true)];
        debug_assert!(cuts.is_sorted());
        let mut gaps = vec![Periodic::NONE; 5];
        gaps[2] = Periodic::ALL;
        Self { cuts, gaps }
    }

    /// What is in one of the sets, or in both. Linear in the cuts of both.
    pub(crate) fn union(&self, other: &Self) -> Result<Self, NumberError> {
        self.combine(other, |a, b| a || b, Periodic::union)
    }

    /// What is in both sets. Linear in the cuts of both.
    pub(crate) fn intersect(&self, other: &Self) -> Result<Self, NumberError> {
        self.combine(other, |a, b| a && b, Periodic::intersect)
    }

    /// Every other number.
    pub(crate) fn complement(&self) -> Result<Self, NumberError> {
        Self {
            cuts: self.cuts.iter().map(|(cut, member)| (cut.clone(), !member)).collect(),
            gaps: self.gaps.iter().map(Periodic::complement).collect(),
        }
        .canonical()
    }

    /// Whether no number is in the set. Exact: gaps without members are kept as such.
    pub(crate) fn is_empty(&self) -> bool {
        self.cuts.iter().all(|(_, member)| !member) && self.gaps.iter().all(Periodic::is_none)
    }

    /// Whether every number is in the set. Exact.
    pub(crate) fn is_all(&self) -> bool {
        self.cuts.iter().all(|(_, member)| *member) && self.gaps.iter().all(Periodic::is_all)
    }

    /// Membership. O(log cuts).
    pub(crate) fn contains(&self, value: &Decimal) -> bool {
        match self.cuts.binary_search_by(|(cut, _)| cut.cmp(value)) {
            Ok(at) => self.cuts[at].1,
            Err(gap) => self.gaps[gap].contains(value),
        }
    }

    /// Whether no number is in both sets. Exact.
    pub(crate) fn is_disjoint(&self, other: &Self) -> Result<bool, NumberError> {
        Ok(self.intersect(other)?.is_empty())
    }

    /// Whether every number of this set is in the other one. Exact.
    #[cfg(test)]
    pub(crate) fn is_subset(&self, other: &Self) -> Result<bool, NumberError> {
        self.is_disjoint(&other.complement()?)
    }

    /// The members, ascending, if the set is given by single numbers: lists, and bounded sets of few members.
    #[cfg(test)]
    pub(crate) fn finite(&self) -> Option<Vec<&Decimal>> {
        let listed = self.gaps.iter().all(Periodic::is_none);
        listed.then(|| self.cuts.iter().filter(|(_, m)| *m).map(|(cut, _)| cut).collect())
    }

    /// How many members the set has; `None` if without end.
    pub(crate) fn count(&self) -> Option<BigInt> {
        let (first, last) = match self.gaps.as_slice() {
            [first, .., last] => (first, last),
            only => (&only[0], &only[0]),
        };
        if !first.is_none() || !last.is_none() {
            return None;
        }
        let mut count = BigInt::from(self.cuts.iter().filter(|(_, member)| *member).count());
        for (pair, gap) in self.cuts.windows(2).zip(&self.gaps[1..]) {
            count += gap.count_between(&pair[0].0, &pair[1].0)?;
        }
        Some(count)
    }

    /// Digits and zeros that the bounds and listed numbers are written with. Linear in the cuts.
    pub(crate) fn digits(&self) -> usize {
        let length = |cut: &Decimal| cut.digits().len() + cut.point().unsigned_abs() as usize;
        self.cuts.iter().map(|(cut, _)| length(cut)).sum()
    }

    /// Whether multiples of anything but one are in it: its automaton may then be large.
    pub(crate) fn has_divisors(&self) -> bool {
        let one = Decimal::from(1);
        self.gaps.iter().flat_map(Periodic::divisors).any(|divisor| *divisor != one)
    }

    /// The cuts and the gaps around them.
    pub(super) fn parts(&self) -> (&[(Decimal, bool)], &[Periodic]) {
        (&self.cuts, &self.gaps)
    }

    /// One Boolean operation: on single numbers and on gaps.
    fn combine(
        &self,
        other: &Self,
        single: impl Fn(bool, bool) -> bool,
        gap: impl Fn(&Periodic, &Periodic) -> Result<Periodic, NumberError>,
    ) -> Result<Self, NumberError> {
        let (mut i, mut j) = (0, 0);
        let mut cuts = Vec::with_capacity(self.cuts.len() + other.cuts.len());
        let mut gaps = Vec::with_capacity(self.cuts.len() + other.cuts.len() + 1);
        loop {
            gaps.push(gap(&self.gaps[i], &other.gaps[j])?);
            let (at, here, there) = match (self.cuts.get(i), other.cuts.get(j)) {
                (None, None) => break,
                (Some((a, m)), Some((b, n))) if a == b => {
                    (i, j) = (i + 1, j + 1);
                    (a, *m, *n)
                }
                (Some((a, m)), b) if b.is_none_or(|(b, _)| a < b) => {
                    i += 1;
                    (a, *m, other.gaps[j].contains(a))
                }
                (_, Some((b, n))) => {
                    j += 1;
                    (b, self.gaps[i].contains(b), *n)
                }
                // The second arm takes every cut of this set with no cut of the other one at or below it.
                (Some(_), None) => break,
            };
            cuts.push((at.clone(), single(here, there)));
        }
        Self { cuts, gaps }.canonical()
    }

    /// The same set in the form that is kept: bounded gaps that hold nothing or everything say so; a cut that a
    /// neighbouring gap's rule explains is dropped; a rule of multiples with nothing beside it is cut at its last
    /// members; few numbers are listed. Linear in cuts.
    fn canonical(mut self) -> Result<Self, NumberError> {
        for (pair, gap) in self.cuts.windows(2).zip(&mut self.gaps[1..]) {
            let (low, high) = (&pair[0].0, &pair[1].0);
            if !gap.is_plain() && gap.sparse().is_none_between(low, high) {
                *gap = if gap.is_dense() { Periodic::ALL } else { Periodic::NONE };
            }
        }
        // Each round but the last makes a cut a member or a rule a list.
        loop {
            self = self.merged()?;
            if !(self.tighten() | self.list_few()) {
                return Ok(self);
            }
        }
    }

    /// Drops the cuts at which one rule goes on: that of either side, where the two agree as far as the neighbour goes.
    fn merged(self) -> Result<Self, NumberError> {
        let mut incoming =
            self.cuts.into_iter().zip(self.gaps.get(1..).unwrap_or_default()).peekable();
        let mut cuts: Vec<(Decimal, bool)> = Vec::new();
        let mut gaps = vec![self.gaps[0].clone()];
        while let Some(((cut, member), right)) = incoming.next() {
            let mut right = right.clone();
            let (mut cut, mut member) = (cut, member);
            loop {
                let left = gaps.last().expect("invariant: one gap more than cuts");
                let explains = |rule: &Periodic| rule.contains(&cut) == member;
                if *left == right {
                    if !explains(left) {
                        gaps.push(right);
                        cuts.push((cut, member));
                    }
                    break;
                }
                // The right rule holds on the left, too: then the cut before may go as well.
                if let Some((low, _)) = cuts.last()
                    && right.agrees_between(left, low, &cut)?
                    && explains(&right)
                {
                    gaps.pop();
                    (cut, member) = cuts.pop().expect("invariant: there is a last cut");
                    continue;
                }
                if let Some(((high, _), _)) = incoming.peek()
                    && left.agrees_between(&right, &cut, high)?
                    && explains(left)
                {
                    right = left.clone();
                    continue;
                }
                gaps.push(right);
                cuts.push((cut, member));
                break;
            }
        }
        Ok(Self { cuts, gaps })
    }

    /// Moves a cut that is no member, between nothing and a rule of multiples, to the rule's first member, and likewise
    /// for what is missing; says whether there was one.
    fn tighten(&mut self) -> bool {
        let mut changed = false;
        for i in 0..self.cuts.len() {
            let (cut, member) = &self.cuts[i];
            let member = *member;
            let (left, right) = (&self.gaps[i], &self.gaps[i + 1]);
            // Nothing, or everything, beside a rule of multiples, or of all but multiples; the cut is as its plain side.
            let plain = |gap: &Periodic| gap.is_plain() && gap.is_dense() == member;
            let ruled = |gap: &Periodic| !gap.is_plain() && gap.is_dense() == member;
            let moved = if plain(left) && ruled(right) {
                right.sparse().first_above(cut)
            } else if plain(right) && ruled(left) {
                left.sparse().last_below(cut)
            } else {
                None
            };
            // Neighbours move towards this cut only over their own gaps, so the order stays; a gap with one member
            // would be closed by both of its ends.
            let Some(moved) = moved else { continue };
            let before = i.checked_sub(1).map(|before| &self.cuts[before].0);
            let after = self.cuts.get(i + 1).map(|(after, _)| after);
            if before.is_none_or(|before| *before < moved)
                && after.is_none_or(|after| moved < *after)
            {
                self.cuts[i] = (moved, !member);
                changed = true;
            }
        }
        changed
    }

    /// Turns bounded gaps in which few numbers are in, or missing, into single cuts; says whether there was one.
    fn list_few(&mut self) -> bool {
        if self.gaps.iter().all(Periodic::is_plain) {
            return false;
        }
        let mut changed = false;
        let mut cuts = Vec::new();
        let mut gaps = Vec::new();
        let mut low: Option<Decimal> = None;
        for (i, gap) in self.gaps.iter().enumerate() {
            let high = self.cuts.get(i);
            let mut listed = None;
            if let (Some(low), Some((high, _))) = (&low, high)
                && !gap.is_plain()
            {
                listed = gap
                    .sparse()
                    .members_between(low, high, FEW)
                    .filter(|members| i64::try_from(members.len()).is_ok_and(|n| n <= FEW));
            }
            match listed {
                Some(members) => {
                    changed = true;
                    let dense = gap.is_dense();
                    let rest = if dense { Periodic::ALL } else { Periodic::NONE };
                    gaps.extend(vec![rest; members.len() + 1]);
                    cuts.extend(members.into_iter().map(|member| (member, !dense)));
                }
                None => gaps.push(gap.clone()),
            }
            if let Some(cut) = high {
                cuts.push(cut.clone());
                low = Some(cut.0.clone());
            }
        }
        (self.cuts, self.gaps) = (cuts, gaps);
        changed
    }
}
