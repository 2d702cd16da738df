//! A model that says what it is told: its logits are computed as ever, then that of the text's next token is raised.

use constrained_gen::{
    TokenId, Vocabulary,
    decoding::{Logits, LogitsError, Speller},
    model::Session,
};

/// Above every other logit.
const RAISED: f32 = 1e6;

/// A sequence led along a text.
pub(crate) struct Replay<'a> {
    session: Session,
    vocabulary: &'a Vocabulary,
    speller: &'a dyn Speller,
    text: &'a str,
    /// Bytes of it that were read.
    read: usize,
    /// Its next tokens, the first one last.
    next: Vec<TokenId>,
    row: Vec<f32>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(
        session: Session,
        vocabulary: &'a Vocabulary,
        speller: &'a dyn Speller,
        text: &'a str,
    ) -> Self {
        let mut replay =
            Self { session, vocabulary, speller, text, read: 0, next: Vec::new(), row: Vec::new() };
        replay.spell();
        replay
    }

    fn spell(&mut self) {
        let rest = self.text.get(self.read..).unwrap_or_default();
        self.next = self.speller.spell(rest).unwrap_or_default();
        self.next.reverse();
    }

    /// The token to be said next: at the text's end, the end.
    fn told(&self) -> TokenId {
        self.next.last().copied().unwrap_or(self.vocabulary.end_tokens()[0])
    }
}

impl Logits for Replay<'_> {
    fn width(&self) -> usize {
        self.session.width()
    }

    fn position(&self) -> usize {
        self.session.position()
    }

    fn context(&self) -> usize {
        self.session.context()
    }

    fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError> {
        for token in tokens {
            self.read += self.vocabulary.bytes(*token).len();
            if self.next.pop() != Some(*token) {
                self.spell();
            }
        }
        self.session.advance(tokens)
    }

    fn truncate(&mut self, len: usize) {
        self.session.truncate(len);
    }

    fn logits(&mut self) -> Result<&[f32], LogitsError> {
        self.row.clear();
        self.row.extend_from_slice(self.session.logits()?);
        let told = self.told();
        self.row[told.index()] = RAISED;
        Ok(&self.row)
    }

    fn logits_of(&mut self, tokens: &[TokenId], out: &mut Vec<f32>) -> Result<(), LogitsError> {
        self.session.logits_of(tokens, out)?;
        if let Ok(at) = tokens.binary_search(&self.told()) {
            out[at] = RAISED;
        }
        Ok(())
    }
}
