//! Everything memoised, in one piece: replaced as a whole when it is over the byte budget, and dropped when the last
//! sequence that reads in it has moved on.

use std::sync::Arc;

use super::{
    StepError,
    grammar::{GrammarGeneration, Scratch},
};
use crate::{
    CompiledGrammar, Expected, TokenId, TokenMask, Vocabulary,
    ending::Found,
    schema::{CompiledSchema, SchemaGeneration, SchemaScratch, SchemaTables},
    situation::SituationId,
};

/// One generation of memoised results.
#[derive(Debug)]
pub(crate) enum Generation {
    /// Of a grammar.
    Grammar(Box<GrammarGeneration>),
    /// Of a schema.
    Schema(Box<SchemaGeneration>, Schema),
}

/// What a schema's generation needs of its automaton.
#[derive(Debug)]
pub(crate) struct Schema {
    compiled: Arc<CompiledSchema>,
    tables: Arc<SchemaTables>,
    vocabulary: Arc<Vocabulary>,
}

/// What one sequence keeps for its next step: room, and nothing that the step depends on.
#[derive(Debug, Default)]
pub(crate) struct Room {
    scratch: Scratch,
    schema_scratch: SchemaScratch,
    /// A mask written out, and the situation that it belongs to.
    mask: Option<(SituationId, TokenMask)>,
}

impl Clone for Room {
    /// A fork makes room of its own at its first step: many a fork takes none.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Generation {
    /// Nothing memoised of a grammar.
    pub(super) fn of_grammar(grammar: &Arc<CompiledGrammar>, vocabulary: &Arc<Vocabulary>) -> Self {
        Self::Grammar(Box::new(GrammarGeneration::new(grammar, vocabulary)))
    }

    /// Nothing memoised of a schema.
    pub(super) fn of_schema(
        schema: &Arc<CompiledSchema>,
        tables: &Arc<SchemaTables>,
        vocabulary: &Arc<Vocabulary>,
    ) -> Self {
        let (compiled, tables) = (Arc::clone(schema), Arc::clone(tables));
        let vocabulary = Arc::clone(vocabulary);
        Self::Schema(
            Box::new(SchemaGeneration::new(compiled.plan(), &tables)),
            Schema { compiled, tables, vocabulary },
        )
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Grammar(generation) => generation.bytes(),
            Self::Schema(generation, _) => generation.bytes(),
        }
    }

    /// The situation before any text.
    pub(crate) fn start(&self) -> SituationId {
        match self {
            Self::Grammar(generation) => generation.start(),
            Self::Schema(generation, _) => generation.start(),
        }
    }

    /// The situation after a token that is text, if it was taken lately.
    #[inline]
    pub(crate) fn step(&self, from: SituationId, token: TokenId) -> Option<SituationId> {
        match self {
            Self::Grammar(generation) => generation.situations.step(from, token),
            Self::Schema(generation, _) => generation.situations().step(from, token),
        }
    }

    /// Remembers a token taken.
    pub(crate) fn remember(&self, from: SituationId, token: TokenId, to: SituationId) {
        match self {
            Self::Grammar(generation) => generation.situations.set_step(from, token, to),
            Self::Schema(generation, _) => generation.situations().set_step(from, token, to),
        }
    }

    /// The mask of a situation, written out into the sequence's room.
    ///
    /// # Errors
    /// A limit.
    #[inline]
    pub(crate) fn mask<'a>(
        &self,
        situation: SituationId,
        room: &'a mut Room,
    ) -> Result<&'a TokenMask, StepError> {
        let mask = match room.mask.take() {
            Some((of, mask)) if of == situation => mask,
            before => self.write_out(situation, before.map(|(_, mask)| mask))?,
        };
        Ok(&room.mask.insert((situation, mask)).1)
    }

    /// The mask of a situation in the row of the step before: a warm step allocates nothing.
    fn write_out(
        &self,
        situation: SituationId,
        before: Option<TokenMask>,
    ) -> Result<TokenMask, StepError> {
        let words = match self {
            Self::Grammar(generation) => generation.words(),
            Self::Schema(_, schema) => schema.vocabulary.words(),
        };
        let mut words = before.map_or_else(|| vec![0; words], TokenMask::into_words);
        match self {
            Self::Grammar(generation) => generation.write_out(situation, words),
            Self::Schema(..) => {
                self.fill(situation, &mut words)?;
                Ok(TokenMask::from_words(words))
            }
        }
    }

    /// Writes the mask of a situation into a row, which must be as long as the vocabulary is wide or longer.
    ///
    /// # Errors
    /// The row is too short; a limit.
    #[inline]
    pub(crate) fn fill(&self, situation: SituationId, row: &mut [u32]) -> Result<(), StepError> {
        let of = row.len();
        let short = |needed: usize| StepError::Row { words: of, needed };
        match self {
            Self::Grammar(generation) => {
                let words = generation.words();
                let (head, tail) = row.split_at_mut_checked(words).ok_or(short(words))?;
                generation.mask(situation)?.write(head);
                tail.fill(0);
            }
            Self::Schema(generation, Schema { compiled, tables, vocabulary }) => {
                let words = vocabulary.words();
                let (head, tail) = row.split_at_mut_checked(words).ok_or(short(words))?;
                let limit = compiled.limits().step_work;
                generation
                    .fill(tables, vocabulary, situation, limit, head)
                    .map_err(|_| StepError::Limit { limit })?;
                if let Some(error) = compiled.plan().failure() {
                    return Err(StepError::Schema(Box::new(error.clone())));
                }
                tail.fill(0);
            }
        }
        Ok(())
    }

    /// The situation after some bytes.
    ///
    /// # Errors
    /// The index of the first byte that does not fit, and what was expected there.
    pub(crate) fn advance(
        &self,
        from: SituationId,
        bytes: &[u8],
        room: &mut Room,
    ) -> Result<SituationId, (usize, Expected)> {
        match self {
            Self::Grammar(generation) => generation.advance(from, bytes, &mut room.scratch),
            Self::Schema(generation, _) => {
                generation.advance(from, bytes, &mut room.schema_scratch)
            }
        }
    }

    /// Whether some bytes can come next.
    pub(crate) fn can_take(&self, from: SituationId, bytes: &[u8]) -> bool {
        match self {
            Self::Grammar(generation) => generation.can_take(from, bytes),
            Self::Schema(generation, _) => generation.can_take(from, bytes),
        }
    }

    /// Whether the text is a sentence.
    pub(crate) fn is_complete(&self, situation: SituationId) -> bool {
        match self {
            Self::Grammar(generation) => generation.is_complete(situation),
            Self::Schema(generation, _) => {
                let hypotheses = generation.situations().hypotheses(situation);
                generation.machine().any_complete(hypotheses)
            }
        }
    }

    /// Tokens that make the text a sentence, as few as were found.
    pub(crate) fn ending(&self, situation: SituationId) -> Found {
        match self {
            Self::Grammar(generation) => generation.ending(situation),
            Self::Schema(generation, schema) => generation.ending(situation, &schema.vocabulary),
        }
    }

    /// What may come next.
    pub(crate) fn expected(&self, situation: SituationId) -> Expected {
        match self {
            Self::Grammar(generation) => generation.expected(situation),
            Self::Schema(generation, _) => {
                generation.machine().expected(generation.situations().hypotheses(situation))
            }
        }
    }

    /// The bytes that must come next, at most `limit`.
    pub(crate) fn forced(&self, situation: SituationId, limit: usize) -> Vec<u8> {
        match self {
            Self::Grammar(generation) => generation.forced(situation, limit),
            Self::Schema(generation, _) => {
                generation.machine().forced(generation.situations().hypotheses(situation), limit)
            }
        }
    }

    /// What mostly comes next, where a schema tells.
    pub(crate) fn likely(&self, situation: SituationId) -> Option<Vec<u8>> {
        match self {
            Self::Grammar(_) => None,
            Self::Schema(generation, _) => {
                generation.machine().likely(generation.situations().hypotheses(situation))
            }
        }
    }

    /// The same situation in another generation of the same automaton.
    pub(crate) fn copy_to(&self, situation: SituationId, other: &Self) -> SituationId {
        match (self, other) {
            (Self::Grammar(from), Self::Grammar(to)) => from.copy_to(situation, to),
            (Self::Schema(from, _), Self::Schema(to, _)) => from.copy_to(situation, to),
            _ => unreachable!("invariant: the generations of one automaton are of one kind"),
        }
    }
}
