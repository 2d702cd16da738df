//! Which bytes end a string or a number soonest?

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use crate::{
    Vocabulary,
    schema::{
        machine::{Place, Step, View},
        number::NumberDfa,
    },
};

/// Places that are looked at for the shortest text.
const PLACES: usize = 1 << 16;

/// Texts that are looked at where several are wanted.
const SEVERAL: usize = 4_000;

/// Bytes of strings that several texts are made of.
const LETTERS: usize = 36;

/// Bytes that are tokens, the best to read first; those of ASCII come before all others.
#[derive(Debug)]
pub(super) struct Bytes {
    all: Vec<u8>,
    ascii: usize,
}

impl Bytes {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let trie = vocabulary.trie();
        let is_token =
            |byte: &u8| trie.child(None, *byte).is_some_and(|node| !trie.tokens(node).is_empty());
        let mut all: Vec<u8> = (0..=255).filter(is_token).collect();
        let rank = |byte: u8| match byte {
            b'a'..=b'z' => 0,
            b'0'..=b'9' => 1,
            b'\\' => 3,
            0x20..=0x7e => 2,
            _ => 4,
        };
        all.sort_by_key(|byte| (rank(*byte), *byte));
        let ascii = all.partition_point(|byte| rank(*byte) < 4);
        Self { all, ascii }
    }
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

/// The shortest text that ends what has been begun, and if several are wanted, others that are hardly longer.
fn endings<S: Copy + Eq + std::hash::Hash>(
    from: S,
    bytes: &[u8],
    several: usize,
    read: impl Fn(S, u8) -> Read<S>,
    ends: impl Fn(S) -> Option<&'static [u8]>,
) -> Vec<Box<[u8]>> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::from_iter([from]);
    // How each place was reached, in the order of the search.
    let mut reached: Vec<(S, usize, u8)> = vec![(from, 0, 0)];
    let mut at = 0;
    'search: while at < reached.len() && reached.len() < PLACES {
        let state = reached[at].0;
        if let Some(end) = ends(state)
            && (at != 0 || !end.is_empty())
        {
            found.push([&way(&reached, at), end].concat().into());
            break;
        }
        for &byte in bytes {
            match read(state, byte) {
                Read::Inside(next) => {
                    if seen.insert(next) {
                        reached.push((next, at, byte));
                    }
                }
                Read::End => {
                    found.push([&way(&reached, at)[..], &[byte]].concat().into());
                    break 'search;
                }
                Read::Dead => {}
            }
        }
        at += 1;
    }
    if several < 2 || found.is_empty() {
        return found;
    }
    found.clear();
    let mut queue: VecDeque<(S, Vec<u8>)> = VecDeque::from([(from, Vec::new())]);
    let mut looked = 0;
    while let Some((state, text)) = queue.pop_front() {
        if let Some(end) = ends(state)
            && (!text.is_empty() || !end.is_empty())
        {
            found.push([text.as_slice(), end].concat().into());
        }
        looked += 1;
        if found.len() >= several || looked > SEVERAL {
            break;
        }
        for &byte in bytes.iter().take(LETTERS) {
            if let Read::Inside(next) = read(state, byte) {
                queue.push_back((next, [text.as_slice(), &[byte]].concat()));
            }
        }
    }
    found
}

/// Texts that end a string, the closing quote included.
pub(super) fn of_string(
    view: View<'_>,
    from: Place,
    bytes: &Bytes,
    several: usize,
) -> Vec<Box<[u8]>> {
    let read = |place: Place, byte: u8| match view.read(place, byte) {
        Step::Dead => Read::Dead,
        Step::Inside(next) => Read::Inside(next),
        Step::End => Read::End,
    };
    let ends = |place: Place| {
        matches!(view.read(place, b'"'), Step::End).then_some(b"\"".as_slice())
    };
    let found = endings(from, &bytes.all[..bytes.ascii], several, read, ends);
    if found.is_empty() { endings(from, &bytes.all, several, read, ends) } else { found }
}

/// Digits that end a number; not none.
pub(super) fn of_number(automaton: &NumberDfa, from: u32, several: usize) -> Vec<Box<[u8]>> {
    let read = |state: u32, byte: u8| match automaton.next(state, byte) {
        0 => Read::Dead,
        next => Read::Inside(next),
    };
    let ends = |state: u32| automaton.accepts(state).then_some([].as_slice());
    endings(from, b"0123456789-.eE+", several, read, ends)
}
