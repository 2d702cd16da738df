//! How many tokens may still come, so that the answer is whole when they are used up.
//!
//! An [`Ending`](crate::Ending) of the answer so far is always at hand that is no longer than what is left. A token fits if
//! an ending is known after it that fits what is left then; the first token of the ending at hand always does. So there is
//! always a token that fits, and with none left the answer is a sentence.
//!
//! Decoding looks, far from the limit, at the token that was drawn only; near it at every candidate before the draw: the choice
//! is that under a mask without the tokens that do not fit. Random sentences draw a few times and else take the ending.
//!
//! Where each candidate leads elsewhere and the way to the end is hard to find from there, one draw cannot look at all of them:
//! after so much work only the ending at hand fits. The work is counted as if nothing had been known, so that the answer does
//! not depend on what others asked before.

use rustc_hash::FxHashSet;

use crate::{Constraint, TokenId, Vocabulary, situation::SituationId};

/// Near the limit is where fewer tokens are left than so many times the ending, and these.
const NEAR: (usize, usize) = (2, 16);

/// What is left of an answer's tokens.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    /// Tokens that end the answer, the next one last. `None` if no ending was found so far: then any token is taken, and the
    /// answer may be cut off.
    ending: Option<Vec<TokenId>>,
    /// Tokens taken since an ending was looked for in vain.
    since: usize,
}

/// Tokens after which an ending is looked for again, where there was none.
const AGAIN: usize = 32;

/// The tokens of an ending, the next one last.
fn ending_of(constraint: &Constraint) -> Option<Vec<TokenId>> {
    constraint.ending().map(|ending| ending.tokens().iter().rev().copied().collect())
}

impl Budget {
    /// The budget of an answer that has so many tokens.
    pub(crate) fn new(constraint: &Constraint, left: usize) -> Self {
        let ending = ending_of(constraint).filter(|ending| ending.len() <= left);
        Self { left, ending, since: 0 }
    }

    /// Whether the answer will be whole.
    pub(crate) fn is_sure(&self) -> bool {
        self.ending.is_some()
    }

    /// The next token of the ending at hand, which fits.
    pub(crate) fn way(&self) -> Option<TokenId> {
        self.ending.as_ref()?.last().copied()
    }

    /// Whether nothing may follow.
    pub(crate) fn is_used_up(&self) -> bool {
        self.left == 0
    }

    /// Whether so little is left that every candidate has to be looked at.
    pub(crate) fn is_near(&self) -> bool {
        let ending = self.ending.as_ref().map_or(0, Vec::len);
        self.ending.is_some() && self.left < NEAR.0 * ending + NEAR.1
    }

    /// To choose the next token.
    pub(crate) fn draw(&self) -> Draw<'_> {
        Draw { budget: self, asked: FxHashSet::default(), work: 0 }
    }

    /// Counts a token that was taken; the constraint stands after it.
    pub(crate) fn take(&mut self, token: TokenId, constraint: &Constraint) {
        self.left = self.left.saturating_sub(1);
        if let Some(ending) = &mut self.ending
            && ending.last() == Some(&token)
        {
            ending.pop();
            return;
        }
        if self.ending.is_none() {
            self.since += 1;
            if self.since < AGAIN {
                return;
            }
            self.since = 0;
        }
        let found = ending_of(constraint).filter(|found| found.len() <= self.left);
        debug_assert!(self.ending.is_none() || found.is_some(), "only what fits is taken");
        self.ending = found;
    }
}

/// What is looked for in one draw: situations, and what each counts for beside the work of its search.
const WORK: usize = 1 << 17;
const EACH: usize = 1 << 7;

/// One choice of a token.
#[derive(Debug)]
pub(crate) struct Draw<'a> {
    budget: &'a Budget,
    /// Where the tokens lead that were looked at.
    asked: FxHashSet<SituationId>,
    work: usize,
}

impl Draw<'_> {
    /// Whether the answer can be ended within the budget after this token, which the constraint allows. Cost: a look-up for
    /// what was asked before, else a search.
    pub(crate) fn fits(
        &mut self,
        token: TokenId,
        constraint: &mut Constraint,
        vocabulary: &Vocabulary,
    ) -> bool {
        let Some(ending) = &self.budget.ending else { return true };
        if vocabulary.end_tokens().contains(&token) || ending.last() == Some(&token) {
            return true;
        }
        let Some(left) = self.budget.left.checked_sub(1) else { return false };
        let Some(after) = constraint.situation_after(token) else { return false };
        let is_new = !self.asked.contains(&after);
        if is_new && self.work >= WORK {
            return false;
        }
        let found = constraint.ending_of(after);
        if is_new {
            // Mostly one is asked about, and never again: nothing is allocated for it.
            if self.work > 0 {
                self.asked.insert(after);
            }
            self.work = self.work.saturating_add(found.work).saturating_add(EACH);
        }
        found.ending.is_some_and(|ending| ending.tokens().len() <= left)
    }
}
