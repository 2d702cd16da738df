//! What an answer cost.

use std::time::Duration;

/// Counts and times of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the answer, thinking included, end tokens not.
    pub tokens: usize,
    /// Tokens of these about which there was no choice: they cost no logits and no draw.
    pub forced_tokens: usize,
    /// Tokens that were read on a guess.
    pub guessed_tokens: usize,
    /// Tokens of these that came.
    pub guessed_rightly: usize,
    /// Tokens of the answer spent on thinking.
    pub thinking_tokens: usize,
    /// Masks asked of the constraint.
    pub masks: usize,
    /// Sum over all steps of the share of the vocabulary that was allowed.
    pub(super) allowed: f64,
    /// Steps in that sum.
    pub(super) steps: usize,
    /// Time the model took to read the prompt.
    pub prefill_time: Duration,
    /// Time in masks and in accepting tokens.
    pub mask_time: Duration,
    /// Time in guesses, which are tried on the grammar: in making them, and in learning from what came.
    pub guess_time: Duration,
    /// Time in the model after the prompt.
    pub model_time: Duration,
    /// Time of that in its layers; the rest is its head.
    pub layers_time: Duration,
    /// Time in sampling.
    pub sample_time: Duration,
    /// Time in all.
    pub total_time: Duration,
}

impl Stats {
    /// The share of the vocabulary that was allowed, as a mean over the steps; 1 where there was no step.
    pub fn allowed_share(&self) -> f64 {
        if self.steps == 0 { 1.0 } else { self.allowed / self.steps as f64 }
    }

    /// Tokens of the answer per second, the prompt's time left out; 0 where no time passed.
    pub fn tokens_per_second(&self) -> f64 {
        let seconds = self.total_time.saturating_sub(self.prefill_time).as_secs_f64();
        if seconds > 0.0 { self.tokens as f64 / seconds } else { 0.0 }
    }
}
