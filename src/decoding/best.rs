//! The best few of many candidates.

use std::cmp::Ordering;

use crate::TokenId;

/// Tokens that are sorted at first; most distributions need no more for their nucleus.
const NUCLEUS_STEP: usize = 64;

/// Candidates of which the best ones are found side by side, and how many of them.
const PART: usize = 512;
const LANES: usize = 8;

/// A token that may be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) token: TokenId,
    /// The logit; in a draw, the probability times a constant.
    pub(super) weight: f32,
}

impl Candidate {
    /// The better one first; among equals the lower id, so that the order is total.
    pub(super) fn better(a: &Self, b: &Self) -> Ordering {
        b.weight.total_cmp(&a.weight).then(a.token.cmp(&b.token))
    }
}

/// Logits of a list of tokens, which ascend.
#[derive(Clone, Copy)]
pub(super) enum Scores<'a> {
    /// In the list's order.
    Listed(&'a [f32]),
    /// Those of all rows.
    OfRows(&'a [f32]),
}

impl<'a> Scores<'a> {
    /// That of the token at a place of the list.
    pub(super) fn get(self, place: usize, token: TokenId) -> Option<f32> {
        match self {
            Self::Listed(logits) => logits.get(place).copied(),
            Self::OfRows(row) => row.get(token.index()).copied(),
        }
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        let (Self::Listed(logits) | Self::OfRows(logits)) = self;
        logits.len()
    }

    /// Those of the tokens from a place on, which are a part at most.
    fn part<'b>(
        self,
        place: usize,
        tokens: &[TokenId],
        scratch: &'b mut [f32; PART],
    ) -> Option<&'b [f32]>
    where
        'a: 'b,
    {
        let row = match self {
            Self::Listed(logits) => return logits.get(place..place + tokens.len()),
            Self::OfRows(row) => row,
        };
        let (first, last) = (tokens.first()?.index(), tokens.last()?.index());
        let all = row.get(first..=last)?;
        if all.len() == tokens.len() {
            return Some(all);
        }
        for (out, token) in scratch.iter_mut().zip(tokens) {
            *out = *all.get(token.index() - first)?;
        }
        Some(&scratch[..tokens.len()])
    }
}

/// Makes candidates of the best `k` of more tokens, and of some that are not far from them, by ascending token. False, with
/// nothing said of the candidates, if there are no more than these, or if a logit is missing, no number, or infinite.
/// O(tokens), nearly all of it in one pass over their logits.
pub(super) fn best_of(
    tokens: &[TokenId],
    scores: Scores<'_>,
    k: usize,
    candidates: &mut Vec<Candidate>,
) -> bool {
    debug_assert!(tokens.is_sorted(), "tokens ascend");
    if tokens.len() <= k {
        return false;
    }
    let mut scratch = [0.0; PART];
    let mut lanes = Vec::with_capacity(tokens.len().div_ceil(PART) * LANES);
    let mut is_number = true;
    for (i, part) in tokens.chunks(PART).enumerate() {
        let Some(logits) = scores.part(i * PART, part, &mut scratch) else { return false };
        let (best, numbers) = side_by_side(logits);
        lanes.extend(best);
        is_number &= numbers;
    }
    let least = least_of_best(&mut lanes.clone(), k).unwrap_or(f32::NEG_INFINITY);
    candidates.clear();
    for (i, (part, best)) in tokens.chunks(PART).zip(lanes.chunks(LANES)).enumerate() {
        if best.iter().any(|best| *best >= least)
            && let Some(logits) = scores.part(i * PART, part, &mut scratch)
        {
            let some = part.iter().zip(logits).filter(|(_, logit)| **logit >= least);
            candidates
                .extend(some.map(|(token, logit)| Candidate { token: *token, weight: *logit }));
        }
    }
    is_number
}

/// The best of each lane of a part, and whether all are numbers, or minus infinity.
fn side_by_side(logits: &[f32]) -> ([f32; LANES], bool) {
    let (mut best, mut broken) = ([f32::NEG_INFINITY; LANES], [false; LANES]);
    for some in logits.chunks(LANES) {
        for ((best, broken), logit) in best.iter_mut().zip(&mut broken).zip(some) {
            *best = if *logit > *best { *logit } else { *best };
            *broken |= logit.is_nan() | (*logit == f32::INFINITY);
        }
    }
    (best, broken == [false; LANES])
}

/// The k-th best of these: as good are `k` candidates at least. None if there are fewer.
fn least_of_best(best: &mut [f32], k: usize) -> Option<f32> {
    let place = k.checked_sub(1).filter(|place| *place < best.len())?;
    let (_, least, _) = best.select_nth_unstable_by(place, |a, b| b.total_cmp(a));
    Some(*least)
}

/// Keeps the best `k` of more candidates, by ascending token. O(n).
pub(super) fn keep_best(candidates: &mut Vec<Candidate>, k: usize) {
    candidates.select_nth_unstable_by(k - 1, Candidate::better);
    candidates.truncate(k);
    // The selection leaves an order of its own; the draw needs ours.
    candidates.sort_unstable_by_key(|c| c.token);
}

/// Puts the fewest best candidates that hold the share `top_p` of all weight first, in order; returns their number.
pub(super) fn nucleus(candidates: &mut [Candidate], top_p: f64) -> usize {
    let total: f64 = candidates.iter().map(|c| f64::from(c.weight)).sum();
    let wanted = top_p * total;
    let mut mass = 0.0;
    descend(candidates, |candidate| {
        mass += f64::from(candidate.weight);
        mass < wanted
    })
}

/// Looks at the candidates from the best one down as long as `go_on` says; how many were looked at, which then stand first, in
/// order.
///
/// Selects and sorts ever longer pieces from the front instead of sorting all: O(n) where few are looked at.
pub(super) fn descend(
    candidates: &mut [Candidate],
    mut go_on: impl FnMut(&Candidate) -> bool,
) -> usize {
    let (mut sorted, mut step) = (0, NUCLEUS_STEP);
    while sorted < candidates.len() {
        let rest = &mut candidates[sorted..];
        let piece = step.min(rest.len());
        if piece < rest.len() {
            rest.select_nth_unstable_by(piece - 1, Candidate::better);
        }
        rest[..piece].sort_unstable_by(Candidate::better);
        for (i, candidate) in rest[..piece].iter().enumerate() {
            if !go_on(candidate) {
                return sorted + i + 1;
            }
        }
        sorted += piece;
        step *= 8;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The nucleus equals that of a full sort.
        #[test]
        fn nucleus_is_that_of_a_sort(weights in prop::collection::vec(0.0f32..1.0, 1..700), p in 0.0f64..1.0) {
            let mut candidates: Vec<Candidate> = weights
                .iter()
                .enumerate()
                .map(|(i, &weight)| Candidate { token: TokenId::new(i), weight })
                .collect();
            let mut sorted = candidates.clone();
            sorted.sort_by(Candidate::better);
            let n = nucleus(&mut candidates, p);
            let ids = |c: &[Candidate]| c.iter().map(|c| c.token.0).collect::<Vec<_>>();
            prop_assert_eq!(ids(&candidates[..n]), ids(&sorted[..n]));
            let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
            let mass = |n: usize| sorted[..n].iter().map(|c| f64::from(c.weight)).sum::<f64>();
            prop_assert!(n == candidates.len() || mass(n) >= p * total - 1e-9);
            prop_assert!(n == 1 || mass(n - 1) < p * total + 1e-9);
        }

        /// The best ones are among those that are gathered, however many are alike or impossible, and are those of a full sort;
        /// both ways to give logits are the same.
        #[test]
        fn best_are_those_of_a_sort(
            logits in prop::collection::vec(-40i8..40, 1..3_000),
            left_out in prop::collection::vec(0usize..3_000, 0..40),
            k in 1usize..700,
        ) {
            let logit = |w: &i8| if *w < -35 { f32::NEG_INFINITY } else { f32::from(*w) };
            let row: Vec<f32> = logits.iter().map(logit).collect();
            let is_left = |token: &TokenId| !left_out.contains(&token.index());
            let tokens: Vec<TokenId> = (0..row.len()).map(TokenId::new).filter(is_left).collect();
            let listed: Vec<f32> = tokens.iter().map(|token| row[token.index()]).collect();
            let all = tokens.iter().zip(&listed);
            let mut sorted: Vec<Candidate> =
                all.map(|(token, logit)| Candidate { token: *token, weight: *logit }).collect();
            sorted.sort_by(Candidate::better);
            sorted.truncate(k);
            sorted.sort_by_key(|c| c.token);
            let ids = |c: &[Candidate]| c.iter().map(|c| c.token.0).collect::<Vec<_>>();
            for scores in [Scores::Listed(&listed), Scores::OfRows(&row)] {
                let mut candidates = Vec::new();
                prop_assert_eq!(best_of(&tokens, scores, k, &mut candidates), k < tokens.len());
                if k < tokens.len() {
                    prop_assert!(candidates.is_sorted_by_key(|c| c.token));
                    if k < candidates.len() {
                        keep_best(&mut candidates, k);
                    }
                    prop_assert_eq!(ids(&candidates), ids(&sorted));
                }
            }
        }

        /// What is missing or no number is found wherever it is.
        #[test]
        fn broken_logits_are_found(len in 30usize..2_000, at: prop::sample::Index, k in 1usize..20, inf: bool) {
            let tokens: Vec<TokenId> = (0..len).map(TokenId::new).collect();
            let mut row = vec![1.0; len];
            row[at.index(len)] = if inf { f32::INFINITY } else { f32::NAN };
            for scores in [Scores::Listed(&row), Scores::OfRows(&row), Scores::OfRows(&[1.0; 29])] {
                prop_assert!(!best_of(&tokens, scores, k, &mut Vec::new()));
            }
        }
    }
}
