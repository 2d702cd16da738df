//! A mask as a recipe: shared sets of tokens, and a few of its own. Filling a row from it costs little more than a copy.

use std::sync::Arc;

use super::index::{has, set};
use crate::TokenId;

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
    own: Arc<[u32]>,
}

/// What a mask is made of: that of several recipes, and the tokens that end a text. It is a part of its situation, so that a
/// row is filled after few looks into memory.
#[derive(Debug)]
pub(crate) struct Mask {
    base: Option<Arc<[u32]>>,
    own: Arc<[u32]>,
    more: Option<Box<More>>,
}

/// What few masks have.
#[derive(Debug)]
struct More {
    /// Of the base, what is left out unless it is added.
    minus: Vec<u32>,
    lists: Vec<Arc<[u32]>>,
}

/// Lists that are shorter are copied instead of shared.
const SHORT: usize = 64;

impl Parts {
    /// The recipe of the tokens gathered, less those in `minus`; `union` makes one row of several, and `list` a list that equal
    /// ones share.
    pub(super) fn recipe(
        mut self,
        mut minus: Vec<u32>,
        union: impl FnOnce(Vec<Arc<[u32]>>) -> Arc<[u32]>,
        list: impl FnOnce(Vec<u32>) -> Arc<[u32]>,
    ) -> Recipe {
        let base = match self.bases.len() {
            0 | 1 => self.bases.pop(),
            _ => Some(union(self.bases)),
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
        Recipe { base, minus: minus.into(), lists: lists.into(), own: list(self.own) }
    }
}

impl Recipe {
    /// The tokens, in no order; each once or more often.
    pub(super) fn tokens(&self, words: usize) -> Vec<u32> {
        if self.base.is_none() {
            let lists = self.lists.iter().flat_map(|list| list.iter().copied());
            return lists.chain(self.own.iter().copied()).collect();
        }
        let mut row = vec![0; words];
        Mask::new(&[self], &[], |mut rows| rows.remove(0)).write(&mut row);
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

impl Mask {
    /// The mask of some recipes and end tokens; `union` makes one row of several. Cost: the tokens outside of the rows.
    pub(super) fn new(
        recipes: &[&Recipe],
        ends: &[TokenId],
        union: impl FnOnce(Vec<Arc<[u32]>>) -> Arc<[u32]>,
    ) -> Self {
        let mut bases: Vec<&Arc<[u32]>> = Vec::new();
        for base in recipes.iter().filter_map(|recipe| recipe.base.as_ref()) {
            if !bases.iter().any(|other| Arc::ptr_eq(base, other)) {
                bases.push(base);
            }
        }
        let base = match bases.as_slice() {
            [] => None,
            [only] => Some(Arc::clone(only)),
            several => Some(union(several.iter().map(|base| Arc::clone(base)).collect())),
        };
        let without = |recipe: &Recipe, token: u32| {
            recipe.base.as_ref().is_none_or(|base| !has(base, token))
                || recipe.minus.binary_search(&token).is_ok()
        };
        let mut minus: Vec<u32> =
            recipes.iter().flat_map(|recipe| recipe.minus.iter().copied()).collect();
        if recipes.len() > 1 {
            minus.retain(|token| recipes.iter().all(|recipe| without(recipe, *token)));
        }
        let mut lists: Vec<Arc<[u32]>> = Vec::new();
        for list in recipes.iter().flat_map(|recipe| &recipe.lists) {
            if !lists.iter().any(|other| Arc::ptr_eq(list, other)) {
                lists.push(Arc::clone(list));
            }
        }
        let own = match recipes {
            [only] if ends.is_empty() => Arc::clone(&only.own),
            _ => {
                let own = recipes.iter().flat_map(|recipe| recipe.own.iter().copied());
                own.chain(ends.iter().map(|token| token.0)).collect()
            }
        };
        let more = !(minus.is_empty() && lists.is_empty());
        Self { base, own, more: more.then(|| Box::new(More { minus, lists })) }
    }

    /// Writes the set over a row of the vocabulary's width. A copy, and a step per token outside of the base.
    #[inline]
    pub(super) fn write(&self, row: &mut [u32]) {
        match &self.base {
            Some(base) => row.copy_from_slice(base),
            None => row.fill(0),
        }
        if let Some(more) = &self.more {
            for token in &more.minus {
                row[*token as usize / 32] &= !(1 << (token % 32));
            }
            more.lists.iter().for_each(|list| add(list, row));
        }
        add(&self.own, row);
    }

    /// Estimated bytes of its own.
    pub(super) fn bytes(&self) -> usize {
        let own = if Arc::strong_count(&self.own) > 1 { 0 } else { self.own.len() * 4 + 16 };
        own + self.more.as_ref().map_or(0, |more| more.minus.len() * 4 + more.lists.len() * 16 + 64)
    }
}

fn add(list: &[u32], row: &mut [u32]) {
    list.iter().for_each(|token| set(row, *token));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_its_parts_less_what_is_left_out() {
        let base: Arc<[u32]> = Arc::from([0b1111, 0]);
        let parts = Parts { bases: vec![base], lists: vec![Arc::from([33, 2])], own: vec![40] };
        let union = |rows: Vec<Arc<[u32]>>| -> Arc<[u32]> {
            (0..2).map(|i| rows.iter().fold(0, |word, row| word | row[i])).collect()
        };
        let recipe = parts.recipe(vec![2, 3], union, Arc::from);
        let mut row = [7, 7];
        let write = |recipes: &[&Recipe], row: &mut [u32]| {
            Mask::new(recipes, &[], union).write(row);
        };
        write(&[&recipe], &mut row);
        assert_eq!(row, [0b0011, 1 << 1 | 1 << 8]);
        let other =
            Parts { own: vec![3, 7], ..Parts::default() }.recipe(Vec::new(), union, Arc::from);
        write(&[&recipe, &other], &mut row);
        assert_eq!(row, [0b1000_1011, 1 << 1 | 1 << 8]);
        let parts = Parts { bases: vec![Arc::from([0b1_0100, 1])], ..Parts::default() };
        let other = parts.recipe(vec![2], union, Arc::from);
        write(&[&recipe, &other], &mut row);
        assert_eq!(row, [0b1_0011, 1 | 1 << 1 | 1 << 8]);
        let mut tokens = recipe.tokens(2);
        tokens.sort_unstable();
        assert_eq!(tokens, [0, 1, 33, 40]);
    }
}
