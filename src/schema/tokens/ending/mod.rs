//! How can the text of an instance be ended? The moves of [`crate::ending`]: values and members that are missing, the shortest
//! first, whole where that is allowed and else piece by piece.

mod members;
mod texts;
mod values;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxBuildHasher;

use self::{texts::Scalars, values::Values};
use crate::{
    Vocabulary,
    ending::{Cost, Move, Reading, Text},
    schema::{
        expr::ExprId,
        machine::{Frame, Hypothesis, Look, Machine, Obligation, Place, Scan, StackId},
    },
};

/// What is known of the ends of a schema's texts, over a vocabulary.
#[derive(Debug, Default)]
pub(super) struct Ends {
    scalars: OnceLock<Scalars>,
    values: Values,
    /// The names of declared members with their colons and commas: what they cost, by shape and name.
    names: papaya::HashMap<(u32, usize), Cost, FxBuildHasher>,
    /// About what the cheapest member costs that meets an obligation, by shape and obligation.
    meeting: papaya::HashMap<(u32, usize), Cost, FxBuildHasher>,
    /// About what closes all frames of a stack.
    rests: papaya::HashMap<StackId, Cost, FxBuildHasher>,
}

/// An instance's text, to be ended.
pub(super) struct Ending<'a> {
    machine: &'a Machine,
    vocabulary: &'a Vocabulary,
    scalars: &'a Scalars,
    ends: &'a Ends,
}

impl Ends {
    /// To look for an end of what this machine reads.
    pub(super) fn reading<'a>(
        &'a self,
        machine: &'a Machine,
        vocabulary: &'a Vocabulary,
    ) -> Ending<'a> {
        let scalars = self.scalars.get_or_init(|| Scalars::new(vocabulary));
        Ending { machine, vocabulary, scalars, ends: self }
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.values.bytes()
            + self.scalars.get().map_or(0, Scalars::bytes)
            + (self.rests.len() + self.names.len() + self.meeting.len()) * 32
    }
}

/// The moves found so far.
struct Moves<'a> {
    all: &'a mut Vec<Move>,
    wide: bool,
}

impl Moves<'_> {
    fn add(&mut self, text: &Text, left: Cost) {
        self.all.push(Move { text: text.bytes.clone(), cost: text.cost, left });
    }
}

impl Ending<'_> {
    fn text(&self, bytes: &[u8]) -> Option<Text> {
        Text::new(bytes.to_vec(), self.vocabulary)
    }

    /// What a text costs alone.
    fn cost(&self, bytes: &[u8]) -> Cost {
        self.text(bytes).map_or(Cost::MAX, |text| text.cost)
    }

    fn value(&self, value: ExprId) -> Option<Arc<Text>> {
        self.ends.values.of(value, self.machine.plan(), self.vocabulary, self.scalars)
    }

    fn value_cost(&self, value: ExprId) -> Cost {
        self.value(value).map_or(Cost::MAX, |text| text.cost)
    }

    /// A text, and those that differ from it if that may be needed, from some place of a string on.
    fn strings(&self, language: u32, place: Place, differ: bool) -> Arc<[Text]> {
        self.scalars.strings(self.machine.plan(), self.vocabulary, language, place, differ)
    }

    fn numbers(&self, number: u32, state: u32, differ: bool) -> Arc<[Text]> {
        self.scalars.numbers(self.machine.plan(), self.vocabulary, number, state, differ)
    }

    /// About what closes all frames of a stack.
    fn rest(&self, stack: StackId) -> Cost {
        let known = self.ends.rests.pin();
        let (mut path, mut at) = (Vec::new(), stack);
        let mut sum: Cost = loop {
            if at == StackId::ROOT {
                break 0;
            }
            if let Some(rest) = known.get(&at) {
                break *rest;
            }
            path.push(at);
            at = self.machine.stacks().get(at).below;
        };
        for at in path.into_iter().rev() {
            sum = sum.saturating_add(self.closing(self.machine.stacks().top(at)));
            known.insert(at, sum);
        }
        sum
    }

    /// About what closes a frame: what is missing in it, and the bracket.
    fn closing(&self, frame: &Frame) -> Cost {
        let plan = self.machine.plan();
        let bracket = Text::cost(1, 1);
        match frame {
            Frame::Root => 0,
            Frame::Object { shape, seen, .. } => {
                let object = &plan.objects[*shape as usize];
                let missing = object.required.minus(seen);
                let required = missing.iter().map(|name| self.member_cost(frame, name));
                let mut sum = required.fold(bracket, Cost::saturating_add);
                sum = sum.saturating_add(self.owed(frame).cost(0));
                sum
            }
            Frame::Array { shape, index, counts, .. } => {
                let array = &plan.arrays[*shape as usize];
                // What must differ from the other items is not always the shortest.
                let comma = if array.unique { Text::cost(2, 2) } else { Text::cost(1, 1) };
                let item = |index: u32| {
                    let value = array.item(index).map_or(Cost::MAX, |item| self.value_cost(item));
                    value.saturating_add(comma)
                };
                let prefix = (array.prefix.len() as u32).min(array.min);
                let single = (*index..prefix).map(item).fold(bracket, Cost::saturating_add);
                let like = array.min.saturating_sub((*index).max(prefix));
                let rest = if like > 0 { item(prefix).saturating_mul(like.into()) } else { 0 };
                let missing = array.min.saturating_sub(*index);
                let contains = array.contains.iter().zip(counts).map(|(contains, count)| {
                    let more = contains.min.saturating_sub(*count).saturating_sub(missing);
                    if more == 0 {
                        return 0;
                    }
                    self.value_cost(contains.item).saturating_add(comma).saturating_mul(more.into())
                });
                let sum = single.saturating_add(rest);
                contains.fold(sum, Cost::saturating_add)
            }
        }
    }

    /// The beginnings of a value, and the whole of it.
    fn begin(&self, value: ExprId, left: Cost, moves: &mut Moves<'_>) {
        let plan = self.machine.plan();
        if let Some(whole) = self.value(value) {
            moves.add(&whole, left);
        }
        let ready = plan.ready(value);
        let opened = left.saturating_add(self.value_cost(value));
        for (bracket, shapes) in [(b"[", &ready.arrays), (b"{", &ready.objects)] {
            if !shapes.is_empty() {
                moves.all.extend(self.text(bracket).map(|text| Move {
                    text: text.bytes,
                    cost: text.cost,
                    left: opened.saturating_sub(text.cost),
                }));
            }
        }
        if moves.wide {
            self.scalars(value, left, false, moves);
        }
    }

    /// Values without parts.
    fn scalars(&self, value: ExprId, left: Cost, differ: bool, moves: &mut Moves<'_>) {
        let plan = self.machine.plan();
        let ready = plan.ready(value);
        let words = [(ready.null, "null"), (ready.truth[0], "false"), (ready.truth[1], "true")];
        for (_, word) in words.into_iter().filter(|(may, _)| *may) {
            if let Some(text) = self.text(word.as_bytes()) {
                moves.add(&text, left);
            }
        }
        if let Some(number) = ready.number {
            let start = plan.numbers[number as usize].start();
            for text in self.numbers(number, start, differ).iter() {
                moves.add(text, left);
            }
        }
        for &language in &ready.texts {
            let Some(start) = plan.language(language).start() else { continue };
            for text in self.strings(language, start, differ).iter() {
                let whole = self.text(&[b"\"", &*text.bytes].concat());
                whole.into_iter().for_each(|text| moves.add(&text, left));
            }
        }
    }

    /// What may come before an item that is begun: the comma, unless it is the first one.
    fn item(&self, stack: StackId, first: bool, moves: &mut Moves<'_>) {
        let Frame::Array { shape, index, counts, .. } = self.machine.stacks().top(stack) else {
            return;
        };
        let plan = self.machine.plan();
        let array = &plan.arrays[*shape as usize];
        let Some(item) = array.item(*index) else { return };
        let left = self.rest(stack);
        let mut values = vec![item];
        for (contains, count) in array.contains.iter().zip(counts) {
            if *count < contains.min && contains.from <= *index {
                let both = |value: &ExprId| plan.both(*value, contains.item);
                let more: Vec<ExprId> = values.iter().filter_map(both).collect();
                values.extend(more);
            }
        }
        for value in values {
            let cost = self.value_cost(value);
            if !first {
                moves.all.extend(self.text(b",").map(|text| Move {
                    text: text.bytes,
                    cost: text.cost,
                    left: left.saturating_sub(text.cost),
                }));
            } else if array.unique {
                self.scalars(value, left.saturating_sub(cost), true, moves);
            } else {
                self.begin(value, left.saturating_sub(cost), moves);
            }
            if !first
                && let Some(whole) = self.value(value)
                && let Some(text) = self.text(&[b",", &*whole.bytes].concat())
            {
                moves.add(&text, left.saturating_sub(text.cost));
            }
        }
    }

    /// After a value, or after the bracket that opens a frame.
    fn after(&self, stack: StackId, open: bool, moves: &mut Moves<'_>) {
        let frame = self.machine.stacks().top(stack);
        let below = self.rest(self.machine.stacks().get(stack).below);
        let closing = match frame {
            Frame::Root => return,
            Frame::Object { .. } => b"}",
            Frame::Array { .. } => b"]",
        };
        self.text(closing).into_iter().for_each(|text| moves.add(&text, below));
        match frame {
            Frame::Array { .. } => self.item(stack, open, moves),
            _ => self.members(stack, if open { b"" } else { b"," }, moves),
        }
    }
}

impl Reading for Ending<'_> {
    type At = Hypothesis;

    fn step(&self, at: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>) {
        self.machine.step_all(at, byte, next);
    }

    fn is_complete(&self, at: &[Hypothesis]) -> bool {
        self.machine.any_complete(at)
    }

    fn moves(&self, at: &[Hypothesis], wide: bool, moves: &mut Vec<Move>) {
        let mut moves = Moves { all: moves, wide };
        for at in at {
            self.moves_of(*at, &mut moves);
        }
    }
}

impl Ending<'_> {
    fn moves_of(&self, at: Hypothesis, moves: &mut Moves<'_>) {
        let (plan, stack) = (self.machine.plan(), at.stack);
        let left = || self.rest(stack);
        match at.scan {
            Scan::Value(value) => self.begin(value, left(), moves),
            Scan::Item(value) => self.scalars(value, left(), true, moves),
            Scan::Word(word, read) => {
                let rest = &[&b"null"[..], b"false", b"true"][usize::from(word)][read.into()..];
                self.text(rest).into_iter().for_each(|text| moves.add(&text, left()));
            }
            Scan::Number(number, state) | Scan::Figure(number, state, _) => {
                let differ = matches!(at.scan, Scan::Figure(..));
                if plan.numbers[number as usize].accepts(state) {
                    self.after(stack, false, moves);
                }
                if differ || moves.wide || !plan.numbers[number as usize].accepts(state) {
                    for text in self.numbers(number, state, differ).iter() {
                        moves.add(text, left());
                    }
                }
            }
            Scan::Text(language, place) => {
                for text in self.strings(language, place, false).iter() {
                    moves.add(text, left());
                }
            }
            Scan::Distinct(language, place, _) => {
                for text in self.strings(language, place, true).iter() {
                    moves.add(text, left());
                }
            }
            Scan::Open => self.after(stack, true, moves),
            Scan::After => self.after(stack, false, moves),
            Scan::Key => self.members(stack, b"", moves),
            Scan::Name(place) => self.name(stack, place, moves),
            Scan::Other(class, place) | Scan::Fresh(class, place, _) => {
                let Frame::Object { shape, .. } = self.machine.stacks().top(stack) else { return };
                let differ = matches!(at.scan, Scan::Fresh(..));
                let object = &plan.objects[*shape as usize];
                let value = object.classes[class as usize].1;
                let language = self.machine.class(stack, class, &mut Look::nothing());
                let Some(language) = language else { return };
                let owed = self.owed(self.machine.stacks().top(stack));
                let left = left().saturating_sub(owed.cost(0));
                let holds = |some: &Obligation| some.classes.contains(class as usize);
                let values = self.meeting(object, value, holds);
                for text in self.strings(language, place, differ).iter().take(self.unused(stack)) {
                    let key = [&*text.bytes, b":"].concat();
                    for &(value, met) in &values {
                        let left = left.saturating_add(owed.after(met, false));
                        self.member(&key, value, left, moves);
                    }
                }
            }
            Scan::Colon(value) => self.member(b":", value, left(), moves),
        }
    }
}
