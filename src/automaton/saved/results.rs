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

    /// Reads what was written into an empty table, for these trees, configurations and LR states.
    pub(super) fn load(
        &self,
        trees: &TreeTable,
        (configs, states): (&[ConfigId], &[u32]),
        (terminals, nonterminals): (usize, usize),
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let sets = trees.tokens.len();
        let mut loaded = Loaded::default();
        let within = |loaded: &Loaded| Malformed::beyond(limit, loaded.bytes());
        for _ in 0..from.count(1)? {
            // Only lists before it can be part of one: they have no cycles.
            let list = from.ascending(sets + loaded.lists())?;
            let (groups, parts) =
                list.split_at(list.partition_point(|part| (*part as usize) < sets));
            loaded.push_list(groups, parts.iter().map(|part| part - sets as u32));
            within(&loaded)?;
        }
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
            within(&loaded)?;
        }
        let lists = loaded.lists();
        let mut node = 0u32;
        for _ in 0..from.count(3)? {
            node = node
                .checked_add(from.number()?)
                .filter(|node| (*node as usize) < trees.len())
                .ok_or(Malformed("an id is out of range"))?;
            let state = from.below(states.len() + 1)?;
            let state = states.get(state as usize).copied().unwrap_or(COMPLETE);
            let known = from.below(lists + loaded.partials())?;
            let known = match known.checked_sub(lists as u32) {
                None => Known::Whole(known),
                Some(partial) => Known::Partial(partial),
            };
            loaded.push(node, state, known);
            within(&loaded)?;
        }
        loaded.finish();
        self.begin_with(loaded);
        Ok(())
    }
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

    /// Writes them, with LR states under these numbers.
    pub(super) fn save(
        self,
        results: &Results,
        states: &FxHashMap<u32, u32>,
        trees: &Trees<'_>,
        out: &mut Writer,
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
        out.count(lists.len());
        for list in lists.keys() {
            let (groups, parts) = results.parts(*list);
            let parts = parts.map(|part| trees.sets() as u32 + lists[&part]);
            out.ascending(&groups.iter().copied().chain(parts).collect::<Vec<u32>>());
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
        out.count(known.len());
        let mut previous = 0;
        for ((node, state), known) in known {
            out.number(node - previous);
            previous = node;
            out.number(states.get(&state).copied().unwrap_or(states.len() as u32));
            out.number(match known {
                Known::Whole(list) => lists[&list],
                Known::Partial(id) => lists.len() as u32 + partial[&id],
            });
        }
    }
}
