//! How a token is chosen among the allowed ones, as settings.

/// Settings of a [`Sampler`](super::Sampler).
///
/// ```
/// use constrained_gen::decoding::{Sampler, Sampling};
///
/// assert!(Sampler::new(&Sampling { temperature: 0.1, top_p: 0.9, ..Sampling::default() }).is_ok());
///
/// let refused = Sampler::new(&Sampling { top_p: 1.5, ..Sampling::default() }).unwrap_err();
/// assert_eq!(refused.to_string(), "top_p is 1.5: expected a number from 0 to 1");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// How far chance may lead from the best token, 0 to 2. At 0 the best token is always taken and the settings below
    /// but the penalty are without effect. Default 0.7.
    pub temperature: f32,
    /// Chooses among this many best tokens only; `None` for all. Default 50.
    pub top_k: Option<usize>,
    /// Chooses among the best tokens that together hold this share of the probability, 0 to 1 (0: the best one; 1: all).
    /// Default 0.9.
    pub top_p: f32,
    /// Chooses among tokens at least this share as probable as the best one, 0 to 1. Default 0.
    pub min_p: f32,
    /// Divides the odds of tokens already in the *answer*: above 1 discourages repetition, 1 is without effect. The
    /// prompt does not count, since an answer rightly takes its names from there. Default 1.
    pub repetition_penalty: f32,
    /// The same seed gives the same text. Default 0.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: Some(50),
            top_p: 0.9,
            min_p: 0.0,
            repetition_penalty: 1.0,
            seed: 0,
        }
    }
}

impl Sampling {
    /// Always the best token.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: 1.0, ..Self::default() }
    }

    /// Whether every value is in its range.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let numbers = [
            ("temperature", self.temperature, 0.0..=2.0, "a number from 0 to 2"),
            ("top_p", self.top_p, 0.0..=1.0, "a number from 0 to 1"),
            ("min_p", self.min_p, 0.0..=1.0, "a number from 0 to 1"),
            ("repetition_penalty", self.repetition_penalty, 0.1..=10.0, "a number from 0.1 to 10"),
        ];
        for (field, value, range, expected) in numbers {
            if !range.contains(&value) {
                return Err(SettingsError { field, value: value.to_string(), expected });
            }
        }
        if self.top_k == Some(0) {
            return Err(SettingsError {
                field: "top_k",
                value: "0".into(),
                expected: "a whole number from 1",
            });
        }
        Ok(())
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}: expected {expected}")]
#[non_exhaustive]
pub struct SettingsError {
    /// The field of [`Sampling`].
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// The range.
    pub expected: &'static str,
}
