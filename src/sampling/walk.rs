//! One walk: mask, choice, accept, until the sentence ends.

use std::sync::Arc;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use thiserror::Error;

use super::{
    plan::Plans,
    steer::{Move, Steering},
};
use crate::{Automaton, Constraint, StepError, TerminalId, TokenId, TokenMask, budget::Budget};

/// Walks that are begun for one sentence before it is given up.
const ATTEMPTS: u64 = 200;

/// Moves that are tried at one place before a walk is given up.
const TRIES: usize = 60;

/// Walks that see the same counts of lexemes taken before.
const TOGETHER: u64 = 64;

/// Tokens of a walk from which on known endings are followed.
const ROOMY: usize = 24;

/// Tokens that are drawn at one place, until one fits what is left of the limit.
const DRAWS: usize = 4;

/// How a walk chooses among the allowed tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weighting {
    /// Every allowed token alike, until half of the token limit is used up.
    #[default]
    Uniform,
    /// Mostly the end where it is allowed, and half of the steps towards it.
    Short,
    /// Mostly whole lexemes instead of tokens: every second walk goes straight to a production, all of them in turn; the
    /// others take those most that were taken least after the lexeme before.
    Broad,
}

/// Settings of a [`Sampler`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How to choose.
    pub weighting: Weighting,
    /// Tokens of a sentence at most. Default 200.
    pub max_tokens: usize,
    /// The seed of all walks. Default 0.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { weighting: Weighting::default(), max_tokens: 200, seed: 0 }
    }
}

/// A lexeme that was chosen as such, and the one chosen right before it.
type Pair = (Option<TerminalId>, TerminalId);

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Walk {
    /// Its bytes; UTF-8 if the grammar's texts are.
    pub text: Vec<u8>,
    /// Its tokens, without the end token.
    pub tokens: Vec<TokenId>,
    /// Walks that were given up before this one.
    pub retries: u64,
    pairs: Vec<Pair>,
}

/// How often lexemes were taken; [`Weighting::Broad`] prefers those taken least.
#[derive(Clone, Debug, Default)]
pub struct Taken(FxHashMap<Pair, u64>);

impl Taken {
    /// Counts a walk's lexemes.
    pub fn add(&mut self, walk: &Walk) {
        for pair in &walk.pairs {
            *self.0.entry(*pair).or_default() += 1;
        }
    }
}

/// A walk that found no sentence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SamplingError {
    /// No walk ended within the token limit.
    #[error("no sentence of at most {max_tokens} tokens in {attempts} walks; allow more tokens")]
    TooLong {
        /// The limit.
        max_tokens: usize,
        /// Walks that were tried.
        attempts: u64,
    },
    /// The constraint failed.
    #[error("behind {after:?}: {error}")]
    Step {
        /// The text before the step.
        after: String,
        /// What failed.
        error: StepError,
    },
}

/// Makes sentences of one grammar over one vocabulary. Shared by threads.
#[derive(Debug)]
pub struct Sampler {
    automaton: Arc<Automaton>,
    settings: Settings,
    steering: Steering,
    plans: Plans,
}

impl Sampler {
    /// A sampler. Cost: a few short texts are made and checked for every terminal of the grammar.
    pub fn new(automaton: Arc<Automaton>, settings: Settings) -> Self {
        let (steering, plans) = match automaton.grammar() {
            Some(grammar) => {
                let grammar = grammar.grammar();
                (Steering::new(grammar), Plans::new(grammar))
            }
            None => (Steering::of_json(), Plans::default()),
        };
        Self { automaton, settings, steering, plans }
    }

    /// Draws sentences on all threads and hands them over in the order of their numbers; which they are does not depend on the
    /// threads.
    ///
    /// # Errors
    /// As [`walk`](Self::walk), and those of `each`, after which nothing more is drawn.
    pub fn draw<E: From<SamplingError>>(
        &self,
        count: u64,
        mut each: impl FnMut(&Walk) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut taken = Taken::default();
        for start in (0..count).step_by(TOGETHER as usize) {
            let end = (start + TOGETHER).min(count);
            let walks: Vec<_> =
                (start..end).into_par_iter().map(|number| self.walk(number, &taken)).collect();
            for walk in walks {
                let walk = walk?;
                taken.add(&walk);
                each(&walk)?;
            }
        }
        Ok(())
    }

    /// The sentence with this number. Depends on the settings, the number and `taken` alone.
    ///
    /// # Errors
    /// No walk ended within the token limit, or a limit of the engine was reached.
    pub fn walk(&self, number: u64, taken: &Taken) -> Result<Walk, SamplingError> {
        for attempt in 0..ATTEMPTS {
            let mut seed = [0; 32];
            let parts = [self.settings.seed, number, attempt];
            for (part, value) in seed.chunks_exact_mut(8).zip(parts) {
                part.copy_from_slice(&value.to_le_bytes());
            }
            let constraint = self.automaton.constraint();
            let mut attempted = Attempt {
                sampler: self,
                taken,
                rng: ChaCha8Rng::from_seed(seed),
                budget: Budget::new(&constraint, self.settings.max_tokens),
                constraint,
                walk: Walk {
                    text: Vec::new(),
                    tokens: Vec::new(),
                    retries: attempt,
                    pairs: Vec::new(),
                },
                last: None,
                plan: Vec::new(),
            };
            if self.settings.weighting == Weighting::Broad && number.is_multiple_of(2) {
                attempted.plan(number / 2);
            }
            match attempted.run() {
                Ok(true) => return Ok(attempted.walk),
                Ok(false) => {}
                Err(error) => {
                    let after = String::from_utf8_lossy(&attempted.walk.text).into_owned();
                    return Err(SamplingError::Step { after, error });
                }
            }
        }
        let max_tokens = self.settings.max_tokens;
        Err(SamplingError::TooLong { max_tokens, attempts: ATTEMPTS })
    }
}

/// One try at a sentence.
struct Attempt<'a> {
    sampler: &'a Sampler,
    taken: &'a Taken,
    rng: ChaCha8Rng,
    constraint: Constraint,
    /// Where an ending is known at the beginning, only tokens are taken after which one is known that fits what is left.
    budget: Budget,
    walk: Walk,
    /// The lexeme that was chosen last, if the last choice was a lexeme.
    last: Option<TerminalId>,
    /// The terminals that are planned, the next one last.
    plan: Vec<TerminalId>,
}

impl Attempt<'_> {
    /// Whether a sentence was found.
    fn run(&mut self) -> Result<bool, StepError> {
        let Settings { weighting, max_tokens, .. } = self.sampler.settings;
        loop {
            if let Some(next) = self.plan.pop() {
                if !self.follow(next)? {
                    self.plan.clear();
                }
                continue;
            }
            let used = self.walk.tokens.len();
            let steered = used * 2 >= max_tokens;
            let ends = self.constraint.is_complete()
                && match weighting {
                    _ if steered => true,
                    Weighting::Uniform => false,
                    Weighting::Short => self.chance(0.8),
                    Weighting::Broad => self.chance(0.3),
                };
            if ends {
                return Ok(used <= max_tokens);
            }
            if used >= max_tokens {
                return Ok(self.constraint.is_complete());
            }
            let moved = match weighting {
                _ if self.budget.is_near() => self.chance(0.5) && self.way()?,
                _ if steered => self.steer()?,
                Weighting::Uniform => false,
                Weighting::Short => self.chance(0.5) && self.steer()?,
                Weighting::Broad => self.chance(0.9) && self.explore()?,
            };
            if moved {
                continue;
            }
            match self.any_token()? {
                Some(token) if self.sampler.automaton.vocabulary().is_special(token) => {
                    return Ok(true);
                }
                Some(token) => self.take(token)?,
                None => return Ok(false),
            }
        }
    }

    /// A number from 0 to below 1.
    fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number below `n`, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n - 1)
    }

    /// Any allowed token, each alike, if it fits; after a few that do not, the next one of an ending. `None` where there is
    /// none.
    fn any_token(&mut self) -> Result<Option<TokenId>, StepError> {
        self.last = None;
        let count = self.constraint.mask()?.len();
        if count == 0 {
            return Ok(None);
        }
        for _ in 0..DRAWS {
            let chosen = self.below(count);
            let token = nth(self.constraint.mask()?, chosen);
            if token.is_some_and(|token| self.fits(token)) {
                return Ok(token);
            }
        }
        Ok(self.budget.way())
    }

    /// Whether the sentence can be ended within the limit after this token.
    fn fits(&mut self, token: TokenId) -> bool {
        let vocabulary = self.sampler.automaton.vocabulary();
        self.budget.draw().fits(token, &mut self.constraint, vocabulary)
    }

    /// The next token of an ending; whether one is known.
    fn way(&mut self) -> Result<bool, StepError> {
        let Some(token) = self.budget.way() else { return Ok(false) };
        self.last = None;
        self.take(token)?;
        Ok(true)
    }

    fn take(&mut self, token: TokenId) -> Result<(), StepError> {
        self.constraint.accept(token)?;
        self.budget.take(token, &self.constraint);
        self.walk.text.extend_from_slice(self.sampler.automaton.vocabulary().bytes(token));
        self.walk.tokens.push(token);
        Ok(())
    }

    /// Plans a sentence with the production whose turn it is.
    fn plan(&mut self, number: u64) {
        let sampler = self.sampler;
        let Some(grammar) = sampler.automaton.grammar() else { return };
        self.plan = sampler.plans.make(grammar.grammar(), number, |n| self.below(n));
    }

    /// The next lexeme of the plan; whether it could be written here.
    fn follow(&mut self, terminal: TerminalId) -> Result<bool, StepError> {
        if self.walk.tokens.len() >= self.sampler.settings.max_tokens {
            return Ok(false);
        }
        let sampler = self.sampler;
        // A blank first: without one two names would be one.
        let gaps = sampler.steering.gaps.iter().rev();
        let Some(text) = self.text_of(sampler.steering.texts(terminal), gaps) else {
            return Ok(false);
        };
        let spelled = self.spell(&text)?;
        self.walk.pairs.push((self.last, terminal));
        self.last = Some(terminal);
        Ok(spelled)
    }

    /// A lexeme towards the end or, in longer walks, a token of the shortest way there; whether there was one.
    fn steer(&mut self) -> Result<bool, StepError> {
        if self.walk.tokens.len() >= ROOMY && self.chance(0.5) && self.way()? {
            return Ok(true);
        }
        self.lexeme(|_, found| match (found.inside, found.rest) {
            (true, rest) => 30.0 / f64::from(1 + rest.min(1000)),
            (false, rest) => (-1.5 * f64::from(rest.min(100))).exp(),
        })
    }

    /// A lexeme that was seldom taken after the last one; whether there was one.
    fn explore(&mut self) -> Result<bool, StepError> {
        let (last, taken) = (self.last, self.taken);
        self.lexeme(|walk, found| {
            let pair = (last, found.terminal);
            let here = walk.pairs.iter().filter(|p| **p == pair).count() as u64;
            let times = taken.0.get(&pair).copied().unwrap_or(0) + here;
            1.0 / ((1 + times) as f64).powi(2)
        })
    }

    /// Chooses a lexeme among the expected terminals by weight and takes tokens that spell it; whether one could be.
    fn lexeme(&mut self, weight: impl Fn(&Walk, &Move) -> f64) -> Result<bool, StepError> {
        let sampler = self.sampler;
        let expected = self.constraint.expected();
        let quoted = sampler.steering.quoted(&expected.terminals);
        let mut moves: Vec<(f64, &Move)> = expected
            .terminals
            .iter()
            .filter_map(|name| sampler.steering.get(name))
            .chain(&quoted)
            .filter(|found| !found.texts.is_empty())
            .map(|found| (weight(&self.walk, found), found))
            .collect();
        for _ in 0..TRIES.min(moves.len()) {
            let total: f64 = moves.iter().map(|(weight, _)| weight).sum();
            let mut at = self.unit() * total;
            let chosen = moves.iter().position(|(weight, _)| {
                at -= weight;
                at < 0.0
            });
            let (_, chosen) = moves.swap_remove(chosen.unwrap_or(moves.len() - 1));
            if let Some(text) = self.text_of(&chosen.texts, sampler.steering.gaps.iter()) {
                if !self.spell(&text)? {
                    return Ok(false);
                }
                self.walk.pairs.push((self.last, chosen.terminal));
                self.last = Some(chosen.terminal);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A text that reads a terminal with these texts here: all of it, after a gap if it needs one; else, where its lexeme
    /// is open already, the end of it.
    fn text_of<'g>(
        &mut self,
        texts: &[Vec<u8>],
        gaps: impl Iterator<Item = &'g Vec<u8>> + Clone,
    ) -> Option<Vec<u8>> {
        let shortest = texts.first()?;
        let first = self.below(texts.len());
        let can = |text: &[u8]| self.constraint.can_take(text);
        for text in texts[first..].iter().chain(&texts[..first]) {
            for gap in gaps.clone() {
                let whole = [gap, text.as_slice()].concat();
                if can(&whole) {
                    return Some(whole);
                }
            }
        }
        let ends = (1..shortest.len()).rev().map(|from| &shortest[from..]);
        ends.map(<[u8]>::to_vec).find(|end| can(end))
    }

    /// Takes tokens that spell a text, which can come next; whether the vocabulary can, and there is room for it. No mask is
    /// asked for: what spells a text that can come next can come next.
    fn spell(&mut self, text: &[u8]) -> Result<bool, StepError> {
        let mut read = 0;
        while read < text.len() {
            let tokens = spellings(&self.sampler.automaton, &text[read..]);
            // Mostly the longest, as a tokenizer would have it.
            let Some(&longest) = tokens.last() else { return Ok(false) };
            let (token, length) =
                if self.chance(0.8) { longest } else { tokens[self.below(tokens.len())] };
            if !self.fits(token) {
                return Ok(false);
            }
            self.take(token)?;
            read += length;
        }
        Ok(true)
    }
}

/// The tokens that are beginnings of a text, shortest first, with their lengths.
fn spellings(automaton: &Automaton, text: &[u8]) -> Vec<(TokenId, usize)> {
    let trie = automaton.vocabulary().trie();
    let mut found = Vec::new();
    let (mut node, mut end) = (0, trie.len());
    for (depth, &byte) in text.iter().enumerate() {
        while node < end && trie.byte(node) != byte {
            node = trie.skip(node);
        }
        if node >= end {
            break;
        }
        found.extend(trie.tokens(node).iter().map(|&token| (TokenId(token), depth + 1)));
        (node, end) = (node + 1, trie.skip(node));
    }
    found
}

/// The `n`th token of a mask.
fn nth(mask: &TokenMask, n: usize) -> Option<TokenId> {
    let mut left = n;
    for (at, &word) in mask.words().iter().enumerate() {
        let ones = word.count_ones() as usize;
        if left < ones {
            let mut word = word;
            for _ in 0..left {
                word &= word - 1;
            }
            return Some(TokenId::new(at * 32 + word.trailing_zeros() as usize));
        }
        left -= ones;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        super::tests::over_bytes, Sampler, SamplingError, Settings, Taken, Weighting, nth,
    };
    use crate::{
        Automaton, Limits, StepError, TokenId, TokenMask, Vocabulary,
        frontend::{NoSources, lark},
    };

    #[test]
    fn walks_end_within_their_limit_at_the_first_try() {
        // What is opened takes five tokens to close, so that a walk that opens on and on has no room left soon.
        let text = r#"
            start: value
            value: "x" | "(" value value "end!" ")" | "[" start+ "]"
            %ignore " "
        "#;
        let automaton = over_bytes(text);
        for weighting in [Weighting::Uniform, Weighting::Short, Weighting::Broad] {
            let settings = Settings { weighting, max_tokens: 30, seed: 1 };
            let sampler = Sampler::new(Arc::clone(&automaton), settings);
            for number in 0..200 {
                let walk = sampler.walk(number, &Taken::default()).unwrap();
                assert_eq!(walk.retries, 0);
                assert!(walk.tokens.len() <= 30, "{:?}", String::from_utf8_lossy(&walk.text));
                let mut read = automaton.constraint();
                read.accept_bytes(&walk.text).unwrap();
                assert!(read.is_complete());
            }
        }
    }

    #[test]
    fn a_step_that_fails_is_named_by_what_was_before_it() {
        let limits = Limits { step_work: 0, ..Limits::default() };
        let grammar = lark::parse("test", r#"start: "a"+"#, None, &NoSources, &limits).unwrap();
        let bytes = (0..=255).map(|byte| vec![byte]).chain([vec![b'$']]).collect();
        let vocabulary = Arc::new(Vocabulary::new(bytes, &[], &[TokenId(256)]).unwrap());
        let automaton = Automaton::new(&grammar, vocabulary, &limits).unwrap();
        let error = Sampler::new(automaton, Settings::default()).walk(0, &Taken::default());
        let error = error.expect_err("a mask takes work");
        let expected = StepError::Limit { limit: 0 };
        assert_eq!(error, SamplingError::Step { after: String::new(), error: expected });
        assert!(error.to_string().starts_with("behind \"\": "), "{error}");
    }

    #[test]
    fn the_nth_token_is_that_of_the_iterator() {
        let mask = TokenMask::from_words(vec![0b1010, 0, 0xffff_ffff, 1 << 31]);
        for (n, token) in mask.iter().enumerate() {
            assert_eq!(nth(&mask, n), Some(token));
        }
        assert_eq!(nth(&mask, mask.len()), None);
        assert_eq!(nth(&mask, 2), Some(TokenId(64)));
    }
}
