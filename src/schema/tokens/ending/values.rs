//! Which instance of a schema takes the fewest tokens?
//!
//! Found for all values that one needs at once: whenever one of them becomes shorter, those that contain it are made again.
//! What is made may be no instance (items that must differ are made alike); it then is an estimate, and a proposal that is
//! refused.

use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::texts::Scalars;
use crate::{
    Vocabulary,
    ending::{Cost, Text},
    schema::{
        expr::ExprId,
        machine::{Object, Obligation, Plan},
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
    scalars: &'a Scalars,
    known: &'a Values,
    found: FxHashMap<ExprId, Found>,
    /// Values to be made; what is needed first comes last.
    work: Vec<ExprId>,
    /// The value being made.
    now: ExprId,
}

/// A value in work.
#[derive(Default)]
struct Found {
    text: Option<Arc<Text>>,
    /// Values that contain it.
    above: FxHashSet<ExprId>,
    /// Whether it is to be made.
    waits: bool,
}

impl Values {
    /// The shortest instance of an expression; `None` where there is none within limits.
    pub(super) fn of(
        &self,
        value: ExprId,
        plan: &Plan,
        vocabulary: &Vocabulary,
        scalars: &Scalars,
    ) -> Option<Arc<Text>> {
        if let Some(known) = self.0.pin().get(&value) {
            return known.clone();
        }
        let (found, work) = (FxHashMap::default(), Vec::new());
        let mut making = Making { plan, vocabulary, scalars, known: self, found, work, now: value };
        making.wait(value);
        while let Some(now) = making.work.pop() {
            making.now = now;
            making.found.entry(now).or_default().waits = false;
            let made = making.make(now);
            let found = making.found.entry(now).or_default();
            if let Some(made) = made
                && found.text.as_ref().is_none_or(|before| made.cost < before.cost)
            {
                found.text = Some(Arc::new(made));
                let above: Vec<ExprId> = found.above.iter().copied().collect();
                above.into_iter().for_each(|above| making.wait(above));
            }
        }
        let known = self.0.pin();
        for (value, found) in &making.found {
            known.insert(*value, found.text.clone());
        }
        making.found.get(&value)?.text.clone()
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len() * 160
    }
}

impl Making<'_> {
    /// Has a value made, again if it has to be.
    fn wait(&mut self, value: ExprId) {
        let found = self.found.entry(value).or_default();
        if !std::mem::replace(&mut found.waits, true) {
            self.work.push(value);
        }
    }

    /// A value that the one being made contains.
    fn part(&mut self, value: ExprId) -> Option<Arc<Text>> {
        if let Some(found) = self.found.get_mut(&value) {
            found.above.insert(self.now);
            return found.text.clone();
        }
        if let Some(known) = self.known.0.pin().get(&value) {
            return known.clone();
        }
        if self.found.len() < MOST {
            self.wait(value);
            self.found.entry(value).or_default().above.insert(self.now);
        }
        None
    }

    /// The shortest instance that its parts, as far as they are known, allow.
    fn make(&mut self, value: ExprId) -> Option<Text> {
        let plan = self.plan;
        let ready = plan.ready(value);
        let words = [(ready.null, "null"), (ready.truth[0], "false"), (ready.truth[1], "true")];
        let mut texts: Vec<Vec<u8>> = words
            .into_iter()
            .filter(|(may, _)| *may)
            .map(|(_, word)| word.as_bytes().to_vec())
            .collect();
        if let Some(number) = ready.number {
            let start = plan.numbers[number as usize].start();
            let digits = self.scalars.numbers(plan, self.vocabulary, number, start, false);
            texts.extend(digits.first().map(|digits| digits.bytes.to_vec()));
        }
        for &language in &ready.texts {
            texts.extend(self.string(language));
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

    fn string(&self, language: u32) -> Option<Vec<u8>> {
        let rest = self.names(language, false).first()?.bytes.clone();
        Some([b"\"", &*rest].concat())
    }

    /// Texts of a language, the closing quote included.
    fn names(&self, language: u32, differ: bool) -> Arc<[Text]> {
        let start = self.plan.language(language).start();
        match start {
            Some(start) => {
                self.scalars.strings(self.plan, self.vocabulary, language, start, differ)
            }
            None => Arc::default(),
        }
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
        let mut others = Vec::new();
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
            match cheapest(self) {
                Some(member) => members.push(member),
                None => others.push(self.classed(object, some)?),
            }
        }
        if ((members.len() + others.len()) as u32) < object.min {
            let mut more: Vec<(Cost, usize)> = Vec::new();
            for (name, value) in object.values.iter().enumerate() {
                if members.iter().all(|member| member.0 != name)
                    && let Some(text) = self.part(*value)
                {
                    more.push((text.cost, name));
                }
            }
            more.sort_unstable();
            let missing = object.min as usize - members.len() - others.len();
            let more = more.into_iter().take(missing);
            members.extend(more.map(|(_, name)| (name, object.values[name])));
            let missing = (object.min as usize).saturating_sub(members.len() + others.len());
            let mut more = Vec::new();
            for &(language, value) in object.classes.iter().filter(|_| missing > 0) {
                let names = self.names(language, true);
                let value = self.part(value);
                more.extend(names.iter().take(missing).filter_map(|name| {
                    Some([b"\"", &*name.bytes, b":", &value.as_ref()?.bytes].concat())
                }));
            }
            more.sort_by_key(Vec::len);
            others.extend(more.into_iter().take(missing));
        }
        // What is not known yet must not look like a shorter text.
        if ((members.len() + others.len()) as u32) < object.min {
            return None;
        }
        let place = |name: usize| object.order.iter().position(|at| *at as usize == name);
        match object.is_ordered {
            true => members.sort_by_key(|member| place(member.0)),
            false => members.sort_unstable(),
        }
        let mut parts = Vec::with_capacity(members.len() + others.len());
        for (name, value) in members {
            parts.push(
                [&*quoted(&object.names.words()[name]), b":", &self.part(value)?.bytes].concat(),
            );
        }
        parts.append(&mut others);
        Some([b"{", parts.join(&b","[..]).as_slice(), b"}"].concat())
    }
}

impl Making<'_> {
    /// The cheapest member with a name of a class that meets an obligation.
    fn classed(&mut self, object: &Object, some: &Obligation) -> Option<Vec<u8>> {
        let classes = some.classes.iter().map(|class| object.classes[class]);
        let mut members = Vec::new();
        for (language, value) in classes {
            let Some(both) = self.plan.both(value, some.value) else { continue };
            let (names, value) = (self.names(language, false), self.part(both));
            if let (Some(name), Some(value)) = (names.first(), value) {
                members.push([b"\"", &*name.bytes, b":", &value.bytes].concat());
            }
        }
        members.into_iter().min_by_key(Vec::len)
    }
}

/// A string as JSON.
pub(super) fn quoted(text: &str) -> Box<[u8]> {
    serde_json::Value::from(text).to_string().into_bytes().into()
}
