//! Situations, interned: everything that a sequence stands in is one small number, and a token taken twice in the same
//! situation is one look-up.

use std::{
    hash::Hash,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use smallvec::SmallVec;

use crate::{TokenId, intern::Interner, shortcut::Shortcut};

/// A situation: all hypotheses of a sequence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SituationId(u32);

/// Readings of a text. Mostly there is one, and of a long array or string there are many situations: what is one allocation in
/// each is seen where they are made and where they are dropped.
type Hypotheses<H> = SmallVec<[H; 1]>;

#[derive(Debug)]
struct Situation<H, M> {
    hypotheses: Hypotheses<H>,
    /// Its mask, once it was asked for.
    mask: OnceLock<M>,
}

/// All situations of one generation; `H` is one reading of a text, `M` what is known of a mask.
#[derive(Debug)]
pub(crate) struct SituationTable<H, M> {
    situations: Interner<Hypotheses<H>, Situation<H, M>>,
    /// (situation, token) -> situation, of tokens that are text and were taken there: the last one of these that there is,
    /// each with more slots than the one before.
    steps: [OnceLock<Shortcut>; SIZES],
    size: AtomicUsize,
    /// Steps kept since there are so many slots.
    kept: AtomicUsize,
    most: usize,
}

/// Tables of steps at most, and how many times as many slots each one has.
const SIZES: usize = 4;
const GROWTH: usize = 8;

impl<H: Clone + Hash + Eq, M> SituationTable<H, M> {
    /// No situations, and room for so many steps taken lately, and for up to `most` where there are more (8 bytes each; powers
    /// of two).
    pub(crate) fn new(slots: usize, most: usize) -> Self {
        let steps = [const { OnceLock::new() }; SIZES];
        let _ = steps[0].set(Shortcut::with_slots(slots));
        let (size, kept) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { situations: Interner::new(), steps, size, kept, most }
    }

    /// The situation of these hypotheses, which are sorted and each there once.
    pub(crate) fn of(&self, hypotheses: &[H]) -> SituationId {
        SituationId(self.situations.intern(hypotheses, || {
            let situation = Situation { hypotheses: hypotheses.into(), mask: OnceLock::new() };
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
    pub(crate) fn mask(&self, id: SituationId) -> Option<&M> {
        self.situations.get(id.0).mask.get()
    }

    /// Keeps the mask of a situation; gives back the one kept, which is another thread's if that was faster.
    pub(crate) fn set_mask(&self, id: SituationId, mask: M) -> &M {
        self.situations.get(id.0).mask.get_or_init(|| mask)
    }

    /// Where a token leads, if it was taken there lately.
    #[inline]
    pub(crate) fn step(&self, from: SituationId, token: TokenId) -> Option<SituationId> {
        let steps = self.steps[self.size.load(Ordering::Acquire)].get()?;
        steps.get(from.0, token.0).map(SituationId)
    }

    /// Keeps where a token leads.
    pub(crate) fn set_step(&self, from: SituationId, token: TokenId, to: SituationId) {
        let size = self.size.load(Ordering::Acquire);
        let Some(steps) = self.steps[size].get() else { return };
        steps.put(from.0, token.0, to.0);
        // Where half as many were kept as there are slots, soon many a one puts out another.
        let kept = self.kept.fetch_add(1, Ordering::Relaxed) + 1;
        let slots = steps.slots() * GROWTH;
        if kept == steps.slots() / 2 && size + 1 < SIZES && slots <= self.most {
            let larger = Shortcut::with_slots(slots);
            steps.copy_to(&larger);
            if self.steps[size + 1].set(larger).is_ok() {
                self.kept.store(0, Ordering::Relaxed);
                self.size.store(size + 1, Ordering::Release);
            }
        }
    }

    /// The situations whose mask is known.
    pub(crate) fn masked(&self) -> impl Iterator<Item = SituationId> + '_ {
        let ids = (0..self.situations.len() as u32).map(SituationId);
        ids.filter(|id| self.mask(*id).is_some())
    }

    /// Number of situations.
    pub(crate) fn len(&self) -> usize {
        self.situations.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        // The first table of steps counts as what is there from the beginning.
        let steps = self.steps.iter().skip(1).filter_map(OnceLock::get);
        self.situations.bytes() + steps.map(|steps| steps.slots() * 8).sum::<usize>()
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
