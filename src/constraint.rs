//! One sequence under a grammar: mask, accept, fork.

use std::sync::Arc;

pub use crate::automaton::StepError;
use crate::{
    Automaton, Expected, Refusal, TokenId, TokenMask,
    automaton::Generation,
    recognizer::{Hypothesis, Reader},
};

/// The state of one sequence. Cloning is a cheap fork (a few words); nothing has to be undone.
#[derive(Clone, Debug)]
pub struct Constraint {
    automaton: Arc<Automaton>,
    generation: Arc<Generation>,
    hypotheses: Vec<Hypothesis>,
    /// Scratch of one step: a warm step allocates nothing.
    scratch: [Vec<Hypothesis>; 2],
    /// Texts taken since the memory was last looked at.
    since_check: u32,
    /// The mask of this state, once asked for.
    mask: Option<u32>,
    offset: usize,
    ended: bool,
}

impl PartialEq for Constraint {
    /// Whether the two sequences stand in the same state of the same automaton: they allow the same continuations.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.generation, &other.generation)
            && self.hypotheses == other.hypotheses
            && self.ended == other.ended
    }
}

impl Constraint {
    pub(crate) fn new(automaton: &Arc<Automaton>) -> Self {
        Self {
            generation: automaton.generation(),
            automaton: Arc::clone(automaton),
            hypotheses: vec![Reader::START],
            scratch: [Vec::new(), Vec::new()],
            since_check: 0,
            mask: None,
            offset: 0,
            ended: false,
        }
    }

    fn reader(&self) -> Reader<'_> {
        self.automaton.grammar().reader(&self.generation.tables)
    }

    /// The tokens allowed next. End tokens are in it exactly where the text is a sentence. Borrowed from the automaton; a
    /// situation met before, by any sequence, costs one look-up.
    ///
    /// # Errors
    /// The sequence has ended, or the limit on the work of one step was reached.
    pub fn mask(&mut self) -> Result<&TokenMask, StepError> {
        if self.ended {
            return Err(StepError::Ended);
        }
        let mask = match self.mask {
            Some(mask) => mask,
            None => {
                let automaton = &self.automaton;
                self.generation.mask(
                    automaton.grammar(),
                    automaton.vocabulary(),
                    &self.hypotheses,
                )?
            }
        };
        self.mask = Some(mask);
        Ok(self.generation.interned(mask))
    }

    /// Writes the mask as bits: bit `t % 32` of word `t / 32` is token `t` (the layout of vLLM, XGrammar, llguidance).
    /// Words beyond the vocabulary's width are cleared. One copy.
    ///
    /// # Errors
    /// As [`mask`](Self::mask). A row too short for the vocabulary is an error too (never truncated silently).
    pub fn fill(&mut self, row: &mut [u32]) -> Result<(), StepError> {
        let words = self.mask()?.words();
        let Some((head, tail)) = row.split_at_mut_checked(words.len()) else {
            return Err(StepError::Row { words: row.len(), needed: words.len() });
        };
        head.copy_from_slice(words);
        tail.fill(0);
        Ok(())
    }

    /// Takes a token; an end token ends the sequence. O(bytes of the token).
    ///
    /// # Errors
    /// The token is not in the mask; it says where it fails and what was expected.
    pub fn accept(&mut self, token: TokenId) -> Result<(), StepError> {
        if self.ended {
            return Err(StepError::Ended);
        }
        let vocabulary = self.automaton.vocabulary();
        let bytes = vocabulary.bytes(token);
        if vocabulary.is_special(token) || bytes.is_empty() {
            let ends = vocabulary.end_tokens().binary_search(&token).is_ok();
            if !ends || !self.is_complete() {
                return Err(StepError::NotText { token });
            }
            self.ended = true;
            return Ok(());
        }
        let length = bytes.len();
        match advance(&self.automaton, &self.generation, &self.hypotheses, &mut self.scratch, bytes)
        {
            Ok(()) => self.take(length),
            Err(at) => {
                let refusal = Box::new(self.refusal(bytes[at], at));
                return Err(StepError::Refused { token, refusal });
            }
        }
        Ok(())
    }

    /// Takes text that is not cut into tokens. Nothing of it is taken if it is refused, or if the sequence has ended.
    ///
    /// # Errors
    /// Where the bytes leave the grammar, and what could have stood there.
    pub fn accept_bytes(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.ended
            && let Some(&byte) = bytes.first()
        {
            let expected = Expected { terminals: Vec::new(), end: true };
            return Err(Refusal { offset: self.offset, found: Some(byte), expected });
        }
        match advance(&self.automaton, &self.generation, &self.hypotheses, &mut self.scratch, bytes)
        {
            Ok(()) => {
                self.take(bytes.len());
                Ok(())
            }
            Err(at) => Err(self.refusal(bytes[at], at)),
        }
    }

    /// Makes the result of [`advance`] the state.
    #[inline]
    fn take(&mut self, length: usize) {
        /// Texts between two looks at the memory, which sums many counters.
        const CHECK_EVERY: u32 = 256;
        if self.scratch[0] != self.hypotheses {
            self.mask = None;
            std::mem::swap(&mut self.scratch[0], &mut self.hypotheses);
        }
        self.offset += length;
        self.since_check += 1;
        if self.since_check >= CHECK_EVERY {
            self.since_check = 0;
            if self.generation.bytes() > self.automaton.grammar().limits().automaton_bytes {
                self.move_on();
            }
        }
    }

    /// The refusal of a byte, after [`advance`] stopped before it.
    #[cold]
    fn refusal(&self, byte: u8, at: usize) -> Refusal {
        let expected = self.reader().expected(&self.scratch[0]);
        Refusal { offset: self.offset + at, found: Some(byte), expected }
    }

    /// The tables are full: goes on in new ones.
    #[cold]
    fn move_on(&mut self) {
        let generation = self.automaton.generation();
        if !Arc::ptr_eq(&generation, &self.generation) {
            let grammar = self.automaton.grammar();
            self.generation.copy_to(grammar, &mut self.hypotheses, &generation);
            self.generation = generation;
            self.mask = None;
        }
    }

    /// Whether the text is a sentence.
    pub fn is_complete(&self) -> bool {
        self.reader().is_complete(&self.hypotheses)
    }

    /// Whether an end token was accepted.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The bytes that must come next, up to the first choice (at most `limit`); empty where there is a choice or an end.
    pub fn forced(&self, limit: usize) -> Vec<u8> {
        self.reader().forced(&self.hypotheses, limit)
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        self.reader().expected(&self.hypotheses)
    }

    /// Why these bytes cannot come next; `None` if they can.
    pub fn explain(&self, bytes: &[u8]) -> Option<Refusal> {
        self.clone().accept_bytes(bytes).err()
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

/// Reads bytes from `from` into `scratch[0]`; `Err` is the index of the byte that does not fit, with `scratch[0]` standing
/// before it.
#[inline]
fn advance(
    automaton: &Automaton,
    generation: &Generation,
    from: &[Hypothesis],
    scratch: &mut [Vec<Hypothesis>; 2],
    bytes: &[u8],
) -> Result<(), usize> {
    let reader = automaton.grammar().reader(&generation.tables);
    let [at, next] = scratch;
    at.clear();
    at.extend_from_slice(from);
    for (i, &byte) in bytes.iter().enumerate() {
        reader.step(at, byte, next);
        if next.is_empty() {
            return Err(i);
        }
        std::mem::swap(at, next);
    }
    Ok(())
}
