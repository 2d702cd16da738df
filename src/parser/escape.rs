//! Whether the parser can lead the lexer out of its shadows, exactly.
//!
//! A lexeme may leave shadows behind that only some of the following lexemes get rid of, so what the parser allows further
//! on decides whether the text so far can go on at all. The lexer's positions are finitely many and the parser is a stack,
//! so this is reachability in a pushdown system, by saturation (Bouajjani, Esparza and Maler 1997): stacks with the same
//! lexer position and the same LR state on top are one *place*, over all places that may lie below it. Every path through
//! the places is a stack that can be reached, so merging loses nothing, and there are finitely many.

use std::{cell::Cell, hash::Hash};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    lr::{INITIAL, LrTable},
    normal::NormalGrammar,
    stack::{SetId, StackTable},
};
use crate::{TerminalId, bitset::BitSet, ids::NonterminalId};

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
    /// Terminals that the lexeme can become, whatever the shadows say.
    fn becoming(&self, at: Self::At) -> &BitSet;
    /// Terminals after which no shadow does harm, and terminals that leave shadows behind, with where the lexer is then:
    /// those that are easily found.
    fn soon(&self, at: Self::At) -> (&BitSet, &[(TerminalId, Self::At)]);
    /// All of those.
    fn all(&self, at: Self::At) -> (&BitSet, &[(TerminalId, Self::At)]);
}

/// How far the lexer is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Depth {
    /// For what is easily found: there may be more.
    Soon,
    /// For everything.
    All,
}

/// What lies below the top of a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Below {
    /// A node of the stack that the search began with.
    Node(u32),
    /// A place, by its number.
    Place(u32),
    /// What is not known, below the LR state that the search began at.
    Unknown,
}

/// A reduction on its way down: the lexer's position, which stays, and what the terminals and nonterminals read become.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Pop<A> {
    at: A,
    lhs: NonterminalId,
    /// Stack entries still to take away.
    length: u32,
    /// Whether the first of them is the place where the reduction began.
    whole: bool,
}

/// All stacks with this lexer position and this state on top.
struct Place<A> {
    at: A,
    state: u32,
    below: Vec<Below>,
    /// Reductions that go on to whatever lies below, now or later.
    pops: Vec<Pop<A>>,
    /// Places that whatever lies below this one lies below, too.
    copies: Vec<u32>,
}

/// What there is to do.
enum Work<A> {
    /// Something more lies below a place.
    Below(u32, Below),
    /// A reduction takes away what lies above this.
    Pop(Pop<A>, Below),
}

struct Search<'a, S: Shadows> {
    stacks: &'a StackTable,
    lr: &'a LrTable,
    grammar: &'a NormalGrammar,
    ignored: &'a BitSet,
    shadows: S,
    places: Vec<Place<S::At>>,
    numbers: FxHashMap<(S::At, u32), u32>,
    /// What lies below which place, for both.
    edges: FxHashSet<(u32, Below)>,
    /// Reductions that wait for what lies below.
    pops: FxHashSet<(Pop<S::At>, Below)>,
    work: Vec<Work<S::At>>,
    /// A way out was found.
    found: bool,
    /// A reduction reached what is not known.
    open: bool,
    /// The LR state that the search began at, if it was one.
    begun: Option<u32>,
    depth: Depth,
    /// Elementary steps left.
    left: &'a Cell<u64>,
}

impl StackTable {
    /// Whether some terminals lead from here to where no shadow does harm, or to the end of a sentence. Cost: polynomial in
    /// the lexer's positions, the LR states and the stack, and taken from `left`: with nothing left afterwards the answer
    /// means nothing.
    #[cold]
    pub(crate) fn escapes<S: Shadows>(
        &self,
        (lr, grammar): (&LrTable, &NormalGrammar),
        ignored: &BitSet,
        set: SetId,
        (shadows, at): (S, S::At),
        left: &Cell<u64>,
    ) -> bool {
        let mut search = Search::new(self, (lr, grammar), ignored, shadows, left);
        for &node in self.nodes_of(set) {
            if left.get() == 0 {
                break;
            }
            let (state, parents) = self.node_parts(node);
            let number = search.place(at, state);
            parents.iter().for_each(|parent| search.add(number, Below::Node(*parent)));
        }
        search.run(Depth::All);
        search.found
    }

    /// As [`Self::escapes`], at an LR state that something is shifted from next; `None` if that depends on what lies below it,
    /// or was not found so soon.
    #[cold]
    pub(crate) fn escapes_at<S: Shadows>(
        &self,
        parser: (&LrTable, &NormalGrammar),
        ignored: &BitSet,
        state: u32,
        (shadows, at): (S, S::At),
        depth: Depth,
        left: &Cell<u64>,
    ) -> Option<bool> {
        let mut search = Search::new(self, parser, ignored, shadows, left);
        search.begun = Some(state);
        let number = search.place(at, state);
        search.add(number, Below::Unknown);
        search.run(depth);
        match search.found {
            true => Some(true),
            false => (depth == Depth::All && !search.open).then_some(false),
        }
    }
}

impl<'a, S: Shadows> Search<'a, S> {
    fn new(
        stacks: &'a StackTable,
        (lr, grammar): (&'a LrTable, &'a NormalGrammar),
        ignored: &'a BitSet,
        shadows: S,
        left: &'a Cell<u64>,
    ) -> Self {
        Self {
            stacks,
            lr,
            grammar,
            ignored,
            shadows,
            places: Vec::new(),
            numbers: FxHashMap::default(),
            edges: FxHashSet::default(),
            pops: FxHashSet::default(),
            work: Vec::new(),
            found: false,
            open: false,
            begun: None,
            depth: Depth::Soon,
            left,
        }
    }

    fn run(&mut self, depth: Depth) {
        self.saturate();
        if !self.found && depth == Depth::All {
            self.depth = depth;
            self.saturate();
        }
    }

    /// Looks at all places, those found first first: the short ways out come first. What lies below whom is known before the
    /// lexer is asked again, and everything is put together once.
    fn saturate(&mut self) {
        let mut number = 0;
        loop {
            while let Some(work) = self.work.pop() {
                if self.found || self.left.get() == 0 {
                    return;
                }
                match work {
                    Work::Below(number, below) => self.put(number, below),
                    Work::Pop(pop, end) => self.pop(pop, end),
                }
            }
            if number == self.places.len() || self.found || self.left.get() == 0 {
                return;
            }
            self.shift(number as u32);
            self.reduce(number as u32);
            number += 1;
        }
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
            let (below, pops, copies) = (Vec::new(), Vec::new(), Vec::new());
            self.places.push(Place { at, state, below, pops, copies });
            self.found |= self.is_way_out(self.shadows.soon(at).0, at, state);
        }
        known
    }

    fn is_way_out(&self, sure: &BitSet, at: S::At, state: u32) -> bool {
        let entry = self.lr.get(state);
        let ends = entry.accepts || (state == INITIAL && self.grammar.empty_sentence());
        sure.intersects(&entry.viable)
            || sure.intersects(self.ignored)
            || (ends && self.shadows.is_fresh(at))
    }

    fn add(&mut self, number: u32, below: Below) {
        let is_new = self.edges.insert((number, below));
        if is_new {
            self.work.push(Work::Below(number, below));
        }
        self.spend(if is_new { BELOW } else { 1 });
    }

    /// Puts something below a place, for all that waits for it.
    fn put(&mut self, number: u32, below: Below) {
        let place = &mut self.places[number as usize];
        place.below.push(below);
        let is_unknown = self.begun == Some(place.state) && below == Below::Unknown;
        for &pop in &place.pops {
            // Whoever asks about all states that something can be shifted from has reduced.
            if !(is_unknown && pop.whole) {
                self.work.push(Work::Pop(pop, below));
            }
        }
        let (copies, steps) = (place.copies.clone(), place.pops.len() as u64);
        self.spend(steps);
        copies.into_iter().for_each(|copy| self.add(copy, below));
    }

    /// Reads a terminal.
    fn shift(&mut self, number: u32) {
        let Place { at, state, .. } = self.places[number as usize];
        let (becoming, viable) = (self.shadows.becoming(at), &self.lr.get(state).viable);
        if !becoming.intersects(viable) && !becoming.intersects(self.ignored) {
            self.spend(1);
            return;
        }
        let (sure, maybe) = match self.depth {
            Depth::Soon => self.shadows.soon(at),
            Depth::All => self.shadows.all(at),
        };
        let (maybe, is_way_out) = (maybe.to_vec(), self.is_way_out(sure, at, state));
        self.found |= is_way_out;
        self.spend(1 + maybe.len() as u64);
        for (terminal, next) in maybe {
            if self.left.get() == 0 {
                return;
            }
            if self.ignored.contains(terminal.index()) {
                let same = self.place(next, state);
                let place = &mut self.places[number as usize];
                if !place.copies.contains(&same) {
                    place.copies.push(same);
                    place.below.clone().into_iter().for_each(|below| self.add(same, below));
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
            self.wait(Pop { at, lhs, length, whole: true }, Below::Place(number));
        }
    }

    /// A reduction takes away an entry of the stack, and then whatever lies below it or, if that was the last, finds it.
    fn pop(&mut self, pop: Pop<S::At>, end: Below) {
        let length = pop.length - 1;
        if length > 0 {
            return self.wait(Pop { length, whole: false, ..pop }, end);
        }
        let under = match end {
            Below::Node(node) => self.stacks.node_parts(node).0,
            Below::Place(place) => self.places[place as usize].state,
            Below::Unknown => {
                self.open = true;
                return;
            }
        };
        if let Some(target) = self.lr.goto(self.grammar, under, pop.lhs) {
            let reduced = self.place(pop.at, target);
            self.add(reduced, end);
        }
    }

    /// A reduction goes on to all that lies below, now or later.
    fn wait(&mut self, pop: Pop<S::At>, above: Below) {
        self.spend(1);
        if !self.pops.insert((pop, above)) {
            return;
        }
        match above {
            Below::Node(node) => {
                let parents = self.stacks.node_parts(node).1;
                self.spend(BELOW + parents.len() as u64);
                self.work.extend(parents.iter().map(|node| Work::Pop(pop, Below::Node(*node))));
            }
            Below::Place(number) => {
                let place = &mut self.places[number as usize];
                place.pops.push(pop);
                let is_begun = pop.whole && self.begun == Some(place.state);
                let ends = place.below.iter().filter(|b| !is_begun || **b != Below::Unknown);
                self.work.extend(ends.map(|below| Work::Pop(pop, *below)));
                let steps = place.below.len() as u64;
                self.spend(BELOW + steps);
            }
            Below::Unknown => self.open = true,
        }
    }
}
