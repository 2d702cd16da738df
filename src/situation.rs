//! Situations, interned: everything that a sequence stands in is one small number, and a token taken twice in the same
//! situation is one look-up.

use std::{
    hash::Hash,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{TokenId, intern::Interner, shortcut::Shortcut};

/// A situation: all hypotheses of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SituationId(u32);

#[derive(Debug)]
struct Situation<H> {
    hypotheses: Box<[H]>,
    /// Its mask, plus one; 0 where not asked for yet.
    mask: AtomicU32,
}

/// All situations of one generation; `H` is one reading of a text.
#[derive(Debug)]
pub(crate) struct SituationTable<H> {
    situations: Interner<Box<[H]>, Situation<H>>,
    /// (situation, token) -> situation, of tokens that are text and were taken there.
    steps: Shortcut,
}

impl<H: Clone + Hash + Eq> SituationTable<H> {
    /// No situations, and room for so many steps taken lately (8 bytes each; a power of two).
    pub(crate) fn new(steps: usize) -> Self {
        Self { situations: Interner::new(), steps: Shortcut::with_slots(steps) }
    }

    /// The situation of these hypotheses, which are sorted and each there once.
    pub(crate) fn of(&self, hypotheses: &[H]) -> SituationId {
        SituationId(self.situations.intern(hypotheses, || {
            let situation = Situation { hypotheses: hypotheses.into(), mask: AtomicU32::new(0) };
            (situation, 2 * size_of_val(hypotheses))
        }))
    }

    /// The hypotheses of a situation.
    #[inline]
    pub(crate) fn hypotheses(&self, id: SituationId) -> &[H] {
        &self.situations.get(id.0).hypotheses
    }

    /// The mask of a situation, if it is known.
    #[inline]
    pub(crate) fn mask(&self, id: SituationId) -> Option<u32> {
        self.situations.get(id.0).mask.load(Ordering::Acquire).checked_sub(1)
    }

    /// Keeps the mask of a situation.
    pub(crate) fn set_mask(&self, id: SituationId, mask: u32) {
        self.situations.get(id.0).mask.store(mask + 1, Ordering::Release);
    }

    /// Where a token leads, if it was taken there lately.
    #[inline]
    pub(crate) fn step(&self, from: SituationId, token: TokenId) -> Option<SituationId> {
        self.steps.get(from.0, token.0).map(SituationId)
    }

    /// Keeps where a token leads.
    pub(crate) fn set_step(&self, from: SituationId, token: TokenId, to: SituationId) {
        self.steps.put(from.0, token.0, to.0);
    }

    /// Number of situations.
    pub(crate) fn len(&self) -> usize {
        self.situations.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.situations.bytes()
    }
}

/// The bytes that must come next, up to the first choice or the first place where the text may end, at most `limit`.
/// `step` puts all hypotheses after a byte into an empty list.
pub(crate) fn forced<H: Clone>(
    start: &[H],
    limit: usize,
    mut step: impl FnMut(&[H], u8, &mut Vec<H>),
    is_complete: impl Fn(&[H]) -> bool,
) -> Vec<u8> {
    let mut forced = Vec::new();
    let (mut at, mut next, mut only) = (start.to_vec(), Vec::new(), Vec::new());
    while forced.len() < limit && !is_complete(&at) {
        let mut found = None;
        for byte in 0..=255 {
            next.clear();
            step(&at, byte, &mut next);
            if !next.is_empty() {
                if found.is_some() {
                    return forced;
                }
                found = Some(byte);
                std::mem::swap(&mut next, &mut only);
            }
        }
        let Some(byte) = found else { return forced };
        forced.push(byte);
        std::mem::swap(&mut at, &mut only);
    }
    forced
}
