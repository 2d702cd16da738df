//! What is the canonical form of an expression?
//!
//! Forms are made when they are asked for, bottom-up and with a stack of their own, and kept per expression. Only what holds
//! of the same value is looked through; the arguments of shapes stay expressions.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashSet;

use super::{
    error::{SchemaError, SchemaErrorKind},
    expr::{Arena, Expr, ExprId},
    fuel::{Exhausted, Fuel},
    number::{NumberError, NumberSet},
    read::document::Document,
    shape::{Alternatives, ArrayShape, ObjectShape},
    text::{TextError, TextSet},
};
use crate::Limits;

/// What is refused or done with a schema.
pub(crate) type Result<T> = std::result::Result<T, SchemaError>;

/// Shapes in one union up to which unions are simplified: simplifying is quadratic.
const SIMPLIFIED: usize = 64;

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
        let value = self.limits.schema_work;
        self.error(SchemaErrorKind::Limit { name: "schema_work", value }, error.to_string())
    }

    /// A set of strings that could not be made.
    pub(crate) fn text_error(&self, error: &TextError) -> SchemaError {
        let kind = match *error {
            TextError::Syntax { .. } => SchemaErrorKind::NotASchema,
            TextError::Unsupported { .. } => SchemaErrorKind::Unsupported,
            TextError::Limit { name, limit, .. } => SchemaErrorKind::Limit { name, value: limit },
            TextError::Exhausted => {
                SchemaErrorKind::Limit { name: "step_work", value: self.limits.step_work }
            }
        };
        self.error(kind, error.to_string())
    }

    /// A set of numbers that could not be made.
    pub(crate) fn number_error(&self, error: &NumberError) -> SchemaError {
        let kind = match *error {
            NumberError::Divisor(_) => SchemaErrorKind::NotASchema,
            NumberError::Digits(_) | NumberError::Divisors(_) => SchemaErrorKind::Unsupported,
            NumberError::Limit(name, value) => SchemaErrorKind::Limit { name, value },
        };
        self.error(kind, error.to_string())
    }

    /// Both sets of strings.
    pub(crate) fn meet_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(b.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(a.clone());
        }
        a.intersect(b, &self.limits).map_err(|e| self.text_error(&e))
    }

    /// The strings in `a` and not in `b`.
    pub(crate) fn subtract_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if b.is_empty() || a.is_empty() {
            return Ok(a.clone());
        }
        if b.is_all() || a == b {
            return Ok(TextSet::none());
        }
        a.without(b, &self.limits).map_err(|e| self.text_error(&e))
    }

    /// The strings of either.
    pub(crate) fn join_texts(&self, a: &TextSet, b: &TextSet) -> Result<TextSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(a.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(b.clone());
        }
        a.union(b, &self.limits).map_err(|e| self.text_error(&e))
    }

    /// The numbers of both.
    pub(crate) fn meet_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(b.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(a.clone());
        }
        a.intersect(b).map_err(|e| self.number_error(&e))
    }

    /// The numbers in `a` and not in `b`.
    pub(crate) fn subtract_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if b.is_empty() || a.is_empty() {
            return Ok(a.clone());
        }
        if b.is_all() || a == b {
            return Ok(NumberSet::none());
        }
        let rest = b.complement().map_err(|e| self.number_error(&e))?;
        self.meet_numbers(a, &rest)
    }

    /// The numbers of either.
    pub(crate) fn join_numbers(&self, a: &NumberSet, b: &NumberSet) -> Result<NumberSet> {
        if a.is_all() || b.is_empty() || a == b {
            return Ok(a.clone());
        }
        if b.is_all() || a.is_empty() {
            return Ok(b.clone());
        }
        a.union(b).map_err(|e| self.number_error(&e))
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
                _ => Arc::new(self.subtract_form(&Alternatives::all(), &forms[0])?),
            },
        })
    }

    /// How a part takes part in an intersection.
    fn role(&self, part: ExprId) -> Role {
        match self.arena.expr(self.arena.resolve(part)) {
            Expr::One(branches) => Role::One(branches.clone()),
            &Expr::Not(inner) => match self.arena.expr(self.arena.resolve(inner)) {
                Expr::All(_) => Role::Positive,
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
            arrays: Vec::new(),
            objects: Vec::new(),
        };
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

    fn join_forms(&mut self, forms: &[Arc<Alternatives>]) -> Result<Arc<Alternatives>> {
        if let [one] = forms {
            return Ok(one.clone());
        }
        let mut joined = Alternatives::none();
        let texts: Vec<_> = forms.iter().map(|f| &f.text).collect();
        joined.text = self.join_many(&texts, TextSet::none(), |s, a, b| s.join_texts(a, b))?;
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

    /// The union of many sets, in pairs of neighbours: each element moves a logarithmic number of times.
    pub(crate) fn join_many<T: Clone>(
        &mut self,
        sets: &[&T],
        none: T,
        join: impl Fn(&Self, &T, &T) -> Result<T>,
    ) -> Result<T> {
        let mut level: Vec<T> = match sets {
            [] => return Ok(none),
            _ => sets
                .chunks(2)
                .map(|pair| self.pair(pair[0], pair.get(1).copied(), &join))
                .collect::<Result<_>>()?,
        };
        while level.len() > 1 {
            self.spend(level.len())?;
            level = level
                .chunks(2)
                .map(|pair| self.pair(&pair[0], pair.get(1), &join))
                .collect::<Result<_>>()?;
        }
        Ok(level.pop().unwrap_or(none))
    }

    fn pair<T: Clone>(
        &self,
        a: &T,
        b: Option<&T>,
        join: &impl Fn(&Self, &T, &T) -> Result<T>,
    ) -> Result<T> {
        b.map_or_else(|| Ok(a.clone()), |b| join(self, a, b))
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
            text: self.subtract_texts(&a.text, &b.text)?,
            arrays: self.subtract_arrays(a.arrays.clone(), b.arrays.iter())?,
            objects: self.subtract_objects(a.objects.clone(), b.objects.iter())?,
        })
    }

    /// What is in exactly one of several forms. Shapes that are plainly disjoint from all those of the other forms stay as
    /// they are; from the others, the others are subtracted.
    fn exactly_one(&mut self, forms: &[Arc<Alternatives>]) -> Result<Alternatives> {
        let count =
            |has: &dyn Fn(&Alternatives) -> bool| forms.iter().filter(|f| has(f)).count() == 1;
        let (text, number) = self.exactly_one_scalar(forms)?;
        let mut one = Alternatives {
            null: count(&|f| f.null),
            truth: [count(&|f| f.truth[0]), count(&|f| f.truth[1])],
            number,
            text,
            arrays: Vec::new(),
            objects: Vec::new(),
        };
        for (n, form) in forms.iter().enumerate() {
            let others = || forms.iter().enumerate().filter(move |(m, _)| *m != n).map(|(_, f)| f);
            for shape in &form.arrays {
                let mut overlapping = Vec::new();
                for other in others().flat_map(|f| &f.arrays) {
                    if self.meet_arrays(shape, other)?.is_some() {
                        overlapping.push(other);
                    }
                }
                for rest in self.subtract_arrays(vec![shape.clone()], overlapping.into_iter())? {
                    self.join_array(&mut one.arrays, rest)?;
                }
            }
            for shape in &form.objects {
                let mut overlapping = Vec::new();
                for other in others().flat_map(|f| &f.objects) {
                    if self.meet_objects(shape, other)?.is_some() {
                        overlapping.push(other);
                    }
                }
                for rest in self.subtract_objects(vec![shape.clone()], overlapping.into_iter())? {
                    self.join_object(&mut one.objects, rest)?;
                }
            }
        }
        Ok(one)
    }

    fn exactly_one_scalar(&mut self, forms: &[Arc<Alternatives>]) -> Result<(TextSet, NumberSet)> {
        let texts: Option<Vec<_>> = forms.iter().map(|f| f.text.finite()).collect();
        let text = match texts {
            Some(texts) => {
                // Lists of strings: each string is counted.
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                for word in texts.into_iter().flatten() {
                    *counts.entry(word).or_default() += 1;
                }
                self.spend(counts.len())?;
                TextSet::from_strings(counts.into_iter().filter(|c| c.1 == 1).map(|c| c.0))
            }
            None => self.exactly_one_text(forms)?,
        };
        let (mut single, mut met) = (NumberSet::none(), NumberSet::none());
        for form in forms.iter().filter(|f| !f.number.is_empty()) {
            self.spend(1)?;
            let (old, new) = (
                self.subtract_numbers(&single, &form.number)?,
                self.subtract_numbers(&form.number, &met)?,
            );
            single = self.join_numbers(&old, &new)?;
            met = self.join_numbers(&met, &form.number)?;
        }
        Ok((text, single))
    }

    fn exactly_one_text(&mut self, forms: &[Arc<Alternatives>]) -> Result<TextSet> {
        let (mut once, mut seen) = (TextSet::none(), TextSet::none());
        for form in forms.iter().filter(|f| !f.text.is_empty()) {
            self.spend(1)?;
            let old = self.subtract_texts(&once, &form.text)?;
            let new = self.subtract_texts(&form.text, &seen)?;
            once = self.join_texts(&old, &new)?;
            seen = self.join_texts(&seen, &form.text)?;
        }
        Ok(once)
    }

    /// Adds a shape to a union, unless it is in there already.
    pub(crate) fn join_array(
        &mut self,
        shapes: &mut Vec<ArrayShape>,
        shape: ArrayShape,
    ) -> Result<()> {
        self.spend(1 + shapes.len().min(SIMPLIFIED))?;
        if shapes.len() > SIMPLIFIED {
            shapes.push(shape);
            return Ok(());
        }
        if shapes.iter().any(|s| self.array_within(&shape, s)) {
            return Ok(());
        }
        shapes.retain(|s| !self.array_within(s, &shape));
        shapes.push(shape);
        Ok(())
    }

    /// Adds a shape to a union, unless it is in there already; two that differ in one member become one.
    pub(crate) fn join_object(
        &mut self,
        shapes: &mut Vec<ObjectShape>,
        shape: ObjectShape,
    ) -> Result<()> {
        self.spend(1 + shapes.len().min(SIMPLIFIED))?;
        if shapes.len() > SIMPLIFIED {
            shapes.push(shape);
            return Ok(());
        }
        let mut shape = shape;
        loop {
            if shapes.iter().any(|s| self.object_within(&shape, s)) {
                return Ok(());
            }
            shapes.retain(|s| !self.object_within(s, &shape));
            let merged =
                (0..shapes.len()).find_map(|n| Some((n, self.merge_objects(&shapes[n], &shape)?)));
            match merged {
                Some((n, merged)) => {
                    shapes.remove(n);
                    shape = merged;
                }
                None => break,
            }
        }
        shapes.push(shape);
        Ok(())
    }

    /// Whether every instance of `a` is plainly one of `b`: cheap, and no answer is a no.
    pub(crate) fn within(&self, a: ExprId, b: ExprId) -> bool {
        let (a, b) = (self.arena.resolve(a), self.arena.resolve(b));
        if a == b || a == ExprId::FALSE || b == ExprId::TRUE {
            return true;
        }
        match (self.arena.expr(a), self.arena.expr(b)) {
            (Expr::All(parts), Expr::All(wider)) => wider.iter().all(|w| parts.contains(w)),
            (Expr::All(parts), _) => parts.contains(&b),
            (Expr::Any(narrower), Expr::Any(parts)) => narrower.iter().all(|n| parts.contains(n)),
            (_, Expr::Any(parts)) => parts.contains(&a),
            _ => false,
        }
    }

    /// Whether no value is plainly an instance of both: syntactic, to a small depth; no answer is a no.
    pub(crate) fn apart(&self, a: ExprId, b: ExprId, depth: usize) -> bool {
        let (a, b) = (self.arena.resolve(a), self.arena.resolve(b));
        if a == ExprId::FALSE || b == ExprId::FALSE {
            return true;
        }
        if a == b || a == ExprId::TRUE || b == ExprId::TRUE || depth == 0 {
            return false;
        }
        match (self.arena.expr(a), self.arena.expr(b)) {
            (Expr::Not(x), _) if *x == b => true,
            (_, Expr::Not(y)) if *y == a => true,
            (Expr::Not(x), _) if self.within(b, *x) => true,
            (_, Expr::Not(y)) if self.within(a, *y) => true,
            (Expr::All(parts), _) => parts.iter().any(|&p| self.apart(p, b, depth - 1)),
            (_, Expr::All(parts)) => parts.iter().any(|&p| self.apart(a, p, depth - 1)),
            (Expr::Any(parts) | Expr::One(parts), _) => {
                parts.iter().all(|&p| self.apart(p, b, depth - 1))
            }
            (_, Expr::Any(parts) | Expr::One(parts)) => {
                parts.iter().all(|&p| self.apart(a, p, depth - 1))
            }
            (Expr::Leaf(_), Expr::Leaf(_)) => match (self.arena.form(a), self.arena.form(b)) {
                (Some(x), Some(y)) => self.forms_apart(x, y, depth - 1),
                _ => false,
            },
            _ => false,
        }
    }

    fn forms_apart(&self, a: &Alternatives, b: &Alternatives, depth: usize) -> bool {
        !(a.null && b.null || a.truth[0] && b.truth[0] || a.truth[1] && b.truth[1])
            && (a.number.is_empty()
                || b.number.is_empty()
                || a.number.is_disjoint(&b.number).unwrap_or(false))
            && self.texts_apart(&a.text, &b.text)
            && a.objects.iter().all(|x| b.objects.iter().all(|y| self.objects_apart(x, y, depth)))
            && a.arrays.iter().all(|x| b.arrays.iter().all(|y| self.arrays_apart(x, y, depth)))
    }

    /// Whether two sets of strings are disjoint, where that is cheap to see.
    pub(crate) fn texts_apart(&self, a: &TextSet, b: &TextSet) -> bool {
        if a.is_empty() || b.is_empty() {
            return true;
        }
        if a.is_all() || b.is_all() {
            return false;
        }
        match (a.finite(), b.finite()) {
            (Some(words), _) => !words.iter().any(|w| b.contains(w)),
            (_, Some(words)) => !words.iter().any(|w| a.contains(w)),
            _ => false,
        }
    }
}
