//! Situations, interned: everything that a sequence stands in is one small number, and a token taken twice in the same
//! situation is one look-up.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{TokenId, intern::Interner, recognizer::Hypothesis, shortcut::Shortcut};

/// A situation: all hypotheses of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SituationId(u32);

#[derive(Debug)]
struct Situation {
    hypotheses: Box<[Hypothesis]>,
    /// Its mask, plus one; 0 where not asked for yet.
    mask: AtomicU32,
}

/// Slots for steps taken lately: 128 KiB. A long document of records takes some thousands of different ones.
const STEPS: usize = 1 << 14;

/// All situations of one generation.
#[derive(Debug)]
pub(super) struct SituationTable {
    situations: Interner<Box<[Hypothesis]>, Situation>,
    /// (situation, token) -> situation, of tokens that are text and were taken there.
    steps: Shortcut,
}

impl SituationTable {
    pub(super) fn new() -> Self {
        Self { situations: Interner::new(), steps: Shortcut::with_slots(STEPS) }
    }

    /// The situation of these hypotheses, which are sorted and each there once.
    pub(super) fn of(&self, hypotheses: &[Hypothesis]) -> SituationId {
        SituationId(self.situations.intern(hypotheses, || {
            let situation = Situation { hypotheses: hypotheses.into(), mask: AtomicU32::new(0) };
            (situation, 2 * size_of_val(hypotheses))
        }))
    }

    #[inline]
    pub(super) fn hypotheses(&self, id: SituationId) -> &[Hypothesis] {
        &self.situations.get(id.0).hypotheses
    }

    #[inline]
    pub(super) fn mask(&self, id: SituationId) -> Option<u32> {
        self.situations.get(id.0).mask.load(Ordering::Acquire).checked_sub(1)
    }

    pub(super) fn set_mask(&self, id: SituationId, mask: u32) {
        self.situations.get(id.0).mask.store(mask + 1, Ordering::Release);
    }

    #[inline]
    pub(super) fn step(&self, from: SituationId, token: TokenId) -> Option<SituationId> {
        self.steps.get(from.0, token.0).map(SituationId)
    }

    pub(super) fn set_step(&self, from: SituationId, token: TokenId, to: SituationId) {
        self.steps.put(from.0, token.0, to.0);
    }

    pub(super) fn len(&self) -> usize {
        self.situations.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.situations.bytes()
    }
}
