//! Chooses a token among the allowed ones.
//!
//! The mask comes first: tokens outside it are never looked at, so the work is proportional to the allowed tokens (plus
//! one pass over the mask's words), and probabilities are those *given* the mask. Filters apply in the order repetition
//! penalty, temperature, top_k, top_p, min_p. Nothing sorts the vocabulary: top_k and top_p select before they sort
//! (`best.rs`).
//!
//! One number is drawn per sampled token and none otherwise, and candidates always stand in the same order before the
//! draw, so that a seed names one text.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rustc_hash::FxHashSet;

use super::{
    Sampling, SettingsError,
    best::{Candidate, Scores, best_of, descend, keep_best, nucleus},
};
use crate::{TokenId, TokenMask};

/// Chooses tokens, with the settings and the chance of one sequence.
#[derive(Clone, Debug)]
pub struct Sampler {
    settings: Sampling,
    rng: ChaCha8Rng,
    /// Tokens of the answer; kept only where there is a penalty.
    seen: FxHashSet<TokenId>,
    /// Scratch: reused by every step.
    candidates: Vec<Candidate>,
    tokens: Vec<TokenId>,
    weights: Vec<f32>,
}

/// What a token must fulfil beyond being allowed, where that is found out one by one.
pub(super) struct Fit<'a> {
    /// Whether all candidates are asked about before the draw; else the one that was drawn is asked about first, and the
    /// others only if it does not fit.
    pub(super) all: bool,
    /// Whether a token fits.
    pub(super) fits: &'a mut dyn FnMut(TokenId) -> bool,
}

/// No token can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A logit is no number, or infinite: the weights or the computation are broken.
    #[error("the logit of token {} is {value}: the model's weights or its computation are broken", token.0)]
    Logit {
        /// The token.
        token: TokenId,
        /// What stands there: `NaN` or `inf`.
        value: String,
    },
    /// The mask allows a token for which there is no logit.
    #[error("token {} is allowed but has no logit: there are {rows}", token.0)]
    NoLogit {
        /// The token.
        token: TokenId,
        /// Logits there are.
        rows: usize,
    },
    /// No token is allowed, or the model gives all that are the probability 0.
    #[error("no token to choose from: {allowed} allowed, all of probability 0")]
    NoCandidate {
        /// Tokens allowed.
        allowed: usize,
    },
}

impl Sampler {
    /// A sampler at the start of a sequence.
    ///
    /// # Errors
    /// A setting is outside its range.
    pub fn new(settings: &Sampling) -> Result<Self, SettingsError> {
        settings.validate()?;
        Ok(Self {
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            settings: settings.clone(),
            seen: FxHashSet::default(),
            candidates: Vec::new(),
            tokens: Vec::new(),
            weights: Vec::new(),
        })
    }

    /// Notes a token of the answer, sampled or forced, for the repetition penalty.
    pub fn observe(&mut self, token: TokenId) {
        if self.settings.repetition_penalty != 1.0 {
            self.seen.insert(token);
        }
    }

    /// Chooses one of the allowed tokens, given the logits of all rows. O(allowed + words of the mask).
    ///
    /// # Errors
    /// A logit of an allowed token is missing, not a number or positive infinity; no allowed token has a probability.
    ///
    /// ```
    /// use constrained_gen::{TokenId, TokenMask};
    /// use constrained_gen::decoding::{Sampler, Sampling};
    ///
    /// let mut sampler = Sampler::new(&Sampling::greedy())?;
    /// let allowed = TokenMask::from_words(vec![0b0110]);
    /// assert_eq!(sampler.sample(&[9.0, 1.0, 2.0, 7.0], &allowed)?, TokenId(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sample(&mut self, row: &[f32], allowed: &TokenMask) -> Result<TokenId, SampleError> {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.clear();
        allowed.append_to(&mut tokens);
        let chosen = self.sample_fitting_row(&tokens, row, None);
        self.tokens = tokens;
        chosen
    }

    /// Chooses one of these tokens, which ascend, given their logits in the same order: what
    /// [`sample`](Self::sample) chooses from a row that holds them. O(tokens).
    ///
    /// # Errors
    /// As there.
    pub fn sample_among(
        &mut self,
        tokens: &[TokenId],
        logits: &[f32],
    ) -> Result<TokenId, SampleError> {
        self.sample_fitting(tokens, logits, None)
    }

    /// As [`sample_among`](Self::sample_among), of the tokens that fit. If all are asked about: what is chosen among those
    /// that fit alone; with top_k no more are asked about than are needed.
    pub(super) fn sample_fitting(
        &mut self,
        tokens: &[TokenId],
        logits: &[f32],
        fit: Option<Fit<'_>>,
    ) -> Result<TokenId, SampleError> {
        self.choose(tokens, Scores::Listed(logits), fit)
    }

    /// As [`sample_fitting`](Self::sample_fitting), given the logits of all rows.
    pub(super) fn sample_fitting_row(
        &mut self,
        tokens: &[TokenId],
        row: &[f32],
        fit: Option<Fit<'_>>,
    ) -> Result<TokenId, SampleError> {
        self.choose(tokens, Scores::OfRows(row), fit)
    }

    fn choose(
        &mut self,
        tokens: &[TokenId],
        scores: Scores<'_>,
        fit: Option<Fit<'_>>,
    ) -> Result<TokenId, SampleError> {
        let needs_all = fit.as_ref().is_some_and(|fit| fit.all);
        if needs_all || !self.gather_best(tokens, scores) {
            self.gather(tokens, scores)?;
        }
        let none = || SampleError::NoCandidate { allowed: tokens.len() };
        let likely = |best: &Candidate| best.weight > f32::NEG_INFINITY;
        let best = self.candidates.iter().copied().min_by(Candidate::better).filter(likely);
        let best = best.ok_or_else(none)?;
        // The 53 bits of a double's mantissa: uniform in [0, 1).
        let unit = (self.settings.temperature != 0.0)
            .then(|| (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64);
        let Some(Fit { all, fits }) = fit else { return Ok(self.pick(best, unit, None)) };
        if !all {
            let token = self.pick(best, unit, None);
            if fits(token) {
                return Ok(token);
            }
            self.gather(tokens, scores)?;
        }
        let mut best = None;
        let looked = descend(&mut self.candidates, |candidate| {
            best = Some(*candidate).filter(|c| !likely(c) || fits(c.token));
            best.is_none()
        });
        let best = best.filter(likely).ok_or_else(none)?;
        self.candidates.drain(..looked - 1);
        Ok(self.pick(best, unit, Some(fits)))
    }

    /// Makes the candidates: all tokens.
    fn gather(&mut self, tokens: &[TokenId], scores: Scores<'_>) -> Result<(), SampleError> {
        self.candidates.clear();
        self.candidates.reserve(tokens.len());
        for (i, token) in tokens.iter().enumerate() {
            let token = *token;
            let missing = || SampleError::NoLogit { token, rows: scores.len() };
            let logit = scores.get(i, token).ok_or_else(missing)?;
            if logit.is_nan() || logit == f32::INFINITY {
                return Err(SampleError::Logit { token, value: logit.to_string() });
            }
            let is_seen = !self.seen.is_empty() && self.seen.contains(&token);
            let weight = if is_seen { self.penalised(logit) } else { logit };
            self.candidates.push(Candidate { token, weight });
        }
        Ok(())
    }

    /// Makes the candidates: tokens among which are those that a draw may come to, where the settings say that these are few.
    /// False where [`gather`](Self::gather) has to, or to say what is wrong.
    fn gather_best(&mut self, tokens: &[TokenId], scores: Scores<'_>) -> bool {
        let few = if self.settings.temperature == 0.0 { Some(1) } else { self.settings.top_k };
        let Some(few) = few.filter(|few| *few < tokens.len()) else { return false };
        if self.seen.is_empty() {
            return best_of(tokens, scores, few, &mut self.candidates);
        }
        self.weights.clear();
        let logits = tokens.iter().enumerate().map_while(|(i, token)| scores.get(i, *token));
        self.weights.extend(logits);
        for token in &self.seen {
            if let Ok(place) = tokens.binary_search(token)
                && let Some(logit) = self.weights.get(place)
            {
                self.weights[place] = self.penalised(*logit);
            }
        }
        // A logit that is missing is missing there, too.
        best_of(tokens, Scores::Listed(&self.weights), few, &mut self.candidates)
    }

    /// The weight of a token of the answer. Keskar and others 2019, section 4.1: division would *raise* a negative logit.
    fn penalised(&self, logit: f32) -> f32 {
        let penalty = self.settings.repetition_penalty;
        if logit > 0.0 { logit / penalty } else { logit * penalty }
    }

    /// The best candidate, or the one that a number from 0 to below 1 points at.
    fn pick(
        &mut self,
        best: Candidate,
        unit: Option<f64>,
        fits: Option<&mut dyn FnMut(TokenId) -> bool>,
    ) -> TokenId {
        match unit {
            None => best.token,
            Some(unit) => self.draw(best, unit, fits),
        }
    }

    /// Draws among the candidates, of which `best` is the best; among those that fit if that has to be asked.
    fn draw(
        &mut self,
        best: Candidate,
        unit: f64,
        fits: Option<&mut dyn FnMut(TokenId) -> bool>,
    ) -> TokenId {
        let Sampling { temperature, top_k, top_p, min_p, .. } = self.settings;
        let candidates = &mut self.candidates;
        // By their logits first: what becomes of them then is in the same order, and need not be computed for all.
        if let Some(fits) = fits {
            let most = top_k.unwrap_or(usize::MAX);
            let mut kept = Vec::new();
            descend(candidates, |candidate| {
                if fits(candidate.token) {
                    kept.push(*candidate);
                }
                kept.len() < most
            });
            *candidates = kept;
            candidates.sort_unstable_by_key(|c| c.token);
        } else if let Some(k) = top_k
            && k < candidates.len()
        {
            keep_best(candidates, k);
        }
        for candidate in candidates.iter_mut() {
            // The best one first becomes 0, so that no temperature overflows; its weight is then 1.
            candidate.weight = ((candidate.weight - best.weight) / temperature).exp();
        }
        if top_p < 1.0 {
            let nucleus = nucleus(candidates, f64::from(top_p));
            candidates.truncate(nucleus);
        }
        if min_p > 0.0 {
            candidates.retain(|c| c.weight >= min_p);
        }
        let total: f64 = candidates.iter().map(|c| f64::from(c.weight)).sum();
        let mut rest = unit * total;
        for candidate in &*candidates {
            rest -= f64::from(candidate.weight);
            if rest < 0.0 {
                return candidate.token;
            }
        }
        // Rounding can leave a rest of 0; the best token is always a candidate.
        best.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(tokens: &[u32], width: usize) -> TokenMask {
        let mut words = vec![0; width.div_ceil(32)];
        for t in tokens {
            words[*t as usize / 32] |= 1 << (t % 32);
        }
        TokenMask::from_words(words)
    }

    fn all(width: usize) -> TokenMask {
        mask(&(0..width as u32).collect::<Vec<_>>(), width)
    }

    fn open() -> Sampling {
        Sampling { temperature: 1.0, top_k: None, top_p: 1.0, ..Sampling::default() }
    }

    /// How often each of `n` tokens comes in `draws` draws.
    fn counts(settings: Sampling, row: &[f32], allowed: &TokenMask, draws: usize) -> Vec<usize> {
        let mut sampler = Sampler::new(&settings).unwrap();
        let mut counts = vec![0; row.len()];
        for _ in 0..draws {
            counts[sampler.sample(row, allowed).unwrap().index()] += 1;
        }
        counts
    }

    #[test]
    fn greedy_takes_the_best_allowed_token_and_the_lower_of_equals() {
        let mut sampler = Sampler::new(&Sampling::greedy()).unwrap();
        let row = [5.0, 3.0, 4.0, 4.0, -1.0];
        assert_eq!(sampler.sample(&row, &all(5)), Ok(TokenId(0)));
        assert_eq!(sampler.sample(&row, &mask(&[1, 3, 2], 5)), Ok(TokenId(2)));
        assert_eq!(sampler.sample(&row, &mask(&[4], 5)), Ok(TokenId(4)));
    }

    #[test]
    fn frequencies_are_the_softmax_given_the_mask() {
        let row: Vec<f32> = [0.1f32, 0.2, 0.3, 0.4].iter().map(|p| p.ln()).collect();
        let counts = counts(open(), &row, &mask(&[1, 3], 4), 30_000);
        assert_eq!((counts[0], counts[2]), (0, 0));
        let share = counts[1] as f64 / 30_000.0;
        assert!((share - 1.0 / 3.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn temperature_sharpens() {
        let row: Vec<f32> = [0.4f32, 0.6].iter().map(|p| p.ln()).collect();
        let cold = counts(Sampling { temperature: 0.5, ..open() }, &row, &all(2), 20_000);
        let share = cold[1] as f64 / 20_000.0;
        assert!((share - 0.36 / (0.36 + 0.16)).abs() < 0.02, "{share}");
        let coldest = counts(Sampling { temperature: 1e-30, ..open() }, &row, &all(2), 100);
        assert_eq!(coldest, [0, 100]);
    }

    #[test]
    fn filters_cut_where_they_say() {
        let row: Vec<f32> = [0.05f32, 0.5, 0.15, 0.3].iter().map(|p| p.ln()).collect();
        let kept = |settings| -> Vec<usize> {
            let counts = counts(settings, &row, &all(4), 2_000);
            (0..4).filter(|&i| counts[i] > 0).collect()
        };
        assert_eq!(kept(open()), [0, 1, 2, 3]);
        assert_eq!(kept(Sampling { top_k: Some(2), ..open() }), [1, 3]);
        assert_eq!(kept(Sampling { top_p: 0.75, ..open() }), [1, 3]);
        assert_eq!(kept(Sampling { top_p: 0.85, ..open() }), [1, 2, 3]);
        assert_eq!(kept(Sampling { top_p: 0.0, ..open() }), [1]);
        assert_eq!(kept(Sampling { min_p: 0.25, ..open() }), [1, 2, 3]);
        // top_k comes first: of the two kept, the best holds 0.625.
        assert_eq!(kept(Sampling { top_k: Some(2), top_p: 0.6, ..open() }), [1]);
    }

    #[test]
    fn a_seed_names_one_sequence() {
        let row: Vec<f32> = (0..500).map(|i| (i as f32 * 0.37).sin()).collect();
        let run = |seed| -> Vec<u32> {
            let mut sampler = Sampler::new(&Sampling { seed, ..Sampling::default() }).unwrap();
            (0..50).map(|_| sampler.sample(&row, &all(500)).unwrap().0).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn one_draw_per_token_whatever_the_number_of_candidates() {
        let row = [0.0f32; 64];
        let mut a = Sampler::new(&open()).unwrap();
        let mut b = a.clone();
        a.sample(&row, &all(64)).unwrap();
        b.sample(&row, &mask(&[1, 2], 64)).unwrap();
        assert_eq!(a.rng.next_u64(), b.rng.next_u64());
    }

    #[test]
    fn the_penalty_weakens_what_was_said_and_nothing_else() {
        let mut sampler =
            Sampler::new(&Sampling { repetition_penalty: 2.0, ..Sampling::greedy() }).unwrap();
        let row = [1.0, 1.5, -1.0, -1.5];
        assert_eq!(sampler.sample(&row, &all(4)), Ok(TokenId(1)));
        sampler.observe(TokenId(1));
        assert_eq!(sampler.sample(&row, &all(4)), Ok(TokenId(0)));
        sampler.observe(TokenId(2));
        assert_eq!(sampler.sample(&row, &mask(&[2, 3], 4)), Ok(TokenId(3)));
    }

    #[test]
    fn broken_logits_are_errors_only_where_allowed() {
        let mut sampler = Sampler::new(&open()).unwrap();
        let row = [f32::NAN, 1.0, f32::INFINITY, f32::NEG_INFINITY];
        assert_eq!(sampler.sample(&row, &mask(&[1, 3], 4)), Ok(TokenId(1)));
        assert_eq!(
            sampler.sample(&row, &mask(&[0, 1], 4)),
            Err(SampleError::Logit { token: TokenId(0), value: "NaN".into() })
        );
        assert!(matches!(sampler.sample(&row, &mask(&[2], 4)), Err(SampleError::Logit { .. })));
        assert_eq!(
            sampler.sample(&row, &mask(&[3], 4)),
            Err(SampleError::NoCandidate { allowed: 1 })
        );
        assert_eq!(
            sampler.sample(&row, &mask(&[], 4)),
            Err(SampleError::NoCandidate { allowed: 0 })
        );
        assert_eq!(
            sampler.sample(&row, &mask(&[9], 32)),
            Err(SampleError::NoLogit { token: TokenId(9), rows: 4 })
        );
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let refused = |settings: Sampling| Sampler::new(&settings).unwrap_err().field;
        assert_eq!(refused(Sampling { temperature: -0.1, ..open() }), "temperature");
        assert_eq!(refused(Sampling { temperature: f32::NAN, ..open() }), "temperature");
        assert_eq!(refused(Sampling { top_k: Some(0), ..open() }), "top_k");
        assert_eq!(refused(Sampling { top_p: 1.01, ..open() }), "top_p");
        assert_eq!(refused(Sampling { min_p: -1.0, ..open() }), "min_p");
        assert_eq!(refused(Sampling { repetition_penalty: 0.0, ..open() }), "repetition_penalty");
    }

    proptest! {
        /// The choice among tokens that fit is that under a mask without the others.
        #[test]
        fn what_does_not_fit_might_as_well_not_be_allowed(
            row in prop::collection::vec(-9.0f32..9.0, 40),
            allowed in 1u64..(1 << 40),
            fitting: u64,
            temperature in prop_oneof![Just(0.0f32), 0.01f32..2.0],
            top_k in prop::option::of(1usize..20),
            top_p in 0.0f32..1.2,
            min_p in prop_oneof![Just(0.0f32), 0.0f32..0.5],
            seed: u64,
        ) {
            let words = |bits: u64| TokenMask::from_words(vec![bits as u32, (bits >> 32) as u32]);
            let top_p = top_p.min(1.0);
            let settings = Sampling { temperature, top_k, top_p, min_p, repetition_penalty: 1.2, seed };
            let mut lazily = Sampler::new(&settings).unwrap();
            let mut masked = lazily.clone();
            let tokens: Vec<TokenId> = words(allowed).iter().collect();
            for _ in 0..3 {
                let mut fits = |token: TokenId| fitting >> token.0 & 1 == 1;
                let fit = Fit { all: true, fits: &mut fits };
                let found = lazily.sample_fitting_row(&tokens, &row, Some(fit));
                if allowed & fitting == 0 {
                    let none = matches!(found, Err(SampleError::NoCandidate { .. }));
                    prop_assert!(none);
                    break;
                }
                let token = masked.sample(&row, &words(allowed & fitting)).unwrap();
                prop_assert_eq!(found, Ok(token));
                lazily.observe(token);
                masked.observe(token);
            }
        }

        /// A choice that fits is the choice without the question; one that does not is made again, with the same chance.
        #[test]
        fn far_from_the_limit_only_the_choice_is_asked_about(
            row in prop::collection::vec(-3.0f32..3.0, 40),
            fitting: u64,
            seed: u64,
        ) {
            let settings = Sampling { temperature: 1.0, seed, ..Sampling::default() };
            let sampler = Sampler::new(&settings).unwrap();
            let free = sampler.clone().sample(&row, &all(40)).unwrap();
            let fitting = fitting | 1;
            let tokens: Vec<TokenId> = all(40).iter().collect();
            let asked = |all: bool| {
                let mut count = 0;
                let mut fits = |token: TokenId| {
                    count += 1;
                    fitting >> token.0 & 1 == 1
                };
                let fit = Fit { all, fits: &mut fits };
                let token = sampler.clone().sample_fitting_row(&tokens, &row, Some(fit)).unwrap();
                (token, count)
            };
            if fitting >> free.0 & 1 == 1 {
                prop_assert_eq!(asked(false), (free, 1));
            } else {
                prop_assert_eq!(asked(false).0, asked(true).0);
            }
        }

        /// Whatever the settings and the row, an allowed token comes out.
        #[test]
        fn what_is_sampled_is_allowed(
            row in prop::collection::vec(-50.0f32..50.0, 40),
            bits in 1u64..(1 << 40),
            temperature in 0.0f32..2.0,
            top_k in prop::option::of(1usize..60),
            top_p in 0.0f32..1.0,
            min_p in 0.0f32..1.0,
            seed: u64,
        ) {
            let allowed = TokenMask::from_words(vec![bits as u32, (bits >> 32) as u32]);
            let settings = Sampling { temperature, top_k, top_p, min_p, repetition_penalty: 1.2, seed };
            let mut sampler = Sampler::new(&settings).unwrap();
            for _ in 0..5 {
                let token = sampler.sample(&row, &allowed).unwrap();
                prop_assert!(allowed.contains(token));
                sampler.observe(token);
            }
        }
    }
}
