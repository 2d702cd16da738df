//! Guesses about the next tokens, so that one pass of the model can answer several choices.
//!
//! A pass over a few tokens costs little more than over one. So tokens that will probably come are read before the model
//! was asked, behind those that it has to read anyway; it then scores the places between them, and where it chooses what was
//! guessed, nothing is left to be read for the next choice. Where it chooses otherwise, what was read in vain is
//! forgotten. Every choice is the model's own, with the same draw: guesses change when a token comes, never which one
//! (speculative decoding: Leviathan et al. 2023; with guesses from texts read before: prompt lookup decoding, Saxena 2023).

use std::{
    hash::{Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use rustc_hash::FxHasher;

use super::cost::{Passes, Roofline};
use crate::{TokenId, TokenMask};

/// Tokens before a guess that it is made from, at most.
pub(super) const LONGEST: usize = 4;

/// Slots of the table: 12 bytes each.
const SLOTS: usize = 1 << 17;

/// Tokens that come often, at most.
const OFTEN: usize = 256;

/// How sure a guess can be: how often a token came again is counted up to here.
const KINDS: usize = 4;

/// What came after what in texts read before: prompts and answers. Shared by any number of answers and threads; learns from
/// each. Holds 1.5 MiB, and the last texts' habits where there are more than fit.
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
pub struct Drafter(Mutex<Table>);

impl std::fmt::Debug for Drafter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drafter").finish_non_exhaustive()
    }
}

impl Drafter {
    /// One that takes a token's products to cost this part of what it costs to read a model's weights (0 to 4), instead of
    /// measuring it.
    pub fn with_row_cost(cost: f64) -> Self {
        let passes = Passes::given(cost);
        Self(Mutex::new(Table { passes, ..Table::default() }))
    }

    /// Learns from a text. An answer's own tokens are learned as they come.
    pub fn learn(&self, tokens: &[TokenId]) {
        let mut table = self.table();
        (0..tokens.len()).for_each(|at| table.learn(&tokens[..at], tokens[at]));
    }

    /// Learns that an answer went on so, and how that could have been guessed.
    pub(super) fn note(&self, before: &[TokenId], allowed: &TokenMask, token: TokenId) {
        let mut table = self.table();
        table.judge(before, allowed, token);
        table.learn(before, token);
    }

    /// The likeliest of what came after ends of `before`, and of what comes often, if it is allowed. The latter only where it is
    /// known how many tokens are.
    pub(super) fn guess(
        &self,
        before: &[TokenId],
        allowed: impl FnMut(TokenId) -> bool,
        count: Option<usize>,
    ) -> Option<Guess> {
        self.table().guess(before, allowed, count)
    }

    /// Says how long a pass over so many tokens took, in seconds. Decides what is worth a guess, and no text.
    pub(super) fn timed(&self, rows: usize, seconds: f64) {
        self.table().passes.note(rows, seconds);
    }

    /// What the products of a token cost, beside the reading of the weights: as measured lately, or as
    /// [given](Self::with_row_cost). 0.25 before the first passes were measured.
    pub fn row_cost(&self) -> f64 {
        self.costs().row()
    }

    /// What passes cost.
    pub(super) fn costs(&self) -> Roofline {
        self.table().passes.costs
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guess.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) token: TokenId,
    /// How often guesses like this one come true, 0 to 1.
    pub(super) odds: f64,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Half of the key's hash, the other half being the place; 0 where nothing is.
    check: u32,
    token: TokenId,
    sure: u8,
}

struct Table {
    slots: Box<[Slot]>,
    /// What comes often, by the token's lowest bits.
    often: Box<[Often]>,
    /// How often it came true what rests on no token, on one, and so on.
    rates: [[Rate; KINDS]; LONGEST + 1],
    passes: Passes,
}

impl Default for Table {
    fn default() -> Self {
        let empty = Slot { check: 0, token: TokenId(0), sure: 0 };
        Self {
            slots: vec![empty; SLOTS].into_boxed_slice(),
            often: vec![Often::default(); OFTEN].into_boxed_slice(),
            rates: USUAL.map(|kinds| kinds.map(|hits| Rate { hits, all: 64 })),
            passes: Passes::default(),
        }
    }
}

impl Table {
    fn learn(&mut self, before: &[TokenId], token: TokenId) {
        self.often[token.index() % OFTEN].note(token);
        for length in 1..=LONGEST.min(before.len() + 1) {
            let (place, check) = key(before, length);
            let slot = &mut self.slots[place];
            match (slot.check == check, slot.token == token) {
                (true, true) => slot.sure = (slot.sure + 1).min(KINDS as u8),
                (true, false) if slot.sure > 2 => slot.sure -= 2,
                // The last habit counts; of others' texts those go first that were not seen twice.
                (false, _) if slot.sure > 1 => slot.sure -= 1,
                _ => *slot = Slot { check, token, sure: 1 },
            }
        }
    }

    fn guess(
        &self,
        before: &[TokenId],
        mut allowed: impl FnMut(TokenId) -> bool,
        count: Option<usize>,
    ) -> Option<Guess> {
        let known = (1..=LONGEST.min(before.len() + 1)).rev().filter_map(|length| {
            let (token, kind) = self.known(before, length)?;
            Some(Guess { token, odds: self.rates[length][kind].odds() })
        });
        let mut known: Vec<Guess> = known.collect();
        known.sort_by(|a, b| b.odds.total_cmp(&a.odds));
        let known = known.into_iter().find(|guess| allowed(guess.token));
        let odds = count.map_or(0.0, |count| self.rates[0][narrowness(count)].odds());
        if known.is_some_and(|guess| guess.odds >= odds) || odds == 0.0 {
            return known;
        }
        self.often(allowed).map(|token| Guess { token, odds }).or(known)
    }

    /// Counts for each way to guess whether it would have been right.
    fn judge(&mut self, before: &[TokenId], allowed: &TokenMask, token: TokenId) {
        if let Some(often) = self.often(|token| allowed.contains(token)) {
            self.rates[0][narrowness(allowed.len())].note(often == token);
        }
        for length in 1..=LONGEST.min(before.len() + 1) {
            if let Some((known, kind)) = self.known(before, length)
                && allowed.contains(known)
            {
                self.rates[length][kind].note(known == token);
            }
        }
    }

    /// What came after the last `length` tokens, and how sure that is.
    fn known(&self, before: &[TokenId], length: usize) -> Option<(TokenId, usize)> {
        let (place, check) = key(before, length);
        let slot = self.slots[place];
        (slot.check == check).then(|| (slot.token, usize::from(slot.sure) - 1))
    }

    /// What came most often of what is allowed.
    fn often(&self, mut allowed: impl FnMut(TokenId) -> bool) -> Option<TokenId> {
        let mut most = Often::default();
        for often in &self.often {
            if often.count > most.count && allowed(often.token) {
                most = *often;
            }
        }
        (most.count > 0).then_some(most.token)
    }
}

/// A token that comes often, and how often it came, less how often others with the same place did.
#[derive(Clone, Copy)]
struct Often {
    token: TokenId,
    count: u32,
}

impl Default for Often {
    fn default() -> Self {
        Self { token: TokenId(0), count: 0 }
    }
}

impl Often {
    fn note(&mut self, token: TokenId) {
        match (self.token == token, self.count) {
            (true, _) => self.count = self.count.saturating_add(1),
            (false, 0) => *self = Self { token, count: 1 },
            (false, _) => self.count -= 1,
        }
    }
}

/// Fewer than 8 tokens, 64, 1,024, or more.
fn narrowness(allowed: usize) -> usize {
    [8, 64, 1024].iter().filter(|limit| allowed >= **limit).count()
}

/// Place and check of the last `length` tokens, of which the first may be the text's beginning.
fn key(before: &[TokenId], length: usize) -> (usize, u32) {
    let mut hasher = FxHasher::default();
    length.hash(&mut hasher);
    before[before.len().saturating_sub(length)..].hash(&mut hasher);
    let hash = hasher.finish();
    ((hash >> 32) as usize % SLOTS, (hash as u32).max(1))
}

/// How often something came true lately.
#[derive(Clone, Copy)]
struct Rate {
    hits: u16,
    all: u16,
}

/// What is expected before anything was counted, of 64 guesses that come true: of those that rest on no token, by how many are
/// allowed; then, by how many tokens a guess rests on, by how sure it is.
const USUAL: [[u16; KINDS]; LONGEST + 1] =
    [[30, 16, 8, 4], [10, 20, 25, 32], [16, 26, 32, 45], [22, 35, 42, 50], [32, 45, 54, 60]];

impl Rate {
    /// Guesses that are remembered; older ones count half.
    const LATELY: u16 = 128;

    fn note(&mut self, hit: bool) {
        if self.all >= Self::LATELY {
            (self.hits, self.all) = (self.hits / 2, self.all / 2);
        }
        self.hits += u16::from(hit);
        self.all += 1;
    }

    fn odds(self) -> f64 {
        f64::from(self.hits) / f64::from(self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &[u32]) -> Vec<TokenId> {
        text.iter().copied().map(TokenId).collect()
    }

    fn all() -> TokenMask {
        TokenMask::from_words(vec![u32::MAX; 64])
    }

    #[test]
    fn the_longest_end_that_is_known_tells_what_comes() {
        let drafter = Drafter::default();
        (0..4).for_each(|_| drafter.learn(&tokens(&[1, 2, 3, 9, 2, 4])));
        let guess = |before: &[u32]| Some(drafter.guess(&tokens(before), |_| true, None)?.token.0);
        assert_eq!(guess(&[1, 2]), Some(3));
        assert_eq!(guess(&[9, 2]), Some(4));
        assert_eq!(guess(&[]), Some(1), "the beginning is known, too");
        assert_eq!(guess(&[7]), None);
        let other = drafter.guess(&tokens(&[9, 2]), |token| token != TokenId(4), None);
        assert_eq!(other.map(|guess| guess.token), None, "what is not allowed is not guessed");
    }

    #[test]
    fn where_few_are_allowed_what_comes_often_is_guessed() {
        let drafter = Drafter::default();
        drafter.learn(&tokens(&[5, 6, 5, 8, 5, 7, 6]));
        let guess = |allowed: &[u32]| {
            let is_allowed = |token: TokenId| allowed.contains(&token.0);
            drafter.guess(&tokens(&[1]), is_allowed, Some(allowed.len())).map(|g| g.token.0)
        };
        assert_eq!([guess(&[5, 6]), guess(&[6, 8]), guess(&[3])], [Some(5), Some(6), None]);
    }

    #[test]
    fn guesses_that_fail_lose_their_odds_and_a_new_habit_replaces_an_old_one() {
        let drafter = Drafter::default();
        (0..4).for_each(|_| drafter.learn(&tokens(&[1, 2])));
        let odds = |drafter: &Drafter| drafter.guess(&tokens(&[1]), |_| true, None).unwrap().odds;
        let before = odds(&drafter);
        (0..100).for_each(|_| drafter.note(&tokens(&[1]), &all(), TokenId(3)));
        let guess = drafter.guess(&tokens(&[1]), |_| true, None).unwrap();
        assert_eq!(guess.token, TokenId(3));
        (0..100u32).for_each(|i| drafter.note(&tokens(&[1]), &all(), TokenId(i % 7 + 10)));
        assert!(odds(&drafter) < before, "{} {before}", odds(&drafter));
    }
}
