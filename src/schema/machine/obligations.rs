//! Can what some member of an object must be still come?

use super::{
    Frame, Machine,
    shape::{Object, Obligation},
};
use crate::schema::expr::ExprId;

/// Where a member comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A declared name.
    Name(usize),
    /// A class of other names.
    Class(usize),
}

/// Obligations whose combinations are looked at; of more, each is looked at by itself.
const MOST: usize = 10;

impl Machine {
    /// The obligations met after a member, and its values, for every choice of those that it meets.
    pub(super) fn meeting(
        &self,
        object: &Object,
        value: ExprId,
        met: u64,
        holds: impl Fn(&Obligation) -> bool,
    ) -> Vec<(u64, ExprId)> {
        let mut choices = vec![(met, value)];
        for (bit, some) in object.some.iter().enumerate() {
            if met >> bit & 1 == 0 && holds(some) {
                for (met, value) in choices.clone() {
                    if let Some(both) = self.plan.both(value, some.value) {
                        choices.push((met | 1 << bit, both));
                    }
                }
            }
        }
        choices
    }

    fn meeting_of(&self, object: &Object, source: Source, met: u64) -> Vec<(u64, ExprId)> {
        match source {
            Source::Name(name) => {
                self.meeting(object, object.values[name], met, |some| some.names.contains(name))
            }
            Source::Class(class) => {
                let holds = |some: &Obligation| some.classes.contains(class);
                self.meeting(object, object.classes[class].1, met, holds)
            }
        }
    }

    /// Whether all obligations of an open object can still be met if a member comes from here next.
    pub(super) fn may_be(&self, object: &Object, frame: &Frame, source: Source) -> bool {
        let Frame::Object { seen, others, met, used, .. } = frame else { return false };
        let mut unknown = None;
        if let Source::Class(class) = source {
            if object.distinct(seen, *others) && self.room(object.classes[class].0, *used) == 0 {
                return false;
            }
            unknown = Some(class);
        }
        if object.some.is_empty() {
            return true;
        }
        let mut after = frame.clone();
        if let Frame::Object { seen, others, .. } = &mut after {
            match source {
                Source::Name(name) => seen.insert(name),
                Source::Class(_) => *others = (*others + 1).min(object.others_cap()),
            }
        }
        self.meeting_of(object, source, *met).into_iter().any(|(now, _)| {
            if let Frame::Object { met, .. } = &mut after {
                *met = now;
            }
            self.can_meet(object, &after, unknown)
        })
    }

    /// Whether the obligations of an open object can still be met: the least number of members beyond the required ones
    /// that meets each set of them. `unknown`: a name of this class has come that is not known.
    pub(super) fn can_meet(&self, object: &Object, frame: &Frame, unknown: Option<usize>) -> bool {
        let Frame::Object { seen, others, met, used, .. } = frame else { return false };
        let all = u64::MAX >> (64 - object.some.len().clamp(1, 64));
        let unmet = all & !met;
        if unmet == 0 {
            return true;
        }
        let (names, classes) = object.next(seen, *others);
        let room = object.room(seen, *others);
        let source = |name| (Source::Name(name), object.required.contains(name));
        let classes = (0..if classes { object.classes.len() } else { 0 }).map(Source::Class);
        let sources: Vec<(Source, bool)> =
            names.iter().map(source).chain(classes.map(|class| (class, false))).collect();
        if unmet.count_ones() as usize > MOST {
            return self.can_meet_each(object, &sources, unmet);
        }
        // By the obligations met, as those that are unmet now are numbered.
        let bits: Vec<u64> = (0..object.some.len() as u32)
            .map(|bit| 1 << bit)
            .filter(|bit| unmet & bit != 0)
            .collect();
        let pack = |met: u64| {
            bits.iter()
                .enumerate()
                .filter(|(_, bit)| met & **bit != 0)
                .fold(0, |set, (at, _)| set | 1 << at)
        };
        let mut least = vec![u32::MAX; 1 << bits.len()];
        least[0] = 0;
        for (source, required) in sources {
            let meets: Vec<usize> = self
                .meeting_of(object, source, *met)
                .into_iter()
                .map(|choice| pack(choice.0))
                .filter(|set| *set != 0)
                .collect();
            let (cost, times) = match source {
                Source::Name(_) => (u32::from(!required), 1),
                Source::Class(class) => (1, self.left(object, class, *used, unknown, bits.len())),
            };
            for _ in 0..times {
                let before = least.clone();
                for (set, count) in
                    before.iter().enumerate().filter(|(_, count)| **count < u32::MAX)
                {
                    for more in &meets {
                        let slot = &mut least[set | more];
                        *slot = (*slot).min(count + cost);
                    }
                }
            }
        }
        let needed = least[least.len() - 1];
        needed < u32::MAX && needed <= room
    }

    /// How many other names of a class can still come, up to some number.
    fn left(
        &self,
        object: &Object,
        class: usize,
        used: u32,
        unknown: Option<usize>,
        most: usize,
    ) -> usize {
        let language = object.classes[class].0;
        let Some(total) = self.plan.texts_in(language) else { return most };
        let view = self.plan.language(language);
        let Some(start) = view.start() else { return 0 };
        let texts = self.stacks.used.get(used).texts().iter();
        let taken = texts.filter(|text| view.takes(start, text.as_bytes())).count();
        total.saturating_sub(taken + usize::from(unknown == Some(class))).min(most)
    }

    fn can_meet_each(&self, object: &Object, sources: &[(Source, bool)], unmet: u64) -> bool {
        (0..object.some.len()).filter(|bit| unmet >> bit & 1 == 1).all(|bit| {
            let some = &object.some[bit];
            sources.iter().any(|(source, _)| match *source {
                Source::Name(name) => {
                    some.names.contains(name)
                        && self.plan.both(object.values[name], some.value).is_some()
                }
                Source::Class(class) => {
                    some.classes.contains(class)
                        && self.plan.both(object.classes[class].1, some.value).is_some()
                }
            })
        })
    }
}
