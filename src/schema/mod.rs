//! Which values are instances of a JSON Schema?
//!
//! A schema is read once into expressions (`expr`); an expression gets a canonical form, a union of shapes by type
//! (`shape`), when somebody looks into it. What cannot be exact is refused, with the keyword and its place.

mod apart;
mod array;
mod clean;
mod compiled;
mod complete;
mod countable;
mod error;
mod exclusive;
mod expr;
mod inhabited;
mod judge;
mod machine;
mod normal;
mod number;
mod object;
mod options;
mod read;
mod resolve;
mod sets;
mod shape;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod union;

use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::tokens::{
    Generation as SchemaGeneration, Scratch as SchemaScratch, Tables as SchemaTables,
};
pub use self::{
    compiled::{CompiledSchema, SchemaRecognizer},
    error::{SchemaError, SchemaErrorKind},
    options::{Draft, Formats, MemberOrder, SchemaOptions, Whitespace},
};
use self::{
    expr::{ExprId, Origin},
    normal::Canon,
    number::{NumberDfa, NumberError, NumberSet},
    shape::Alternatives,
};
use crate::Limits;

/// A schema, read: expressions whose canonical forms are made when they are asked for, and kept.
#[derive(Debug)]
pub struct Schema {
    /// Forms are made once per expression and then held by whoever asked: the lock is not on the way of a mask.
    canon: Mutex<Canon>,
    root: ExprId,
    warnings: Vec<SchemaError>,
}

impl Schema {
    /// Reads a schema, and the canonical form of its root. Cost: O(text), and what the root's combinations need.
    ///
    /// # Errors
    /// What [`SchemaErrorKind`] lists; a schema without any instance is refused, too.
    pub fn parse(
        text: &str,
        options: &SchemaOptions,
        limits: &Limits,
    ) -> Result<Self, SchemaError> {
        let mut schema = read::read(text, options, limits)?;
        schema.canon.arena.here = Origin { value: schema.canon.document.root(), keyword: "" };
        if schema.canon.clean(schema.root)?.is_none() {
            return Err(schema
                .canon
                .error(SchemaErrorKind::Unsatisfiable, "no value at all is an instance"));
        }
        Ok(Self { canon: Mutex::new(schema.canon), root: schema.root, warnings: schema.warnings })
    }

    /// What was ignored: keywords of other drafts, and, where the options are lenient, what could not be followed.
    pub fn warnings(&self) -> &[SchemaError] {
        &self.warnings
    }

    /// The expression of the whole schema.
    pub(crate) fn root(&self) -> ExprId {
        self.root
    }

    /// The canonical form of an expression, everything in it inhabited. O(1) the second time.
    ///
    /// # Errors
    /// It cannot be exact, or a limit was reached.
    pub(crate) fn alternatives(&self, id: ExprId) -> Result<Arc<Alternatives>, SchemaError> {
        self.lock().clean(id)
    }

    /// Whether any value fulfils an expression.
    ///
    /// # Errors
    /// As [`Schema::alternatives`].
    pub(crate) fn inhabited(&self, id: ExprId) -> Result<bool, SchemaError> {
        self.lock().inhabited(id)
    }

    /// The values that both expressions have; `None` if there are none.
    ///
    /// # Errors
    /// As [`Schema::alternatives`].
    pub(crate) fn both(&self, a: ExprId, b: ExprId) -> Result<Option<ExprId>, SchemaError> {
        let both = self.all_of(&[a, b]);
        Ok(self.inhabited(both)?.then_some(both))
    }

    /// The values of the first expression that are not the second's; `None` if there are none.
    ///
    /// # Errors
    /// As [`Schema::alternatives`].
    pub(crate) fn but_not(&self, a: ExprId, b: ExprId) -> Result<Option<ExprId>, SchemaError> {
        self.both(a, self.not(b))
    }

    /// The automaton of a set of numbers. Cost: as [`NumberDfa::new`], if it was not made when the schema was completed.
    pub(crate) fn number(
        &self,
        set: &NumberSet,
        limits: &Limits,
    ) -> Result<NumberDfa, NumberError> {
        let known = self.lock().numbers.get(set).cloned();
        known.map_or_else(|| NumberDfa::new(set, limits), Ok)
    }

    /// The intersection of expressions.
    pub(crate) fn all_of(&self, parts: &[ExprId]) -> ExprId {
        self.lock().arena.all(parts)
    }

    /// The complement of an expression.
    pub(crate) fn not(&self, id: ExprId) -> ExprId {
        self.lock().arena.not(id)
    }

    /// Makes the canonical forms of everything that an instance can reach, so that no refusal comes later. Cost: what is
    /// reachable.
    ///
    /// # Errors
    /// Something reachable cannot be exact, or a limit was reached.
    pub fn complete(&self) -> Result<(), SchemaError> {
        self.lock().complete(self.root)
    }

    /// Whether a JSON text is an instance: slow and obvious, for comparison.
    ///
    /// # Errors
    /// The text is no JSON text; the schema cannot be exact where the text goes, or a limit was reached.
    pub fn judge(&self, text: &str) -> Result<bool, SchemaError> {
        let mut canon = self.lock();
        let document = read::document(text, &canon.limits)?;
        canon.accepts(self.root, &document, document.root())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Canon> {
        // A panic of another thread leaves at worst a form that was not kept.
        self.canon.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
