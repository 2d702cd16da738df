//! Which instance of a schema takes the fewest tokens?
//!
//! Found for all values that one needs at once: as long as one of them becomes shorter, those that contain it are made again.
//! What is made may be no instance (items that must differ are made alike); it then is an estimate, and a proposal that is
//! refused.

use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{texts, texts::Bytes};
use crate::{
    Vocabulary,
    ending::{Cost, Text},
    schema::{
        expr::ExprId,
        machine::{Plan, View},
    },
};

/// Bytes of an instance, at most.
const LONGEST: usize = 1 << 14;

/// Values that are made for one, at most.
const MOST: usize = 1 << 14;

/// The shortest instances found.
#[derive(Debug, Default)]
pub(super) struct Values(papaya::HashMap<ExprId, Option<Arc<Text>>, FxBuildHasher>);

/// What is known while values are made.
struct Making<'a> {
    plan: &'a Plan,
    vocabulary: &'a Vocabulary,
    bytes: &'a Bytes,
    known: &'a Values,
    /// The values in work, in the order in which they were needed.
    order: Vec<ExprId>,
    found: FxHashMap<ExprId, Option<Arc<Text>>>,
}

impl Values {
    /// The shortest instance of an expression; `None` where there is none within limits.
    pub(super) fn of(
        &self,
        value: ExprId,
        plan: &Plan,
        vocabulary: &Vocabulary,
        bytes: &Bytes,
    ) -> Option<Arc<Text>> {
        if let Some(known) = self.0.pin().get(&value) {
            return known.clone();
        }
        let found = FxHashMap::from_iter([(value, None)]);
        let mut making =
            Making { plan, vocabulary, bytes, known: self, order: vec![value], found };
        let mut changed = true;
        while std::mem::take(&mut changed) {
            let mut at = 0;
            while at < making.order.len() {
                let value = making.order[at];
                let made = making.make(value);
                let before = &making.found[&value];
                if let Some(made) = made
                    && before.as_ref().is_none_or(|before| made.cost < before.cost)
                {
                    changed = true;
                    making.found.insert(value, Some(Arc::new(made)));
                }
                at += 1;
            }
        }
        let known = self.0.pin();
        for value in &making.order {
            known.insert(*value, making.found[value].clone());
        }
        making.found[&value].clone()
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * 160
    }
}

impl Making<'_> {
    /// A value that another one contains.
    fn part(&mut self, value: ExprId) -> Option<Arc<Text>> {
        if let Some(found) = self.found.get(&value) {
            return found.clone();
        }
        if let Some(known) = self.known.0.pin().get(&value) {
            return known.clone();
        }
        if self.order.len() < MOST {
            self.order.push(value);
            self.found.insert(value, None);
        }
        None
    }

    /// The shortest instance that its parts, as far as they are known, allow.
    fn make(&mut self, value: ExprId) -> Option<Text> {
        let plan = self.plan;
        let ready = plan.ready(value);
        let words = [
            (ready.null, "null"),
            (ready.truth[0], "false"),
            (ready.truth[1], "true"),
        ];
        let mut texts: Vec<Vec<u8>> = words
            .into_iter()
            .filter(|(may, _)| *may)
            .map(|(_, word)| word.as_bytes().to_vec())
            .collect();
        if let Some(number) = ready.number {
            let automaton = &plan.numbers[number as usize];
            let digits = texts::of_number(automaton, automaton.start(), 1);
            texts.extend(digits.into_iter().map(Vec::from));
        }
        for &language in &ready.texts {
            texts.extend(self.string(plan.language(language)));
        }
        for &shape in &ready.arrays {
            texts.extend(self.array(shape));
        }
        for &shape in &ready.objects {
            texts.extend(self.object(shape));
        }
        let fits = texts.into_iter().filter(|text| text.len() <= LONGEST);
        fits.filter_map(|text| Text::new(text, self.vocabulary)).min()
    }

    fn string(&self, view: View<'_>) -> Option<Vec<u8>> {
        let rest = texts::of_string(view, view.start()?, self.bytes, 1).into_iter().next()?;
        Some([b"\"", &*rest].concat())
    }

    fn array(&mut self, shape: u32) -> Option<Vec<u8>> {
        let plan = self.plan;
        let array = &plan.arrays[shape as usize];
        let mut unmet: Vec<u32> = array.contains.iter().map(|contains| contains.min).collect();
        let (mut text, mut index) = (b"[".to_vec(), 0);
        while index < array.min || unmet.iter().any(|unmet| *unmet > 0) {
            let mut item = array.item(index)?;
            for (contains, unmet) in array.contains.iter().zip(&mut unmet) {
                if *unmet > 0
                    && contains.from <= index
                    && let Some(both) = plan.both(item, contains.item)
                {
                    item = both;
                    *unmet -= 1;
                }
            }
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&self.part(item)?.bytes);
            index += 1;
            if text.len() > LONGEST {
                return None;
            }
        }
        text.push(b']');
        Some(text)
    }

    fn object(&mut self, shape: u32) -> Option<Vec<u8>> {
        let plan = self.plan;
        let object = &plan.objects[shape as usize];
        let mut members: Vec<(usize, ExprId)> =
            object.required.iter().map(|name| (name, object.values[name])).collect();
        for some in &object.some {
            let here = members.iter_mut().find_map(|(name, value)| {
                let both = some.names.contains(*name).then(|| plan.both(*value, some.value));
                Some((value, both.flatten()?))
            });
            if let Some((value, both)) = here {
                *value = both;
                continue;
            }
            let more: Vec<(usize, ExprId)> = some
                .names
                .iter()
                .filter(|name| members.iter().all(|member| member.0 != *name))
                .filter_map(|name| Some((name, plan.both(object.values[name], some.value)?)))
                .collect();
            let cheapest = |making: &mut Self| {
                let cost = |making: &mut Self, member: &(usize, ExprId)| {
                    making.part(member.1).map_or(Cost::MAX, |text| text.cost)
                };
                more.iter().min_by_key(|member| cost(making, member)).copied()
            };
            members.extend(cheapest(self));
        }
        let mut others = Vec::new();
        if (members.len() as u32) < object.min {
            let mut more: Vec<(Cost, usize)> = Vec::new();
            for (name, value) in object.values.iter().enumerate() {
                if members.iter().all(|member| member.0 != name)
                    && let Some(text) = self.part(*value)
                {
                    more.push((text.cost, name));
                }
            }
            more.sort_unstable();
            let missing = object.min as usize - members.len();
            let more = more.into_iter().take(missing);
            members.extend(more.map(|(_, name)| (name, object.values[name])));
            let missing = object.min as usize - members.len();
            if missing > 0 {
                for &(language, value) in &object.classes {
                    let view = plan.language(language);
                    let Some(start) = view.start() else { continue };
                    let names = texts::of_string(view, start, self.bytes, missing);
                    let value = self.part(value);
                    others.extend(names.into_iter().filter_map(|name| {
                        Some([b"\"", &*name, b":", &value.as_ref()?.bytes].concat())
                    }));
                }
                others.sort_by_key(Vec::len);
                others.truncate(missing);
            }
        }
        match &object.order {
            Some(order) => {
                let place = |name: usize| order.iter().position(|at| *at as usize == name);
                members.sort_by_key(|member| place(member.0));
            }
            None => members.sort_unstable(),
        }
        let mut parts = Vec::with_capacity(members.len() + others.len());
        for (name, value) in members {
            parts.push([&*quoted(&object.names.words()[name]), b":", &self.part(value)?.bytes].concat());
        }
        parts.append(&mut others);
        Some([b"{", parts.join(&b","[..]).as_slice(), b"}"].concat())
    }
}

/// A string as JSON.
pub(super) fn quoted(text: &str) -> Box<[u8]> {
    serde_json::Value::from(text).to_string().into_bytes().into()
}
