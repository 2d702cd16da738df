//! One state of the engine against the same state of the twin.

use constrained_gen::{
    Constraint, TokenId, Vocabulary,
    constraint::StepError,
    oracle::{Exhausted, State, Twin},
};

/// A text in a message.
pub(crate) fn text(bytes: &[u8]) -> String {
    format!("`{}`", bytes.escape_ascii())
}

/// Bytes that a forced run is compared for.
pub(crate) const FORCED: usize = 24;

/// A difference, or the twin's giving up.
#[derive(Debug)]
pub(crate) enum Failure {
    Differs(String),
    Exhausted,
}

impl From<Exhausted> for Failure {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// Where the two must agree.
pub(crate) struct Pair<'a> {
    pub(crate) twin: &'a mut Twin,
    pub(crate) vocabulary: &'a Vocabulary,
    /// Tokens that are text, in the order of their bytes.
    pub(crate) sorted: &'a [TokenId],
}

/// The tokens that are text, in the order of their bytes.
pub(crate) fn sorted(vocabulary: &Vocabulary) -> Vec<TokenId> {
    let mut tokens: Vec<_> = (0..vocabulary.len()).map(TokenId::new).collect();
    tokens.retain(|&t| !vocabulary.is_special(t) && !vocabulary.bytes(t).is_empty());
    tokens.sort_by_key(|&t| vocabulary.bytes(t));
    tokens
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: impl Fn() -> String,
    engine: T,
    twin: T,
) -> Result<(), Failure> {
    if engine == twin {
        return Ok(());
    }
    let message = format!("{}: engine {engine:.300?}, twin {twin:.300?}", what());
    Err(Failure::Differs(message))
}

impl Pair<'_> {
    pub(crate) fn name(&self, token: TokenId) -> String {
        format!("token {} {}", token.0, text(self.vocabulary.bytes(token)))
    }

    /// Every bit of the mask, the filled row, `accept` on every row, completeness, forced bytes. The twin's mask.
    pub(crate) fn state(
        &mut self,
        state: &State,
        constraint: &mut Constraint,
    ) -> Result<Vec<bool>, Failure> {
        let expected = self.twin.mask_sorted(state, self.vocabulary, self.sorted)?;
        let mask = constraint.mask().map_err(|e| Failure::Differs(format!("mask: {e}")))?.clone();
        for (t, &allowed) in expected.iter().enumerate() {
            let token = TokenId::new(t);
            same(|| format!("mask, {}", self.name(token)), mask.contains(token), allowed)?;
        }
        let allowed = expected.iter().filter(|&&allowed| allowed).count();
        same(|| "size of the mask".into(), (mask.len(), mask.iter().count()), (allowed, allowed))?;
        same(|| "words".into(), mask.words().len(), self.vocabulary.words())?;
        let mut row = vec![0xdead_beef; self.vocabulary.words() + 1];
        constraint.fill(&mut row).map_err(|e| Failure::Differs(format!("fill: {e}")))?;
        same(|| "row".into(), &row[..row.len() - 1], mask.words())?;
        same(|| "word beyond the row".into(), row[row.len() - 1], 0)?;
        for (t, &allowed) in expected.iter().enumerate() {
            let mut fork = constraint.clone();
            let accepted = fork.accept(TokenId::new(t));
            same(
                || format!("accept, {} ({accepted:?})", self.name(TokenId::new(t))),
                accepted.is_ok(),
                allowed,
            )?;
        }
        let outside = constraint.clone().accept(TokenId::new(expected.len()));
        same(|| "accept of a row that is not there".into(), outside.is_ok(), false)?;
        let complete = self.twin.is_complete(state);
        same(|| "completeness".into(), constraint.is_complete(), complete)?;
        let forced = self.twin.forced(state, FORCED)?;
        same(|| "forced bytes".into(), constraint.forced(FORCED), forced)?;
        Ok(expected)
    }

    /// Where refused tokens fail: the byte named by `accept` and by `explain`.
    pub(crate) fn refusals(
        &mut self,
        state: &State,
        constraint: &mut Constraint,
        expected: &[bool],
    ) -> Result<(), Failure> {
        let start = constraint.offset();
        for &token in self.sorted {
            let bytes = self.vocabulary.bytes(token);
            let explained = constraint.explain(bytes).map(|refusal| refusal.offset);
            if expected[token.index()] {
                same(|| format!("explain, {}", self.name(token)), explained, None)?;
                continue;
            }
            let mut next = state.clone();
            let mut read = 0;
            while let Some(further) = self.twin.step(&next, bytes[read])? {
                next = further;
                read += 1;
            }
            let offset = Some(start + read);
            same(|| format!("explain, {}", self.name(token)), explained, offset)?;
            let refused = match constraint.clone().accept(token) {
                Err(StepError::Refused { refusal, .. }) => Some(refusal.offset),
                _ => None,
            };
            same(|| format!("refusal of {}", self.name(token)), refused, offset)?;
        }
        Ok(())
    }
}
