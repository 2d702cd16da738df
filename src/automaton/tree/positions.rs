//! Positions in a walk: where the readings of some bytes stand, each set of them once, and what bytes lead from one to which.
//!
//! Most nodes of a trie are read from few sets of positions, such as the middle of a name, or of a letter in it, so that what
//! a class of bytes does to one is found once in a walk (the subset construction, as it is needed: Rabin and Scott 1959).

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::lexer::ConfigId;

/// A tree node being built, and a configuration.
pub(super) type Position = (u32, ConfigId);

/// All sets of positions that a walk came to.
pub(super) struct Positions {
    sets: Vec<Rc<[Position]>>,
    ids: FxHashMap<Rc<[Position]>, u32>,
    /// Set and class of bytes -> the set after that.
    next: FxHashMap<(u32, u8), u32>,
    /// By set: for each position, the group of tokens that end there; none where no token did.
    groups: Vec<Box<[u32]>>,
}

impl Default for Positions {
    fn default() -> Self {
        let mut positions = Self {
            sets: Vec::new(),
            ids: FxHashMap::default(),
            next: FxHashMap::default(),
            groups: Vec::new(),
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
        if let Some(known) = self.ids.get(positions) {
            return *known;
        }
        let (id, positions) = (self.sets.len() as u32, Rc::<[Position]>::from(positions));
        self.sets.push(Rc::clone(&positions));
        self.groups.push(Box::default());
        self.ids.insert(positions, id);
        id
    }

    #[inline]
    pub(super) fn get(&self, set: u32) -> &[Position] {
        &self.sets[set as usize]
    }

    /// As [`get`](Self::get), for as long as is wanted.
    pub(super) fn share(&self, set: u32) -> Rc<[Position]> {
        Rc::clone(&self.sets[set as usize])
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

    /// For each position the group of its draft; none before they were [said](Self::group).
    #[inline]
    pub(super) fn groups(&self, set: u32) -> &[u32] {
        &self.groups[set as usize]
    }

    pub(super) fn group(&mut self, set: u32, groups: Box<[u32]>) {
        self.groups[set as usize] = groups;
    }
}
