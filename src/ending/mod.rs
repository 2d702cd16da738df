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

use search::Bounds;

use crate::{TokenId, Vocabulary, situation::SituationId};

/// How far is looked along the cheapest ways, and then, if they lead nowhere, along all ways.
const NARROW: Bounds = Bounds { places: 1_000, work: 1 << 18, wide: false };
const WIDE: Bounds = Bounds { places: 300, work: 1 << 17, wide: true };

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

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// `None` if nothing.
    pub(crate) ending: Option<Arc<Ending>>,
    /// What it cost when it was done, in moves that were looked at and bytes that were read: the same for everybody.
    pub(crate) work: usize,
}

/// Endings by situation.
#[derive(Debug, Default)]
pub(crate) struct Endings(papaya::HashMap<SituationId, Found, FxBuildHasher>);

impl Endings {
    /// The ending of a situation, looked for if that was not done before.
    pub(crate) fn of<R: Reading>(
        &self,
        situation: SituationId,
        start: &[R::At],
        vocabulary: &Vocabulary,
        reading: impl FnOnce() -> R,
    ) -> Found {
        let known = self.0.pin();
        if let Some(found) = known.get(&situation) {
            return found.clone();
        }
        let (reading, mut work) = (reading(), 0);
        let tokens = [NARROW, WIDE]
            .into_iter()
            .find_map(|bounds| search::search(&reading, start, vocabulary, bounds, &mut work));
        let ending = tokens.map(|tokens| Arc::new(Ending { tokens: tokens.into() }));
        known.get_or_insert(situation, Found { ending, work }).clone()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() * 136
    }
}
