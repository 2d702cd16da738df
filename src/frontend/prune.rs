//! What of a grammar derives a text: productions that never end, and what only they use, are taken out.

use std::collections::HashSet;

use crate::{
    NonterminalId, ProductionId, TerminalId,
    grammar::{Grammar, Nonterminal, Production, Symbol, Terminal},
};

/// The grammar without productions that derive no text, and without symbols that the start then does not reach. Ignored
/// terminals stay, and those of `keep`. A grammar whose start derives nothing is left as it is, to be refused as such.
pub(super) fn prune(mut grammar: Grammar, keep: &HashSet<TerminalId>) -> Grammar {
    let productive = productive(&grammar);
    if !productive[grammar.start.index()] || productive.iter().all(|productive| *productive) {
        return grammar;
    }
    let derives = |symbol: &Symbol| match symbol {
        Symbol::Terminal(_) => true,
        Symbol::Nonterminal(id) => productive[id.index()],
    };
    grammar.productions.retain(|p| productive[p.lhs.index()] && p.rhs.iter().all(derives));
    keep_reached(grammar, keep)
}

/// Whether each nonterminal derives a text: a least fixpoint, by a work list over occurrences.
fn productive(grammar: &Grammar) -> Vec<bool> {
    let mut holds = vec![false; grammar.nonterminals.len()];
    let mut waiting: Vec<Vec<ProductionId>> = vec![Vec::new(); grammar.nonterminals.len()];
    let mut missing = Vec::with_capacity(grammar.productions.len());
    let mut work = Vec::new();
    for (index, Production { lhs, rhs }) in grammar.productions.iter().enumerate() {
        let mut count = 0;
        for symbol in rhs {
            if let Symbol::Nonterminal(id) = symbol {
                count += 1;
                waiting[id.index()].push(ProductionId::new(index));
            }
        }
        missing.push(count);
        if count == 0 && !std::mem::replace(&mut holds[lhs.index()], true) {
            work.push(*lhs);
        }
    }
    while let Some(id) = work.pop() {
        for production in &waiting[id.index()] {
            missing[production.index()] -= 1;
            let lhs = grammar.productions[production.index()].lhs;
            if missing[production.index()] == 0 && !std::mem::replace(&mut holds[lhs.index()], true)
            {
                work.push(lhs);
            }
        }
    }
    holds
}

/// The grammar without what its start does not reach; ids are given anew, in the same order.
fn keep_reached(grammar: Grammar, keep: &HashSet<TerminalId>) -> Grammar {
    let mut by_lhs: Vec<Vec<usize>> = vec![Vec::new(); grammar.nonterminals.len()];
    for (index, production) in grammar.productions.iter().enumerate() {
        by_lhs[production.lhs.index()].push(index);
    }
    let mut nonterminals = vec![false; grammar.nonterminals.len()];
    let mut terminals: Vec<bool> = (0..grammar.terminals.len())
        .map(|index| grammar.terminals[index].ignore || keep.contains(&TerminalId::new(index)))
        .collect();
    nonterminals[grammar.start.index()] = true;
    let mut work = vec![grammar.start];
    while let Some(lhs) = work.pop() {
        for &production in &by_lhs[lhs.index()] {
            for symbol in &grammar.productions[production].rhs {
                match *symbol {
                    Symbol::Terminal(id) => terminals[id.index()] = true,
                    Symbol::Nonterminal(id) => {
                        if !std::mem::replace(&mut nonterminals[id.index()], true) {
                            work.push(id);
                        }
                    }
                }
            }
        }
    }
    let (terminal_ids, nonterminal_ids) = (numbered(&terminals), numbered(&nonterminals));
    let nonterminal = |id: NonterminalId| NonterminalId::new(nonterminal_ids[id.index()]);
    let symbol = |symbol: Symbol| match symbol {
        Symbol::Terminal(id) => Symbol::Terminal(TerminalId::new(terminal_ids[id.index()])),
        Symbol::Nonterminal(id) => Symbol::Nonterminal(nonterminal(id)),
    };
    let productions = grammar.productions.into_iter().filter(|p| nonterminals[p.lhs.index()]);
    Grammar {
        productions: productions
            .map(|p| Production {
                lhs: nonterminal(p.lhs),
                rhs: p.rhs.into_iter().map(symbol).collect(),
            })
            .collect(),
        start: nonterminal(grammar.start),
        phrases: grammar
            .phrases
            .into_iter()
            .filter(|(rule, _)| nonterminals[rule.index()])
            .map(|(rule, words)| (nonterminal(rule), words))
            .collect(),
        terminals: kept::<Terminal>(grammar.terminals, &terminals)
            .into_iter()
            .map(|terminal| Terminal {
                not_before: terminal
                    .not_before
                    .into_iter()
                    .filter(|id| terminals[id.index()])
                    .map(|id| TerminalId::new(terminal_ids[id.index()]))
                    .collect(),
                ..terminal
            })
            .collect(),
        nonterminals: kept::<Nonterminal>(grammar.nonterminals, &nonterminals),
        ..grammar
    }
}

/// The new index of each thing that is kept.
fn numbered(kept: &[bool]) -> Vec<usize> {
    kept.iter()
        .scan(0, |next, &kept| {
            let id = *next;
            *next += usize::from(kept);
            Some(id)
        })
        .collect()
}

fn kept<T>(things: Vec<T>, kept: &[bool]) -> Vec<T> {
    things.into_iter().zip(kept).filter_map(|(thing, &kept)| kept.then_some(thing)).collect()
}
