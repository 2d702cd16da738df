//! Which terminals can stand beside each other in a sentence? Ignored ones not counted.
//!
//! What a token does to a lexer is tabulated whatever the parser says, so that many parsers' places share a table. Where many
//! terminals look alike, a run of signs has exponentially many readings; nearly all of them have two neighbours that no
//! sentence has.

use super::{components::components, normal::NormalGrammar};
use crate::{TerminalId, bitset::BitSet, grammar::Symbol};

/// Terminal -> terminals that can come next.
#[derive(Debug)]
pub(crate) struct Follow {
    next: Vec<BitSet>,
}

impl Follow {
    /// Of a grammar without empty productions. Cost: a few passes over the productions.
    pub(super) fn new(grammar: &NormalGrammar) -> Self {
        let count = grammar.terminals;
        let first = Edges::new(grammar, |rhs| rhs[0]);
        let last = Edges::new(grammar, |rhs| rhs[rhs.len() - 1]);
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
                        of.union_with(first.of(n.index()));
                    }
                }
            }
        }
        // All of a component have the same last terminals.
        let mut behind = vec![BitSet::new(count); last.sets.len()];
        for (after, component) in after.iter().zip(&last.component) {
            behind[*component].union_with(after);
        }
        for (behind, last) in behind.iter().zip(&last.sets) {
            for terminal in last.iter() {
                next[terminal].union_with(behind);
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
struct Edges {
    /// Nonterminal -> those that have this end in common with it.
    component: Vec<usize>,
    /// By component.
    sets: Vec<BitSet>,
}

impl Edges {
    fn new(grammar: &NormalGrammar, edge: fn(&[Symbol]) -> Symbol) -> Self {
        let count = grammar.by_lhs.len();
        // Nonterminal -> those that some production of it has at that end.
        let mut same_end: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (lhs, rhs) in &grammar.productions {
            if let Symbol::Nonterminal(n) = edge(rhs) {
                same_end[lhs.index()].push(n.index());
            }
        }
        for same in &mut same_end {
            same.sort_unstable();
            same.dedup();
        }
        let component = components(&same_end);
        let mut sets = vec![BitSet::new(grammar.terminals); count];
        for (lhs, rhs) in &grammar.productions {
            if let Symbol::Terminal(terminal) = edge(rhs) {
                sets[component[lhs.index()]].insert(terminal.index());
            }
        }
        // A component's number is above those of what its members have at that end.
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_unstable_by_key(|n| component[*n]);
        for n in order {
            let (below, own) = sets.split_at_mut(component[n]);
            for same in same_end[n].iter().filter(|same| component[**same] < below.len()) {
                own[0].union_with(&below[component[*same]]);
            }
        }
        Self { component, sets }
    }

    fn of(&self, nonterminal: usize) -> &BitSet {
        &self.sets[self.component[nonterminal]]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Limits,
        grammar::{GrammarBuilder, Lexing, Regular, Terminal},
    };

    /// The pairs by their definition, until nothing is new.
    fn pairs(grammar: &NormalGrammar) -> BTreeSet<(usize, usize)> {
        // (nonterminal, whether its last ones, terminal)
        let mut ends: BTreeSet<(usize, bool, usize)> = BTreeSet::new();
        let of = |ends: &BTreeSet<(usize, bool, usize)>, symbol: Symbol, last: bool| match symbol {
            Symbol::Terminal(terminal) => vec![terminal.index()],
            Symbol::Nonterminal(n) => {
                let own = ends.iter().filter(|end| (end.0, end.1) == (n.index(), last));
                own.map(|end| end.2).collect()
            }
        };
        loop {
            let before = ends.len();
            for (lhs, rhs) in &grammar.productions {
                for (symbol, last) in [(rhs[0], false), (rhs[rhs.len() - 1], true)] {
                    let found = of(&ends, symbol, last);
                    ends.extend(found.into_iter().map(|terminal| (lhs.index(), last, terminal)));
                }
            }
            if ends.len() == before {
                break;
            }
        }
        let mut pairs = BTreeSet::new();
        for pair in grammar.productions.iter().flat_map(|(_, rhs)| rhs.windows(2)) {
            for a in of(&ends, pair[0], true) {
                pairs.extend(of(&ends, pair[1], false).into_iter().map(|b| (a, b)));
            }
        }
        pairs
    }

    proptest! {
        #[test]
        fn neighbours_are_those_that_some_production_has_side_by_side(
            productions in proptest::collection::vec(
                (0usize..5, proptest::collection::vec(0usize..9, 1..4)),
                1..16,
            ),
        ) {
            let mut builder = GrammarBuilder::new("random", Lexing::Longest);
            let terminals = ["a", "b", "c", "d"].map(|letter| {
                let regular = Regular::Hir(regex_syntax::parse(letter).unwrap());
                builder.terminal(Terminal::new(letter.to_uppercase(), regular))
            });
            let nonterminals =
                ["s", "t", "u", "v", "w"].map(|name| builder.nonterminal(name));
            let symbol = |of: usize| match of.checked_sub(5) {
                None => Symbol::Nonterminal(nonterminals[of]),
                Some(of) => Symbol::Terminal(terminals[of]),
            };
            for (lhs, rhs) in &productions {
                builder.production(nonterminals[*lhs], rhs.iter().map(|of| symbol(*of)).collect());
            }
            builder.production(nonterminals[0], vec![symbol(5)]);
            let grammar = builder.finish(nonterminals[0]);
            let unreadable = BitSet::new(4);
            let normal = NormalGrammar::new(&grammar, &unreadable, &Limits::default());
            let normal = normal.unwrap();
            let follow = Follow::new(&normal);
            let found: BTreeSet<(usize, usize)> = (0..4)
                .flat_map(|a| follow.next[a].iter().map(move |b| (a, b)))
                .collect();
            prop_assert_eq!(found, pairs(&normal));
        }
    }
}
