//! A deterministic automaton over bytes for one regular language: trimmed, small, with Boolean operations.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

#[cfg(test)]
use super::Regular;
use super::{
    blocks,
    builder::Budget,
    pairs::Pairs,
    words::{self, Trie},
};
#[cfg(test)]
use crate::Limits;
use crate::{
    codec::Writer,
    fuel::{Exhausted, Fuel},
};
use regex_automata::{
    Anchored, MatchKind,
    dfa::{Automaton as _, StartKind, dense},
    nfa::thompson,
    util::start,
};
use regex_syntax::hir::Hir;

/// The state from which nothing is accepted.
pub(crate) const DEAD: u32 = 0;

/// An automaton, minimal or nearly so. State [`DEAD`] is the only one from which no text is accepted (so "not dead" means "can still
/// become a lexeme"); it exists always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dfa {
    /// Byte -> column.
    classes: Box<[u8; 256]>,
    /// Columns of a row.
    stride: usize,
    /// `table[state * stride + column]`.
    table: Vec<u32>,
    accept: Vec<bool>,
    /// Whether some byte leads on to a state that is not dead.
    extends: Vec<bool>,
    start: u32,
}

/// Why a language has no automaton within the limits.
#[derive(Debug)]
pub(crate) enum DfaError {
    /// More states or bytes than allowed: the field of [`Limits`] and its value.
    Limit(&'static str, u64),
    /// What regex-automata says of it.
    Build(String),
}

/// Bytes that cost as much as an elementary step, where regex-automata makes an automaton: it is slower than anything here.
const CELL: usize = 1;

/// States before they are made fewer. State [`DEAD`] comes first.
pub(super) struct Table {
    classes: [u8; 256],
    stride: usize,
    /// `next[state * stride + column]`.
    next: Vec<u32>,
    accept: Vec<bool>,
    start: u32,
}

impl Table {
    /// A table with the dead state.
    fn new(classes: [u8; 256]) -> Self {
        let stride = usize::from(*classes.iter().max().expect("invariant: 256 entries")) + 1;
        Self { classes, stride, next: vec![DEAD; stride], accept: vec![false], start: 1 }
    }

    fn row(&self, state: usize) -> &[u32] {
        &self.next[state * self.stride..(state + 1) * self.stride]
    }

    /// The smallest automaton.
    pub(super) fn minimal(&self) -> Dfa {
        let (mut block, _) = blocks(&self.next, &self.accept, self.stride);
        let dead = block[DEAD as usize];
        for block in &mut block {
            *block = match *block {
                DEAD => dead,
                other if other == dead => DEAD,
                other => other,
            };
        }
        self.of_blocks(&block)
    }

    /// Without the states from which nothing is accepted.
    pub(super) fn trimmed(&self) -> Dfa {
        let n = self.accept.len();
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); n];
        for state in 0..n {
            for &target in self.row(state) {
                if before[target as usize].last() != Some(&(state as u32)) {
                    before[target as usize].push(state as u32);
                }
            }
        }
        let mut live = self.accept.clone();
        let mut work: Vec<usize> = (0..n).filter(|state| live[*state]).collect();
        while let Some(state) = work.pop() {
            for &other in &before[state] {
                if !std::mem::replace(&mut live[other as usize], true) {
                    work.push(other as usize);
                }
            }
        }
        let mut count = DEAD;
        let number = |live: &bool| {
            count += u32::from(*live);
            if *live { count } else { DEAD }
        };
        let block: Vec<u32> = live.iter().map(number).collect();
        self.of_blocks(&block)
    }

    /// The automaton whose states are blocks of these; block [`DEAD`] is the dead state's.
    fn of_blocks(&self, block: &[u32]) -> Dfa {
        let stride = self.stride;
        let count = block.iter().max().map_or(0, |last| *last as usize + 1);
        // Merge columns that no state tells apart, so that products stay small.
        let mut rows = vec![DEAD; count * stride];
        let mut accept = vec![false; count];
        for (state, &block_of) in block.iter().enumerate() {
            let row = block_of as usize;
            accept[row] = self.accept[state];
            for (column, target) in self.row(state).iter().enumerate() {
                rows[row * stride + column] = block[*target as usize];
            }
        }
        let mut columns: FxHashMap<Vec<u32>, u8> = FxHashMap::default();
        let merged: Vec<u8> = (0..stride)
            .map(|column| {
                let key: Vec<u32> = (0..count).map(|row| rows[row * stride + column]).collect();
                let next = columns.len() as u8;
                *columns.entry(key).or_insert(next)
            })
            .collect();
        let width = columns.len();
        let mut table = vec![DEAD; count * width];
        for row in 0..count {
            for column in 0..stride {
                table[row * width + merged[column] as usize] = rows[row * stride + column];
            }
        }
        let extends = (0..count)
            .map(|row| table[row * width..(row + 1) * width].iter().any(|t| *t != DEAD))
            .collect();
        Dfa {
            classes: Box::new(self.classes.map(|class| merged[class as usize])),
            stride: width,
            table,
            accept,
            extends,
            start: block[self.start as usize],
        }
    }
}

impl Dfa {
    /// The automaton of a language.
    #[cfg(test)]
    pub(crate) fn new(language: &Regular, limits: &Limits) -> Result<Self, DfaError> {
        super::Builder::new(limits).build(language)
    }

    /// The automaton of an expression.
    pub(super) fn from_hir(hir: &Hir, budget: &mut Budget<'_>) -> Result<Self, DfaError> {
        match words::of(hir).as_deref() {
            Some([word]) if !word.is_empty() => {
                budget.spend(256 + word.len())?;
                return Ok(Self::from_chain(word));
            }
            Some(words) => match Trie::new(words) {
                Some(trie) if trie.nodes.len() <= budget.limits.dfa_states => {
                    return Self::from_trie(&trie, budget);
                }
                _ => {}
            },
            None => {}
        }
        let build = |e: &dyn std::fmt::Display| DfaError::Build(e.to_string());
        let (name, limit, bytes) = budget.bytes();
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .which_captures(thompson::WhichCaptures::None)
                    .nfa_size_limit(Some(bytes)),
            )
            .build_from_hir(hir)
            .map_err(|e| match e.size_limit() {
                Some(_) => DfaError::Limit(name, limit),
                None => build(&e),
            })?;
        budget.spend(nfa.memory_usage() / CELL)?;
        let (name, limit, bytes) = budget.bytes();
        let dense = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .match_kind(MatchKind::All)
                    .dfa_size_limit(Some(bytes))
                    .determinize_size_limit(Some(bytes)),
            )
            .build_from_nfa(&nfa)
            .map_err(|e| {
                if e.is_size_limit_exceeded() { DfaError::Limit(name, limit) } else { build(&e) }
            })?;
        budget.spend(dense.memory_usage() / CELL)?;
        let start = dense
            .start_state(&start::Config::new().anchored(Anchored::Yes))
            .map_err(|e| build(&e))?;
        let classes: [u8; 256] = std::array::from_fn(|b| dense.byte_classes().get(b as u8));
        // regex-automata reports a match one byte late; asking for the end of input undoes that.
        Self::explore(
            start,
            &classes,
            |s, b| (!dense.is_dead_state(*s)).then(|| dense.next_state(*s, b)),
            |s| dense.is_match_state(dense.next_eoi_state(*s)),
            budget,
        )
        .map(|table| table.minimal())
    }

    /// A language whose texts all have the same length and whose bytes are independent: keywords, punctuation.
    fn from_chain(chain: &[Vec<u8>]) -> Self {
        // Bytes that behave alike at every place share a column: those that stand nowhere the first one.
        let mut places: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for (place, set) in chain.iter().enumerate() {
            set.iter().for_each(|byte| places.entry(*byte).or_default().push(place));
        }
        let mut classes = [0u8; 256];
        let mut columns: FxHashMap<Vec<usize>, u8> = FxHashMap::default();
        if places.len() < 256 {
            columns.insert(Vec::new(), 0);
        }
        for (byte, places) in places {
            let next = columns.len() as u8;
            classes[usize::from(byte)] = *columns.entry(places).or_insert(next);
        }
        let stride = columns.len();
        let states = chain.len() + 2;
        let mut table = vec![DEAD; states * stride];
        for (i, set) in chain.iter().enumerate() {
            for &byte in set {
                table[(i + 1) * stride + classes[byte as usize] as usize] = i as u32 + 2;
            }
        }
        let mut accept = vec![false; states];
        accept[states - 1] = true;
        let mut extends = vec![true; states];
        extends[0] = false;
        extends[states - 1] = false;
        Self { classes: Box::new(classes), stride, table, accept, extends, start: 1 }
    }

    /// A language of some hundred words: what is taken out of names.
    fn from_trie(trie: &Trie, budget: &mut Budget<'_>) -> Result<Self, DfaError> {
        let (classes, sets) = trie.classes();
        let mut table = Table::new(classes);
        budget.spend(trie.nodes.len() * table.stride)?;
        let stride = table.stride;
        table.next.resize((trie.nodes.len() + 1) * stride, DEAD);
        for (node, entry) in trie.nodes.iter().enumerate() {
            table.accept.push(entry.ends);
            for (set, child) in &entry.children {
                for class in &sets[*set] {
                    table.next[(node + 1) * stride + usize::from(*class)] = *child as u32 + 1;
                }
            }
        }
        Ok(table.minimal())
    }

    /// Determinises nothing, but enumerates the states reachable from `start`.
    fn explore<S: std::hash::Hash + Eq + Clone>(
        start: S,
        classes: &[u8; 256],
        next: impl Fn(&S, u8) -> Option<S>,
        accepts: impl Fn(&S) -> bool,
        budget: &mut Budget<'_>,
    ) -> Result<Table, DfaError> {
        let mut table = Table::new(*classes);
        let mut representative = vec![0u8; table.stride];
        for (byte, &class) in classes.iter().enumerate().rev() {
            representative[class as usize] = byte as u8;
        }
        let mut ids: FxHashMap<S, u32> = FxHashMap::default();
        let mut states = vec![start.clone()];
        ids.insert(start, 1);
        let mut at = 0;
        while at < states.len() {
            let state = states[at].clone();
            at += 1;
            budget.spend(table.stride)?;
            table.accept.push(accepts(&state));
            for &byte in &representative {
                let target = match next(&state, byte) {
                    None => DEAD,
                    Some(target) => *ids.entry(target.clone()).or_insert_with(|| {
                        states.push(target);
                        states.len() as u32
                    }),
                };
                table.next.push(target);
            }
            let most = budget.limits.dfa_states;
            if states.len() > most {
                return Err(DfaError::Limit("dfa_states", most as u64));
            }
        }
        Ok(table)
    }

    /// The language of the texts for which `accept` holds of the two languages' verdicts (false for two refusals).
    pub(super) fn combine(
        &self,
        other: &Self,
        accept: fn(bool, bool) -> bool,
        budget: &mut Budget<'_>,
    ) -> Result<Table, DfaError> {
        let mut pairs: FxHashMap<(u8, u8), u8> = FxHashMap::default();
        let classes: [u8; 256] = std::array::from_fn(|b| {
            let next = pairs.len() as u8;
            *pairs.entry((self.classes[b], other.classes[b])).or_insert(next)
        });
        Self::explore(
            (self.start, other.start),
            &classes,
            |(a, b), byte| {
                let pair = (self.next(*a, byte), other.next(*b, byte));
                (pair != (DEAD, DEAD)).then_some(pair)
            },
            |(a, b)| accept(self.accept[*a as usize], other.accept[*b as usize]),
            budget,
        )
    }

    /// The state after a byte.
    #[inline]
    pub(crate) fn next(&self, state: u32, byte: u8) -> u32 {
        self.table[state as usize * self.stride + self.classes[byte as usize] as usize]
    }

    /// The states after each class of bytes.
    pub(crate) fn row(&self, state: u32) -> &[u32] {
        let at = state as usize * self.stride;
        &self.table[at..at + self.stride]
    }

    /// The first state; [`DEAD`] if the language is empty.
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// Whether a text that leads here is in the language.
    pub(crate) fn accepts(&self, state: u32) -> bool {
        self.accept[state as usize]
    }

    /// Whether a longer text can be in the language.
    pub(crate) fn extends(&self, state: u32) -> bool {
        self.extends[state as usize]
    }

    /// Whether the languages share a text that is not empty.
    pub(crate) fn overlaps(&self, other: &Self, fuel: &mut Fuel) -> Result<bool, Exhausted> {
        self.together(other, fuel, |(a, b)| {
            if self.accepts(a) && other.accepts(b) { None } else { Some(b != DEAD) }
        })
    }

    /// One byte of each class that two automata have together.
    fn representatives(&self, other: &Self) -> Vec<u8> {
        let mut seen = vec![false; self.stride * other.stride];
        let class = |byte: u8| {
            let (a, b) = (self.classes[byte as usize], other.classes[byte as usize]);
            usize::from(a) * other.stride + usize::from(b)
        };
        (0..=255).filter(|byte| !std::mem::replace(&mut seen[class(*byte)], true)).collect()
    }

    /// Whether `byte` leads on from any state.
    pub(crate) fn continues_with(&self, byte: u8) -> bool {
        (1..self.accept.len() as u32).any(|s| self.next(s, byte) != DEAD)
    }

    /// Whether some non-empty text is in this language and the other one can continue it with `byte`.
    pub(crate) fn ends_inside(
        &self,
        other: &Self,
        byte: u8,
        fuel: &mut Fuel,
    ) -> Result<bool, Exhausted> {
        let states = self.states_at_ends(other, fuel)?;
        Ok(states.into_iter().any(|state| other.next(state, byte) != DEAD))
    }

    /// The live states of the other automaton after the texts of this language.
    pub(crate) fn states_at_ends(
        &self,
        other: &Self,
        fuel: &mut Fuel,
    ) -> Result<Vec<u32>, Exhausted> {
        let mut states = Vec::new();
        self.together(other, fuel, |(a, b)| {
            if self.accepts(a) && b != DEAD {
                states.push(b);
            }
            Some(b != DEAD)
        })?;
        Ok(states)
    }

    /// Whether some text of this language has no beginning in the other one (the empty beginning does not count).
    pub(crate) fn avoids(&self, other: &Self, fuel: &mut Fuel) -> Result<bool, Exhausted> {
        self.together(other, fuel, |(a, b)| {
            let goes_on = !other.accepts(b);
            if goes_on && self.accepts(a) { None } else { Some(goes_on) }
        })
    }

    /// Reads all non-empty texts of this language with another automaton, too. `meet` says of a pair of states whether to read
    /// on, or that it has seen enough: then the answer is yes.
    fn together(
        &self,
        other: &Self,
        fuel: &mut Fuel,
        mut meet: impl FnMut((u32, u32)) -> Option<bool>,
    ) -> Result<bool, Exhausted> {
        let mut seen = Pairs::new(self.states(), other.states());
        let mut work = vec![(self.start, other.start)];
        let bytes = self.representatives(other);
        while let Some((a, b)) = work.pop() {
            fuel.spend(bytes.len() as u64)?;
            for &byte in &bytes {
                let pair = (self.next(a, byte), other.next(b, byte));
                if pair.0 != DEAD && seen.insert(pair) {
                    match meet(pair) {
                        None => return Ok(true),
                        Some(true) => work.push(pair),
                        Some(false) => {}
                    }
                }
            }
        }
        Ok(false)
    }

    /// A shortest text for each way in which a text can begin, up to so many.
    pub(crate) fn shortest_by_beginning(
        &self,
        most: usize,
        fuel: &mut Fuel,
    ) -> Result<Vec<Vec<u8>>, Exhausted> {
        let mut seen = rustc_hash::FxHashSet::from_iter([DEAD]);
        let mut texts = Vec::new();
        for byte in 0..=255 {
            let next = self.next(self.start, byte);
            if texts.len() < most && seen.insert(next) {
                texts.push([&[byte], self.shortest_from(next, fuel)?.as_slice()].concat());
            }
        }
        Ok(texts)
    }

    /// A shortest text of the language; empty if there is none.
    pub(crate) fn shortest(&self, fuel: &mut Fuel) -> Result<Vec<u8>, Exhausted> {
        self.shortest_from(self.start, fuel)
    }

    /// A shortest text that leads from a state to an accepting one.
    fn shortest_from(&self, state: u32, fuel: &mut Fuel) -> Result<Vec<u8>, Exhausted> {
        let bytes = self.representatives(self);
        let mut seen = rustc_hash::FxHashSet::from_iter([state]);
        // State, where it was reached from, and by which byte.
        let mut reached = vec![(state, 0, 0)];
        let mut at = 0;
        while let Some(&(state, ..)) = reached.get(at) {
            if self.accepts(state) {
                let mut text = Vec::new();
                while at > 0 {
                    let (_, from, byte) = reached[at];
                    text.push(byte);
                    at = from;
                }
                text.reverse();
                return Ok(text);
            }
            fuel.spend(bytes.len() as u64)?;
            for &byte in &bytes {
                let next = self.next(state, byte);
                if next != DEAD && seen.insert(next) {
                    reached.push((next, at, byte));
                }
            }
            at += 1;
        }
        Ok(Vec::new())
    }

    /// Number of byte classes.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Byte classes: two bytes in one column lead to the same states everywhere.
    pub(crate) fn classes(&self) -> &[u8; 256] {
        &self.classes
    }

    /// Number of states, [`DEAD`] included.
    pub(crate) fn states(&self) -> usize {
        self.accept.len()
    }

    /// Writes the automaton.
    pub(crate) fn describe(&self, out: &mut Writer) {
        out.raw(self.classes.as_slice());
        out.count(self.stride);
        out.number(self.start);
        out.count(self.accept.len());
        for state in &self.table {
            out.number(*state);
        }
        for accepts in &self.accept {
            out.number(u32::from(*accepts));
        }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.table.len() * 4 + self.accept.len() * 2 + 300
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regular::Builder;

    fn dfa(pattern: &str) -> Dfa {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).unwrap();
        Dfa::new(&Regular::Hir(hir), &Limits::default()).unwrap()
    }

    fn accepts(dfa: &Dfa, text: &str) -> bool {
        let end = text.bytes().fold(dfa.start(), |s, b| dfa.next(s, b));
        dfa.accepts(end)
    }

    #[test]
    fn expressions_accept_what_they_match_whole() {
        let number = dfa("[0-9]+(\\.[0-9]+)?");
        assert!(accepts(&number, "12") && accepts(&number, "1.5"));
        assert!(!accepts(&number, "") && !accepts(&number, "1.") && !accepts(&number, "x"));
        let one_point = "1.".bytes().fold(number.start(), |s, b| number.next(s, b));
        assert!(one_point != DEAD && number.extends(one_point));
        let word = dfa("é|ab");
        assert!(accepts(&word, "é") && accepts(&word, "ab") && !accepts(&word, "a"));
    }

    #[test]
    fn chains_equal_the_general_way() {
        let keyword = Dfa::new(&Regular::literal_ignore_case(b"as_1"), &Limits::default()).unwrap();
        assert!(
            accepts(&keyword, "As_1") && !accepts(&keyword, "As_") && !accepts(&keyword, "as-1")
        );
        assert!(!keyword.extends("aS_1".bytes().fold(keyword.start(), |s, b| keyword.next(s, b))));
    }

    #[test]
    fn words_equal_the_general_way() {
        let words = dfa("(?i-u)(?:select|sel|set|from|f[0-9]x?|from_)");
        for text in ["SELECT", "sel", "sEt", "from", "FROM_", "f7", "f0X"] {
            assert!(accepts(&words, text), "{text}");
        }
        for text in ["", "se", "selec", "fro", "f", "f7xx", "selset"] {
            assert!(!accepts(&words, text), "{text}");
        }
        // Sets that overlap go the other way.
        assert!(accepts(&dfa("[ab]x|[bc]y"), "by") && !accepts(&dfa("[ab]x|[bc]y"), "ay"));
    }

    #[test]
    fn large_classes_among_alternatives_equal_the_general_way() {
        let limits = Limits::default();
        for pattern in [r"\w|=>|\s+:", r"é|\p{L}|[0-9]+", r"\w|\p{L}\p{L}"] {
            let hir = regex_syntax::parse(pattern).unwrap();
            let split = dfa(pattern);
            let whole = Dfa::from_hir(&hir, Builder::new(&limits).budget()).unwrap();
            assert_eq!(split.states(), whole.states());
            let only = |a: &Dfa, b: &Dfa| {
                let rest = Builder::new(&limits).product(a, b, |a, b| a && !b).unwrap();
                rest.start() != DEAD
            };
            assert!(!only(&split, &whole) && !only(&whole, &split));
            assert!(accepts(&split, "é") && !accepts(&split, ""));
        }
    }

    #[test]
    fn differences_and_void_languages() {
        let limits = Limits::default();
        let word = dfa("[a-z]+");
        let reserved = dfa("select|from");
        let name = Builder::new(&limits).product(&word, &reserved, |a, b| a && !b).unwrap();
        assert!(accepts(&name, "selects") && accepts(&name, "sel") && !accepts(&name, "select"));
        let nothing = Builder::new(&limits).product(&reserved, &word, |a, b| a && !b).unwrap();
        assert_eq!(nothing.start(), DEAD);
        let fuel = &mut Fuel::new(10_000, None);
        assert_eq!(word.overlaps(&reserved, fuel), Ok(true));
        assert_eq!(name.overlaps(&reserved, fuel), Ok(false));
    }

    #[test]
    fn limits_are_named() {
        let limits = Limits { dfa_states: 100, ..Limits::default() };
        let hir = regex_syntax::parse("(a|b)*a(a|b){12}").unwrap();
        let error = Dfa::new(&Regular::Hir(hir), &limits).unwrap_err();
        assert!(matches!(error, DfaError::Limit("dfa_states", 100)), "{error:?}");
    }

    #[test]
    fn two_languages_are_read_together() {
        let fuel = &mut Fuel::new(100_000, None);
        let (name, gap) = (dfa("[a-z]+"), dfa(" *=>|[0-9]"));
        assert_eq!(dfa(" +").avoids(&gap, fuel), Ok(true));
        assert_eq!(dfa(" *=>x|7a").avoids(&gap, fuel), Ok(false));
        assert_eq!(name.ends_inside(&dfa("ab=c"), b'=', fuel), Ok(true));
        assert_eq!(name.ends_inside(&dfa("a+:b"), b'=', fuel), Ok(false));
        let texts = dfa("a[0-9]x|bc|[de]f?").shortest_by_beginning(3, fuel);
        assert_eq!(texts, Ok(vec![b"a0x".to_vec(), b"bc".to_vec(), b"d".to_vec()]));
        assert_eq!(dfa("ab{3}c|ddddd?").shortest(fuel), Ok(b"dddd".to_vec()));
        // Twelve bits of each are told apart.
        let (one, other) = (dfa("[abcd]*[ab][abcd]{11}x"), dfa("[abcd]*[ac][abcd]{11}y"));
        assert_eq!(one.ends_inside(&other, b'y', fuel), Err(Exhausted::Work));
        assert_eq!(one.overlaps(&other, &mut Fuel::new(100_000, None)), Err(Exhausted::Work));
    }
}
