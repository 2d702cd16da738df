//! A loaded automaton answers as the saved one; hostile bytes are refused, or do no harm.

use std::sync::Arc;

use proptest::prelude::*;

use super::{super::Generation, LoadError, header};
use crate::{
    Automaton, CompiledGrammar, Limits, TokenId, Vocabulary,
    frontend::{NoSources, lark},
    library,
};

/// Nested lists of calls and numbers under the longest-match rule, with shadows and a guard of blanks.
const CALLS: &str = include_str!("../../../tests/data/grammar/calls.lark");

const TEXTS: [&[u8]; 4] =
    [b"f(1,g(2..3, not h()));a()", b"not not 1.5; f ( )", b"aa(bb(cc(dd(ee(1)))))", b"1..2;3..4"];

fn vocabulary() -> Arc<Vocabulary> {
    let texts = [
        "f(", "((", "))", "not ", " not", ", ", "))))", "1.", "..", ".5", ");", "no", "ab", "12",
        "),",
    ];
    vocabulary_of(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
}

/// All pairs of some bytes: enough for results to be kept.
fn pairs() -> Arc<Vocabulary> {
    let bytes = b"abcdefilmnorstuEOST_ ().,;:=<>{}[]\"'12";
    let pair = |one: &u8| bytes.map(|other| vec![*one, other]);
    vocabulary_of(bytes.iter().flat_map(pair).collect())
}

fn vocabulary_of(texts: Vec<Vec<u8>>) -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    tokens.extend(texts);
    tokens.extend([b"</s>".to_vec(), b"<pad>".to_vec(), Vec::new()]);
    let count = tokens.len();
    let special = [TokenId::new(count - 2)];
    Arc::new(Vocabulary::new(tokens, &special, &[TokenId::new(count - 3)]).unwrap())
}

fn grammar() -> Arc<CompiledGrammar> {
    let grammar = lark::parse("calls", CALLS, None, &NoSources, &Limits::default()).unwrap();
    CompiledGrammar::new(&grammar, &Limits::default()).unwrap()
}

fn warmed(grammar: &Arc<CompiledGrammar>) -> Arc<Automaton> {
    let automaton = Automaton::of(Arc::clone(grammar), vocabulary());
    automaton.warm(&TEXTS);
    automaton
}

/// Compares every mask of these texts, between all bytes, with those of a fresh automaton.
fn same_masks(one: &Arc<Automaton>, other: &Arc<Automaton>, texts: &[&[u8]]) {
    for text in texts {
        let (mut a, mut b) = (one.constraint(), other.constraint());
        for byte in *text {
            assert_eq!(a.mask().unwrap(), b.mask().unwrap());
            a.accept_bytes(&[*byte]).unwrap();
            b.accept_bytes(&[*byte]).unwrap();
        }
        assert_eq!(a.mask().unwrap(), b.mask().unwrap());
        assert_eq!(a.is_complete(), b.is_complete());
    }
}

#[test]
fn a_loaded_automaton_is_warm_and_answers_alike() {
    let saved = warmed(&grammar());
    let bytes = saved.save().unwrap();
    // Compiled anew, so that parser states get other numbers.
    let compiled = grammar();
    compiled.recognizer().push(b"not not f(1..2,3);a(").unwrap();
    let loaded = Automaton::load_of(compiled, vocabulary(), &bytes).unwrap();
    let (before, after) = (saved.stats(), loaded.stats());
    // Nodes that others answer for are left behind.
    assert!(after.tree_nodes <= before.tree_nodes && after.results <= before.results);
    same_masks(&loaded, &saved, &TEXTS);
    let met = loaded.stats();
    assert_eq!(met.tree_nodes, after.tree_nodes, "all was known");
    // And where nothing was known.
    let fresh = Automaton::of(grammar(), vocabulary());
    let further: [&[u8]; 3] =
        [b"x(1.5..2,y(z(not 3,4)),5);6", b"not  a ( not 1 , 2)", b"q();q(0);q(q(q()))"];
    same_masks(&loaded, &fresh, &further);
    // What was loaded can be saved again.
    let again = Automaton::load_of(grammar(), vocabulary(), &loaded.save().unwrap()).unwrap();
    same_masks(&again, &fresh, &TEXTS);
}

/// What was met since is given up when there is no more room, and what was loaded is not.
#[test]
fn the_next_generation_begins_with_what_was_loaded() {
    let bytes = warmed(&grammar()).save().unwrap();
    let loaded = Automaton::load_of(grammar(), vocabulary(), &bytes).unwrap();
    let known = loaded.stats();
    let automaton_bytes = (known.bytes + bytes.len()) * 2;
    let limits = Limits { automaton_bytes, ..Limits::default() };
    let tight = CompiledGrammar::new(grammar().grammar(), &limits).unwrap();
    let loaded = Automaton::load_of(tight, vocabulary(), &bytes).unwrap();
    let is_over = |before: usize| loaded.stats().bytes < before;
    let (mut before, mut renewed) = (0, 0);
    for depth in 1..2_000 {
        let mut sequence = loaded.constraint();
        sequence.accept_bytes("a(".repeat(depth).as_bytes()).unwrap();
        sequence.mask().unwrap();
        renewed += u32::from(is_over(before));
        before = loaded.stats().bytes;
        let stats = loaded.stats();
        assert!(stats.tree_nodes >= known.tree_nodes && stats.results >= known.results);
    }
    assert!(renewed > 0, "there was room for all");
    same_masks(&loaded, &Automaton::of(grammar(), vocabulary()), &TEXTS);
}

#[test]
fn the_grammars_that_ship_come_back() {
    let limits = Limits::default();
    let mut all = (0, 0);
    for name in library::names() {
        let examples: Vec<String> = library::texts(name)
            .unwrap()
            .flat_map(|(_, text)| library::examples(text).unwrap())
            .filter(|example| example.accept)
            .map(|example| example.text)
            .take(40)
            .collect();
        let texts: Vec<&[u8]> = examples.iter().map(|text| text.as_bytes()).collect();
        let grammar = library::grammar(name, &limits).unwrap();
        let saved = Automaton::new(&grammar, pairs(), &limits).unwrap();
        saved.warm(&texts);
        let loaded = Automaton::load(&grammar, pairs(), &saved.save().unwrap(), &limits).unwrap();
        let (after, nodes) = (known(&loaded), trees(&loaded));
        for text in &texts {
            let (mut a, mut b) = (saved.constraint(), loaded.constraint());
            for byte in *text {
                assert_eq!(a.mask().unwrap(), b.mask().unwrap());
                let (one, other) = (a.accept_bytes(&[*byte]), b.accept_bytes(&[*byte]));
                assert_eq!(one.is_ok(), other.is_ok());
                // Read no further than it was warmed.
                if one.is_err() {
                    break;
                }
            }
        }
        assert_eq!(trees(&loaded), nodes, "{name}: nothing was built");
        all = (all.0 + after, all.1 + known(&loaded));
    }
    // A node asked about often becomes another one, there at another time than here.
    let (after, met) = all;
    assert!(after > 0 && met <= after + after / 4, "most was known: {after} of {met}");
}

/// Nodes of trees. Sums of nodes come with results.
fn trees(automaton: &Automaton) -> usize {
    match automaton.current().as_ref() {
        Generation::Grammar(generation) => {
            generation.trees.nodes.iter().filter(|(_, node)| !node.is_sum()).count()
        }
        Generation::Schema(..) => 0,
    }
}

/// Results at LR states.
fn known(automaton: &Automaton) -> usize {
    match automaton.current().as_ref() {
        Generation::Grammar(generation) => generation.results.all().len(),
        Generation::Schema(..) => 0,
    }
}

#[test]
fn what_belongs_to_something_else_is_refused() {
    let compiled = grammar();
    let bytes = warmed(&compiled).save().unwrap();
    let load = |grammar: &Arc<CompiledGrammar>, vocabulary: Arc<Vocabulary>, bytes: &[u8]| {
        Automaton::load_of(Arc::clone(grammar), vocabulary, bytes).unwrap_err()
    };
    let json = library::grammar("json", &Limits::default()).unwrap();
    let json = CompiledGrammar::new(&json, &Limits::default()).unwrap();
    assert!(matches!(load(&json, vocabulary(), &bytes), LoadError::Other));
    let wider = vocabulary().as_ref().clone().with_width(200).unwrap();
    assert!(matches!(load(&compiled, Arc::new(wider), &bytes), LoadError::Other));
    assert!(matches!(load(&compiled, vocabulary(), b"{}"), LoadError::Kind));
    let mut later = bytes.clone();
    later[8] += 1;
    let later = load(&compiled, vocabulary(), &later);
    assert!(matches!(later, LoadError::Format { found, expected } if found == expected + 1));
    let small = Limits { automaton_bytes: bytes.len() - 1, ..Limits::default() };
    let tight = CompiledGrammar::new(compiled.grammar(), &small).unwrap();
    assert!(matches!(load(&tight, vocabulary(), &bytes), LoadError::Limit { .. }));
    let small = Limits { automaton_bytes: bytes.len() * 2, ..Limits::default() };
    let tight = CompiledGrammar::new(compiled.grammar(), &small).unwrap();
    assert!(matches!(load(&tight, vocabulary(), &bytes), LoadError::Limit { .. }));
}

#[test]
fn damage_is_noticed_at_every_place() {
    let compiled = grammar();
    let bytes = warmed(&compiled).save().unwrap();
    let load = |bytes: &[u8]| Automaton::load_of(Arc::clone(&compiled), vocabulary(), bytes);
    for length in (0..bytes.len()).step_by(37).chain([8, 11, 12, 44, header::HEAD, bytes.len() - 1])
    {
        assert!(load(&bytes[..length]).is_err(), "cut at {length}");
    }
    for at in (0..bytes.len()).step_by(41).chain(0..header::HEAD) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(load(&flipped).is_err(), "bit flipped at {at}");
    }
    assert!(load(&[bytes.as_slice(), b"x"].concat()).is_err());
}

/// Loads a body under a checksum that holds; if that works, reads texts: whatever the masks are, nothing panics, special
/// tokens stay out, and what belongs to the grammar is as before.
fn harmless(compiled: &Arc<CompiledGrammar>, of: &[u8], body: &[u8]) -> bool {
    let forged = header::forge(of, body);
    let Ok(loaded) = Automaton::load_of(Arc::clone(compiled), vocabulary(), &forged) else {
        return false;
    };
    let special = TokenId::new(vocabulary().len() - 2);
    for text in TEXTS {
        let mut sequence = loaded.constraint();
        for byte in text {
            if let Ok(mask) = sequence.mask() {
                assert!(!mask.contains(special));
            }
            sequence.accept_bytes(&[*byte]).expect("the text belongs to the grammar");
        }
        assert!(sequence.is_complete());
        assert!(sequence.accept_bytes(b")").is_err());
    }
    true
}

#[test]
fn forged_bodies_do_no_harm() {
    let compiled = grammar();
    let bytes = warmed(&compiled).save().unwrap();
    let body = &bytes[header::HEAD..];
    assert!(harmless(&compiled, &bytes, body));
    for length in (0..body.len()).step_by(29) {
        assert!(!harmless(&compiled, &bytes, &body[..length]), "cut at {length}");
    }
    let mut loaded = 0;
    for at in (0..body.len()).step_by(7) {
        for change in [1 << (at % 8), 0xff] {
            let mut flipped = body.to_vec();
            flipped[at] ^= change;
            loaded += u32::from(harmless(&compiled, &bytes, &flipped));
        }
    }
    assert!(
        loaded > 0,
        "some forgeries load, so that the harmlessness of what they make is tested"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_bodies_do_no_harm(
        noise in prop::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..400),
        cut in 0usize..4_000,
    ) {
        use std::sync::OnceLock;
        static SAVED: OnceLock<(Arc<CompiledGrammar>, Vec<u8>)> = OnceLock::new();
        let (compiled, bytes) = SAVED.get_or_init(|| {
            let compiled = grammar();
            let bytes = warmed(&compiled).save().unwrap();
            (compiled, bytes)
        });
        let body = &bytes[header::HEAD..];
        harmless(compiled, bytes, &noise);
        // True up to somewhere, so that the noise is read by what comes later.
        let cut = cut * body.len() / 4_000;
        harmless(compiled, bytes, &[&body[..cut], &noise].concat());
        let after = (cut + noise.len()).min(body.len());
        harmless(compiled, bytes, &[&body[..cut], &noise, &body[after..]].concat());
        let _ = Automaton::load_of(Arc::clone(compiled), vocabulary(), &noise);
    }
}
