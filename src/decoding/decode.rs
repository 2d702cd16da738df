//! The loop: mask, logits, token, text.
//!
//! Tokens about which the mask leaves no choice are not scored; they are read by the model together with the next one
//! that is. The model never reads the last tokens of an answer at all.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use super::{
    DecodeError, Drafter, Generation, Logits, Options, Sampler, Sampling, Speller, StopSequences,
    sequence::{Next, Sequence},
};
use crate::{Constraint, TokenId, Vocabulary};

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
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) sampler: Sampler,
    pub(super) stops: StopSequences,
    pub(super) options: Options,
    pub(super) speller: Option<&'a dyn Speller>,
    pub(super) drafter: Option<&'a Drafter>,
    stop: Option<&'a AtomicBool>,
}

impl std::fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("sampler", &self.sampler)
            .field("stops", &self.stops)
            .field("options", &self.options)
            .field("speller", &self.speller.is_some())
            .field("drafter", &self.drafter.is_some())
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
            drafter: None,
            stop: None,
        })
    }

    /// Text that must come under a grammar is spelled as this tokenizer spells it, without scoring; without a tokenizer the
    /// model chooses among all spellings. Another spelling can lead a model to another text.
    #[must_use]
    pub fn spelled_by(mut self, speller: &'a dyn Speller) -> Self {
        self.speller = Some(speller);
        self
    }

    /// Tokens that will probably come are read ahead where the model can score several places of what it read, guessed from
    /// what this drafter has seen; it learns from the answers. The text is the same, if the model's numbers do not depend on
    /// how a text is cut.
    #[must_use]
    pub fn drafted_by(mut self, drafter: &'a Drafter) -> Self {
        self.drafter = Some(drafter);
        self
    }

    /// Ends the answer with [`Finish::Interrupted`](super::Finish::Interrupted) before the next token once this is true.
    #[must_use]
    pub fn stopped_by(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Whether the answer is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Decodes one answer. `prompt` is what the model has not read yet; `constraint` stands where the answer begins and
    /// is left where it ended; `on_text` is given the answer piece by piece, as it becomes certain.
    ///
    /// Every call starts from the same seed.
    ///
    /// # Errors
    /// The model or the constraint fails, the parts do not fit, the grammar's shortest sentence is longer than
    /// [`Options::max_tokens`], or the grammar needs a text that no token spells. What `on_text` was given before is then all
    /// there is.
    pub fn run(
        &self,
        logits: &mut dyn Logits,
        prompt: &[TokenId],
        constraint: Option<&mut Constraint>,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Generation, DecodeError> {
        let begin = Instant::now();
        self.check(logits, prompt)?;
        let mut sequence = Sequence::new(self.clone(), constraint)?;
        logits.advance(prompt)?;
        sequence.stats.prompt_tokens = prompt.len();
        sequence.stats.prefill_time = begin.elapsed();
        loop {
            let next = sequence.go_on(sequence.context(logits), on_text)?;
            if next == Next::Done {
                break;
            }
            sequence.catch_up(logits);
            if next == Next::Choose {
                sequence.look_ahead(logits);
            }
            let begin = Instant::now();
            let tokens = sequence.unread();
            if !tokens.is_empty() {
                logits.advance(&tokens)?;
                sequence.has_read(logits);
                if let Some(drafter) = self.drafter {
                    drafter.timed(tokens.len(), begin.elapsed().as_secs_f64());
                }
            }
            sequence.stats.layers_time += begin.elapsed();
            sequence.stats.model_time += begin.elapsed();
            if next == Next::Choose {
                sequence.choose(logits, on_text)?;
            }
        }
        sequence.stats.total_time = begin.elapsed();
        Ok(sequence.finish(logits, on_text))
    }

    /// Whether a model and a prompt belong to this decoder.
    pub(super) fn check(&self, logits: &dyn Logits, prompt: &[TokenId]) -> Result<(), DecodeError> {
        if logits.width() != self.vocabulary.width() {
            return Err(DecodeError::Width {
                logits: logits.width(),
                vocabulary: self.vocabulary.width(),
            });
        }
        if prompt.is_empty() && logits.position() == 0 {
            return Err(DecodeError::EmptyPrompt);
        }
        Ok(())
    }
}
