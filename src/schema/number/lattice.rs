//! Boolean combinations of sets of multiples, without bounds: "whole, but no multiple of three".
//!
//! The sets of multiples of different numbers, and the set of all numbers, are linearly independent as functions to the
//! whole numbers: a set of multiples is no finite union of smaller ones, so the largest in a sum that vanishes has the
//! coefficient zero. And two sets of multiples have in common the multiples of the least common multiple. So the
//! membership of every Boolean combination is one sum, in one way only: equality is equality of coefficients.

use std::borrow::Cow;

use num_bigint::BigInt;

use super::{Decimal, NumberError};

/// Terms of a sum, at most: n divisors that share no structure make 2^n terms.
const TERMS: usize = 64;

/// A set of decimal numbers that is a Boolean combination of sets of multiples.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Periodic {
    /// Whether it holds the numbers that are multiples of no divisor.
    dense: bool,
    /// Divisor, ascending -> coefficient, which is not zero.
    terms: Vec<(Decimal, i64)>,
}

impl Periodic {
    /// No number.
    pub(super) const NONE: Self = Self { dense: false, terms: Vec::new() };
    /// Every number.
    pub(super) const ALL: Self = Self { dense: true, terms: Vec::new() };

    /// The multiples of a number greater than zero.
    pub(super) fn multiples(divisor: Decimal) -> Self {
        Self { dense: false, terms: vec![(divisor, 1)] }
    }

    /// Whether it holds nothing.
    pub(super) fn is_none(&self) -> bool {
        !self.dense && self.terms.is_empty()
    }

    /// Whether it holds everything.
    pub(super) fn is_all(&self) -> bool {
        self.dense && self.terms.is_empty()
    }

    /// Whether it holds nothing or everything.
    pub(super) fn is_plain(&self) -> bool {
        self.terms.is_empty()
    }

    /// The multiples that it holds, or those that it lacks.
    pub(super) fn sparse(&self) -> Cow<'_, Self> {
        if self.dense { Cow::Owned(self.complement()) } else { Cow::Borrowed(self) }
    }

    /// Whether it holds all numbers but multiples.
    pub(super) fn is_dense(&self) -> bool {
        self.dense
    }

    /// The divisors, ascending.
    pub(super) fn divisors(&self) -> impl Iterator<Item = &Decimal> {
        self.terms.iter().map(|(divisor, _)| divisor)
    }

    /// The divisor, if this is the set of its multiples.
    pub(super) fn divisor(&self) -> Option<&Decimal> {
        match self.terms.as_slice() {
            [(divisor, 1)] if !self.dense => Some(divisor),
            _ => None,
        }
    }

    /// Membership of a number of which it is known what divides it, by the divisors in order.
    pub(super) fn holds(&self, mut divides: impl FnMut(&Decimal) -> bool) -> bool {
        let mut sum = i64::from(self.dense);
        for (divisor, coefficient) in &self.terms {
            if divides(divisor) {
                sum += coefficient;
            }
        }
        sum != 0
    }

    /// Membership.
    pub(super) fn contains(&self, value: &Decimal) -> bool {
        self.holds(|divisor| value.is_multiple_of(divisor))
    }

    /// Everything else.
    pub(super) fn complement(&self) -> Self {
        Self {
            dense: !self.dense,
            terms: self.terms.iter().map(|(divisor, c)| (divisor.clone(), -c)).collect(),
        }
    }

    /// What is in both.
    pub(super) fn intersect(&self, other: &Self) -> Result<Self, NumberError> {
        if self.is_none() || other.is_all() || self == other {
            return Ok(self.clone());
        }
        if other.is_none() || self.is_all() {
            return Ok(other.clone());
        }
        let too_many = NumberError::Divisors(TERMS);
        let mut terms: Vec<(Decimal, i64)> = Vec::new();
        if other.dense {
            terms.extend(self.terms.iter().cloned());
        }
        if self.dense {
            terms.extend(other.terms.iter().cloned());
        }
        for (a, m) in &self.terms {
            for (b, n) in &other.terms {
                let divisor =
                    a.common_multiple(b).ok_or(NumberError::Digits(super::decimal::DIGITS))?;
                terms.push((divisor, m.checked_mul(*n).ok_or(too_many.clone())?));
            }
        }
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut sum: Vec<(Decimal, i64)> = Vec::new();
        for (divisor, coefficient) in terms {
            match sum.last_mut() {
                Some((last, total)) if *last == divisor => {
                    *total = total.checked_add(coefficient).ok_or(too_many.clone())?;
                }
                _ => sum.push((divisor, coefficient)),
            }
        }
        sum.retain(|(_, coefficient)| *coefficient != 0);
        // Membership adds at most TERMS coefficients.
        let small = |c: i64| c.unsigned_abs() < 1 << 48;
        if sum.len() > TERMS || !sum.iter().all(|(_, c)| small(*c)) {
            return Err(too_many);
        }
        Ok(Self { dense: self.dense && other.dense, terms: sum })
    }

    /// What is in one of them, or in both.
    pub(super) fn union(&self, other: &Self) -> Result<Self, NumberError> {
        Ok(self.complement().intersect(&other.complement())?.complement())
    }

    /// How many members lie strictly between two numbers; `None` if without end.
    pub(super) fn count_between(&self, low: &Decimal, high: &Decimal) -> Option<BigInt> {
        if self.dense {
            return None;
        }
        Some(self.terms.iter().map(|(q, c)| (high.ceiling(q) - low.floor(q) - 1) * c).sum())
    }

    /// Whether no member lies strictly between two numbers.
    pub(super) fn is_none_between(&self, low: &Decimal, high: &Decimal) -> bool {
        self.is_none() || self.count_between(low, high) == Some(BigInt::ZERO)
    }

    /// Whether two sets are equal strictly between two numbers.
    pub(super) fn agrees_between(
        &self,
        other: &Self,
        low: &Decimal,
        high: &Decimal,
    ) -> Result<bool, NumberError> {
        if self.dense != other.dense {
            return Ok(false);
        }
        if self == other {
            return Ok(true);
        }
        let only = |a: &Self, b: &Self| a.intersect(&b.complement());
        Ok(only(self, other)?.is_none_between(low, high)
            && only(other, self)?.is_none_between(low, high))
    }

    /// The members strictly between two numbers, ascending, if there are few multiples there.
    pub(super) fn members_between(
        &self,
        low: &Decimal,
        high: &Decimal,
        few: i64,
    ) -> Option<Vec<Decimal>> {
        if self.dense {
            return None;
        }
        let mut members = Vec::new();
        for divisor in self.divisors() {
            let (first, end) = (low.floor(divisor) + 1, high.ceiling(divisor));
            let mut factor = first;
            if &end - &factor > BigInt::from(few) {
                return None;
            }
            while factor < end {
                members.push(divisor.times(&factor)?);
                factor += 1;
            }
        }
        members.sort_unstable();
        members.dedup();
        members.retain(|member| self.contains(member));
        Some(members)
    }

    /// The least member above a number, if it is among the first few multiples.
    pub(super) fn first_above(&self, low: &Decimal) -> Option<Decimal> {
        /// Multiples tried.
        const TRIES: usize = 64;
        let mut low = low.clone();
        for _ in 0..TRIES {
            let mut next: Option<Decimal> = None;
            for divisor in self.divisors() {
                let multiple = divisor.times(&(low.floor(divisor) + 1))?;
                if next.as_ref().is_none_or(|least| multiple < *least) {
                    next = Some(multiple);
                }
            }
            low = next?;
            if self.contains(&low) {
                return Some(low);
            }
        }
        None
    }

    /// The greatest member below a number, if it is among the first few multiples.
    pub(super) fn last_below(&self, high: &Decimal) -> Option<Decimal> {
        // Multiples lie alike on both sides of zero.
        self.first_above(&high.negated()).map(|member| member.negated())
    }
}
