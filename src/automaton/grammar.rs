//! What is memoised of a grammar over a vocabulary, in one piece.

use std::sync::{Arc, OnceLock};

use super::{
    StepError,
    ending::Ends,
    evaluate::suffices,
    fates::Fates,
    masks::{Mask, MaskTable},
    results::Results,
    tree::TreeTable,
};
use crate::{
    CompiledGrammar, TokenMask, Vocabulary,
    ending::{Endings, Found},
    recognizer::{Allowance, Expected, Hypothesis, Reader, Tables},
    situation::{SituationId, SituationTable},
};

/// Slots for steps taken lately: 128 KiB. A long document of records takes some thousands of different ones.
const STEPS: usize = 1 << 14;

/// One generation of memoised results.
#[derive(Debug)]
pub(crate) struct GrammarGeneration {
    grammar: Arc<CompiledGrammar>,
    vocabulary: Arc<Vocabulary>,
    pub(super) tables: Tables,
    pub(super) trees: TreeTable,
    pub(super) fates: Fates,
    pub(super) results: Results,
    pub(super) masks: MaskTable,
    pub(super) situations: SituationTable<Hypothesis, u32>,
    /// What endings are made of, and those found; made when one is asked for.
    endings: OnceLock<Box<(Ends, Endings)>>,
}

/// Room for the hypotheses of one step: a warm step allocates nothing.
pub(super) type Scratch = [Vec<Hypothesis>; 2];

impl GrammarGeneration {
    /// Nothing memoised.
    pub(super) fn new(grammar: &Arc<CompiledGrammar>, vocabulary: &Arc<Vocabulary>) -> Self {
        Self {
            tables: Tables::new(&grammar.lexer, grammar.limits().step_work),
            grammar: Arc::clone(grammar),
            vocabulary: Arc::clone(vocabulary),
            trees: TreeTable::new(),
            fates: Fates::new(),
            results: Results::new(),
            masks: MaskTable::new(vocabulary.words()),
            situations: SituationTable::new(STEPS, STEPS),
            endings: OnceLock::new(),
        }
    }

    /// What it reads by.
    pub(super) fn grammar(&self) -> &CompiledGrammar {
        &self.grammar
    }

    /// The tokens.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub(super) fn reader<'a>(&'a self, allowance: &'a Allowance) -> Reader<'a> {
        self.grammar.reader(&self.tables, allowance)
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.tables.bytes()
            + self.trees.bytes()
            + self.fates.bytes()
            + self.results.bytes()
            + self.masks.bytes()
            + self.situations.bytes()
            + self.endings.get().map_or(0, |known| known.0.bytes() + known.1.bytes())
    }

    /// The situation before any text.
    pub(super) fn start(&self) -> SituationId {
        self.situations.of(&[Reader::START])
    }

    /// The words of a mask.
    pub(super) fn words(&self) -> usize {
        self.vocabulary.words()
    }

    /// The mask of a situation. One seen before costs one look-up.
    #[inline]
    pub(super) fn mask(&self, situation: SituationId) -> Result<Mask<'_>, StepError> {
        Ok(self.masks.get(self.mask_number(situation)?))
    }

    /// The mask of a situation in words of another one.
    pub(super) fn write_out(
        &self,
        situation: SituationId,
        words: Vec<u32>,
    ) -> Result<TokenMask, StepError> {
        Ok(self.masks.write_out(self.mask_number(situation)?, words))
    }

    #[inline]
    fn mask_number(&self, situation: SituationId) -> Result<u32, StepError> {
        match self.situations.mask(situation) {
            Some(known) => Ok(*known),
            None => self.compute(situation),
        }
    }

    #[cold]
    fn compute(&self, situation: SituationId) -> Result<u32, StepError> {
        let hypotheses = self.situations.hypotheses(situation);
        let allowance = self.grammar.allowance();
        let (reader, vocabulary) = (self.reader(&allowance), self.vocabulary.as_ref());
        let mut results = Vec::with_capacity(hypotheses.len());
        for hypothesis in hypotheses {
            results.push(self.result(reader, vocabulary, *hypothesis)?);
        }
        let complete = reader.is_complete(hypotheses);
        suffices(reader)?;
        let mask = self.masks.make(self, vocabulary, results, complete);
        self.situations.set_mask(situation, mask);
        Ok(mask)
    }

    /// The situation after some bytes.
    ///
    /// # Errors
    /// The index of the first byte that does not fit, and what was expected there; or of the one at which the limit on the
    /// work of one step was reached, which [`Expected::limit`] says.
    pub(super) fn advance(
        &self,
        from: SituationId,
        bytes: &[u8],
        scratch: &mut Scratch,
    ) -> Result<SituationId, (usize, Expected)> {
        let allowance = self.grammar.allowance();
        let reader = self.reader(&allowance);
        let before = self.situations.hypotheses(from);
        let [at, next] = scratch;
        at.clear();
        at.extend_from_slice(before);
        for (i, &byte) in bytes.iter().enumerate() {
            reader.step(at, byte, next);
            if next.is_empty() || allowance.left() == 0 {
                return Err((i, reader.expected(at)));
            }
            std::mem::swap(at, next);
        }
        if let Some(last) = bytes.len().checked_sub(1)
            && !reader.knows_the_end(at)
        {
            return Err((last, reader.expected(at)));
        }
        Ok(if at == before { from } else { self.situations.of(at) })
    }

    /// Whether some bytes can come next.
    pub(super) fn can_take(&self, from: SituationId, bytes: &[u8]) -> bool {
        let allowance = self.grammar.allowance();
        let (reader, mut next) = (self.reader(&allowance), Vec::new());
        let mut at = self.situations.hypotheses(from).to_vec();
        bytes.iter().all(|&byte| {
            reader.step(&at, byte, &mut next);
            std::mem::swap(&mut at, &mut next);
            !at.is_empty() && allowance.left() > 0
        })
    }

    /// Whether the text is a sentence.
    pub(super) fn is_complete(&self, situation: SituationId) -> bool {
        self.reader(&self.grammar.allowance()).is_complete(self.situations.hypotheses(situation))
    }

    /// What may come next.
    pub(super) fn expected(&self, situation: SituationId) -> Expected {
        self.reader(&self.grammar.allowance()).expected(self.situations.hypotheses(situation))
    }

    /// The bytes that must come next, at most `limit`.
    pub(super) fn forced(&self, situation: SituationId, limit: usize) -> Vec<u8> {
        self.reader(&self.grammar.allowance()).forced(self.situations.hypotheses(situation), limit)
    }

    /// Tokens that make the text a sentence.
    pub(super) fn ending(&self, situation: SituationId) -> Found {
        let start = self.situations.hypotheses(situation);
        let (ends, endings) = &**self.endings.get_or_init(Box::default);
        let allowance = self.grammar.allowance();
        let reading = || ends.reading(self.reader(&allowance), &self.vocabulary);
        endings.of(situation, start, &self.vocabulary, reading)
    }

    /// The same situation in another generation.
    pub(super) fn copy_to(&self, situation: SituationId, other: &Self) -> SituationId {
        let (lex, stacks) = (&other.tables.lex, &other.tables.stacks);
        let copy = |at: &Hypothesis| Hypothesis {
            config: self.tables.lex.copy_to(&self.grammar.lexer, at.config, lex),
            set: self.tables.stacks.copy_to(at.set, stacks),
        };
        let mut hypotheses: Vec<_> =
            self.situations.hypotheses(situation).iter().map(copy).collect();
        hypotheses.sort_unstable();
        other.situations.of(&hypotheses)
    }

    /// The list of groups that a hypothesis allows.
    pub(super) fn result(
        &self,
        reader: Reader<'_>,
        vocabulary: &Vocabulary,
        at: Hypothesis,
    ) -> Result<u32, StepError> {
        let root = self.trees.root(reader, vocabulary, at.config);
        self.evaluate(reader, vocabulary, root, at.set)
    }
}
