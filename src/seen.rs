//! Pairs of numbers that were met: mostly a few, which no table is quicker for.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// Pairs from which on they are looked up.
const MANY: usize = 16;

/// Pairs of numbers that have been met.
#[derive(Default)]
pub(crate) struct Seen {
    few: SmallVec<[(u32, u32); MANY]>,
    many: FxHashSet<(u32, u32)>,
}

impl Seen {
    /// Whether a pair is new.
    pub(crate) fn insert(&mut self, pair: (u32, u32)) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(pair);
        }
        if self.few.contains(&pair) {
            return false;
        }
        if self.few.len() == MANY {
            self.many.extend(self.few.drain(..));
            return self.many.insert(pair);
        }
        self.few.push(pair);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_new_once_whether_there_are_few_or_many() {
        for count in [1, MANY as u32, 1000] {
            let mut seen = Seen::default();
            assert!((0..count).all(|i| seen.insert((i / 7, i % 7))));
            assert!((0..count).all(|i| !seen.insert((i / 7, i % 7))));
        }
    }
}
