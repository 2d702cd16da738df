//! How are shapes of objects intersected, subtracted, compared?

use std::{
    cell::{Cell, OnceCell},
    collections::HashMap,
};

use super::{
    error::SchemaErrorKind,
    expr::ExprId,
    normal::{Canon, Result},
    shape::{KeyClass, Member, ObjectShape, Obligation},
    text::TextSet,
};

/// Members from which on names are looked up in a table.
const TABLE: usize = 16;

/// How deep it is tried to see that two shapes are disjoint while they are intersected.
const DEPTH: usize = 6;

/// Shapes that one union may have.
pub(crate) const SHAPES: usize = 2_000;

/// The members of a shape by name. They are mostly asked for in their order, so the next one is looked at first.
struct Names<'a> {
    members: &'a [Member],
    next: Cell<usize>,
    /// Where each name is, once it was asked for out of order.
    table: OnceCell<HashMap<&'a str, usize>>,
}

impl<'a> Names<'a> {
    fn of(members: &'a [Member]) -> Self {
        Self { members, next: Cell::new(0), table: OnceCell::new() }
    }

    fn find(&self, name: &str) -> Option<usize> {
        let is_it = |m: &Member| &*m.name == name;
        let next = self.next.get();
        let found = match self.members.get(next) {
            Some(member) if is_it(member) => Some(next),
            _ if self.members.len() <= TABLE => self.members.iter().position(is_it),
            _ => {
                let all = || self.members.iter().enumerate().map(|(n, m)| (&*m.name, n)).collect();
                self.table.get_or_init(all).get(name).copied()
            }
        };
        self.next.set(found.map_or(next, |found| found + 1));
        found
    }
}

impl Canon {
    /// The objects of both shapes; `None` if that is plainly none. Cost: O(members + product of the classes).
    pub(crate) fn meet_objects(
        &mut self,
        a: &ObjectShape,
        b: &ObjectShape,
    ) -> Result<Option<ObjectShape>> {
        if a.is_all() {
            return Ok(Some(b.clone()));
        }
        if b.is_all() || a == b {
            return Ok(Some(a.clone()));
        }
        self.spend(1 + a.members.len() + b.members.len())?;
        let (in_a, in_b) = (Names::of(&a.members), Names::of(&b.members));
        let mut met = ObjectShape {
            members: Vec::with_capacity(a.members.len().max(b.members.len())),
            classes: self.meet_classes(&a.classes, &b.classes)?,
            min: a.min.max(b.min),
            max: fewer(a.max, b.max),
            some: a.some.clone(),
        };
        met.some.extend(b.some.iter().filter(|s| !a.some.contains(s)).cloned());
        for member in &a.members {
            let (value, required) = match in_b.find(&member.name) {
                Some(n) => (b.members[n].value, b.members[n].required),
                None => (b.class_value(&member.name), false),
            };
            let required = required || member.required;
            let Some(value) = self.meet_values(member.value, value, required)? else {
                return Ok(None);
            };
            met.members.push(Member { name: member.name.clone(), value, required });
        }
        for member in b.members.iter().filter(|m| in_a.find(&m.name).is_none()) {
            let value = a.class_value(&member.name);
            let Some(value) = self.meet_values(member.value, value, member.required)? else {
                return Ok(None);
            };
            met.members.push(Member {
                name: member.name.clone(),
                value,
                required: member.required,
            });
        }
        self.settle_object(met)
    }

    /// The value of a member of two shapes. `None`: it is required and plainly has none.
    fn meet_values(
        &mut self,
        a: Option<ExprId>,
        b: Option<ExprId>,
        required: bool,
    ) -> Result<Option<Option<ExprId>>> {
        let value = match (a, b) {
            (Some(a), Some(b)) if self.apart(a, b, DEPTH) => None,
            (Some(a), Some(b)) => Some(self.meet_listed(a, b)?).filter(|&v| v != ExprId::FALSE),
            _ => None,
        };
        Ok((value.is_some() || !required).then_some(value))
    }

    /// The intersection of two expressions. Where one is a list of scalars and the other is known, it is a list as well: by
    /// such values shapes are told apart.
    fn meet_listed(&mut self, a: ExprId, b: ExprId) -> Result<ExprId> {
        if self.is_listed(a) || self.is_listed(b) {
            let form = |id| self.arena.form(self.arena.resolve(id)).cloned();
            if let (Some(x), Some(y)) = (form(a), form(b)) {
                let met = self.meet_two(&x, &y)?;
                return Ok(self.arena.leaf(met));
            }
        }
        Ok(self.arena.all(&[a, b]))
    }

    fn meet_classes(&mut self, a: &[KeyClass], b: &[KeyClass]) -> Result<Vec<KeyClass>> {
        let mut met = Vec::new();
        for x in a {
            for y in b {
                self.spend(1)?;
                let value = self.arena.all(&[x.value, y.value]);
                if value == ExprId::FALSE {
                    continue;
                }
                let keys = self.meet_texts(&x.keys, &y.keys)?;
                if !keys.is_empty() {
                    met.push(KeyClass { keys, value });
                }
            }
        }
        Ok(met)
    }

    /// Brings a shape in order: what it plainly cannot have goes away, and `None` if that is everything.
    pub(crate) fn settle_object(&mut self, mut shape: ObjectShape) -> Result<Option<ObjectShape>> {
        for member in &mut shape.members {
            if member.value == Some(ExprId::FALSE) {
                member.value = None;
            }
            if member.required && member.value.is_none() {
                return Ok(None);
            }
        }
        shape.classes.retain(|c| c.value != ExprId::FALSE && !c.keys.is_empty());
        let obligations = std::mem::take(&mut shape.some);
        for obligation in obligations {
            if !self.settle_obligation(&mut shape, obligation)? {
                return Ok(None);
            }
        }
        let required = shape.members.iter().filter(|m| m.required).count() as u64;
        if shape.max.is_some_and(|max| max < required.max(shape.min)) {
            return Ok(None);
        }
        if shape.min <= required {
            shape.min = 0;
        } else if most_members(&shape).is_some_and(|most| most < shape.min) {
            return Ok(None);
        }
        Ok(Some(shape))
    }

    /// Adds an obligation to a shape, in a simpler form where there is one. False: it cannot be fulfilled.
    fn settle_obligation(&mut self, shape: &mut ObjectShape, some: Obligation) -> Result<bool> {
        self.spend(1 + shape.members.len())?;
        let mut candidates = 0;
        let mut only = None;
        for (n, member) in shape.members.iter().enumerate() {
            let Some(value) = member.value else { continue };
            if !some.keys.contains(&member.name) || self.apart(value, some.value, DEPTH) {
                continue;
            }
            if member.required && self.within(value, some.value) {
                return Ok(true);
            }
            candidates += 1;
            only = Some(n);
        }
        let mut classes = false;
        for class in &shape.classes {
            classes = classes
                || !self.apart(class.value, some.value, DEPTH)
                    && (class.keys.is_all()
                        || !self.meet_texts(&class.keys, &some.keys)?.is_empty());
        }
        // A class may hold nothing but names of members; that is left to whoever asks whether the shape is inhabited.
        match (candidates, only, classes) {
            (0, _, false) => return Ok(false),
            (1, Some(n), false) => {
                let value = shape.members[n].value.unwrap_or(ExprId::FALSE);
                let value = self.arena.all(&[value, some.value]);
                shape.members[n].value = Some(value);
                shape.members[n].required = true;
                return Ok(value != ExprId::FALSE);
            }
            _ => {}
        }
        if let (Some([name]), true) = (some.keys.finite(), candidates == 0) {
            if shape.member(name).is_some() {
                // It is forbidden, or none of its values would do; members go before classes.
                return Ok(false);
            }
            // One key that is no member's name yet.
            let value = shape.class_value(name).unwrap_or(ExprId::FALSE);
            let value = self.arena.all(&[value, some.value]);
            shape.members.push(Member {
                name: (**name).into(),
                value: Some(value),
                required: true,
            });
            return Ok(value != ExprId::FALSE);
        }
        if some.keys.is_all() && some.value == ExprId::TRUE {
            shape.min = shape.min.max(1);
        } else if !shape.some.contains(&some) {
            shape.some.push(some);
        }
        Ok(true)
    }

    /// The objects of some shapes that are in none of the others. Each shape that is taken away multiplies what is left by
    /// the number of ways to break it; what is plainly empty is dropped at once.
    pub(crate) fn subtract_objects<'a>(
        &mut self,
        from: Vec<ObjectShape>,
        others: impl Iterator<Item = &'a ObjectShape>,
    ) -> Result<Vec<ObjectShape>> {
        let mut left = from;
        for other in others {
            if left.is_empty() {
                break;
            }
            let breaches = self.breaches_of_object(other)?;
            let mut next = Vec::new();
            for shape in &left {
                if self.object_within(shape, other) {
                    continue;
                }
                if self.meet_objects(shape, other)?.is_none() {
                    self.join_object(&mut next, shape.clone())?;
                    continue;
                }
                for breach in &breaches {
                    if let Some(met) = self.meet_objects(shape, breach)? {
                        self.join_object(&mut next, met)?;
                    }
                }
                if next.len() > SHAPES {
                    return Err(self.many_shapes());
                }
            }
            left = next;
        }
        Ok(left)
    }

    /// The refusal of a union that grew too large.
    pub(crate) fn many_shapes(&self) -> super::error::SchemaError {
        let kind = SchemaErrorKind::Limit { name: "shapes", value: SHAPES as u64 };
        self.error(kind, "the combination of subschemas has too many alternatives")
    }

    /// All ways for an object not to be of a shape.
    fn breaches_of_object(&mut self, shape: &ObjectShape) -> Result<Vec<ObjectShape>> {
        let mut breaches = Vec::new();
        // What tells shapes apart comes first, and the other ways are for objects that are alike in it: so these are
        // disjoint from most others that are taken away.
        let tells = |member: &&Member| member.value.is_some_and(|value| self.is_listed(value));
        let telling: Vec<Member> = shape.members.iter().filter(tells).cloned().collect();
        let others = shape.members.iter().filter(|member| !tells(member));
        let members: Vec<&Member> = shape.members.iter().filter(tells).chain(others).collect();
        for (told, member) in members.into_iter().enumerate() {
            let known = &telling[..told.min(telling.len())];
            let with = |name: &str, value, required| ObjectShape {
                members: known
                    .iter()
                    .cloned()
                    .chain([Member { name: name.into(), value, required }])
                    .collect(),
                ..ObjectShape::all()
            };
            match member.value {
                Some(value) if value != ExprId::TRUE => {
                    let other = self.arena.not(value);
                    if other != ExprId::FALSE {
                        breaches.push(with(&member.name, Some(other), true));
                    }
                }
                Some(_) => {}
                None => breaches.push(with(&member.name, Some(ExprId::TRUE), true)),
            }
            if member.required {
                breaches.push(with(&member.name, None, false));
            }
        }
        let alike = ObjectShape { members: telling, ..ObjectShape::all() };
        if !shape.is_open() {
            let names = TextSet::from_strings(shape.members.iter().map(|m| m.name.to_string()));
            let mut rest = TextSet::all();
            for class in &shape.classes {
                rest = self.subtract_texts(&rest, &class.keys)?;
                if class.value != ExprId::TRUE {
                    let keys = self.subtract_texts(&class.keys, &names)?;
                    let value = self.arena.not(class.value);
                    breaches.push(ObjectShape {
                        some: vec![Obligation { keys, value }],
                        ..alike.clone()
                    });
                }
            }
            let keys = self.subtract_texts(&rest, &names)?;
            if !keys.is_empty() {
                let some = vec![Obligation { keys, value: ExprId::TRUE }];
                breaches.push(ObjectShape { some, ..alike.clone() });
            }
        }
        if shape.min > 0 {
            breaches.push(ObjectShape { max: Some(shape.min - 1), ..alike.clone() });
        }
        if let Some(max) = shape.max {
            breaches.push(ObjectShape { min: max.saturating_add(1), ..alike.clone() });
        }
        for some in &shape.some {
            let mut classes = Vec::new();
            let value = self.arena.not(some.value);
            if value != ExprId::FALSE {
                classes.push(KeyClass { keys: some.keys.clone(), value });
            }
            let keys = self.subtract_texts(&TextSet::all(), &some.keys)?;
            if !keys.is_empty() {
                classes.push(KeyClass { keys, value: ExprId::TRUE });
            }
            breaches.push(ObjectShape { classes, ..alike.clone() });
        }
        Ok(breaches)
    }

    /// Whether an expression is plainly a list of scalars.
    fn is_listed(&self, value: ExprId) -> bool {
        let form = self.arena.form(self.arena.resolve(value));
        form.is_some_and(|form| {
            form.arrays.is_empty()
                && form.objects.is_empty()
                && form.text.finite().is_some()
                && form.number.count().is_some()
        })
    }

    /// Whether every object of `a` is plainly one of `b`. No answer is a no.
    pub(crate) fn object_within(&self, a: &ObjectShape, b: &ObjectShape) -> bool {
        if b.is_all() || a == b {
            return true;
        }
        let required = a.members.iter().filter(|m| m.required).count() as u64;
        if a.min.max(required) < b.min || b.max.is_some_and(|max| a.max.is_none_or(|m| m > max)) {
            return false;
        }
        if !b.some.iter().all(|s| a.some.contains(s)) {
            return false;
        }
        let in_a = Names::of(&a.members);
        let in_b = Names::of(&b.members);
        let member = |value: Option<ExprId>, wider: Option<ExprId>| match (value, wider) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(value), Some(wider)) => self.within(value, wider),
        };
        for wider in &b.members {
            let (value, required) = match in_a.find(&wider.name) {
                Some(n) => (a.members[n].value, a.members[n].required),
                None if wider.value == Some(ExprId::TRUE) && !wider.required => continue,
                None => (a.class_value(&wider.name), false),
            };
            if wider.required && !required || !member(value, wider.value) {
                return false;
            }
        }
        let open = b.is_open();
        open || a
            .members
            .iter()
            .filter(|m| in_b.find(&m.name).is_none())
            .all(|m| member(m.value, b.class_value(&m.name)))
            && a.classes.iter().all(|class| {
                b.classes.iter().any(|c| {
                    (c.keys.is_all() || c.keys == class.keys) && self.within(class.value, c.value)
                })
            })
    }

    /// One shape for two that differ in the values of one member only.
    pub(crate) fn merge_objects(
        &mut self,
        a: &ObjectShape,
        b: &ObjectShape,
    ) -> Option<ObjectShape> {
        if a.members.len() != b.members.len()
            || a.min != b.min
            || a.max != b.max
            || a.some != b.some
            || a.classes != b.classes
        {
            return None;
        }
        let mut differing = None;
        for (n, (x, y)) in a.members.iter().zip(&b.members).enumerate() {
            if x.name != y.name {
                return None;
            }
            if x != y && differing.replace(n).is_some() {
                return None;
            }
        }
        let n = differing?;
        let (x, y) = (&a.members[n], &b.members[n]);
        let (value, required) = match (x.value, y.value) {
            (Some(v), Some(w)) if x.required == y.required => (self.arena.any(&[v, w]), x.required),
            (Some(v), None) | (None, Some(v)) => (v, false),
            _ => return None,
        };
        let mut merged = a.clone();
        merged.members[n].value = Some(value);
        merged.members[n].required = required;
        Some(merged)
    }

    /// Whether two shapes are plainly disjoint. No answer is a no.
    pub(crate) fn objects_apart(&self, a: &ObjectShape, b: &ObjectShape, depth: usize) -> bool {
        let clash = |a: &ObjectShape, b: &ObjectShape| {
            a.members.iter().filter(|m| m.required).any(|m| match (m.value, b.value(&m.name)) {
                (Some(v), Some(w)) => self.apart(v, w, depth),
                _ => true,
            })
        };
        depth > 0 && (clash(a, b) || clash(b, a))
    }
}

/// The smaller of two bounds, where `None` is no bound.
pub(crate) fn fewer(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The most members that an object of a shape can have; `None`: any number.
pub(crate) fn most_members(shape: &ObjectShape) -> Option<u64> {
    let mut most = shape.members.iter().filter(|m| m.value.is_some()).count() as u64;
    for class in &shape.classes {
        let keys = class.keys.finite()?;
        most += keys.iter().filter(|k| shape.member(k).is_none()).count() as u64;
    }
    Some(most)
}
