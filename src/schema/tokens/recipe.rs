//! A mask as a recipe: shared sets of tokens, and a few of its own. Filling a row from it costs little more than a copy.

use std::sync::Arc;

/// Tokens being gathered.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) bases: Vec<Arc<[u32]>>,
    pub(super) lists: Vec<Arc<[u32]>>,
    pub(super) own: Vec<u32>,
}

/// A set of tokens: a row of bits or none, lists of tokens to add, and before them tokens to leave out.
#[derive(Debug, Default)]
pub(super) struct Recipe {
    base: Option<Arc<[u32]>>,
    minus: Box<[u32]>,
    lists: Box<[Arc<[u32]>]>,
    own: Box<[u32]>,
}

/// Lists that are shorter are copied instead of shared.
const SHORT: usize = 64;

impl Parts {
    /// The recipe of the tokens gathered, less those in `minus`.
    pub(super) fn recipe(mut self, mut minus: Vec<u32>, words: usize) -> Recipe {
        self.bases.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let base = match self.bases.len() {
            0 => None,
            1 => self.bases.pop(),
            _ => {
                let mut all = vec![0; words];
                for base in &self.bases {
                    all.iter_mut().zip(base.iter()).for_each(|(word, bits)| *word |= bits);
                }
                Some(all.into())
            }
        };
        minus.sort_unstable();
        minus.dedup();
        if !minus.is_empty() {
            let kept = |token: &u32| minus.binary_search(token).is_err();
            for list in std::mem::take(&mut self.lists) {
                self.own.extend(list.iter().copied().filter(kept));
            }
            self.own.retain(kept);
        }
        let (short, lists): (Vec<_>, Vec<_>) =
            self.lists.into_iter().partition(|list| list.len() < SHORT);
        self.own.extend(short.iter().flat_map(|list| list.iter().copied()));
        // Not sorted: a token that is there twice costs less than finding it out.
        Recipe { base, minus: minus.into(), lists: lists.into(), own: self.own.into() }
    }
}

impl Recipe {
    /// Writes the set over a row of the vocabulary's width. A copy, and a step per token outside of the base.
    pub(super) fn write(&self, row: &mut [u32]) {
        match &self.base {
            Some(base) => {
                row.copy_from_slice(base);
                for token in &self.minus {
                    row[*token as usize / 32] &= !(1 << (token % 32));
                }
            }
            None => row.fill(0),
        }
        self.add_lists(row);
    }

    /// Adds the set to a row.
    pub(super) fn add(&self, row: &mut [u32]) {
        if let Some(base) = &self.base {
            // What is left out here may have been in the row before: its bits are put back.
            let before: Vec<bool> = (self.minus.iter())
                .map(|token| row[*token as usize / 32] >> (token % 32) & 1 == 1)
                .collect();
            row.iter_mut().zip(base.iter()).for_each(|(word, bits)| *word |= bits);
            for (token, before) in self.minus.iter().zip(before) {
                if !before {
                    row[*token as usize / 32] &= !(1 << (token % 32));
                }
            }
        }
        self.add_lists(row);
    }

    fn add_lists(&self, row: &mut [u32]) {
        self.lists.iter().for_each(|list| add(list, row));
        add(&self.own, row);
    }

    /// The tokens, in no order; each once or more often.
    pub(super) fn tokens(&self, words: usize) -> Vec<u32> {
        if self.base.is_none() {
            let lists = self.lists.iter().flat_map(|list| list.iter().copied());
            return lists.chain(self.own.iter().copied()).collect();
        }
        let mut row = vec![0; words];
        self.write(&mut row);
        crate::TokenMask::from_words(row).iter().map(|token| token.0).collect()
    }

    /// Estimated bytes of its own, and its share of those that few others use, too.
    pub(super) fn bytes(&self) -> usize {
        let share = |bits: &Arc<[u32]>| bits.len() * 4 / Arc::strong_count(bits);
        (self.minus.len() + self.own.len()) * 4
            + self.base.iter().chain(&self.lists).map(|bits| share(bits) + 16).sum::<usize>()
            + 100
    }
}

fn add(list: &[u32], row: &mut [u32]) {
    for token in list {
        row[*token as usize / 32] |= 1 << (token % 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_its_parts_less_what_is_left_out() {
        let base: Arc<[u32]> = Arc::from([0b1111, 0]);
        let parts = Parts { bases: vec![base], lists: vec![Arc::from([33, 2])], own: vec![40] };
        let recipe = parts.recipe(vec![2, 3], 2);
        let mut row = [7, 7];
        recipe.write(&mut row);
        assert_eq!(row, [0b0011, 1 << 1 | 1 << 8]);
        let mut row = [0b1000_1000, 0];
        recipe.add(&mut row);
        assert_eq!(row, [0b1000_1011, 1 << 1 | 1 << 8]);
        let mut tokens = recipe.tokens(2);
        tokens.sort_unstable();
        assert_eq!(tokens, [0, 1, 33, 40]);
    }
}
