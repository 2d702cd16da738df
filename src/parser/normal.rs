//! Normalisation: the same language without empty productions, unit cycles, useless symbols and direct right recursion.
//!
//! Why: without empty productions every reduction pops at least one node of an earlier level, so the closure of a level
//! terminates; without right recursion a list of ten thousand elements has one situation and not ten thousand.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use super::{components::components, follow::Follow};
use crate::{
    Limits,
    bitset::BitSet,
    grammar::{CompileError, CompileErrorKind, Grammar, Symbol},
    ids::NonterminalId,
};

type Rhs = Vec<Symbol>;

/// Nullable symbols that are expanded in place; a production with more is split first.
const EXPANDED: usize = 3;

/// A normalised grammar. The last production is `start' -> start`, whose completion is acceptance.
#[derive(Debug)]
pub(crate) struct NormalGrammar {
    /// (left-hand side, right-hand side); the right-hand sides are not empty.
    pub(super) productions: Vec<(NonterminalId, Rhs)>,
    /// Productions by left-hand side.
    pub(super) by_lhs: Vec<Vec<u32>>,
    /// First item of each production; item `first[p] + d` is production p with the dot before symbol d.
    pub(super) first_item: Vec<u32>,
    /// Item -> production.
    pub(super) production_of: Vec<u32>,
    /// Item -> the symbol after the dot; none at the end.
    pub(super) symbol_of: Vec<Option<Symbol>>,
    pub(super) terminals: usize,
    /// Whether the empty text is a sentence.
    pub(super) empty_sentence: bool,
    /// `start' -> start`.
    pub(super) start_production: u32,
    pub(super) follow: OnceLock<Follow>,
}

struct Rules {
    rules: Vec<Vec<Rhs>>,
    limit: usize,
    count: usize,
}

impl Rules {
    fn fresh(&mut self) -> NonterminalId {
        self.rules.push(Vec::new());
        NonterminalId::new(self.rules.len() - 1)
    }

    fn add(&mut self, lhs: NonterminalId, rhs: Rhs) -> Result<(), CompileError> {
        self.count += 1;
        if self.count > self.limit {
            return Err(CompileErrorKind::Limit {
                name: "productions",
                limit: self.limit as u64,
                what: "the grammar after normalisation".into(),
            }
            .into());
        }
        self.rules[lhs.index()].push(rhs);
        Ok(())
    }

    /// The symbols that derive what `base` says of terminals, as a least fixpoint over the rules: with `all` a rule counts
    /// if all its symbols do.
    fn fixpoint(&self, terminal: bool) -> Vec<bool> {
        // Work-list over occurrences, linear in the size of the grammar.
        let mut holds = vec![false; self.rules.len()];
        let mut waiting: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.rules.len()];
        let mut missing: Vec<Vec<usize>> = Vec::with_capacity(self.rules.len());
        let mut work = Vec::new();
        for (lhs, alternatives) in self.rules.iter().enumerate() {
            let mut counts = Vec::with_capacity(alternatives.len());
            for (i, rhs) in alternatives.iter().enumerate() {
                let mut count = 0;
                for symbol in rhs {
                    match symbol {
                        Symbol::Terminal(_) => count += usize::from(!terminal),
                        Symbol::Nonterminal(n) => {
                            count += 1;
                            waiting[n.index()].push((lhs, i));
                        }
                    }
                }
                counts.push(count);
                if count == 0 && !holds[lhs] {
                    holds[lhs] = true;
                    work.push(lhs);
                }
            }
            missing.push(counts);
        }
        while let Some(symbol) = work.pop() {
            for &(lhs, i) in &waiting[symbol] {
                missing[lhs][i] -= 1;
                if missing[lhs][i] == 0 && !holds[lhs] {
                    holds[lhs] = true;
                    work.push(lhs);
                }
            }
        }
        holds
    }

    /// Drops alternatives with unproductive symbols, then rules that the start does not reach.
    fn trim(&mut self, start: NonterminalId) {
        let productive = self.fixpoint(true);
        let is_productive = |s: &Symbol| match s {
            Symbol::Terminal(_) => true,
            Symbol::Nonterminal(n) => productive[n.index()],
        };
        for alternatives in &mut self.rules {
            alternatives.retain(|rhs| rhs.iter().all(is_productive));
        }
        let mut reached = vec![false; self.rules.len()];
        reached[start.index()] = true;
        let mut work = vec![start];
        while let Some(lhs) = work.pop() {
            for symbol in self.rules[lhs.index()].iter().flatten() {
                if let Symbol::Nonterminal(n) = symbol
                    && !std::mem::replace(&mut reached[n.index()], true)
                {
                    work.push(*n);
                }
            }
        }
        for (alternatives, reached) in self.rules.iter_mut().zip(reached) {
            if !reached {
                alternatives.clear();
            }
        }
    }

    /// `A -> x A | b` becomes `A -> b | R b`, `R -> x | R x`: the least solution of `A = x A + b` is `x* b`.
    fn convert_right_recursion(&mut self) -> Result<(), CompileError> {
        for lhs in 0..self.rules.len() {
            let this = Symbol::Nonterminal(NonterminalId::new(lhs));
            let recursive = |rhs: &Rhs| rhs.len() > 1 && rhs.last() == Some(&this);
            if !self.rules[lhs].iter().any(recursive) {
                continue;
            }
            let (loops, ends): (Vec<Rhs>, Vec<Rhs>) =
                std::mem::take(&mut self.rules[lhs]).into_iter().partition(recursive);
            let prefix = self.fresh();
            for mut rhs in loops {
                rhs.pop();
                let mut more = vec![Symbol::Nonterminal(prefix)];
                more.extend_from_slice(&rhs);
                self.add(prefix, rhs)?;
                self.add(prefix, more)?;
            }
            for rhs in ends {
                if rhs == [this] {
                    continue;
                }
                let mut more = vec![Symbol::Nonterminal(prefix)];
                more.extend_from_slice(&rhs);
                self.add(NonterminalId::new(lhs), rhs)?;
                self.add(NonterminalId::new(lhs), more)?;
            }
        }
        Ok(())
    }

    /// Removes empty productions; says whether the start derived the empty text.
    fn remove_empty(&mut self, start: NonterminalId) -> Result<bool, CompileError> {
        let nullable = self.fixpoint(false);
        let is_nullable = |s: &Symbol| match s {
            Symbol::Terminal(_) => false,
            Symbol::Nonterminal(n) => nullable.get(n.index()).copied().unwrap_or(false),
        };
        let mut lhs = 0;
        let mut tails: Vec<bool> = Vec::new();
        while lhs < self.rules.len() {
            let alternatives = std::mem::take(&mut self.rules[lhs]);
            for mut rhs in alternatives {
                // A tail made below is nullable if all its symbols are.
                let nulls = |s: &Symbol| match s {
                    Symbol::Nonterminal(n) if n.index() >= nullable.len() => {
                        tails[n.index() - nullable.len()]
                    }
                    s => is_nullable(s),
                };
                let cut = rhs
                    .iter()
                    .enumerate()
                    .filter(|(_, s)| nulls(s))
                    .nth(EXPANDED)
                    .map(|(at, _)| at)
                    .filter(|at| rhs.len() - at > 1);
                if let Some(cut) = cut {
                    let rest = rhs.split_off(cut);
                    let null = rest.iter().all(nulls);
                    let tail = self.fresh();
                    tails.push(null);
                    rhs.push(Symbol::Nonterminal(tail));
                    self.add(tail, rest)?;
                }
                let nulls: Vec<bool> = rhs
                    .iter()
                    .map(|s| match s {
                        Symbol::Nonterminal(n) if n.index() >= nullable.len() => {
                            tails[n.index() - nullable.len()]
                        }
                        s => is_nullable(s),
                    })
                    .collect();
                let optional: Vec<usize> = (0..rhs.len()).filter(|i| nulls[*i]).collect();
                for absent in 0..1u32 << optional.len() {
                    let kept: Rhs = rhs
                        .iter()
                        .enumerate()
                        .filter(|(i, _)| {
                            optional
                                .iter()
                                .position(|o| o == i)
                                .is_none_or(|bit| absent >> bit & 1 == 0)
                        })
                        .map(|(_, s)| *s)
                        .collect();
                    if !kept.is_empty() {
                        self.add(NonterminalId::new(lhs), kept)?;
                    }
                }
            }
            lhs += 1;
        }
        Ok(nullable[start.index()])
    }

    /// Merges nonterminals that derive each other alone (`A -> B`, `B -> A`), drops `A -> A` and doubles.
    fn merge_unit_cycles(&mut self, start: NonterminalId) -> NonterminalId {
        let n = self.rules.len();
        let units: Vec<Vec<usize>> = self
            .rules
            .iter()
            .map(|alternatives| {
                alternatives
                    .iter()
                    .filter_map(|rhs| match rhs.as_slice() {
                        [Symbol::Nonterminal(n)] => Some(n.index()),
                        _ => None,
                    })
                    .collect()
            })
            .collect();
        let component = components(&units);
        // The lowest member stands for all.
        let mut representative: Vec<usize> = vec![usize::MAX; n];
        for lhs in 0..n {
            let slot = &mut representative[component[lhs]];
            *slot = (*slot).min(lhs);
        }
        let of = |id: NonterminalId| NonterminalId::new(representative[component[id.index()]]);
        let old = std::mem::replace(&mut self.rules, vec![Vec::new(); n]);
        let mut seen: FxHashSet<(NonterminalId, Rhs)> = FxHashSet::default();
        for (lhs, alternatives) in old.into_iter().enumerate() {
            let lhs = of(NonterminalId::new(lhs));
            for rhs in alternatives {
                let rhs: Rhs = rhs
                    .into_iter()
                    .map(|s| match s {
                        Symbol::Nonterminal(n) => Symbol::Nonterminal(of(n)),
                        terminal => terminal,
                    })
                    .collect();
                if rhs != [Symbol::Nonterminal(lhs)] && seen.insert((lhs, rhs.clone())) {
                    self.rules[lhs.index()].push(rhs);
                }
            }
        }
        of(start)
    }
}

impl NormalGrammar {
    /// Normalises a grammar. Linear in its size but for productions with optional parts, which are expanded (at most
    /// eightfold). Productions with a terminal that is `unreadable` (dropped by the lexer, or never its choice) derive no
    /// text and are left out.
    pub(crate) fn new(
        grammar: &Grammar,
        unreadable: &BitSet,
        limits: &Limits,
    ) -> Result<Self, CompileError> {
        let readable = |symbol: &Symbol| match symbol {
            Symbol::Terminal(t) => !unreadable.contains(t.index()),
            Symbol::Nonterminal(_) => true,
        };
        let limit = limits.productions.saturating_mul(8);
        let mut rules =
            Rules { rules: vec![Vec::new(); grammar.nonterminals().len()], limit, count: 0 };
        for production in grammar.productions() {
            if production.rhs.iter().all(readable) {
                rules.add(production.lhs, production.rhs.clone())?;
            }
        }
        let mut start = grammar.start();
        rules.trim(start);
        if rules.rules[start.index()].is_empty() {
            let name = grammar.nonterminal(start).name.clone();
            return Err(CompileErrorKind::UnproductiveStart(name).into());
        }
        rules.convert_right_recursion()?;
        let empty_sentence = rules.remove_empty(start)?;
        start = rules.merge_unit_cycles(start);
        rules.trim(start);
        let accept = rules.fresh();
        rules.add(accept, vec![Symbol::Nonterminal(start)])?;

        let mut productions = Vec::new();
        let mut by_lhs = vec![Vec::new(); rules.rules.len()];
        let mut first_item = Vec::new();
        let mut production_of = Vec::new();
        let mut symbol_of = Vec::new();
        for (lhs, alternatives) in rules.rules.into_iter().enumerate() {
            for rhs in alternatives {
                let id = productions.len() as u32;
                by_lhs[lhs].push(id);
                first_item.push(production_of.len() as u32);
                production_of.extend(std::iter::repeat_n(id, rhs.len() + 1));
                symbol_of.extend(rhs.iter().copied().map(Some).chain([None]));
                productions.push((NonterminalId::new(lhs), rhs));
            }
        }
        let start_production = productions.len() as u32 - 1;
        let terminals = grammar.terminals().len();
        Ok(Self {
            productions,
            by_lhs,
            first_item,
            production_of,
            symbol_of,
            terminals,
            empty_sentence,
            start_production,
            follow: OnceLock::new(),
        })
    }

    /// Whether the empty text is a sentence.
    pub(crate) fn empty_sentence(&self) -> bool {
        self.empty_sentence
    }

    /// Number of nonterminals.
    pub(crate) fn nonterminals(&self) -> usize {
        self.by_lhs.len()
    }

    /// Pairs of a terminal and a symbol, as bits: what is kept of these by [`follow`](Self::follow) while it is found out.
    pub(crate) fn pairs(&self) -> u64 {
        let (terminals, nonterminals) = (self.terminals as u64, self.by_lhs.len() as u64);
        terminals.saturating_mul(3 * nonterminals + terminals)
    }

    /// Which terminals can come after which; found out when first asked.
    pub(crate) fn follow(&self) -> &Follow {
        self.follow.get_or_init(|| Follow::new(self))
    }
}
