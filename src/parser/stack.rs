//! Hash-consed graph-structured stacks, and the two steps of a generalised LR parser on them.
//!
//! A node is an LR state with the set of nodes that may lie below it; a *set* of nodes is everything the parser may stand
//! on (Tomita 1986, with immutable nodes). Equal situations are equal ids, so closures and successors are memoised.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{
    above::Pop,
    lr::{COMPLETE, INITIAL, LrTable},
    normal::NormalGrammar,
};
use crate::{
    TerminalId,
    bitset::BitSet,
    fuel::{Exhausted, Fuel},
    grammar::Symbol,
    ids::NonterminalId,
    intern::Interner,
    memo::Memo,
    seen::Seen,
    shortcut::Shortcut,
};

/// A set of stack nodes: where a parser may stand. [`SetId::DEAD`] is the empty one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SetId(pub(crate) u32);

impl SetId {
    /// Nowhere: what has been read is no viable prefix.
    pub(crate) const DEAD: Self = Self(0);
    /// Before the first lexeme.
    pub(crate) const START: Self = Self(1);
    /// Where it would take too many steps to find out.
    pub(crate) const CUT: Self = Self(2);
}

/// A few numbers: a node has a parent or two, a set a state or two.
type Few = SmallVec<[u32; 4]>;

#[derive(Debug)]
struct Set {
    closure: OnceLock<Closure>,
}

/// Everything that reductions make of a set.
#[derive(Debug)]
pub(crate) struct Closure {
    /// All states reached that something can be shifted from, ascending.
    level: Box<[Top]>,
    /// The nodes below those that are no nodes yet.
    parents: Box<[u32]>,
    /// Terminals that can be shifted, and those ignored between lexemes.
    pub(crate) viable: BitSet,
    /// Whether the text may end here.
    pub(crate) complete: bool,
    /// Nodes that were looked at to find it: a square of the stack's depth, or more, where everything is ambiguous.
    /// `u64::MAX`: too many, and nothing is known.
    pub(crate) steps: u64,
}

/// A state that reductions lead to.
#[derive(Clone, Copy, Debug)]
struct Top {
    state: u32,
    place: Over,
}

/// What a state lies over.
#[derive(Clone, Copy, Debug)]
enum Over {
    /// It is this node.
    Node(u32),
    /// It is made one if something is shifted: over the closure's parents from here to there.
    Parents(u32, u32),
}

impl Closure {
    /// The LR states that something can be shifted from, ascending, and [`COMPLETE`] if the text may end.
    pub(crate) fn states(&self) -> impl Iterator<Item = u32> + '_ {
        let mut last = None;
        let states = self.level.iter().map(|top| top.state);
        let states = states.filter(move |state| last.replace(*state) != Some(*state));
        states.chain(self.complete.then_some(COMPLETE))
    }

    /// One of the states that something can be shifted from, by its place among them: one that lies over a node of the set and
    /// over others comes twice. After them [`COMPLETE`] if the text may end.
    pub(crate) fn top(&self, at: usize) -> Option<u32> {
        match self.level.get(at) {
            Some(top) => Some(top.state),
            None => (self.complete && at == self.level.len()).then_some(COMPLETE),
        }
    }

    /// That of a set that would take too many steps.
    fn cut() -> Self {
        let (level, parents, viable) = Default::default();
        Self { level, parents, viable, complete: false, steps: u64::MAX }
    }
}

/// States with the nodes below them, ascending by state: mostly a few, which no map is quicker for.
#[derive(Default)]
struct Tops(Vec<(u32, Few)>);

impl Tops {
    /// The nodes below a state.
    fn below(&mut self, state: u32) -> &mut Few {
        let at = match self.0.last() {
            // They mostly come in order.
            Some(last) if last.0 < state => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&state, |top| top.0),
        };
        let at = at.unwrap_or_else(|at| {
            self.0.insert(at, (state, Few::new()));
            at
        });
        &mut self.0[at].1
    }
}

/// Reductions that are to be done: to nonterminals, over nodes, each once.
#[derive(Default)]
struct Reductions {
    work: SmallVec<[(NonterminalId, u32); 8]>,
    seen: Seen,
    ends: Vec<u32>,
    room: Vec<u32>,
}

impl Reductions {
    /// Adds those of a right-hand side of this length whose last symbol lies over some nodes.
    fn add(
        &mut self,
        stacks: &StackTable,
        (lhs, length): (NonterminalId, u32),
        over: &[u32],
        fuel: &mut Fuel,
    ) -> Result<(), Exhausted> {
        self.ends.clear();
        self.ends.extend_from_slice(over);
        stacks.descend(&mut self.ends, &mut self.room, length - 1, fuel)?;
        let new = self.ends.iter().filter(|end| self.seen.insert((lhs.0, **end)));
        self.work.extend(new.map(|end| (lhs, *end)));
        Ok(())
    }
}

/// All stacks met so far.
#[derive(Debug)]
pub(crate) struct StackTable {
    /// `[state, parents...]`; no parents for the bottom.
    nodes: Interner<Few, ()>,
    /// By their nodes.
    sets: Interner<Few, Set>,
    /// After a terminal, or after a reduction to a nonterminal that ends at these nodes.
    advances: Memo<(SetId, Symbol), SetId>,
    recent: Shortcut,
    /// Nodes that are looked at for one closure or one advance at most.
    most: u64,
}

impl StackTable {
    /// A table with the empty set and the start; for one closure or advance at most so many nodes are looked at.
    pub(crate) fn new(most: u64) -> Self {
        let table = Self {
            nodes: Interner::new(),
            sets: Interner::new(),
            advances: Memo::new(),
            recent: Shortcut::new(),
            most,
        };
        let dead = table.set(&[]);
        debug_assert_eq!(dead, SetId::DEAD);
        let bottom = table.node(INITIAL, &mut []);
        let start = table.set(&[bottom]);
        debug_assert_eq!(start, SetId::START);
        // No set has a node twice.
        let cut = table.set(&[bottom, bottom]);
        debug_assert_eq!(cut, SetId::CUT);
        _ = table.sets.get(cut.0).closure.set(Closure::cut());
        table
    }

    /// The node of a state over some parents.
    pub(super) fn node(&self, state: u32, parents: &mut [u32]) -> u32 {
        parents.sort_unstable();
        self.node_over(state, parents)
    }

    /// The node of a state over some parents, which are ascending.
    fn node_over(&self, state: u32, parents: &[u32]) -> u32 {
        let mut key = Few::with_capacity(parents.len() + 1);
        key.push(state);
        for &parent in parents {
            if key.len() == 1 || key[key.len() - 1] != parent {
                key.push(parent);
            }
        }
        self.nodes.intern(key.as_slice(), || ((), key.len() * 4 + 32))
    }

    /// State and parents of a node.
    #[inline]
    pub(super) fn node_parts(&self, node: u32) -> (u32, &[u32]) {
        let key = self.nodes.key(node);
        (key[0], &key[1..])
    }

    #[inline]
    fn state_of(&self, node: u32) -> u32 {
        self.nodes.key(node)[0]
    }

    #[inline]
    fn parents_of(&self, node: u32) -> &[u32] {
        &self.nodes.key(node)[1..]
    }

    pub(super) fn set(&self, nodes: &[u32]) -> SetId {
        let make = || (Set { closure: OnceLock::new() }, nodes.len() * 4 + 120);
        SetId(self.sets.intern(nodes, make))
    }

    /// The nodes of a set.
    pub(super) fn nodes_of(&self, set: SetId) -> &[u32] {
        self.sets.key(set.0)
    }

    /// Everything that reductions make of a set. Cost: the number of distinct (state, parent) pairs reached, once per set.
    #[inline]
    pub(crate) fn closure(
        &self,
        lr: &LrTable,
        grammar: &NormalGrammar,
        ignored: &BitSet,
        set: SetId,
    ) -> &Closure {
        self.sets.get(set.0).closure.get_or_init(|| {
            let mut fuel = Fuel::new(self.most, None);
            let closure = self.close(lr, grammar, ignored, set, &mut fuel);
            let closure = closure.unwrap_or_else(|_| Closure::cut());
            let numbers = closure.level.len() * 4 + closure.parents.len();
            self.sets.charge(numbers * 4 + grammar.terminals / 8 + 64);
            closure
        })
    }

    fn close(
        &self,
        lr: &LrTable,
        grammar: &NormalGrammar,
        ignored: &BitSet,
        set: SetId,
        fuel: &mut Fuel,
    ) -> Result<Closure, Exhausted> {
        let (nodes, bottom) = (self.nodes_of(set), self.nodes_of(SetId::START)[0]);
        let mut complete = grammar.empty_sentence() && nodes.contains(&bottom);
        let mut viable = ignored.clone();
        let (mut level, mut found) = (Vec::with_capacity(nodes.len()), Tops::default());
        let mut reductions = Reductions::default();
        for &node in nodes {
            let (state, parents) = self.node_parts(node);
            let entry = lr.get(state);
            complete |= entry.accepts;
            if !entry.viable.is_empty() {
                viable.union_with(&entry.viable);
                level.push(Top { state, place: Over::Node(node) });
            }
            for reduction in &entry.reductions {
                reductions.add(self, *reduction, parents, fuel)?;
            }
        }
        // The same state over the same node may come of several chains.
        let mut seen = Seen::default();
        while let Some((lhs, end)) = reductions.work.pop() {
            let Some(chain) = lr.chain(grammar, self.state_of(end), lhs) else { continue };
            fuel.spend(chain.looked)?;
            complete |= chain.accepts;
            viable.union_with(&chain.viable);
            for &top in &chain.tops {
                if seen.insert((top, end)) {
                    found.below(top).push(end);
                }
            }
            for longer in &chain.longer {
                reductions.add(self, *longer, &[end], fuel)?;
            }
        }
        let steps = self.most - fuel.left();
        let mut below = Vec::with_capacity(found.0.len());
        level.reserve(found.0.len());
        for (state, mut parents) in found.0 {
            let begin = below.len() as u32;
            parents.sort_unstable();
            below.extend_from_slice(&parents);
            level.push(Top { state, place: Over::Parents(begin, below.len() as u32) });
        }
        level.sort_by_key(|top| top.state);
        Ok(Closure { level: level.into(), parents: below.into(), viable, complete, steps })
    }

    /// The set after a terminal: [`SetId::DEAD`] where the parser has no place for it. Memoised.
    pub(crate) fn advance(
        &self,
        lr: &LrTable,
        grammar: &NormalGrammar,
        ignored: &BitSet,
        set: SetId,
        terminal: TerminalId,
    ) -> SetId {
        if let Some(known) = self.recent.get(set.0, terminal.0) {
            return SetId(known);
        }
        if let Some(known) = self.advances.get((set, Symbol::Terminal(terminal))) {
            self.recent.put(set.0, terminal.0, known.0);
            return known;
        }
        let closure = self.closure(lr, grammar, ignored, set);
        let mut tops = Tops::default();
        for &Top { state, place } in &closure.level {
            if lr.get(state).viable.contains(terminal.index())
                && let Some(target) = lr.shift(grammar, state, terminal)
            {
                let node = match place {
                    Over::Node(node) => node,
                    Over::Parents(begin, end) => {
                        self.node_over(state, &closure.parents[begin as usize..end as usize])
                    }
                };
                tops.below(target).push(node);
            }
        }
        let settled = self.settle(lr, grammar, &mut tops, &mut Fuel::new(self.most, None));
        let next = settled.map_or(SetId::CUT, |()| self.set_of(tops));
        self.advances.put((set, Symbol::Terminal(terminal)), next);
        next
    }

    /// The set of some states over nodes.
    fn set_of(&self, tops: Tops) -> SetId {
        let nodes = tops.0.into_iter().map(|(state, mut parents)| self.node(state, &mut parents));
        let mut nodes: Few = nodes.collect();
        nodes.sort_unstable();
        self.set(&nodes)
    }

    /// The set after a reduction that takes a top of a closure away, [`SetId::DEAD`] where there is no place for it; and how many
    /// nodes were looked at. Memoised by where it ends, which is often the same for whatever has been read inside of brackets.
    pub(crate) fn pop(
        &self,
        (lr, grammar): (&LrTable, &NormalGrammar),
        (closure, top): (&Closure, usize),
        pop: Pop,
    ) -> (SetId, u64) {
        let (mut ends, levels) = match closure.level.get(top).map(|top| top.place) {
            None => return (SetId::DEAD, 0),
            Some(Over::Node(node)) => (vec![node], pop.levels),
            Some(Over::Parents(begin, end)) => {
                (closure.parents[begin as usize..end as usize].to_vec(), pop.levels - 1)
            }
        };
        let mut fuel = Fuel::new(self.most, None);
        if self.descend(&mut ends, &mut Vec::new(), levels, &mut fuel).is_err() {
            return (SetId::CUT, self.most);
        }
        ends.sort_unstable();
        ends.dedup();
        let key = (self.set(&ends), Symbol::Nonterminal(pop.lhs));
        if let Some(known) = self.advances.get(key) {
            return (known, self.most - fuel.left());
        }
        let (mut tops, mut reductions) = (Tops::default(), Reductions::default());
        let begun = reductions.add(self, (pop.lhs, 1), &ends, &mut fuel);
        let settled =
            begun.and_then(|()| self.reduce(lr, grammar, reductions, &mut tops, &mut fuel));
        let next = settled.map_or(SetId::CUT, |()| self.set_of(tops));
        self.advances.put(key, next);
        (next, self.most - fuel.left())
    }

    /// Goes so many levels down from some nodes. `room` is scratch.
    pub(super) fn descend(
        &self,
        nodes: &mut Vec<u32>,
        room: &mut Vec<u32>,
        levels: u32,
        fuel: &mut Fuel,
    ) -> Result<(), Exhausted> {
        fuel.spend(1)?;
        for _ in 0..levels {
            if nodes.is_empty() {
                break;
            }
            room.clear();
            for &node in &*nodes {
                let parents = self.parents_of(node);
                fuel.spend(parents.len() as u64)?;
                room.extend_from_slice(parents);
            }
            room.sort_unstable();
            room.dedup();
            std::mem::swap(nodes, room);
        }
        fuel.spend(nodes.len() as u64)
    }

    /// Reduces at once where nothing else can be done: all words that can be a name then lead to one place. A
    /// state stays if it can shift.
    fn settle(
        &self,
        lr: &LrTable,
        grammar: &NormalGrammar,
        tops: &mut Tops,
        fuel: &mut Fuel,
    ) -> Result<(), Exhausted> {
        if tops.0.iter().all(|top| !lr.get(top.0).is_forced()) {
            return Ok(());
        }
        let mut reductions = Reductions::default();
        for (state, parents) in &tops.0 {
            let entry = lr.get(*state);
            if entry.is_forced() {
                for reduction in &entry.reductions {
                    reductions.add(self, *reduction, parents, fuel)?;
                }
            }
        }
        tops.0.retain(|top| !lr.get(top.0).is_forced());
        self.reduce(lr, grammar, reductions, tops, fuel)
    }

    /// Does reductions, and those that must be done after them.
    fn reduce(
        &self,
        lr: &LrTable,
        grammar: &NormalGrammar,
        mut reductions: Reductions,
        tops: &mut Tops,
        fuel: &mut Fuel,
    ) -> Result<(), Exhausted> {
        while let Some((lhs, end)) = reductions.work.pop() {
            let Some(chain) = lr.chain(grammar, self.state_of(end), lhs) else { continue };
            fuel.spend(chain.looked)?;
            for &state in &chain.settled {
                let parents = tops.below(state);
                fuel.spend(parents.len() as u64 / 16)?;
                if !parents.contains(&end) {
                    parents.push(end);
                }
            }
            for longer in &chain.forced {
                reductions.add(self, *longer, &[end], fuel)?;
            }
        }
        Ok(())
    }

    /// All places of several sets as one: nodes of the same state become one, over the parents of all. Readings of a text that
    /// part and meet again must meet in one set, or their number doubles at every parting.
    pub(crate) fn union(&self, sets: impl Iterator<Item = SetId>) -> SetId {
        let mut tops: Vec<u32> = sets.flat_map(|set| self.nodes_of(set)).copied().collect();
        tops.sort_unstable();
        tops.dedup();
        let mut states: Vec<u32> = tops.iter().map(|top| self.node_parts(*top).0).collect();
        states.sort_unstable();
        if states.windows(2).any(|pair| pair[0] == pair[1]) {
            states.dedup();
            tops = states
                .into_iter()
                .map(|state| {
                    let of = tops.iter().map(|top| self.node_parts(*top));
                    let same = of.filter(|(other, _)| *other == state);
                    let mut parents: Vec<u32> =
                        same.flat_map(|(_, below)| below).copied().collect();
                    self.node(state, &mut parents)
                })
                .collect();
            tops.sort_unstable();
        }
        self.set(&tops)
    }

    /// The same set in another table over the same LR states. Work-list, linear in the nodes below the set.
    pub(crate) fn copy_to(&self, set: SetId, other: &Self) -> SetId {
        let mut copies: FxHashMap<u32, u32> = FxHashMap::default();
        let roots = self.nodes_of(set);
        let mut work: Vec<u32> = roots.to_vec();
        while let Some(&node) = work.last() {
            let (state, parents) = self.node_parts(node);
            let missing = work.len();
            for parent in parents {
                if !copies.contains_key(parent) {
                    work.push(*parent);
                }
            }
            if work.len() == missing {
                work.pop();
                let mut parents: Few = parents.iter().map(|parent| copies[parent]).collect();
                let copy = other.node(state, &mut parents);
                copies.insert(node, copy);
            }
        }
        let mut nodes: Vec<u32> = roots.iter().map(|n| copies[n]).collect();
        nodes.sort_unstable();
        other.set(&nodes)
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.bytes() + self.sets.bytes() + self.advances.len() * 40
    }
}
