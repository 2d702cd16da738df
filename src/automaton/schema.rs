//! From schemas to automata, over one vocabulary.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    Automaton,
    cache::{Cache, CacheStats},
};
use crate::{
    Limits, Vocabulary,
    schema::{CompiledSchema, SchemaError, SchemaOptions, SchemaTables},
};

/// Compiles schemas for one vocabulary. What tokens do inside strings and blanks is found out once for all of its schemas;
/// schemas compiled lately are kept, warm, under the budget of [`Limits::cache_bytes`].
#[derive(Debug)]
pub struct SchemaCompiler {
    vocabulary: Arc<Vocabulary>,
    limits: Limits,
    tables: Mutex<Arc<SchemaTables>>,
    cache: Cache,
}

impl SchemaCompiler {
    /// A compiler for a vocabulary. Cost: a trie of all tokens.
    pub fn new(vocabulary: Arc<Vocabulary>, limits: &Limits) -> Self {
        let tables = Mutex::new(Arc::new(SchemaTables::new(&vocabulary)));
        let cache = Cache::new(limits.cache_bytes);
        Self { vocabulary, limits: limits.clone(), tables, cache }
    }

    /// The automaton of a schema. Cost: reading the schema, and the canonical form of everything in it; states and masks are
    /// made when they are first needed. An equal text with equal options, compiled lately, gives the same automaton, with
    /// everything that it knows by now, for the cost of hashing the text. Failures are not kept.
    ///
    /// # Errors
    /// What is wrong with the schema, or what of it cannot be followed exactly, and where.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use constrained_gen::{Limits, SchemaCompiler, SchemaOptions, Vocabulary};
    ///
    /// let vocabulary = Arc::new(Vocabulary::new(vec![b"1".to_vec()], &[], &[])?);
    /// let compiler = SchemaCompiler::new(vocabulary, &Limits::default());
    /// let options = SchemaOptions::default();
    /// let first = compiler.compile(r#"{"type": "integer"}"#, &options)?;
    /// let again = compiler.compile(r#"{"type": "integer"}"#, &options)?;
    /// assert!(Arc::ptr_eq(&first, &again));
    /// assert_eq!(compiler.cache_stats().hits, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compile(
        &self,
        schema: &str,
        options: &SchemaOptions,
    ) -> Result<Arc<Automaton>, SchemaError> {
        let tables = self.tables();
        if let Some(known) = self.cache.get(schema, options) {
            return Ok(known);
        }
        let compiled = CompiledSchema::new(schema, options, &self.limits)?;
        let automaton = Automaton::of_schema(compiled, tables, Arc::clone(&self.vocabulary));
        Ok(self.cache.put(schema, options, automaton))
    }

    /// What is kept of the schemas compiled lately. Cost: proportional to the entries.
    pub fn cache_stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// The automaton of a schema that was compiled before; it is not kept.
    pub fn automaton(&self, schema: Arc<CompiledSchema>) -> Arc<Automaton> {
        Automaton::of_schema(schema, self.tables(), Arc::clone(&self.vocabulary))
    }

    /// The tables in use, new ones if they are over the budget. Automata that are kept would keep the old ones.
    fn tables(&self) -> Arc<SchemaTables> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.bytes() > self.limits.automaton_bytes {
            *tables = Arc::new(SchemaTables::new(&self.vocabulary));
            self.cache.clear();
        }
        Arc::clone(&tables)
    }
}
