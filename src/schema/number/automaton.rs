//! The automaton of the JSON spellings of a set of numbers.
//!
//! Which spellings of a member are taken:
//!
//! * without an exponent, every one: any number of zeros at the end of the fraction, `-0` for zero;
//! * with an exponent, where the automaton stays small (the shapes are RFC 8259's, never more than
//!   `grammars/json/main.lark` takes, so a positive exponent keeps the number within a double's range):
//!   - on a side of zero that is in the set as a whole: every one that the JSON grammar takes;
//!   - on a side of zero of which the multiples of one number are in the set, all from some multiple on: the spelling of
//!     a member and an exponent without a minus (`12e3`, `5.0E+7`);
//!   - else scientific notation, one digit from 1 to 9 before the point, for the numbers in an interval (its ends
//!     included where they are members), and for single numbers below `1e-4` or from `1e16` on, which is where writers
//!     of JSON begin to use it; zero as `0` or `0.0...` with an exponent where an interval with zero in or at it is.
//!
//! So left out, of numbers with exponents: bounded multiples (whole numbers from 1 to 100 are not written `1e1`), other
//! combinations of multiples, mantissas of several digits or below one under bounds.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::{
    Decimal, NumberError, NumberSet,
    comparator::{Comparator, NONE, START},
    lattice::Periodic,
    minimal::{COLUMNS, Row, minimise},
    residue::Residues,
    side::{ALL, RULES, Rules, Side, sides},
};
use crate::Limits;

/// Bytes of other kinds lead nowhere; rows are as wide as a power of two.
const OTHER: u8 = 15;

/// Byte -> column.
const CLASSES: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut digit = 0;
    while digit < 10 {
        classes[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    classes[b'-' as usize] = MINUS as u8;
    classes[b'+' as usize] = PLUS as u8;
    classes[b'.' as usize] = POINT as u8;
    classes[b'e' as usize] = EXPONENT as u8;
    classes[b'E' as usize] = EXPONENT as u8;
    classes
};
const MINUS: usize = 10;
const PLUS: usize = 11;
const POINT: usize = 12;
const EXPONENT: usize = 13;

/// A minimal automaton over bytes. State 0 is the only one from which no member's spelling can be completed. Equal
/// languages are equal values. A clone is a shared reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NumberDfa {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Inner {
    /// `table[state * 16 + column]`.
    table: Vec<u32>,
    accept: Vec<bool>,
    /// Whether some byte leads on to a state that is not dead.
    extends: Vec<bool>,
    start: u32,
}

impl NumberDfa {
    /// The automaton of a set's spellings. Those of all numbers and of all whole numbers are made once; others cost their
    /// states before minimising (digits of the bounds, times the remainders of the divisors).
    pub(crate) fn new(set: &NumberSet, limits: &Limits) -> Result<Self, NumberError> {
        static EVERY: OnceLock<NumberDfa> = OnceLock::new();
        static INTEGERS: OnceLock<NumberDfa> = OnceLock::new();
        let shared = if set.is_all() {
            &EVERY
        } else if *set == NumberSet::integers() {
            &INTEGERS
        } else {
            return Self::build(set, limits);
        };
        if let Some(dfa) = shared.get() {
            return Ok(dfa.clone());
        }
        let dfa = Self::build(set, limits)?;
        Ok(shared.get_or_init(|| dfa).clone())
    }

    fn build(set: &NumberSet, limits: &Limits) -> Result<Self, NumberError> {
        let (rows, accept) = Builder::new(set, limits)?.explore(limits)?;
        let (rows, accept, start) = minimise(&rows, &accept);
        let mut table = vec![0; rows.len() * 16];
        for (row, wide) in rows.iter().zip(table.chunks_exact_mut(16)) {
            wide[..COLUMNS].copy_from_slice(row);
        }
        let extends = rows.iter().map(|row| row.iter().any(|target| *target != 0)).collect();
        Ok(Self { inner: Arc::new(Inner { table, accept, extends, start }) })
    }

    /// The first state; 0 if the set is empty.
    pub(crate) fn start(&self) -> u32 {
        self.inner.start
    }

    /// The state after a byte.
    #[inline]
    pub(crate) fn next(&self, state: u32, byte: u8) -> u32 {
        self.inner.table[state as usize * 16 + usize::from(CLASSES[usize::from(byte)])]
    }

    /// Whether a text that leads here spells a member.
    #[inline]
    pub(crate) fn accepts(&self, state: u32) -> bool {
        self.inner.accept[state as usize]
    }

    /// Whether a longer text can spell a member.
    #[inline]
    pub(crate) fn extends(&self, state: u32) -> bool {
        self.inner.extends[state as usize]
    }

    /// How many states there are, the dead one included.
    #[cfg(test)]
    pub(crate) fn states(&self) -> usize {
        self.inner.accept.len()
    }
}

/// A state before minimising.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Start,
    Minus,
    /// In the integer part or the fraction of a number of a side: where it lies, what it leaves on division, and where it
    /// lies as a mantissa.
    Number {
        side: u8,
        fraction: bool,
        plain: u32,
        mantissa: u32,
        residue: u64,
    },
    /// After `e`, with the exponents that may follow.
    Exponent {
        set: u32,
    },
    /// After the exponent's sign or in its digits.
    Digits {
        set: u32,
        below: bool,
        node: u32,
    },
}

/// What the states' numbers refer to.
struct Builder {
    /// Above and below zero.
    sides: [Side; 2],
    rules: Vec<Rule>,
    residues: Residues,
    /// Sets of exponents: see [`Mantissas::comparators`].
    exponents: Vec<[Comparator; 2]>,
}

/// A combination of multiples.
struct Rule {
    periodic: Periodic,
    /// Its divisors, in order, by number among those of [`Residues`].
    divisors: Vec<usize>,
}

impl Builder {
    fn new(set: &NumberSet, limits: &Limits) -> Result<Self, NumberError> {
        let (sides, Rules(rules), mantissas) = sides(set)?;
        let mut divisors: Vec<&Decimal> = rules.iter().flat_map(Periodic::divisors).collect();
        divisors.sort_unstable();
        divisors.dedup();
        let number = |divisor| {
            divisors.binary_search(&divisor).expect("invariant: collected from the same rules")
        };
        let numbers: Vec<Vec<usize>> =
            rules.iter().map(|rule| rule.divisors().map(number).collect()).collect();
        let residues = Residues::new(divisors, limits.dfa_states)?;
        let rules = rules
            .into_iter()
            .zip(numbers)
            .map(|(periodic, divisors)| Rule { periodic, divisors })
            .collect();
        Ok(Self { sides, rules, residues, exponents: mantissas.comparators() })
    }

    /// Whether a verdict of a side's digits, with what they leave on division, is "member".
    fn member(&self, verdict: u32, residue: u64) -> bool {
        match verdict {
            NONE => false,
            ALL => true,
            rule => {
                let rule = &self.rules[(rule - RULES) as usize];
                let mut divisors = rule.divisors.iter();
                rule.periodic.holds(|_| {
                    divisors.next().is_some_and(|divisor| self.residues.divides(residue, *divisor))
                })
            }
        }
    }

    fn accepts(&self, state: State) -> bool {
        match state {
            State::Number { side, plain, residue, .. } => {
                self.member(self.sides[usize::from(side)].plain.verdict(plain), residue)
            }
            State::Digits { set, below, node } => {
                self.exponents[set as usize][usize::from(below)].verdict(node) != NONE
            }
            State::Start | State::Minus | State::Exponent { .. } => false,
        }
    }

    /// The state after a kind of byte; `None` where nothing can follow.
    fn next(&mut self, state: State, column: usize) -> Option<State> {
        match state {
            State::Start if column == MINUS => Some(State::Minus),
            State::Start => self.number(0, false, [START; 2], self.residues.start(), column),
            State::Minus => self.number(1, false, [START; 2], self.residues.start(), column),
            State::Number { side, fraction, plain, mantissa, residue } => match column {
                0..=9 => self.number(side, fraction, [plain, mantissa], residue, column),
                POINT => {
                    let side_of = &mut self.sides[usize::from(side)];
                    let (plain, mantissa) =
                        (side_of.plain.point(plain), side_of.mantissa.point(mantissa));
                    ((plain, mantissa) != (NONE, NONE)).then_some(State::Number {
                        side,
                        fraction: true,
                        plain,
                        mantissa,
                        residue,
                    })
                }
                EXPONENT => {
                    let side_of = &self.sides[usize::from(side)];
                    let set = side_of.mantissa.verdict(mantissa);
                    let free = set != NONE && (!side_of.own || self.accepts(state));
                    free.then(|| State::Exponent { set: set - 1 })
                }
                _ => None,
            },
            State::Exponent { set } => match column {
                0..=9 => self.digits(set, false, START, column),
                PLUS => Some(State::Digits { set, below: false, node: START }),
                MINUS => Some(State::Digits { set, below: true, node: START }),
                _ => None,
            },
            State::Digits { set, below, node } => self.digits(set, below, node, column),
        }
    }

    /// After a digit of the integer part or the fraction.
    fn number(
        &mut self,
        side: u8,
        fraction: bool,
        [plain, mantissa]: [u32; 2],
        residue: u64,
        column: usize,
    ) -> Option<State> {
        let digit = u8::try_from(column).ok().filter(|digit| *digit <= 9)?;
        let side_of = &mut self.sides[usize::from(side)];
        let (plain, mantissa) =
            (side_of.plain.digit(plain, digit), side_of.mantissa.digit(mantissa, digit));
        if (plain, mantissa) == (NONE, NONE) {
            return None;
        }
        let residue = self.residues.digit(residue, digit, fraction);
        Some(State::Number { side, fraction, plain, mantissa, residue })
    }

    /// After a digit of the exponent.
    fn digits(&mut self, set: u32, below: bool, node: u32, column: usize) -> Option<State> {
        let digit = u8::try_from(column).ok().filter(|digit| *digit <= 9)?;
        let node = self.exponents[set as usize][usize::from(below)].digit(node, digit);
        (node != NONE).then_some(State::Digits { set, below, node })
    }

    /// All states, breadth first; 0 is dead and 1 the start.
    fn explore(mut self, limits: &Limits) -> Result<(Vec<Row>, Vec<bool>), NumberError> {
        let mut states = vec![State::Start];
        let mut ids = FxHashMap::from_iter([(State::Start, 1u32)]);
        let mut rows = vec![[0; COLUMNS]];
        let mut accept = vec![false];
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            at += 1;
            let mut row = [0; COLUMNS];
            // Most digits lead where the one before leads.
            let mut last = (State::Start, 1);
            for (column, target) in row.iter_mut().enumerate() {
                if let Some(next) = self.next(state, column) {
                    if next != last.0 {
                        last = (
                            next,
                            *ids.entry(next).or_insert_with(|| {
                                states.push(next);
                                states.len() as u32
                            }),
                        );
                    }
                    *target = last.1;
                }
            }
            rows.push(row);
            accept.push(self.accepts(state));
            if states.len() > limits.dfa_states {
                return Err(NumberError::Limit("dfa_states", limits.dfa_states as u64));
            }
        }
        Ok((rows, accept))
    }
}
