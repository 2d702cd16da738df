//! In how many characters can a state accept?
//!
//! The states that accept in exactly `k` characters are a function of those that do in `k - 1`: sooner or later the sets
//! repeat, and from there on they go round.

use std::collections::HashMap;

use super::chars::{CharDfa, DEAD};

/// Steps (edges of the automaton, times lengths) before giving up.
const WORK: usize = 10_000_000;

/// States times lengths up to which [`Lengths::slack`] is found out.
const SLACK: u64 = 1_000_000;

/// The lengths of the texts that are accepted from each state.
#[derive(Clone, Debug)]
pub(super) struct Lengths {
    /// One bit per length below `total`, 64 a word; a row per state.
    bits: Vec<u64>,
    words: usize,
    total: u64,
    /// From `total` on, a length stands for the one so much smaller; 0 if that is not known.
    period: u64,
}

impl Lengths {
    /// Of all states.
    pub(super) fn new(dfa: &CharDfa) -> Self {
        let states = dfa.len();
        let mut edges: Vec<(u32, u32)> = Vec::new();
        for state in 1..states as u32 {
            let mut row: Vec<u32> = dfa.row(state).iter().copied().filter(|t| *t != DEAD).collect();
            row.sort_unstable();
            row.dedup();
            edges.extend(row.into_iter().map(|to| (state, to)));
        }
        let width = states.div_ceil(64);
        let mut sets: Vec<Vec<u64>> = Vec::new();
        let mut seen: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut set = vec![0u64; width];
        for (state, _) in dfa.accept.iter().enumerate().filter(|(_, accept)| **accept) {
            set[state / 64] |= 1 << (state % 64);
        }
        let mut left = WORK;
        let mut period = 0;
        loop {
            if let Some(before) = seen.get(&set) {
                period = sets.len() - before;
                break;
            }
            match left.checked_sub(edges.len() + width + 1) {
                Some(less) => left = less,
                None => break,
            }
            let mut before = vec![0u64; width];
            for &(from, to) in &edges {
                let accepts = set[to as usize / 64] >> (to % 64) & 1;
                before[from as usize / 64] |= accepts << (from % 64);
            }
            seen.insert(set.clone(), sets.len());
            sets.push(std::mem::replace(&mut set, before));
        }
        let words = sets.len().div_ceil(64);
        let mut bits = vec![0u64; words * states];
        for (length, set) in sets.iter().enumerate() {
            for (i, mut word) in set.iter().copied().enumerate() {
                while word != 0 {
                    let state = i * 64 + word.trailing_zeros() as usize;
                    bits[state * words + length / 64] |= 1 << (length % 64);
                    word &= word - 1;
                }
            }
        }
        Self { bits, words, total: sets.len() as u64, period: period as u64 }
    }

    /// Whether all lengths up to this one (all at all) are known.
    pub(super) fn reach(&self, max: Option<u32>) -> bool {
        self.period > 0 || max.is_some_and(|max| u64::from(max) < self.total)
    }

    /// The smallest length below `total` that is accepted, from `from` on.
    fn known(&self, state: u32, from: u64) -> Option<u64> {
        if from >= self.total {
            return None;
        }
        let row = &self.bits[state as usize * self.words..][..self.words];
        let first = (from / 64) as usize;
        let mut mask = !0u64 << (from % 64);
        for (i, word) in row.iter().enumerate().skip(first) {
            let word = word & std::mem::replace(&mut mask, !0);
            if word != 0 {
                return Some(i as u64 * 64 + u64::from(word.trailing_zeros()));
            }
        }
        None
    }

    /// The smallest number of characters, at least `from`, after which the state can accept. O(total / 64).
    pub(super) fn at_least(&self, state: u32, from: u64) -> Option<u64> {
        if let Some(length) = self.known(state, from) {
            return Some(length);
        }
        if self.period == 0 {
            return None;
        }
        // Once round: `from` stands for a length in the last period.
        let loop_start = self.total - self.period;
        let from = from.max(self.total);
        let here = loop_start + (from - loop_start) % self.period;
        match self.known(state, here) {
            Some(length) => Some(from + (length - here)),
            None => {
                self.known(state, loop_start).map(|length| from + (length + self.period - here))
            }
        }
    }

    /// Over all states but the dead one: the most characters that one needs to accept, and the most beyond a number asked for;
    /// `None` if some state accepts in no more than so many, or if that is much to find out.
    pub(super) fn slack(&self, states: u32) -> (u64, Option<u64>) {
        let (mut shortest, mut slack) = (0, Some(0));
        if self.period == 0 || self.total.saturating_mul(states.into()) > SLACK {
            slack = None;
        }
        for state in 1..states {
            shortest = shortest.max(self.at_least(state, 0).unwrap_or(u64::MAX));
            let mut from = 0;
            while let Some(most) = slack.filter(|_| from <= self.total) {
                let next = self.at_least(state, from);
                slack = next.map(|next| most.max(next - from));
                from = next.unwrap_or(0) + 1;
            }
        }
        (shortest, slack)
    }

    /// The largest number of characters after which the state can accept; `None` if there is none.
    pub(super) fn longest(&self, state: u32) -> Option<u64> {
        if self.period == 0 {
            return None;
        }
        let row = &self.bits[state as usize * self.words..][..self.words];
        let loop_start = self.total - self.period;
        if self.known(state, loop_start).is_some() {
            return None;
        }
        let (i, word) = row.iter().enumerate().rfind(|(_, word)| **word != 0)?;
        Some(i as u64 * 64 + 63 - u64::from(word.leading_zeros()))
    }
}
