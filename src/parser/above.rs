//! What comes to lie over an LR state, whatever is below it: all reductions that end there, and those that reach further down.

use smallvec::SmallVec;

use super::{
    chain::Chain,
    lr::{COMPLETE, LrTable},
    normal::NormalGrammar,
};
use crate::{TerminalId, ids::NonterminalId};

/// A reduction that takes a stack node away with what lies over it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Pop {
    /// What is reduced to.
    pub(crate) lhs: NonterminalId,
    /// How many levels below the node it ends; one at least.
    pub(crate) levels: u32,
}

/// What lies over an LR state after a terminal or a reduction.
#[derive(Debug, Default)]
pub(crate) struct Above {
    /// States right over it that something can be shifted from, and [`COMPLETE`] if the text may end there; ascending.
    pub(crate) states: SmallVec<[u32; 8]>,
    /// Reductions that take it away; ascending.
    pub(crate) pops: SmallVec<[Pop; 4]>,
}

impl Above {
    fn add(&mut self, chain: &Chain) {
        self.states.extend_from_slice(&chain.tops);
        self.states.extend(chain.accepts.then_some(COMPLETE));
        let pops = chain.longer.iter().map(|&(lhs, length)| Pop { lhs, levels: length - 1 });
        self.pops.extend(pops);
    }

    fn sorted(mut self) -> Self {
        self.states.sort_unstable();
        self.states.dedup();
        self.pops.sort_unstable();
        self.pops.dedup();
        self
    }
}

impl LrTable {
    /// What shifting a terminal leads to, over this state; nothing if it cannot be shifted. Cost: the states and reductions.
    pub(crate) fn above_shift(
        &self,
        grammar: &NormalGrammar,
        state: u32,
        terminal: TerminalId,
    ) -> Above {
        let mut above = Above::default();
        let Some(target) = self.shift(grammar, state, terminal) else { return above };
        let entry = self.get(target);
        above.states.extend((!entry.viable.is_empty()).then_some(target));
        above.states.extend(entry.accepts.then_some(COMPLETE));
        for &(lhs, length) in &entry.reductions {
            if length > 1 {
                above.pops.push(Pop { lhs, levels: length - 1 });
            } else if let Some(chain) = self.chain(grammar, state, lhs) {
                above.add(chain);
            }
        }
        above.sorted()
    }

    /// What a reduction leads to, over this state, that takes away what lies right over it. Cost: the states and reductions.
    pub(crate) fn above_pop(&self, grammar: &NormalGrammar, state: u32, pop: Pop) -> Above {
        let mut above = Above::default();
        if pop.levels > 1 {
            above.pops.push(Pop { levels: pop.levels - 1, ..pop });
        } else if let Some(chain) = self.chain(grammar, state, pop.lhs) {
            above.add(chain);
        }
        above.sorted()
    }
}
