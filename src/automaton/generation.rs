//! Everything memoised, in one piece: replaced as a whole when it is over the byte budget, and dropped when the last
//! sequence that reads in it has moved on.

use super::{StepError, evaluate::Results, masks::MaskTable, tree::TreeTable};
use crate::{
    CompiledGrammar, TokenMask, Vocabulary,
    recognizer::{Hypothesis, Reader, Tables},
};

/// One generation of memoised results.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) tables: Tables,
    pub(super) trees: TreeTable,
    pub(super) results: Results,
    pub(super) masks: MaskTable,
}

impl Generation {
    pub(super) fn new(grammar: &CompiledGrammar) -> Self {
        Self {
            tables: Tables::new(&grammar.lexer),
            trees: TreeTable::new(),
            results: Results::new(),
            masks: MaskTable::new(),
        }
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.tables.bytes() + self.trees.bytes() + self.results.bytes() + self.masks.bytes()
    }

    /// The mask of these hypotheses. A situation seen before costs one look-up.
    pub(crate) fn mask(
        &self,
        grammar: &CompiledGrammar,
        vocabulary: &Vocabulary,
        hypotheses: &[Hypothesis],
    ) -> Result<u32, StepError> {
        if let Some(known) = self.masks.find(hypotheses) {
            return Ok(known);
        }
        let reader = grammar.reader(&self.tables);
        let mut results = Vec::with_capacity(hypotheses.len());
        for hypothesis in hypotheses {
            results.push(self.result(reader, vocabulary, *hypothesis)?);
        }
        let complete = reader.is_complete(hypotheses);
        Ok(self.masks.make(self, vocabulary, hypotheses, results, complete))
    }

    /// The interned mask of an id from [`mask`](Self::mask).
    pub(crate) fn interned(&self, mask: u32) -> &TokenMask {
        self.masks.get(mask)
    }

    /// The same hypotheses in another generation.
    pub(crate) fn copy_to(
        &self,
        grammar: &CompiledGrammar,
        hypotheses: &mut [Hypothesis],
        other: &Self,
    ) {
        for hypothesis in hypotheses.iter_mut() {
            *hypothesis = Hypothesis {
                config: self.tables.lex.copy_to(
                    &grammar.lexer,
                    hypothesis.config,
                    &other.tables.lex,
                ),
                set: self.tables.stacks.copy_to(hypothesis.set, &other.tables.stacks),
            };
        }
        hypotheses.sort_unstable();
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
