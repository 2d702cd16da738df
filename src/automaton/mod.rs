//! The token-level automaton: (lexer configuration x parser stack) -> mask; all memoisation of tokens lives here.
//!
//! The lexer's part of a mask does not depend on the parser, so it is tabulated: one walk of the vocabulary trie per lexer
//! configuration gives a *terminal-sequence tree* (`tree`). The parser's part walks that tree and never touches a token
//! (`evaluate`); its results are memoised per tree node by the part of the stack that was looked at. What comes out is a
//! list of token groups, and equal lists are one mask (`masks`).

mod cache;
mod ending;
mod error;
mod evaluate;
mod fates;
mod generation;
mod grammar;
mod masks;
mod results;
mod saved;
mod schema;
mod stats;
mod tree;

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    CompiledGrammar, Limits, Vocabulary,
    grammar::{CompileError, Grammar},
    schema::{CompiledSchema, SchemaTables},
};

pub use cache::CacheStats;
pub use error::StepError;
pub(crate) use generation::{Generation, Room};
pub use saved::LoadError;
pub use schema::SchemaCompiler;
pub use stats::AutomatonStats;

/// What an automaton is made of.
#[derive(Debug)]
enum Source {
    Grammar(Arc<CompiledGrammar>),
    Schema(Arc<CompiledSchema>, Arc<SchemaTables>),
}

/// One grammar or one JSON Schema over one vocabulary, shared by all threads and requests. What one sequence computes, all
/// others find.
#[derive(Debug)]
pub struct Automaton {
    source: Source,
    vocabulary: Arc<Vocabulary>,
    generation: RwLock<Arc<Generation>>,
    /// What it was loaded with, for the next generation; none if that is so large that the next one would soon be full.
    saved: Option<Box<[u8]>>,
}

impl Automaton {
    /// Compiles a grammar for a vocabulary. Cost: that of [`CompiledGrammar::new`]; everything else is built when it is
    /// first needed.
    ///
    /// # Errors
    /// As [`CompiledGrammar::new`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use constrained_gen::{Automaton, Limits, TokenId, Vocabulary, library};
    ///
    /// let tokens = ["[", "]", "1", "1,", "tru", "x", "</s>"].map(|t| t.as_bytes().to_vec()).to_vec();
    /// let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[TokenId(6)])?);
    /// let json = library::grammar("json", &Limits::default())?;
    /// let automaton = Automaton::new(&json, vocabulary, &Limits::default())?;
    /// let mut sequence = automaton.constraint();
    /// sequence.accept(TokenId(0))?;
    /// let allowed: Vec<u32> = sequence.mask()?.iter().map(|t| t.0).collect();
    /// assert_eq!(allowed, [0, 1, 2, 3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        grammar: &Grammar,
        vocabulary: Arc<Vocabulary>,
        limits: &Limits,
    ) -> Result<Arc<Self>, CompileError> {
        Ok(Self::of(CompiledGrammar::new(grammar, limits)?, vocabulary))
    }

    /// The automaton of a grammar that was compiled before, for one vocabulary more.
    pub fn of(grammar: Arc<CompiledGrammar>, vocabulary: Arc<Vocabulary>) -> Arc<Self> {
        Self::over(Source::Grammar(grammar), vocabulary)
    }

    /// The automaton of a schema; the tables are those of the vocabulary.
    pub(crate) fn of_schema(
        schema: Arc<CompiledSchema>,
        tables: Arc<SchemaTables>,
        vocabulary: Arc<Vocabulary>,
    ) -> Arc<Self> {
        Self::over(Source::Schema(schema, tables), vocabulary)
    }

    fn over(source: Source, vocabulary: Arc<Vocabulary>) -> Arc<Self> {
        let generation = RwLock::new(Arc::new(source.generation(&vocabulary)));
        Arc::new(Self { source, vocabulary, generation, saved: None })
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// The byte-level grammar underneath, if it is one.
    pub fn grammar(&self) -> Option<&Arc<CompiledGrammar>> {
        match &self.source {
            Source::Grammar(grammar) => Some(grammar),
            Source::Schema(..) => None,
        }
    }

    /// The schema underneath, if it is one.
    pub fn schema(&self) -> Option<&Arc<CompiledSchema>> {
        match &self.source {
            Source::Grammar(_) => None,
            Source::Schema(schema, _) => Some(schema),
        }
    }

    /// The limits it was compiled under.
    pub fn limits(&self) -> &Limits {
        match &self.source {
            Source::Grammar(grammar) => grammar.limits(),
            Source::Schema(schema, _) => schema.limits(),
        }
    }

    /// How much is memoised.
    pub fn stats(&self) -> AutomatonStats {
        match (self.current().as_ref(), &self.source) {
            (Generation::Grammar(generation), Source::Grammar(grammar)) => {
                AutomatonStats::of_grammar(grammar, generation)
            }
            (Generation::Schema(generation, _), _) => AutomatonStats::of_schema(generation),
            _ => AutomatonStats::default(),
        }
    }

    fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.generation.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The generation in use, a new one if it is over the budget. What was loaded is loaded again.
    pub(crate) fn generation(&self) -> Arc<Generation> {
        let budget = self.limits().automaton_bytes;
        let budget = budget - self.saved.as_ref().map_or(0, |saved| saved.len().min(budget));
        let generation = self.current();
        if generation.bytes() <= budget {
            return generation;
        }
        let mut current = self.generation.write().unwrap_or_else(PoisonError::into_inner);
        if current.bytes() > budget {
            let again = self.load_again();
            let next = again.unwrap_or_else(|| self.source.generation(&self.vocabulary));
            *current = Arc::new(next);
        }
        Arc::clone(&current)
    }
}

impl Source {
    fn generation(&self, vocabulary: &Arc<Vocabulary>) -> Generation {
        match self {
            Self::Grammar(grammar) => Generation::of_grammar(grammar, vocabulary),
            Self::Schema(schema, tables) => Generation::of_schema(schema, tables, vocabulary),
        }
    }
}
