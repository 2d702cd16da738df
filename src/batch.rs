//! From the automaton to its sequences: one, many at once, and the masks of texts ahead of time.

use std::sync::Arc;

use rayon::prelude::*;

use crate::{Automaton, Constraint, StepError};

impl Automaton {
    /// A sequence at its start.
    pub fn constraint(self: &Arc<Self>) -> Constraint {
        Constraint::new(self)
    }

    /// Fills the rows of many sequences at once, in parallel: row i, of [`Vocabulary::words`](crate::Vocabulary::words) words, belongs to
    /// `sequences[i]`. As [`Constraint::fill`] for each.
    ///
    /// # Panics
    /// If `rows` is shorter than all rows together.
    pub fn fill_masks(
        &self,
        sequences: &mut [Constraint],
        rows: &mut [u32],
    ) -> Vec<Result<(), StepError>> {
        let words = self.vocabulary().words();
        assert!(rows.len() >= words * sequences.len(), "rows for {} sequences", sequences.len());
        sequences
            .par_iter_mut()
            .zip(rows.par_chunks_mut(words))
            .map(|(sequence, row)| sequence.fill(row))
            .collect()
    }

    /// Computes ahead, in parallel, every mask that these texts meet between their bytes. Texts that leave the grammar
    /// count up to there.
    pub fn warm(self: &Arc<Self>, texts: &[&[u8]]) {
        texts.par_iter().for_each(|text| {
            let mut sequence = self.constraint();
            for byte in *text {
                let refused = sequence.mask().is_err() || sequence.accept_bytes(&[*byte]).is_err();
                if refused {
                    return;
                }
            }
            // The mask after the last byte, if there is one.
            let _ = sequence.mask();
        });
    }
}
