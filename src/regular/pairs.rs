//! A set of pairs of states.

use rustc_hash::FxHashSet;

use crate::bitset::BitSet;

/// Pairs up to which they are kept one by one; beyond, a bit for each that there can be is less.
const FEW: usize = 1 << 12;

/// Pairs that there can be, up to which each has a bit: 32 MiB, of which only what is written to is ever there.
const MOST: usize = 1 << 28;

/// Pairs of a state of one automaton and a state of another.
#[derive(Debug)]
pub(super) struct Pairs {
    few: FxHashSet<(u32, u32)>,
    all: Option<BitSet>,
    sizes: (usize, usize),
}

impl Pairs {
    /// None yet, of automata of so many states.
    pub(super) fn new(first: usize, second: usize) -> Self {
        Self { few: FxHashSet::default(), all: None, sizes: (first, second) }
    }

    /// Adds one; says whether it is new.
    pub(super) fn insert(&mut self, pair: (u32, u32)) -> bool {
        let (first, second) = self.sizes;
        let number = |(a, b): (u32, u32)| a as usize * second + b as usize;
        if let Some(all) = &mut self.all {
            let is_new = !all.contains(number(pair));
            all.insert(number(pair));
            return is_new;
        }
        let is_new = self.few.insert(pair);
        let universe = first.saturating_mul(second);
        if self.few.len() == FEW && universe <= MOST {
            let mut all = BitSet::new(universe);
            self.few.drain().for_each(|pair| all.insert(number(pair)));
            self.all = Some(all);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_new_once_however_many_there_are() {
        for sizes in [(300, 70), (MOST, 70)] {
            let mut pairs = Pairs::new(sizes.0, sizes.1);
            let all = (0..300).flat_map(|a| (0..70).map(move |b| (a, b)));
            assert!(all.clone().all(|pair| pairs.insert(pair)));
            assert!(!all.clone().any(|pair| pairs.insert(pair)));
            assert_eq!(pairs.all.is_some(), sizes.0 == 300);
        }
    }
}
