//! Which tokens came behind which, and how often what was expected came true.
//!
//! What comes next is guessed from the last few tokens: from as many as were seen before, and, as far as those mostly did not
//! know what came, from fewer (prediction by partial matching: Cleary and Witten 1984). How far to trust them is counted.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use super::likely::Part;
use crate::{TokenId, TokenMask};

/// Tokens before a guess that it is made from, at most.
pub(super) const LONGEST: usize = 4;

/// Slots of the table at least, and at most: 20 bytes each.
const SLOTS: [usize; 2] = [1 << 17, 1 << 22];

/// Tokens that are remembered behind the same ones.
const FOLLOWERS: usize = 3;

/// What one more time counts for. Others lose an eighth each time, so that the last times count most.
const ONCE: u8 = 32;

/// Tokens that come often, at most.
const OFTEN: usize = 256;

/// Kinds of followers that are trusted differently.
const KINDS: usize = 6;

/// Steps of a guess's odds for which it is counted how often it came true.
const STEPS: usize = 12;

/// A guess.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) token: TokenId,
    /// How often guesses like this one come true, 0 to 1.
    pub(super) odds: f64,
}

/// What came behind some tokens.
#[derive(Clone, Copy)]
struct Slot {
    /// Half of the key's hash, the other half being the place; 0 where nothing is.
    check: u32,
    tokens: [TokenId; FOLLOWERS],
    counts: [u8; FOLLOWERS],
}

impl Slot {
    const EMPTY: Self = Self { check: 0, tokens: [TokenId(0); FOLLOWERS], counts: [0; FOLLOWERS] };

    fn total(&self) -> u32 {
        self.counts.iter().map(|count| u32::from(*count)).sum()
    }

    fn note(&mut self, token: TokenId) {
        self.counts.iter_mut().for_each(|count| *count -= count.div_ceil(8));
        let is_it = |at: &usize| self.counts[*at] > 0 && self.tokens[*at] == token;
        let at = (0..FOLLOWERS).find(is_it).unwrap_or_else(|| {
            let least = (0..FOLLOWERS).min_by_key(|at| self.counts[*at]).unwrap_or(0);
            self.counts[least] = 0;
            least
        });
        self.tokens[at] = token;
        self.counts[at] = self.counts[at].saturating_add(ONCE);
    }

    /// One follower that came once, a few times, often; several, none of which, one of which comes mostly, nearly always.
    fn kind(&self) -> usize {
        let most = self.counts.iter().max().map_or(0, |count| u32::from(*count));
        let once = u32::from(ONCE);
        match self.counts.iter().filter(|count| **count > 0).count() {
            1 => [once * 3 / 2, once * 3].iter().filter(|limit| most >= **limit).count(),
            _ => {
                let share = 10 * most / self.total().max(1);
                3 + [4, 7].iter().filter(|limit| share >= **limit).count()
            }
        }
    }
}

/// What was seen.
pub(super) struct Habits {
    slots: Box<[Slot]>,
    /// What comes often, by the token's lowest bits.
    often: Box<[Often]>,
    /// How often what came was among the followers of so many tokens, by their kind.
    known: [[Rate; KINDS]; LONGEST],
    /// How often what comes often came, by how many tokens are allowed.
    common: [Rate; 4],
    /// How often the best guess came true, by its odds as they were reckoned.
    guessed: [Rate; STEPS],
    /// How often a name's first token came that a schema let expect, and the others behind it.
    names: [Rate; 2],
}

impl Default for Habits {
    fn default() -> Self {
        Self::with_room(0)
    }
}

impl Habits {
    /// Room for what came before each of so many tokens.
    pub(super) fn with_room(tokens: usize) -> Self {
        let slots = tokens.saturating_mul(LONGEST).clamp(SLOTS[0], SLOTS[1]).next_power_of_two();
        Self {
            slots: vec![Slot::EMPTY; slots].into_boxed_slice(),
            often: vec![Often::default(); OFTEN].into_boxed_slice(),
            known: USUAL.map(|kinds| kinds.map(Rate::of)),
            common: [30, 20, 8, 4].map(Rate::of),
            guessed: [3, 6, 11, 13, 17, 21, 26, 32, 35, 40, 44, 54].map(Rate::of),
            names: [40, 60].map(Rate::of),
        }
    }

    /// Learns what came after a text.
    pub(super) fn learn(&mut self, before: &[TokenId], token: TokenId) {
        self.often[token.index() % OFTEN].note(token);
        for length in 1..=longest(before) {
            let (place, check) = self.key(before, length);
            let slot = &mut self.slots[place];
            if slot.check == check {
                slot.note(token);
            } else if slot.total() > u32::from(ONCE) * 3 / 2 {
                // Of others' texts those go first that were seen once.
                slot.counts.iter_mut().for_each(|count| *count /= 2);
            } else {
                *slot = Slot { check, ..Slot::EMPTY };
                slot.note(token);
            }
        }
    }

    /// The likeliest token of those that are allowed: what the schema lets expect (`name`), what came after ends of `before`,
    /// what comes often; the latter only where it is known how many tokens are allowed (`count`).
    pub(super) fn guess(
        &self,
        before: &[TokenId],
        name: Option<(TokenId, Part)>,
        mut allowed: impl FnMut(TokenId) -> bool,
        count: Option<usize>,
    ) -> Option<Guess> {
        let name = name.filter(|(token, _)| allowed(*token));
        let name =
            name.map(|(token, part)| Guess { token, odds: self.names[part as usize].odds() });
        let habit = self.reckon(before, allowed, count);
        let habit = habit.map(|g| Guess { odds: self.guessed[step(g.odds)].odds(), ..g });
        name.into_iter().chain(habit).max_by(|a, b| a.odds.total_cmp(&b.odds))
    }

    /// Counts for each way to guess whether it would have been right.
    pub(super) fn judge(
        &mut self,
        before: &[TokenId],
        name: Option<(TokenId, Part)>,
        allowed: &TokenMask,
        token: TokenId,
    ) {
        if let Some((likely, part)) = name {
            self.names[part as usize].note(likely == token);
        }
        let count = allowed.len();
        let is_allowed = |token| allowed.contains(token);
        if let Some(guess) = self.reckon(before, is_allowed, Some(count)) {
            self.guessed[step(guess.odds)].note(guess.token == token);
        }
        if let Some(often) = self.often(is_allowed) {
            self.common[narrowness(count)].note(often == token);
        }
        for length in 1..=longest(before) {
            if let Some(slot) = self.followers(before, length, is_allowed) {
                let came = |at: usize| slot.counts[at] > 0 && slot.tokens[at] == token;
                self.known[length - 1][slot.kind()].note((0..FOLLOWERS).any(came));
            }
        }
    }

    /// The likeliest token, with the odds that follow from the counts.
    fn reckon(
        &self,
        before: &[TokenId],
        mut allowed: impl FnMut(TokenId) -> bool,
        count: Option<usize>,
    ) -> Option<Guess> {
        // To ask may be dear, and mostly the best one is allowed.
        let mut refused = Vec::new();
        let common = count.and_then(|count| Some((self.often(&mut allowed)?, count)));
        loop {
            let guess = self.best(before, &refused, common)?;
            if allowed(guess.token) {
                return Some(guess);
            }
            refused.push(guess.token);
        }
    }

    /// The likeliest token but for those refused. `common`: what comes often of what is allowed, and how many tokens are.
    fn best(
        &self,
        before: &[TokenId],
        refused: &[TokenId],
        common: Option<(TokenId, usize)>,
    ) -> Option<Guess> {
        let mut guesses: Vec<Guess> = Vec::new();
        let mut add =
            |token: TokenId, odds: f64| match guesses.iter_mut().find(|guess| guess.token == token)
            {
                Some(guess) => guess.odds += odds,
                None => guesses.push(Guess { token, odds }),
            };
        let mut left = 1.0;
        for length in (1..=longest(before)).rev() {
            let is_left = |token| !refused.contains(&token);
            let Some(slot) = self.followers(before, length, is_left) else { continue };
            let known = left * self.known[length - 1][slot.kind()].odds();
            let each = known / f64::from(slot.total());
            for (token, count) in slot.tokens.into_iter().zip(slot.counts) {
                if count > 0 {
                    add(token, each * f64::from(count));
                }
            }
            left -= known;
        }
        if let Some((often, count)) = common {
            add(often, left * self.common[narrowness(count)].odds());
        }
        guesses.into_iter().max_by(|a, b| a.odds.total_cmp(&b.odds))
    }

    /// What came after the last `length` tokens, of what is allowed.
    fn followers(
        &self,
        before: &[TokenId],
        length: usize,
        mut allowed: impl FnMut(TokenId) -> bool,
    ) -> Option<Slot> {
        let (place, check) = self.key(before, length);
        let mut slot = self.slots[place];
        if slot.check != check {
            return None;
        }
        for (count, token) in slot.counts.iter_mut().zip(slot.tokens) {
            if *count > 0 && !allowed(token) {
                *count = 0;
            }
        }
        (slot.total() > 0).then_some(slot)
    }

    /// Place and check of the last `length` tokens, of which the first may be the text's beginning.
    fn key(&self, before: &[TokenId], length: usize) -> (usize, u32) {
        let mut hasher = FxHasher::default();
        length.hash(&mut hasher);
        before[before.len().saturating_sub(length)..].hash(&mut hasher);
        let hash = hasher.finish();
        ((hash >> 32) as usize % self.slots.len(), (hash as u32).max(1))
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

/// Tokens that a guess after these can rest on; one more than there are is the text's beginning.
fn longest(before: &[TokenId]) -> usize {
    LONGEST.min(before.len() + 1)
}

/// Fewer than 8 tokens, 64, 1,024, or more.
fn narrowness(allowed: usize) -> usize {
    [8, 64, 1024].iter().filter(|limit| allowed >= **limit).count()
}

fn step(odds: f64) -> usize {
    ((odds * STEPS as f64) as usize).min(STEPS - 1)
}

/// How often something came true lately.
#[derive(Clone, Copy)]
struct Rate {
    hits: u16,
    all: u16,
}

/// What is expected before anything was counted, of 64 times: by how many tokens the followers rest on, by their kind.
const USUAL: [[u16; KINDS]; LONGEST] = [
    [32, 40, 48, 16, 32, 42],
    [38, 46, 52, 20, 36, 50],
    [42, 50, 54, 30, 42, 56],
    [44, 52, 56, 46, 46, 61],
];

impl Rate {
    /// Times that are remembered; older ones count half.
    const LATELY: u16 = 128;

    /// So many of 64, before anything was counted: as if of a few times.
    fn of(hits: u16) -> Self {
        Self { hits: hits.div_ceil(2), all: 32 }
    }

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

    fn learn(habits: &mut Habits, text: &[u32]) {
        let text = tokens(text);
        (0..text.len()).for_each(|at| habits.learn(&text[..at], text[at]));
    }

    #[test]
    fn the_longest_end_that_is_known_tells_what_comes() {
        let mut habits = Habits::default();
        (0..4).for_each(|_| learn(&mut habits, &[1, 2, 3, 9, 2, 4]));
        let guess =
            |before: &[u32]| Some(habits.guess(&tokens(before), None, |_| true, None)?.token.0);
        assert_eq!(guess(&[1, 2]), Some(3));
        assert_eq!(guess(&[9, 2]), Some(4));
        assert_eq!(guess(&[]), Some(1), "the beginning is known, too");
        assert_eq!(guess(&[7]), None);
        let other = |before: &[u32], not: u32| {
            habits
                .guess(&tokens(before), None, |token| token != TokenId(not), None)
                .map(|g| g.token.0)
        };
        assert_eq!(other(&[9, 2], 4), Some(3), "what is not allowed is not guessed");
        assert_eq!(other(&[1], 2), None);
    }

    /// With little room most of what came first is lost.
    #[test]
    fn as_much_is_remembered_as_there_is_room_for() {
        let text: Vec<u32> = (0..200_000).map(|i| i * 7919 % 100_003).collect();
        let remembered = |room: usize| {
            let mut habits = Habits::with_room(room);
            for text in text.chunks(50) {
                learn(&mut habits, text);
            }
            let knows = |text: &&[u32]| {
                let guess = habits.guess(&tokens(&text[..3]), None, |_| true, None);
                guess.is_some_and(|guess| guess.token.0 == text[3])
            };
            text.chunks(50).take(1000).filter(knows).count()
        };
        let counts = [0, text.len(), usize::MAX].map(remembered);
        assert!(counts[0] < 600 && counts[1] > 900 && counts[2] > 950, "{counts:?}");
    }

    #[test]
    fn where_few_are_allowed_what_comes_often_is_guessed() {
        let mut habits = Habits::default();
        learn(&mut habits, &[5, 6, 5, 8, 5, 7, 6]);
        let guess = |allowed: &[u32]| {
            let is_allowed = |token: TokenId| allowed.contains(&token.0);
            habits.guess(&tokens(&[1]), None, is_allowed, Some(allowed.len())).map(|g| g.token.0)
        };
        assert_eq!([guess(&[5, 6]), guess(&[6, 8]), guess(&[3])], [Some(5), Some(6), None]);
    }

    #[test]
    fn guesses_that_fail_lose_their_odds_and_a_new_habit_replaces_an_old_one() {
        let mut habits = Habits::default();
        (0..4).for_each(|_| learn(&mut habits, &[1, 2]));
        let guess = |habits: &Habits| habits.guess(&tokens(&[1]), None, |_| true, None).unwrap();
        let before = guess(&habits);
        assert_eq!(before.token, TokenId(2));
        let note = |habits: &mut Habits, token: u32| {
            habits.judge(&tokens(&[1]), None, &all(), TokenId(token));
            habits.learn(&tokens(&[1]), TokenId(token));
        };
        (0..100).for_each(|_| note(&mut habits, 3));
        assert_eq!(guess(&habits).token, TokenId(3));
        (0..200u32).for_each(|i| note(&mut habits, i % 7 + 10));
        assert!(guess(&habits).odds < before.odds / 2.0, "{:?} {before:?}", guess(&habits));
    }

    #[test]
    fn counts_stay_in_their_range_and_the_least_of_many_followers_goes() {
        let mut slot = Slot { check: 1, ..Slot::EMPTY };
        (0..1000).for_each(|_| slot.note(TokenId(1)));
        assert_eq!(slot.kind(), 2);
        [2, 3, 4].into_iter().for_each(|token| slot.note(TokenId(token)));
        assert_eq!(slot.tokens, tokens(&[1, 4, 3])[..]);
        assert_eq!(slot.kind(), 5);
        (0..9).for_each(|i| slot.note(TokenId(5 + i)));
        assert!(slot.kind() <= 4 && slot.total() <= 3 * 255);
    }

    #[test]
    fn names_are_trusted_as_far_as_they_came() {
        let mut habits = Habits::default();
        let name = |part| Some((TokenId(5), part));
        let odds =
            |habits: &Habits, part| habits.guess(&[], name(part), |_| true, None).unwrap().odds;
        let before = odds(&habits, Part::First);
        (0..200).for_each(|_| habits.judge(&[], name(Part::First), &all(), TokenId(6)));
        assert!(odds(&habits, Part::First) < before / 3.0);
        assert!(odds(&habits, Part::Further) > 0.9);
        assert!(habits.guess(&[], name(Part::Further), |_| false, None).is_none());
    }
}
