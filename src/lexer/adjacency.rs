//! Which terminals can be written behind which, under contextual lexing.
//!
//! A terminal *admits* another one if some text of that one can be written behind any text of the first, directly or behind a
//! blank, so that neither what must not follow the first (its *guard*) nor the blank's has anything left to say behind it.
//! Terminals that admit the same, and let the same ignored ones stand behind them, are one *kind*.

use std::{cell::RefCell, rc::Rc};

use rustc_hash::FxHashMap;

use crate::{
    bitset::BitSet,
    fuel::Fuel,
    regular::{DEAD, Dfa},
};

/// Kinds of terminals up to which a proof is tried: one bit each.
const KINDS: usize = 64;

/// Texts of a terminal that are tried.
const TEXTS: usize = 16;

/// Terminals up to which a proof is tried: what each admits is a set of them.
const TERMINALS: usize = 4096;

/// Kinds, as bits.
pub(super) type Kinds = u64;

/// The terminals of a grammar, as the proof needs them.
pub(super) struct Terminals<'a> {
    pub(super) automata: &'a [Dfa],
    /// Terminal -> what must not follow it.
    pub(super) guards: &'a [Option<&'a Dfa>],
    /// Terminal -> terminals that do not begin where it ends; empty if all do.
    pub(super) not_before: &'a [BitSet],
    pub(super) ignored: &'a BitSet,
    /// Terminals that the parser reads.
    pub(super) read: &'a [usize],
    /// One byte of each class of bytes.
    pub(super) bytes: &'a [u8],
    /// What may be spent on the proof.
    pub(super) fuel: &'a RefCell<Fuel>,
}

/// Terminals that are alike.
pub(super) struct AllKinds {
    /// Terminal -> kind, for those that the parser reads and the ignored ones.
    pub(super) of: Vec<Option<u8>>,
    pub(super) count: usize,
    /// Terminal -> kinds that admit it.
    pub(super) admitted_by: Vec<Kinds>,
    /// Kind -> kinds of ignored terminals that can stand behind it, one or several.
    pub(super) ignored_behind: Vec<Kinds>,
    /// A kind that admits the most.
    pub(super) strongest: usize,
}

impl Terminals<'_> {
    /// Takes steps from what may be spent; whether they were left.
    fn spend(&self, steps: usize) -> bool {
        self.fuel.borrow_mut().spend(steps as u64).is_ok()
    }

    /// Some texts of the terminals that the parser reads and of the ignored ones, with many beginnings; `None` if that is too
    /// much work.
    pub(super) fn texts(&self) -> Option<Vec<(usize, Vec<u8>)>> {
        if self.automata.len() > TERMINALS {
            return None;
        }
        let mut texts = Vec::new();
        for t in self.read.iter().copied().chain(self.ignored.iter()) {
            let fuel = &mut self.fuel.borrow_mut();
            let some = self.automata[t].shortest_by_beginning(TEXTS, fuel).ok()?;
            texts.extend(some.into_iter().map(|text| (t, text)));
        }
        Some(texts)
    }

    /// All kinds; `None` if they are too many, or that is too much work.
    pub(super) fn kinds(&self, texts: &[(usize, Vec<u8>)]) -> Option<AllKinds> {
        let count = self.automata.len();
        let everything: Vec<usize> = self.read.iter().copied().chain(self.ignored.iter()).collect();
        let mut pairs = Pairs::new(self, texts);
        let rows: Vec<BitSet> = everything.iter().map(|&t| pairs.row(t)).collect();
        // Which ignored terminals can stand behind each, at once or behind others.
        let follows = |t: usize| -> BitSet {
            let mut all = BitSet::new(count);
            let mut work = vec![t];
            while let Some(from) = work.pop() {
                for next in self.ignored.iter() {
                    if !all.contains(next) && self.can_stand_behind(from, next) {
                        all.insert(next);
                        work.push(next);
                    }
                }
            }
            all
        };
        // Most terminals share what decides this.
        let mut known: FxHashMap<(*const Dfa, &BitSet), BitSet> = FxHashMap::default();
        let mut behind = Vec::with_capacity(everything.len());
        for &t in &everything {
            let guard = self.guards[t].map_or(std::ptr::null(), std::ptr::from_ref);
            let key = (guard, &self.not_before[t]);
            behind.push(known.entry(key).or_insert_with(|| follows(t)).clone());
        }
        let mut numbers: FxHashMap<(&BitSet, &BitSet), u8> = FxHashMap::default();
        let mut of = vec![None; count];
        let mut first: Vec<usize> = Vec::new();
        for (i, &t) in everything.iter().enumerate() {
            let next = numbers.len();
            let kind = *numbers.entry((&rows[i], &behind[i])).or_insert(next.min(KINDS) as u8);
            if usize::from(kind) == first.len() {
                first.push(i);
            }
            of[t] = Some(kind);
        }
        if numbers.len() > KINDS || self.fuel.borrow().left() == 0 {
            return None;
        }
        let kind_of = |t: usize| of[t].map_or(0, |kind| 1 << kind);
        let admitting = |t: usize| {
            let kinds = first.iter().enumerate().filter(|(_, i)| rows[**i].contains(t));
            kinds.fold(0, |all, (kind, _)| all | 1 << kind)
        };
        let all_behind = |i: &usize| behind[*i].iter().fold(0, |all, t| all | kind_of(t));
        let strongest = (0..first.len()).max_by_key(|&kind| rows[first[kind]].len());
        Some(AllKinds {
            count: first.len(),
            admitted_by: (0..count).map(admitting).collect(),
            ignored_behind: first.iter().map(all_behind).collect(),
            strongest: strongest.unwrap_or(0),
            of,
        })
    }

    /// Whether some text of the second terminal may follow the first one.
    fn can_stand_behind(&self, first: usize, second: usize) -> bool {
        !self.not_before[first].contains(second)
            && self.guards[first].is_none_or(|guard| {
                let avoids = self.automata[second].avoids(guard, &mut self.fuel.borrow_mut());
                avoids == Ok(true)
            })
    }
}

/// Which terminals can be written behind which. Sets of texts are sets of indices into all texts.
struct Pairs<'a> {
    terminals: &'a Terminals<'a>,
    /// A terminal, and a text of it: of those that the parser reads come first.
    texts: &'a [(usize, Vec<u8>)],
    /// Bytes of all texts.
    bytes: usize,
    /// An ignored terminal and a byte that is one.
    blanks: Vec<(usize, u8)>,
    /// (guard, its state) -> texts that it lets by and has nothing left to say behind.
    silent: FxHashMap<(*const Dfa, u32), Rc<BitSet>>,
    /// The same, and those behind which that makes no difference.
    admitted: FxHashMap<(*const Dfa, u32), Rc<BitSet>>,
    /// Guards that have something to say behind none of the texts that they let by.
    plain: FxHashMap<*const Dfa, bool>,
}

/// A guard that has been read so far, or a shadow of another kind.
#[derive(Clone, Copy)]
pub(super) struct Guard<'a>(Option<&'a Dfa>, u32);

impl<'a> Guard<'a> {
    /// At the end of the terminal.
    fn new(dfa: Option<&'a Dfa>) -> Self {
        Self(dfa, dfa.map_or(DEAD, Dfa::start))
    }

    /// Within what must not follow.
    pub(super) fn at(dfa: &'a Dfa, state: u32) -> Self {
        Self(Some(dfa), state)
    }

    fn key(self) -> (*const Dfa, u32) {
        (self.0.map_or(std::ptr::null(), std::ptr::from_ref), self.1)
    }

    /// After more text; `None` if that must not follow.
    pub(super) fn read(self, text: &[u8]) -> Option<Self> {
        let Some(dfa) = self.0 else { return Some(self) };
        let mut state = self.1;
        for &byte in text {
            state = dfa.next(state, byte);
            if dfa.accepts(state) {
                return None;
            }
        }
        Some(Self(self.0, state))
    }

    /// Whether it forbids nothing any more.
    pub(super) fn is_silent(self) -> bool {
        self.0.is_none_or(|dfa| !dfa.extends(self.1))
    }
}

impl<'a> Pairs<'a> {
    fn new(terminals: &'a Terminals<'a>, texts: &'a [(usize, Vec<u8>)]) -> Self {
        let texts = &texts[..texts.partition_point(|(t, _)| !terminals.ignored.contains(*t))];
        let blank = |t: usize| {
            let dfa = &terminals.automata[t];
            let is_one = move |byte: &&u8| dfa.accepts(dfa.next(dfa.start(), **byte));
            terminals.bytes.iter().filter(is_one).map(move |byte| (t, *byte))
        };
        let blanks = terminals.ignored.iter().flat_map(blank).collect();
        let bytes = texts.iter().map(|(_, text)| text.len() + 1).sum();
        let (silent, admitted, plain) = Default::default();
        Self { terminals, texts, bytes, blanks, silent, admitted, plain }
    }

    /// The terminals admitted behind a terminal.
    fn row(&mut self, terminal: usize) -> BitSet {
        self.behind(terminal, Guard::new(None))
    }

    /// The same where another guard, too, must have nothing left to say behind them.
    fn behind(&mut self, terminal: usize, other: Guard<'_>) -> BitSet {
        let Terminals { guards, not_before, .. } = *self.terminals;
        let guard = Guard::new(guards[terminal]);
        let mut texts = (*self.admitted(guard)).clone();
        texts.intersect_with(&self.silent(other));
        let mut all = self.of_texts(&texts, &not_before[terminal]);
        for i in 0..self.blanks.len() {
            let (blank, byte) = self.blanks[i];
            if !self.terminals.spend(self.texts.len()) {
                break;
            }
            let (Some(guard), Some(other)) = (guard.read(&[byte]), other.read(&[byte])) else {
                continue;
            };
            if !not_before[terminal].contains(blank) {
                let mut texts = (*self.admitted(guard)).clone();
                texts.intersect_with(&self.silent(other));
                texts.intersect_with(&self.silent(Guard::new(guards[blank])));
                all.union_with(&self.of_texts(&texts, &not_before[blank]));
            }
        }
        all
    }

    /// The terminals of texts, but for some.
    fn of_texts(&self, texts: &BitSet, but: &BitSet) -> BitSet {
        let mut terminals = BitSet::new(self.terminals.automata.len());
        for text in texts.iter() {
            let terminal = self.texts[text].0;
            if !but.contains(terminal) {
                terminals.insert(terminal);
            }
        }
        terminals
    }

    /// The texts that a guard lets by and behind which it has nothing left to say.
    fn silent(&mut self, guard: Guard<'_>) -> Rc<BitSet> {
        if let Some(known) = self.silent.get(&guard.key()) {
            return Rc::clone(known);
        }
        let mut silent = BitSet::new(self.texts.len());
        let is_enough = self.terminals.spend(self.bytes);
        for (i, (_, text)) in self.texts.iter().enumerate() {
            if is_enough && guard.read(text).is_some_and(Guard::is_silent) {
                silent.insert(i);
            }
        }
        let silent = Rc::new(silent);
        self.silent.insert(guard.key(), Rc::clone(&silent));
        silent
    }

    /// Whether a guard has something to say behind none of the texts that it lets by.
    fn is_plain(&mut self, guard: Option<&Dfa>) -> bool {
        let Some(dfa) = guard else { return true };
        if let Some(known) = self.plain.get(&std::ptr::from_ref(dfa)) {
            return *known;
        }
        if !self.terminals.spend(self.bytes * (self.blanks.len() + 1)) {
            return false;
        }
        let guard = Guard::new(Some(dfa));
        let blanks = self.blanks.iter().filter_map(|(_, byte)| guard.read(&[*byte]));
        let plain = blanks.chain([guard]).all(|guard| {
            let mut left = self.texts.iter().filter_map(|(_, text)| guard.read(text));
            left.all(Guard::is_silent)
        });
        self.plain.insert(std::ptr::from_ref(dfa), plain);
        plain
    }

    /// The texts that a guard lets by, if what it has left to say behind them makes no difference: behind them can be written
    /// what can be written behind them alone.
    fn admitted(&mut self, guard: Guard<'_>) -> Rc<BitSet> {
        if let Some(known) = self.admitted.get(&guard.key()) {
            return Rc::clone(known);
        }
        let mut admitted = (*self.silent(guard)).clone();
        for i in 0..self.texts.len() {
            let terminal = self.texts[i].0;
            let own = self.terminals.guards[terminal];
            if !admitted.contains(i)
                && self.terminals.spend(self.texts[i].1.len() + 1)
                && let Some(left) = guard.read(&self.texts[i].1)
                && self.is_plain(own)
                && self.behind(terminal, left) == self.row(terminal)
            {
                admitted.insert(i);
            }
        }
        let admitted = Rc::new(admitted);
        self.admitted.insert(guard.key(), Rc::clone(&admitted));
        admitted
    }
}
