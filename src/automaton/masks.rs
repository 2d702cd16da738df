//! Masks, interned: equal sets of tokens are one mask.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::grammar::GrammarGeneration;
use crate::{TokenMask, Vocabulary, intern::Interner, memo::Memo};

/// Numbers to be looked at from which on a list is worth a row.
const MANY: usize = 1 << 11;

/// Stands for the row of a list that was a part of one mask: with the next one it gets its own.
const ONCE: u32 = u32::MAX - 1;

/// Stands for the row of a list that is not worth one.
const NEVER: u32 = u32::MAX;

/// All masks of one automaton.
#[derive(Debug)]
pub(super) struct MaskTable {
    /// `[complete, lists of groups...]` -> mask.
    lists: Interner<Box<[u32]>, u32>,
    masks: Interner<TokenMask, ()>,
    /// List -> its row, [`ONCE`] or [`NEVER`].
    known: Memo<u32, u32>,
    rows: boxcar::Vec<Box<[u32]>>,
    bytes: AtomicUsize,
}

/// A row being made.
struct Row<'a> {
    generation: &'a GrammarGeneration,
    words: Vec<u32>,
    /// Groups that are in it, as bits.
    seen: Vec<u64>,
    /// Numbers that were looked at.
    looked: usize,
}

impl Row<'_> {
    fn new<'a>(generation: &'a GrammarGeneration, vocabulary: &Vocabulary) -> Row<'a> {
        Row { generation, words: vec![0; vocabulary.words()], seen: Vec::new(), looked: 0 }
    }

    fn add_groups(&mut self, groups: &[u32]) {
        for &group in groups {
            let (at, bit) = (group as usize / 64, 1 << (group % 64));
            if at >= self.seen.len() {
                self.seen.resize(at + 1, 0);
            }
            if self.seen[at] & bit == 0 {
                self.seen[at] |= bit;
                let tokens = self.generation.trees.tokens.get(group);
                tokens.add_to(&mut self.words);
                self.looked += tokens.numbers();
            }
        }
    }

    fn add_lists(&mut self, lists: &[u32]) {
        self.generation.results.groups(lists, |part| self.add_groups(part));
    }
}

impl MaskTable {
    pub(super) fn new() -> Self {
        Self {
            lists: Interner::new(),
            masks: Interner::new(),
            known: Memo::new(),
            rows: boxcar::Vec::new(),
            bytes: AtomicUsize::new(0),
        }
    }

    #[inline]
    pub(super) fn get(&self, mask: u32) -> &TokenMask {
        self.masks.key(mask)
    }

    pub(super) fn len(&self) -> usize {
        self.masks.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let rows = self.bytes.load(Ordering::Relaxed) + self.known.len() * 16;
        self.lists.bytes() + self.masks.bytes() + rows
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
            let words = self.row(generation, vocabulary, &lists[1..], complete);
            (self.masks.intern(words.as_slice(), || ((), words.len() * 4)), lists.len() * 4)
        });
        *self.lists.get(entry)
    }

    fn row(
        &self,
        generation: &GrammarGeneration,
        vocabulary: &Vocabulary,
        lists: &[u32],
        complete: bool,
    ) -> Vec<u32> {
        let mut row = Row::new(generation, vocabulary);
        let mut rest = Vec::new();
        for &list in lists {
            let (groups, parts) = generation.results.parts(list);
            row.add_groups(groups);
            for part in parts {
                match self.row_of(generation, vocabulary, part) {
                    Some(known) => {
                        row.words.iter_mut().zip(known).for_each(|(word, more)| *word |= more);
                    }
                    None => rest.push(part),
                }
            }
        }
        row.add_lists(&rest);
        if complete {
            for token in vocabulary.end_tokens() {
                row.words[token.index() / 32] |= 1 << (token.0 % 32);
            }
        }
        row.words
    }

    /// The row of a list that is a part of many masks.
    fn row_of(
        &self,
        generation: &GrammarGeneration,
        vocabulary: &Vocabulary,
        list: u32,
    ) -> Option<&[u32]> {
        match self.known.get(list) {
            None => {
                self.known.put_first(list, ONCE);
                return None;
            }
            Some(NEVER) => return None,
            Some(ONCE) => {}
            Some(row) => return Some(&self.rows[row as usize]),
        }
        let mut row = Row::new(generation, vocabulary);
        row.add_lists(&[list]);
        if row.looked < MANY {
            self.known.put(list, NEVER);
            return None;
        }
        self.bytes.fetch_add(row.words.len() * 4, Ordering::Relaxed);
        let number = self.rows.push(row.words.into());
        self.known.put(list, number as u32);
        Some(&self.rows[number])
    }
}
