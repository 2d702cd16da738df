//! One sequence under a grammar: mask, accept, fork.

use std::sync::Arc;

pub use crate::automaton::StepError;
use crate::{
    Automaton, Ending, Expected, Refusal, TokenId, TokenMask,
    automaton::{Generation, Room},
    ending::Found,
    situation::SituationId,
};

/// The state of one sequence. Cloning is a cheap fork (a few words); nothing has to be undone.
#[derive(Clone, Debug)]
pub struct Constraint {
    automaton: Arc<Automaton>,
    generation: Arc<Generation>,
    situation: SituationId,
    /// Scratch of one step: a step that is not remembered allocates nothing here either.
    room: Room,
    /// Texts taken since the memory was last looked at.
    since_check: u32,
    offset: usize,
    ended: bool,
}

impl PartialEq for Constraint {
    /// Whether the two sequences stand in the same state of the same automaton: they allow the same continuations.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.generation, &other.generation)
            && self.situation == other.situation
            && self.ended == other.ended
    }
}

impl Constraint {
    /// A number for each state of each automaton, to bring equal sequences together.
    pub(crate) fn state(&self) -> (usize, SituationId, bool) {
        (Arc::as_ptr(&self.generation).addr(), self.situation, self.ended)
    }

    pub(crate) fn new(automaton: &Arc<Automaton>) -> Self {
        let generation = automaton.generation();
        Self {
            situation: generation.start(),
            generation,
            automaton: Arc::clone(automaton),
            room: Room::default(),
            since_check: 0,
            offset: 0,
            ended: false,
        }
    }

    /// The tokens allowed next. End tokens are in it exactly where the text is a sentence. Written out into the sequence's own
    /// row; a situation met before, by any sequence, costs one look-up and one copy, and asked for again nothing.
    ///
    /// # Errors
    /// The sequence has ended, or the limit on the work of one step was reached.
    pub fn mask(&mut self) -> Result<&TokenMask, StepError> {
        if self.ended {
            return Err(StepError::Ended);
        }
        self.generation.mask(self.situation, &mut self.room)
    }

    /// Writes the mask as bits: bit `t % 32` of word `t / 32` is token `t` (the layout of vLLM, XGrammar, llguidance).
    /// Words beyond the vocabulary's width are cleared. Cost as of [`mask`](Self::mask).
    ///
    /// # Errors
    /// As [`mask`](Self::mask). A row too short for the vocabulary is an error too (never truncated silently).
    pub fn fill(&mut self, row: &mut [u32]) -> Result<(), StepError> {
        if self.ended {
            return Err(StepError::Ended);
        }
        self.generation.fill(self.situation, row)
    }

    /// Takes a token; an end token ends the sequence. O(bytes of the token), or one look-up if the token was taken in the
    /// same situation lately, by any sequence.
    ///
    /// # Errors
    /// The token is not in the mask; it says where it fails and what was expected.
    #[inline]
    pub fn accept(&mut self, token: TokenId) -> Result<(), StepError> {
        if self.ended {
            return Err(StepError::Ended);
        }
        let Some(next) = self.generation.step(self.situation, token) else {
            return self.read(token);
        };
        self.situation = next;
        self.taken(self.automaton.vocabulary().bytes(token).len());
        Ok(())
    }

    /// [`accept`](Self::accept), byte by byte.
    fn read(&mut self, token: TokenId) -> Result<(), StepError> {
        let automaton = Arc::clone(&self.automaton);
        let vocabulary = automaton.vocabulary();
        let bytes = vocabulary.bytes(token);
        if vocabulary.is_special(token) || bytes.is_empty() {
            let ends = vocabulary.end_tokens().binary_search(&token).is_ok();
            if !ends || !self.is_complete() {
                return Err(StepError::NotText { token });
            }
            self.ended = true;
            return Ok(());
        }
        match self.advance(bytes) {
            Ok(next) => {
                self.generation.remember(self.situation, token, next);
                self.situation = next;
                self.taken(bytes.len());
                Ok(())
            }
            Err(refusal) => Err(match refusal.expected.limit {
                Some(limit) => StepError::Limit { limit },
                None => StepError::Refused { token, refusal: Box::new(refusal) },
            }),
        }
    }

    /// Takes text that is not cut into tokens. Nothing of it is taken if it is refused, or if the sequence has ended.
    ///
    /// # Errors
    /// Where the bytes leave the grammar, and what could have stood there.
    pub fn accept_bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.ended
            && let Some(&byte) = bytes.first()
        {
            let expected = Expected { end: true, ..Expected::default() };
            return Err(Refusal { offset: self.offset, found: Some(byte), expected });
        }
        self.situation = self.advance(bytes)?;
        self.taken(bytes.len());
        Ok(())
    }

    /// The situation after these bytes.
    fn advance(&mut self, bytes: &[u8]) -> Result<SituationId, Refusal> {
        let refusal = |(at, expected): (usize, Expected)| Refusal {
            offset: self.offset + at,
            found: Some(bytes[at]),
            expected,
        };
        self.generation.advance(self.situation, bytes, &mut self.room).map_err(refusal)
    }

    /// Counts text taken.
    #[inline]
    fn taken(&mut self, length: usize) {
        /// Texts between two looks at the memory, which sums many counters.
        const CHECK_EVERY: u32 = 256;
        self.offset += length;
        self.since_check += 1;
        if self.since_check >= CHECK_EVERY {
            self.since_check = 0;
            if self.generation.bytes() > self.automaton.limits().automaton_bytes {
                self.move_on();
            }
        }
    }

    /// The tables are full: goes on in new ones.
    #[cold]
    fn move_on(&mut self) {
        let generation = self.automaton.generation();
        if !Arc::ptr_eq(&generation, &self.generation) {
            self.situation = self.generation.copy_to(self.situation, &generation);
            self.generation = generation;
            // It may hold a mask by the number of a situation, which means another one there.
            self.room = Room::default();
        }
    }

    /// Whether the text is a sentence.
    pub fn is_complete(&self) -> bool {
        self.generation.is_complete(self.situation)
    }

    /// Whether an end token was accepted.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The bytes that must come next, up to the first choice (at most `limit`); empty where there is a choice or an end.
    pub fn forced(&self, limit: usize) -> Vec<u8> {
        self.generation.forced(self.situation, limit)
    }

    /// The bytes that mostly come next, where a schema tells: the next member's name. They can come.
    pub(crate) fn likely(&self) -> Option<Vec<u8>> {
        self.generation.likely(self.situation)
    }

    /// Tokens that make the text a sentence: as few as were found, which is mostly the least number (`docs/token-budget.md`).
    /// They have been tried: all of them can come next, one after another. Empty where the text is a sentence; `None` if none
    /// were found, or the sequence has ended. The first time in a situation: a search of some tens of microseconds; the very
    /// first time for a grammar: some milliseconds.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, library};
    /// # let tokens = ["[", "]", "1", "]]", "</s>"].map(|t| t.as_bytes().to_vec()).to_vec();
    /// # let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[TokenId(4)])?);
    /// # let json = library::grammar("json", &Limits::default())?;
    /// let automaton = Automaton::new(&json, vocabulary, &Limits::default())?;
    /// let mut sequence = automaton.constraint();
    /// sequence.accept_bytes(b"[[1")?;
    /// let ending = sequence.ending().expect("it can be ended");
    /// assert_eq!(ending.tokens(), [TokenId(3)]); // "]]"
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ending(&self) -> Option<Arc<Ending>> {
        if self.ended { None } else { self.generation.ending(self.situation).ending }
    }

    /// Where a token of text leads; `None` where it is not allowed.
    pub(crate) fn situation_after(&mut self, token: TokenId) -> Option<SituationId> {
        let vocabulary = self.automaton.vocabulary();
        if self.ended || vocabulary.is_special(token) || vocabulary.bytes(token).is_empty() {
            return None;
        }
        if let Some(next) = self.generation.step(self.situation, token) {
            return Some(next);
        }
        let bytes = vocabulary.bytes(token);
        let next = self.generation.advance(self.situation, bytes, &mut self.room).ok()?;
        self.generation.remember(self.situation, token, next);
        Some(next)
    }

    /// The [`ending`](Self::ending) of a situation that a token led to, and what it cost to find.
    pub(crate) fn ending_of(&self, situation: SituationId) -> Found {
        self.generation.ending(situation)
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        self.generation.expected(self.situation)
    }

    /// Why these bytes cannot come next; `None` if they can.
    pub fn explain(&self, bytes: &[u8]) -> Option<Refusal> {
        self.clone().accept_bytes(bytes).err()
    }

    /// Whether these bytes can come next: [`explain`](Self::explain) without a reason.
    pub(crate) fn can_take(&self, bytes: &[u8]) -> bool {
        self.generation.can_take(self.situation, bytes)
    }

    /// Bytes of text accepted so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The automaton.
    pub fn automaton(&self) -> &Arc<Automaton> {
        &self.automaton
    }
}
