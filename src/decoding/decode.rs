//! The loop: mask, logits, token, text.
//!
//! Tokens about which the mask leaves no choice are not scored; they are read by the model together with the next one
//! that is. The model never reads the last tokens of an answer at all.

use std::time::Instant;

use super::{
    DecodeError, Finish, Generation, Logits, Options, Sampler, Sampling, Speller, Stats,
    StopSequences, Thinking,
    guide::{Guide, free_mask},
    spelling::{self, Spelling},
    stream::TextStream,
};
use crate::{Constraint, TokenId, TokenMask, Vocabulary};

/// The added token that ends thinking in Qwen3's format.
pub(super) const THINKING_END: &str = "</think>";
/// The added token that begins it; a model may emit it although the prompt already has it.
const THINKING_START: &str = "<think>";
/// What the format has between the thinking and the answer.
const AFTER_THINKING: &[u8] = b"\n\n";

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
#[derive(Clone)]
pub struct Decoder<'a> {
    vocabulary: &'a Vocabulary,
    sampler: Sampler,
    stops: StopSequences,
    options: Options,
    speller: Option<&'a dyn Speller>,
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("sampler", &self.sampler)
            .field("stops", &self.stops)
            .field("options", &self.options)
            .field("speller", &self.speller.is_some())
            .finish_non_exhaustive()
    }
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
            speller: None,
        })
    }

    /// Text that must come under a grammar is spelled as this tokenizer spells it, without scoring; without a tokenizer the
    /// model chooses among all spellings. Another spelling can lead a model to another text.
    #[must_use]
    pub fn spelled_by(mut self, speller: &'a dyn Speller) -> Self {
        self.speller = Some(speller);
        self
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
            allowed: Vec::new(),
            scores: Vec::new(),
            stats,
        };
        let thinking = match self.options.thinking {
            Thinking::Off => None,
            Thinking::On { max_tokens } => Some(run.think(max_tokens)?),
        };
        let mut guide = Guide::new(constraint, self.vocabulary);
        let mut text = TextStream::default();
        let mut tokens = Vec::new();
        let finish = run.answer(&mut guide, &mut text, &mut tokens, on_text)?;
        let mut stats = run.stats;
        stats.tokens = tokens.len() + stats.thinking_tokens;
        stats.total_time = begin.elapsed();
        let whole = guide.is_whole(&finish);
        Ok(Generation { text: text.finish(on_text), tokens, thinking, finish, whole, stats })
    }
}

/// One call of [`Decoder::run`].
struct Run<'a> {
    decoder: &'a Decoder<'a>,
    logits: &'a mut dyn Logits,
    sampler: Sampler,
    /// Tokens of the answer that the model has not read.
    pending: Vec<TokenId>,
    /// Scratch: the allowed tokens and their logits.
    allowed: Vec<TokenId>,
    scores: Vec<f32>,
    stats: Stats,
}

impl Run<'_> {
    /// Lets the model think until it ends that itself or `max_tokens` are used up; the text of it.
    fn think(&mut self, max_tokens: usize) -> Result<String, DecodeError> {
        let vocabulary = self.decoder.vocabulary;
        let end = vocabulary.added_token(THINKING_END).ok_or(DecodeError::NoThinking)?;
        let start = vocabulary.added_token(THINKING_START);
        let control: Vec<TokenId> = start.into_iter().chain([end]).collect();
        let free = free_mask(vocabulary, &control);
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

    /// Decodes the answer into `text` and `tokens`; why it ended.
    fn answer(
        &mut self,
        guide: &mut Guide<'_>,
        text: &mut TextStream,
        tokens: &mut Vec<TokenId>,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Finish, DecodeError> {
        let Decoder { vocabulary, stops, options, speller, .. } = self.decoder;
        let mut spelling = Spelling::default();
        // Tokens that come next beyond doubt, the last one first.
        let mut sure: Vec<TokenId> = Vec::new();
        loop {
            let token = match sure.pop() {
                Some(_) if tokens.len() >= options.max_tokens => return Ok(Finish::MaxTokens),
                Some(token) => self.forced(token),
                None => {
                    let begin = Instant::now();
                    self.stats.masks += usize::from(guide.is_grammar());
                    let may_be_forced = spelling::one_beginning(guide.mask()?, vocabulary);
                    if let (true, Some(speller), Some(constraint)) =
                        (may_be_forced, speller, guide.constraint())
                    {
                        let next = spelling.next(*speller, constraint, vocabulary, text.bytes());
                        sure.extend(next.iter().rev());
                    }
                    let mask = guide.mask()?;
                    self.stats.mask_time += begin.elapsed();
                    if only_end(mask, vocabulary) {
                        return Ok(Finish::End);
                    }
                    if tokens.len() >= options.max_tokens {
                        return Ok(Finish::MaxTokens);
                    }
                    match (mask.len(), sure.pop()) {
                        (0, _) => return Err(guide.dead_end(text.bytes().len())),
                        (1, _) => self.forced(mask.iter().next().expect("invariant: it has one")),
                        (_, Some(token)) => self.forced(token),
                        _ if !self.has_room() => return Ok(Finish::Context),
                        _ => self.choose(mask)?,
                    }
                }
            };
            let (read, begin) = (text.bytes().len(), Instant::now());
            guide.accept(token, read, stops.longest())?;
            self.stats.mask_time += begin.elapsed();
            if vocabulary.end_tokens().contains(&token) {
                return Ok(Finish::End);
            }
            text.push(vocabulary.bytes(token));
            tokens.push(token);
            self.pending.push(token);
            if !options.forced_runs {
                self.read()?;
            }
            self.sampler.observe(token);
            let found = stops.find(text.bytes(), read, |at| guide.is_sentence(text.bytes(), at));
            if let Some(found) = found {
                text.truncate(found.start);
                return Ok(Finish::Stop { sequence: stops.sequences()[found.index].clone() });
            }
            text.flush(stops.held_back(text.bytes()), on_text);
        }
    }

    /// A token about which there is no choice.
    fn forced(&mut self, token: TokenId) -> TokenId {
        self.note_share(1);
        self.stats.forced_tokens += 1;
        token
    }

    /// Whether the model's context has room for what it has to read before it can score the next token.
    fn has_room(&self) -> bool {
        self.logits.position() + self.pending.len() <= self.logits.context()
    }

    fn note_share(&mut self, allowed: usize) {
        self.stats.steps += 1;
        self.stats.allowed += allowed as f64 / self.decoder.vocabulary.len().max(1) as f64;
    }

    /// Lets the model read what is pending, as far as it fits the context.
    fn read(&mut self) -> Result<(), DecodeError> {
        if self.has_room() && !self.pending.is_empty() {
            let begin = Instant::now();
            self.logits.advance(&self.pending)?;
            self.pending.clear();
            self.stats.layers_time += begin.elapsed();
            self.stats.model_time += begin.elapsed();
        }
        Ok(())
    }

    /// Lets the model read what is pending, and samples: the mask is there first, and the logits of other tokens are not
    /// computed.
    fn choose(&mut self, mask: &TokenMask) -> Result<TokenId, DecodeError> {
        self.note_share(mask.len());
        self.read()?;
        let begin = Instant::now();
        if !self.decoder.options.sparse_head {
            let row = self.logits.logits()?;
            let model = begin.elapsed();
            let token = self.sampler.sample(row, mask)?;
            self.stats.model_time += model;
            self.stats.sample_time += begin.elapsed().saturating_sub(model);
            return Ok(token);
        }
        self.allowed.clear();
        self.allowed.extend(mask.iter());
        self.logits.logits_of(&self.allowed, &mut self.scores)?;
        let model = begin.elapsed();
        let token = self.sampler.sample_among(&self.allowed, &self.scores)?;
        self.stats.model_time += model;
        self.stats.sample_time += begin.elapsed().saturating_sub(model);
        Ok(token)
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
