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
    /// Tokens read before the text began.
    before: usize,
    /// What is to be said at each place after that.
    places: Vec<Place>,
    looked_at: usize,
    row: Vec<f32>,
    /// Passes of the model so far.
    pub(crate) passes: usize,
}

/// A place in the text, at a token's end.
#[derive(Clone)]
struct Place {
    /// Bytes that were read.
    read: usize,
    /// The next tokens, the first one last.
    next: Vec<TokenId>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(
        session: Session,
        vocabulary: &'a Vocabulary,
        speller: &'a dyn Speller,
        text: &'a str,
    ) -> Self {
        let before = session.position();
        let (places, row) = (Vec::new(), Vec::new());
        let mut replay = Self {
            session,
            vocabulary,
            speller,
            text,
            before,
            places,
            looked_at: 0,
            row,
            passes: 0,
        };
        replay.places.push(replay.spell(0));
        replay
    }

    fn spell(&self, read: usize) -> Place {
        let rest = self.text.get(read..).unwrap_or_default();
        let mut next = self.speller.spell(rest).unwrap_or_default();
        next.reverse();
        Place { read, next }
    }

    /// The token to be said next: at the text's end, the end.
    fn told(&self) -> TokenId {
        let place = &self.places[self.looked_at];
        place.next.last().copied().unwrap_or(self.vocabulary.end_tokens()[0])
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
            let mut place = self.places[self.places.len() - 1].clone();
            place.read += self.vocabulary.bytes(*token).len();
            if place.next.pop() != Some(*token) {
                place = self.spell(place.read);
            }
            self.places.push(place);
        }
        self.looked_at = self.places.len() - 1;
        self.passes += usize::from(!tokens.is_empty());
        self.session.advance(tokens)
    }

    fn truncate(&mut self, len: usize) {
        self.places.truncate(len - self.before + 1);
        self.looked_at = self.places.len() - 1;
        self.session.truncate(len);
    }

    fn kept(&self) -> usize {
        self.session.kept()
    }

    fn look_at(&mut self, len: usize) {
        self.looked_at = len - self.before;
        self.session.look_at(len);
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
