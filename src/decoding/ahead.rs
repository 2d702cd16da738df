//! What a model has read of an answer on a guess.

use std::time::Instant;

use super::{
    Drafter, Logits, Speller,
    habits::{self, Guess},
    likely::Likely,
    sequence::Sequence,
    spelling::{self, Spelling},
};
use crate::{Constraint, StepError, TokenId, TokenMask, Vocabulary};

/// Tokens that are read on a guess at once, at most.
const MOST: usize = 8;

/// Tokens behind those that were taken.
#[derive(Default)]
pub(super) struct Ahead {
    /// The model has read them.
    read: Vec<TokenId>,
    /// It is about to.
    planned: Vec<TokenId>,
}

impl Sequence<'_> {
    /// Tokens that the model has read too many.
    pub(super) fn read_ahead(&self) -> usize {
        self.ahead.read.len()
    }

    /// What was taken meanwhile need not be read where it was guessed; what was guessed wrongly is forgotten.
    pub(super) fn catch_up(&mut self, logits: &mut dyn Logits) {
        if self.ahead.read.is_empty() {
            return;
        }
        let right = self.ahead.read.iter().zip(&self.pending).take_while(|(a, b)| a == b).count();
        self.stats.guessed_rightly += right;
        self.pending.drain(..right);
        self.ahead.read.drain(..right);
        let len = logits.position() - self.ahead.read.len();
        if self.pending.is_empty() {
            logits.look_at(len);
        } else {
            logits.truncate(len);
            self.ahead.read.clear();
        }
    }

    /// Forgets what was guessed and did not come.
    pub(super) fn fall_back(&mut self, logits: &mut dyn Logits) {
        self.catch_up(logits);
        if !self.ahead.read.is_empty() {
            logits.truncate(logits.position() - self.ahead.read.len());
            self.ahead.read.clear();
        }
    }

    /// Plans what is to be read behind what is pending. The answer stands before a choice.
    pub(super) fn look_ahead(&mut self, logits: &dyn Logits) {
        let Some(drafter) = self.decoder.drafter else { return };
        if self.pending.is_empty() || !self.is_answering() {
            return;
        }
        let left = self.decoder.options.max_tokens.saturating_sub(self.tokens.len());
        let room = logits.context().saturating_sub(logits.position() + self.pending.len());
        let most = MOST.min(logits.kept().saturating_sub(1)).min(left).min(room);
        if most == 0 {
            return;
        }
        let begin = Instant::now();
        // Where a guess meets a limit there is none.
        self.ahead.planned = self.guesses(drafter, most).unwrap_or_default();
        self.stats.guessed_tokens += self.ahead.planned.len();
        self.stats.guess_time += begin.elapsed();
    }

    /// The next pass's tokens: what was taken, then what is planned.
    pub(super) fn unread(&mut self) -> Vec<TokenId> {
        let mut tokens = std::mem::take(&mut self.pending);
        tokens.extend(&self.ahead.planned);
        tokens
    }

    /// The model has read them.
    pub(super) fn has_read(&mut self, logits: &mut dyn Logits) {
        if !self.ahead.planned.is_empty() {
            self.ahead.read = std::mem::take(&mut self.ahead.planned);
            logits.look_at(logits.position() - self.ahead.read.len());
        }
    }

    fn guesses(&mut self, drafter: &Drafter, most: usize) -> Result<Vec<TokenId>, StepError> {
        // Spelled here, a name is there when it is noted what came.
        self.likely_next();
        let (text, tokens) = (self.text.bytes(), &self.tokens);
        let mut course = Course {
            constraint: self.guide.constraint().cloned(),
            mask: Some(self.guide.mask()?),
            tokens: tokens[tokens.len().saturating_sub(habits::LONGEST)..].to_vec(),
            text: text[text.len().saturating_sub(spelling::LOOK_BACK)..].to_vec(),
            likely: self.likely.clone(),
            vocabulary: self.decoder.vocabulary,
            speller: self.decoder.speller,
        };
        let (known, costs) = (course.tokens.len(), drafter.costs());
        // Read on a guess: choices that are expected to be answered beside the next one, and the tokens, of which those that must
        // come after a right guess are no more than would be read anyway.
        let (mut answered, mut rows) = (0.0, self.pending.len() as f64);
        let (mut sure, mut odds) = (known, 1.0);
        let mut best = 1.0 / costs.pass(rows);
        while let Some(guess) = course.guess(drafter) {
            odds *= guess.odds;
            let left = (known + most).saturating_sub(course.tokens.len()) as f64;
            let is_hopeless = 1.0 + answered + odds * left <= best * costs.pass(rows + 1.0);
            if is_hopeless || !course.take(guess.token)? {
                break;
            }
            let before = course.tokens.len();
            course.take_forced(&mut self.spelling, known + most)?;
            let len = course.tokens.len();
            if len > known + most {
                break;
            }
            answered += odds;
            rows += 1.0 + (1.0 - odds) * (len - before) as f64;
            let worth = (1.0 + answered) / costs.pass(rows);
            if worth > best {
                (best, sure) = (worth, len);
            }
        }
        course.tokens.truncate(sure);
        Ok(course.tokens.split_off(known))
    }
}

/// Where the answer would stand.
struct Course<'s> {
    /// What is allowed, where that is known: at the answer's own place, and everywhere where there is no grammar. No other mask
    /// is asked for: much of what is guessed are places that no answer comes to.
    mask: Option<&'s TokenMask>,
    constraint: Option<Constraint>,
    vocabulary: &'s Vocabulary,
    speller: Option<&'s dyn Speller>,
    likely: Likely,
    /// The last of its tokens, and what would follow.
    tokens: Vec<TokenId>,
    /// The end of its text: as much as spelling looks at.
    text: Vec<u8>,
}

impl Course<'_> {
    /// What probably comes next: what a habit, or a schema, tells.
    fn guess(&mut self, drafter: &Drafter) -> Option<Guess> {
        let Self { mask, constraint, vocabulary, speller, likely, tokens, text } = self;
        let name = constraint
            .as_ref()
            .zip(*speller)
            .and_then(|(constraint, speller)| likely.next(constraint, speller, vocabulary, text));
        let allowed = |token| match (*mask, &mut *constraint) {
            (Some(mask), _) => mask.contains(token),
            (None, Some(constraint)) if vocabulary.is_special(token) => constraint.is_complete(),
            (None, Some(constraint)) => constraint.situation_after(token).is_some(),
            (None, None) => false,
        };
        drafter.guess(tokens, name, allowed, mask.map(TokenMask::len))
    }

    /// Goes on by a token; not past the end.
    fn take(&mut self, token: TokenId) -> Result<bool, StepError> {
        if self.vocabulary.is_special(token) {
            return Ok(false);
        }
        if let Some(constraint) = &mut self.constraint {
            constraint.accept(token)?;
            self.mask = None;
        }
        self.likely.take(token);
        self.tokens.push(token);
        self.text.extend(self.vocabulary.bytes(token));
        Ok(true)
    }

    /// Goes on by what must come, until there are more than so many tokens.
    fn take_forced(&mut self, spelling: &mut Spelling, most: usize) -> Result<(), StepError> {
        while self.tokens.len() <= most
            && let (Some(constraint), Some(speller)) = (&self.constraint, self.speller)
        {
            let next = spelling.next(speller, constraint, self.vocabulary, &self.text).to_vec();
            if next.is_empty() {
                break;
            }
            for token in next {
                if !self.take(token)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
