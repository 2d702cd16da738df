//! What a walk fills: drafts of the tree's nodes, and what it found out on its way.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{
    Link,
    partition::Partition,
    positions::{Paths, Position, Positions},
};
use crate::{TerminalId, bitset::ByteSet, lexer::ConfigId};

/// A tree node being built.
#[derive(Default, Debug)]
pub(super) struct Draft {
    /// Indices into [`Scratch::groups`].
    pub(super) groups: Vec<u32>,
    pub(super) edges: Vec<(TerminalId, u32)>,
    pub(super) links: Vec<Link>,
}

/// What a walk fills, and the next one takes over.
#[derive(Default, Debug)]
pub(super) struct Scratch {
    pub(super) drafts: Vec<Draft>,
    /// Path -> its draft.
    drafted: FxHashMap<u32, u32>,
    pub(super) paths: Paths,
    pub(super) positions: Positions,
    /// The positions after a byte.
    pub(super) below: Vec<Position>,
    /// Tokens that end at one draft and can become the same, and one of the configurations that they end in.
    pub(super) groups: Vec<(ConfigId, Vec<u32>)>,
    /// Draft, and what its lexeme can become -> group.
    pub(super) becoming: FxHashMap<(u32, u32), u32>,
    /// Set of positions -> the groups of tokens that end there.
    pub(super) grouped: FxHashMap<u32, SmallVec<[u32; 4]>>,
    /// Set of positions -> bytes that lead to the same, and bytes that do not: true of all walks, as paths and positions are.
    pub(super) loops: FxHashMap<u32, (ByteSet, ByteSet)>,
    /// Terminals by the groups that can become them.
    pub(super) terminals: Partition,
}

impl Scratch {
    /// What is [kept](Self::len) for the next walk, at most.
    pub(super) const MOST: usize = 1 << 15;

    /// Forgets what was of one walk alone.
    pub(super) fn begin(&mut self) {
        self.drafts.clear();
        self.drafts.push(Draft::default());
        self.drafted.clear();
        self.drafted.insert(0, 0);
        self.groups.clear();
        self.becoming.clear();
        self.grouped.clear();
    }

    /// Paths, sets of positions, and what is known of these.
    pub(super) fn len(&self) -> usize {
        self.paths.len() + self.positions.len() + self.loops.len()
    }

    /// Estimated bytes of what is kept.
    pub(super) fn bytes(&self) -> usize {
        self.len() * 24
    }

    /// The draft of a path.
    pub(super) fn draft(&mut self, path: u32) -> u32 {
        let (mut at, mut missing) = (path, SmallVec::<[(u32, TerminalId); 8]>::new());
        let mut draft = loop {
            match (self.drafted.get(&at), self.paths.last(at)) {
                (Some(draft), _) => break *draft,
                (None, Some((before, terminal))) => {
                    missing.push((at, terminal));
                    at = before;
                }
                (None, None) => break 0,
            }
        };
        // Those before it come first.
        for (path, terminal) in missing.into_iter().rev() {
            let new = self.drafts.len() as u32;
            self.drafts[draft as usize].edges.push((terminal, new));
            self.drafts.push(Draft::default());
            self.drafted.insert(path, new);
            draft = new;
        }
        draft
    }
}
