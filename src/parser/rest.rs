//! What is the least that has to follow a stack until the sentence is whole?
//!
//! Terminals have costs. The cheapest text of a nonterminal is Knuth's generalisation of Dijkstra's algorithm (1977), found
//! once for a grammar. What a stack still needs is additive: the rest of a production whose beginning lies on top, then what
//! is needed once that production has been replaced by its left-hand side. *Rests* keep the latter for a node and a
//! nonterminal on it, so that a stack that grew by a few levels asks for a few more of them.

use std::{cmp::Reverse, collections::BinaryHeap};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{
    lr::LrTable,
    normal::NormalGrammar,
    stack::{SetId, StackTable},
};
use crate::{TerminalId, fuel::Fuel, grammar::Symbol, ids::NonterminalId};

/// Nodes that are looked at below one item on a stack.
const STEPS: u64 = 100_000;

/// What a text costs; sums are saturated, [`Cost::MAX`] is none at all.
pub(crate) type Cost = u64;

/// The cheapest texts of all symbols, given those of the terminals.
#[derive(Debug)]
pub(crate) struct Shortest {
    /// Of each item: what follows its dot.
    after: Vec<Cost>,
    /// Of each item: the terminal that begins the cheapest text of what follows its dot.
    first: Vec<Option<TerminalId>>,
}

/// A terminal that may come next, and the cost of it and of all that follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Way {
    pub(crate) cost: Cost,
    pub(crate) terminal: TerminalId,
}

/// What is left after a nonterminal on a node; grows with the stacks that are asked about.
#[derive(Debug, Default)]
pub(crate) struct Rests(papaya::HashMap<(u32, NonterminalId), Cost, FxBuildHasher>);

impl Shortest {
    /// Finds them. O(size of the grammar times the logarithm of its productions).
    pub(crate) fn new(grammar: &NormalGrammar, terminals: &[Cost]) -> Self {
        let count = grammar.by_lhs.len();
        let mut costs = vec![Cost::MAX; count];
        let mut best = vec![None; count];
        // Nonterminals of a production whose costs are not known yet, and the sum of what is.
        let mut missing = Vec::with_capacity(grammar.productions.len());
        let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut heap = BinaryHeap::new();
        for (id, (lhs, rhs)) in (0u32..).zip(&grammar.productions) {
            let (mut sum, mut unknown) = (0 as Cost, 0);
            for symbol in rhs {
                match symbol {
                    Symbol::Terminal(t) => sum = sum.saturating_add(terminals[t.index()]),
                    Symbol::Nonterminal(n) => {
                        unknown += 1;
                        waiting[n.index()].push(id);
                    }
                }
            }
            if unknown == 0 {
                heap.push(Reverse((sum, id, *lhs)));
            }
            missing.push((unknown, sum));
        }
        while let Some(Reverse((sum, id, lhs))) = heap.pop() {
            if best[lhs.index()].is_some() || sum == Cost::MAX {
                continue;
            }
            best[lhs.index()] = Some(id);
            costs[lhs.index()] = sum;
            for &production in &waiting[lhs.index()] {
                let (unknown, known) = &mut missing[production as usize];
                *unknown -= 1;
                *known = known.saturating_add(sum);
                if *unknown == 0 {
                    let lhs = grammar.productions[production as usize].0;
                    heap.push(Reverse((*known, production, lhs)));
                }
            }
        }
        // The first terminal of each nonterminal; the chain of first symbols ends, as costs fall along it or, where they are
        // equal, each was found before the one above it.
        let first_of = |mut symbol: Symbol| loop {
            match symbol {
                Symbol::Terminal(t) => return Some(t),
                Symbol::Nonterminal(n) => {
                    symbol = grammar.productions[best[n.index()]? as usize].1[0];
                }
            }
        };
        let firsts: Vec<Option<TerminalId>> =
            (0..count).map(|n| first_of(Symbol::Nonterminal(NonterminalId::new(n)))).collect();
        let mut after = vec![0; grammar.production_of.len()];
        let mut first = vec![None; after.len()];
        for (id, (_, rhs)) in grammar.productions.iter().enumerate() {
            let item = grammar.first_item[id] as usize;
            for (at, symbol) in rhs.iter().enumerate().rev() {
                let (cost, begin) = match symbol {
                    Symbol::Terminal(t) => (terminals[t.index()], Some(*t)),
                    Symbol::Nonterminal(n) => (costs[n.index()], firsts[n.index()]),
                };
                after[item + at] = cost.saturating_add(after[item + at + 1]);
                first[item + at] = begin;
            }
        }
        Self { after, first }
    }
}

/// What a stack is asked with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) stacks: &'a StackTable,
    pub(crate) lr: &'a LrTable,
    pub(crate) grammar: &'a NormalGrammar,
    pub(crate) shortest: &'a Shortest,
    pub(crate) rests: &'a Rests,
}

/// What follows an item on a stack: its production is reduced on these nodes, or the sentence is whole.
enum Then {
    Whole,
    Reduced(NonterminalId, Vec<u32>),
}

/// A nonterminal on a node.
type Place = (u32, NonterminalId);

impl Rests {
    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 40
    }
}

impl Ask<'_> {
    /// The cost of the cheapest end of a sentence from here.
    pub(crate) fn least(&self, set: SetId) -> Cost {
        let items = self.tops(set);
        let costs = items.into_iter().map(|(item, then)| {
            self.shortest.after[item as usize].saturating_add(self.then(&then))
        });
        costs.min().unwrap_or(Cost::MAX)
    }

    /// The terminals that begin the cheapest ends of a sentence from here, the cheapest first: of each way on, the first one.
    pub(crate) fn ways(&self, set: SetId) -> Vec<Way> {
        let mut ways: FxHashMap<TerminalId, Cost> = FxHashMap::default();
        let mut work = self.tops(set);
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some((item, then)) = work.pop() {
            match (self.shortest.first[item as usize], then) {
                (Some(terminal), then) => {
                    let cost = self.shortest.after[item as usize].saturating_add(self.then(&then));
                    let known = ways.entry(terminal).or_insert(Cost::MAX);
                    *known = cost.min(*known);
                }
                (None, Then::Reduced(lhs, nodes)) if self.is_end(item) => {
                    for node in nodes.into_iter().filter(|node| seen.insert((*node, lhs))) {
                        work.extend(self.above((node, lhs)));
                    }
                }
                (None, _) => {}
            }
        }
        let mut ways: Vec<Way> = ways
            .into_iter()
            .filter(|(_, cost)| *cost != Cost::MAX)
            .map(|(terminal, cost)| Way { cost, terminal })
            .collect();
        ways.sort_unstable();
        ways
    }

    fn is_end(&self, item: u32) -> bool {
        let production = self.grammar.production_of[item as usize] as usize;
        let length = self.grammar.productions[production].1.len();
        (item - self.grammar.first_item[production]) as usize == length
    }

    /// The items on top of a set.
    fn tops(&self, set: SetId) -> Vec<(u32, Then)> {
        let nodes = self.stacks.nodes_of(set);
        nodes
            .iter()
            .flat_map(|node| self.items(self.stacks.node_parts(*node).0, *node, 1))
            .collect()
    }

    /// The items after a nonterminal on a node.
    fn above(&self, (node, lhs): Place) -> Vec<(u32, Then)> {
        match self.lr.goto(self.grammar, self.stacks.node_parts(node).0, lhs) {
            Some(state) => self.items(state, node, 0),
            None => Vec::new(),
        }
    }

    /// The items of a state that lies on this node, or, with `own`, is this node's.
    fn items(&self, state: u32, node: u32, own: u32) -> Vec<(u32, Then)> {
        let mut found = Vec::new();
        let mut below = Vec::new();
        for &item in &self.lr.get(state).kernel {
            let production = self.grammar.production_of[item as usize];
            let read = item - self.grammar.first_item[production as usize];
            if production == self.grammar.start_production {
                found.push((item, Then::Whole));
                continue;
            }
            let mut ends = vec![node];
            let levels = (read + own).saturating_sub(1);
            // What cannot be counted is not part of the cheapest end that is found.
            let mut fuel = Fuel::new(STEPS, None);
            if self.stacks.descend(&mut ends, &mut below, levels, &mut fuel).is_err() {
                continue;
            }
            let lhs = self.grammar.productions[production as usize].0;
            found.push((item, Then::Reduced(lhs, ends)));
        }
        found
    }

    fn then(&self, then: &Then) -> Cost {
        match then {
            Then::Whole => 0,
            Then::Reduced(lhs, nodes) => {
                nodes.iter().map(|node| self.rest((*node, *lhs))).min().unwrap_or(Cost::MAX)
            }
        }
    }

    /// What is left after a nonterminal on a node.
    fn rest(&self, place: Place) -> Cost {
        if let Some(known) = self.rests.0.pin().get(&place) {
            return *known;
        }
        self.find(place);
        self.rests.0.pin().get(&place).copied().unwrap_or(Cost::MAX)
    }

    /// Finds what is left after all places that this one leads to and that are not known: their edges first, then the
    /// shortest ways backwards (Dijkstra 1959).
    fn find(&self, place: Place) {
        let mut places = vec![place];
        let mut numbers: FxHashMap<Place, usize> = FxHashMap::from_iter([(place, 0)]);
        let mut costs = vec![Cost::MAX];
        // For each place those before it, and the cost between.
        let mut before: Vec<Vec<(usize, Cost)>> = vec![Vec::new()];
        let known = self.rests.0.pin();
        let mut at = 0;
        while at < places.len() {
            for (item, then) in self.above(places[at]) {
                let cost = self.shortest.after[item as usize];
                if cost == Cost::MAX {
                    continue;
                }
                let Then::Reduced(lhs, nodes) = then else {
                    costs[at] = costs[at].min(cost);
                    continue;
                };
                for node in nodes {
                    if let Some(rest) = known.get(&(node, lhs)) {
                        costs[at] = costs[at].min(cost.saturating_add(*rest));
                        continue;
                    }
                    let number = *numbers.entry((node, lhs)).or_insert_with(|| {
                        places.push((node, lhs));
                        costs.push(Cost::MAX);
                        before.push(Vec::new());
                        places.len() - 1
                    });
                    before[number].push((at, cost));
                }
            }
            at += 1;
        }
        let mut heap: BinaryHeap<_> = (costs.iter().enumerate())
            .filter(|(_, cost)| **cost != Cost::MAX)
            .map(|(number, cost)| Reverse((*cost, number)))
            .collect();
        while let Some(Reverse((cost, number))) = heap.pop() {
            if cost > costs[number] {
                continue;
            }
            for &(earlier, between) in &before[number] {
                let through = cost.saturating_add(between);
                if through < costs[earlier] {
                    costs[earlier] = through;
                    heap.push(Reverse((through, earlier)));
                }
            }
        }
        for (place, cost) in places.into_iter().zip(costs) {
            known.insert(place, cost);
        }
    }
}
