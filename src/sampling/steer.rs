//! Which terminal leads towards the end of the sentence?
//!
//! A terminal that stands *inside* a production (`)`, `THEN`, the `BY` of `GROUP BY`) brings that production nearer to its
//! end. One that stands at its beginning, or right after a left-recursive first symbol (an operator), begins something
//! new. So: the end where it is allowed; else a terminal from inside; else the beginning of whatever needs fewest
//! terminals after it. This is no shortest path, but a walk under it ends quickly, because what it begins it also closes.

use rustc_hash::FxHashMap;

use super::example;
use crate::{
    NonterminalId, TerminalId,
    grammar::{Grammar, Symbol},
};

/// What is known of the terminals that one display name stands for.
#[derive(Debug)]
pub(super) struct Move {
    /// The first of these terminals.
    pub(super) terminal: TerminalId,
    /// Whether some production has it inside.
    pub(super) inside: bool,
    /// Fewest terminals that its production needs after it.
    pub(super) rest: u32,
    /// Short texts of it.
    pub(super) texts: Vec<Vec<u8>>,
}

/// What is known of a grammar's terminals, by display name.
#[derive(Debug)]
pub(super) struct Steering {
    moves: FxHashMap<String, Move>,
    /// Short texts of each terminal.
    texts: Vec<Vec<Vec<u8>>>,
    /// Texts that may stand between lexemes; the empty one first.
    pub(super) gaps: Vec<Vec<u8>>,
}

impl Steering {
    /// Cost: a few short texts are made for every terminal, and checked.
    pub(super) fn new(grammar: &Grammar) -> Self {
        let places = places(grammar);
        let mut moves: FxHashMap<String, Move> = FxHashMap::default();
        let mut gaps = vec![Vec::new()];
        let mut all = Vec::with_capacity(places.len());
        for (id, terminal) in grammar.terminals().iter().enumerate() {
            let texts = example::of(terminal);
            if terminal.ignore {
                gaps.extend(texts.iter().take(1).cloned());
            }
            all.push(texts.clone());
            let Some((inside, rest)) = places[id] else { continue };
            let entry = moves.entry(terminal.display.clone()).or_insert_with(|| Move {
                terminal: TerminalId::new(id),
                inside: false,
                rest: u32::MAX,
                texts: Vec::new(),
            });
            entry.inside |= inside;
            entry.rest = entry.rest.min(rest);
            entry.texts.extend(texts);
            entry.texts.sort_by_key(Vec::len);
        }
        Self { moves, texts: all, gaps }
    }

    /// Short texts of a terminal.
    pub(super) fn texts(&self, terminal: TerminalId) -> &[Vec<u8>] {
        &self.texts[terminal.index()]
    }

    /// The moves in a JSON text, by the names under which they are expected.
    pub(super) fn of_json() -> Self {
        let moves = [
            ("\"}\"", "}", true, 0),
            ("\"]\"", "]", true, 0),
            ("\":\"", ":", true, 1),
            ("null", "null", false, 0),
            ("false", "false", false, 0),
            ("true", "true", false, 0),
            ("number", "0", false, 0),
            ("string", "\"\"", false, 0),
            ("array", "[", false, 1),
            ("object", "{", false, 2),
        ];
        let known = |(at, (name, text, inside, rest)): (usize, (&str, &str, bool, u32))| {
            let mut texts = vec![text.as_bytes().to_vec()];
            if text == "0" {
                texts.extend(["1", "-1", "0.5", "2", "10", "100", "1000"].map(Vec::from));
            }
            (name.to_owned(), Move { terminal: TerminalId::new(at), inside, rest, texts })
        };
        Self {
            moves: moves.into_iter().enumerate().map(known).collect(),
            texts: Vec::new(),
            gaps: vec![Vec::new()],
        }
    }

    /// The moves of a JSON text that are expected under their own text: names of members, values of an enum.
    pub(super) fn quoted(&self, expected: &[String]) -> Vec<Move> {
        if !self.texts.is_empty() {
            return Vec::new();
        }
        let known = self.moves.len();
        (expected.iter())
            .filter(|name| name.len() > 1 && name.starts_with('"') && name.ends_with('"'))
            .filter(|name| !self.moves.contains_key(*name))
            .map(|name| Move {
                terminal: TerminalId::new(known),
                inside: true,
                rest: 1,
                texts: vec![name.clone().into_bytes()],
            })
            .collect()
    }

    /// What is known of a terminal, by its display name.
    pub(super) fn get(&self, display: &str) -> Option<&Move> {
        self.moves.get(display)
    }
}

/// For each terminal of a production: whether it stands inside one, and the fewest terminals after it in one.
fn places(grammar: &Grammar) -> Vec<Option<(bool, u32)>> {
    let (shortest, _) = shortest(grammar);
    let recursive = left_recursive(grammar);
    let mut places: Vec<Option<(bool, u32)>> = vec![None; grammar.terminals().len()];
    for production in grammar.productions() {
        let first = match production.rhs.first() {
            Some(&Symbol::Nonterminal(n)) if recursive(production.lhs, n) => 1,
            _ => 0,
        };
        let mut rest = 0u32;
        for (at, symbol) in production.rhs.iter().enumerate().rev() {
            if let Symbol::Terminal(t) = symbol {
                let place = places[t.index()].get_or_insert((false, u32::MAX));
                // A production that can never end is no way to the end.
                if rest != u32::MAX {
                    place.0 |= at > first;
                    place.1 = place.1.min(rest);
                }
            }
            rest = rest.saturating_add(length(&shortest, *symbol));
        }
    }
    places
}

/// Terminals that a symbol needs at least.
pub(super) fn length(shortest: &[u32], symbol: Symbol) -> u32 {
    match symbol {
        Symbol::Terminal(_) => 1,
        Symbol::Nonterminal(n) => shortest[n.index()],
    }
}

/// Fewest terminals of a text of each nonterminal, `u32::MAX` where there is none; and the production that begins it.
pub(super) fn shortest(grammar: &Grammar) -> (Vec<u32>, Vec<Option<u32>>) {
    let mut shortest = vec![u32::MAX; grammar.nonterminals().len()];
    let mut first = vec![None; shortest.len()];
    loop {
        let mut changed = false;
        for (i, production) in grammar.productions().iter().enumerate() {
            let sum = production
                .rhs
                .iter()
                .fold(0u32, |sum, &symbol| sum.saturating_add(length(&shortest, symbol)));
            let least = &mut shortest[production.lhs.index()];
            if sum < *least {
                *least = sum;
                first[production.lhs.index()] = Some(i as u32);
                changed = true;
            }
        }
        if !changed {
            return (shortest, first);
        }
    }
}

/// Whether a nonterminal that begins a production of another leads back to that other by first symbols alone.
fn left_recursive(grammar: &Grammar) -> impl Fn(NonterminalId, NonterminalId) -> bool {
    let mut firsts: Vec<Vec<NonterminalId>> = vec![Vec::new(); grammar.nonterminals().len()];
    for production in grammar.productions() {
        if let Some(&Symbol::Nonterminal(first)) = production.rhs.first() {
            firsts[production.lhs.index()].push(first);
        }
    }
    move |lhs, first| {
        let mut seen = vec![false; firsts.len()];
        let mut work = vec![first];
        while let Some(n) = work.pop() {
            if n == lhs {
                return true;
            }
            if !std::mem::replace(&mut seen[n.index()], true) {
                work.extend_from_slice(&firsts[n.index()]);
            }
        }
        false
    }
}
