//! What decoding asks of a model: the logits of the next token, after some tokens.

use std::error::Error;

use crate::TokenId;

/// A model that has read some tokens and can score the next one.
///
/// Reading and scoring are apart, so that tokens about which there is no choice are read without being scored, several
/// at a time. An implementation that can score a few rows for less than all of them overrides
/// [`logits_of`](Self::logits_of).
pub trait Logits {
    /// Rows of the logits, padding included.
    fn width(&self) -> usize;

    /// Tokens read so far.
    fn position(&self) -> usize;

    /// The most tokens that can be read.
    fn context(&self) -> usize;

    /// Reads tokens, in one batch. Reading nothing does nothing.
    ///
    /// # Errors
    /// The context would be exceeded, a token has no row, or the backend failed. On error nothing is read.
    fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError>;

    /// Lets several models read at once, each its own tokens; nothing where there are none. By default one after another. An
    /// implementation that reads its weights once for all of them overrides this; results must be those of
    /// [`advance`](Self::advance).
    ///
    /// # Errors
    /// As there, for any of them.
    fn advance_all(work: &mut [(&mut Self, &[TokenId])]) -> Result<(), LogitsError>
    where
        Self: Sized,
    {
        let mut some = work.iter_mut().filter(|(_, tokens)| !tokens.is_empty());
        some.try_for_each(|(logits, tokens)| logits.advance(tokens))
    }

    /// Forgets all tokens but the first `len`; does nothing where there are no more. The next token may be scored again
    /// only after another was read.
    fn truncate(&mut self, len: usize);

    /// After how many of the tokens read last, each, the next one can be scored: at least 1, the default. With more, tokens
    /// can be read on a guess ([`Drafter`](super::Drafter)).
    fn kept(&self) -> usize {
        1
    }

    /// Lets the logits be those of the token after the first `len`, until others are read or forgotten. Forgets nothing.
    /// Asked for only where [`kept`](Self::kept) says that it can be done.
    fn look_at(&mut self, len: usize) {
        debug_assert_eq!(len, self.position(), "only the last place is kept");
    }

    /// The logits of the next token, one per row.
    ///
    /// # Errors
    /// No token was read yet (or since a [`truncate`](Self::truncate)), or the backend failed.
    fn logits(&mut self) -> Result<&[f32], LogitsError>;

    /// The logits of these tokens only, in their order, into `out`. By default taken from the full row.
    ///
    /// # Errors
    /// As [`logits`](Self::logits), and where a token has no row.
    fn logits_of(&mut self, tokens: &[TokenId], out: &mut Vec<f32>) -> Result<(), LogitsError> {
        let row = self.logits()?;
        out.clear();
        for &token in tokens {
            let logit = row
                .get(token.index())
                .ok_or(LogitsError::NoSuchToken { token, width: row.len() })?;
            out.push(*logit);
        }
        Ok(())
    }
}

/// A model that could not read or score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogitsError {
    /// More tokens than the model's context holds.
    #[error("{tokens} tokens do not fit the context of {limit}")]
    Context {
        /// Tokens there would have been.
        tokens: usize,
        /// The context.
        limit: usize,
    },
    /// A token without a row.
    #[error("token {} has no row: the model has {width}", token.0)]
    NoSuchToken {
        /// The token.
        token: TokenId,
        /// Rows of the model.
        width: usize,
    },
    /// Logits were asked for before any token was read.
    #[error("no token was read yet, so there is none to follow")]
    NothingRead,
    /// The tensor library failed.
    #[error("the model failed: {0}")]
    Backend(#[source] Box<dyn Error + Send + Sync>),
}
