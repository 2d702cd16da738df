//! What may come next, in words.

use super::{Frame, Hypothesis, Language, Look, Machine, Scan, StackId, View};
use crate::{recognizer::Expected, situation::forced};

/// Names and values of an enum that are shown one by one; more are counted.
const SHOWN: usize = 40;

impl Machine {
    /// All hypotheses after a byte, sorted, added to an empty list; empty afterwards if the text is no viable prefix.
    pub(crate) fn step_all(&self, at: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>) {
        for at in at {
            self.step(*at, byte, &mut Look::nothing(), next);
        }
        if next.len() > 1 {
            next.sort_unstable();
            next.dedup();
        }
    }

    /// Whether the text read is an instance.
    pub(crate) fn any_complete(&self, at: &[Hypothesis]) -> bool {
        at.iter().any(|at| self.is_complete(*at))
    }

    /// The bytes that must come next, at most `limit`.
    pub(crate) fn forced(&self, at: &[Hypothesis], limit: usize) -> Vec<u8> {
        let step = |at: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>| {
            self.step_all(at, byte, next);
        };
        forced(at, limit, step, |at| self.any_complete(at))
    }

    /// What mostly comes next, if the text stands behind the opening quote of a member's name: a declared name, as it is
    /// spelled in JSON, without its closing quote. Most texts have members in the schema's order.
    pub(crate) fn likely(&self, at: &[Hypothesis]) -> Option<Vec<u8>> {
        let (stack, place) = at.iter().find_map(|at| match at.scan {
            Scan::Name(place) => Some((at.stack, place)),
            _ => None,
        })?;
        let Frame::Object { shape, seen, .. } = self.stacks.top(stack) else { return None };
        let object = &self.plan.objects[*shape as usize];
        let (names, _) = self.next(stack);
        if View::some(&object.names, names).start() != Some(place) {
            return None;
        }
        let name = &object.names.words()[object.first_behind(names, seen)?];
        let quoted = serde_json::Value::from(&**name).to_string();
        Some(quoted.into_bytes()[1..].split_last()?.1.to_vec())
    }

    /// What may come next.
    pub(crate) fn expected(&self, at: &[Hypothesis]) -> Expected {
        let mut names = Vec::new();
        for at in at {
            self.name_expected(*at, &mut names);
        }
        names.sort();
        names.dedup();
        Expected { terminals: names, end: self.any_complete(at), limit: None }
    }

    fn name_expected(&self, at: Hypothesis, names: &mut Vec<String>) {
        let mut add = |name: &str| names.push(name.to_owned());
        match at.scan {
            Scan::Value(value) => {
                let ready = self.plan.ready(value);
                let kinds = [
                    ("null", ready.null),
                    ("false", ready.truth[0]),
                    ("true", ready.truth[1]),
                    ("number", ready.number.is_some()),
                    ("array", !ready.arrays.is_empty()),
                    ("object", !ready.objects.is_empty()),
                ];
                kinds.into_iter().filter(|kind| kind.1).for_each(|kind| add(kind.0));
                for &language in &ready.texts {
                    match self.plan.texts_of(language) {
                        Language::Words(words) if words.words().len() <= SHOWN => {
                            words.words().iter().for_each(|word| names.push(quoted(word)));
                        }
                        _ => names.push("string".into()),
                    }
                }
            }
            Scan::Word(word, _) => add(["null", "false", "true"][word as usize]),
            Scan::Number(number, state) | Scan::Figure(number, state, _) => {
                add("number");
                if self.plan.numbers[number as usize].accepts(state) {
                    let scan = Scan::After;
                    self.name_expected(Hypothesis { scan, blanks: 0, stack: at.stack }, names);
                }
            }
            Scan::Text(..) | Scan::Distinct(..) => add("string"),
            Scan::Item(_) => add("another item"),
            Scan::Name(_) | Scan::Key => self.name_members(at.stack, names),
            Scan::Other(..) | Scan::Fresh(..) => add("member name"),
            Scan::Colon(_) => add("\":\""),
            Scan::Open | Scan::After => {
                let (close, after) = match self.stacks.top(at.stack) {
                    Frame::Root => return,
                    Frame::Array { .. } => (b']', "\"]\""),
                    Frame::Object { .. } => (b'}', "\"}\""),
                };
                let mut next = Vec::new();
                self.step(at, close, &mut Look::nothing(), &mut next);
                if !next.is_empty() {
                    add(after);
                    next.clear();
                }
                if at.scan == Scan::After {
                    self.step(at, b',', &mut Look::nothing(), &mut next);
                    if !next.is_empty() {
                        add("\",\"");
                    }
                } else if close == b'}' {
                    self.name_members(at.stack, names);
                } else {
                    add("item");
                }
            }
        }
    }

    fn name_members(&self, stack: StackId, names: &mut Vec<String>) {
        let Frame::Object { shape, .. } = self.stacks.top(stack) else { return };
        let object = &self.plan.objects[*shape as usize];
        let (allowed, classes) = self.next(stack);
        let words = object.names.words();
        names.extend(allowed.iter().take(SHOWN).map(|name| quoted(&words[name])));
        if *classes || allowed.len() > SHOWN {
            names.push("member name".into());
        }
    }
}

/// A string as JSON, cut.
fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", serde_json::Value::String(cut))
}
