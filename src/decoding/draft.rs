//! Guesses about the next tokens, so that one pass of the model can answer several choices.
//!
//! A pass over a few tokens costs little more than over one. So tokens that will probably come are read before the model
//! was asked, behind those that it has to read anyway; it then scores the places between them, and where it chooses what was
//! guessed, nothing is left to be read for the next choice. Where it chooses otherwise, what was read in vain is
//! forgotten. Every choice is the model's own, with the same draw: guesses change when a token comes, never which one
//! (speculative decoding: Leviathan et al. 2023; with guesses from texts read before: prompt lookup decoding, Saxena 2023).

use std::sync::{Mutex, PoisonError};

use super::{
    cost::{Costs, Passes},
    habits::{Guess, Habits},
    likely::Part,
};
use crate::{TokenId, TokenMask};

/// What came after what in texts read before: prompts and answers. Shared by any number of answers and threads; learns from
/// each. Holds 2.5 MiB, or as much as is [given](Self::with_room), and the last texts' habits where there are more than fit.
///
/// What is in it changes how fast an answer comes, and never the answer (if the model's numbers do not depend on how a text
/// is cut).
///
/// ```
/// use constrained_gen::{TokenId, Vocabulary};
/// use constrained_gen::decoding::{Decoder, Drafter, Options, Sampling};
///
/// let vocabulary = Vocabulary::new(vec![b"a".to_vec(), b"<end>".to_vec()], &[], &[TokenId(1)])?;
/// let drafter = Drafter::default();
/// drafter.learn(&[TokenId(0), TokenId(0)]);
/// let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default())?.drafted_by(&drafter);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Drafter(Mutex<Known>);

impl std::fmt::Debug for Drafter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drafter").finish_non_exhaustive()
    }
}

impl Drafter {
    /// With room for what came before each of so many tokens: 80 to 160 bytes each, 2.5 MiB (32,768 tokens) at least and
    /// 80 MiB (1,048,576) at most. For a program that answers many different questions, or has answers of others to
    /// [learn](Self::learn) from: the more it knows of texts of a kind, the more of the next one it guesses. Nothing that was
    /// learned before is kept.
    pub fn with_room(self, tokens: usize) -> Self {
        let passes = self.into_known().passes;
        Self(Mutex::new(Known { passes, habits: Habits::with_room(tokens) }))
    }

    /// Takes a token's products to cost this part of what it costs to read a model's weights (0 to 4), instead of measuring
    /// it.
    pub fn with_row_cost(self, cost: f64) -> Self {
        let habits = self.into_known().habits;
        Self(Mutex::new(Known { passes: Passes::given(cost), habits }))
    }

    /// Learns from a text. An answer's own tokens are learned as they come.
    pub fn learn(&self, tokens: &[TokenId]) {
        let mut known = self.known();
        (0..tokens.len()).for_each(|at| known.habits.learn(&tokens[..at], tokens[at]));
    }

    /// Learns that an answer went on so, and how that could have been guessed; `name`: by the schema.
    pub(super) fn note(
        &self,
        before: &[TokenId],
        name: Option<(TokenId, Part)>,
        allowed: &TokenMask,
        token: TokenId,
    ) {
        let mut known = self.known();
        known.habits.judge(before, name, allowed, token);
        known.habits.learn(before, token);
    }

    /// As [`Habits::guess`].
    pub(super) fn guess(
        &self,
        before: &[TokenId],
        name: Option<(TokenId, Part)>,
        allowed: impl FnMut(TokenId) -> bool,
        count: Option<usize>,
    ) -> Option<Guess> {
        self.known().habits.guess(before, name, allowed, count)
    }

    /// Says how long a pass over so many tokens took, in seconds. Decides what is worth a guess, and no text.
    pub(super) fn timed(&self, rows: usize, seconds: f64) {
        self.known().passes.note(rows, seconds);
    }

    /// What the products of a token cost, beside the reading of the weights: as measured lately, or as
    /// [given](Self::with_row_cost). 0.25 before the first passes were measured.
    pub fn row_cost(&self) -> f64 {
        self.costs().row()
    }

    /// What passes cost.
    pub(super) fn costs(&self) -> Costs {
        self.known().passes.costs
    }

    fn into_known(self) -> Known {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Known {
    habits: Habits,
    passes: Passes,
}
