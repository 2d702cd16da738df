//! Which terminals make a sentence that uses a given production?
//!
//! Chance alone seldom reaches what lies deep in a grammar. A plan goes straight to a production from the start and ends
//! everything else soon; now and then it takes another way, so that two plans for one production differ.

use crate::{
    TerminalId,
    grammar::{Grammar, Symbol},
};

use super::steer::{length, shortest};

/// Symbols of a plan after which everything is ended as soon as possible.
const ROOMY: usize = 24;

/// Plans for a grammar's productions.
#[derive(Debug, Default)]
pub(super) struct Plans {
    /// Productions that the start reaches and that derive texts.
    targets: Vec<u32>,
    /// For each nonterminal the production with the shortest text.
    ends: Vec<Option<u32>>,
    /// For each nonterminal but the start: a production that has it, and where, on the shortest way from the start.
    ways: Vec<Option<(u32, usize)>>,
    /// Productions by left-hand side, those that derive texts.
    by_lhs: Vec<Vec<u32>>,
}

impl Plans {
    /// Cost: a few passes over the productions.
    pub(super) fn new(grammar: &Grammar) -> Self {
        let (lengths, ends) = shortest(grammar);
        let count = grammar.nonterminals().len();
        let mut by_lhs = vec![Vec::new(); count];
        let mut sums = Vec::with_capacity(grammar.productions().len());
        for (i, production) in grammar.productions().iter().enumerate() {
            let sum = production
                .rhs
                .iter()
                .fold(0u32, |sum, symbol| sum.saturating_add(length(&lengths, *symbol)));
            if sum != u32::MAX {
                by_lhs[production.lhs.index()].push(i as u32);
            }
            sums.push(sum);
        }
        // Terminals around a nonterminal in the shortest sentence that has it (Bellman and Ford).
        let mut around = vec![u32::MAX; count];
        around[grammar.start().index()] = 0;
        let mut ways = vec![None; count];
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (i, production) in grammar.productions().iter().enumerate() {
                let above = around[production.lhs.index()];
                if above == u32::MAX || sums[i] == u32::MAX {
                    continue;
                }
                for (at, symbol) in production.rhs.iter().enumerate() {
                    let Symbol::Nonterminal(n) = *symbol else { continue };
                    let cost = above.saturating_add(sums[i] - lengths[n.index()]);
                    if cost < around[n.index()] {
                        around[n.index()] = cost;
                        ways[n.index()] = Some((i as u32, at));
                        changed = true;
                    }
                }
            }
        }
        let reached = |p: &u32| around[grammar.productions()[*p as usize].lhs.index()] != u32::MAX;
        let mut targets: Vec<u32> = by_lhs.iter().flatten().copied().filter(reached).collect();
        targets.sort_unstable();
        Self { targets, ends, ways, by_lhs }
    }

    /// The terminals of a sentence that uses one production, all of which have their turn as the number grows; the last
    /// terminal first. `roll(n)` is a number below `n`.
    pub(super) fn make(
        &self,
        grammar: &Grammar,
        number: u64,
        mut roll: impl FnMut(usize) -> usize,
    ) -> Vec<TerminalId> {
        let Some(turn) = number.checked_rem(self.targets.len() as u64) else { return Vec::new() };
        let target = self.targets[turn as usize];
        // From the target up to the start: which production, and where in it the way goes on.
        let mut way = vec![(target, usize::MAX)];
        let mut lhs = grammar.productions()[target as usize].lhs;
        while lhs != grammar.start()
            && let Some(step) = self.ways[lhs.index()]
        {
            way.push(step);
            lhs = grammar.productions()[step.0 as usize].lhs;
        }
        let mut plan = Vec::new();
        // What is still to be written; the mark says which nonterminal is on the way.
        let mut work = vec![(Symbol::Nonterminal(grammar.start()), true)];
        while let Some((symbol, marked)) = work.pop() {
            let nonterminal = match symbol {
                Symbol::Terminal(terminal) => {
                    plan.push(terminal);
                    continue;
                }
                Symbol::Nonterminal(nonterminal) => nonterminal,
            };
            let (production, mark) = match if marked { way.pop() } else { None } {
                Some(step) => step,
                None => {
                    let all = &self.by_lhs[nonterminal.index()];
                    let roomy = plan.len() + work.len() < ROOMY && roll(6) == 0;
                    let ends = if roomy { all.get(roll(all.len().max(1))).copied() } else { None };
                    let Some(chosen) = ends.or(self.ends[nonterminal.index()]) else {
                        return Vec::new();
                    };
                    (chosen, usize::MAX)
                }
            };
            let rhs = &grammar.productions()[production as usize].rhs;
            work.extend(rhs.iter().enumerate().rev().map(|(at, symbol)| (*symbol, at == mark)));
        }
        plan.reverse();
        plan
    }
}

#[cfg(test)]
mod tests {
    use crate::sampling::{Coverage, Sampler, Settings, Taken, Weighting, tests::over_bytes};

    #[test]
    fn every_production_has_its_turn() {
        let text = r#"
            start: call | "{" start* "}"
            call: NAME "(" [value ("," value)*] ")"
            value: NUMBER | call | list | "not" value
            list: "[" value ("+" value)+ "]" | "[" ("few" | "many" | "none") "]"
            NAME: /[a-z]+/
            NUMBER: /[0-9]+/
            %ignore " "
        "#;
        let automaton = over_bytes(text);
        let mut coverage = Coverage::new(automaton.grammar().expect("a grammar"));
        let settings = Settings { weighting: Weighting::Broad, ..Settings::default() };
        let sampler = Sampler::new(automaton, settings);
        let (_, all) = coverage.share();
        for number in 0..all as u64 {
            // Every second walk is planned.
            coverage.add(&sampler.walk(2 * number, &Taken::default()).unwrap().text);
        }
        assert_eq!(coverage.share(), (all, all), "{:?}", coverage.missing());
    }
}
