//! A schema ready to read texts.

use std::sync::Arc;

use super::{
    Schema, SchemaError, SchemaOptions,
    machine::{Hypothesis, Machine, Plan},
};
use crate::{Expected, Limits, Refusal};

/// A schema ready to read texts. States are made as texts visit them.
#[derive(Debug)]
pub struct CompiledSchema {
    plan: Arc<Plan>,
    limits: Limits,
}

impl CompiledSchema {
    /// Compiles a schema. Cost: reading it, and the canonical form of everything that an instance can reach.
    ///
    /// # Errors
    /// What is wrong with the schema, or what of it cannot be followed exactly, and where.
    ///
    /// ```
    /// use constrained_gen::{Limits, schema::{CompiledSchema, SchemaOptions}};
    ///
    /// let text = r#"{"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}"#;
    /// let schema = CompiledSchema::new(text, &SchemaOptions::default(), &Limits::default())?;
    /// assert!(schema.recognizer().check(br#"{"id": 7}"#).is_ok());
    /// assert_eq!(schema.recognizer().check(br#"{"id": "x"}"#).unwrap_err().offset, 7);
    /// # Ok::<(), constrained_gen::SchemaError>(())
    /// ```
    pub fn new(
        schema: &str,
        options: &SchemaOptions,
        limits: &Limits,
    ) -> Result<Arc<Self>, SchemaError> {
        let schema = Schema::parse(schema, options, limits)?;
        schema.complete()?;
        let plan = Arc::new(Plan::new(schema, options, limits.clone()));
        Ok(Arc::new(Self { plan, limits: limits.clone() }))
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What was ignored of the schema.
    pub fn warnings(&self) -> &[SchemaError] {
        self.plan.schema().warnings()
    }

    /// The limits it was compiled under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A reader at the start of a text.
    pub fn recognizer(self: &Arc<Self>) -> SchemaRecognizer {
        let machine = Arc::new(Machine::new(Arc::clone(&self.plan), 1));
        SchemaRecognizer { at: vec![machine.start()], machine, offset: 0 }
    }
}

/// Reads one text byte by byte. Cloning is a cheap fork.
#[derive(Clone, Debug)]
pub struct SchemaRecognizer {
    machine: Arc<Machine>,
    at: Vec<Hypothesis>,
    offset: usize,
}

impl SchemaRecognizer {
    /// Reads more bytes. On refusal nothing of them is taken.
    ///
    /// # Errors
    /// Where the bytes leave the schema, and what could have stood there.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let (mut at, mut next) = (self.at.clone(), Vec::new());
        for (i, &byte) in bytes.iter().enumerate() {
            next.clear();
            self.machine.step_all(&at, byte, &mut next);
            if next.is_empty() {
                let expected = self.machine.expected(&at);
                return Err(Refusal { offset: self.offset + i, found: Some(byte), expected });
            }
            std::mem::swap(&mut at, &mut next);
        }
        self.at = at;
        self.offset += bytes.len();
        Ok(())
    }

    /// Whether the text read so far is an instance.
    pub fn is_complete(&self) -> bool {
        self.machine.any_complete(&self.at)
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What may come next.
    pub fn expected(&self) -> Expected {
        self.machine.expected(&self.at)
    }

    /// What of the schema could not be followed after all: texts are refused where they need it.
    pub fn failure(&self) -> Option<&SchemaError> {
        self.machine.plan().failure()
    }

    /// Whether this and the rest of the text make an instance, else where it fails.
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
