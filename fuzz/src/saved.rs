//! Saved automata: any bytes, a valid file changed, and a changed one whose checksum was made to hold.

use std::sync::{Arc, LazyLock};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, TokenId, Vocabulary,
    automaton::LoadError,
    frontend::{NoSources, lark},
};
use sha2::{Digest, Sha256};

/// Nested lists of calls and numbers under the longest-match rule, with shadows and a guard of blanks.
const CALLS: &str = include_str!("../../tests/data/grammar/calls.lark");

const TEXTS: [&[u8]; 3] =
    [b"f(1,g(2..3, not h()));a()", b"not not 1.5; f ( )", b"aa(bb(cc(dd(1))))"];

/// Magic, format, identity, checksum.
const HEAD: usize = 8 + 4 + 32 + 32;

/// A file, what it is of, and its masks.
struct Valid {
    grammar: Arc<CompiledGrammar>,
    vocabulary: Arc<Vocabulary>,
    bytes: Vec<u8>,
}

static VALID: LazyLock<Valid> = LazyLock::new(|| {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    let more =
        ["f(", "((", "))", "not ", ", ", "))))", "1.", "..", ".5", ");", "no", "ab", "12", "),"];
    tokens.extend(more.iter().map(|token| token.as_bytes().to_vec()));
    tokens.extend([b"</s>".to_vec(), b"<pad>".to_vec(), Vec::new()]);
    let count = tokens.len();
    let (special, end) = ([TokenId::new(count - 2)], [TokenId::new(count - 3)]);
    let vocabulary = Arc::new(Vocabulary::new(tokens, &special, &end).expect("a vocabulary"));
    let mut limits = Limits::default();
    limits.automaton_bytes = 4 << 20;
    limits.step_work = 200_000;
    let grammar = lark::parse("calls", CALLS, None, &NoSources, &limits).expect("a grammar");
    let grammar = CompiledGrammar::new(&grammar, &limits).expect("a grammar");
    let automaton = Automaton::of(Arc::clone(&grammar), Arc::clone(&vocabulary));
    automaton.warm(&TEXTS);
    let bytes = automaton.save().expect("the automaton of a grammar");
    Valid { grammar, vocabulary, bytes }
});

/// Changes that an input makes: five bytes each, what and where.
fn changed(bytes: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes.chunks_exact(5).take(16) {
        let [what, high, low, value, length] =
            [change[0], change[1], change[2], change[3], change[4]];
        let at = (usize::from(high) << 8 | usize::from(low)) % (bytes.len() + 1);
        let end = (at + usize::from(length % 24)).min(bytes.len());
        match what % 7 {
            0 | 1 if at < bytes.len() => bytes[at] = value,
            2 if at < bytes.len() => bytes[at] ^= 1 << (value % 8),
            3 => bytes.insert(at, value),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let again = bytes[at..end].to_vec();
                let to = usize::from(value) * 16 % (bytes.len() + 1);
                bytes.splice(to..to, again);
            }
            6 if length > 250 => bytes.truncate(at),
            // A number of five bytes, as large as one can be or nearly so.
            6 => drop(bytes.splice(at..end, [value | 0x80, 0xff, 0xff, 0xff, value & 0xf])),
            _ => {}
        }
    }
    bytes
}

/// A file with this body whose checksum holds.
fn forged(body: &[u8]) -> Vec<u8> {
    let identity = &VALID.bytes[12..44];
    let checksum = Sha256::new().chain_update(identity).chain_update(body).finalize();
    [&VALID.bytes[..44], &checksum, body].concat()
}

fn load(bytes: &[u8]) -> Result<Arc<Automaton>, LoadError> {
    let Valid { grammar, vocabulary, .. } = &*VALID;
    let loaded = Automaton::load_of(Arc::clone(grammar), Arc::clone(vocabulary), bytes);
    if let Err(error) = &loaded {
        assert!(!error.to_string().is_empty());
    }
    loaded
}

/// Whatever the file, what belongs to the grammar is as before, and no control token is allowed. A file that was not forged
/// gives the masks of a fresh automaton.
fn read(loaded: &Arc<Automaton>, is_forged: bool) {
    let Valid { grammar, vocabulary, .. } = &*VALID;
    let fresh = Automaton::of(Arc::clone(grammar), Arc::clone(vocabulary));
    assert!(loaded.stats().bytes < 64 << 20, "{:?}", loaded.stats());
    for text in TEXTS {
        let (mut one, mut other) = (loaded.constraint(), fresh.constraint());
        for byte in text {
            if let Ok(mask) = one.mask() {
                let expected = other.mask().expect("a small grammar");
                for token in (0..vocabulary.width()).map(TokenId::new) {
                    let is_text =
                        !vocabulary.is_special(token) && !vocabulary.bytes(token).is_empty();
                    if !is_forged || !is_text {
                        assert_eq!(mask.contains(token), expected.contains(token), "{token:?}");
                    }
                }
            } else {
                assert!(is_forged, "a limit");
            }
            for token in (0..vocabulary.width()).map(TokenId::new).step_by(7) {
                assert_eq!(one.clone().accept(token).is_ok(), other.clone().accept(token).is_ok());
            }
            one.accept_bytes(&[*byte]).expect("the text belongs to the grammar");
            other.accept_bytes(&[*byte]).expect("the text belongs to the grammar");
        }
        assert!(one.is_complete() && one.accept_bytes(b")").is_err());
    }
    if let Some(again) = loaded.save() {
        load(&again).expect("what was saved is loaded");
    }
}

/// A saved automaton: the first byte says what the others do.
pub fn saved(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    let bytes = &VALID.bytes;
    let (file, is_forged) = match kind % 4 {
        0 => (rest.to_vec(), false),
        1 => (changed(bytes, rest), false),
        2 => {
            // True up to somewhere, so that what the input has is read by what comes later.
            let (cut, noise) = rest.split_at(rest.len().min(2));
            let cut = cut.iter().fold(0, |cut, byte| cut << 8 | usize::from(*byte));
            let body = &bytes[HEAD..];
            (forged(&[&body[..cut % (body.len() + 1)], noise].concat()), true)
        }
        _ => (forged(&changed(&bytes[HEAD..], rest)), true),
    };
    let is_whole = file == *bytes;
    match load(&file) {
        Ok(loaded) => {
            assert!(is_forged || is_whole, "a damaged file is loaded");
            read(&loaded, is_forged && !is_whole);
        }
        Err(error) => assert!(!is_whole, "{error}"),
    }
}
