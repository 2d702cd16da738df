//! Strings and numbers that must differ from those before them: items of an array, names of an object.

use super::{
    Frame, Hypothesis, Look, Machine, Scan, StackId, View,
    distinct::{Prefix, completions},
    shape::LanguageId,
    step::Named,
    text::{Place, Step},
    words::Words,
};
use crate::{
    bitset::BitSet,
    schema::{expr::ExprId, number::canonical},
};

/// Texts of a language up to which they are counted once for all.
const COUNTED: usize = 1 << 8;

/// What a byte does to a string that must differ.
enum Differing {
    Dead,
    Inside(Place, Prefix),
    /// The closing quote, and what has been used then.
    End(u32),
}

impl Machine {
    /// Where a text of a language that is not used begins.
    pub(super) fn begin_differing(&self, language: LanguageId, used: u32) -> Option<Place> {
        let view = self.plan.language(language);
        match view.as_words() {
            Some(words) => view.only(&self.stacks.used.unused(used, words)).start(),
            None => view.start().filter(|at| self.stacks.used.leaves(view, *at, used, 0)),
        }
    }

    fn read_differing(
        &self,
        (language, place, text): (LanguageId, Place, Prefix),
        used: u32,
        byte: u8,
    ) -> Differing {
        let (view, sets) = (self.plan.language(language), &self.stacks.used);
        if let Some(words) = view.as_words() {
            let unused = sets.unused(used, words);
            let view = view.only(&unused);
            return match view.read(place, byte) {
                Step::Dead => Differing::Dead,
                Step::Inside(place) => Differing::Inside(place, 0),
                Step::End => view
                    .word(place)
                    .and_then(|word| sets.with_text(used, &words.words()[word as usize]))
                    .map_or(Differing::Dead, Differing::End),
            };
        }
        match view.read(place, byte) {
            Step::Dead => Differing::Dead,
            Step::Inside(after) => {
                let text = sets.spell(text, place.spelling, byte);
                match sets.leaves(view, after, used, text) {
                    true => Differing::Inside(after, text),
                    false => Differing::Dead,
                }
            }
            Step::End => sets.with_read(used, text).map_or(Differing::Dead, Differing::End),
        }
    }

    /// How many texts of a language are not used: none, one, or more, which counts as two. Of sets of which one text is not
    /// known, that text counts as not used.
    pub(crate) fn room(&self, language: LanguageId, used: u32) -> usize {
        const MANY: usize = 2;
        let (view, texts) = (self.plan.language(language), self.stacks.used.get(used).texts());
        if let Some(words) = view.as_words() {
            return self.stacks.used.unused(used, words).len().min(MANY);
        }
        let total = match self.plan.texts_in(language) {
            None if texts.len() + MANY < COUNTED => return MANY,
            total => total,
        };
        let Some(start) = view.start() else { return 0 };
        let taken = texts.iter().filter(|text| view.takes(start, text.as_bytes())).count();
        let total = total.unwrap_or_else(|| completions(view, start, taken + MANY));
        total.saturating_sub(taken).min(MANY)
    }

    /// Whether an expression has a value that is not used yet.
    pub(super) fn has_other(&self, value: ExprId, used: u32) -> bool {
        self.has_others(value, used, 1)
    }

    /// Whether what comes next can come whatever the text is that is not known of what has been used. An open set is asked
    /// only within one token.
    pub(crate) fn surely_comes(&self, at: Hypothesis, look: &mut Look) -> bool {
        match at.scan {
            Scan::Item(value) => {
                let used = self.used(at.stack, look);
                !self.stacks.used.get(used).is_open() || self.has_others(value, used, 2)
            }
            Scan::Key => {
                let Frame::Object { shape, used, .. } = self.look(at.stack, look) else {
                    return true;
                };
                let object = &self.plan.objects[*shape as usize];
                !self.stacks.used.get(*used).is_open()
                    || object.some.is_empty()
                        && (!self.next(at.stack).0.is_empty()
                            || object.classes.iter().any(|class| self.room(class.0, *used) > 1))
            }
            _ => true,
        }
    }

    fn has_others(&self, value: ExprId, used: u32, texts: usize) -> bool {
        let ready = self.plan.ready(value);
        let set = self.stacks.used.get(used);
        let words = [ready.null, ready.truth[0], ready.truth[1]];
        (0..3u8).any(|word| words[usize::from(word)] && !set.has_word(word))
            || ready.texts.iter().any(|language| self.room(*language, used) >= texts)
            || ready.number.is_some_and(|number| {
                let start = self.plan.numbers[number as usize].start();
                self.has_other_number(number, start, used, 0)
            })
    }

    /// The first byte of an item that must differ.
    pub(super) fn begin_distinct(
        &self,
        value: ExprId,
        stack: StackId,
        byte: u8,
        next: &mut Vec<Hypothesis>,
    ) {
        let Frame::Array { used, .. } = self.stacks.top(stack) else { return };
        let ready = self.plan.ready(value);
        let word = match byte {
            b'n' if ready.null => 0,
            b'f' if ready.truth[0] => 1,
            b't' if ready.truth[1] => 2,
            b'"' => {
                for &language in &ready.texts {
                    if let Some(place) = self.begin_differing(language, *used) {
                        next.push(Hypothesis::new(Scan::Distinct(language, place, 0), stack));
                    }
                }
                return;
            }
            b'-' | b'0'..=b'9' => {
                if let Some(number) = ready.number {
                    let start = self.plan.numbers[number as usize].start();
                    self.distinct_digit((number, start, 0), *used, stack, byte, next);
                }
                return;
            }
            _ => return,
        };
        if let Some(used) = self.stacks.used.with_word(*used, word) {
            let stack = self.using(stack, used);
            next.push(Hypothesis::new(Scan::Word(word, 1), stack));
        }
    }

    /// One more byte of a string item that must differ.
    pub(super) fn distinct(
        &self,
        stack: StackId,
        string: (LanguageId, Place, Prefix),
        byte: u8,
        look: &mut Look,
        next: &mut Vec<Hypothesis>,
    ) {
        let used = self.used(stack, look);
        match self.read_differing(string, used, byte) {
            Differing::Dead => {}
            Differing::Inside(place, text) => {
                next.push(Hypothesis::new(Scan::Distinct(string.0, place, text), stack));
            }
            Differing::End(used) => {
                next.push(Hypothesis::new(Scan::After, self.using(stack, used)));
            }
        }
    }

    /// One more byte of a name that must differ.
    pub(super) fn fresh(
        &self,
        stack: StackId,
        (class, place, text): (u32, Place, Prefix),
        byte: u8,
        look: &mut Look,
        next: &mut Vec<Hypothesis>,
    ) {
        let Some(language) = self.class(stack, class, look) else { return };
        let used = self.used(stack, look);
        match self.read_differing((language, place, text), used, byte) {
            Differing::Dead => {}
            Differing::Inside(place, text) => {
                next.push(Hypothesis::new(Scan::Fresh(class, place, text), stack));
            }
            Differing::End(used) => self.classed(stack, class, used, next),
        }
    }

    /// After a string that must differ and is one of words.
    pub(crate) fn used_word(&self, at: Hypothesis, word: &str, next: &mut Vec<Hypothesis>) {
        let used = self.used(at.stack, &mut Look::nothing());
        let Some(used) = self.stacks.used.with_text(used, word) else { return };
        match at.scan {
            Scan::Fresh(class, ..) => self.classed(at.stack, class, used, next),
            _ => next.push(Hypothesis::new(Scan::After, self.using(at.stack, used))),
        }
    }

    /// The first or one more byte of a number that must differ.
    fn distinct_digit(
        &self,
        (number, state, text): (u32, u32, Prefix),
        used: u32,
        stack: StackId,
        byte: u8,
        next: &mut Vec<Hypothesis>,
    ) {
        let automaton = &self.plan.numbers[number as usize];
        let state = automaton.next(state, byte);
        if state == 0 {
            return;
        }
        let text = self.stacks.used.push(text, byte);
        if !automaton.extends(state) {
            if let Some(used) = self.stacks.used.with_number(used, text) {
                next.push(Hypothesis::new(Scan::After, self.using(stack, used)));
            }
        } else if self.has_other_number(number, state, used, text) {
            next.push(Hypothesis::new(Scan::Figure(number, state, text), stack));
        }
    }

    /// One more byte of a number item that must differ, or after it.
    pub(super) fn figure(
        &self,
        stack: StackId,
        (number, state, text): (u32, u32, Prefix),
        byte: u8,
        look: &mut Look,
        next: &mut Vec<Hypothesis>,
    ) {
        let used = self.used(stack, look);
        self.distinct_digit((number, state, text), used, stack, byte, next);
        if self.plan.numbers[number as usize].accepts(state)
            && let Some(used) = self.stacks.used.with_number(used, text)
        {
            let at = Hypothesis::new(Scan::After, self.using(stack, used));
            self.step(at, byte, look, next);
        }
    }

    /// Whether a number that has been begun can become one that is not used. A depth-first search: a way that comes back to
    /// a state with a digit that counts leads to ever more numbers; one that comes back with zeros, to no others.
    fn has_other_number(&self, number: u32, state: u32, used: u32, text: Prefix) -> bool {
        /// Spellings that differ in nothing else are tried once.
        const BYTES: &[u8] = b"123456789.0e-";
        let automaton = &self.plan.numbers[number as usize];
        let numbers = self.stacks.used.get(used).numbers();
        if numbers.is_empty() {
            return state != 0;
        }
        let mut spelled = self.stacks.used.text(text);
        // States on the way, and how many of the bytes after each were tried.
        let mut way = vec![(state, 0)];
        while let Some((state, tried)) = way.last_mut() {
            if *tried == 0 && automaton.accepts(*state) {
                let value = std::str::from_utf8(&spelled).ok().and_then(canonical);
                if value.is_some_and(|value| numbers.binary_search(&value).is_err()) {
                    return true;
                }
            }
            let Some(byte) = BYTES.get(*tried) else {
                way.pop();
                spelled.pop();
                continue;
            };
            *tried += 1;
            let after = automaton.next(*state, *byte);
            if after == 0 {
                continue;
            }
            if let Some(before) = way.iter().rposition(|(state, _)| *state == after) {
                let begun = spelled.len() - (way.len() - 1 - before);
                let counts =
                    spelled[begun..].iter().chain([byte]).any(|byte| b'0' < *byte && *byte <= b'9');
                if counts || !spelled.iter().any(|byte| b".eE".contains(byte)) {
                    return true;
                }
                continue;
            }
            spelled.push(*byte);
            way.push((after, 0));
        }
        false
    }

    /// The same stack, but something else has been used in what is on top.
    fn using(&self, stack: StackId, now: u32) -> StackId {
        let mut frame = self.stacks.top(stack).clone();
        if let Frame::Array { used, .. } | Frame::Object { used, .. } = &mut frame {
            *used = now;
        }
        self.replace(stack, &frame)
    }

    /// After the closing quote of a string that must differ, whatever was read before it.
    pub(super) fn closed_differing(
        &self,
        at: Hypothesis,
        look: &mut Look,
        next: &mut Vec<Hypothesis>,
    ) {
        let used = self.stacks.used.with_any(self.used(at.stack, look));
        match at.scan {
            Scan::Fresh(class, ..) => self.classed(at.stack, class, used, next),
            _ => next.push(Hypothesis::new(Scan::After, self.using(at.stack, used))),
        }
    }

    /// After the closing quote of a name of a class.
    pub(super) fn classed(&self, stack: StackId, class: u32, now: u32, next: &mut Vec<Hypothesis>) {
        let Frame::Object { shape, .. } = self.stacks.top(stack) else { return };
        let object = &self.plan.objects[*shape as usize];
        let mut frame = self.stacks.top(stack).clone();
        if let Frame::Object { others, used, .. } = &mut frame {
            *others = (*others + 1).min(object.others_cap());
            *used = now;
        }
        // Of a name that is not known its class is.
        let unknown = self.stacks.used.get(now).is_open().then_some(class as usize);
        let value = object.classes[class as usize].1;
        let named = Named { object, value, unknown };
        self.member(named, frame, |some| some.classes.contains(class as usize), stack, next);
    }

    /// Of the words of a language those that what is on top has not had.
    pub(crate) fn unused(&self, stack: StackId, words: &Words, look: &mut Look) -> BitSet {
        let used = self.used(stack, look);
        self.stacks.used.unused(used, words)
    }

    /// The items or names that what is on top has had.
    pub(crate) fn used(&self, stack: StackId, look: &mut Look) -> u32 {
        match self.look(stack, look) {
            Frame::Array { used, .. } | Frame::Object { used, .. } => *used,
            Frame::Root => 0,
        }
    }
}

impl super::Plan {
    /// How many texts a language has; `None`: many. Counted once.
    pub(super) fn texts_in(&self, language: LanguageId) -> Option<usize> {
        let known = self.sizes.get_or_init(Default::default).pin();
        *known.get_or_insert_with(language, || count(self.language(language)))
    }
}

/// How many texts a language has; `None`: many.
fn count(view: View<'_>) -> Option<usize> {
    let total = match (view.as_words(), view.is_free() && view.bounds().1.is_none()) {
        (Some(words), _) => words.words().len(),
        (_, true) => COUNTED,
        _ => view.start().map_or(0, |start| completions(view, start, COUNTED)),
    };
    (total < COUNTED).then_some(total)
}
