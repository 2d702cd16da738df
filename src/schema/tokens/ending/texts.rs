//! Which bytes end a string or a number soonest?

use std::{collections::VecDeque, sync::Arc};

use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::{
    Vocabulary,
    ending::Text,
    schema::{
        machine::{Place, Plan, Step, View},
        number::NumberDfa,
    },
};

/// Places that are looked at for the shortest text.
const PLACES: usize = 1 << 16;

/// Texts that are wanted of what must differ from others, and those that are looked at for them.
const SEVERAL: usize = 24;
const LOOKED: usize = 4_000;

/// Bytes at one place that several texts go on with.
const LETTERS: usize = 26;

/// Bytes that are tokens, the best to read first.
#[derive(Debug)]
struct Bytes {
    all: Vec<u8>,
    /// How many of them may begin a character, in turn: first ASCII, then what is no backslash, as there are very many ways to
    /// go on after one, and then all.
    begin: [usize; 3],
}

impl Bytes {
    fn new(vocabulary: &Vocabulary) -> Self {
        let trie = vocabulary.trie();
        let is_token =
            |byte: &u8| trie.child(None, *byte).is_some_and(|node| !trie.tokens(node).is_empty());
        let mut all: Vec<u8> = (0..=255).filter(is_token).collect();
        let rank = |byte: u8| match byte {
            b'a'..=b'z' => 0,
            b'0'..=b'9' => 1,
            b'\\' => 4,
            0x20..=0x7e => 2,
            _ => 3,
        };
        all.sort_by_key(|byte| (rank(*byte), *byte));
        let below = |most: u8| all.partition_point(|byte| rank(*byte) < most);
        let begin = [below(3), below(4), all.len()];
        Self { all, begin }
    }
}

/// Ends of strings and numbers, by what they are ends of, where they begin, and whether several are wanted.
#[derive(Debug)]
pub(super) struct Scalars {
    bytes: Bytes,
    strings: papaya::HashMap<(u32, Place, bool), Arc<[Text]>, FxBuildHasher>,
    numbers: papaya::HashMap<(u32, u32, bool), Arc<[Text]>, FxBuildHasher>,
}

impl Scalars {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let strings = papaya::HashMap::with_hasher(FxBuildHasher);
        let numbers = papaya::HashMap::with_hasher(FxBuildHasher);
        Self { bytes: Bytes::new(vocabulary), strings, numbers }
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.strings.len() + self.numbers.len()) * 160
    }

    /// Texts that end a string of a language, the closing quote included: one, or several if it may have to differ.
    pub(super) fn strings(
        &self,
        plan: &Plan,
        vocabulary: &Vocabulary,
        language: u32,
        place: Place,
        differ: bool,
    ) -> Arc<[Text]> {
        let known = self.strings.pin();
        if let Some(texts) = known.get(&(language, place, differ)) {
            return Arc::clone(texts);
        }
        let view = plan.language(language);
        let tail = |place| {
            let texts = self.strings(plan, vocabulary, language, place, false);
            texts.first().map(|text| text.bytes.clone())
        };
        let texts = after_escape(view, place, several(differ), tail)
            .unwrap_or_else(|| of_string(view, place, &self.bytes, several(differ)));
        let text = |bytes: Box<[u8]>| Text::new(bytes.into(), vocabulary);
        let texts: Arc<[Text]> = texts.into_iter().filter_map(text).collect();
        Arc::clone(known.get_or_insert((language, place, differ), texts))
    }

    /// Digits that end a number, not none: those of one text or of several.
    pub(super) fn numbers(
        &self,
        plan: &Plan,
        vocabulary: &Vocabulary,
        number: u32,
        state: u32,
        differ: bool,
    ) -> Arc<[Text]> {
        let known = self.numbers.pin();
        if let Some(texts) = known.get(&(number, state, differ)) {
            return Arc::clone(texts);
        }
        let texts = of_number(&plan.numbers[number as usize], state, several(differ));
        let text = |bytes: Box<[u8]>| Text::new(bytes.into(), vocabulary);
        let texts: Arc<[Text]> = texts.into_iter().filter_map(text).collect();
        Arc::clone(known.get_or_insert((number, state, differ), texts))
    }

    /// A text that ends one of some words, the closing quote included.
    pub(super) fn of_words(&self, view: View<'_>, from: Place) -> Option<Box<[u8]>> {
        let texts = |from| of_string(view, from, &self.bytes, 1);
        let texts =
            after_escape(view, from, 1, |place| texts(place).pop()).unwrap_or_else(|| texts(from));
        texts.into_iter().next()
    }
}

/// How many texts are wanted.
fn several(differ: bool) -> usize {
    if differ { SEVERAL } else { 1 }
}

/// What reading a byte does.
enum Read<S> {
    Dead,
    Inside(S),
    /// The text may end before (a number) or with (a string) the byte.
    End,
}

/// The bytes that led to a place.
fn way<S>(reached: &[(S, usize, u8)], mut at: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while at != 0 {
        text.push(reached[at].2);
        at = reached[at].1;
    }
    text.reverse();
    text
}

/// The shortest text that ends what has been begun.
fn shortest<'b, S: Copy + Eq + std::hash::Hash>(
    from: S,
    bytes: &impl Fn(S) -> &'b [u8],
    read: &impl Fn(S, u8) -> Read<S>,
    ends: &impl Fn(S) -> Option<&'static [u8]>,
) -> Option<Box<[u8]>> {
    let mut seen = FxHashSet::from_iter([from]);
    // How each place was reached, in the order of the search.
    let mut reached: Vec<(S, usize, u8)> = vec![(from, 0, 0)];
    let mut at = 0;
    while at < reached.len() && reached.len() < PLACES {
        let state = reached[at].0;
        if let Some(end) = ends(state)
            && (at != 0 || !end.is_empty())
        {
            return Some([&way(&reached, at), end].concat().into());
        }
        for &byte in bytes(state) {
            match read(state, byte) {
                Read::Inside(next) => {
                    if seen.insert(next) {
                        reached.push((next, at, byte));
                    }
                }
                Read::End => return Some([&way(&reached, at)[..], &[byte]].concat().into()),
                Read::Dead => {}
            }
        }
        at += 1;
    }
    None
}

/// The shortest text that ends what has been begun, and if several are wanted, others that are hardly longer.
fn endings<'b, S: Copy + Eq + std::hash::Hash>(
    from: S,
    bytes: impl Fn(S) -> &'b [u8],
    several: usize,
    read: impl Fn(S, u8) -> Read<S>,
    ends: impl Fn(S) -> Option<&'static [u8]>,
) -> Vec<Box<[u8]>> {
    let Some(first) = shortest(from, &bytes, &read, &ends) else { return Vec::new() };
    if several < 2 {
        return vec![first];
    }
    let inside = |state: S| {
        let on = bytes(state).iter().filter_map(|byte| match read(state, *byte) {
            Read::Inside(next) => Some((next, *byte)),
            _ => None,
        });
        on.take(LETTERS).collect::<Vec<_>>()
    };
    let mut found: Vec<Box<[u8]>> = Vec::new();
    let mut queue: VecDeque<(S, Vec<u8>)> = VecDeque::from([(from, Vec::new())]);
    let mut looked = 0;
    while let Some((state, text)) = queue.pop_front() {
        if let Some(end) = ends(state)
            && (!text.is_empty() || !end.is_empty())
        {
            found.push([text.as_slice(), end].concat().into());
        }
        looked += 1;
        if found.len() >= several || looked > LOOKED {
            break;
        }
        for (next, byte) in inside(state) {
            queue.push_back((next, [text.as_slice(), &[byte]].concat()));
        }
    }
    // Long texts are too many to look at all: the shortest one with another byte somewhere, and ended anew.
    let mut state = from;
    for (at, &byte) in first.iter().enumerate() {
        let mut after = None;
        for (next, other) in inside(state) {
            if other == byte {
                after = Some(next);
            } else if found.len() < several {
                let rest =
                    ends(next).map(Box::from).or_else(|| shortest(next, &bytes, &read, &ends));
                let text = rest.map(|rest| [&first[..at], &[other], &*rest].concat().into());
                found.extend(text.filter(|text| !found.contains(text)));
            }
        }
        let Some(after) = after else { break };
        state = after;
    }
    if !found.contains(&first) {
        found.insert(0, first);
    }
    found
}

/// Texts that end a string which stands inside an escape, the shortest first; `None` if it does not, or if no character leads
/// to an end of those that are tried. `tail` is what ends it after a character.
///
/// A search byte by byte would look at each of a million escapes.
fn after_escape(
    view: View<'_>,
    from: Place,
    several: usize,
    mut tail: impl FnMut(Place) -> Option<Box<[u8]>>,
) -> Option<Vec<Box<[u8]>>> {
    /// Characters that are tried of what the escape can become, beside ASCII.
    const TRIED: usize = 64;
    let ranges = from.spelling.escape_ranges()?;
    let others = ranges.into_iter().flat_map(|(low, high)| (low..=high).take(TRIED));
    let chars = (b'a'..=b'z').chain(b'0'..=b'9').chain(0x20..=0x7e).map(char::from);
    let chars = chars.chain(others.filter_map(char::from_u32));
    let mut found: Vec<Box<[u8]>> = Vec::new();
    for c in chars {
        let Some(rest) = from.spelling.rest_of_escape(c) else { continue };
        let after = rest.iter().try_fold(from, |at, byte| match view.read(at, *byte) {
            Step::Inside(next) => Some(next),
            _ => None,
        });
        if let Some(end) = after.and_then(&mut tail) {
            let text: Box<[u8]> = [&*rest, &*end].concat().into();
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found.sort_by_key(|text| text.len());
    found.truncate(several);
    (!found.is_empty()).then_some(found)
}

/// Texts that end a string, the closing quote included.
fn of_string(view: View<'_>, from: Place, bytes: &Bytes, several: usize) -> Vec<Box<[u8]>> {
    let read = |place: Place, byte: u8| match view.read(place, byte) {
        Step::Dead => Read::Dead,
        Step::Inside(next) => Read::Inside(next),
        Step::End => Read::End,
    };
    let ends =
        |place: Place| matches!(view.read(place, b'"'), Step::End).then_some(b"\"".as_slice());
    let [ascii, raw, all] = bytes.begin;
    let ways = [(ascii, false), (raw, false), (all, true), (all, false)];
    let found = ways.into_iter().map(|(begin, short)| {
        let bytes = |place: Place| match place.spelling {
            spelling if spelling.is_between() => &bytes.all[..begin],
            spelling if short && spelling.is_escape() => b"\"\\/bfnrt",
            // A character that has been begun is read to its end, whichever it is.
            _ => &bytes.all[..],
        };
        endings(from, bytes, several, read, ends)
    });
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Digits that end a number; not none.
fn of_number(automaton: &NumberDfa, from: u32, several: usize) -> Vec<Box<[u8]>> {
    let read = |state: u32, byte: u8| match automaton.next(state, byte) {
        0 => Read::Dead,
        next => Read::Inside(next),
    };
    let ends = |state: u32| automaton.accepts(state).then_some([].as_slice());
    endings(from, |_| &b"0123456789-.eE+"[..], several, read, ends)
}
