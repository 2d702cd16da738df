//! One sequence under a model.

use std::sync::Arc;

use super::{Adapter, Hidden, KvCache, ModelError, Part, Qwen3};
use crate::{
    TokenId,
    decoding::{Logits, LogitsError},
};

/// What a model has read of one sequence, and the logits of the next token.
#[derive(Debug)]
pub struct Session {
    model: Arc<Qwen3>,
    adapter: Option<Arc<Adapter>>,
    cache: KvCache,
    /// Hidden states of the last tokens; none after a truncation.
    hidden: Option<Hidden>,
    /// Which of them the logits belong to.
    looked_at: usize,
    /// All its logits, once they were asked for.
    row: Vec<f32>,
    scored: bool,
}

/// Tokens whose hidden states are kept: more than are read on a guess at once.
const KEPT: usize = 16;

fn backend(error: ModelError) -> LogitsError {
    LogitsError::Backend(Box::new(error))
}

impl Session {
    pub(super) fn new(
        model: Arc<Qwen3>,
        adapter: Option<Arc<Adapter>>,
    ) -> Result<Self, ModelError> {
        let cache = model.cache()?;
        Ok(Self {
            model,
            adapter,
            cache,
            hidden: None,
            looked_at: 0,
            row: Vec::new(),
            scored: false,
        })
    }

    /// A sequence of a model at its start.
    ///
    /// # Errors
    /// There is no memory for its cache on the device.
    pub fn of(model: &Arc<Qwen3>) -> Result<Self, ModelError> {
        Self::new(Arc::clone(model), None)
    }

    /// Another sequence that has read the same: a prefix that many share is read once.
    ///
    /// # Errors
    /// There is no memory for its cache on the device.
    pub fn fork(&self) -> Result<Self, ModelError> {
        Ok(Self {
            model: Arc::clone(&self.model),
            adapter: self.adapter.clone(),
            cache: self.cache.fork()?,
            hidden: self.hidden.clone(),
            looked_at: self.looked_at,
            row: self.row.clone(),
            scored: self.scored,
        })
    }

    /// The hidden state that the logits belong to.
    fn place(&self) -> Result<Hidden, LogitsError> {
        let hidden = self.hidden.as_ref().ok_or(LogitsError::NothingRead)?;
        hidden.at(self.looked_at).map_err(backend)
    }

    fn check(&self, tokens: &[TokenId]) -> Result<(), LogitsError> {
        let total = self.cache.len() + tokens.len();
        if total > self.context() {
            return Err(LogitsError::Context { tokens: total, limit: self.context() });
        }
        let width = self.width();
        match tokens.iter().find(|t| t.index() >= width) {
            Some(&token) => Err(LogitsError::NoSuchToken { token, width }),
            None => Ok(()),
        }
    }
}

impl Logits for Session {
    fn width(&self) -> usize {
        self.model.config().vocab_size
    }

    fn position(&self) -> usize {
        self.cache.len()
    }

    fn context(&self) -> usize {
        self.cache.limit()
    }

    fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError> {
        Self::advance_all(&mut [(self, tokens)])
    }

    /// Lets several sequences of one model read at once, each its own tokens: the weights are read once for all of them.
    /// Nothing is read where there are no tokens. Results are those of [`advance`](Logits::advance) one by one.
    ///
    /// # Errors
    /// As `advance`, for any of them, and where they are not of the same model; nothing is read then.
    fn advance_all(work: &mut [(&mut Self, &[TokenId])]) -> Result<(), LogitsError> {
        for (session, tokens) in &*work {
            session.check(tokens)?;
        }
        let mut some: Vec<_> = work.iter_mut().filter(|(_, tokens)| !tokens.is_empty()).collect();
        let Some((first, _)) = some.first() else { return Ok(()) };
        let model = Arc::clone(&first.model);
        if some.iter().any(|(session, _)| !Arc::ptr_eq(&session.model, &model)) {
            let problem = candle_core::Error::Msg("sequences of different models".into());
            return Err(backend(problem.into()));
        }
        let ids: Vec<Vec<u32>> =
            some.iter().map(|(_, tokens)| tokens.iter().map(|t| t.0).collect()).collect();
        let mut parts: Vec<Part<'_>> = some
            .iter_mut()
            .zip(&ids)
            .map(|((session, _), tokens)| Part {
                tokens,
                cache: &mut session.cache,
                adapter: session.adapter.as_deref(),
            })
            .collect();
        let hidden = model.forward_batch(&mut parts).map_err(backend)?;
        for ((session, _), hidden) in some.into_iter().zip(hidden) {
            let hidden = hidden.last(KEPT).map_err(backend)?;
            session.looked_at = hidden.tokens() - 1;
            session.hidden = Some(hidden);
            session.scored = false;
        }
        Ok(())
    }

    fn truncate(&mut self, len: usize) {
        if len < self.cache.len() {
            self.cache.truncate(len);
            self.hidden = None;
            self.scored = false;
        }
    }

    fn kept(&self) -> usize {
        KEPT
    }

    fn look_at(&mut self, len: usize) {
        let Some(hidden) = &self.hidden else { return };
        let behind = self.cache.len().saturating_sub(len);
        match (hidden.tokens() - 1).checked_sub(behind) {
            Some(place) => self.looked_at = place,
            None => self.hidden = None,
        }
        self.scored = false;
    }

    fn logits(&mut self) -> Result<&[f32], LogitsError> {
        if !self.scored {
            self.row = self.model.logits(&self.place()?).map_err(backend)?;
            self.scored = true;
        }
        Ok(&self.row)
    }

    /// Computes these rows alone; the numbers are those that [`logits`](Self::logits) has there, to the bit on the
    /// processor.
    fn logits_of(&mut self, tokens: &[TokenId], out: &mut Vec<f32>) -> Result<(), LogitsError> {
        let width = self.width();
        if let Some(&token) = tokens.iter().find(|t| t.index() >= width) {
            return Err(LogitsError::NoSuchToken { token, width });
        }
        let hidden = self.place()?;
        let rows: Vec<u32> = tokens.iter().map(|t| t.0).collect();
        self.model.logits_of(&hidden, &rows, out).map_err(backend)
    }
}
