//! Open objects and arrays, and the stacks of them.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use super::{
    distinct::UsedSets,
    shape::{Array, Keeps, Object},
};
use crate::{bitset::BitSet, intern::Interner};

/// A stack of frames; [`StackId::ROOT`] is the empty one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct StackId(pub(crate) u32);

impl StackId {
    /// Outside of all arrays and objects.
    pub(crate) const ROOT: Self = Self(0);
}

/// How far an open array or object has been read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Frame {
    /// Nothing is open.
    Root,
    /// An object.
    Object {
        shape: u32,
        /// Names that have been read.
        seen: BitSet,
        /// Members with other names, as far as it matters.
        others: u32,
        /// Obligations that are met, as bits.
        met: u64,
        /// The other names read, as long as they must differ: a number of [`UsedSets`].
        used: u32,
    },
    /// An array.
    Array {
        shape: u32,
        /// Items that have been begun, as far as it matters.
        index: u32,
        /// For each `contains`, the items that were counted for it, as far as it matters.
        counts: Box<[u32]>,
        /// The items read, if they must differ: a number of [`UsedSets`].
        used: u32,
    },
}

/// A frame, and what may come next in it.
#[derive(Debug)]
struct Entry {
    frame: Frame,
    /// Of an object: the names that may come next, and whether other names may.
    next: OnceLock<(BitSet, bool)>,
}

impl From<&Frame> for Frame {
    fn from(frame: &Frame) -> Self {
        frame.clone()
    }
}

/// Key of a stack: its frame, what is below.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Level {
    pub(crate) frame: u32,
    pub(crate) below: StackId,
}

impl From<&Level> for Level {
    fn from(level: &Level) -> Self {
        *level
    }
}

/// Key of a view: the frame on top, and the view of what is below plus one (0: unknown).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct View(u32, u32);

impl From<&View> for View {
    fn from(view: &View) -> Self {
        *view
    }
}

/// A stack.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) frame: u32,
    alike: u32,
    pub(crate) below: StackId,
    pub(crate) depth: u32,
    /// Views by levels; 0 where not known.
    views: [AtomicU32; 4],
}

impl Stack {
    fn new(frame: u32, alike: u32, below: StackId, depth: u32) -> Self {
        Self { frame, alike, below, depth, views: [const { AtomicU32::new(0) }; 4] }
    }
}

/// All frames and stacks met so far. Equal ones have equal ids.
#[derive(Debug)]
pub(crate) struct Stacks {
    frames: Interner<Frame, Entry>,
    stacks: Interner<Level, Stack>,
    views: Interner<View, ()>,
    pub(crate) used: UsedSets,
}

impl Stacks {
    /// The empty stack alone.
    pub(crate) fn new() -> Self {
        let stacks = Self {
            frames: Interner::new(),
            stacks: Interner::new(),
            views: Interner::new(),
            used: UsedSets::new(),
        };
        let frame = stacks.frame(&Frame::Root);
        let level = Level { frame, below: StackId::ROOT };
        stacks.stacks.intern(&level, || (Stack::new(frame, frame, StackId::ROOT, 0), 40));
        stacks
    }

    fn frame(&self, frame: &Frame) -> u32 {
        self.frames.intern(frame, || {
            let entry = Entry { frame: frame.clone(), next: OnceLock::new() };
            (entry, 2 * size_of::<Frame>() + 128)
        })
    }

    /// The stack with one more frame; `alike` is one on which any one token reads the same, if that is another one.
    pub(super) fn push(
        &self,
        below: StackId,
        frame: &Frame,
        alike: impl FnOnce() -> Option<Frame>,
    ) -> StackId {
        let frame = self.frame(frame);
        let level = Level { frame, below };
        StackId(self.stacks.intern(&level, || {
            let depth = self.get(below).depth + 1;
            let alike = alike().map_or(frame, |alike| self.frame(&alike));
            (Stack::new(frame, alike, below, depth), 40)
        }))
    }

    /// Of an object on top: the names that may come next, and whether other names may; made once.
    pub(super) fn next(
        &self,
        stack: StackId,
        make: impl FnOnce(&Frame) -> (BitSet, bool),
    ) -> &(BitSet, bool) {
        let entry = self.frames.get(self.get(stack).frame);
        entry.next.get_or_init(|| make(&entry.frame))
    }

    /// The uppermost `levels` of a stack, as a number: equal for stacks that any one token reads alike as long as it looks
    /// no deeper.
    pub(crate) fn view(&self, stack: StackId, levels: u32) -> u32 {
        let Some(slot) = self.get(stack).views.get(levels as usize) else {
            return self.make_view(stack, levels);
        };
        match slot.load(Ordering::Acquire) {
            0 => {
                let view = self.make_view(stack, levels);
                slot.store(view, Ordering::Release);
                view
            }
            known => known,
        }
    }

    fn make_view(&self, stack: StackId, levels: u32) -> u32 {
        let (mut path, mut at) = ([0; 32], stack);
        let mut count = 0;
        // Deeper views are rare, and exact all the same: the whole stack then counts.
        for _ in 0..levels {
            let entry = self.get(at);
            if count == path.len() {
                return 1 + self.views.intern(&View(u32::MAX, stack.0), || ((), 16));
            }
            path[count] = entry.alike;
            count += 1;
            at = entry.below;
            if at == StackId::ROOT && path[count - 1] == self.get(StackId::ROOT).alike {
                break;
            }
        }
        path[..count]
            .iter()
            .rev()
            .fold(0, |below, frame| 1 + self.views.intern(&View(*frame, below), || ((), 16)))
    }

    /// A stack.
    #[inline]
    pub(crate) fn get(&self, stack: StackId) -> &Stack {
        self.stacks.get(stack.0)
    }

    /// The frame on top.
    #[inline]
    pub(crate) fn top(&self, stack: StackId) -> &Frame {
        &self.frames.get(self.get(stack).frame).frame
    }

    /// Number of stacks.
    pub(crate) fn len(&self) -> usize {
        self.stacks.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.bytes() + self.stacks.bytes() + self.views.bytes() + self.used.bytes()
    }
}

impl Object {
    /// Before any member.
    pub(crate) fn open(&self, shape: u32) -> Frame {
        Frame::Object { shape, seen: BitSet::new(self.values.len()), others: 0, met: 0, used: 0 }
    }

    /// Whether names that are not declared must differ from those before them.
    pub(super) fn distinct(&self, seen: &BitSet, others: u32) -> bool {
        match self.keeps {
            Keeps::Nothing => false,
            Keeps::Few => (seen.len() as u32).saturating_add(others) < self.min,
            Keeps::All => true,
        }
    }

    fn unseen_required(&self, seen: &BitSet) -> u32 {
        self.required_count - self.required.common(seen) as u32
    }

    /// Whether the object may end.
    pub(crate) fn may_close(&self, seen: &BitSet, others: u32, met: u64) -> bool {
        self.unseen_required(seen) == 0
            && seen.len() as u32 + others >= self.min
            && met.count_ones() as usize == self.some.len()
    }

    /// Members that may come beyond the required ones that are still missing.
    pub(super) fn room(&self, seen: &BitSet, others: u32) -> u32 {
        let read = seen.len() as u32 + others;
        self.max.map_or(u32::MAX, |max| {
            max.saturating_sub(read).saturating_sub(self.unseen_required(seen))
        })
    }

    /// The names that may come next, as bits, and whether one of the classes may.
    pub(crate) fn next(&self, seen: &BitSet, others: u32) -> (BitSet, bool) {
        let (names, classes) = if self.room(seen, others) > 0 {
            (seen.complement(self.values.len()), !self.classes.is_empty())
        } else {
            (self.required.minus(seen), false)
        };
        if !self.is_ordered {
            return (names, classes);
        }
        let (names, passed) = self.in_order(names, seen, others);
        (names, classes && passed)
    }

    /// Of some names those that the order allows, and whether it allows other names: nothing before what was read, nothing
    /// required left out, enough left for the minimum.
    fn in_order(&self, names: BitSet, seen: &BitSet, others: u32) -> (BitSet, bool) {
        let order = &self.order;
        let mut allowed = BitSet::new(self.values.len());
        let enough = |names: usize| {
            self.most_others.is_none_or(|most| names + most as usize >= self.min as usize)
        };
        let last = order.iter().rposition(|name| seen.contains(*name as usize));
        let from = if others > 0 { order.len() } else { last.map_or(0, |last| last + 1) };
        for (at, name) in order.iter().enumerate().skip(from) {
            let name = *name as usize;
            let reachable = seen.len() + order.len() - at;
            if enough(reachable) && names.contains(name) {
                allowed.insert(name);
            }
            if self.required.contains(name) {
                return (allowed, false);
            }
        }
        (allowed, enough(seen.len()))
    }

    /// Of these names the one that the schema has first behind the last one that was read; else the first.
    pub(super) fn first_behind(&self, names: &BitSet, seen: &BitSet) -> Option<usize> {
        let last = self.order.iter().rposition(|name| seen.contains(*name as usize));
        let (before, behind) = self.order.split_at(last.map_or(0, |last| last + 1));
        let mut in_order = behind.iter().chain(before).map(|name| *name as usize);
        in_order.find(|name| names.contains(*name))
    }

    /// Members with other names beyond this number make no difference.
    pub(crate) fn others_cap(&self) -> u32 {
        self.max.unwrap_or_else(|| self.min.max(u32::from(self.is_ordered)))
    }
}

impl Array {
    /// Before any item.
    pub(crate) fn open(&self, shape: u32) -> Frame {
        Frame::Array { shape, index: 0, counts: vec![0; self.contains.len()].into(), used: 0 }
    }

    /// The index after an item, as far as it matters.
    pub(crate) fn after(&self, index: u32) -> u32 {
        let index = index + 1;
        match self.max {
            Some(_) => index,
            None => index.min(self.min.max(self.prefix.len() as u32)),
        }
    }

    /// Another index from which any one token of at most `far` bytes reads the same. Items that are still to be counted may
    /// have to be all that are left.
    pub(crate) fn alike(&self, index: u32, counts: &[u32], far: u32) -> u32 {
        let prefix = self.uniform();
        if index < prefix {
            return index;
        }
        let missing = self.contains.iter().zip(counts);
        let missing = missing.map(|(contains, count)| contains.min.saturating_sub(*count)).max();
        let far_end = far.saturating_add(missing.unwrap_or(0));
        let far_from_end = self.max.is_none_or(|max| max.saturating_sub(index) > far_end);
        if index.saturating_add(far) < self.min && far_from_end {
            prefix
        } else if index >= self.min && far_from_end {
            self.min.max(prefix)
        } else {
            index
        }
    }
}
