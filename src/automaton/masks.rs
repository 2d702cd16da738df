//! Masks, interned: equal lists of token groups are one mask.

use super::grammar::GrammarGeneration;
use crate::{TokenMask, Vocabulary, intern::Interner};

/// All masks of one automaton.
#[derive(Debug)]
pub(super) struct MaskTable {
    /// `[complete, lists of groups...]` -> mask.
    masks: Interner<Box<[u32]>, TokenMask>,
}

impl MaskTable {
    pub(super) fn new() -> Self {
        Self { masks: Interner::new() }
    }

    #[inline]
    pub(super) fn get(&self, mask: u32) -> &TokenMask {
        self.masks.get(mask)
    }

    pub(super) fn len(&self) -> usize {
        self.masks.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.masks.bytes()
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
        self.masks.intern(lists.as_slice(), || {
            let mut words = vec![0u32; vocabulary.words()];
            for list in &lists[1..] {
                for &group in generation.results.list(*list) {
                    generation.trees.tokens(group).add_to(&mut words);
                }
            }
            if complete {
                for token in vocabulary.end_tokens() {
                    words[token.index() / 32] |= 1 << (token.0 % 32);
                }
            }
            let bytes = words.len() * 4 + lists.len() * 8;
            (TokenMask::from_words(words), bytes)
        })
    }
}
