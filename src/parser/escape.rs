//! Whether the parser can lead the lexer out of its shadows, exactly.
//!
//! A lexeme may leave shadows behind that only some of the following lexemes get rid of, so what the parser allows further
//! on decides whether the text so far can go on at all. The lexer's positions are finitely many and the parser is a stack,
//! so this is reachability in a pushdown system, by saturation (Bouajjani, Esparza and Maler 1997): stacks with the same
//! lexer position and the same LR state on top are one *place*, over all places that may lie below it. Every path through
//! the places is a stack that can be reached, so merging loses nothing, and there are finitely many.

use std::{cell::Cell, hash::Hash};

use rustc_hash::FxHashMap;

use super::{
    lr::{INITIAL, LrTable},
    normal::NormalGrammar,
    stack::{SetId, StackTable, UNKNOWN},
};
use crate::{TerminalId, bitset::BitSet};

/// What a new place counts for: it takes some hundred bytes.
const PLACE: u64 = 64;

/// What a stack below a place counts for.
const BELOW: u64 = 8;

/// What the search asks the lexer.
pub(crate) trait Shadows {
    /// Where the lexer is.
    type At: Copy + Eq + Hash;

    /// Whether no byte of a lexeme has been read.
    fn is_fresh(&self, at: Self::At) -> bool;
    /// Terminals after which no shadow does harm.
    fn sure(&self, at: Self::At) -> &BitSet;
    /// Terminals that leave shadows behind, and where the lexer is then.
    fn maybe(&self, at: Self::At) -> &[(TerminalId, Self::At)];
}

/// What lies below the top of a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Below {
    /// A node of the stack that the search began with.
    Node(u32),
    /// A place, by its number.
    Place(u32),
}

/// All stacks with this lexer position and this state on top.
struct Place<A> {
    at: A,
    state: u32,
    below: Vec<Below>,
}

struct Search<'a, S: Shadows> {
    stacks: &'a StackTable,
    lr: &'a LrTable,
    grammar: &'a NormalGrammar,
    ignored: &'a BitSet,
    shadows: S,
    places: Vec<Place<S::At>>,
    numbers: FxHashMap<(S::At, u32), u32>,
    /// A way out was found.
    found: bool,
    /// A reduction reached below what is known of the stack.
    open: bool,
    /// Something was added in this round.
    grown: bool,
    /// Elementary steps left.
    left: &'a Cell<u64>,
}

impl StackTable {
    /// Whether some terminals lead from here to where no shadow does harm, or to the end of a sentence; `None` if that
    /// depends on what is unknown of the stack. Cost: polynomial in the lexer's positions, the LR states and the stack, and
    /// taken from `left`: with nothing left afterwards the answer means nothing.
    #[cold]
    pub(crate) fn escapes<S: Shadows>(
        &self,
        (lr, grammar): (&LrTable, &NormalGrammar),
        ignored: &BitSet,
        set: SetId,
        (shadows, at): (S, S::At),
        left: &Cell<u64>,
    ) -> Option<bool> {
        let (places, numbers) = (Vec::new(), FxHashMap::default());
        let (found, open, grown) = (false, false, true);
        let mut search = Search {
            stacks: self,
            lr,
            grammar,
            ignored,
            shadows,
            places,
            numbers,
            found,
            open,
            grown,
            left,
        };
        for &node in self.nodes_of(set) {
            let (state, parents) = self.node_parts(node);
            let number = search.place(at, state);
            parents.iter().for_each(|parent| search.add(number, Below::Node(*parent)));
        }
        search.run()
    }
}

impl<S: Shadows> Search<'_, S> {
    fn run(mut self) -> Option<bool> {
        while std::mem::take(&mut self.grown) && self.left.get() > 0 {
            let mut number = 0;
            while number < self.places.len() && !self.found && self.left.get() > 0 {
                self.shift(number as u32);
                self.reduce(number as u32);
                number += 1;
            }
            if self.found {
                return Some(true);
            }
        }
        (!self.open).then_some(false)
    }

    /// Takes steps away; none are left if there were fewer.
    fn spend(&self, steps: u64) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    fn place(&mut self, at: S::At, state: u32) -> u32 {
        let number = self.places.len() as u32;
        let known = *self.numbers.entry((at, state)).or_insert(number);
        if known == number {
            self.spend(PLACE);
            self.places.push(Place { at, state, below: Vec::new() });
            self.grown = true;
            self.found |= self.is_way_out(at, state);
        }
        known
    }

    fn is_way_out(&self, at: S::At, state: u32) -> bool {
        let sure = self.shadows.sure(at);
        let entry = self.lr.get(state);
        let ends = entry.accepts || (state == INITIAL && self.grammar.empty_sentence());
        sure.intersects(&entry.viable)
            || sure.intersects(self.ignored)
            || (ends && self.shadows.is_fresh(at))
    }

    fn add(&mut self, number: u32, below: Below) {
        let known = &mut self.places[number as usize].below;
        let (among, is_new) = (known.len() as u64, !known.contains(&below));
        if is_new {
            known.push(below);
            self.grown = true;
        }
        self.spend(1 + among / 8 + if is_new { BELOW } else { 0 });
    }

    /// Reads a terminal.
    fn shift(&mut self, number: u32) {
        let Place { at, state, .. } = self.places[number as usize];
        let terminals = self.shadows.maybe(at).len();
        self.spend(1 + terminals as u64);
        for i in 0..terminals {
            let (terminal, next) = self.shadows.maybe(at)[i];
            if self.ignored.contains(terminal.index()) {
                let same = self.place(next, state);
                for below in self.places[number as usize].below.clone() {
                    self.add(same, below);
                }
            } else if let Some(target) = self.lr.shift(self.grammar, state, terminal) {
                let above = self.place(next, target);
                self.add(above, Below::Place(number));
            }
        }
    }

    /// Reduces; the lexer stays where it is.
    fn reduce(&mut self, number: u32) {
        let Place { at, state, .. } = self.places[number as usize];
        let lr = self.lr;
        for &(lhs, length) in &lr.get(state).reductions {
            if self.left.get() == 0 {
                return;
            }
            let mut ends = self.places[number as usize].below.clone();
            for _ in 1..length {
                let mut below: Vec<Below> = ends.iter().flat_map(|end| self.below(*end)).collect();
                below.sort_unstable();
                self.spend(below.len() as u64);
                below.dedup();
                ends = below;
            }
            for end in ends {
                let under = match end {
                    Below::Node(UNKNOWN) => {
                        self.open = true;
                        continue;
                    }
                    Below::Node(node) => self.stacks.node_parts(node).0,
                    Below::Place(place) => self.places[place as usize].state,
                };
                if let Some(target) = lr.goto(self.grammar, under, lhs) {
                    let reduced = self.place(at, target);
                    self.add(reduced, end);
                }
            }
        }
    }

    fn below(&mut self, of: Below) -> Vec<Below> {
        match of {
            Below::Node(UNKNOWN) => {
                self.open = true;
                Vec::new()
            }
            Below::Node(node) => {
                self.stacks.node_parts(node).1.iter().map(|n| Below::Node(*n)).collect()
            }
            Below::Place(place) => self.places[place as usize].below.clone(),
        }
    }
}
