//! The loop: mask, logits, token, text.
//!
//! Tokens about which the mask leaves no choice are not scored; they are read by the model together with the next one
//! that is. The model never reads the last tokens of an answer at all.

use std::{collections::VecDeque, time::Instant};

use super::{
    Logits, LogitsError, SampleError, Sampler, Sampling, SettingsError, Stats, StopError,
    StopSequences, stream::TextStream,
};
use crate::{Constraint, Expected, StepError, TokenId, TokenMask, Vocabulary};

/// The added token that ends thinking in Qwen3's format.
const THINKING_END: &str = "</think>";
/// The added token that begins it; a model may emit it although the prompt already has it.
const THINKING_START: &str = "<think>";
/// What the format has between the thinking and the answer.
const AFTER_THINKING: &[u8] = b"\n\n";

/// What ends an answer, and what precedes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most tokens of the answer, thinking not counted. Default 512.
    pub max_tokens: usize,
    /// Stop sequences; under a grammar they count only where the text before them is a sentence. Default none.
    pub stop: Vec<String>,
    /// Whether the model thinks first. Default off.
    pub thinking: Thinking,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_tokens: 512, stop: Vec::new(), thinking: Thinking::Off }
    }
}

/// Whether the model thinks before it answers. The prompt must say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Thinking {
    /// The answer comes at once.
    #[default]
    Off,
    /// Any text may come until `</think>`; then a blank line; then the answer, under the grammar if there is one.
    On {
        /// The most tokens of it: `</think>` is put in when they are used up.
        max_tokens: usize,
    },
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finish {
    /// The model ended it, or the grammar left nothing but the end.
    End,
    /// A stop sequence came.
    Stop {
        /// Which one.
        sequence: String,
    },
    /// [`Options::max_tokens`] were used up.
    MaxTokens,
    /// The model's context was used up.
    Context,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Generation {
    /// The text, without thinking, stop sequence and end tokens. Bytes that are no UTF-8 (possible only without a
    /// grammar) are replaced by U+FFFD.
    pub text: String,
    /// Its tokens as they came: without thinking and end tokens, but with those that spell a stop sequence.
    pub tokens: Vec<TokenId>,
    /// What the model thought first, if it did.
    pub thinking: Option<String>,
    /// Why the answer ended.
    pub finish: Finish,
    /// Whether the text is whole. Under a grammar: whether it is a sentence, whatever ended it. Without one: whether the
    /// model or a stop sequence ended it. A text that is not whole must not be presented as an answer.
    pub whole: bool,
    /// What it cost.
    pub stats: Stats,
}

/// An answer that could not be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A sampling setting is out of range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A stop sequence is unusable.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// There is no prompt, so there is nothing to continue.
    #[error("the prompt is empty: there is nothing to continue")]
    EmptyPrompt,
    /// The model and the vocabulary do not belong together.
    #[error("the model has {logits} rows of logits, the vocabulary {vocabulary}")]
    Width {
        /// Rows of the model.
        logits: usize,
        /// Rows of the vocabulary.
        vocabulary: usize,
    },
    /// Thinking was asked of a vocabulary that has no token for its end.
    #[error("the vocabulary has no token `{THINKING_END}`: this model does not think")]
    NoThinking,
    /// The model failed.
    #[error(transparent)]
    Logits(#[from] LogitsError),
    /// No token could be chosen.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The constraint failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The grammar expects something that no token of the vocabulary begins.
    #[error("no token of the vocabulary continues the text after {offset} bytes, where the grammar expects {}", list(.expected))]
    DeadEnd {
        /// Bytes of the answer.
        offset: usize,
        /// What the grammar expects.
        expected: Expected,
    },
}

/// At most five of the terminals, for a message.
fn list(expected: &Expected) -> String {
    let mut text = expected.terminals.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if expected.terminals.len() > 5 {
        text.push_str(", ...");
    }
    text
}

/// Settings of one request, checked, for one vocabulary.
///
/// ```
/// use constrained_gen::{TokenId, Vocabulary};
/// use constrained_gen::decoding::{Decoder, Finish, Logits, LogitsError, Options, Sampling};
///
/// /// Says `a`, `b`, then ends.
/// struct Parrot(Vec<f32>);
/// impl Logits for Parrot {
///     fn width(&self) -> usize { 3 }
///     fn position(&self) -> usize { 0 }
///     fn context(&self) -> usize { 100 }
///     fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError> {
///         let next = (tokens[tokens.len() - 1].index() + 1) % 3;
///         self.0 = (0..3).map(|t| if t == next { 1.0 } else { 0.0 }).collect();
///         Ok(())
///     }
///     fn truncate(&mut self, _len: usize) {}
///     fn logits(&mut self) -> Result<&[f32], LogitsError> { Ok(&self.0) }
/// }
///
/// let tokens = vec![b"a".to_vec(), b"b".to_vec(), b"<end>".to_vec()];
/// let vocabulary = Vocabulary::new(tokens, &[], &[TokenId(2)])?;
/// let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default())?;
/// let mut streamed = String::new();
/// let answer = decoder.run(&mut Parrot(vec![]), &[TokenId(2)], None, &mut |text| streamed += text)?;
/// assert_eq!((answer.text.as_str(), answer.finish), ("ab", Finish::End));
/// assert_eq!(streamed, "ab");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    vocabulary: &'a Vocabulary,
    sampler: Sampler,
    stops: StopSequences,
    options: Options,
}

impl<'a> Decoder<'a> {
    /// A decoder for answers in this vocabulary.
    ///
    /// # Errors
    /// A setting is out of range, a stop sequence is empty.
    pub fn new(
        vocabulary: &'a Vocabulary,
        sampling: &Sampling,
        options: &Options,
    ) -> Result<Self, DecodeError> {
        Ok(Self {
            vocabulary,
            sampler: Sampler::new(sampling)?,
            stops: StopSequences::new(&options.stop)?,
            options: options.clone(),
        })
    }

    /// Decodes one answer. `prompt` is what the model has not read yet; `constraint` stands where the answer begins and
    /// is left where it ended; `on_text` is given the answer piece by piece, as it becomes certain.
    ///
    /// Every call starts from the same seed.
    ///
    /// # Errors
    /// The model or the constraint fails, the parts do not fit, or the grammar needs a text that no token spells. What
    /// `on_text` was given before is then all there is.
    pub fn run(
        &self,
        logits: &mut dyn Logits,
        prompt: &[TokenId],
        constraint: Option<&mut Constraint>,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation, DecodeError> {
        let begin = Instant::now();
        if logits.width() != self.vocabulary.width() {
            return Err(DecodeError::Width {
                logits: logits.width(),
                vocabulary: self.vocabulary.width(),
            });
        }
        if prompt.is_empty() && logits.position() == 0 {
            return Err(DecodeError::EmptyPrompt);
        }
        logits.advance(prompt)?;
        let stats = Stats {
            prompt_tokens: prompt.len(),
            prefill_time: begin.elapsed(),
            ..Stats::default()
        };
        let mut run = Run {
            decoder: self,
            logits,
            sampler: self.sampler.clone(),
            pending: Vec::new(),
            stats,
        };
        let thinking = match self.options.thinking {
            Thinking::Off => None,
            Thinking::On { max_tokens } => Some(run.think(max_tokens)?),
        };
        let answer = run.answer(constraint, on_text)?;
        let mut stats = run.stats;
        stats.tokens = answer.tokens.len() + stats.thinking_tokens;
        stats.total_time = begin.elapsed();
        Ok(Generation {
            text: answer.text,
            tokens: answer.tokens,
            thinking,
            finish: answer.finish,
            whole: answer.whole,
            stats,
        })
    }
}

/// One call of [`Decoder::run`].
struct Run<'a> {
    decoder: &'a Decoder<'a>,
    logits: &'a mut dyn Logits,
    sampler: Sampler,
    /// Tokens of the answer that the model has not read.
    pending: Vec<TokenId>,
    stats: Stats,
}

struct Answer {
    text: String,
    tokens: Vec<TokenId>,
    finish: Finish,
    whole: bool,
}

impl Run<'_> {
    /// Lets the model think until it ends that itself or `max_tokens` are used up; the text of it.
    fn think(&mut self, max_tokens: usize) -> Result<String, DecodeError> {
        let vocabulary = self.decoder.vocabulary;
        let end = vocabulary.added_token(THINKING_END).ok_or(DecodeError::NoThinking)?;
        let start = vocabulary.added_token(THINKING_START);
        let free = free_mask(vocabulary, start.as_slice(), &[end]);
        let mut text = TextStream::default();
        while self.stats.thinking_tokens < max_tokens && self.has_room() {
            let token = self.choose(&free)?;
            if token == end {
                break;
            }
            self.stats.thinking_tokens += 1;
            self.pending.push(token);
            if Some(token) != start {
                text.push(vocabulary.bytes(token));
            }
        }
        self.pending.push(end);
        self.pending.extend(spell(vocabulary, AFTER_THINKING));
        Ok(text.finish(&mut |_| {}).trim().to_owned())
    }

    /// Decodes the answer.
    fn answer(
        &mut self,
        mut constraint: Option<&mut Constraint>,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Answer, DecodeError> {
        let vocabulary = self.decoder.vocabulary;
        let free = match constraint {
            Some(_) => None,
            None => Some(free_mask(vocabulary, &[], vocabulary.end_tokens())),
        };
        let mut text = TextStream::default();
        let mut tokens = Vec::new();
        let mut forks = Forks::default();
        let finish = loop {
            let begin = Instant::now();
            let mask = match (&mut constraint, &free) {
                (Some(constraint), _) => {
                    self.stats.masks += 1;
                    constraint.mask()?
                }
                (None, Some(free)) => free,
                (None, None) => {
                    unreachable!("invariant: without a constraint there is a free mask")
                }
            };
            self.stats.mask_time += begin.elapsed();
            if only_end(mask, vocabulary) {
                break Finish::End;
            }
            if tokens.len() >= self.decoder.options.max_tokens {
                break Finish::MaxTokens;
            }
            let token = match mask.len() {
                0 => return Err(dead_end(constraint.as_deref(), text.bytes().len())),
                1 => {
                    self.stats.forced_tokens += 1;
                    self.note_share(1);
                    mask.iter().next().expect("invariant: one token is in the mask")
                }
                _ if !self.has_room() => break Finish::Context,
                _ => self.choose(mask)?,
            };
            let is_end = vocabulary.end_tokens().contains(&token);
            let begin = Instant::now();
            if let Some(constraint) = &mut constraint {
                if !is_end && !self.decoder.stops.is_empty() {
                    forks.note(text.bytes().len(), constraint, self.decoder.stops.longest());
                }
                constraint.accept(token)?;
            }
            self.stats.mask_time += begin.elapsed();
            if is_end {
                break Finish::End;
            }
            let read = text.bytes().len();
            text.push(vocabulary.bytes(token));
            tokens.push(token);
            self.pending.push(token);
            self.sampler.observe(token);
            let constrained = constraint.is_some();
            let found = self
                .decoder
                .stops
                .find(text.bytes(), read, |at| !constrained || forks.is_sentence(text.bytes(), at));
            if let Some(found) = found {
                text.truncate(found.start);
                let sequence = self.decoder.stops.sequences()[found.index].clone();
                break Finish::Stop { sequence };
            }
            text.flush(self.decoder.stops.held_back(text.bytes()), on_text);
        };
        let whole = match (&finish, &constraint) {
            (Finish::Stop { .. }, _) => true,
            (Finish::End, _) => true,
            (_, Some(constraint)) => constraint.is_complete(),
            (Finish::MaxTokens | Finish::Context, None) => false,
        };
        Ok(Answer { text: text.finish(on_text), tokens, finish, whole })
    }

    /// Whether the model's context has room for what it has to read before it can score the next token.
    fn has_room(&self) -> bool {
        self.logits.position() + self.pending.len() <= self.logits.context()
    }

    fn note_share(&mut self, allowed: usize) {
        self.stats.steps += 1;
        self.stats.allowed += allowed as f64 / self.decoder.vocabulary.len().max(1) as f64;
    }

    /// Lets the model read what is pending, and samples.
    fn choose(&mut self, mask: &TokenMask) -> Result<TokenId, DecodeError> {
        self.note_share(mask.len());
        let begin = Instant::now();
        if !self.pending.is_empty() {
            self.logits.advance(&self.pending)?;
            self.pending.clear();
        }
        let row = self.logits.logits()?;
        let model = begin.elapsed();
        let token = self.sampler.sample(row, mask)?;
        self.stats.model_time += model;
        self.stats.sample_time += begin.elapsed().saturating_sub(model);
        Ok(token)
    }
}

/// No token is allowed, and the text is no sentence.
fn dead_end(constraint: Option<&Constraint>, offset: usize) -> DecodeError {
    match constraint {
        Some(constraint) => DecodeError::DeadEnd { offset, expected: constraint.expected() },
        None => SampleError::NoCandidate { allowed: 0 }.into(),
    }
}

/// Whether a mask has nothing but end tokens (and at least one).
fn only_end(mask: &TokenMask, vocabulary: &Vocabulary) -> bool {
    let ends = vocabulary.end_tokens();
    !mask.is_empty()
        && mask.len() <= ends.len()
        && mask.len() == ends.iter().filter(|t| mask.contains(**t)).count()
}

/// All tokens that are text, and these control tokens. Padding rows and all other control tokens are left out.
fn free_mask(vocabulary: &Vocabulary, more: &[TokenId], ends: &[TokenId]) -> TokenMask {
    let mut words = vec![0u32; vocabulary.words()];
    let text = (0..vocabulary.len())
        .map(TokenId::new)
        .filter(|&t| !vocabulary.is_special(t) && !vocabulary.bytes(t).is_empty());
    for token in text.chain(more.iter().copied()).chain(ends.iter().copied()) {
        words[token.index() / 32] |= 1 << (token.0 % 32);
    }
    TokenMask::from_words(words)
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

/// The constraint as it stood at the last few token boundaries, to judge a stop sequence that began there or later.
#[derive(Default)]
struct Forks(VecDeque<(usize, Constraint)>);

impl Forks {
    /// Notes the constraint before the token at `offset`. No stop sequence yet to be found is longer than `longest`.
    fn note(&mut self, offset: usize, constraint: &Constraint, longest: usize) {
        let earliest = (offset + 1).saturating_sub(longest);
        while self.0.get(1).is_some_and(|(next, _)| *next <= earliest) {
            self.0.pop_front();
        }
        self.0.push_back((offset, constraint.clone()));
    }

    /// Whether the text before `at` is a sentence.
    fn is_sentence(&self, text: &[u8], at: usize) -> bool {
        let Some((offset, fork)) = self.0.iter().rev().find(|(offset, _)| *offset <= at) else {
            return false;
        };
        let mut fork = fork.clone();
        fork.accept_bytes(&text[*offset..at]).is_ok() && fork.is_complete()
    }
}
