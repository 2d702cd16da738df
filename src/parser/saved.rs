//! What of a parser's tables is worth saving? LR states as ways to them, and the stacks over them; closures and successors
//! are found out anew, so that a file cannot change how a text is read.

use rustc_hash::FxHashMap;

use super::{
    lr::{INITIAL, LrTable},
    normal::NormalGrammar,
};
use crate::{
    TerminalId,
    codec::{Malformed, Reader, Writer},
    grammar::Symbol,
    ids::NonterminalId,
};

impl NormalGrammar {
    /// Writes everything that the numbers of items refer to.
    pub(crate) fn describe(&self, out: &mut Writer) {
        out.count(self.terminals);
        out.number(u32::from(self.empty_sentence));
        out.number(self.start_production);
        out.count(self.productions.len());
        for (lhs, rhs) in &self.productions {
            out.number(lhs.0);
            out.count(rhs.len());
            for symbol in rhs {
                out.number(code(*symbol));
            }
        }
    }
}

/// A symbol as a number.
fn code(symbol: Symbol) -> u32 {
    match symbol {
        Symbol::Terminal(terminal) => terminal.0 << 1,
        Symbol::Nonterminal(nonterminal) => nonterminal.0 << 1 | 1,
    }
}

impl LrTable {
    /// Writes a way from the first state to each of these, and gives the number of each state on the ways.
    pub(crate) fn save(
        &self,
        wanted: impl Iterator<Item = u32>,
        out: &mut Writer,
    ) -> FxHashMap<u32, u32> {
        // Breadth first over what was visited; each state with the one it was reached from.
        let mut reached: FxHashMap<u32, (u32, u32)> = FxHashMap::default();
        reached.insert(INITIAL, (INITIAL, 0));
        let mut order = vec![INITIAL];
        let mut at = 0;
        while at < order.len() {
            let from = order[at];
            at += 1;
            for (symbol, to) in self.visited(from) {
                reached.entry(to).or_insert_with(|| {
                    order.push(to);
                    (from, code(symbol))
                });
            }
        }
        let mut needed = rustc_hash::FxHashSet::default();
        for state in wanted {
            let mut state = state;
            while needed.insert(state) && state != INITIAL {
                state = reached[&state].0;
            }
        }
        order.retain(|state| *state != INITIAL && needed.contains(state));
        let mut numbers = FxHashMap::default();
        numbers.insert(INITIAL, 0);
        out.count(order.len());
        for state in order {
            let (from, symbol) = reached[&state];
            out.number(numbers[&from]);
            out.number(symbol);
            numbers.insert(state, numbers.len() as u32);
        }
        numbers
    }

    /// The states that were written, and nothing else, by number.
    pub(crate) fn load(
        &self,
        grammar: &NormalGrammar,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<Vec<u32>, Malformed> {
        let mut states = vec![INITIAL];
        for _ in 0..from.count(2)? {
            let state = states[from.below(states.len())? as usize];
            let symbol = from.number()?;
            let next = match symbol & 1 {
                0 => self.shift(grammar, state, TerminalId(symbol >> 1)),
                _ => self.goto(grammar, state, NonterminalId(symbol >> 1)),
            };
            states.push(next.ok_or(Malformed("the parser has no such state"))?);
            Malformed::beyond(limit, self.bytes())?;
        }
        from.end()?;
        Ok(states)
    }
}
