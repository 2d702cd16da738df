//! Results of trees on stacks as bytes.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    super::{
        results::{Known, Loaded, Results},
        tree::TreeTable,
    },
    trees::Collected as Trees,
};
use crate::{
    codec::{Malformed, Reader, Writer},
    parser::{LrTable, SetId, StackTable},
};

/// Results as they are at one moment: (tree node, stack) and list, sorted.
pub(in super::super) struct Collected(Vec<((u32, SetId), Known)>);

impl Results {
    /// What there is now.
    pub(super) fn collect(&self) -> Collected {
        let mut known = self.all();
        known.sort_unstable();
        Collected(known)
    }

    /// Reads what was written into an empty table, for these trees and sets of tokens.
    pub(super) fn load(
        &self,
        trees: &TreeTable,
        tokens: &[u32],
        sets: &[(SetId, bool)],
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let mut loaded = Loaded::default();
        let within = |loaded: &Loaded| Malformed::beyond(limit, loaded.bytes());
        for _ in 0..from.count(1)? {
            // Only lists before it can be part of one: they have no cycles.
            let mut list = from.ascending(tokens.len() + loaded.lists())?;
            let lists = list.partition_point(|part| (*part as usize) < tokens.len());
            let parts = list.split_off(lists);
            list.iter_mut().for_each(|set| *set = tokens[*set as usize]);
            let parts: Vec<u32> = parts.iter().map(|part| part - tokens.len() as u32).collect();
            loaded.push_list(&mut list, &parts);
            within(&loaded)?;
        }
        for _ in 0..from.count(2)? {
            let list = from.below(loaded.lists())?;
            loaded.push_partial(list, &from.ascending(u32::MAX as usize)?);
            within(&loaded)?;
        }
        let lists = loaded.lists();
        let mut node = 0u32;
        for _ in 0..from.count(3)? {
            node = node
                .checked_add(from.number()?)
                .filter(|node| (*node as usize) < trees.len())
                .ok_or(Malformed("an id is out of range"))?;
            let (set, whole) = sets[from.below(sets.len())? as usize];
            let known = from.below(lists + loaded.partials())?;
            let known = match known.checked_sub(lists as u32) {
                None => Known::Whole(known),
                // Nothing lies below a whole stack.
                Some(_) if whole => return Err(Malformed("a whole stack does not suffice")),
                Some(partial) => {
                    let open = loaded.partial(partial).and_then(|(_, open)| open.last());
                    if open.is_some_and(|item| *item as usize >= trees.node(node).items()) {
                        return Err(Malformed("an id is out of range"));
                    }
                    Known::Partial(partial)
                }
            };
            loaded.push(node, set, known);
            within(&loaded)?;
        }
        loaded.finish();
        self.begin_with(loaded);
        Ok(())
    }
}

impl Collected {
    /// Writes the stacks, and the results on tree nodes that were written.
    pub(super) fn save(
        self,
        results: &Results,
        stacks: &StackTable,
        lr: &LrTable,
        trees: &Trees<'_>,
        out: &mut Writer,
    ) {
        let number = |((node, set), known)| {
            // What is open is said by the items of the node itself, not by those of one that answers for it.
            let is_kept = matches!(known, Known::Whole(_)) || trees.is_written(node);
            is_kept.then_some(((trees.number(node)?, set), known))
        };
        let mut known: Vec<((u32, SetId), Known)> = self.0.into_iter().filter_map(number).collect();
        // Of two answers for one node the whole one, which comes first.
        known.sort_unstable_by_key(|(key, known)| (*key, matches!(known, Known::Partial(_))));
        known.dedup_by_key(|(key, _)| *key);
        let mut sets: Vec<SetId> = known.iter().map(|((_, set), _)| *set).collect();
        sets.sort_unstable();
        sets.dedup();
        stacks.save(lr, &sets, out);
        let sets: FxHashMap<SetId, u32> =
            sets.into_iter().enumerate().map(|(i, set)| (set, i as u32)).collect();
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
            out.ascending(open);
        }
        out.count(known.len());
        let mut previous = 0;
        for ((node, set), known) in known {
            out.number(node - previous);
            previous = node;
            out.number(sets[&set]);
            out.number(match known {
                Known::Whole(list) => lists[&list],
                Known::Partial(id) => lists.len() as u32 + partial[&id],
            });
        }
    }
}

/// Ids, each once and ascending, with numbers of their own.
fn numbered(mut ids: Vec<u32>) -> BTreeMap<u32, u32> {
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().zip(0..).collect()
}
