//! One answer, step by step: everything about it but the model.
//!
//! A sequence goes on by itself as long as there is no choice ([`Sequence::go_on`]); then it needs a model that has read its
//! tokens ([`Sequence::pending`]) to choose among the allowed ones ([`Sequence::choose`]). So one loop drives one sequence,
//! and another one many at once, with the same results.

use std::time::Instant;

use super::{
    DecodeError, Decoder, Finish, Generation, Logits, Sampler, Stats, Thinking,
    ahead::Ahead,
    guide::{Guide, free_mask},
    likely::{Likely, Part},
    sampler::Fit,
    spelling::{self, Spelling},
    stream::TextStream,
};
use crate::{Constraint, TokenId, TokenMask, Vocabulary, budget::Budget};

/// The added token that ends thinking in Qwen3's format.
pub(super) const THINKING_END: &str = "</think>";
/// The added token that begins it; a model may emit it although the prompt already has it.
const THINKING_START: &str = "<think>";
/// What the format has between the thinking and the answer.
const AFTER_THINKING: &[u8] = b"\n\n";

/// What a model has room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Tokens read.
    position: usize,
    limit: usize,
}

/// What a sequence is about to do.
enum Phase {
    /// Think: under this mask, until this token, of so many at most.
    Think {
        free: TokenMask,
        start: Option<TokenId>,
        end: TokenId,
        most: usize,
    },
    /// Begin the answer.
    Begin,
    Answer,
    Done(Finish),
}

/// What stops a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// The model has to read what is pending.
    Read,
    /// The model has to read what is pending, and to choose.
    Choose,
    Done,
}

/// One answer.
pub(super) struct Sequence<'a> {
    pub(super) decoder: Decoder<'a>,
    pub(super) guide: Guide<'a>,
    sampler: Sampler,
    phase: Phase,
    budget: Option<Budget>,
    pub(super) spelling: Spelling,
    /// Tokens that come next beyond doubt, the last one first.
    sure: Vec<TokenId>,
    /// Tokens that the model has not read.
    pub(super) pending: Vec<TokenId>,
    /// What it has read on a guess.
    pub(super) ahead: Ahead,
    /// What a schema lets expect.
    pub(super) likely: Likely,
    thinking: Option<TextStream>,
    pub(super) text: TextStream,
    pub(super) tokens: Vec<TokenId>,
    /// Scratch: the allowed tokens and their logits.
    allowed: Vec<TokenId>,
    scores: Vec<f32>,
    pub(super) stats: Stats,
}

impl<'a> Sequence<'a> {
    /// An answer at its beginning.
    ///
    /// # Errors
    /// The vocabulary cannot think; the shortest sentence of the grammar has more tokens than the answer may have.
    pub(super) fn new(
        decoder: Decoder<'a>,
        constraint: Option<&'a mut Constraint>,
    ) -> Result<Self, DecodeError> {
        let guide = match constraint {
            Some(constraint) => Guide::lent(constraint),
            None => Guide::free(decoder.vocabulary),
        };
        Self::under(decoder, guide)
    }

    /// As [`new`](Self::new), with a constraint of its own.
    ///
    /// # Errors
    /// As there.
    pub(super) fn owning(
        decoder: Decoder<'a>,
        constraint: Option<Constraint>,
    ) -> Result<Self, DecodeError> {
        let guide = match constraint {
            Some(constraint) => Guide::own(constraint),
            None => Guide::free(decoder.vocabulary),
        };
        Self::under(decoder, guide)
    }

    fn under(decoder: Decoder<'a>, guide: Guide<'a>) -> Result<Self, DecodeError> {
        let vocabulary = decoder.vocabulary;
        if let Some(constraint) = guide.constraint()
            && let Some(ending) = constraint.ending()
            && ending.tokens().len() > decoder.options.max_tokens
        {
            let (max_tokens, least) = (decoder.options.max_tokens, ending.tokens().len());
            return Err(DecodeError::Budget { max_tokens, least });
        }
        let phase = match decoder.options.thinking {
            Thinking::Off => Phase::Begin,
            Thinking::On { max_tokens } => {
                let end = vocabulary.added_token(THINKING_END).ok_or(DecodeError::NoThinking)?;
                let start = vocabulary.added_token(THINKING_START);
                let control: Vec<TokenId> = start.into_iter().chain([end]).collect();
                let free = free_mask(vocabulary, &control);
                Phase::Think { free, start, end, most: max_tokens }
            }
        };
        Ok(Self {
            guide,
            sampler: decoder.sampler.clone(),
            decoder,
            thinking: matches!(phase, Phase::Think { .. }).then(TextStream::default),
            phase,
            budget: None,
            spelling: Spelling::default(),
            sure: Vec::new(),
            pending: Vec::new(),
            ahead: Ahead::default(),
            likely: Likely::default(),
            text: TextStream::default(),
            tokens: Vec::new(),
            allowed: Vec::new(),
            scores: Vec::new(),
            stats: Stats::default(),
        })
    }

    /// Takes tokens as long as there is no choice. `context` is the model's, which has not read what is pending.
    ///
    /// # Errors
    /// The constraint fails, or the grammar needs a text that no token spells.
    pub(super) fn go_on(
        &mut self,
        context: Context,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Next, DecodeError> {
        loop {
            if self.decoder.is_stopped() && !matches!(self.phase, Phase::Done(_)) {
                self.phase = Phase::Done(Finish::Interrupted);
            }
            match &self.phase {
                Phase::Done(_) => return Ok(Next::Done),
                Phase::Think { most, .. } => {
                    if self.stats.thinking_tokens < *most && self.has_room(context) {
                        return Ok(Next::Choose);
                    }
                    self.end_thinking();
                }
                Phase::Begin => {
                    self.begin(context);
                    self.phase = Phase::Answer;
                }
                Phase::Answer => match self.forced(context)? {
                    Some(token) => {
                        self.note_share(1);
                        self.stats.forced_tokens += 1;
                        self.take(token, on_text)?;
                        if !self.decoder.options.forced_runs && self.has_room(context) {
                            return Ok(Next::Read);
                        }
                    }
                    None if matches!(self.phase, Phase::Answer) => return Ok(Next::Choose),
                    None => {}
                },
            }
        }
    }

    /// Chooses a token, given a model that has read what was pending.
    ///
    /// # Errors
    /// The model or the constraint fails.
    pub(super) fn choose(
        &mut self,
        logits: &mut dyn Logits,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<(), DecodeError> {
        let begin = Instant::now();
        self.allowed.clear();
        match &self.phase {
            Phase::Think { free, .. } => free.append_to(&mut self.allowed),
            _ => self.guide.mask()?.append_to(&mut self.allowed),
        }
        if self.guide.is_grammar() && self.is_answering() {
            self.leave_out_blanks();
        }
        self.stats.mask_time += begin.elapsed();
        self.note_share(self.allowed.len());
        let token = self.sample(logits)?;
        if let (Some(drafter), true) = (self.decoder.drafter, self.is_answering()) {
            let begin = Instant::now();
            let name = self.likely_next();
            drafter.note(&self.tokens, name, self.guide.mask()?, token);
            self.stats.guess_time += begin.elapsed();
        }
        let Phase::Think { start, end, .. } = self.phase else { return self.take(token, on_text) };
        if token == end {
            self.end_thinking();
            return Ok(());
        }
        self.stats.thinking_tokens += 1;
        self.pending.push(token);
        if let Some(thinking) = &mut self.thinking
            && Some(token) != start
        {
            thinking.push(self.decoder.vocabulary.bytes(token));
        }
        Ok(())
    }

    /// What its model has room for.
    pub(super) fn context(&self, logits: &dyn Logits) -> Context {
        Context { position: logits.position() - self.read_ahead(), limit: logits.context() }
    }

    /// Has these tokens read before anything else.
    pub(super) fn must_read(&mut self, prompt: Vec<TokenId>) {
        self.pending = prompt;
    }

    /// Whether the answer has begun and is not over.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.phase, Phase::Answer)
    }

    /// The answer. The model is left with what was taken, or less.
    pub(super) fn finish(
        mut self,
        logits: &mut dyn Logits,
        on_text: &mut dyn FnMut(&str),
    ) -> Generation {
        self.fall_back(logits);
        let finish = match self.phase {
            Phase::Done(finish) => finish,
            _ => Finish::Interrupted,
        };
        let mut stats = self.stats;
        stats.tokens = self.tokens.len() + stats.thinking_tokens;
        let whole = self.guide.is_whole(&finish);
        let thinking = self.thinking;
        Generation {
            text: self.text.finish(on_text),
            tokens: self.tokens,
            thinking: thinking.map(|text| text.finish(&mut |_| {}).trim().to_owned()),
            finish,
            whole,
            stats,
        }
    }

    fn end_thinking(&mut self) {
        if let Phase::Think { end, .. } = self.phase {
            self.pending.push(end);
            self.pending.extend(spell(self.decoder.vocabulary, AFTER_THINKING));
            self.phase = Phase::Begin;
        }
    }

    /// What may be spent on the answer: what was asked for, or what the model has room for if that is less and enough.
    fn begin(&mut self, context: Context) {
        let most = self.decoder.options.max_tokens;
        let Some(constraint) = self.guide.constraint() else { return };
        // The last token need not be read.
        let room = (context.limit + 1).saturating_sub(context.position + self.pending.len());
        let within = Budget::new(constraint, most.min(room));
        self.budget = Some(if within.is_sure() { within } else { Budget::new(constraint, most) });
    }

    /// The next token, if there is no choice about it; ends the answer if nothing may follow.
    fn forced(&mut self, context: Context) -> Result<Option<TokenId>, DecodeError> {
        let Decoder { vocabulary, speller, .. } = self.decoder;
        let most = self.decoder.options.max_tokens;
        if let Some(token) = self.sure.pop() {
            if self.tokens.len() < most && self.fits(token) {
                return Ok(Some(token));
            }
            self.sure.clear();
        }
        let begin = Instant::now();
        self.stats.masks += usize::from(self.guide.is_grammar());
        let may_be_forced = spelling::one_beginning(self.guide.mask()?, vocabulary);
        if let (true, Some(speller), Some(constraint)) =
            (may_be_forced, speller, self.guide.constraint())
        {
            let next = self.spelling.next(speller, constraint, vocabulary, self.text.bytes());
            self.sure.extend(next.iter().rev());
        }
        let mask = self.guide.mask()?;
        self.stats.mask_time += begin.elapsed();
        let (allowed, first) = (mask.len(), mask.iter().next());
        if only_end(mask, vocabulary) {
            self.phase = Phase::Done(Finish::End);
            return Ok(None);
        }
        // Nothing but the end may follow what is whole.
        let used_up =
            self.budget.as_ref().is_some_and(|budget| budget.is_sure() && budget.is_used_up());
        if used_up || self.tokens.len() >= most {
            self.phase = Phase::Done(if used_up { Finish::End } else { Finish::MaxTokens });
            return Ok(None);
        }
        if allowed == 0 {
            return Err(self.guide.dead_end(self.text.bytes().len()));
        }
        let forced = match (allowed, self.sure.pop()) {
            (1, _) => first,
            (_, sure) => sure,
        };
        if let Some(token) = forced {
            if self.fits(token) {
                return Ok(Some(token));
            }
            self.sure.clear();
            if allowed == 1 {
                // Only a sentence can be followed by a token that does not fit alone.
                self.phase = Phase::Done(Finish::End);
                return Ok(None);
            }
        }
        if !self.has_room(context) {
            self.phase = Phase::Done(Finish::Context);
        }
        Ok(None)
    }

    /// Leaves out what begins with white space, where there was enough of it and anything else leads to an end.
    fn leave_out_blanks(&mut self) {
        let text = self.text.bytes();
        let longest = self.decoder.options.longest_blank;
        let Some(end) = text.len().checked_sub(longest).map(|begin| &text[begin..]) else { return };
        if !end.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let vocabulary = self.decoder.vocabulary;
        let begins = |token: &TokenId| vocabulary.bytes(*token).first();
        let is_other = |token: &TokenId| !begins(token).is_some_and(u8::is_ascii_whitespace);
        // The next token of the ending at hand always fits, as the end does where there is none.
        let next = self.budget.as_ref().and_then(Budget::way);
        let leads_to_end = next.is_none_or(|next| is_other(&next));
        if leads_to_end && self.allowed.iter().any(is_other) {
            self.allowed.retain(is_other);
        }
    }

    /// Whether a token leaves enough to end the answer.
    fn fits(&mut self, token: TokenId) -> bool {
        match (&self.budget, self.guide.constraint_mut()) {
            (Some(budget), Some(constraint)) => {
                budget.draw().fits(token, constraint, self.decoder.vocabulary)
            }
            _ => true,
        }
    }

    /// Whether the model's context has room for what it has to read before it can score the next token.
    fn has_room(&self, context: Context) -> bool {
        context.position + self.pending.len() <= context.limit
    }

    fn note_share(&mut self, allowed: usize) {
        self.stats.steps += 1;
        self.stats.allowed += allowed as f64 / self.decoder.vocabulary.len().max(1) as f64;
    }

    /// Samples: what is allowed is there first, and the logits of other tokens are not computed.
    fn sample(&mut self, logits: &mut dyn Logits) -> Result<TokenId, DecodeError> {
        let begin = Instant::now();
        let vocabulary = self.decoder.vocabulary;
        let budget = self.budget.as_ref();
        let constraint = self.guide.constraint_mut();
        let mut fits;
        let fit = match (budget, constraint) {
            (Some(budget), Some(constraint)) => {
                let mut draw = budget.draw();
                fits = move |token| draw.fits(token, constraint, vocabulary);
                Some(Fit { all: budget.is_near(), fits: &mut fits })
            }
            _ => None,
        };
        let (token, model);
        if !self.decoder.options.sparse_head {
            let row = logits.logits()?;
            model = begin.elapsed();
            token = self.sampler.sample_fitting_row(&self.allowed, row, fit)?;
        } else {
            logits.logits_of(&self.allowed, &mut self.scores)?;
            model = begin.elapsed();
            token = self.sampler.sample_fitting(&self.allowed, &self.scores, fit)?;
        }
        self.stats.model_time += model;
        self.stats.sample_time += begin.elapsed().saturating_sub(model);
        Ok(token)
    }

    /// The token that a schema lets expect here.
    pub(super) fn likely_next(&mut self) -> Option<(TokenId, Part)> {
        let Decoder { vocabulary, speller, .. } = self.decoder;
        self.likely.next(self.guide.constraint()?, speller?, vocabulary, self.text.bytes())
    }

    /// Takes a token of the answer.
    fn take(&mut self, token: TokenId, on_text: &mut dyn FnMut(&str)) -> Result<(), DecodeError> {
        let (vocabulary, stops) = (self.decoder.vocabulary, &self.decoder.stops);
        let (read, begin) = (self.text.bytes().len(), Instant::now());
        self.guide.accept(token, read, stops.longest())?;
        if let (Some(budget), Some(constraint)) = (&mut self.budget, self.guide.constraint())
            && !constraint.has_ended()
        {
            budget.take(token, constraint);
        }
        self.stats.mask_time += begin.elapsed();
        if vocabulary.end_tokens().contains(&token) {
            self.phase = Phase::Done(Finish::End);
            return Ok(());
        }
        self.text.push(vocabulary.bytes(token));
        self.likely.take(token);
        self.tokens.push(token);
        self.pending.push(token);
        self.sampler.observe(token);
        let (text, guide) = (self.text.bytes(), &self.guide);
        if let Some(found) = stops.find(text, read, |at| guide.is_sentence(text, at)) {
            self.text.truncate(found.start);
            let sequence = stops.sequences()[found.index].clone();
            self.phase = Phase::Done(Finish::Stop { sequence });
            return Ok(());
        }
        let held_back = stops.held_back(text);
        self.text.flush(held_back, on_text);
        Ok(())
    }
}

/// Whether a mask has nothing but end tokens (and at least one).
fn only_end(mask: &TokenMask, vocabulary: &Vocabulary) -> bool {
    let ends = vocabulary.end_tokens();
    !mask.is_empty()
        && mask.len() <= ends.len()
        && mask.len() == ends.iter().filter(|t| mask.contains(**t)).count()
}

/// Tokens that spell this text: one for all of it if there is one, else one per byte; none where a byte has none.
fn spell(vocabulary: &Vocabulary, text: &[u8]) -> Vec<TokenId> {
    let token_of = |bytes: &[u8]| {
        (0..vocabulary.len())
            .map(TokenId::new)
            .find(|&t| !vocabulary.is_special(t) && vocabulary.bytes(t) == bytes)
    };
    match token_of(text) {
        Some(token) => vec![token],
        None => text.chunks(1).map(token_of).collect::<Option<_>>().unwrap_or_default(),
    }
}
