//! Can the items that an array must contain still come?

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::{Machine, shape::Array};
use crate::schema::expr::ExprId;

/// For each `contains` the items counted.
type Counts = Box<[u32]>;

/// States of one search; beyond, every `contains` is looked at by itself.
const MOST: usize = 20_000;

impl Machine {
    /// The values of an item, for every choice of what it is counted for.
    pub(super) fn counted(
        &self,
        array: &Array,
        index: u32,
        counts: &Counts,
        item: ExprId,
    ) -> Vec<(Counts, ExprId)> {
        let mut choices = vec![(counts.clone(), item)];
        for (i, contains) in array.contains.iter().enumerate() {
            if index < contains.from {
                continue;
            }
            for (counts, value) in std::mem::take(&mut choices) {
                let count = counts[i];
                let capped = contains.max.is_none() && count >= contains.min;
                if !capped
                    && contains.max.is_none_or(|max| count < max)
                    && let Some(both) = self.plan.both(value, contains.item)
                {
                    let mut counts = counts.clone();
                    counts[i] += 1;
                    choices.push((counts, both));
                }
                // Without a maximum an item may match and not be counted: the count is a lower bound.
                let other = match contains.max {
                    None => Some(value),
                    Some(_) => self.plan.but_not(value, contains.item),
                };
                choices.extend(other.map(|other| (counts, other)));
            }
        }
        choices
    }

    /// Whether items from an index on can still be counted often enough, and not too often. A search where several counts
    /// meet, or a maximum; its results are kept.
    pub(super) fn can_contain(&self, array: &Array, index: u32, counts: &Counts) -> bool {
        let maximum = array.contains.iter().any(|contains| contains.max.is_some());
        if array.contains.len() < 2 && !maximum {
            return self.can_contain_each(array, index, counts);
        }
        let missing = |counts: &Counts| {
            array.contains.iter().zip(counts).any(|(contains, count)| *count < contains.min)
        };
        let ends =
            |index: u32, counts: &Counts| !missing(counts) && (!maximum || index >= array.min);
        if ends(index, counts) {
            return true;
        }
        let known = array.countable.get_or_init(Default::default).pin();
        let plain = array.uniform().max(array.min);
        // Whoever needs an item has one counted that is missing. So where all items are alike and there is room for what is
        // missing, more room changes nothing.
        let settled = |index: u32, counts: &Counts| {
            let missing = array.contains.iter().zip(counts);
            let missing = missing.map(|(contains, count)| contains.min.saturating_sub(*count));
            let needed = missing.fold(0, u32::saturating_add);
            let room = array.max.is_none_or(|max| max.saturating_sub(index) >= needed);
            if index > plain && room { plain } else { index }
        };
        let start = (settled(index, counts), counts.clone());
        if let Some(known) = known.get(&start) {
            return *known;
        }
        // Depth first, what counts most first.
        let mut seen = FxHashSet::from_iter([start.clone()]);
        let mut work = VecDeque::from([start.clone()]);
        while let Some((index, counts)) = work.pop_back() {
            if seen.len() > MOST {
                let found = self.can_contain_each(array, start.0, &start.1);
                known.insert(start, found);
                return found;
            }
            let Some(item) = array.item(index) else { continue };
            let after = array.after(index);
            for (counts, _) in self.counted(array, index, &counts, item).into_iter().rev() {
                let after = settled(after, &counts);
                let next = (after, counts);
                if ends(after, &next.1) || known.get(&next) == Some(&true) {
                    known.insert(start, true);
                    return true;
                }
                if known.get(&next) != Some(&false) && seen.insert(next.clone()) {
                    work.push_back(next);
                }
            }
        }
        seen.into_iter().for_each(|state| {
            known.insert(state, false);
        });
        false
    }

    /// Whether items from an index on can still be counted often enough, each `contains` by itself.
    fn can_contain_each(&self, array: &Array, index: u32, counts: &[u32]) -> bool {
        array.contains.iter().zip(counts).all(|(contains, count)| {
            let mut missing = contains.min.saturating_sub(*count);
            let prefix = array.prefix.len() as u32;
            let mut at = index.max(contains.from);
            while missing > 0 && at < prefix && array.max.is_none_or(|max| at < max) {
                let matches = self.plan.both(array.prefix[at as usize], contains.item).is_some();
                missing -= u32::from(matches);
                at += 1;
            }
            let rest = || array.rest.and_then(|rest| self.plan.both(rest, contains.item)).is_some();
            missing == 0
                || (array.max.is_none_or(|max| max.saturating_sub(at.max(prefix)) >= missing)
                    && rest())
        })
    }
}
