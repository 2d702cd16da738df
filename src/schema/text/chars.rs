//! A minimal deterministic automaton over characters, in a canonical form: equal languages are equal values.

use rustc_hash::FxHashMap;

use super::{
    class::{CharSet, Partition},
    error::TextError,
    minimise::{canonical, minimal},
};
use crate::Limits;

/// The state from which no text is accepted.
pub(super) const DEAD: u32 = 0;

/// An automaton over classes of characters. Every state but [`DEAD`] (which exists always) leads to acceptance; states are
/// numbered breadth first, classes by their first characters, and no two of either behave alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CharDfa {
    pub(super) partition: Partition,
    /// `table[state * classes + class]`.
    pub(super) table: Box<[u32]>,
    pub(super) accept: Box<[bool]>,
}

/// What a product accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    /// What both accept.
    And,
    /// What one of them accepts.
    Or,
    /// What the first accepts and the second does not.
    Without,
}

impl Op {
    /// Of two verdicts.
    pub(super) fn of(self, a: bool, b: bool) -> bool {
        match self {
            Self::And => a && b,
            Self::Or => a || b,
            Self::Without => a && !b,
        }
    }
}

/// The bound that an automaton's size is under: states, and bytes of its table.
pub(super) fn check_size(states: usize, classes: usize, limits: &Limits) -> Result<(), TextError> {
    if states > limits.dfa_states {
        let limit = limits.dfa_states as u64;
        return Err(TextError::limit("dfa_states", limit, "the states of a string's automaton"));
    }
    if states.saturating_mul(classes).saturating_mul(4) > limits.dfa_bytes {
        let limit = limits.dfa_bytes as u64;
        return Err(TextError::limit("dfa_bytes", limit, "the bytes of a string's automaton"));
    }
    Ok(())
}

impl CharDfa {
    /// The language without texts.
    pub(super) fn empty() -> Self {
        Self { partition: Partition::one(), table: Box::new([DEAD]), accept: Box::new([false]) }
    }

    /// The first state.
    pub(super) fn start(&self) -> u32 {
        u32::from(self.accept.len() > 1)
    }

    /// Number of states, the dead one included.
    pub(super) fn len(&self) -> usize {
        self.accept.len()
    }

    /// Number of classes.
    pub(super) fn classes(&self) -> usize {
        self.table.len() / self.accept.len()
    }

    /// The states after one character of each class.
    pub(super) fn row(&self, state: u32) -> &[u32] {
        let classes = self.classes();
        &self.table[state as usize * classes..][..classes]
    }

    /// The state after a character.
    pub(super) fn next(&self, state: u32, c: char) -> u32 {
        self.row(state)[self.partition.class(c)]
    }

    /// Whether a text is in the language.
    pub(super) fn contains(&self, text: &str) -> bool {
        let mut state = self.start();
        for c in text.chars() {
            if state == DEAD {
                return false;
            }
            state = self.next(state, c);
        }
        self.accept[state as usize]
    }

    /// Whether the language is all texts.
    pub(super) fn is_all(&self) -> bool {
        self.accept.len() == 2 && self.accept[1] && self.row(1) == [1]
    }

    /// All other texts. O(table).
    pub(super) fn complement(&self) -> Self {
        let accept: Vec<bool> = self.accept.iter().map(|accept| !accept).collect();
        // What no text tells apart it tells apart in neither.
        let alone: Vec<u32> = (0..accept.len() as u32).collect();
        let blocks = (alone.clone(), alone);
        canonical(&self.partition, &self.table, &accept, self.start(), blocks)
    }

    /// The texts of which `op` holds.
    pub(super) fn product(&self, other: &Self, op: Op, limits: &Limits) -> Result<Self, TextError> {
        let (partition, pairs) = self.partition.refine(&other.partition);
        let dead = |a: u32, b: u32| match op {
            Op::And => a == DEAD || b == DEAD,
            Op::Or => a == DEAD && b == DEAD,
            Op::Without => a == DEAD,
        };
        let mut ids: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut states = vec![(DEAD, DEAD)];
        let mut table = vec![DEAD; pairs.len()];
        let mut accept = vec![false];
        let start = (self.start(), other.start());
        if dead(start.0, start.1) {
            return Ok(Self::empty());
        }
        ids.insert(start, 1);
        states.push(start);
        let mut at = 1;
        while at < states.len() {
            let (a, b) = states[at];
            at += 1;
            accept.push(op.of(self.accept[a as usize], other.accept[b as usize]));
            let (row_a, row_b) = (self.row(a), other.row(b));
            for &(class_a, class_b) in &pairs {
                let (a, b) = (row_a[usize::from(class_a)], row_b[usize::from(class_b)]);
                table.push(if dead(a, b) {
                    DEAD
                } else {
                    *ids.entry((a, b)).or_insert_with(|| {
                        states.push((a, b));
                        (states.len() - 1) as u32
                    })
                });
            }
            check_size(states.len(), pairs.len(), limits)?;
        }
        Ok(minimal(&partition, &table, &accept, 1))
    }

    /// All texts of so many characters.
    pub(super) fn length(min: u32, max: Option<u32>, limits: &Limits) -> Result<Self, TextError> {
        let last = max.map_or(u64::from(min), |max| u64::from(max) + 1);
        check_size(usize::try_from(last).unwrap_or(usize::MAX).saturating_add(2), 1, limits)?;
        let last = last as u32;
        // State n + 1 has read n characters; the last one goes round, or into the dead one.
        let mut table = vec![DEAD];
        let mut accept = vec![false];
        for read in 0..=last {
            let stuck = if max.is_some() { DEAD } else { read + 1 };
            table.push(if read < last { read + 2 } else { stuck });
            accept.push(read >= min && max.is_none_or(|max| read <= max));
        }
        Ok(minimal(&Partition::one(), &table, &accept, 1))
    }

    /// Exactly these texts.
    pub(super) fn words<'a>(
        words: impl Iterator<Item = &'a str> + Clone,
        limits: &Limits,
    ) -> Result<Self, TextError> {
        let mut letters: Vec<u32> = words.clone().flat_map(str::chars).map(u32::from).collect();
        letters.sort_unstable();
        letters.dedup();
        check_size(letters.len(), 1, limits)?;
        let sets: Vec<CharSet> = letters.into_iter().map(CharSet::one).collect();
        let (partition, members) = Partition::of(&sets);
        let classes = members.len();
        let mut table = vec![DEAD; 2 * classes];
        let mut accept = vec![false; 2];
        for word in words {
            let mut state = 1;
            for c in word.chars() {
                let at = state * classes + partition.class(c);
                if table[at] == DEAD {
                    table[at] = accept.len() as u32;
                    table.extend(std::iter::repeat_n(DEAD, classes));
                    accept.push(false);
                    check_size(accept.len(), classes, limits)?;
                }
                state = table[at] as usize;
            }
            accept[state] = true;
        }
        Ok(minimal(&partition, &table, &accept, 1))
    }

    /// If the verdict depends on the length alone, and from some length on not even on that: the accepted lengths, as
    /// intervals in order.
    pub(super) fn lengths_alone(&self) -> Option<Vec<(u32, Option<u32>)>> {
        if self.classes() != 1 {
            return None;
        }
        let mut intervals: Vec<(u32, Option<u32>)> = Vec::new();
        let mut state = self.start();
        let mut read = 0;
        while state != DEAD {
            let next = self.table[state as usize];
            if next != DEAD && next < state {
                return None;
            }
            let max = (next != state).then_some(read);
            if self.accept[state as usize] {
                match intervals.last_mut() {
                    Some(last) if last.1.is_some_and(|max| max + 1 == read) => last.1 = max,
                    _ => intervals.push((read, max)),
                }
            }
            if next == state {
                break;
            }
            state = next;
            read += 1;
        }
        Some(intervals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> CharDfa {
        CharDfa::words(words.iter().copied(), &Limits::default()).unwrap()
    }

    #[test]
    fn equal_languages_are_equal_values() {
        let limits = Limits::default();
        let (a, b) = (words(&["a", "bé", "bc"]), words(&["bc", "x"]));
        let both = a.product(&b, Op::Or, &limits).unwrap();
        assert_eq!(both, words(&["x", "bc", "bé", "a"]));
        assert_eq!(a.product(&b, Op::And, &limits).unwrap(), words(&["bc"]));
        assert_eq!(a.product(&b, Op::Without, &limits).unwrap(), words(&["a", "bé"]));
        assert_eq!(both.complement().complement(), both);
        let other = a.complement().product(&b.complement(), Op::And, &limits).unwrap();
        assert_eq!(other, both.complement());
        assert_eq!(a.product(&a, Op::Without, &limits).unwrap(), CharDfa::empty());
        let all = a.product(&a.complement(), Op::Or, &limits).unwrap();
        assert!(all.is_all() && all == CharDfa::empty().complement());
        assert_eq!(all, CharDfa::length(0, None, &limits).unwrap());
    }

    #[test]
    fn lengths_that_decide_alone() {
        let limits = Limits::default();
        let some = CharDfa::length(2, Some(5), &limits).unwrap();
        assert_eq!(some.lengths_alone(), Some(vec![(2, Some(5))]));
        assert_eq!(some.complement().lengths_alone(), Some(vec![(0, Some(1)), (6, None)]));
        assert!(some.contains("äöü") && !some.contains("ä") && !some.contains("123456"));
        assert_eq!(words(&["a"]).lengths_alone(), None);
        assert_eq!(CharDfa::empty().lengths_alone(), Some(vec![]));
    }
}
