//! Reads one text.

use std::sync::Arc;

use super::{Allowance, CompiledGrammar, Expected, Hypothesis, Reader, Refusal, Tables};

/// Bytes between two looks at the memory that the tables take.
const CHECK_EVERY: usize = 4096;

/// Reads one text byte by byte. Cloning is a cheap fork.
#[derive(Clone, Debug)]
pub struct Recognizer {
    grammar: Arc<CompiledGrammar>,
    tables: Arc<Tables>,
    hypotheses: Vec<Hypothesis>,
    offset: usize,
}

impl Recognizer {
    pub(super) fn new(grammar: &Arc<CompiledGrammar>) -> Self {
        let tables = grammar.tables();
        Self { grammar: Arc::clone(grammar), tables, hypotheses: vec![Reader::START], offset: 0 }
    }

    fn reader<'a>(&'a self, allowance: &'a Allowance) -> Reader<'a> {
        self.grammar.reader(&self.tables, allowance)
    }

    /// Reads more bytes. On refusal nothing of them is taken. O(bytes), whatever was read before.
    ///
    /// # Errors
    /// Where the bytes leave the grammar, and what could have stood there; or where one byte took more work than
    /// [`Limits::step_work`](crate::Limits::step_work), which [`Expected::limit`] says.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let mut at = self.hypotheses.clone();
        let mut next = Vec::new();
        for (i, &byte) in bytes.iter().enumerate() {
            if i % CHECK_EVERY == 0 {
                self.move_to_roomier_tables(&mut at);
            }
            let allowance = self.grammar.allowance();
            let reader = self.reader(&allowance);
            reader.step(&at, byte, &mut next);
            if next.is_empty() || allowance.left() == 0 {
                let expected = reader.expected(&at);
                return Err(Refusal { offset: self.offset + i, found: Some(byte), expected });
            }
            std::mem::swap(&mut at, &mut next);
        }
        if let Some(&last) = bytes.last() {
            let allowance = self.grammar.allowance();
            let reader = self.reader(&allowance);
            if !reader.knows_the_end(&at) {
                let (offset, expected) = (self.offset + bytes.len() - 1, reader.expected(&at));
                return Err(Refusal { offset, found: Some(last), expected });
            }
        }
        self.hypotheses = at;
        self.offset += bytes.len();
        Ok(())
    }

    /// If the tables are full, goes on in new ones; `at` comes along, and so does the state to fall back to.
    fn move_to_roomier_tables(&mut self, at: &mut [Hypothesis]) {
        let tables = self.grammar.tables();
        if Arc::ptr_eq(&tables, &self.tables) {
            return;
        }
        let old = std::mem::replace(&mut self.tables, tables);
        for hypothesis in at.iter_mut().chain(&mut self.hypotheses) {
            *hypothesis = Hypothesis {
                config: old.lex.copy_to(&self.grammar.lexer, hypothesis.config, &self.tables.lex),
                set: old.stacks.copy_to(hypothesis.set, &self.tables.stacks),
            };
        }
        at.sort_unstable();
        self.hypotheses.sort_unstable();
    }

    /// Whether the text read so far is a sentence.
    pub fn is_complete(&self) -> bool {
        self.reader(&self.grammar.allowance()).is_complete(&self.hypotheses)
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        self.reader(&self.grammar.allowance()).expected(&self.hypotheses)
    }

    /// The bytes that must come next, up to the first choice (at most `limit`); empty where there is a choice or an end.
    pub fn forced(&self, limit: usize) -> Vec<u8> {
        self.reader(&self.grammar.allowance()).forced(&self.hypotheses, limit)
    }

    /// Whether this and the rest of the text make a sentence, else where it fails.
    ///
    /// # Errors
    /// As [`push`](Self::push); with `found: None` where the text ends too early.
    pub fn check(mut self, text: &[u8]) -> Result<(), Refusal> {
        self.push(text)?;
        if self.is_complete() {
            return Ok(());
        }
        Err(Refusal { offset: self.offset, found: None, expected: self.expected() })
    }
}
