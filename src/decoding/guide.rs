//! What rules an answer: a grammar, or nothing but the vocabulary.

use std::collections::VecDeque;

use super::{DecodeError, Finish, SampleError};
use crate::{Constraint, StepError, TokenId, TokenMask, Vocabulary};

/// The rule of one answer.
pub(super) enum Guide<'a> {
    /// Any text.
    Free(TokenMask),
    /// The sentences of a grammar.
    Grammar {
        /// Where the answer stands.
        constraint: Held<'a>,
        /// Where it stood.
        forks: Forks,
    },
}

/// A constraint, or a borrowed one.
pub(super) enum Held<'a> {
    Own(Box<Constraint>),
    Lent(&'a mut Constraint),
}

impl std::ops::Deref for Held<'_> {
    type Target = Constraint;

    fn deref(&self) -> &Constraint {
        match self {
            Self::Own(constraint) => constraint,
            Self::Lent(constraint) => constraint,
        }
    }
}

impl std::ops::DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Constraint {
        match self {
            Self::Own(constraint) => constraint,
            Self::Lent(constraint) => constraint,
        }
    }
}

impl<'a> Guide<'a> {
    /// Any text.
    pub(super) fn free(vocabulary: &Vocabulary) -> Self {
        Self::Free(free_mask(vocabulary, vocabulary.end_tokens()))
    }

    /// The sentences that a constraint allows, which is moved along.
    pub(super) fn lent(constraint: &'a mut Constraint) -> Self {
        Self::Grammar { constraint: Held::Lent(constraint), forks: Forks::default() }
    }

    /// The sentences that a constraint allows.
    pub(super) fn own(constraint: Constraint) -> Self {
        Self::Grammar { constraint: Held::Own(Box::new(constraint)), forks: Forks::default() }
    }

    /// The tokens allowed next.
    pub(super) fn mask(&mut self) -> Result<&TokenMask, StepError> {
        match self {
            Self::Free(mask) => Ok(mask),
            Self::Grammar { constraint, .. } => constraint.mask(),
        }
    }

    /// Whether masks are computed here, rather than being the same one always.
    pub(super) fn is_grammar(&self) -> bool {
        matches!(self, Self::Grammar { .. })
    }

    /// The constraint, where there is one.
    pub(super) fn constraint(&self) -> Option<&Constraint> {
        match self {
            Self::Free(_) => None,
            Self::Grammar { constraint, .. } => Some(constraint),
        }
    }

    /// The constraint, where there is one, to be asked about tokens.
    pub(super) fn constraint_mut(&mut self) -> Option<&mut Constraint> {
        match self {
            Self::Free(_) => None,
            Self::Grammar { constraint, .. } => Some(constraint),
        }
    }

    /// Takes a token that comes after `offset` bytes of the answer. No stop sequence is longer than `longest_stop`.
    pub(super) fn accept(
        &mut self,
        token: TokenId,
        offset: usize,
        longest_stop: usize,
    ) -> Result<(), StepError> {
        if let Self::Grammar { constraint, forks } = self {
            if longest_stop > 0 {
                forks.note(offset, constraint, longest_stop);
            }
            constraint.accept(token)?;
        }
        Ok(())
    }

    /// Whether `text[..at]`, a place in the last token or a stop sequence before it, may be all of the answer.
    pub(super) fn is_sentence(&self, text: &[u8], at: usize) -> bool {
        match self {
            Self::Free(_) => true,
            Self::Grammar { forks, .. } => forks.is_sentence(text, at),
        }
    }

    /// Whether an answer that ended so is whole.
    pub(super) fn is_whole(&self, finish: &Finish) -> bool {
        match (finish, self) {
            (Finish::End | Finish::Stop { .. }, _) => true,
            (_, Self::Free(_)) => false,
            (_, Self::Grammar { constraint, .. }) => constraint.is_complete(),
        }
    }

    /// Why no token is allowed after `offset` bytes of the answer.
    pub(super) fn dead_end(&self, offset: usize) -> DecodeError {
        match self {
            Self::Free(_) => SampleError::NoCandidate { allowed: 0 }.into(),
            Self::Grammar { constraint, .. } => {
                DecodeError::DeadEnd { offset, expected: constraint.expected() }
            }
        }
    }
}

/// All tokens that are text, and these control tokens. Padding rows and all other control tokens are left out.
pub(super) fn free_mask(vocabulary: &Vocabulary, control: &[TokenId]) -> TokenMask {
    let mut words = vec![0u32; vocabulary.words()];
    let text = (0..vocabulary.len())
        .map(TokenId::new)
        .filter(|&t| !vocabulary.is_special(t) && !vocabulary.bytes(t).is_empty());
    for token in text.chain(control.iter().copied()) {
        words[token.index() / 32] |= 1 << (token.0 % 32);
    }
    TokenMask::from_words(words)
}

/// The constraint as it stood at the last few token boundaries, to judge a stop sequence that began there or later.
#[derive(Default)]
pub(super) struct Forks(VecDeque<(usize, Constraint)>);

impl Forks {
    /// Notes the constraint before the token at `offset`. No stop sequence yet to be found is longer than `longest`.
    fn note(&mut self, offset: usize, constraint: &Constraint, longest: usize) {
        let earliest = (offset + 1).saturating_sub(longest);
        while self.0.get(1).is_some_and(|(next, _)| *next <= earliest) {
            self.0.pop_front();
        }
        self.0.push_back((offset, constraint.clone()));
    }

    /// Whether the text before `at` is a sentence.
    fn is_sentence(&self, text: &[u8], at: usize) -> bool {
        let Some((offset, fork)) = self.0.iter().rev().find(|(offset, _)| *offset <= at) else {
            return false;
        };
        let mut fork = fork.clone();
        fork.accept_bytes(&text[*offset..at]).is_ok() && fork.is_complete()
    }
}
