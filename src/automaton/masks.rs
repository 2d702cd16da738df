//! Masks, interned: equal sets of token groups are one mask.

use super::grammar::GrammarGeneration;
use crate::{TokenMask, Vocabulary, intern::Interner};

/// All masks of one automaton.
#[derive(Debug)]
pub(super) struct MaskTable {
    /// `[complete, lists of groups...]` -> mask.
    lists: Interner<Box<[u32]>, u32>,
    /// `[complete, groups...]` -> mask. Lists that are made up of others differ where their groups do not.
    masks: Interner<Box<[u32]>, TokenMask>,
}

impl MaskTable {
    pub(super) fn new() -> Self {
        Self { lists: Interner::new(), masks: Interner::new() }
    }

    #[inline]
    pub(super) fn get(&self, mask: u32) -> &TokenMask {
        self.masks.get(mask)
    }

    pub(super) fn len(&self) -> usize {
        self.masks.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.lists.bytes() + self.masks.bytes()
    }

    /// The mask of these lists of groups, and of the end tokens if the text is complete.
    pub(super) fn make(
        &self,
        generation: &GrammarGeneration,
        vocabulary: &Vocabulary,
        mut lists: Vec<u32>,
        complete: bool,
    ) -> u32 {
        lists.sort_unstable();
        lists.dedup();
        lists.insert(0, u32::from(complete));
        let entry = self.lists.intern(lists.as_slice(), || {
            let mut groups = Vec::new();
            generation.results.groups(&lists[1..], |part| groups.extend_from_slice(part));
            groups.sort_unstable();
            groups.dedup();
            groups.insert(0, u32::from(complete));
            let make =
                || (row(generation, vocabulary, &groups[1..], complete), vocabulary.words() * 4);
            (self.masks.intern(groups.as_slice(), make), groups.len() * 4)
        });
        *self.lists.get(entry)
    }
}

/// The tokens of these groups, and the end tokens if the text is complete.
fn row(
    generation: &GrammarGeneration,
    vocabulary: &Vocabulary,
    groups: &[u32],
    complete: bool,
) -> TokenMask {
    let mut words = vec![0u32; vocabulary.words()];
    for &group in groups {
        generation.trees.tokens(group).add_to(&mut words);
    }
    if complete {
        for token in vocabulary.end_tokens() {
            words[token.index() / 32] |= 1 << (token.0 % 32);
        }
    }
    TokenMask::from_words(words)
}
