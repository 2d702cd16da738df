//! Positions in a walk: where the readings of some bytes stand, each set of them once, and what bytes lead from one to which.
//!
//! Many nodes of a trie are read from the same sets of positions, such as the middle of a name, or of a letter in it. So what a class
//! of bytes does to one is found once (the subset construction, as it is needed: Rabin and Scott 1959), for all walks: it depends on
//! the lexer alone. One thread has it at a time, so that it has no locks as an [`Interner`](crate::intern::Interner) has.

use std::{hash::BuildHasher, ops::Range};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::{TerminalId, lexer::ConfigId};

/// A [path](Paths), and a configuration.
pub(super) type Position = (u32, ConfigId);

/// Terminals completed one after another since a walk's beginning, the ignored ones not counted.
#[derive(Debug)]
pub(super) struct Paths {
    /// The path without the last terminal, and that; the first path has none.
    all: Vec<(u32, Option<TerminalId>)>,
    longer: FxHashMap<(u32, TerminalId), u32>,
}

impl Default for Paths {
    fn default() -> Self {
        Self { all: vec![(0, None)], longer: FxHashMap::default() }
    }
}

impl Paths {
    /// Number of paths.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The terminal that a path ends with, if it has any, and the path before it.
    #[inline]
    pub(super) fn last(&self, path: u32) -> Option<(u32, TerminalId)> {
        let (before, last) = self.all[path as usize];
        Some((before, last?))
    }

    /// A path with one more terminal.
    pub(super) fn longer(&mut self, path: u32, terminal: TerminalId) -> u32 {
        *self.longer.entry((path, terminal)).or_insert_with(|| {
            self.all.push((path, Some(terminal)));
            self.all.len() as u32 - 1
        })
    }
}

/// All sets of positions that walks came to.
#[derive(Debug)]
pub(super) struct Positions {
    /// Those of all sets, one set after another.
    all: Vec<Position>,
    /// Where each set ends.
    ends: Vec<usize>,
    ids: HashTable<u32>,
    /// Set and class of bytes -> the set after that.
    next: FxHashMap<(u32, u8), u32>,
}

impl Default for Positions {
    fn default() -> Self {
        let mut positions = Self {
            all: Vec::new(),
            ends: Vec::new(),
            ids: HashTable::new(),
            next: FxHashMap::default(),
        };
        positions.find(&[]);
        positions
    }
}

impl Positions {
    /// No position.
    pub(super) const NONE: u32 = 0;

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
        self.ids.insert_unique(hash(positions), id, |id| hash(&all[range(ends, *id)]));
        id
    }

    /// Number of positions in all sets, and of sets and steps between them.
    pub(super) fn len(&self) -> usize {
        self.all.len() + self.ends.len() + self.next.len()
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
    fn sets_are_found_again_and_keep_where_they_lead() {
        let (a, b) = ((0, ConfigId::START), (1, ConfigId::DEAD));
        let mut positions = Positions::default();
        assert_eq!((positions.find(&[]), positions.get(Positions::NONE)), (0, &[][..]));
        let sets = [vec![a], vec![a, b], vec![b]].map(|set| (positions.find(&set), set));
        let [(one, _), (both, _), (other, _)] = sets;
        assert_eq!(positions.next(both, 7), None);
        positions.lead(both, 7, one);
        for (id, set) in &sets {
            assert_eq!((positions.find(set), positions.get(*id)), (*id, set.as_slice()));
        }
        assert_eq!((positions.next(both, 7), positions.next(other, 7)), (Some(one), None));
        // Nothing, three sets with four positions, and a step.
        assert_eq!(positions.len(), 4 + 4 + 1);
    }

    #[test]
    fn paths_are_found_again() {
        let mut paths = Paths::default();
        let [a, b] = [TerminalId(3), TerminalId(5)];
        let (to_a, to_b) = (paths.longer(0, a), paths.longer(0, b));
        let to_ab = paths.longer(to_a, b);
        assert_eq!(paths.len(), 4);
        assert_eq!([paths.longer(0, a), paths.longer(to_a, b)], [to_a, to_ab]);
        let lasts = [0, to_a, to_b, to_ab].map(|path| paths.last(path));
        assert_eq!(lasts, [None, Some((0, a)), Some((0, b)), Some((to_a, b))]);
    }
}
