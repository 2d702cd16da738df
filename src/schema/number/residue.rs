//! What the digits read so far leave on division: whether a spelled number is a multiple, digit by digit.
//!
//! A divisor is `c * 10^-s` with a whole `c` that ten does not divide. For `s > 0` a number is a multiple if its digits
//! up to the `s`-th after the point, read as one whole number, are a multiple of `c`, and the rest is zeros. For `s <= 0`
//! the fraction is zeros and the integer part a multiple of `c` followed by `-s` zeros. Horner's rule does the division.

use super::{Decimal, NumberError};

/// The remainders of several divisors, as one number.
#[derive(Debug, Default)]
pub(super) struct Residues {
    machines: Vec<Machine>,
}

#[derive(Debug)]
struct Machine {
    modulus: u64,
    /// Digits after the point that count.
    places: u64,
    /// Zeros that the integer part ends with.
    zeros: u64,
    /// `10^i`, reduced.
    powers: Vec<u64>,
    /// States; the last one is that of a number which is no multiple whatever follows.
    size: u64,
    /// States of the machines before, multiplied.
    weight: u64,
}

impl Residues {
    /// The divisors, each greater than zero; none may have more remainders than `limit`.
    pub(super) fn new<'a>(
        divisors: impl IntoIterator<Item = &'a Decimal>,
        limit: usize,
    ) -> Result<Self, NumberError> {
        let too_many = || NumberError::Limit("dfa_states", limit as u64);
        let mut machines = Vec::new();
        let mut weight = 1u64;
        for divisor in divisors {
            let modulus = divisor
                .digits()
                .iter()
                .try_fold(0u64, |n, d| n.checked_mul(10)?.checked_add(u64::from(*d)))
                // Products of two remainders fit, whatever the limit is.
                .filter(|modulus| *modulus <= (limit as u64).min(u32::MAX.into()))
                .ok_or_else(too_many)?;
            let lowest = i64::from(divisor.lowest());
            let (places, zeros) = (lowest.min(0).unsigned_abs(), lowest.max(0).unsigned_abs());
            let powers = std::iter::successors(Some(1 % modulus), |p| Some(p * 10 % modulus))
                .take(places.max(zeros) as usize + 2)
                .collect();
            let size = modulus * (places.max(zeros) + 1) + 1;
            machines.push(Machine { modulus, places, zeros, powers, size, weight });
            weight = weight.checked_mul(size).ok_or_else(too_many)?;
        }
        Ok(Self { machines })
    }

    /// Before the first digit.
    pub(super) fn start(&self) -> u64 {
        self.machines.iter().map(|m| m.start() * m.weight).sum()
    }

    /// After one more digit, of the integer part or of the fraction.
    pub(super) fn digit(&self, state: u64, digit: u8, fraction: bool) -> u64 {
        self.machines
            .iter()
            .map(|m| m.digit(state / m.weight % m.size, u64::from(digit), fraction) * m.weight)
            .sum()
    }

    /// Whether the number is a multiple of a divisor, if it ends here.
    pub(super) fn divides(&self, state: u64, divisor: usize) -> bool {
        let m = &self.machines[divisor];
        m.accepts(state / m.weight % m.size)
    }
}

impl Machine {
    /// Zero is a multiple, with as many zeros at the end as wanted.
    fn start(&self) -> u64 {
        self.zeros
    }

    /// A state is `remainder * (counts + 1) + count`: of digits of the fraction, or of zeros at the end.
    fn digit(&self, state: u64, digit: u64, fraction: bool) -> u64 {
        let failed = self.size - 1;
        let counts = self.places.max(self.zeros) + 1;
        let (rest, count) = (state / counts, state % counts);
        let join = |rest: u64, count: u64| rest * counts + count;
        if state == failed {
            failed
        } else if fraction {
            match (count < self.places, digit) {
                (true, _) => join((rest * 10 + digit) % self.modulus, count + 1),
                (false, 0) => self.settled(state),
                (false, _) => failed,
            }
        } else if self.zeros == 0 {
            join((rest * 10 + digit) % self.modulus, count)
        } else if digit != 0 {
            // The zeros counted turn out to be inside.
            join((rest * self.powers[count as usize + 1] + digit) % self.modulus, 0)
        } else if count < self.zeros {
            join(rest, count + 1)
        } else {
            join(rest * 10 % self.modulus, count)
        }
    }

    /// After the last digit that counts, what was left of a number that is no multiple no longer matters.
    fn settled(&self, state: u64) -> u64 {
        if self.accepts(state) { self.places.max(self.zeros) } else { self.size - 1 }
    }

    fn accepts(&self, state: u64) -> bool {
        let counts = self.places.max(self.zeros) + 1;
        let (rest, count) = (state / counts, state % counts);
        if state == self.size - 1 {
            false
        } else if self.zeros > 0 {
            rest == 0 && count == self.zeros
        } else {
            // Digits that are not written are zeros.
            (rest * self.powers[(self.places - count) as usize]).is_multiple_of(self.modulus)
        }
    }
}
