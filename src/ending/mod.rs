//! With how few tokens does a text become a sentence?
//!
//! An [`Ending`] is a way to do so that was walked: its bytes were read by the grammar, and the text was a sentence
//! afterwards. So it is an upper bound of the least number that can be relied on. It is looked for by best-first search
//! ([`search`]): a move is the text of a lexeme or of a value, and what is left after it is estimated by whoever reads, from
//! the grammar or from the schema. Where the estimate is right, and it nearly always is, the search walks straight to the
//! end. The bytes that are found are then spelled with the fewest tokens, which may reach across lexemes.
//!
//! An ending depends on the situation alone, not on who asked for which before.

mod search;

use std::sync::Arc;

use rustc_hash::FxBuildHasher;

pub(crate) use search::{Cost, Move, Reading, Text};

use crate::{TokenId, Vocabulary, situation::SituationId};

/// Places that are looked at along the cheapest ways, and then, if they lead nowhere, along all ways.
const NARROW: usize = 1_000;
const WIDE: usize = 300;

/// Tokens that make a text a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    tokens: Box<[TokenId]>,
}

impl Ending {
    /// The tokens, without an end token; few of them, if not always the fewest.
    pub fn tokens(&self) -> &[TokenId] {
        &self.tokens
    }
}

/// Endings by situation.
#[derive(Debug, Default)]
pub(crate) struct Endings(papaya::HashMap<SituationId, Option<Arc<Ending>>, FxBuildHasher>);

impl Endings {
    /// The ending of a situation, looked for if that was not done before; `None` if none was found.
    pub(crate) fn of<R: Reading>(
        &self,
        situation: SituationId,
        start: &[R::At],
        vocabulary: &Vocabulary,
        reading: impl FnOnce() -> R,
    ) -> Option<Arc<Ending>> {
        let known = self.0.pin();
        if let Some(ending) = known.get(&situation) {
            return ending.clone();
        }
        let reading = reading();
        let tokens = search::search(&reading, start, vocabulary, NARROW, false)
            .or_else(|| search::search(&reading, start, vocabulary, WIDE, true));
        let ending = tokens.map(|tokens| Arc::new(Ending { tokens: tokens.into() }));
        known.get_or_insert(situation, ending).clone()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 128
    }
}
