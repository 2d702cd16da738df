//! What is the canonical form of an expression?
//!
//! Forms are made when they are asked for, bottom-up and with a stack of their own, and kept per expression. Only what holds
//! of the same value is looked through; the arguments of shapes stay expressions.

use std::{collections::HashMap, sync::Arc};

use rustc_hash::FxHashSet;

use super::{
    error::{Cause, SchemaError, SchemaErrorKind},
    expr::{Arena, Expr, ExprId},
    number::{NumberDfa, NumberSet},
    read::document::Document,
    shape::{Alternatives, doubtful},
    text::TextSet,
};
use crate::{
    Limits,
    fuel::{Exhausted, Fuel},
};

/// What is refused or done with a schema.
pub(crate) type Result<T> = std::result::Result<T, SchemaError>;

/// How a part takes part in an intersection.
enum Role {
    /// Its values.
    Positive,
    /// The values of exactly one of these.
    One(Arc<[ExprId]>),
    /// The values of everything else.
    Negative(ExprId),
}

/// All expressions of a schema and their canonical forms.
#[derive(Debug)]
pub(crate) struct Canon {
    /// The text that was read.
    pub(crate) document: Document,
    /// The expressions.
    pub(crate) arena: Arena,
    /// Work left.
    pub(crate) fuel: Fuel,
    /// The bounds.
    pub(crate) limits: Limits,
    /// Automata of numbers that were made to see whether they can be.
    pub(crate) numbers: HashMap<NumberSet, NumberDfa>,
}

impl Canon {
    /// An error at the place where work is going on.
    pub(crate) fn error(&self, kind: SchemaErrorKind, message: impl Into<String>) -> SchemaError {
        let here = self.arena.here;
        SchemaError::new(kind, self.document.pointer(here.value), here.keyword, message)
    }

    /// Takes steps from the fuel.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<()> {
        let spent = self.fuel.spend(u64::try_from(steps).unwrap_or(u64::MAX));
        spent.map_err(|e| self.exhausted(e))
    }

    fn exhausted(&self, error: Exhausted) -> SchemaError {
        let (name, value) = match error {
            Exhausted::Work => ("schema_work", self.limits.schema_work),
            Exhausted::Time => ("compile_time", self.limits.compile_milliseconds()),
        };
        let message = format!("{error}: more than the limit of {value} ({name})");
        self.error(SchemaErrorKind::Limit { name, value }, message)
    }

    /// A set of strings or of numbers that could not be made.
    pub(crate) fn part_error(&self, error: &impl Cause) -> SchemaError {
        self.error(error.kind(&self.limits), error.to_string())
    }

    /// The canonical form of an expression, whose shapes may be without instances.
    ///
    /// # Errors
    /// Work is spent, something cannot be exact, or the expression is part of itself without a member or item between.
    pub(crate) fn raw(&mut self, root: ExprId) -> Result<Arc<Alternatives>> {
        if let Some(form) = &self.arena.entry(root).raw {
            return Ok(form.clone());
        }
        let before = self.arena.here;
        // The second part says that the parts of the expression were asked for.
        let mut work = vec![(root, false)];
        let mut open = FxHashSet::default();
        while let Some((id, asked)) = work.pop() {
            if self.arena.entry(id).raw.is_some() {
                continue;
            }
            self.arena.here = self.arena.entry(id).origin;
            self.spend(1)?;
            let parts = self.parts(id)?;
            if asked {
                let form = self.combine(id, &parts)?;
                self.arena.entry_mut(id).raw = Some(form);
                open.remove(&id);
            } else {
                if !open.insert(id) {
                    return Err(self.error(
                        SchemaErrorKind::Unresolvable,
                        "the schema refers to itself for the same value, and so says nothing",
                    ));
                }
                work.push((id, true));
                for &part in &parts {
                    if self.arena.entry(part).raw.is_none() {
                        work.push((part, false));
                    }
                }
            }
        }
        self.arena.here = before;
        Ok(self.arena.entry(root).raw.clone().expect("invariant: the work ended with the root"))
    }

    /// The expressions whose forms make the form of this one.
    fn parts(&mut self, id: ExprId) -> Result<Vec<ExprId>> {
        Ok(match self.arena.expr(id) {
            Expr::All(parts) => {
                let parts = parts.clone();
                let mut needed = Vec::with_capacity(parts.len());
                for &part in &*parts {
                    match self.role(part) {
                        Role::Positive => needed.push(part),
                        Role::One(branches) => needed.extend_from_slice(&branches),
                        Role::Negative(inner) => needed.push(inner),
                    }
                }
                needed
            }
            Expr::Any(parts) | Expr::One(parts) => parts.to_vec(),
            Expr::Names(inner) => vec![*inner],
            Expr::Leaf(_) => Vec::new(),
            Expr::Place(place) => {
                let body = self.arena.body(*place);
                vec![body.expect("invariant: every place was read")]
            }
            &Expr::Not(inner) => match self.arena.expr(inner) {
                // De Morgan's laws keep unions small.
                Expr::All(parts) | Expr::Any(parts) => {
                    let parts = parts.clone();
                    parts.iter().map(|&p| self.arena.not(p)).collect()
                }
                Expr::Place(place) => {
                    let body = self.arena.body(*place).expect("invariant: every place was read");
                    vec![self.arena.not(body)]
                }
                Expr::One(parts) => parts.to_vec(),
                _ => vec![inner],
            },
        })
    }

    fn combine(&mut self, id: ExprId, parts: &[ExprId]) -> Result<Arc<Alternatives>> {
        let forms: Vec<_> = parts
            .iter()
            .map(|&p| self.arena.entry(p).raw.clone().expect("invariant: parts come first"))
            .collect();
        Ok(match self.arena.expr(id) {
            Expr::Leaf(_) => unreachable!("invariant: a leaf has its form"),
            Expr::Place(_) => forms[0].clone(),
            Expr::All(parts) => {
                let parts = parts.clone();
                self.meet_parts(&parts, &forms)?
            }
            Expr::Any(_) => self.join_forms(&forms)?,
            Expr::One(_) => Arc::new(self.exactly_one(&forms)?),
            Expr::Names(_) => {
                let mut form = Alternatives::all();
                form.objects[0].classes[0].keys = forms[0].text.clone();
                if forms[0].text.is_empty() {
                    form.objects[0].classes.clear();
                }
                Arc::new(form)
            }
            &Expr::Not(inner) => match self.arena.expr(inner) {
                Expr::All(_) => self.join_forms(&forms)?,
                Expr::Any(_) => self.meet_forms(&forms)?,
                Expr::Place(_) => forms[0].clone(),
                Expr::One(_) => self.not_exactly_one(&forms)?,
                _ => Arc::new(self.subtract_form(&Alternatives::all(), &forms[0])?),
            },
        })
    }

    /// How a part takes part in an intersection.
    fn role(&self, part: ExprId) -> Role {
        match self.arena.expr(self.arena.resolve(part)) {
            Expr::One(branches) => Role::One(branches.clone()),
            &Expr::Not(inner) => match self.arena.expr(self.arena.resolve(inner)) {
                Expr::All(_) | Expr::One(_) => Role::Positive,
                _ => Role::Negative(inner),
            },
            _ => Role::Positive,
        }
    }

    /// An intersection of parts. What must hold comes first: branches of which exactly one holds are each cut down by it
    /// before they are compared, and what must not hold is taken away from it.
    fn meet_parts(
        &mut self,
        parts: &[ExprId],
        forms: &[Arc<Alternatives>],
    ) -> Result<Arc<Alternatives>> {
        let (mut positive, mut ones, mut negative) = (Vec::new(), Vec::new(), Vec::new());
        let mut forms = forms.iter();
        for &part in parts {
            match self.role(part) {
                Role::Positive => positive.extend(forms.next().cloned()),
                Role::One(branches) => {
                    ones.push(forms.by_ref().take(branches.len()).cloned().collect::<Vec<_>>());
                }
                Role::Negative(_) => negative.extend(forms.next().cloned()),
            }
        }
        let mut met = self.meet_forms(&positive)?;
        ones.sort_by_key(Vec::len);
        for branches in ones {
            let mut cut = Vec::with_capacity(branches.len());
            for branch in &branches {
                cut.push(if met.is_all() {
                    branch.clone()
                } else {
                    Arc::new(self.meet_two(&met, branch)?)
                });
            }
            met = Arc::new(self.exactly_one(&cut)?);
        }
        for form in negative {
            met = Arc::new(self.subtract_form(&met, &form)?);
        }
        Ok(met)
    }

    fn meet_forms(&mut self, forms: &[Arc<Alternatives>]) -> Result<Arc<Alternatives>> {
        // Few shapes first: they cut down those of the others.
        let mut order: Vec<_> = forms.iter().filter(|f| !f.is_all()).collect();
        order.sort_by_key(|f| f.objects.len().max(f.arrays.len()));
        let mut order = order.into_iter();
        let Some(first) = order.next() else { return Ok(Arc::new(Alternatives::all())) };
        let mut met = first.clone();
        for form in order {
            met = Arc::new(self.meet_two(&met, form)?);
        }
        Ok(met)
    }

    /// What is in both. Cost: the product of the numbers of shapes, per type.
    pub(crate) fn meet_two(&mut self, a: &Alternatives, b: &Alternatives) -> Result<Alternatives> {
        let mut met = Alternatives {
            null: a.null && b.null,
            truth: [a.truth[0] && b.truth[0], a.truth[1] && b.truth[1]],
            number: self.meet_numbers(&a.number, &b.number)?,
            text: self.meet_texts(&a.text, &b.text)?,
            doubtful: None,
            arrays: Vec::new(),
            objects: Vec::new(),
        };
        if a.is_doubtful() || b.is_doubtful() {
            let possible = self.meet_texts(&*self.possible(a)?, &*self.possible(b)?)?;
            met.doubtful = doubtful(possible);
        }
        for x in &a.arrays {
            for y in &b.arrays {
                if let Some(shape) = self.meet_arrays(x, y)? {
                    self.join_array(&mut met.arrays, shape)?;
                }
            }
        }
        for x in &a.objects {
            for y in &b.objects {
                if let Some(shape) = self.meet_objects(x, y)? {
                    self.join_object(&mut met.objects, shape)?;
                }
            }
        }
        Ok(met)
    }

    pub(super) fn join_forms(&mut self, forms: &[Arc<Alternatives>]) -> Result<Arc<Alternatives>> {
        if let [one] = forms {
            return Ok(one.clone());
        }
        let mut joined = Alternatives::none();
        let texts: Vec<_> = forms.iter().map(|f| &f.text).collect();
        joined.text = self.join_many(&texts, TextSet::none(), |s, a, b| s.join_texts(a, b))?;
        for texts in forms.iter().filter_map(|form| form.doubtful.as_deref()) {
            let before = joined.doubtful.take();
            let joint = before.map_or_else(|| Ok(texts.clone()), |t| self.join_texts(&t, texts))?;
            joined.doubtful = doubtful(joint);
        }
        let numbers: Vec<_> = forms.iter().map(|f| &f.number).collect();
        joined.number =
            self.join_many(&numbers, NumberSet::none(), |s, a, b| s.join_numbers(a, b))?;
        for form in forms {
            joined.null |= form.null;
            joined.truth[0] |= form.truth[0];
            joined.truth[1] |= form.truth[1];
            for shape in &form.arrays {
                self.join_array(&mut joined.arrays, shape.clone())?;
            }
            for shape in &form.objects {
                self.join_object(&mut joined.objects, shape.clone())?;
            }
        }
        Ok(Arc::new(joined))
    }

    /// What is in `a` and not in `b`. What is subtracted shape by shape stays a union.
    pub(crate) fn subtract_form(
        &mut self,
        a: &Alternatives,
        b: &Alternatives,
    ) -> Result<Alternatives> {
        Ok(Alternatives {
            null: a.null && !b.null,
            truth: [a.truth[0] && !b.truth[0], a.truth[1] && !b.truth[1]],
            number: self.subtract_numbers(&a.number, &b.number)?,
            text: self.subtract_texts(&a.text, &*self.possible(b)?)?,
            doubtful: match a.is_doubtful() || b.is_doubtful() {
                true => doubtful(self.subtract_texts(&*self.possible(a)?, &b.text)?),
                false => None,
            },
            arrays: self.subtract_arrays(a.arrays.clone(), b.arrays.iter())?,
            objects: self.subtract_objects(a.objects.clone(), b.objects.iter())?,
        })
    }
}
