//! Masks, interned by the lists of groups that they are made of, and kept as what differs from a row that others differ little
//! from, too.
//!
//! A grammar has thousands of masks and few kinds of them: nothing but a few keywords; any name; anything in a string. Whole,
//! each takes a bit for every token of the vocabulary, and together they fill more than a processor's caches hold, so that each
//! would come from memory.

use std::{
    mem::size_of,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::grammar::GrammarGeneration;
use crate::{TokenMask, Vocabulary, intern::Interner, memo::Memo};

/// Numbers to be looked at from which on a list is worth a row.
const MANY: usize = 1 << 11;

/// Stands for the row of a list that was a part of one mask: with the next one it gets its own.
const ONCE: u32 = u32::MAX - 1;

/// Stands for the row of a list that is not worth one.
const NEVER: u32 = u32::MAX;

/// Words of a row that tell how near it is to others.
const SAMPLE: usize = 64;

/// Rows that a mask is compared with; there may be more.
const COMPARED: usize = 256;

/// A mask of which one word in so many differs from every row is a row of its own.
const NEAR: usize = 4;

/// All masks of one automaton.
#[derive(Debug)]
pub(super) struct MaskTable {
    /// `[complete, lists of groups...]` -> mask.
    lists: Interner<Box<[u32]>, u32>,
    /// `[row, (word, bits)...]`: the number of a row, and the words that differ from it. Beside it how many tokens are allowed,
    /// once it was asked for.
    masks: Interner<Box<[u32]>, OnceLock<usize>>,
    /// Rows that masks differ from, each behind its [`sample`]: those lie side by side. The first row is without a bit.
    rows: boxcar::Vec<([u32; SAMPLE], Box<[u32]>)>,
    /// List -> its row, [`ONCE`] or [`NEVER`].
    known: Memo<u32, u32>,
    list_rows: boxcar::Vec<Box<[u32]>>,
    bytes: AtomicUsize,
}

/// A mask, as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask<'a> {
    /// None: no bit.
    row: Option<&'a [u32]>,
    changes: &'a [u32],
}

impl Mask<'_> {
    /// Writes it into as many words as the vocabulary has.
    #[inline]
    pub(super) fn write(&self, words: &mut [u32]) {
        match self.row {
            Some(row) => words.copy_from_slice(row),
            None => words.fill(0),
        }
        let (changes, _) = self.changes.as_chunks::<2>();
        for [at, bits] in changes {
            words[*at as usize] = *bits;
        }
    }
}

/// Some words of a row.
fn sample(words: &[u32]) -> [u32; SAMPLE] {
    // Tokens of one kind often lie side by side, or at round distances.
    let step = (words.len() / SAMPLE).max(1) | 1;
    std::array::from_fn(|i| words.get(i * step).copied().unwrap_or(0))
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
    /// None, over so many words.
    pub(super) fn new(words: usize) -> Self {
        let table = Self {
            lists: Interner::new(),
            masks: Interner::new(),
            rows: boxcar::Vec::new(),
            known: Memo::new(),
            list_rows: boxcar::Vec::new(),
            bytes: AtomicUsize::new(0),
        };
        table.add_row(vec![0; words]);
        table
    }

    #[inline]
    pub(super) fn get(&self, mask: u32) -> Mask<'_> {
        let [row, changes @ ..] = &**self.masks.key(mask) else {
            unreachable!("invariant: a row comes first")
        };
        Mask { row: (*row != 0).then(|| &*self.rows[*row as usize].1), changes }
    }

    /// A mask in words of another one.
    pub(super) fn write_out(&self, mask: u32, mut words: Vec<u32>) -> TokenMask {
        self.get(mask).write(&mut words);
        let bits = || words.iter().map(|word| word.count_ones() as usize).sum();
        let count = *self.masks.get(mask).get_or_init(bits);
        TokenMask::counted(words, count)
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
            let words = self.words(generation, vocabulary, &lists[1..], complete);
            (self.keep(words), lists.len() * 4)
        });
        *self.lists.get(entry)
    }

    /// The number of the mask of these words.
    fn keep(&self, words: Vec<u32>) -> u32 {
        let row = self.nearest(&words);
        let mut entry = vec![row];
        if !add_changes(&self.rows[row as usize].1, &words, &mut entry) {
            entry = vec![self.add_row(words)];
        }
        self.masks.intern(entry.as_slice(), || (OnceLock::new(), entry.len() * 4))
    }

    /// The row that these words differ least from, as far as samples say.
    fn nearest(&self, words: &[u32]) -> u32 {
        let of = sample(words);
        let differing = |other: &[u32; SAMPLE]| {
            of.iter().zip(other).map(|(one, other)| u32::from(one != other)).sum::<u32>()
        };
        let rows = self.rows.iter().take(COMPARED);
        let nearest = rows.map(|(number, (sample, _))| (differing(sample), number)).min();
        nearest.map_or(0, |(_, number)| number as u32)
    }

    /// The number of a new row.
    fn add_row(&self, words: Vec<u32>) -> u32 {
        self.bytes.fetch_add((SAMPLE + words.len()) * size_of::<u32>(), Ordering::Relaxed);
        self.rows.push((sample(&words), words.into())) as u32
    }

    fn words(
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
            Some(row) => return Some(&self.list_rows[row as usize]),
        }
        let mut row = Row::new(generation, vocabulary);
        row.add_lists(&[list]);
        if row.looked < MANY {
            self.known.put(list, NEVER);
            return None;
        }
        self.bytes.fetch_add(row.words.len() * 4, Ordering::Relaxed);
        let number = self.list_rows.push(row.words.into());
        self.known.put(list, number as u32);
        Some(&self.list_rows[number])
    }
}

/// Appends the words that differ from a row, each behind its place. Whether they are few.
fn add_changes(row: &[u32], words: &[u32], into: &mut Vec<u32>) -> bool {
    /// Words that are compared at once: mostly they are equal.
    const AT_ONCE: usize = 16;
    let most = 2 * (words.len() / NEAR);
    let (rows, row_rest) = row.as_chunks::<AT_ONCE>();
    let (pieces, rest) = words.as_chunks::<AT_ONCE>();
    for ((row, piece), at) in rows.iter().zip(pieces).zip((0..).step_by(AT_ONCE)) {
        let differing = row.iter().zip(piece).fold(0, |all, (before, word)| all | before ^ word);
        if differing != 0 {
            add_differing(row, piece, at, into);
            if into.len() > most {
                return false;
            }
        }
    }
    add_differing(row_rest, rest, (words.len() - rest.len()) as u32, into);
    into.len() <= most
}

fn add_differing(row: &[u32], words: &[u32], at: u32, into: &mut Vec<u32>) {
    for ((before, word), at) in row.iter().zip(words).zip(at..) {
        if before != word {
            into.extend([at, *word]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words that few places of differ from what most masks have.
    fn masks() -> impl Strategy<Value = Vec<Vec<u32>>> {
        let kinds = prop::collection::vec(prop::collection::vec(any::<u32>(), 700), 3);
        let mask = (0..4_usize, prop::collection::vec((0..700_usize, any::<u32>()), 0..250));
        (kinds, prop::collection::vec(mask, 1..40)).prop_map(|(kinds, masks)| {
            let of = |(kind, changes): (usize, Vec<(usize, u32)>)| {
                let mut words = kinds.get(kind).cloned().unwrap_or_else(|| vec![0; 700]);
                changes.into_iter().for_each(|(at, word)| words[at] = word);
                words
            };
            masks.into_iter().map(of).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_what_is_written(masks in masks()) {
            let table = MaskTable::new(700);
            let numbers: Vec<u32> = masks.iter().map(|words| table.keep(words.clone())).collect();
            for (words, number) in masks.iter().zip(numbers) {
                // Whatever was in the row before.
                let row = vec![0xA5A5_5A5A; words.len()];
                let expected = TokenMask::from_words(words.clone());
                prop_assert_eq!(table.write_out(number, row), expected);
            }
        }
    }

    #[test]
    fn masks_that_differ_little_share_a_row() {
        let table = MaskTable::new(4_748);
        let kind: Vec<u32> = (0..4_748_u32).map(|i| i.wrapping_mul(0x9e37_79b9)).collect();
        for i in 0..1_000 {
            let mut words = kind.clone();
            words[i * 4] = 0;
            table.keep(words);
        }
        assert_eq!((table.rows.count(), table.len()), (2, 1_000));
        assert!(table.bytes() < 200_000, "{}", table.bytes());
        let again = table.keep(kind);
        assert!(table.get(again).changes.len() <= 2);
    }

    #[test]
    fn more_rows_than_are_compared_are_kept_too() {
        let table = MaskTable::new(64);
        let row = |i: u32| (0..64_u32).map(|at| (at + 1).wrapping_mul(i + 1)).collect::<Vec<_>>();
        let numbers: Vec<u32> = (0..600).map(|i| table.keep(row(i))).collect();
        for (i, number) in (0..600).zip(numbers) {
            let mut words = vec![0; 64];
            table.get(number).write(&mut words);
            assert_eq!(words, row(i));
        }
    }
}
