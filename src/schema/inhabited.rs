//! Does any value fulfil an expression?
//!
//! The least fixed point over what values must contain: a scalar needs nothing, an object its required members, an array its
//! first items. What is not shown to have an instance when nothing changes any more has none, recursive schemas included.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{
    error::SchemaErrorKind,
    expr::{Expr, ExprId, Inhabited},
    normal::{Canon, Result},
    object::most_members,
    shape::{Alternatives, ArrayShape, ObjectShape},
    text::TextSet,
};

/// Obligations of one shape up to which all ways to fulfil them are tried.
const OBLIGATIONS: usize = 12;

/// Steps of the search for an array that fulfils several counts.
const COUNTED: usize = 100_000;

/// Keys of a finite class up to which each is tried for itself.
const KEYS: usize = 64;

/// Expressions that an answer depends on and that are not decided yet.
type Asked = Vec<ExprId>;

/// Where an obligation is fulfilled.
struct Slot {
    /// The member's index, or none for a key of a class.
    member: Option<usize>,
    /// For a class: the keys that are left for it.
    keys: TextSet,
    /// All that its value fulfils.
    value: ExprId,
}

impl Canon {
    /// Whether an expression has an instance. Exact, but for arrays of different items, whose items' number of values is
    /// counted only among scalars. Cost: what is reachable over required parts, once.
    pub(crate) fn inhabited(&mut self, root: ExprId) -> Result<bool> {
        if let Some(known) = self.known(root) {
            return Ok(known);
        }
        let root = self.arena.resolve(root);
        let mut unknown = vec![root];
        let mut seen: FxHashSet<ExprId> = unknown.iter().copied().collect();
        // First everything that the answers depend on is found, in breadth; then answers go back against that order.
        let mut next = 0;
        while next < unknown.len() {
            let id = unknown[next];
            next += 1;
            self.decide(id, &mut unknown, &mut seen)?;
        }
        loop {
            let mut changed = false;
            let mut n = unknown.len();
            while n > 0 {
                n -= 1;
                let id = unknown[n];
                if self.known(id).is_none() && self.decide(id, &mut unknown, &mut seen)? {
                    changed = true;
                }
            }
            // Answers can raise new questions; these are older than the next round.
            while next < unknown.len() {
                let id = unknown[next];
                next += 1;
                changed = true;
                self.decide(id, &mut unknown, &mut seen)?;
            }
            if !changed {
                break;
            }
        }
        for id in unknown {
            let entry = self.arena.entry_mut(id);
            if entry.inhabited == Inhabited::Unknown {
                entry.inhabited = Inhabited::No;
            }
        }
        Ok(self.known(root).unwrap_or(false))
    }

    fn known(&self, id: ExprId) -> Option<bool> {
        match self.arena.entry(self.arena.resolve(id)).inhabited {
            Inhabited::Unknown => None,
            Inhabited::Yes => Some(true),
            Inhabited::No => Some(false),
        }
    }

    /// Tries to show that an expression has an instance; what that depends on joins the unknown ones.
    fn decide(
        &mut self,
        id: ExprId,
        unknown: &mut Vec<ExprId>,
        seen: &mut FxHashSet<ExprId>,
    ) -> Result<bool> {
        self.spend(1)?;
        let id = self.arena.resolve(id);
        let mut asked = Asked::new();
        let yes = match self.arena.expr(id) {
            Expr::Any(parts) => {
                let parts = parts.clone();
                parts.iter().any(|&p| self.ask(p, &mut asked))
            }
            Expr::Place(place) => {
                let body = self.arena.body(*place).expect("invariant: every place was read");
                // A schema that is only a reference to itself is refused here.
                self.raw(id)?;
                self.ask(body, &mut asked)
            }
            _ => {
                let form = self.raw(id)?;
                self.form_possible(&form, &mut asked)?
            }
        };
        if yes {
            self.arena.entry_mut(id).inhabited = Inhabited::Yes;
            return Ok(true);
        }
        unknown.extend(asked.into_iter().filter(|&a| seen.insert(a)));
        Ok(false)
    }

    /// The answer as far as it is known: no, if it is not, and then the question is noted.
    fn ask(&self, id: ExprId, asked: &mut Asked) -> bool {
        let id = self.arena.resolve(id);
        self.known(id).unwrap_or_else(|| {
            asked.push(id);
            false
        })
    }

    fn form_possible(&mut self, form: &Alternatives, asked: &mut Asked) -> Result<bool> {
        if form.has_scalars() {
            return Ok(true);
        }
        for shape in &form.objects {
            if self.object_possible(shape, asked)? {
                return Ok(true);
            }
        }
        for shape in &form.arrays {
            if self.array_possible(shape, asked)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn object_possible(&mut self, shape: &ObjectShape, asked: &mut Asked) -> Result<bool> {
        self.spend(1 + shape.members.len())?;
        let mut required = 0;
        let mut possible = true;
        for member in shape.members.iter().filter(|m| m.required) {
            required += 1;
            possible &= member.value.is_some_and(|v| self.ask(v, asked));
        }
        if !possible {
            return Ok(false);
        }
        if shape.min > required {
            let mut able = shape.clone();
            for member in &mut able.members {
                member.value = member.value.filter(|&v| self.ask(v, asked));
            }
            able.classes.retain(|c| self.ask(c.value, asked));
            if most_members(&able).is_some_and(|most| most < shape.min) {
                return Ok(false);
            }
        }
        if shape.some.is_empty() {
            return Ok(true);
        }
        if shape.some.len() > OBLIGATIONS {
            let kind = SchemaErrorKind::Limit { name: "obligations", value: OBLIGATIONS as u64 };
            return Err(self.error(kind, "too many negated members at once"));
        }
        self.assign(shape, 0, &mut Vec::new(), asked)
    }

    /// Whether the obligations from the `n`-th on can be fulfilled, given where those before are. Depth: the obligations.
    fn assign(
        &mut self,
        shape: &ObjectShape,
        n: usize,
        slots: &mut Vec<Slot>,
        asked: &mut Asked,
    ) -> Result<bool> {
        self.spend(1)?;
        let Some(some) = shape.some.get(n) else {
            let extra = slots
                .iter()
                .filter(|s| s.member.is_none_or(|m| !shape.members[m].required))
                .count();
            let required = shape.members.iter().filter(|m| m.required).count();
            return Ok(shape.max.is_none_or(|max| (required + extra) as u64 <= max));
        };
        // Where another obligation is fulfilled already, or a member is.
        for slot in 0..slots.len() {
            let keys = match slots[slot].member {
                Some(m) if !some.keys.contains(&shape.members[m].name) => continue,
                Some(_) => TextSet::all(),
                None => self.meet_texts(&slots[slot].keys, &some.keys)?,
            };
            let value = self.arena.all(&[slots[slot].value, some.value]);
            if keys.is_empty() || !self.ask(value, asked) {
                continue;
            }
            let keys = std::mem::replace(&mut slots[slot].keys, keys);
            let value = std::mem::replace(&mut slots[slot].value, value);
            let done = self.assign(shape, n + 1, slots, asked)?;
            slots[slot].keys = keys;
            slots[slot].value = value;
            if done {
                return Ok(true);
            }
        }
        for (m, member) in shape.members.iter().enumerate() {
            let taken = slots.iter().any(|s| s.member == Some(m));
            let Some(value) = member.value.filter(|_| !taken && some.keys.contains(&member.name))
            else {
                continue;
            };
            let value = self.arena.all(&[value, some.value]);
            if self.ask(value, asked) {
                slots.push(Slot { member: Some(m), keys: TextSet::all(), value });
                let done = self.assign(shape, n + 1, slots, asked)?;
                slots.pop();
                if done {
                    return Ok(true);
                }
            }
        }
        let names = TextSet::from_strings(shape.members.iter().map(|m| m.name.to_string()));
        for class in &shape.classes {
            let value = self.arena.all(&[class.value, some.value]);
            if !self.ask(value, asked) {
                continue;
            }
            let keys = self.meet_texts(&class.keys, &some.keys)?;
            let keys = self.subtract_texts(&keys, &names)?;
            // Infinitely many keys: a fresh one is always there. Of finitely many each is tried.
            let choices: Vec<TextSet> = match keys.finite() {
                None => vec![keys.clone()],
                Some(words) => {
                    let free = words.iter().filter(|w| {
                        !slots.iter().any(|s| s.member.is_none() && s.keys.contains(w))
                    });
                    free.take(KEYS).map(|w| TextSet::from_strings([w.to_string()])).collect()
                }
            };
            for keys in choices {
                slots.push(Slot { member: None, keys, value });
                let done = self.assign(shape, n + 1, slots, asked)?;
                slots.pop();
                if done {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn array_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        if shape.contains.is_empty() {
            return self.items_possible(shape, asked);
        }
        if let ([count], Some(rest), true) =
            (&shape.contains[..], shape.rest, shape.prefix.is_empty())
            && count.from == 0
        {
            let length = shape.min.max(count.min);
            if shape.max.is_some_and(|max| length > max) {
                return Ok(false);
            }
            if length == 0 {
                return Ok(true);
            }
            let inside = self.arena.all(&[rest, count.schema]);
            if count.min > 0
                && (!self.ask(inside, asked)
                    || shape.unique && !self.has_values(inside, count.min)?)
            {
                return Ok(false);
            }
            if length == count.min || count.max.is_none() && count.min > 0 {
                return Ok(!shape.unique || self.has_values(rest, length)?);
            }
            let Some(max) = count.max else { return Ok(self.ask(rest, asked)) };
            let other = self.arena.not(count.schema);
            let outside = self.arena.all(&[rest, other]);
            return Ok(length <= max && self.ask(inside, asked) || self.ask(outside, asked));
        }
        self.counts_possible(shape, asked)
    }

    /// Whether the items that must be there can be there, without counts.
    fn items_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        self.spend(1 + shape.prefix.len())?;
        let least = usize::try_from(shape.min).unwrap_or(usize::MAX);
        let mut possible = true;
        for &item in shape.prefix.iter().take(least) {
            possible &= self.ask(item, asked);
        }
        if least > shape.prefix.len() {
            possible &= shape.rest.is_some_and(|rest| self.ask(rest, asked));
        }
        if possible && shape.unique && least > 1 && shape.prefix.is_empty() {
            return match shape.rest {
                Some(rest) => self.has_values(rest, shape.min),
                None => Ok(false),
            };
        }
        Ok(possible)
    }

    /// Whether an expression has at least so many values, if it has scalars only; arrays and objects count as infinitely many.
    fn has_values(&mut self, id: ExprId, least: u64) -> Result<bool> {
        let form = self.raw(id)?;
        if !form.arrays.is_empty() || !form.objects.is_empty() {
            return Ok(true);
        }
        let truth = u64::from(form.truth[0]) + u64::from(form.truth[1]);
        let mut values = u64::from(form.null) + truth;
        match form.text.finite() {
            Some(words) => values += words.len() as u64,
            None => return Ok(true),
        }
        // Too many to count is more than any array holds.
        let Some(numbers) = form.number.count() else { return Ok(true) };
        values = values.saturating_add(u64::try_from(numbers).unwrap_or(u64::MAX));
        Ok(values >= least)
    }

    /// Searches for an array by its length and by how often each count was reached.
    fn counts_possible(&mut self, shape: &ArrayShape, asked: &mut Asked) -> Result<bool> {
        let contains = &shape.contains;
        let kinds = contains.len();
        if kinds > OBLIGATIONS {
            let kind = SchemaErrorKind::Limit { name: "contains", value: OBLIGATIONS as u64 };
            return Err(self.error(kind, "too many `contains` at once"));
        }
        let start = vec![0u64; kinds];
        let mut states: std::collections::BTreeSet<Vec<u64>> = [start].into();
        // Lengths beyond these change nothing but what `min` asks for.
        let steady =
            contains.iter().map(|c| c.from).max().unwrap_or(0).max(shape.prefix.len() as u64);
        let mut index = 0u64;
        let mut work = 0usize;
        loop {
            let done = |counts: &Vec<u64>| contains.iter().zip(counts).all(|(c, &n)| n >= c.min);
            if index >= shape.min && states.iter().any(done) {
                return Ok(true);
            }
            if states.is_empty() || shape.max == Some(index) {
                return Ok(false);
            }
            let Some(item) = shape.item(usize::try_from(index).unwrap_or(usize::MAX)) else {
                return Ok(false);
            };
            let mut next = std::collections::BTreeSet::new();
            for chosen in 0..1u32 << kinds {
                let mut parts = vec![item];
                for (k, c) in contains.iter().enumerate() {
                    if chosen >> k & 1 == 1 {
                        parts.push(c.schema);
                    } else if c.max.is_some() {
                        parts.push(self.arena.not(c.schema));
                    }
                }
                self.spend(1 + states.len())?;
                let value = self.arena.all(&parts);
                if !self.ask(value, asked) {
                    continue;
                }
                for counts in &states {
                    let mut counts = counts.clone();
                    let mut fits = true;
                    for (k, c) in contains.iter().enumerate() {
                        if chosen >> k & 1 == 1 && index >= c.from {
                            let n = counts[k] + 1;
                            fits &= c.max.is_none_or(|max| n <= max);
                            counts[k] = if c.max.is_none() { n.min(c.min) } else { n };
                        }
                    }
                    if fits {
                        next.insert(counts);
                    }
                }
            }
            work += next.len();
            if work > COUNTED {
                let kind = SchemaErrorKind::Limit { name: "counted", value: COUNTED as u64 };
                return Err(self.error(kind, "the counts of `contains` are too large together"));
            }
            if index > steady && index >= shape.min && next.is_subset(&states) {
                return Ok(false);
            }
            if index > steady && index >= shape.min {
                next.extend(states);
            }
            states = next;
            index += 1;
        }
    }

    /// The canonical form of an expression, everything in it inhabited: what a required part cannot be goes with its shape,
    /// what another part cannot be is forbidden.
    pub(crate) fn clean(&mut self, id: ExprId) -> Result<Arc<Alternatives>> {
        let id = self.arena.resolve(id);
        if let Some(form) = &self.arena.entry(id).clean {
            return Ok(form.clone());
        }
        let before = self.arena.here;
        self.arena.here = self.arena.entry(id).origin;
        let raw = self.raw(id)?;
        let form = if raw.arrays.is_empty() && raw.objects.is_empty() {
            raw
        } else {
            let mut form =
                Alternatives { arrays: Vec::new(), objects: Vec::new(), ..(*raw).clone() };
            for shape in &raw.objects {
                if let Some(shape) = self.clean_object(shape.clone())? {
                    self.join_object(&mut form.objects, shape)?;
                }
            }
            for shape in &raw.arrays {
                if let Some(shape) = self.clean_array(shape.clone())? {
                    self.join_array(&mut form.arrays, shape)?;
                }
            }
            if form == *raw { raw } else { Arc::new(form) }
        };
        self.arena.here = before;
        self.arena.entry_mut(id).clean = Some(form.clone());
        Ok(form)
    }

    fn clean_object(&mut self, mut shape: ObjectShape) -> Result<Option<ObjectShape>> {
        self.spend(1 + shape.members.len())?;
        for member in &mut shape.members {
            if let Some(value) = member.value
                && !self.inhabited(value)?
            {
                member.value = None;
            }
        }
        let mut classes = Vec::with_capacity(shape.classes.len());
        for class in std::mem::take(&mut shape.classes) {
            if self.inhabited(class.value)? {
                classes.push(class);
            }
        }
        shape.classes = classes;
        let Some(shape) = self.settle_object(shape)? else { return Ok(None) };
        let possible = self.settled(|canon, asked| canon.object_possible(&shape, asked))?;
        Ok(possible.then_some(shape))
    }

    fn clean_array(&mut self, mut shape: ArrayShape) -> Result<Option<ArrayShape>> {
        self.spend(1 + shape.prefix.len())?;
        for item in &mut shape.prefix {
            if !self.inhabited(*item)? {
                *item = ExprId::FALSE;
            }
        }
        if let Some(rest) = shape.rest
            && !self.inhabited(rest)?
        {
            shape.rest = None;
        }
        for count in &mut shape.contains {
            if !self.inhabited(count.schema)? {
                count.schema = ExprId::FALSE;
            }
        }
        let Some(shape) = self.settle_array(shape) else { return Ok(None) };
        let possible = self.settled(|canon, asked| canon.array_possible(&shape, asked))?;
        Ok(possible.then_some(shape))
    }

    /// The final answer of something that asks.
    fn settled(
        &mut self,
        mut answer: impl FnMut(&mut Self, &mut Asked) -> Result<bool>,
    ) -> Result<bool> {
        loop {
            let mut asked = Asked::new();
            if answer(self, &mut asked)? {
                return Ok(true);
            }
            if asked.is_empty() {
                return Ok(false);
            }
            for id in asked {
                self.inhabited(id)?;
            }
        }
    }
}
