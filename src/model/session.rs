//! One sequence under a model.

use std::sync::Arc;

use candle_core::Tensor;

use super::{KvCache, Qwen3};
use crate::{
    TokenId,
    decoding::{Logits, LogitsError},
};

/// Tokens up to which reading them one by one is quicker on a processor: candle repacks every weight for a product with
/// two rows or more, which costs as much as three products with one.
const ONE_BY_ONE: usize = 4;

/// What a model has read of one sequence, and the logits of the next token.
#[derive(Debug)]
pub struct Session {
    model: Arc<Qwen3>,
    cache: KvCache,
    /// Hidden state of the last token, [1, hidden]; none after a truncation.
    hidden: Option<Tensor>,
    /// Its logits, once they were asked for.
    row: Vec<f32>,
    scored: bool,
}

fn backend(error: candle_core::Error) -> LogitsError {
    LogitsError::Backend(Box::new(error))
}

impl Session {
    pub(super) fn new(model: Arc<Qwen3>) -> Result<Self, candle_core::Error> {
        let cache = model.cache()?;
        Ok(Self { model, cache, hidden: None, row: Vec::new(), scored: false })
    }

    fn read(&mut self, tokens: &[u32]) -> Result<Tensor, candle_core::Error> {
        let hidden = self.model.forward(tokens, &mut self.cache)?;
        hidden.narrow(0, tokens.len() - 1, 1)
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
        let before = self.cache.len();
        let total = before + tokens.len();
        if total > self.context() {
            return Err(LogitsError::Context { tokens: total, limit: self.context() });
        }
        let width = self.width();
        if let Some(&token) = tokens.iter().find(|t| t.index() >= width) {
            return Err(LogitsError::NoSuchToken { token, width });
        }
        let ids: Vec<u32> = tokens.iter().map(|t| t.0).collect();
        let one_by_one = ids.len() <= ONE_BY_ONE && self.model.device().is_cpu();
        for part in ids.chunks(if one_by_one { 1 } else { ids.len().max(1) }) {
            match self.read(part) {
                Ok(hidden) => self.hidden = Some(hidden),
                Err(error) => {
                    self.truncate(before);
                    return Err(backend(error));
                }
            }
            self.scored = false;
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

    fn logits(&mut self) -> Result<&[f32], LogitsError> {
        if !self.scored {
            let hidden = self.hidden.as_ref().ok_or(LogitsError::NothingRead)?;
            let row = self.model.head(hidden).and_then(|row| row.squeeze(0)?.to_vec1());
            self.row = row.map_err(backend)?;
            self.scored = true;
        }
        Ok(&self.row)
    }
}
