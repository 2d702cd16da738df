//! Which members come next, so that an object ends soonest?

use super::{Ending, Moves, values::quoted};
use crate::{
    ending::{Cost, Text},
    schema::{
        expr::ExprId,
        machine::{Frame, Look, Object, Obligation, Place, StackId, View},
    },
};

/// Members that are tried at one place: at first, and where that led nowhere.
const MEMBERS: [usize; 2] = [4, 64];

/// Values of one member that are tried, by the obligations that they meet.
const VALUES: usize = 8;

/// About what a member costs of which no text is known.
const DEAR: Cost = 5 << 32 | 8;

/// What an object needs beyond the members that are required.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Obligations that are not met, and about what the cheapest member costs that meets each.
    unmet: Vec<(usize, Cost)>,
    /// How many members are missing, whichever they are, and about what each costs.
    more: u32,
    each: Cost,
}

impl Owed {
    fn is_nothing(&self) -> bool {
        self.unmet.is_empty() && self.more == 0
    }

    /// About what is owed after a member that meets these obligations, as bits; 0: before one. Rather more than less, one
    /// member for each: else all orders of the names would look equally good.
    pub(super) fn cost(&self, meets: u64) -> Cost {
        let unmet = self.unmet.iter().filter(|(bit, _)| meets >> bit & 1 == 0);
        let (count, sum) = unmet
            .fold((0, 0), |(count, sum): (u32, Cost), one| (count + 1, sum.saturating_add(one.1)));
        sum.saturating_add(self.each.saturating_mul(self.more.saturating_sub(count).into()))
    }

    /// The same after any member.
    pub(super) fn after(&self, meets: u64, is_required: bool) -> Cost {
        let more = self.more.saturating_sub(u32::from(!is_required));
        Self { unmet: self.unmet.clone(), more, each: self.each }.cost(meets)
    }
}

impl Ending<'_> {
    /// What an object needs beyond the members that are required.
    pub(super) fn owed(&self, frame: &Frame) -> Owed {
        let Frame::Object { shape, seen, others, met, .. } = frame else { return Owed::default() };
        let object = &self.machine.plan().objects[*shape as usize];
        let required = object.required_count - object.required.common(seen) as u32;
        let read = seen.len() as u32 + *others + required;
        let mut owed = Owed { more: object.min.saturating_sub(read), ..Owed::default() };
        for (bit, some) in object.some.iter().enumerate().filter(|(bit, _)| met >> bit & 1 == 0) {
            let cost = *self.ends.meeting.pin().get_or_insert_with((*shape, bit), || {
                let any = |_| true;
                self.cheapest(object, frame, any, Some(some)).unwrap_or(DEAR)
            });
            owed.unmet.push((bit, cost));
        }
        if owed.more > 0 {
            let optional = |name| !seen.contains(name) && !object.required.contains(name);
            owed.each = self.cheapest(object, frame, optional, None).unwrap_or(DEAR);
        }
        owed
    }

    /// About what the cheapest member costs: of the names that are asked for, or of some class; one that meets an obligation.
    fn cheapest(
        &self,
        object: &Object,
        frame: &Frame,
        may: impl Fn(usize) -> bool,
        some: Option<&Obligation>,
    ) -> Option<Cost> {
        let plan = self.machine.plan();
        let value = |value: ExprId| match some {
            Some(some) => plan.both(value, some.value),
            None => Some(value),
        };
        let names = (0..object.values.len())
            .filter(|name| may(*name) && some.is_none_or(|some| some.names.contains(*name)))
            .filter_map(|name| {
                let value = value(object.values[name])?;
                Some(self.key_cost(frame, name).saturating_add(self.value_cost(value)))
            });
        let classes = object.classes.iter().enumerate();
        let classes = classes
            .filter(|(class, _)| some.is_none_or(|some| some.classes.contains(*class)))
            .filter_map(|(_, (language, any))| {
                let names = self.strings(*language, plan.language(*language).start()?, true);
                let name = names.last()?.cost.saturating_add(Text::cost(4, 4));
                Some(name.saturating_add(self.value_cost(value(*any)?)))
            });
        names.chain(classes).min()
    }

    /// About what a declared member costs, its comma included.
    pub(super) fn member_cost(&self, frame: &Frame, name: usize) -> Cost {
        let Frame::Object { shape, .. } = frame else { return Cost::MAX };
        let object = &self.machine.plan().objects[*shape as usize];
        self.key_cost(frame, name).saturating_add(self.value_cost(object.values[name]))
    }

    /// What the name of a declared member costs, with what stands around it.
    fn key_cost(&self, frame: &Frame, name: usize) -> Cost {
        let Frame::Object { shape, .. } = frame else { return Cost::MAX };
        let object = &self.machine.plan().objects[*shape as usize];
        *self.ends.names.pin().get_or_insert_with((*shape, name), || {
            self.cost(&[b",", &*quoted(&object.names.words()[name]), b":"].concat())
        })
    }

    /// Members that may come next, after `begin`.
    pub(super) fn members(&self, stack: StackId, begin: &[u8], moves: &mut Moves<'_>) {
        let frame = self.machine.stacks().top(stack);
        let Frame::Object { shape, .. } = frame else { return };
        let plan = self.machine.plan();
        let object = &plan.objects[*shape as usize];
        let (names, classes) = self.machine.next(stack);
        let left = self.rest(stack);
        let owed = self.owed(frame);
        let needed = !owed.is_nothing() || moves.wide;
        let required = names.iter().filter(|name| object.required.contains(*name));
        let required: Vec<usize> = required.collect();
        if required.is_empty() && !needed {
            return;
        }
        let mut rest: Vec<(Cost, usize)> = Vec::new();
        if needed {
            let optional = names.iter().filter(|name| !object.required.contains(*name));
            rest = optional.map(|name| (self.member_cost(frame, name), name)).collect();
            rest.sort_unstable();
        }
        let most = MEMBERS[usize::from(moves.wide)];
        let rest = rest.into_iter().take(most).map(|(_, name)| name);
        // All that is left but what is owed, which a member may lessen.
        let left = left.saturating_sub(owed.cost(0));
        for name in required.into_iter().take(most).chain(rest) {
            let key = [begin, &*quoted(&object.names.words()[name]), b":"].concat();
            let required = object.required.contains(name);
            let cost = if required { self.member_cost(frame, name) } else { 0 };
            let left = left.saturating_sub(cost);
            for (value, met) in
                self.meeting(object, object.values[name], |some| some.names.contains(name))
            {
                self.member(&key, value, left.saturating_add(owed.after(met, required)), moves);
            }
        }
        let unused = self.unused(stack);
        let classes = object.classes.iter().enumerate().filter(|_| *classes && needed);
        for (class, &(language, value)) in classes {
            let Some(start) = plan.language(language).start() else { continue };
            let names = self.strings(language, start, true);
            for (value, met) in self.meeting(object, value, |some| some.classes.contains(class)) {
                let left = left.saturating_add(owed.after(met, false));
                for name in names.iter().take(unused) {
                    let key = [begin, b"\"", &*name.bytes, b":"].concat();
                    self.member(&key, value, left, moves);
                }
            }
        }
    }

    /// Of so many texts that differ from each other one is not used by what is on top; one more, as its last one may not be
    /// known.
    pub(super) fn unused(&self, stack: StackId) -> usize {
        let used = self.machine.used(stack, &mut Look::nothing());
        self.machine.stacks().used.get(used).texts().len() + 2
    }

    /// Values of a member: any, and those that meet obligations, with these as bits.
    pub(super) fn meeting(
        &self,
        object: &Object,
        value: ExprId,
        holds: impl Fn(&Obligation) -> bool,
    ) -> Vec<(ExprId, u64)> {
        let mut values = vec![(value, 0)];
        for (bit, some) in object.some.iter().enumerate().filter(|(_, some)| holds(some)) {
            let both = |(value, met): &(ExprId, u64)| {
                Some((self.machine.plan().both(*value, some.value)?, met | 1 << bit))
            };
            let more: Vec<(ExprId, u64)> = values.iter().filter_map(both).collect();
            values.extend(more);
            values.truncate(VALUES);
        }
        values
    }

    /// A member: as a whole, and its name alone.
    pub(super) fn member(&self, key: &[u8], value: ExprId, left: Cost, moves: &mut Moves<'_>) {
        if let Some(whole) = self.value(value)
            && let Some(text) = self.text(&[key, &*whole.bytes].concat())
        {
            moves.add(&text, left);
        }
        let after = left.saturating_add(self.value_cost(value));
        self.text(key).into_iter().for_each(|text| moves.add(&text, after));
    }

    /// Inside the name of a declared member.
    pub(super) fn name(&self, stack: StackId, place: Place, moves: &mut Moves<'_>) {
        let Frame::Object { shape, .. } = self.machine.stacks().top(stack) else { return };
        let object = &self.machine.plan().objects[*shape as usize];
        let (allowed, _) = self.machine.next(stack);
        let left = self.rest(stack);
        if !place.spelling.is_between() {
            let view = View::some(&object.names, allowed);
            if let Some(text) = self.scalars.of_words(view, place) {
                let value = object.names.range(place.at).next().map(|word| word as usize);
                let value = value.map_or(0, |word| self.value_cost(object.values[word]));
                let text = self.text(&[&*text, b":"].concat());
                text.into_iter().for_each(|text| moves.add(&text, left.saturating_add(value)));
            }
            return;
        }
        let begun = object.names.depth(place.at);
        let mut words: Vec<(bool, Cost, usize)> = (object.names.range(place.at))
            .map(|word| word as usize)
            .filter(|word| allowed.contains(*word))
            .map(|word| {
                let cost = self.value_cost(object.values[word]);
                (!object.required.contains(word), cost, word)
            })
            .collect();
        words.sort_unstable();
        let frame = self.machine.stacks().top(stack);
        let owed = self.owed(frame);
        let left = left.saturating_sub(owed.cost(0));
        for (optional, _, word) in words.into_iter().take(MEMBERS[usize::from(moves.wide)]) {
            let rest = quoted(&object.names.words()[word][begun..]);
            let cost = if optional { 0 } else { self.member_cost(frame, word) };
            let left = left.saturating_sub(cost);
            let key = [&rest[1..], b":"].concat();
            for (value, met) in
                self.meeting(object, object.values[word], |some| some.names.contains(word))
            {
                self.member(&key, value, left.saturating_add(owed.after(met, !optional)), moves);
            }
        }
    }
}
