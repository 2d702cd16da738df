//! A warmed automaton as bytes, and back: what costs a walk of the vocabulary is done once and not in every process.
//!
//! Saved are the lexer configurations, the terminal-sequence trees with their groups of tokens, what their configurations can
//! become, and the results of trees at LR states. Everything else (transitions, stacks, masks) is found out anew.
//!
//! What is promised of a file from elsewhere:
//!
//! * It is refused if it was made for another grammar, vocabulary or version: it names what its numbers refer to by a
//!   SHA-256 over the compiled grammar, the vocabulary and the format.
//! * It is refused if it was damaged: a SHA-256 covers all of it. That guards against accidents and not against forgery, as
//!   whoever forges a file can compute it too.
//! * Whatever its bytes are, loading neither panics nor takes more than [`Limits::automaton_bytes`], and neither does the
//!   automaton that comes of it: every length is compared with what is left, every id with its bound, and what must have no
//!   cycles has none.
//! * What text belongs to the grammar never depends on it: parser states are followed and not read, configurations are only
//!   names of themselves, and what they can become is asked for masks alone. A forged file can make a *mask* wrong, among
//!   the tokens that are text; special tokens stay out, and [`Constraint::accept`](crate::Constraint::accept) refuses what the
//!   grammar refuses.

mod error;
mod fates;
mod header;
mod results;
mod trees;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

pub use error::LoadError;

use super::{Automaton, Generation, Source, grammar::GrammarGeneration};
use crate::{
    CompiledGrammar, Limits, Vocabulary,
    codec::{Malformed, Reader, Writer},
    grammar::Grammar,
};

impl Automaton {
    /// What is memoised by now, as bytes to [load](Self::load) in another process; [`warm`](Self::warm) it before. `None` for
    /// the automaton of a schema. Cost: proportional to what is memoised.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use constrained_gen::{Automaton, Limits, Vocabulary, library};
    ///
    /// let tokens = ["[", "]", "1", "1,"].map(|t| t.as_bytes().to_vec()).to_vec();
    /// let vocabulary = Arc::new(Vocabulary::new(tokens, &[], &[])?);
    /// let (json, limits) = (library::grammar("json", &Limits::default())?, Limits::default());
    /// let automaton = Automaton::new(&json, Arc::clone(&vocabulary), &limits)?;
    /// automaton.warm(&[b"[1,[1]]"]);
    /// let saved = automaton.save().expect("the automaton of a grammar");
    /// let loaded = Automaton::load(&json, vocabulary, &saved, &limits)?;
    /// assert_eq!(loaded.stats().tree_nodes, automaton.stats().tree_nodes);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self) -> Option<Vec<u8>> {
        let Source::Grammar(grammar) = &self.source else { return None };
        let generation = self.current();
        let Generation::Grammar(generation) = generation.as_ref() else { return None };
        let mut body = Writer::default();
        generation.save(grammar, &mut body);
        Some(header::wrap(grammar, &self.vocabulary, &body.finish()))
    }

    /// As [`new`](Self::new), with what another automaton of the same grammar and vocabulary had memoised when it was
    /// [saved](Self::save). See the promises above: the bytes may come from anywhere. Cost: that of
    /// [`new`](Self::new), and proportional to the bytes.
    ///
    /// # Errors
    /// As [`new`](Self::new); bytes that are not what this version saved of this grammar and vocabulary; a limit.
    pub fn load(
        grammar: &Grammar,
        vocabulary: Arc<Vocabulary>,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Arc<Self>, LoadError> {
        Self::load_of(CompiledGrammar::new(grammar, limits)?, vocabulary, bytes)
    }

    /// As [`load`](Self::load), of a grammar that was compiled before.
    ///
    /// # Errors
    /// As [`load`](Self::load), less those of compiling.
    pub fn load_of(
        grammar: Arc<CompiledGrammar>,
        vocabulary: Arc<Vocabulary>,
        bytes: &[u8],
    ) -> Result<Arc<Self>, LoadError> {
        let limit = grammar.limits().automaton_bytes;
        if bytes.len() > limit {
            return Err(LoadError::Limit { limit });
        }
        let file = header::split(bytes)?;
        // What is read in vain is thrown away.
        let generation = GrammarGeneration::new(&grammar, &vocabulary);
        let (verified, read) = rayon::join(
            || header::verify(&grammar, &vocabulary, &file),
            || generation.load(&grammar, &vocabulary, &mut Reader::new(file.body), limit),
        );
        verified?;
        read.map_err(|error| match error {
            Malformed::LIMIT => LoadError::Limit { limit },
            Malformed(what) => LoadError::Malformed { what },
        })?;
        let generation = RwLock::new(Arc::new(Generation::Grammar(Box::new(generation))));
        Ok(Arc::new(Self { source: Source::Grammar(grammar), vocabulary, generation }))
    }
}

impl GrammarGeneration {
    fn save(&self, grammar: &CompiledGrammar, out: &mut Writer) {
        self.settle();
        // Other threads may go on meanwhile. Results are collected first: what they name exists already.
        let results = self.results.collect();
        let trees = self.trees.collect();
        self.tables.lex.save(trees.configs(), out);
        trees.save(out);
        self.fates.save(trees.configs(), out);
        results.save(&self.results, &grammar.lr, &trees, out);
    }

    fn load(
        &self,
        grammar: &CompiledGrammar,
        vocabulary: &Vocabulary,
        from: &mut Reader<'_>,
        limit: usize,
    ) -> Result<(), Malformed> {
        let configs = self.tables.lex.load(&grammar.lexer, from, limit)?;
        let terminals = grammar.grammar().terminals().len();
        let tokens =
            self.trees.load(&self.tables.lex, &configs, terminals, vocabulary, from, limit)?;
        self.fates.load(&configs, terminals, from, limit)?;
        let states = grammar.lr.load(&grammar.normal, from, limit)?;
        self.results.load(&self.trees, (&configs, &tokens, &states), terminals, from, limit)?;
        from.end()?;
        Malformed::beyond(limit, self.bytes())
    }
}

/// Ids, each once and ascending, with numbers of their own.
fn numbered(mut ids: Vec<u32>) -> BTreeMap<u32, u32> {
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().zip(0..).collect()
}
