//! Reducing as long as right-hand sides have one symbol: it stays over the same stack, and what comes of it is known by the LR
//! state there alone.
//!
//! An operand is reduced through a state for each precedence there is; a chain has them all at once.

use rustc_hash::FxHashSet;

use super::{
    lr::{LrState, LrTable},
    normal::NormalGrammar,
};
use crate::{bitset::BitSet, ids::NonterminalId};

/// A nonterminal and the length of the right-hand side that was reduced to it.
pub(super) type Reduction = (NonterminalId, u32);

/// What comes of reducing to one nonterminal over one LR state.
#[derive(Debug)]
pub(super) struct Chain {
    /// States that something can be shifted from, ascending.
    pub(super) tops: Box<[u32]>,
    /// Terminals that can be shifted from them.
    pub(super) viable: BitSet,
    /// Whether a state accepts.
    pub(super) accepts: bool,
    /// Reductions that reach further down.
    pub(super) longer: Box<[Reduction]>,
    /// States that it comes to if only that is reduced that must be, ascending.
    pub(super) settled: Box<[u32]>,
    /// Reductions further down that must be done.
    pub(super) forced: Box<[Reduction]>,
    /// States and reductions that were looked at: what it costs whoever goes along it.
    pub(super) looked: u64,
}

impl Chain {
    /// What comes of a state over another one, which is below it. Cost: the states and their reductions.
    pub(super) fn new(lr: &LrTable, grammar: &NormalGrammar, below: u32, first: u32) -> Self {
        let mut looked = 0;
        let (states, longer) = follow(lr, grammar, (below, first), &mut looked, |_| true);
        let mut viable = BitSet::new(grammar.terminals);
        let accepts = states.iter().any(|state| lr.get(*state).accepts);
        let can_shift = |state: &u32| viable_of(lr, *state, &mut viable);
        let tops = states.into_iter().filter(can_shift).collect();
        let (mut settled, forced) =
            follow(lr, grammar, (below, first), &mut looked, LrState::is_forced);
        settled.retain(|state| !lr.get(*state).is_forced());
        Self { tops, viable, accepts, longer, settled: settled.into(), forced, looked }
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.tops.len() + self.settled.len();
        let reductions = self.longer.len() + self.forced.len();
        numbers * 4 + reductions * 8 + self.viable.bytes() + 100
    }
}

/// Adds what can be shifted from a state; whether that is anything.
fn viable_of(lr: &LrTable, state: u32, viable: &mut BitSet) -> bool {
    let of = &lr.get(state).viable;
    viable.union_with(of);
    !of.is_empty()
}

/// All states over `below` that short reductions lead to, from the first one on and from those that `goes_on` says, and the
/// longer reductions of these.
fn follow(
    lr: &LrTable,
    grammar: &NormalGrammar,
    (below, first): (u32, u32),
    looked: &mut u64,
    goes_on: impl Fn(&LrState) -> bool,
) -> (Vec<u32>, Box<[Reduction]>) {
    let (mut states, mut longer) = (vec![first], Vec::new());
    let mut seen = FxHashSet::from_iter([first]);
    let mut at = 0;
    while let Some(&state) = states.get(at) {
        at += 1;
        *looked += 1;
        let entry = lr.get(state);
        if !goes_on(entry) {
            continue;
        }
        *looked += entry.reductions.len() as u64;
        for &(lhs, length) in &entry.reductions {
            if length > 1 {
                longer.push((lhs, length));
            } else if let Some(next) = lr.goto(grammar, below, lhs)
                && seen.insert(next)
            {
                states.push(next);
            }
        }
    }
    states.sort_unstable();
    longer.sort_unstable();
    longer.dedup();
    (states, longer.into())
}
