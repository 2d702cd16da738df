//! Does any value fulfil an expression?
//!
//! The least fixed point over what values must contain: a scalar needs nothing, an object its required members, an array its
//! first items. What is not shown to have an instance when nothing changes any more has none, recursive schemas included.

use rustc_hash::FxHashSet;

use super::{
    error::SchemaErrorKind,
    expr::{Expr, ExprId, Inhabited},
    normal::{Canon, Result},
    object::most_members,
    shape::{Alternatives, ObjectShape},
    text::TextSet,
};

/// Obligations of one shape up to which all ways to fulfil them are tried.
pub(super) const OBLIGATIONS: usize = 12;

/// Keys of a finite class up to which each is tried for itself.
const KEYS: usize = 64;

/// Expressions that an answer depends on and that are not decided yet.
pub(super) type Asked = Vec<ExprId>;

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
    pub(super) fn ask(&self, id: ExprId, asked: &mut Asked) -> bool {
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

    pub(super) fn object_possible(
        &mut self,
        shape: &ObjectShape,
        asked: &mut Asked,
    ) -> Result<bool> {
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
}
