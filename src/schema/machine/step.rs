//! One byte of a JSON text.

use super::{
    Machine, StackId,
    distinct::Prefix,
    frame::Frame,
    obligations::Source,
    shape::{Object, Obligation},
    text::{Place, Step, View},
};
use crate::schema::expr::ExprId;

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Scan {
    /// A value follows.
    Value(ExprId),
    /// Inside `null`, `false`, `true` (the word by number, bytes read).
    Word(u8, u8),
    /// Inside a number: the automaton and its state.
    Number(u32, u32),
    /// Inside a string value: its language.
    Text(u32, Place),
    /// Inside a string item that must differ from those before it: its language, and its text so far.
    Distinct(u32, Place, Prefix),
    /// An item follows that must differ from those before it.
    Item(ExprId),
    /// After `{` or `[`.
    Open,
    /// After a value.
    After,
    /// After a comma in an object.
    Key,
    /// Inside a number item that must differ from those before it: the automaton, its state, and its text so far.
    Figure(u32, u32, Prefix),
    /// Inside the name of a declared member.
    Name(Place),
    /// Inside another name, of a class.
    Other(u32, Place),
    /// Inside another name, of a class, that must differ from those before it: its text so far.
    Fresh(u32, Place, Prefix),
    /// After a name: the colon, and the value that follows it.
    Colon(ExprId),
}

/// One reading of a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Hypothesis {
    pub(crate) scan: Scan,
    /// Blanks read in the current run; [`SEALED`] where no more may follow.
    pub(crate) blanks: u32,
    pub(crate) stack: StackId,
}

/// No blank may follow.
pub(crate) const SEALED: u32 = u32::MAX;

/// A member whose name has been read.
pub(super) struct Named<'a> {
    pub(super) object: &'a Object,
    /// The expression of its value.
    pub(super) value: ExprId,
    /// The class that its name is of, where only that is known of it.
    pub(super) unknown: Option<usize>,
}

const WORDS: [&[u8]; 3] = [b"null", b"false", b"true"];

/// The lowest depth of the stack that was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look(pub(crate) u32);

impl Look {
    /// Nothing has been looked at.
    pub(crate) fn nothing() -> Self {
        Self(u32::MAX)
    }
}

impl Hypothesis {
    /// A new thing to read, with no blanks yet.
    pub(super) fn new(scan: Scan, stack: StackId) -> Self {
        Self { scan, blanks: 0, stack }
    }

    /// The same with no more blanks.
    pub(crate) fn sealed(self) -> Self {
        Self { blanks: SEALED, ..self }
    }
}

/// Whether a byte is JSON white space.
#[inline]
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

impl Machine {
    /// The one hypothesis before any text.
    pub(crate) fn start(&self) -> Hypothesis {
        Hypothesis::new(Scan::Value(self.plan.root()), StackId::ROOT)
    }

    /// The frame on top of a stack; notes that it was looked at.
    pub(super) fn look(&self, stack: StackId, look: &mut Look) -> &Frame {
        look.0 = look.0.min(self.stacks.get(stack).depth);
        self.stacks.top(stack)
    }

    /// All readings of one more byte, added to `next`. O(1) per reading.
    pub(crate) fn step(
        &self,
        at: Hypothesis,
        byte: u8,
        look: &mut Look,
        next: &mut Vec<Hypothesis>,
    ) {
        let stack = at.stack;
        match at.scan {
            Scan::Value(value) => {
                if is_blank(byte) {
                    self.blank(at, next);
                } else {
                    self.begin(value, stack, byte, next);
                }
            }
            Scan::Word(word, read) => {
                let bytes = WORDS[word as usize];
                if bytes.get(read as usize) == Some(&byte) {
                    let done = read as usize + 1 == bytes.len();
                    let scan = if done { Scan::After } else { Scan::Word(word, read + 1) };
                    next.push(Hypothesis::new(scan, stack));
                }
            }
            Scan::Number(number, state) => {
                self.digit(
                    number,
                    self.plan.numbers[number as usize].next(state, byte),
                    stack,
                    next,
                );
                if self.plan.numbers[number as usize].accepts(state) {
                    self.step(Hypothesis::new(Scan::After, stack), byte, look, next);
                }
            }
            Scan::Text(language, place) => match self.plan.language(language).read(place, byte) {
                Step::Dead => {}
                Step::Inside(place) => {
                    next.push(Hypothesis::new(Scan::Text(language, place), stack));
                }
                Step::End => self.closed(at, look, next),
            },
            Scan::Distinct(language, place, text) => {
                self.distinct(stack, (language, place, text), byte, look, next);
            }
            Scan::Figure(number, state, text) => {
                self.figure(stack, (number, state, text), byte, look, next);
            }
            Scan::Fresh(class, place, text) => {
                self.fresh(stack, (class, place, text), byte, look, next);
            }
            Scan::Item(item) => {
                if is_blank(byte) {
                    self.blank(at, next);
                } else {
                    self.look(stack, look);
                    self.begin_distinct(item, stack, byte, next);
                }
            }
            Scan::Open => match byte {
                b'}' | b']' => self.close(stack, byte, look, next),
                _ if is_blank(byte) => self.blank(at, next),
                _ => match self.look(stack, look) {
                    Frame::Object { .. } if byte == b'"' => self.name(stack, next),
                    Frame::Array { .. } => self.item(stack, Some(byte), next),
                    _ => {}
                },
            },
            Scan::After => match byte {
                b'}' | b']' => self.close(stack, byte, look, next),
                b',' => match self.look(stack, look) {
                    Frame::Object { .. } => {
                        let (names, classes) = self.next(stack);
                        if *classes || !names.is_empty() {
                            next.push(Hypothesis::new(Scan::Key, stack));
                        }
                    }
                    Frame::Array { .. } => self.item(stack, None, next),
                    Frame::Root => {}
                },
                _ if is_blank(byte) => self.blank(at, next),
                _ => {}
            },
            Scan::Key => {
                if is_blank(byte) {
                    self.blank(at, next);
                } else if byte == b'"' {
                    self.look(stack, look);
                    self.name(stack, next);
                }
            }
            Scan::Name(place) => {
                let Some(view) = self.names(stack, look) else { return };
                match view.read(place, byte) {
                    Step::Dead => {}
                    Step::Inside(place) => next.push(Hypothesis::new(Scan::Name(place), stack)),
                    Step::End => {
                        if let Some(word) = view.word(place) {
                            self.named(stack, word as usize, next);
                        }
                    }
                }
            }
            Scan::Other(class, place) => {
                let Some(language) = self.class(stack, class, look) else { return };
                match self.plan.language(language).read(place, byte) {
                    Step::Dead => {}
                    Step::Inside(place) => {
                        next.push(Hypothesis::new(Scan::Other(class, place), stack));
                    }
                    Step::End => self.closed(at, look, next),
                }
            }
            Scan::Colon(value) => {
                if is_blank(byte) {
                    self.blank(at, next);
                } else if byte == b':' {
                    next.push(Hypothesis::new(Scan::Value(value), stack));
                }
            }
        }
    }

    /// One blank more, if the policy allows it here.
    fn blank(&self, at: Hypothesis, next: &mut Vec<Hypothesis>) {
        if at.blanks < self.plan.blanks(at.scan, at.stack) {
            next.push(Hypothesis { blanks: at.blanks + 1, ..at });
        }
    }

    /// The first byte of a value.
    fn begin(&self, value: ExprId, stack: StackId, byte: u8, next: &mut Vec<Hypothesis>) {
        let ready = self.plan.ready(value);
        match byte {
            b'n' if ready.null => next.push(Hypothesis::new(Scan::Word(0, 1), stack)),
            b'f' if ready.truth[0] => next.push(Hypothesis::new(Scan::Word(1, 1), stack)),
            b't' if ready.truth[1] => next.push(Hypothesis::new(Scan::Word(2, 1), stack)),
            b'-' | b'0'..=b'9' => {
                if let Some(number) = ready.number {
                    let automaton = &self.plan.numbers[number as usize];
                    let state = automaton.next(automaton.start(), byte);
                    self.digit(number, state, stack, next);
                }
            }
            b'"' => {
                for &language in &ready.texts {
                    if let Some(place) = self.plan.language(language).start() {
                        next.push(Hypothesis::new(Scan::Text(language, place), stack));
                    }
                }
            }
            b'{' => {
                for &shape in &ready.objects {
                    let frame = self.plan.objects[shape as usize].open(shape);
                    next.push(Hypothesis::new(Scan::Open, self.push(stack, &frame)));
                }
            }
            b'[' => {
                for &shape in &ready.arrays {
                    let frame = self.plan.arrays[shape as usize].open(shape);
                    next.push(Hypothesis::new(Scan::Open, self.push(stack, &frame)));
                }
            }
            _ => {}
        }
    }

    /// A number after one more byte; one that cannot become longer is complete.
    fn digit(&self, number: u32, state: u32, stack: StackId, next: &mut Vec<Hypothesis>) {
        if state != 0 {
            let ends = !self.plan.numbers[number as usize].extends(state);
            let scan = if ends { Scan::After } else { Scan::Number(number, state) };
            next.push(Hypothesis::new(scan, stack));
        }
    }

    /// The closing bracket of the frame on top.
    fn close(&self, stack: StackId, byte: u8, look: &mut Look, next: &mut Vec<Hypothesis>) {
        let may = match self.look(stack, look) {
            Frame::Object { shape, seen, others, met, .. } if byte == b'}' => {
                self.plan.objects[*shape as usize].may_close(seen, *others, *met)
            }
            Frame::Array { shape, index, counts, .. } if byte == b']' => {
                let array = &self.plan.arrays[*shape as usize];
                *index >= array.min
                    && array
                        .contains
                        .iter()
                        .zip(counts)
                        .all(|(contains, count)| *count >= contains.min)
            }
            _ => false,
        };
        if may {
            next.push(Hypothesis::new(Scan::After, self.stacks.get(stack).below));
        }
    }

    /// After the opening quote of a name.
    fn name(&self, stack: StackId, next: &mut Vec<Hypothesis>) {
        let Frame::Object { shape, seen, others, used, .. } = self.stacks.top(stack) else {
            return;
        };
        let object = &self.plan.objects[*shape as usize];
        let distinct = object.distinct(seen, *others);
        let (allowed, classes) = self.next(stack);
        if let Some(place) = View::some(&object.names, allowed).start() {
            next.push(Hypothesis::new(Scan::Name(place), stack));
        }
        for (class, (language, _)) in object.classes.iter().enumerate().filter(|_| *classes) {
            if !self.may_be(object, self.stacks.top(stack), Source::Class(class)) {
                continue;
            }
            let class = class as u32;
            if distinct {
                if let Some(place) = self.begin_differing(*language, *used) {
                    next.push(Hypothesis::new(Scan::Fresh(class, place, 0), stack));
                }
            } else if let Some(place) = self.plan.language(*language).start() {
                next.push(Hypothesis::new(Scan::Other(class, place), stack));
            }
        }
    }

    /// After the closing quote of a declared name.
    pub(crate) fn named(&self, stack: StackId, word: usize, next: &mut Vec<Hypothesis>) {
        let Frame::Object { shape, .. } = self.stacks.top(stack) else { return };
        let object = &self.plan.objects[*shape as usize];
        let mut frame = self.stacks.top(stack).clone();
        if let Frame::Object { seen, .. } = &mut frame {
            seen.insert(word);
        }
        let named = Named { object, value: object.values[word], unknown: None };
        self.member(named, frame, |some| some.names.contains(word), stack, next);
    }

    /// After the closing quote of a string value or of an undeclared name, whatever was read before it.
    pub(crate) fn closed(&self, at: Hypothesis, look: &mut Look, next: &mut Vec<Hypothesis>) {
        match at.scan {
            Scan::Text(..) => next.push(Hypothesis::new(Scan::After, at.stack)),
            Scan::Distinct(..) | Scan::Fresh(..) => self.closed_differing(at, look, next),
            Scan::Other(class, _) => {
                self.look(at.stack, look);
                self.classed(at.stack, class, 0, next);
            }
            _ => {}
        }
    }

    /// After the closing quote of a name: the colon, for every choice of the obligations that the member meets.
    pub(super) fn member(
        &self,
        named: Named<'_>,
        mut frame: Frame,
        holds: impl Fn(&Obligation) -> bool,
        stack: StackId,
        next: &mut Vec<Hypothesis>,
    ) {
        let Named { object, value, unknown } = named;
        let Frame::Object { seen, others, met, used, .. } = &mut frame else { return };
        if !object.distinct(seen, *others) {
            *used = 0;
        }
        if object.some.is_empty() {
            next.push(Hypothesis::new(Scan::Colon(value), self.replace(stack, &frame)));
            return;
        }
        for (now, value) in self.meeting(object, value, *met, holds) {
            let mut frame = frame.clone();
            if let Frame::Object { met, .. } = &mut frame {
                *met = now;
            }
            if self.can_meet(object, &frame, unknown) {
                next.push(Hypothesis::new(Scan::Colon(value), self.replace(stack, &frame)));
            }
        }
    }

    /// The next item of the array on top: its first byte, or, without one, that it follows.
    fn item(&self, stack: StackId, byte: Option<u8>, next: &mut Vec<Hypothesis>) {
        let Frame::Array { shape, index, counts, used } = self.stacks.top(stack) else { return };
        let array = &self.plan.arrays[*shape as usize];
        let Some(item) = array.item(*index) else { return };
        let after = array.after(*index);
        for (counts, value) in self.counted(array, *index, counts, item) {
            if !self.can_contain(array, after, &counts) {
                continue;
            }
            let frame = Frame::Array { shape: *shape, index: after, counts, used: *used };
            let stack = self.replace(stack, &frame);
            if array.unique {
                if self.has_other(value, *used) {
                    match byte {
                        Some(byte) => self.begin_distinct(value, stack, byte, next),
                        None => next.push(Hypothesis::new(Scan::Item(value), stack)),
                    }
                }
                continue;
            }
            match byte {
                Some(byte) => self.begin(value, stack, byte, next),
                None => next.push(Hypothesis::new(Scan::Value(value), stack)),
            }
        }
    }

    /// Whether the text read so far is an instance.
    pub(crate) fn is_complete(&self, at: Hypothesis) -> bool {
        at.stack == StackId::ROOT
            && match at.scan {
                Scan::After => true,
                Scan::Number(number, state) => self.plan.numbers[number as usize].accepts(state),
                _ => false,
            }
    }

    /// The declared names that may come next, as a language.
    pub(crate) fn names(&self, stack: StackId, look: &mut Look) -> Option<View<'_>> {
        let Frame::Object { shape, .. } = self.look(stack, look) else { return None };
        Some(View::some(&self.plan.objects[*shape as usize].names, &self.next(stack).0))
    }

    /// The language of another name being read.
    pub(crate) fn class(&self, stack: StackId, class: u32, look: &mut Look) -> Option<u32> {
        let Frame::Object { shape, .. } = self.look(stack, look) else { return None };
        Some(self.plan.objects[*shape as usize].classes[class as usize].0)
    }

    /// The few bytes that can come next, blanks left out; false if they are many or not known.
    pub(crate) fn few(&self, at: Hypothesis, look: &mut Look, mut each: impl FnMut(u8)) -> bool {
        match at.scan {
            Scan::Word(word, read) => each(WORDS[word as usize][read as usize]),
            Scan::Value(value) => {
                let ready = self.plan.ready(value);
                let firsts = [
                    (b'"', !ready.texts.is_empty()),
                    (b'[', !ready.arrays.is_empty()),
                    (b'f', ready.truth[0]),
                    (b'n', ready.null),
                    (b't', ready.truth[1]),
                    (b'{', !ready.objects.is_empty()),
                ];
                firsts.into_iter().filter(|first| first.1).for_each(|first| each(first.0));
                if ready.number.is_some() {
                    each(b'-');
                    (b'0'..=b'9').for_each(each);
                }
            }
            Scan::Number(number, state) | Scan::Figure(number, state, _) => {
                b"+-.0123456789Ee".iter().for_each(|byte| each(*byte));
                if self.plan.numbers[number as usize].accepts(state) {
                    b",]} \n\t\r".iter().for_each(|byte| each(*byte));
                }
            }
            Scan::Open => match self.look(at.stack, look) {
                Frame::Array { .. } => b"\"-0123456789[]fnt{".iter().for_each(|byte| each(*byte)),
                _ => b"\"}".iter().for_each(|byte| each(*byte)),
            },
            Scan::After => b",]}".iter().for_each(|byte| each(*byte)),
            Scan::Key => each(b'"'),
            Scan::Colon(_) => each(b':'),
            Scan::Name(place) => {
                return self.names(at.stack, look).is_some_and(|names| names.few(place, each));
            }
            Scan::Text(language, place) | Scan::Distinct(language, place, _) => {
                return self.plan.language(language).few(place, each);
            }
            Scan::Item(_) => b"\"-0123456789fnt".iter().for_each(|byte| each(*byte)),
            Scan::Other(class, place) | Scan::Fresh(class, place, _) => {
                let Some(language) = self.class(at.stack, class, look) else { return false };
                return self.plan.language(language).few(place, each);
            }
        }
        true
    }
}
