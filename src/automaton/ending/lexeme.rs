//! Which texts end a lexeme with the fewest tokens?

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::{
    TerminalId, Vocabulary,
    ending::{Cost, Text},
    lexer::Lexer,
};

/// Texts that are kept of a lexeme, so that there is another where one is refused.
const KEPT: usize = 4;

/// Places of an automaton from which whole tokens are tried, if no other way was found. The bound is for vocabularies that do
/// not have every byte.
const PLACES: usize = 1 << 12;

/// Endings of lexemes, by terminal and state of its automaton.
#[derive(Debug)]
pub(super) struct Lexemes {
    known: papaya::HashMap<(TerminalId, u32), Arc<[Text]>, FxBuildHasher>,
    /// Bytes that are tokens, the best to read first.
    bytes: Vec<u8>,
}

/// The order in which bytes are tried: what makes texts that a person can read.
fn rank(byte: u8) -> (u8, u8) {
    let kind = match byte {
        b' ' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        b'A'..=b'Z' => 3,
        b'\n' => 4,
        0x21..=0x7e => 5,
        _ => 6,
    };
    (kind, byte)
}

impl Lexemes {
    pub(super) fn new(vocabulary: &Vocabulary) -> Self {
        let trie = vocabulary.trie();
        let is_token =
            |byte: &u8| trie.child(None, *byte).is_some_and(|node| !trie.tokens(node).is_empty());
        let mut bytes: Vec<u8> = (0..=255).filter(is_token).collect();
        bytes.sort_by_key(|byte| rank(*byte));
        Self { known: papaya::HashMap::with_hasher(FxBuildHasher), bytes }
    }

    /// Texts, not empty, that end a lexeme of a terminal from this state of its automaton on; the cheapest first. At most one
    /// walk of the vocabulary's trie, once.
    pub(super) fn endings(
        &self,
        lexer: &Lexer,
        vocabulary: &Vocabulary,
        terminal: TerminalId,
        state: u32,
    ) -> Arc<[Text]> {
        let known = self.known.pin();
        if let Some(texts) = known.get(&(terminal, state)) {
            return Arc::clone(texts);
        }
        let found: Arc<[Text]> = self.find(lexer, vocabulary, terminal, state).into();
        Arc::clone(known.get_or_insert((terminal, state), found))
    }

    fn find(
        &self,
        lexer: &Lexer,
        vocabulary: &Vocabulary,
        terminal: TerminalId,
        state: u32,
    ) -> Vec<Text> {
        let automaton = lexer.automaton(terminal);
        let accepted = |byte: &&u8| {
            let next = automaton.next(state, **byte);
            next != 0 && automaton.accepts(next)
        };
        let single = self.bytes.iter().filter(accepted).take(KEPT);
        let mut texts: Vec<Vec<u8>> = single.map(|byte| vec![*byte]).collect();
        if texts.is_empty() {
            texts = one_token(lexer, vocabulary, terminal, state);
        }
        if texts.is_empty() {
            texts.extend(self.by_bytes(lexer, terminal, state));
        }
        if texts.is_empty() {
            texts.extend(by_tokens(lexer, vocabulary, terminal, state));
        }
        texts.into_iter().filter_map(|text| Text::new(text, vocabulary)).collect()
    }

    /// The fewest bytes, each of which is a token.
    fn by_bytes(&self, lexer: &Lexer, terminal: TerminalId, from: u32) -> Option<Vec<u8>> {
        let automaton = lexer.automaton(terminal);
        // How each state was reached, in the order of the search.
        let mut reached: Vec<(u32, usize, u8)> = vec![(from, 0, 0)];
        let mut seen = FxHashSet::default();
        let mut at = 0;
        while at < reached.len() {
            let state = reached[at].0;
            for &byte in &self.bytes {
                let next = automaton.next(state, byte);
                if next == 0 {
                    continue;
                }
                if automaton.accepts(next) {
                    let mut text = vec![byte];
                    let mut back = at;
                    while back != 0 {
                        text.push(reached[back].2);
                        back = reached[back].1;
                    }
                    text.reverse();
                    return Some(text);
                }
                if seen.insert(next) {
                    reached.push((next, at, byte));
                }
            }
            at += 1;
        }
        None
    }
}

/// Calls `each` with every token that can be read from a state: its bytes and where it leads.
fn tokens(
    lexer: &Lexer,
    vocabulary: &Vocabulary,
    terminal: TerminalId,
    state: u32,
    mut each: impl FnMut(&[u8], u32),
) {
    let (automaton, trie) = (lexer.automaton(terminal), vocabulary.trie());
    let (mut states, mut text): (Vec<u32>, Vec<u8>) = (vec![state], Vec::new());
    let mut node = 0;
    while node < trie.len() {
        let depth = trie.depth(node);
        states.truncate(depth + 1);
        text.truncate(depth);
        let next = automaton.next(states[depth], trie.byte(node));
        if next == 0 {
            node = trie.skip(node);
            continue;
        }
        states.push(next);
        text.push(trie.byte(node));
        if !trie.tokens(node).is_empty() {
            each(&text, next);
        }
        node += 1;
    }
}

/// The shortest texts of one token.
fn one_token(
    lexer: &Lexer,
    vocabulary: &Vocabulary,
    terminal: TerminalId,
    state: u32,
) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    tokens(lexer, vocabulary, terminal, state, |text, next| {
        let shorter = found.len() < KEPT || found.last().is_some_and(|l| text.len() < l.len());
        if shorter && lexer.automaton(terminal).accepts(next) {
            let at = found.partition_point(|known| known.len() <= text.len());
            found.insert(at, text.to_vec());
            found.truncate(KEPT);
        }
    });
    found
}

/// The fewest tokens, whatever bytes they have (Dijkstra 1959).
fn by_tokens(
    lexer: &Lexer,
    vocabulary: &Vocabulary,
    terminal: TerminalId,
    from: u32,
) -> Option<Vec<u8>> {
    let automaton = lexer.automaton(terminal);
    let mut best: FxHashMap<u32, Cost> = FxHashMap::default();
    let mut heap = BinaryHeap::from([Reverse((0, Vec::new(), from))]);
    let mut places = 0;
    while let Some(Reverse((total, text, state))) = heap.pop() {
        if !text.is_empty() && automaton.accepts(state) {
            return Some(text);
        }
        if best.get(&state).is_some_and(|known| *known < total) {
            continue;
        }
        places += 1;
        if places > PLACES {
            return None;
        }
        tokens(lexer, vocabulary, terminal, state, |token, next| {
            let total = total + Text::cost(1, token.len());
            if best.get(&next).is_none_or(|known| total < *known) {
                best.insert(next, total);
                heap.push(Reverse((total, [text.as_slice(), token].concat(), next)));
            }
        });
    }
    None
}
