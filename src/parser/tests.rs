//! Closures and advances against a slow twin that does one reduction after another.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{LrTable, NormalGrammar, Pop, SetId, StackTable};
use crate::{
    CompiledGrammar, Limits, TerminalId,
    bitset::BitSet,
    grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal},
};

/// Terminals and nonterminals of random grammars.
const SYMBOLS: usize = 4;

/// The grammar of these productions: a left-hand side, and symbols, terminals first.
fn compile(productions: &[(usize, Vec<usize>)]) -> Option<std::sync::Arc<CompiledGrammar>> {
    let mut builder = GrammarBuilder::new("test", Lexing::Contextual);
    for name in ["a", "b", "c", "d"] {
        let pattern = regex_syntax::parse(name).expect("an expression");
        builder.terminal(Terminal::new(name, Regular::Hir(pattern)));
    }
    let ids: Vec<_> = (0..SYMBOLS).map(|i| builder.nonterminal(format!("n{i}"))).collect();
    for (lhs, rhs) in productions {
        let symbol = |symbol: &usize| match symbol.checked_sub(SYMBOLS) {
            None => Symbol::Terminal(TerminalId::new(*symbol)),
            Some(nonterminal) => Symbol::Nonterminal(ids[nonterminal]),
        };
        builder.production(ids[*lhs], rhs.iter().map(symbol).collect());
    }
    CompiledGrammar::new(&builder.finish(ids[0]), &Limits::default()).ok()
}

/// The parser of a grammar, and its stacks.
struct Slow<'a> {
    lr: &'a LrTable,
    grammar: &'a NormalGrammar,
    stacks: &'a StackTable,
}

/// States, each over some nodes.
type Level = BTreeMap<u32, BTreeSet<u32>>;

impl Slow<'_> {
    /// Where a state over a node is reduced to: states over nodes.
    fn reduced(&self, state: u32, over: u32) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        for &(lhs, length) in &self.lr.get(state).reductions {
            let mut ends = BTreeSet::from([over]);
            for _ in 1..length {
                let below = ends.iter().flat_map(|end| self.stacks.node_parts(*end).1);
                ends = below.copied().collect();
            }
            all.extend(ends.into_iter().filter_map(|end| {
                let target = self.lr.goto(self.grammar, self.stacks.node_parts(end).0, lhs)?;
                Some((target, end))
            }));
        }
        all
    }

    /// All that reductions make of a set, itself left out.
    fn closure(&self, set: SetId) -> Level {
        let mut level = Level::new();
        let parts = self.stacks.nodes_of(set).iter().map(|node| self.stacks.node_parts(*node));
        let mut work: Vec<(u32, u32)> =
            parts.flat_map(|(state, below)| below.iter().map(move |node| (state, *node))).collect();
        while let Some((state, over)) = work.pop() {
            for (target, end) in self.reduced(state, over) {
                if level.entry(target).or_default().insert(end) {
                    work.push((target, end));
                }
            }
        }
        level
    }

    /// The states after a terminal, with what must be reduced.
    fn advance(&self, set: SetId, terminal: TerminalId) -> Level {
        let own = self.stacks.nodes_of(set).iter().copied();
        let level = self.closure(set).into_iter().map(|(state, below)| {
            self.stacks.node(state, &mut below.into_iter().collect::<Vec<u32>>())
        });
        let mut after = Level::new();
        for node in own.chain(level) {
            let state = self.stacks.node_parts(node).0;
            if let Some(target) = self.lr.shift(self.grammar, state, terminal) {
                after.entry(target).or_default().insert(node);
            }
        }
        let is_forced = |state: &u32| {
            let state = self.lr.get(*state);
            state.viable.is_empty() && !state.accepts && !state.reductions.is_empty()
        };
        let (mut settled, mut met) = (Level::new(), BTreeSet::new());
        let pairs =
            after.into_iter().flat_map(|(state, below)| below.into_iter().map(move |b| (state, b)));
        let mut work: Vec<(u32, u32)> = pairs.collect();
        while let Some((state, over)) = work.pop() {
            if !met.insert((state, over)) {
            } else if is_forced(&state) {
                work.extend(self.reduced(state, over));
            } else {
                settled.entry(state).or_default().insert(over);
            }
        }
        settled
    }

    /// Compares what is known of a set with what is found slowly; gives the sets after it.
    fn compare(&self, set: SetId) -> Vec<SetId> {
        let Self { lr, grammar, stacks } = self;
        let ignored = BitSet::new(grammar.terminals);
        let known = stacks.closure(lr, grammar, &ignored, set);
        if known.steps == u64::MAX {
            return Vec::new();
        }
        let level = self.closure(set);
        let nodes = stacks.nodes_of(set).iter().map(|node| stacks.node_parts(*node));
        let all: Vec<u32> = nodes.clone().map(|part| part.0).chain(level.keys().copied()).collect();
        let mut viable = ignored.clone();
        let mut shifting = BTreeSet::new();
        for &state in &all {
            viable.union_with(&lr.get(state).viable);
            shifting.extend((!lr.get(state).viable.is_empty()).then_some(state));
        }
        assert_eq!(known.viable, viable);
        let is_empty = grammar.empty_sentence() && nodes.clone().any(|(_, below)| below.is_empty());
        let complete = is_empty || all.iter().any(|state| lr.get(*state).accepts);
        assert_eq!(known.complete, complete);
        let states: Vec<u32> = known.states().filter(|state| *state != super::COMPLETE).collect();
        assert_eq!(states, shifting.into_iter().collect::<Vec<u32>>());
        let terminals = viable.iter().map(TerminalId::new);
        let next = terminals.filter_map(|terminal| {
            let next = stacks.advance(lr, grammar, &ignored, set, terminal);
            if next == SetId::CUT {
                return None;
            }
            let parts = stacks.nodes_of(next).iter().map(|node| stacks.node_parts(*node));
            let found: Level =
                parts.map(|(state, below)| (state, below.iter().copied().collect())).collect();
            assert_eq!(found, self.advance(set, terminal));
            self.compare_above(set, terminal, next);
            Some(next)
        });
        next.collect()
    }

    /// Compares the states that something can be shifted from after a terminal with what is known of each state before it, and of
    /// what is left when that is taken away.
    fn compare_above(&self, set: SetId, terminal: TerminalId, next: SetId) {
        let Self { lr, grammar, stacks } = self;
        let ignored = BitSet::new(grammar.terminals);
        let closure = |set: SetId| stacks.closure(lr, grammar, &ignored, set);
        let before = closure(set);
        let mut states = BTreeSet::new();
        for (top, state) in (0..).map_while(|top| Some((top, before.top(top)?))) {
            if state == super::COMPLETE || !lr.get(state).viable.contains(terminal.index()) {
                continue;
            }
            let above = lr.above_shift(grammar, state, terminal);
            states.extend(above.states);
            for pop in above.pops {
                let (after, _) = stacks.pop((lr, grammar), (before, top), pop);
                if after == SetId::CUT || closure(after).steps == u64::MAX {
                    return;
                }
                states.extend(closure(after).states());
                // As it is, seen from one state further down.
                let deeper = Pop { levels: pop.levels + 1, ..pop };
                assert_eq!(lr.above_pop(grammar, state, deeper).pops.as_slice(), [pop]);
            }
        }
        if closure(next).steps < u64::MAX {
            assert_eq!(closure(next).states().collect::<BTreeSet<u32>>(), states);
        }
    }
}

/// Reads all terminals that can come, so many sets; how many were compared. What takes too many steps is left out.
fn compare(grammar: &CompiledGrammar, most: usize) -> usize {
    let stacks = StackTable::new(1 << 10);
    let slow = Slow { lr: &grammar.lr, grammar: &grammar.normal, stacks: &stacks };
    let (mut sets, mut at) = (vec![SetId::START], 0);
    while at < sets.len().min(most) {
        for next in slow.compare(sets[at]) {
            if !sets.contains(&next) {
                sets.push(next);
            }
        }
        at += 1;
    }
    at
}

#[test]
fn levels_of_operators_are_reduced_as_one_by_one() {
    // n0: n0 a n1 | n1; n1: n1 b n2 | n2; n2: n3; n3: c n0 d | d
    let productions = [
        (0, vec![4, 0, 5]),
        (0, vec![5]),
        (1, vec![5, 1, 6]),
        (1, vec![6]),
        (2, vec![7]),
        (3, vec![2, 4, 3]),
        (3, vec![3]),
    ];
    let grammar = compile(&productions).expect("a grammar");
    assert_eq!(compare(&grammar, 300), 300);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_grammars_are_reduced_as_one_by_one(
        productions in prop::collection::vec(
            (0..SYMBOLS, prop::collection::vec(0..2 * SYMBOLS, 0..4)),
            3..14,
        ),
    ) {
        if let Some(grammar) = compile(&productions) {
            compare(&grammar, 40);
        }
    }
}
