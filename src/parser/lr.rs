//! LR(0) states, built as stacks visit them.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::{
    chain::{Chain, Reduction},
    normal::NormalGrammar,
};
use crate::{TerminalId, bitset::BitSet, grammar::Symbol, ids::NonterminalId, intern::Interner};

/// A transition: where the kernel that it leads to begins and ends, the state once somebody went there, and what comes of reducing
/// on from there once somebody asked (each plus one).
#[derive(Debug)]
struct Edge {
    begin: u32,
    end: u32,
    target: AtomicU32,
    chain: AtomicU32,
}

/// One item set.
#[derive(Debug)]
pub(super) struct LrState {
    /// The items that it was made of.
    pub(super) kernel: Box<[u32]>,
    /// The kernels that transitions lead to, one after another.
    kernels: Box<[u32]>,
    /// Ascending by terminal.
    shifts: Box<[(TerminalId, Edge)]>,
    /// Ascending by nonterminal.
    gotos: Box<[(NonterminalId, Edge)]>,
    /// What can be reduced: left-hand side and length of the right-hand side.
    pub(super) reductions: Box<[Reduction]>,
    /// Whether the whole text can be reduced to the start symbol here.
    pub(super) accepts: bool,
    /// The terminals that can be shifted.
    pub(super) viable: BitSet,
}

impl LrState {
    /// Whether nothing but reducing can be done.
    pub(super) fn is_forced(&self) -> bool {
        self.viable.is_empty() && !self.accepts && !self.reductions.is_empty()
    }

    fn goto(&self, lhs: NonterminalId) -> Option<&Edge> {
        let at = self.gotos.binary_search_by_key(&lhs, |goto| goto.0).ok()?;
        Some(&self.gotos[at].1)
    }
}

/// All LR(0) states met so far.
#[derive(Debug)]
pub(crate) struct LrTable {
    states: Interner<Box<[u32]>, LrState>,
    chains: boxcar::Vec<Chain>,
    /// What chains take.
    bytes: AtomicUsize,
}

/// The first state.
pub(super) const INITIAL: u32 = 0;

/// Stands for all states that accept: where the text is a sentence.
pub(crate) const COMPLETE: u32 = u32::MAX;

/// What can be read at an LR state, before anything is reduced.
pub(crate) struct Place<'a> {
    state: u32,
    viable: Option<&'a BitSet>,
    ignored: &'a BitSet,
}

impl Place<'_> {
    /// The LR state.
    pub(crate) fn state(&self) -> u32 {
        self.state
    }

    /// Whether the text is a sentence here.
    pub(crate) fn is_complete(&self) -> bool {
        self.viable.is_none()
    }

    /// Whether a terminal can come, or is ignored.
    #[inline]
    pub(crate) fn allows(&self, terminal: TerminalId) -> bool {
        self.ignores(terminal)
            || self.viable.is_some_and(|viable| viable.contains(terminal.index()))
    }

    /// Whether a terminal is ignored.
    #[inline]
    pub(crate) fn ignores(&self, terminal: TerminalId) -> bool {
        self.ignored.contains(terminal.index())
    }

    /// Whether any of some terminals can come.
    #[inline]
    pub(crate) fn allows_any(&self, terminals: &BitSet) -> bool {
        self.viable.is_some_and(|viable| viable.intersects(terminals))
            || self.ignored.intersects(terminals)
    }
}

impl LrTable {
    /// A table with the first state.
    pub(crate) fn new(grammar: &NormalGrammar) -> Self {
        let (states, chains) = (Interner::new(), boxcar::Vec::new());
        let table = Self { states, chains, bytes: AtomicUsize::new(0) };
        let start = grammar.first_item[grammar.start_production as usize];
        let initial = table.state(grammar, &[start]);
        debug_assert_eq!(initial, INITIAL);
        table
    }

    fn state(&self, grammar: &NormalGrammar, kernel: &[u32]) -> u32 {
        self.states.intern(kernel, || {
            let state = build(grammar, kernel);
            let edges = (state.shifts.len() + state.gotos.len()) * 20 + state.kernels.len() * 4;
            let bytes = kernel.len() * 8 + edges + grammar.terminals / 8 + 100;
            (state, bytes)
        })
    }

    fn follow(&self, grammar: &NormalGrammar, state: &LrState, edge: &Edge) -> u32 {
        match edge.target.load(Ordering::Acquire) {
            0 => {
                let kernel = &state.kernels[edge.begin as usize..edge.end as usize];
                let target = self.state(grammar, kernel);
                edge.target.store(target + 1, Ordering::Release);
                target
            }
            known => known - 1,
        }
    }

    /// The state after shifting a terminal.
    pub(super) fn shift(
        &self,
        grammar: &NormalGrammar,
        state: u32,
        terminal: TerminalId,
    ) -> Option<u32> {
        let state = self.states.get(state);
        let at = state.shifts.binary_search_by_key(&terminal, |s| s.0).ok()?;
        Some(self.follow(grammar, state, &state.shifts[at].1))
    }

    /// The state after reducing to a nonterminal.
    pub(super) fn goto(
        &self,
        grammar: &NormalGrammar,
        state: u32,
        lhs: NonterminalId,
    ) -> Option<u32> {
        let state = self.states.get(state);
        Some(self.follow(grammar, state, state.goto(lhs)?))
    }

    /// What comes of reducing to a nonterminal over a state.
    pub(super) fn chain(
        &self,
        grammar: &NormalGrammar,
        below: u32,
        lhs: NonterminalId,
    ) -> Option<&Chain> {
        let state = self.states.get(below);
        let edge = state.goto(lhs)?;
        let known = match edge.chain.load(Ordering::Acquire) {
            0 => {
                let first = self.follow(grammar, state, edge);
                let chain = Chain::new(self, grammar, below, first);
                self.bytes.fetch_add(chain.bytes(), Ordering::Relaxed);
                let number = self.chains.push(chain);
                edge.chain.store(number as u32 + 1, Ordering::Release);
                number
            }
            known => known as usize - 1,
        };
        Some(&self.chains[known])
    }

    /// The transitions of a state that somebody took, and where they lead.
    pub(super) fn visited(&self, state: u32) -> impl Iterator<Item = (Symbol, u32)> + '_ {
        let state = self.states.get(state);
        let shifts =
            state.shifts.iter().map(|(terminal, edge)| (Symbol::Terminal(*terminal), edge));
        let gotos = state.gotos.iter().map(|(lhs, edge)| (Symbol::Nonterminal(*lhs), edge));
        shifts.chain(gotos).filter_map(|(symbol, edge)| {
            Some((symbol, edge.target.load(Ordering::Acquire).checked_sub(1)?))
        })
    }

    pub(super) fn get(&self, state: u32) -> &LrState {
        self.states.get(state)
    }

    /// A state as a place to read from.
    pub(crate) fn place<'a>(&'a self, ignored: &'a BitSet, state: u32) -> Place<'a> {
        let viable = (state != COMPLETE).then(|| &self.get(state).viable);
        Place { state, viable, ignored }
    }

    /// Number of states.
    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.states.bytes() + self.bytes.load(Ordering::Relaxed)
    }
}

/// Marks nonterminals among symbols.
const NONTERMINAL: u64 = 1 << 63;

/// Closure of a kernel, its items grouped by the symbol after the dot.
fn build(grammar: &NormalGrammar, kernel: &[u32]) -> LrState {
    /// Room for most closures at once.
    const ROOM: usize = 256;
    // The symbol that an item goes on with, and the item after it: sorted, those of one symbol are a kernel.
    let mut moves: Vec<u64> = Vec::with_capacity(ROOM);
    let mut reductions = Vec::new();
    let mut accepts = false;
    let mut closed = BitSet::new(grammar.by_lhs.len());
    let mut items = Vec::with_capacity(ROOM);
    items.extend_from_slice(kernel);
    let mut at = 0;
    while at < items.len() {
        let item = items[at];
        at += 1;
        match grammar.symbol_of[item as usize] {
            None => {
                let production = grammar.production_of[item as usize];
                let (lhs, rhs) = &grammar.productions[production as usize];
                match production == grammar.start_production {
                    true => accepts = true,
                    false => reductions.push((*lhs, rhs.len() as u32)),
                }
            }
            Some(Symbol::Terminal(t)) => moves.push(u64::from(t.0) << 32 | u64::from(item + 1)),
            Some(Symbol::Nonterminal(n)) => {
                moves.push(NONTERMINAL | u64::from(n.0) << 32 | u64::from(item + 1));
                if !closed.contains(n.index()) {
                    closed.insert(n.index());
                    items.extend(
                        grammar.by_lhs[n.index()].iter().map(|p| grammar.first_item[*p as usize]),
                    );
                }
            }
        }
    }
    reductions.sort();
    reductions.dedup();
    moves.sort_unstable();
    moves.dedup();
    // Terminals come before nonterminals.
    let terminals = moves.partition_point(|entry| entry & NONTERMINAL == 0);
    let (mut begin, mut viable) = (0, BitSet::new(grammar.terminals));
    let mut edges = |moves: &[u64]| -> Vec<(u32, Edge)> {
        let symbol = |entry: u64| ((entry & !NONTERMINAL) >> 32) as u32;
        let mut edges = Vec::with_capacity(moves.len());
        for same in moves.chunk_by(|one, other| symbol(*one) == symbol(*other)) {
            let end = begin + same.len() as u32;
            let edge = Edge { begin, end, target: AtomicU32::new(0), chain: AtomicU32::new(0) };
            begin = end;
            edges.push((symbol(same[0]), edge));
        }
        edges
    };
    let (shifts, gotos) = moves.split_at(terminals);
    let shifts: Box<[_]> =
        edges(shifts).into_iter().map(|(symbol, edge)| (TerminalId(symbol), edge)).collect();
    let gotos: Box<[_]> =
        edges(gotos).into_iter().map(|(symbol, edge)| (NonterminalId(symbol), edge)).collect();
    shifts.iter().for_each(|(terminal, _)| viable.insert(terminal.index()));
    LrState {
        kernel: kernel.into(),
        kernels: moves.iter().map(|entry| *entry as u32).collect(),
        shifts,
        gotos,
        reductions: reductions.into(),
        accepts,
        viable,
    }
}
