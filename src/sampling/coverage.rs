//! Which productions of a grammar a set of sentences uses, and which of them inside which others.
//!
//! The parser keeps no trees, so a sentence is cut into lexemes once more and parsed by Earley's algorithm (1970) with its
//! chart kept; a production counts if it is part of some derivation of the sentence. Slow (milliseconds a sentence) and
//! meant for measuring samples.

use std::{rc::Rc, sync::Arc};

use rustc_hash::FxHashSet;

use crate::{
    CompiledGrammar, NonterminalId, TerminalId,
    grammar::{Grammar, Production, Symbol},
    recognizer::{Hypothesis, Reader},
};

/// Counts the productions that sentences use.
#[derive(Clone, Debug)]
pub struct Coverage {
    grammar: Arc<CompiledGrammar>,
    rules: Rules,
    used: Used,
}

/// What sentences used.
#[derive(Clone, Debug)]
struct Used {
    productions: Vec<bool>,
    pairs: FxHashSet<Pair>,
}

/// A production, a place of its right-hand side, and the production that derives the symbol there.
type Pair = (u32, u32, u32);

/// What the parser needs to know of the grammar.
#[derive(Clone, Debug)]
struct Rules {
    by_lhs: Vec<Vec<u32>>,
    /// For a nonterminal that derives the empty text, a production that does so by symbols known to do so before it.
    empty: Vec<Option<u32>>,
    /// Productions that the start reaches.
    reached: Vec<bool>,
}

/// A production, how much of it is read, and the lexeme before which it began.
type Item = (u32, u32, u32);

/// A lexeme, and those before it.
#[derive(Debug)]
struct Lexemes {
    last: TerminalId,
    before: Option<Rc<Lexemes>>,
}

impl Coverage {
    /// Nothing is used yet.
    pub fn new(grammar: &Arc<CompiledGrammar>) -> Self {
        let rules = Rules::new(grammar.grammar());
        let productions = vec![false; grammar.grammar().productions().len()];
        let used = Used { productions, pairs: FxHashSet::default() };
        Self { grammar: Arc::clone(grammar), rules, used }
    }

    /// Adds a sentence; texts outside the grammar add nothing.
    pub fn add(&mut self, text: &[u8]) {
        // A word may be a keyword or a name. Two readings are looked at: every such word as the one, and as the other.
        let readings = [false, true].map(|later| lexemes(&self.grammar, text, later));
        for (i, lexemes) in readings.iter().enumerate() {
            if let Some(lexemes) =
                lexemes.as_ref().filter(|_| !readings[..i].contains(&readings[i]))
            {
                self.rules.mark(self.grammar.grammar(), lexemes, &mut self.used);
            }
        }
    }

    /// Productions used, and how many there are that the start reaches.
    pub fn share(&self) -> (usize, usize) {
        let reached = |(used, reached): (&bool, &bool)| *used && *reached;
        let used = self.used.productions.iter();
        let used = used.zip(&self.rules.reached).filter(|pair| reached(*pair)).count();
        (used, self.rules.reached.iter().filter(|r| **r).count())
    }

    /// Pairs of productions used, one at a place of the other, and how many there could be: where a production stands that
    /// the start reaches, each production of the symbol there.
    pub fn pairs(&self) -> (usize, usize) {
        let productions = self.grammar.grammar().productions().iter();
        let of = |production: &Production| -> usize {
            let nonterminals = production.rhs.iter().filter_map(|symbol| match symbol {
                Symbol::Nonterminal(n) => Some(self.rules.by_lhs[n.index()].len()),
                Symbol::Terminal(_) => None,
            });
            nonterminals.sum()
        };
        let reached = productions.zip(&self.rules.reached).filter(|(_, reached)| **reached);
        (self.used.pairs.len(), reached.map(|(production, _)| of(production)).sum())
    }

    /// The productions that no sentence used, as text.
    pub fn missing(&self) -> Vec<String> {
        let grammar = self.grammar.grammar();
        let unused = |i: &usize| self.rules.reached[*i] && !self.used.productions[*i];
        (0..self.used.productions.len())
            .filter(unused)
            .map(|i| {
                let production = &grammar.productions()[i];
                let mut text = format!("{}:", grammar.nonterminal(production.lhs).name);
                for symbol in &production.rhs {
                    text += " ";
                    text += match *symbol {
                        Symbol::Terminal(t) => &grammar.terminal(t).name,
                        Symbol::Nonterminal(n) => &grammar.nonterminal(n).name,
                    };
                }
                text
            })
            .collect()
    }
}

/// The lexemes of one reading of a sentence, without the ignored ones. Where two readings meet, it is the one that was found
/// first, or the `later` one.
fn lexemes(grammar: &CompiledGrammar, text: &[u8], later: bool) -> Option<Vec<TerminalId>> {
    let tables = grammar.tables();
    let allowance = grammar.allowance();
    let reader = grammar.reader(&tables, &allowance);
    let ignored = |t: TerminalId| grammar.grammar().terminal(t).ignore;
    type Reading = (Hypothesis, Option<Rc<Lexemes>>);
    let mut at: Vec<Reading> = vec![(Reader::START, None)];
    let ended = |hypothesis: Hypothesis, before: &Option<Rc<Lexemes>>| -> Vec<Reading> {
        reader
            .ends(hypothesis.config)
            .iter()
            .map(|&(last, config)| {
                let set = reader.advance(hypothesis.set, last);
                let link = || Some(Rc::new(Lexemes { last, before: before.clone() }));
                let lexemes = if ignored(last) { before.clone() } else { link() };
                (Hypothesis { config, set }, lexemes)
            })
            .filter(|(hypothesis, _)| !hypothesis.is_dead())
            .collect()
    };
    for &byte in text {
        let mut next: Vec<Reading> = Vec::new();
        for (hypothesis, before) in &at {
            let here = std::iter::once((*hypothesis, before.clone()));
            for (from, lexemes) in here.chain(ended(*hypothesis, before)) {
                let config = reader.next(from.config, byte);
                let to = Hypothesis { config, set: from.set };
                if to.is_dead() || !reader.alive(config, to.set) {
                    continue;
                }
                match next.iter_mut().find(|(known, _)| *known == to) {
                    None => next.push((to, lexemes)),
                    Some(known) if later => known.1 = lexemes,
                    Some(_) => {}
                }
            }
        }
        at = next;
    }
    let whole = at.iter().find_map(|(hypothesis, before)| {
        let here = std::iter::once((*hypothesis, before.clone()));
        here.chain(ended(*hypothesis, before))
            .find(|(h, _)| reader.is_fresh(h.config) && reader.closure(h.set).complete)
    })?;
    let mut lexemes = Vec::new();
    let mut link = &whole.1;
    while let Some(lexeme) = link {
        lexemes.push(lexeme.last);
        link = &lexeme.before;
    }
    lexemes.reverse();
    Some(lexemes)
}

impl Rules {
    fn new(grammar: &Grammar) -> Self {
        let mut by_lhs = vec![Vec::new(); grammar.nonterminals().len()];
        for (i, production) in grammar.productions().iter().enumerate() {
            by_lhs[production.lhs.index()].push(i as u32);
        }
        let mut empty: Vec<Option<u32>> = vec![None; by_lhs.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for (i, production) in grammar.productions().iter().enumerate() {
                let nulls =
                    |s: &Symbol| matches!(s, Symbol::Nonterminal(n) if empty[n.index()].is_some());
                if empty[production.lhs.index()].is_none() && production.rhs.iter().all(nulls) {
                    empty[production.lhs.index()] = Some(i as u32);
                    changed = true;
                }
            }
        }
        let mut reached = vec![false; grammar.productions().len()];
        let mut seen = vec![false; by_lhs.len()];
        let mut work = vec![grammar.start()];
        while let Some(lhs) = work.pop() {
            if std::mem::replace(&mut seen[lhs.index()], true) {
                continue;
            }
            for &i in &by_lhs[lhs.index()] {
                reached[i as usize] = true;
                for symbol in &grammar.productions()[i as usize].rhs {
                    if let Symbol::Nonterminal(n) = symbol {
                        work.push(*n);
                    }
                }
            }
        }
        Self { by_lhs, empty, reached }
    }

    /// The chart of a sentence: all items before each lexeme and after the last.
    fn chart(&self, grammar: &Grammar, lexemes: &[TerminalId]) -> Vec<FxHashSet<Item>> {
        let productions = grammar.productions();
        let mut chart = vec![FxHashSet::default(); lexemes.len() + 1];
        let mut begun: Vec<Item> =
            self.by_lhs[grammar.start().index()].iter().map(|&i| (i, 0, 0)).collect();
        for at in 0..chart.len() {
            let mut work = std::mem::take(&mut begun);
            while let Some(item) = work.pop() {
                if !chart[at].insert(item) {
                    continue;
                }
                let (production, dot, origin) = item;
                let Production { lhs, rhs } = &productions[production as usize];
                match rhs.get(dot as usize) {
                    Some(Symbol::Terminal(t)) => {
                        if lexemes.get(at) == Some(t) {
                            begun.push((production, dot + 1, origin));
                        }
                    }
                    Some(Symbol::Nonterminal(n)) => {
                        work.extend(self.by_lhs[n.index()].iter().map(|&i| (i, 0, at as u32)));
                        if self.empty[n.index()].is_some() {
                            work.push((production, dot + 1, origin));
                        }
                    }
                    // What began here and is empty was stepped over where it was begun.
                    None if origin as usize == at => {}
                    None => {
                        let wants = Some(&Symbol::Nonterminal(*lhs));
                        work.extend(chart[origin as usize].iter().filter_map(|&(p, d, o)| {
                            let rhs = &productions[p as usize].rhs;
                            (rhs.get(d as usize) == wants).then_some((p, d + 1, o))
                        }));
                    }
                }
            }
        }
        chart
    }

    /// Marks the productions of all derivations of a sentence, backwards from its end.
    fn mark(&self, grammar: &Grammar, lexemes: &[TerminalId], used: &mut Used) {
        let productions = grammar.productions();
        let chart = self.chart(grammar, lexemes);
        let complete = |at: usize, n: NonterminalId| {
            let ends = move |&&(p, d, _): &&Item| {
                let production = &productions[p as usize];
                production.lhs == n && d as usize == production.rhs.len()
            };
            chart[at].iter().filter(ends).copied()
        };
        let end = lexemes.len();
        let mut work: Vec<(usize, Item)> = complete(end, grammar.start())
            .filter(|item| item.2 == 0)
            .map(|item| (end, item))
            .collect();
        if end == 0 {
            self.mark_empty(grammar, grammar.start(), used);
        }
        let mut seen: FxHashSet<(usize, Item)> = FxHashSet::default();
        while let Some((at, item)) = work.pop() {
            if !seen.insert((at, item)) {
                continue;
            }
            let (production, dot, origin) = item;
            used.productions[production as usize] = true;
            let Some(before) = dot.checked_sub(1) else { continue };
            match productions[production as usize].rhs[before as usize] {
                Symbol::Terminal(_) => work.push((at - 1, (production, before, origin))),
                Symbol::Nonterminal(n) => {
                    if self.empty[n.index()].is_some()
                        && chart[at].contains(&(production, before, origin))
                    {
                        self.mark_empty(grammar, n, used);
                        if let Some(empty) = self.empty[n.index()] {
                            used.pairs.insert((production, before, empty));
                        }
                        work.push((at, (production, before, origin)));
                    }
                    for child in complete(at, n) {
                        let from = child.2 as usize;
                        if from < at && chart[from].contains(&(production, before, origin)) {
                            work.push((from, (production, before, origin)));
                            used.pairs.insert((production, before, child.0));
                            work.push((at, child));
                        }
                    }
                }
            }
        }
    }

    /// Marks a derivation of the empty text.
    fn mark_empty(&self, grammar: &Grammar, of: NonterminalId, used: &mut Used) {
        let mut work = vec![of];
        while let Some(n) = work.pop() {
            let Some(i) = self.empty[n.index()] else { continue };
            if std::mem::replace(&mut used.productions[i as usize], true) {
                continue;
            }
            for (place, symbol) in grammar.productions()[i as usize].rhs.iter().enumerate() {
                if let Symbol::Nonterminal(n) = symbol {
                    used.pairs.extend(self.empty[n.index()].map(|child| (i, place as u32, child)));
                    work.push(*n);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits,
        frontend::{NoSources, lark},
    };

    fn share(grammar: &str, texts: &[&str]) -> (usize, usize) {
        let limits = Limits::default();
        let grammar = lark::parse("test", grammar, None, &NoSources, &limits).unwrap();
        let mut coverage = Coverage::new(&CompiledGrammar::new(&grammar, &limits).unwrap());
        texts.iter().for_each(|text| coverage.add(text.as_bytes()));
        coverage.share()
    }

    #[test]
    fn counts_what_derivations_use() {
        let grammar = "start: a | b\na: \"x\" | \"x\" a\nb: \"y\" c\nc: | \"z\" c\n";
        assert_eq!(share(grammar, &[]), (0, 7));
        assert_eq!(share(grammar, &["x"]), (2, 7), "start: a, a: x");
        assert_eq!(share(grammar, &["xx", "no"]), (3, 7));
        assert_eq!(share(grammar, &["xx", "y"]), (6, 7), "and start: b, b: y c, c empty");
        assert_eq!(share(grammar, &["xx", "yz"]), (7, 7));
    }

    #[test]
    fn counts_pairs_by_place() {
        let grammar = "start: a \",\" a\na: \"x\" | \"y\" | b\nb: | \"z\"\n";
        let limits = Limits::default();
        let grammar = lark::parse("test", grammar, None, &NoSources, &limits).unwrap();
        let mut coverage = Coverage::new(&CompiledGrammar::new(&grammar, &limits).unwrap());
        let mut after = |text: &str| {
            coverage.add(text.as_bytes());
            coverage.pairs()
        };
        assert_eq!(after("x,x"), (2, 8), "a: x, at both places");
        assert_eq!(after("x,y"), (3, 8));
        assert_eq!(after("y,"), (6, 8), "a: y first, a: b second, b: empty");
        assert_eq!(after("z,z"), (8, 8));
    }

    #[test]
    fn ambiguity_and_empty_parts_are_no_obstacle() {
        let grammar = "start: e\ne: e \"+\" e | n o\nn: \"1\" |\no: n\n";
        assert_eq!(share(grammar, &["1+1+1"]), (6, 6));
    }
}
