//! From the automaton to its sequences: one, many at once, and the masks of texts ahead of time.

use std::sync::Arc;

use rayon::prelude::*;

use crate::{Automaton, Constraint, StepError, TokenId};

/// Rows of a large vocabulary that one thread copies in the time in which another begins.
const COPIES: usize = 16;

/// A sequence with its row, and what came of it.
struct Work<'a> {
    sequence: &'a mut Constraint,
    row: &'a mut [u32],
    result: &'a mut Result<(), StepError>,
}

impl Automaton {
    /// A sequence at its start.
    pub fn constraint(self: &Arc<Self>) -> Constraint {
        Constraint::new(self)
    }

    /// Fills the rows of many sequences at once, in parallel: row i, of [`Vocabulary::words`](crate::Vocabulary::words) words,
    /// belongs to `sequences[i]`. As [`Constraint::fill`] for each; sequences in equal states, such as forks and the
    /// beginnings of many answers, cost one mask and a copy each. What comes back is in the order of the sequences.
    ///
    /// # Panics
    /// If `rows` is shorter than all rows together.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, library};
    /// # let tokens = ["[", "]", "1", "</s>"].map(|t| t.as_bytes().to_vec()).to_vec();
    /// # let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[TokenId(3)])?);
    /// # let json = library::grammar("json", &Limits::default())?;
    /// let automaton = Automaton::new(&json, vocabulary, &Limits::default())?;
    /// let mut sequences = vec![automaton.constraint(); 3];
    /// sequences[1].accept(TokenId(0))?; // "["
    /// let mut rows = [0; 3]; // one word each: four tokens
    /// assert!(automaton.fill_masks(&mut sequences, &mut rows).iter().all(Result::is_ok));
    /// assert_eq!(rows, [0b0101, 0b0111, 0b0101]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fill_masks(
        &self,
        sequences: &mut [Constraint],
        rows: &mut [u32],
    ) -> Vec<Result<(), StepError>> {
        let words = self.vocabulary().words();
        assert!(rows.len() >= words * sequences.len(), "rows for {} sequences", sequences.len());
        let mut results = vec![Ok(()); sequences.len()];
        let work = sequences.iter_mut().zip(rows.chunks_mut(words)).zip(&mut results);
        let mut work: Vec<_> =
            work.map(|((sequence, row), result)| Work { sequence, row, result }).collect();
        work.sort_by_key(|work| work.sequence.state());
        work.par_chunk_by_mut(|a, b| a.sequence == b.sequence).for_each(|equal| {
            let Some((first, others)) = equal.split_first_mut() else { return };
            *first.result = first.sequence.fill(first.row);
            let first = &*first;
            others.par_iter_mut().with_min_len(COPIES).for_each(|other| {
                if first.result.is_ok() {
                    other.row.copy_from_slice(first.row);
                }
                other.result.clone_from(first.result);
            });
        });
        results
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

    /// As [`warm`](Self::warm), of texts that are cut into tokens: the masks between those, which are fewer.
    pub fn warm_tokens(self: &Arc<Self>, texts: &[&[TokenId]]) {
        texts.par_iter().for_each(|text| {
            let mut sequence = self.constraint();
            for token in *text {
                if sequence.mask().is_err() || sequence.accept(*token).is_err() {
                    return;
                }
            }
            let _ = sequence.mask();
        });
    }
}
