//! What is known of trees at LR states: (tree node, state) -> list of token groups, and what is left open, which depends on more
//! of the stack. What came of it on a stack is kept beside it.
//!
//! What an automaton was loaded with lies sorted in a few long arrays ([`Loaded`]), which takes no hashing to make and a fifth
//! of the memory; what is found out since is in a map.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::{
    TerminalId,
    ids::NonterminalId,
    intern::Interner,
    lexer::ConfigId,
    memo::Memo,
    parser::{Pop, SetId},
};

/// Marks the number of a list that is all part of another one: what is allowed below a node is not written out again in all
/// nodes above it.
const LIST: u32 = 1 << 31;

/// Entries up to which a list is sooner copied than referred to.
const FEW: usize = 4;

/// Items or groups of a tree node: those of most nodes are kept in place.
pub(super) type Few = SmallVec<[u32; 12]>;

/// Memoised results; each is a list of token groups and of other lists, ascending, interned.
#[derive(Debug)]
pub(super) struct Results {
    loaded: OnceLock<Loaded>,
    /// Lists beside those loaded; numbered after them.
    lists: Interner<Box<[u32]>, ()>,
    /// What states leave open, beside those loaded; numbered after them. The list of what they settle, then what is open.
    partial: Interner<Box<[u32]>, ()>,
    /// (tree node, LR state) -> what is known, as a number.
    known: Memo<(u32, u32), u32>,
    /// (tree node, stack) -> list.
    on_stacks: Memo<(u32, SetId), u32>,
}

/// What depends on more of the stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Open {
    /// A reduction that takes the state away, and the tree node to go on at.
    Pop(Pop, u32),
    /// A terminal that can be shifted, and the tree node after it, where something of the following was left open.
    Edge(TerminalId, u32),
    /// Tokens that end in a configuration.
    Group(ConfigId, u32),
    /// A node's link, by its index.
    Link(u32, u32),
}

impl Open {
    /// As it is kept.
    pub(super) fn numbers(self) -> [u32; 3] {
        match self {
            Self::Edge(terminal, child) => [0, terminal.0, child],
            Self::Group(config, tokens) => [1, config.0, tokens],
            Self::Link(node, index) => [2, node, index],
            Self::Pop(pop, child) => [2 + pop.levels, pop.lhs.0, child],
        }
    }

    /// What was kept.
    pub(super) fn of(kind: u32, one: u32, other: u32) -> Self {
        match kind {
            0 => Self::Edge(TerminalId(one), other),
            1 => Self::Group(ConfigId(one), other),
            2 => Self::Link(one, other),
            _ => Self::Pop(Pop { lhs: NonterminalId(one), levels: kind - 2 }, other),
        }
    }

    /// Whether it is a reduction, after which all is known of other states.
    pub(super) fn is_pop(self) -> bool {
        matches!(self, Self::Pop(..))
    }
}

/// What is known of a tree node at an LR state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Known {
    /// All: a list of groups.
    Whole(u32),
    /// Some depends on more of the stack: see [`Results::partial`].
    Partial(u32),
}

/// Marks the number of a [`Known::Partial`].
const PARTIAL: u32 = 1 << 31;

impl Known {
    /// As it is kept.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Whole(list) => list,
            Self::Partial(partial) => partial | PARTIAL,
        }
    }

    fn of(number: u32) -> Self {
        match number & PARTIAL {
            0 => Self::Whole(number),
            _ => Self::Partial(number & !PARTIAL),
        }
    }
}

/// Results as they were loaded.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// All lists, one after another, and where each ends.
    groups: Vec<u32>,
    ends: Vec<usize>,
    /// What is left open, one after another; the list of what is settled, and where each ends.
    open: Vec<u32>,
    partial: Vec<(u32, usize)>,
    /// LR state and what is known: by node, then by state.
    known: Vec<(u32, u32)>,
    /// Where the results of each node begin, and those of the last one end.
    nodes: Vec<usize>,
}

impl Loaded {
    /// Adds a list: groups, then lists added before, ascending.
    pub(super) fn push_list(&mut self, groups: &[u32], lists: impl Iterator<Item = u32>) {
        self.groups.extend_from_slice(groups);
        self.groups.extend(lists.map(|list| list | LIST));
        self.ends.push(self.groups.len());
    }

    /// Lists.
    pub(super) fn lists(&self) -> usize {
        self.ends.len()
    }

    /// Adds what is left open.
    pub(super) fn push_partial(&mut self, list: u32, open: &[Open]) {
        self.open.extend(open.iter().flat_map(|open| open.numbers()));
        self.partial.push((list, self.open.len()));
    }

    /// The list of what is settled, and the items that are not.
    pub(super) fn partial(&self, id: u32) -> Option<(u32, &[u32])> {
        let id = id as usize;
        let (list, end) = *self.partial.get(id)?;
        let begin = id.checked_sub(1).map_or(0, |before| self.partial[before].1);
        Some((list, &self.open[begin..end]))
    }

    /// Entries of [`Self::partial`].
    pub(super) fn partials(&self) -> usize {
        self.partial.len()
    }

    /// Takes what is known: LR states and [numbers](Known::number), by node, then by state; and where those of each node begin.
    pub(super) fn know(&mut self, known: Vec<(u32, u32)>, begins: Vec<usize>) {
        (self.known, self.nodes) = (known, begins);
        self.nodes.push(self.known.len());
        for at in self.nodes.windows(2) {
            let known = &mut self.known[at[0]..at[1]];
            // They are where no state was met before the file was read.
            if !known.is_sorted() {
                known.sort_unstable();
            }
        }
    }

    fn list(&self, id: u32) -> Option<&[u32]> {
        let id = id as usize;
        let end = *self.ends.get(id)?;
        let begin = id.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.groups[begin..end])
    }

    fn find(&self, node: u32, state: u32) -> Option<u32> {
        let node = node as usize;
        let known = &self.known[*self.nodes.get(node)?..*self.nodes.get(node + 1)?];
        let at = known.binary_search_by_key(&state, |entry| entry.0).ok()?;
        Some(known[at].1)
    }

    fn iter(&self) -> impl Iterator<Item = ((u32, u32), u32)> + '_ {
        let of = |(node, at): (usize, &[usize])| {
            self.known[at[0]..at[1]].iter().map(move |(state, list)| ((node as u32, *state), *list))
        };
        self.nodes.windows(2).enumerate().flat_map(of)
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.groups.len() + self.open.len()) * 4
            + self.ends.len() * 8
            + self.partial.len() * 16
            + (self.known.len() + self.nodes.len()) * 8
    }
}

/// The groups of a list, then lists.
fn parts(list: &[u32]) -> (&[u32], &[u32]) {
    list.split_at(list.partition_point(|part| part & LIST == 0))
}

impl Results {
    pub(super) fn new() -> Self {
        Self {
            loaded: OnceLock::new(),
            lists: Interner::new(),
            partial: Interner::new(),
            known: Memo::new(),
            on_stacks: Memo::new(),
        }
    }

    /// Takes what was loaded. Only into an empty table.
    pub(super) fn begin_with(&self, loaded: Loaded) {
        let _ = self.loaded.set(loaded);
    }

    fn loaded_lists(&self) -> u32 {
        self.loaded.get().map_or(0, |loaded| loaded.lists() as u32)
    }

    fn list(&self, id: u32) -> &[u32] {
        match self.loaded.get().and_then(|loaded| loaded.list(id)) {
            Some(list) => list,
            None => self.lists.key(id - self.loaded_lists()),
        }
    }

    /// The groups of a list, and the lists that belong to it.
    pub(super) fn parts(&self, id: u32) -> (&[u32], impl Iterator<Item = u32> + '_) {
        let (groups, lists) = parts(self.list(id));
        (groups, lists.iter().map(|list| list & !LIST))
    }

    /// Adds a list to what becomes another one.
    pub(super) fn add_to(&self, id: u32, groups: &mut Few) {
        match self.list(id) {
            few if few.len() <= FEW => groups.extend_from_slice(few),
            _ => groups.push(id | LIST),
        }
    }

    /// Calls back with the groups of some lists, piece by piece; a group may come twice. Cost: the lists that these are made of.
    pub(super) fn groups(&self, lists: &[u32], mut each: impl FnMut(&[u32])) {
        let (mut work, mut seen) = (lists.to_vec(), FxHashSet::default());
        while let Some(list) = work.pop() {
            if seen.insert(list) {
                let (groups, lists) = self.parts(list);
                each(groups);
                work.extend(lists);
            }
        }
    }

    /// The list of these groups and lists. Equal lists may have been loaded under other numbers.
    pub(super) fn list_of(&self, mut groups: Few) -> u32 {
        groups.sort_unstable();
        groups.dedup();
        if let [only] = groups.as_slice()
            && only & LIST != 0
        {
            return only & !LIST;
        }
        let make = || ((), groups.len() * 4);
        self.loaded_lists() + self.lists.intern(groups.as_slice(), make)
    }

    /// The list of what is settled, and the items that are not, ascending.
    pub(super) fn partial(&self, id: u32) -> (u32, &[u32]) {
        let loaded = self.loaded.get();
        if let Some(partial) = loaded.and_then(|loaded| loaded.partial(id)) {
            return partial;
        }
        match &**self.partial.key(id - loaded.map_or(0, |loaded| loaded.partials() as u32)) {
            [list, open @ ..] => (*list, open),
            [] => unreachable!("invariant: a list comes first"),
        }
    }

    /// What was left open.
    pub(super) fn opens<'a>(&self, numbers: &'a [u32]) -> impl Iterator<Item = Open> + use<'a> {
        numbers.chunks_exact(3).map(|open| Open::of(open[0], open[1], open[2]))
    }

    /// The number of what is left open.
    pub(super) fn partial_of(&self, list: u32, open: &[Open]) -> u32 {
        let mut entry = vec![list];
        entry.extend(open.iter().flat_map(|open| open.numbers()));
        let make = || ((), entry.len() * 4);
        let first = self.loaded.get().map_or(0, |loaded| loaded.partials() as u32);
        first + self.partial.intern(entry.as_slice(), make)
    }

    pub(super) fn len(&self) -> usize {
        self.loaded.get().map_or(0, |loaded| loaded.known.len())
            + self.known.len()
            + self.on_stacks.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let loaded = self.loaded.get().map_or(0, Loaded::bytes);
        loaded
            + self.lists.bytes()
            + self.partial.bytes()
            + (self.known.len() + self.on_stacks.len()) * 40
    }

    #[inline]
    pub(super) fn find(&self, node: u32, state: u32) -> Option<Known> {
        let loaded = self.loaded.get().and_then(|loaded| loaded.find(node, state));
        loaded.or_else(|| self.known.get((node, state))).map(Known::of)
    }

    /// Adds what is known to what becomes a list, and calls back with what is open.
    pub(super) fn take(&self, known: Known, groups: &mut Few, mut each: impl FnMut(Open)) {
        match known {
            Known::Whole(list) => self.add_to(list, groups),
            Known::Partial(partial) => {
                let (list, open) = self.partial(partial);
                self.add_to(list, groups);
                self.opens(open).for_each(&mut each);
            }
        }
    }

    pub(super) fn store(&self, node: u32, state: u32, known: Known) {
        self.known.put((node, state), known.number());
    }

    /// The list of what is allowed below a node on a stack.
    pub(super) fn on_stack(&self, node: u32, set: SetId) -> Option<u32> {
        self.on_stacks.get((node, set))
    }

    /// Keeps it.
    pub(super) fn store_on_stack(&self, node: u32, set: SetId, list: u32) {
        self.on_stacks.put((node, set), list);
    }

    /// The nodes and LR states that leave something open but reductions, ascending; those loaded are not looked at again.
    pub(super) fn unsettled(&self) -> Vec<(u32, u32)> {
        let is_open = |number: u32| match Known::of(number) {
            Known::Whole(_) => false,
            Known::Partial(id) => self.opens(self.partial(id).1).any(|open| !open.is_pop()),
        };
        let mut keys: Vec<(u32, u32)> = self
            .known
            .all()
            .into_iter()
            .filter_map(|(key, known)| is_open(known).then_some(key))
            .collect();
        keys.sort_unstable();
        keys
    }

    /// The LR states at which something is known, ascending.
    pub(super) fn states(&self) -> Vec<u32> {
        let mut states: Vec<u32> = self.all().into_iter().map(|((_, state), _)| state).collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    /// All that is known now.
    pub(super) fn all(&self) -> Vec<((u32, u32), Known)> {
        let loaded = self.loaded.get().into_iter().flat_map(Loaded::iter);
        let all = loaded.chain(self.known.all());
        all.map(|(key, known)| (key, Known::of(known))).collect()
    }
}
