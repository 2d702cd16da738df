//! Positions in a walk: where the readings of some bytes stand, each set of them once, and what bytes lead from one to which.
//!
//! Most nodes of a trie are read from few sets of positions, such as the middle of a name, or of a letter in it, so that what
//! a class of bytes does to one is found once in a walk (the subset construction, as it is needed: Rabin and Scott 1959).

use std::{hash::BuildHasher, ops::Range};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::lexer::ConfigId;

/// A tree node being built, and a configuration.
pub(super) type Position = (u32, ConfigId);

/// All sets of positions that a walk came to.
#[derive(Default, Debug)]
pub(super) struct Positions {
    /// Those of all sets, one set after another.
    all: Vec<Position>,
    /// For each of them the group of tokens that end there; [`UNKNOWN`] where no token did.
    groups: Vec<u32>,
    /// Where each set ends.
    ends: Vec<usize>,
    ids: HashTable<u32>,
    /// Set and class of bytes -> the set after that.
    next: FxHashMap<(u32, u8), u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Positions {
    /// No position.
    pub(super) const NONE: u32 = 0;

    /// Forgets all sets but the empty one.
    pub(super) fn begin(&mut self) {
        self.all.clear();
        self.groups.clear();
        self.ends.clear();
        self.ids.clear();
        self.next.clear();
        self.find(&[]);
    }

    /// The set of these, which ascend.
    pub(super) fn find(&mut self, positions: &[Position]) -> u32 {
        let Self { all, ends, .. } = self;
        let hash = |positions: &[Position]| FxBuildHasher.hash_one(positions);
        let known = self.ids.find(hash(positions), |id| &all[range(ends, *id)] == positions);
        if let Some(known) = known {
            return *known;
        }
        let id = ends.len() as u32;
        all.extend_from_slice(positions);
        ends.push(all.len());
        self.groups.resize(all.len(), UNKNOWN);
        self.ids.insert_unique(hash(positions), id, |id| hash(&all[range(ends, *id)]));
        id
    }

    /// Number of sets.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    pub(super) fn get(&self, set: u32) -> &[Position] {
        &self.all[range(&self.ends, set)]
    }

    /// Where a class of bytes leads, if that was found.
    #[inline]
    pub(super) fn next(&self, set: u32, class: u8) -> Option<u32> {
        self.next.get(&(set, class)).copied()
    }

    /// A class of bytes leads there.
    pub(super) fn lead(&mut self, set: u32, class: u8, next: u32) {
        self.next.insert((set, class), next);
    }

    /// For each position the group of its draft; `None` before they were [said](Self::group).
    #[inline]
    pub(super) fn groups(&self, set: u32) -> Option<&[u32]> {
        let groups = &self.groups[range(&self.ends, set)];
        (groups.first() != Some(&UNKNOWN)).then_some(groups)
    }

    /// Says the group of one position.
    pub(super) fn group(&mut self, set: u32, at: usize, group: u32) {
        self.groups[range(&self.ends, set)][at] = group;
    }
}

#[inline]
fn range(ends: &[usize], set: u32) -> Range<usize> {
    let set = set as usize;
    set.checked_sub(1).map_or(0, |before| ends[before])..ends[set]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_found_again_and_keep_what_is_known_of_them() {
        let (a, b) = ((0, ConfigId::START), (1, ConfigId::DEAD));
        let mut positions = Positions::default();
        for _ in 0..2 {
            positions.begin();
            assert_eq!((positions.find(&[]), positions.get(Positions::NONE)), (0, &[][..]));
            let sets = [vec![a], vec![a, b], vec![b]].map(|set| (positions.find(&set), set));
            for (id, set) in &sets {
                assert_eq!((positions.find(set), positions.get(*id)), (*id, set.as_slice()));
                assert_eq!((positions.next(*id, 7), positions.groups(*id)), (None, None));
            }
            positions.lead(sets[1].0, 7, sets[0].0);
            positions.group(sets[1].0, 0, 4);
            positions.group(sets[1].0, 1, 5);
            assert_eq!(positions.next(sets[1].0, 7), Some(sets[0].0));
            assert_eq!(positions.groups(sets[1].0), Some(&[4, 5][..]));
            assert_eq!((positions.groups(sets[2].0), positions.len()), (None, 4));
        }
    }
}
