//! What configurations can become as bytes.

use rustc_hash::FxHashMap;

use super::{
    super::fates::{Fates, OFTEN, Rows, Way},
    numbered,
    trees::Collected as Trees,
};
use crate::{
    bitset::BitSet,
    codec::{Malformed, Reader, Writer},
    lexer::ConfigId,
};

/// What was found at LR states, at one moment; sorted.
pub(super) struct Found(Vec<((ConfigId, u32), Way)>);

impl Found {
    /// The LR states.
    pub(super) fn states(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().map(|((_, state), _)| *state)
    }

    /// Writes it, with LR states under these numbers: as rows where much was found, else one by one.
    pub(super) fn save(&self, trees: &Trees<'_>, states: &FxHashMap<u32, u32>, out: &mut Writer) {
        let number = |config: ConfigId| trees.config(config).unwrap_or_default();
        let of =
            |one: &((ConfigId, u32), Way), other: &((ConfigId, u32), Way)| one.0.0 == other.0.0;
        let (rows, few): (Vec<_>, Vec<_>) =
            self.0.chunk_by(of).partition(|found| found.len() >= OFTEN);
        out.count(rows.len());
        for found in rows {
            let mut row = vec![u8::MAX; states.len().div_ceil(4)];
            for ((_, state), way) in found {
                let at = states[state] as usize;
                row[at / 4] ^= (3 ^ *way as u8) << (at % 4 * 2);
            }
            out.number(number(found[0].0.0));
            out.raw(&row);
        }
        out.count(few.iter().map(|found| found.len()).sum());
        for ((config, state), way) in few.into_iter().flatten() {
            out.number(number(*config));
            out.number(states[state]);
            out.number(*way as u32);
        }
    }
}

impl Fates {
    /// What was found at LR states, of configurations that are named.
    pub(super) fn collect(&self, trees: &Trees<'_>) -> Found {
        let mut found = self.found();
        found.retain(|((config, _), _)| trees.config(*config).is_some());
        Found(found)
    }

    /// Reads what was found at LR states.
    pub(super) fn load_found(
        &self,
        (configs, states): (&[ConfigId], &[u32]),
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let places = states.iter().copied().zip(0..).collect();
        let (mut rows, bytes) = (FxHashMap::default(), states.len().div_ceil(4));
        for _ in 0..from.count(bytes)? {
            let config = configs[from.below(configs.len())? as usize];
            rows.insert(config, from.raw(bytes)?.into());
        }
        self.begin_with(Rows { places, rows });
        for _ in 0..from.count(3)? {
            let config = configs[from.below(configs.len())? as usize];
            let state = states[from.below(states.len())? as usize];
            let way = Way::of(from.below(3)? as u8).ok_or(Malformed("an id is out of range"))?;
            self.put_at(config, state, way);
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
