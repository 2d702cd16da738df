//! Results of trees at LR states as bytes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    super::{
        results::{Known, Loaded, Open, Results},
        tree::TreeTable,
    },
    numbered,
    trees::Collected as Trees,
};
use crate::{
    TerminalId,
    codec::{Malformed, Reader, Writer},
    ids::NonterminalId,
    lexer::ConfigId,
    parser::{COMPLETE, Pop},
};

/// Results as they are at one moment: (tree node, LR state) and what is known, sorted.
pub(in super::super) struct Collected(Vec<((u32, u32), Known)>);

/// Those on tree nodes that are written, by the numbers that these are written under.
pub(super) struct Kept(Vec<((u32, u32), Known)>);

impl Results {
    /// What there is now.
    pub(super) fn collect(&self) -> Collected {
        let mut known = self.all();
        known.sort_unstable();
        Collected(known)
    }

    /// Takes what was read into an empty table, and reads what is left open: for these trees, configurations and LR states.
    pub(super) fn load(
        &self,
        (mut loaded, known): (Loaded, Named),
        trees: &TreeTable,
        (configs, states): (&[ConfigId], &[u32]),
        (terminals, nonterminals): (usize, usize),
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let sets = trees.tokens.len();
        for _ in 0..from.count(2)? {
            let list = from.below(loaded.lists())?;
            let mut open = Vec::new();
            for _ in 0..from.count(3)? {
                open.push(match from.number()? {
                    0 => Open::Edge(TerminalId(from.below(terminals)?), from.below(trees.len())?),
                    1 => {
                        let config = configs[from.below(configs.len())? as usize];
                        Open::Group(config, from.below(sets)?)
                    }
                    2 => {
                        let node = from.below(trees.len())?;
                        Open::Link(node, from.below(trees.node(node).links.len())?)
                    }
                    levels => {
                        let lhs = NonterminalId(from.below(nonterminals)?);
                        Open::Pop(Pop { lhs, levels: levels - 2 }, from.below(trees.len())?)
                    }
                });
            }
            loaded.push_partial(list, &open);
            Malformed::beyond(limit, loaded.bytes())?;
        }
        let lists = loaded.lists() as u32;
        let bound = lists + loaded.partials() as u32;
        if known.begins.len() > trees.len()
            || known.states > states.len() + 1
            || known.least > bound
        {
            return Err(Malformed("an id is out of range"));
        }
        let mut entries = known.entries;
        for (state, known) in &mut entries {
            *state = states.get(*state as usize).copied().unwrap_or(COMPLETE);
            *known = match known.checked_sub(lists) {
                None => Known::Whole(*known),
                Some(partial) => Known::Partial(partial),
            }
            .number();
        }
        loaded.know(entries, known.begins);
        Malformed::beyond(limit, loaded.bytes())?;
        self.begin_with(loaded);
        Ok(())
    }
}

/// What is known, by numbers that nobody has looked at yet.
#[derive(Default)]
pub(super) struct Named {
    /// LR state, and what is known: by tree node, then by state.
    entries: Vec<(u32, u32)>,
    /// Where those of each node begin.
    begins: Vec<usize>,
    /// How many there must be of each.
    states: usize,
    least: u32,
}

impl Named {
    /// Reads what was written, of so many tree nodes at most.
    pub(super) fn read(
        mut from: Reader<'_>,
        nodes: usize,
        limit: usize,
    ) -> Result<Self, Malformed> {
        let count = from.count(3)?;
        Malformed::beyond(limit, count.saturating_mul(8))?;
        let mut named = Self { entries: Vec::with_capacity(count), ..Self::default() };
        for _ in 0..count {
            // One begins with each node up to this one.
            let more = from.number()? as usize + usize::from(named.begins.is_empty());
            if more > nodes - named.begins.len() {
                return Err(Malformed("an id is out of range"));
            }
            named.begins.resize(named.begins.len() + more, named.entries.len());
            let (state, known) = (from.number()?, from.number()?);
            named.states = named.states.max(state as usize + 1);
            named.least = named.least.max(known.saturating_add(1));
            named.entries.push((state, known));
        }
        from.end()?;
        Ok(named)
    }
}

/// Reads the lists that were written, of so many sets of tokens.
pub(super) fn read_lists(
    sets: usize,
    mut from: Reader<'_>,
    limit: usize,
) -> Result<Loaded, Malformed> {
    let mut loaded = Loaded::default();
    for _ in 0..from.count(1)? {
        // Only lists before it can be part of one: they have no cycles.
        let list = from.ascending(sets + loaded.lists())?;
        let (groups, parts) = list.split_at(list.partition_point(|part| (*part as usize) < sets));
        loaded.push_list(groups, parts.iter().map(|part| part - sets as u32));
        Malformed::beyond(limit, loaded.bytes())?;
    }
    from.end()?;
    Ok(loaded)
}

impl Collected {
    /// The nodes that reductions go on at.
    pub(super) fn nodes(&self, results: &Results) -> Vec<u32> {
        let mut nodes = Vec::new();
        for (_, known) in &self.0 {
            if let Known::Partial(partial) = *known {
                nodes.extend(results.opens(results.partial(partial).1).filter_map(
                    |open| match open {
                        Open::Pop(_, child) => Some(child),
                        _ => None,
                    },
                ));
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Those that can be written.
    pub(super) fn keep(self, results: &Results, trees: &Trees<'_>) -> Kept {
        let is_written = |open: Open| match open {
            Open::Edge(_, child) | Open::Pop(_, child) => trees.number(child).is_some(),
            Open::Group(config, tokens) => {
                trees.config(config).is_some() && (tokens as usize) < trees.sets()
            }
            Open::Link(node, _) => trees.is_written(node),
        };
        let number = |((node, state), known)| {
            let is_kept = match known {
                Known::Whole(_) => true,
                Known::Partial(partial) => {
                    results.opens(results.partial(partial).1).all(is_written)
                }
            };
            is_kept.then_some(((trees.number(node)?, state), known))
        };
        let mut known: Vec<((u32, u32), Known)> = self.0.into_iter().filter_map(number).collect();
        // Of two answers for one node the whole one, which comes first.
        known.sort_unstable_by_key(|(key, known)| (*key, matches!(known, Known::Partial(_))));
        known.dedup_by_key(|(key, _)| *key);
        Kept(known)
    }
}

impl Kept {
    /// The LR states that they name.
    pub(super) fn states(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|((_, state), _)| *state).filter(|state| *state != COMPLETE)
    }

    /// Writes lists, what is known, and what is left open, with LR states under these numbers.
    pub(super) fn save(
        self,
        results: &Results,
        states: &FxHashMap<u32, u32>,
        trees: &Trees<'_>,
        [out_lists, out_known, out]: [&mut Writer; 3],
    ) {
        let Self(known) = self;
        let (mut lists, mut partial) = (Vec::new(), Vec::new());
        for (_, known) in &known {
            match *known {
                Known::Whole(list) => lists.push(list),
                Known::Partial(id) => {
                    partial.push(id);
                    lists.push(results.partial(id).0);
                }
            }
        }
        let mut needed = FxHashSet::default();
        while let Some(list) = lists.pop() {
            if needed.insert(list) {
                lists.extend(results.parts(list).1);
            }
        }
        // The parts of a list were there before it.
        let lists = numbered(needed.into_iter().collect());
        let partial = numbered(partial);
        out_lists.count(lists.len());
        for list in lists.keys() {
            let (groups, parts) = results.parts(*list);
            let parts = parts.map(|part| trees.sets() as u32 + lists[&part]);
            out_lists.ascending(&groups.iter().copied().chain(parts).collect::<Vec<u32>>());
        }
        out.count(partial.len());
        for id in partial.keys() {
            let (list, open) = results.partial(*id);
            out.number(lists[&list]);
            out.count(open.len() / 3);
            for open in results.opens(open) {
                let [kind, one, other] = match open {
                    Open::Edge(terminal, child) => [0, terminal.0, trees.written(child)],
                    Open::Group(config, tokens) => {
                        [1, trees.config(config).unwrap_or_default(), tokens]
                    }
                    Open::Link(node, index) => [2, trees.written(node), index],
                    Open::Pop(pop, child) => [2 + pop.levels, pop.lhs.0, trees.written(child)],
                };
                out.number(kind);
                out.number(one);
                out.number(other);
            }
        }
        let number = |state: u32| states.get(&state).copied().unwrap_or(states.len() as u32);
        let mut known: Vec<(u32, u32, Known)> =
            known.into_iter().map(|((node, state), known)| (node, number(state), known)).collect();
        // As they are read, so that nobody has to sort them then.
        known.sort_unstable_by_key(|(node, state, _)| (*node, *state));
        out_known.count(known.len());
        let mut previous = 0;
        for (node, state, known) in known {
            out_known.number(node - previous);
            previous = node;
            out_known.number(state);
            out_known.number(match known {
                Known::Whole(list) => lists[&list],
                Known::Partial(id) => lists.len() as u32 + partial[&id],
            });
        }
    }
}
