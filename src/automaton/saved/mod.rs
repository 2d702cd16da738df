//! A warmed automaton as bytes, and back: what costs a walk of the vocabulary is done once and not in every process.
//!
//! Saved are the lexer configurations, the terminal-sequence trees with their groups of tokens, what their configurations can
//! become, and the results of trees at LR states. Everything else (transitions, stacks, masks) is found out anew.
//!
//! What is promised of a file from elsewhere:
//!
//! * It is refused if it was made for another grammar, vocabulary or version: it names what its numbers refer to by a
//!   SHA-256 over the compiled grammar, the vocabulary and the format.
//! * It is refused if it was damaged: a checksum covers all of it. That guards against accidents and not against forgery, as
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
use results::{Named, read_lists};

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
    /// [`new`](Self::new), and proportional to the bytes, which are kept: when what was memoised since fills
    /// [`Limits::automaton_bytes`] and is given up, they are loaded again, in the middle of a step.
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
        let generation = generation(&grammar, &vocabulary, bytes)?;
        let saved = (generation.bytes() + bytes.len() <= limit / 2).then(|| bytes.into());
        let generation = RwLock::new(Arc::new(generation));
        Ok(Arc::new(Self { source: Source::Grammar(grammar), vocabulary, generation, saved }))
    }

    /// What it was loaded with once more, if it was.
    pub(super) fn load_again(&self) -> Option<Generation> {
        match (&self.source, &self.saved) {
            (Source::Grammar(grammar), Some(saved)) => {
                generation(grammar, &self.vocabulary, saved).ok()
            }
            _ => None,
        }
    }
}

/// A generation that begins with what was saved.
fn generation(
    grammar: &Arc<CompiledGrammar>,
    vocabulary: &Arc<Vocabulary>,
    bytes: &[u8],
) -> Result<Generation, LoadError> {
    let generation = GrammarGeneration::new(grammar, vocabulary);
    generation.load(&header::split(bytes)?)?;
    Ok(Generation::Grammar(Box::new(generation)))
}

impl GrammarGeneration {
    /// Sections, which can be read beside the rest: sets of tokens, LR states, lists of results, and what is known by their numbers.
    /// Then what names them.
    fn save(&self, grammar: &CompiledGrammar, out: &mut Writer) {
        self.settle();
        // Other threads may go on meanwhile. Results are collected first: what they name exists already.
        let results = self.results.collect();
        let trees = self.trees.collect(results.nodes(&self.results));
        let results = results.keep(&self.results, &trees);
        let [mut sets, mut states, mut lists, mut known, mut open] =
            std::array::from_fn(|_| Writer::default());
        trees.save_sets(&mut sets);
        let found = self.fates.collect(&trees);
        let numbers = grammar.lr.save(results.states().chain(found.states()), &mut states);
        results.save(&self.results, &numbers, &trees, [&mut lists, &mut known, &mut open]);
        [sets, states, lists, known].into_iter().for_each(|section| out.section(section));
        self.tables.lex.save(trees.configs(), out);
        trees.save_nodes(out);
        self.fates.save(trees.configs(), out);
        out.section(open);
        found.save(&trees, &numbers, out);
    }

    /// Reads what was saved; other threads verify it meanwhile, and read the sections. What is read in vain is thrown away.
    fn load(&self, file: &header::File<'_>) -> Result<(), LoadError> {
        let (grammar, vocabulary) = (self.grammar(), self.vocabulary());
        let limit = grammar.limits().automaton_bytes;
        let refused = |error| match error {
            Malformed::LIMIT => LoadError::Limit { limit },
            Malformed(what) => LoadError::Malformed { what },
        };
        let terminals = grammar.grammar().terminals().len();
        let mut from = Reader::new(file.body);
        let mut section = || from.section();
        let sections = (|| Ok([section()?, section()?, section()?, section()?]))();
        let trees = || {
            let [mut sets, ..] = sections?;
            let sets = sets.count(1)?;
            let configs = self.tables.lex.load(&grammar.lexer, &mut from, limit)?;
            let named = (configs.as_slice(), terminals, sets);
            self.trees.load_nodes(&self.tables.lex, named, vocabulary, &mut from, limit)?;
            self.fates.load(&configs, terminals, &mut from, limit)?;
            Ok(configs)
        };
        let sets = || {
            let [mut sets, ..] = sections?;
            self.trees.load_sets(vocabulary, &mut sets, limit)
        };
        let states = || {
            let [_, mut states, ..] = sections?;
            grammar.lr.load(&grammar.normal, &mut states, limit)
        };
        let results = || {
            let [mut sets, _, lists, known] = sections?;
            let lists = read_lists(sets.count(1)?, lists, limit)?;
            // A node takes some bytes.
            Ok((lists, Named::read(known, file.body.len(), limit)?))
        };
        let verify = || rayon::join(|| file.is_whole(), || file.is_of(grammar, vocabulary));
        // The longest first: whoever is done takes what is left.
        let (configs, (states, (results, (sets, (whole, of))))) = rayon::join(trees, || {
            rayon::join(states, || rayon::join(results, || rayon::join(sets, verify)))
        });
        // Whether the bytes are the right ones comes before what is wrong with them.
        whole.and(of)?;
        sets.map_err(refused)?;
        let (states, configs) = (states.map_err(refused)?, configs.map_err(refused)?);
        let named = (configs.as_slice(), states.as_slice());
        let symbols = (terminals, grammar.normal.nonterminals());
        let results = results.map_err(refused)?;
        let mut open = from.section().map_err(refused)?;
        let loaded = self.results.load(results, &self.trees, named, symbols, &mut open, limit);
        loaded.and_then(|()| open.end()).map_err(refused)?;
        self.fates.load_found(named, &mut from, limit).map_err(refused)?;
        from.end().map_err(refused)?;
        Malformed::beyond(limit, self.bytes()).map_err(refused)
    }
}

/// Ids, each once and ascending, with numbers of their own.
fn numbered(mut ids: Vec<u32>) -> BTreeMap<u32, u32> {
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().zip(0..).collect()
}
