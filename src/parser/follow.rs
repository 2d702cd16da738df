//! Which terminals can stand beside each other in a sentence? Ignored ones not counted.
//!
//! What a token does to a lexer is tabulated whatever the parser says, so that many parsers' places share a table. Where many
//! terminals look alike, a run of signs has exponentially many readings; nearly all of them have two neighbours that no
//! sentence has.

use super::normal::NormalGrammar;
use crate::{TerminalId, bitset::BitSet, grammar::Symbol, ids::NonterminalId};

/// Terminal -> terminals that can come next.
#[derive(Debug)]
pub(crate) struct Follow {
    next: Vec<BitSet>,
}

impl Follow {
    /// Of a grammar without empty productions. Cost: a few passes over the productions.
    pub(super) fn new(grammar: &NormalGrammar) -> Self {
        let count = grammar.terminals;
        let first = edges(grammar, |rhs| rhs[0]);
        let last = edges(grammar, |rhs| rhs[rhs.len() - 1]);
        // What comes after each nonterminal, then after its last terminals.
        let mut after = vec![BitSet::new(count); grammar.by_lhs.len()];
        let mut next = vec![BitSet::new(count); count];
        for (_, rhs) in &grammar.productions {
            for pair in rhs.windows(2) {
                let of = match pair[0] {
                    Symbol::Terminal(terminal) => &mut next[terminal.index()],
                    Symbol::Nonterminal(n) => &mut after[n.index()],
                };
                match pair[1] {
                    Symbol::Terminal(terminal) => of.insert(terminal.index()),
                    Symbol::Nonterminal(n) => {
                        of.union_with(&first[n.index()]);
                    }
                }
            }
        }
        for (after, last) in after.iter().zip(&last) {
            for terminal in last.iter() {
                next[terminal].union_with(after);
            }
        }
        Self { next }
    }

    /// Terminals that can come right after this one.
    #[inline]
    pub(crate) fn after(&self, terminal: TerminalId) -> &BitSet {
        &self.next[terminal.index()]
    }
}

/// The terminals at one end of what each nonterminal derives.
fn edges(grammar: &NormalGrammar, edge: fn(&[Symbol]) -> Symbol) -> Vec<BitSet> {
    let count = grammar.by_lhs.len();
    let mut sets = vec![BitSet::new(grammar.terminals); count];
    let mut users: Vec<Vec<NonterminalId>> = vec![Vec::new(); count];
    for (lhs, rhs) in &grammar.productions {
        match edge(rhs) {
            Symbol::Terminal(terminal) => sets[lhs.index()].insert(terminal.index()),
            Symbol::Nonterminal(n) => users[n.index()].push(*lhs),
        }
    }
    let mut work: Vec<usize> = (0..count).collect();
    let mut waiting = vec![true; count];
    while let Some(n) = work.pop() {
        waiting[n] = false;
        let set = sets[n].clone();
        for user in &users[n] {
            if sets[user.index()].union_with(&set)
                && !std::mem::replace(&mut waiting[user.index()], true)
            {
                work.push(user.index());
            }
        }
    }
    sets
}
