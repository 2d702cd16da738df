//! Everything memoised, in one piece: replaced as a whole when it is over the byte budget, and dropped when the last
//! sequence that reads in it has moved on.

use super::{
    StepError,
    evaluate::Results,
    masks::MaskTable,
    situations::{SituationId, SituationTable},
    tree::TreeTable,
};
use crate::{
    CompiledGrammar, TokenId, TokenMask, Vocabulary,
    recognizer::{Hypothesis, Reader, Tables},
};

/// One generation of memoised results.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) tables: Tables,
    pub(super) trees: TreeTable,
    pub(super) results: Results,
    pub(super) masks: MaskTable,
    pub(super) situations: SituationTable,
}

impl Generation {
    pub(super) fn new(grammar: &CompiledGrammar) -> Self {
        Self {
            tables: Tables::new(&grammar.lexer),
            trees: TreeTable::new(),
            results: Results::new(),
            masks: MaskTable::new(),
            situations: SituationTable::new(),
        }
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.tables.bytes()
            + self.trees.bytes()
            + self.results.bytes()
            + self.masks.bytes()
            + self.situations.bytes()
    }

    /// The situation of these hypotheses.
    pub(crate) fn situation(&self, hypotheses: &[Hypothesis]) -> SituationId {
        self.situations.of(hypotheses)
    }

    /// The hypotheses of a situation.
    #[inline]
    pub(crate) fn hypotheses(&self, situation: SituationId) -> &[Hypothesis] {
        self.situations.hypotheses(situation)
    }

    /// The situation after a token that is text, if it was taken lately.
    #[inline]
    pub(crate) fn step(&self, from: SituationId, token: TokenId) -> Option<SituationId> {
        self.situations.step(from, token)
    }

    /// Remembers a token taken.
    pub(crate) fn remember(&self, from: SituationId, token: TokenId, to: SituationId) {
        self.situations.set_step(from, token, to);
    }

    /// The mask of a situation. One seen before costs one look-up.
    #[inline]
    pub(crate) fn mask(
        &self,
        grammar: &CompiledGrammar,
        vocabulary: &Vocabulary,
        situation: SituationId,
    ) -> Result<u32, StepError> {
        match self.situations.mask(situation) {
            Some(known) => Ok(known),
            None => self.compute(grammar, vocabulary, situation),
        }
    }

    #[cold]
    fn compute(
        &self,
        grammar: &CompiledGrammar,
        vocabulary: &Vocabulary,
        situation: SituationId,
    ) -> Result<u32, StepError> {
        let hypotheses = self.hypotheses(situation);
        let reader = grammar.reader(&self.tables);
        let mut results = Vec::with_capacity(hypotheses.len());
        for hypothesis in hypotheses {
            results.push(self.result(reader, vocabulary, *hypothesis)?);
        }
        let complete = reader.is_complete(hypotheses);
        let mask = self.masks.make(self, vocabulary, results, complete);
        self.situations.set_mask(situation, mask);
        Ok(mask)
    }

    /// The interned mask of an id from [`mask`](Self::mask).
    pub(crate) fn interned(&self, mask: u32) -> &TokenMask {
        self.masks.get(mask)
    }

    /// The same situation in another generation.
    pub(crate) fn copy_to(
        &self,
        grammar: &CompiledGrammar,
        situation: SituationId,
        other: &Self,
    ) -> SituationId {
        let (lex, stacks) = (&other.tables.lex, &other.tables.stacks);
        let copy = |at: &Hypothesis| Hypothesis {
            config: self.tables.lex.copy_to(&grammar.lexer, at.config, lex),
            set: self.tables.stacks.copy_to(at.set, stacks),
        };
        let mut hypotheses: Vec<_> = self.hypotheses(situation).iter().map(copy).collect();
        hypotheses.sort_unstable();
        other.situation(&hypotheses)
    }

    fn result(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        at: Hypothesis,
    ) -> Result<u32, StepError> {
        let root = self.trees.root(reader, vocabulary, at.config);
        self.evaluate(reader, vocabulary, root, at.set)
    }
}
