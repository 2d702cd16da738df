//! Results of trees on stacks as bytes.

use rustc_hash::FxHashMap;

use super::{
    super::evaluate::{DEEPER, Results},
    trees::Collected as Trees,
};
use crate::{
    codec::{Malformed, Reader, Writer},
    parser::{LrTable, SetId, StackTable},
};

/// Results as they are at one moment: (tree node, stack) and list, sorted.
pub(in super::super) struct Collected(Vec<((u32, SetId), u32)>);

impl Results {
    /// What there is now.
    pub(super) fn collect(&self) -> Collected {
        let mut known: Vec<_> = self.known.pin().iter().map(|(k, v)| (*k, *v)).collect();
        known.sort_unstable();
        Collected(known)
    }

    /// Reads what was written into an empty table, for so many tree nodes and these sets of tokens.
    pub(super) fn load(
        &self,
        nodes: usize,
        tokens: &[u32],
        sets: &[(SetId, bool)],
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let mut lists = Vec::new();
        for _ in 0..from.count(1)? {
            let mut list = from.ascending(tokens.len())?;
            for set in &mut list {
                *set = tokens[*set as usize];
            }
            list.sort_unstable();
            list.dedup();
            lists.push(self.list_of(&list));
            Malformed::beyond(limit, self.bytes())?;
        }
        let mut node = 0u32;
        for _ in 0..from.count(3)? {
            node = node
                .checked_add(from.number()?)
                .filter(|node| (*node as usize) < nodes)
                .ok_or(Malformed("an id is out of range"))?;
            let (set, whole) = sets[from.below(sets.len())? as usize];
            let list = match from.below(lists.len() + 1)? {
                // Nothing lies below a whole stack.
                0 if whole => return Err(Malformed("a whole stack does not suffice")),
                0 => DEEPER,
                list => lists[list as usize - 1],
            };
            self.store(node, set, list);
            Malformed::beyond(limit, self.bytes())?;
        }
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
        let number = |((node, set), list)| Some(((trees.number(node)?, set), list));
        let mut known: Vec<((u32, SetId), u32)> = self.0.into_iter().filter_map(number).collect();
        known.sort_unstable();
        known.dedup_by_key(|(key, _)| *key);
        let mut sets: Vec<SetId> = known.iter().map(|((_, set), _)| *set).collect();
        sets.sort_unstable();
        sets.dedup();
        stacks.save(lr, &sets, out);
        let sets: FxHashMap<SetId, u32> =
            sets.into_iter().enumerate().map(|(i, set)| (set, i as u32)).collect();
        let mut lists: Vec<u32> =
            known.iter().map(|(_, list)| *list).filter(|list| *list != DEEPER).collect();
        lists.sort_unstable();
        lists.dedup();
        out.count(lists.len());
        for list in &lists {
            out.ascending(results.list(*list));
        }
        let numbers: FxHashMap<u32, u32> =
            lists.into_iter().enumerate().map(|(i, list)| (list, i as u32 + 1)).collect();
        out.count(known.len());
        let mut previous = 0;
        for ((node, set), list) in known {
            out.number(node - previous);
            previous = node;
            out.number(sets[&set]);
            out.number(numbers.get(&list).copied().unwrap_or(0));
        }
    }
}
