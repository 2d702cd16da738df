//! From schemas to automata, over one vocabulary.

use std::sync::{Arc, Mutex, PoisonError};

use super::Automaton;
use crate::{
    Limits, Vocabulary,
    schema::{CompiledSchema, SchemaError, SchemaOptions, SchemaTables},
};

/// Compiles schemas for one vocabulary. What tokens do inside strings and blanks is found out once for all of its schemas.
#[derive(Debug)]
pub struct SchemaCompiler {
    vocabulary: Arc<Vocabulary>,
    limits: Limits,
    tables: Mutex<Arc<SchemaTables>>,
}

impl SchemaCompiler {
    /// A compiler for a vocabulary. Cost: a trie of all tokens.
    pub fn new(vocabulary: Arc<Vocabulary>, limits: &Limits) -> Self {
        let tables = Mutex::new(Arc::new(SchemaTables::new(&vocabulary)));
        Self { vocabulary, limits: limits.clone(), tables }
    }

    /// The automaton of a schema. Cost: reading the schema, and the canonical form of everything in it; states and masks are
    /// made when they are first needed.
    ///
    /// # Errors
    /// What is wrong with the schema, or what of it cannot be followed exactly, and where.
    pub fn compile(
        &self,
        schema: &str,
        options: &SchemaOptions,
    ) -> Result<Arc<Automaton>, SchemaError> {
        let schema = CompiledSchema::new(schema, options, &self.limits)?;
        Ok(self.automaton(schema))
    }

    /// The automaton of a schema that was compiled before.
    pub fn automaton(&self, schema: Arc<CompiledSchema>) -> Arc<Automaton> {
        Automaton::of_schema(schema, self.tables(), Arc::clone(&self.vocabulary))
    }

    /// The tables in use, new ones if they are over the budget.
    fn tables(&self) -> Arc<SchemaTables> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if tables.bytes() > self.limits.automaton_bytes {
            *tables = Arc::new(SchemaTables::new(&self.vocabulary));
        }
        Arc::clone(&tables)
    }
}
