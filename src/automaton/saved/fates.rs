//! What configurations can become as bytes.

use rustc_hash::FxHashMap;

use super::{
    super::fates::{Fates, Way},
    numbered,
    trees::Collected as Trees,
};
use crate::{
    bitset::BitSet,
    codec::{Malformed, Reader, Writer},
    lexer::ConfigId,
};

/// What was found at LR states, at one moment.
pub(super) struct Found(Vec<((ConfigId, u32), Way)>);

impl Found {
    /// The LR states.
    pub(super) fn states(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|((_, state), _)| *state)
    }

    /// Writes it, of configurations that are named, with LR states under these numbers.
    pub(super) fn save(
        &self,
        trees: &Trees<'_>,
        states: &FxHashMap<u32, u32>,
        out: &mut Writer,
    ) {
        out.count(self.0.len());
        for ((config, state), way) in &self.0 {
            out.number(trees.config(*config).unwrap_or_default());
            out.number(states.get(state).copied().unwrap_or_default());
            out.number(*way as u32);
        }
    }
}

impl Fates {
    /// What was found at LR states, of configurations that are named.
    pub(super) fn collect(&self, trees: &Trees<'_>) -> Found {
        let mut found = self.at.all();
        found.retain(|((config, _), _)| trees.config(*config).is_some());
        found.sort_unstable();
        Found(found)
    }

    /// Reads what was found at LR states.
    pub(super) fn load_found(
        &self,
        (configs, states): (&[ConfigId], &[u32]),
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        for _ in 0..from.count(3)? {
            let config = configs[from.below(configs.len())? as usize];
            let state = states[from.below(states.len())? as usize];
            let way = [Way::Closed, Way::Sure, Way::Open][from.below(3)? as usize];
            self.at.put((config, state), way);
        }
        Malformed::beyond(limit, self.bytes())
    }

    /// Writes what is known of these configurations.
    pub(super) fn save(&self, configs: &[ConfigId], out: &mut Writer) {
        let known: Vec<(Option<u32>, Option<u32>)> =
            configs.iter().map(|config| (self.sure.get(*config), self.ways.get(*config))).collect();
        let lists = numbered(known.iter().filter_map(|known| known.1).collect());
        let after = lists.keys().flat_map(|list| self.lists.key(*list).iter().copied());
        let sure = known.iter().filter_map(|known| known.0).map(|entry| entry >> 1);
        let sets = numbered(after.chain(sure).collect());
        out.count(sets.len());
        for set in sets.keys() {
            let terminals = self.sets.key(*set).iter().map(|terminal| terminal as u32);
            out.ascending(&terminals.collect::<Vec<u32>>());
        }
        out.count(lists.len());
        for list in lists.keys() {
            let list = self.lists.key(*list);
            out.count(list.len() / 2);
            list.iter().for_each(|set| out.number(sets[set]));
        }
        for (sure, ways) in known {
            // Zero for what is not known.
            out.number(sure.map_or(0, |entry| (sets[&(entry >> 1)] << 1 | entry & 1) + 1));
            out.number(ways.map_or(0, |list| lists[&list] + 1));
        }
    }

    /// Reads what was written of these configurations.
    pub(super) fn load(
        &self,
        configs: &[ConfigId],
        terminals: usize,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let (mut sets, mut lists) = (Vec::new(), Vec::new());
        for _ in 0..from.count(1)? {
            let mut set = BitSet::new(terminals);
            from.ascending(terminals)?.iter().for_each(|terminal| set.insert(*terminal as usize));
            sets.push(self.set(&set));
            Malformed::beyond(limit, self.bytes())?;
        }
        for _ in 0..from.count(1)? {
            let mut list = Vec::new();
            for _ in 0..from.count(2)? {
                list.push(sets[from.below(sets.len())? as usize]);
                list.push(sets[from.below(sets.len())? as usize]);
            }
            lists.push(self.list(&list));
            Malformed::beyond(limit, self.bytes())?;
        }
        for &config in configs {
            if let Some(entry) = from.below(2 * sets.len() + 1)?.checked_sub(1) {
                self.sure.put(config, sets[entry as usize >> 1] << 1 | entry & 1);
            }
            if let Some(list) = from.below(lists.len() + 1)?.checked_sub(1) {
                self.ways.put(config, lists[list as usize]);
            }
        }
        Malformed::beyond(limit, self.bytes())
    }
}
