//! The shipped grammars under the full Qwen3 vocabulary: states of random walks, every bit against the twin.

use std::{path::Path, sync::Arc, time::Instant};

use constrained_gen::{
    Automaton, Limits, TokenId, Vocabulary, library,
    oracle::{State, Twin},
};

use super::{
    compare::{Failure, Pair, sorted, text},
    generator::Random,
    setting,
};

/// Rows of logits of Qwen3.
const WIDTH: usize = 151_936;

/// Tokens after which a walk begins anew.
const LONGEST_WALK: usize = 60;

fn vocabulary() -> Option<Vocabulary> {
    let path = std::env::var("ORACLE_TOKENIZER").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/tokenizers/qwen3/tokenizer.json").into()
    });
    if !Path::new(&path).exists() {
        println!("SKIPPED: the masks of the shipped grammars: there is no {path}");
        return None;
    }
    let json = std::fs::read(&path).expect("the tokenizer is readable");
    let vocabulary = Vocabulary::from_tokenizer_json(&json, &Limits::default()).expect(&path);
    let width = WIDTH.max(vocabulary.len());
    Some(vocabulary.with_width(width).expect("padding rows"))
}

/// A token of those allowed: a short one, or one with the fewest siblings, else walks would be all identifiers.
fn choose(random: &mut Random, vocabulary: &Vocabulary, allowed: &[TokenId]) -> TokenId {
    let short: Vec<_> =
        allowed.iter().copied().filter(|&t| vocabulary.bytes(t).len() <= 2).collect();
    if !short.is_empty() && random.percent(50) { random.pick(&short) } else { random.pick(allowed) }
}

/// States of one grammar from random walks under its masks; with half of them the next is far from the last.
fn compare(name: &str, vocabulary: &Arc<Vocabulary>, states: usize) {
    let limits = Limits::default();
    let grammar = library::grammar(name, &limits).expect(name);
    let automaton = Automaton::new(&grammar, vocabulary.clone(), &limits).expect(name);
    let mut twin = Twin::new(&grammar).expect(name).spaced();
    let sorted = sorted(vocabulary);
    let mut random = Random::new(setting("ORACLE_SEED", 1));
    let (mut compared, mut pairs, mut allowed_bits) = (0, 0_u64, 0_u64);
    let (mut longest, clock) = (0, Instant::now());
    let mut state: State = twin.start();
    let mut constraint = automaton.constraint();
    let mut read: Vec<u8> = Vec::new();
    let mut steps = 0;
    while compared < states {
        // All states of the first walk's beginning, then every fourth or so.
        if compared < 6 || random.percent(25) {
            let mut pair = Pair { twin: &mut twin, vocabulary, sorted: &sorted };
            let expected = pair.state(&state, &mut constraint).unwrap_or_else(|failure| {
                let message = match failure {
                    Failure::Differs(message) => message,
                    Failure::Exhausted => "the twin gave up".into(),
                };
                panic!("{name}, after {}: {message}", text(&read));
            });
            compared += 1;
            pairs += expected.len() as u64;
            allowed_bits += expected.iter().filter(|&&allowed| allowed).count() as u64;
            longest = longest.max(steps);
        }
        let mask = constraint.mask().expect(name);
        let allowed: Vec<_> = mask.iter().filter(|&t| !vocabulary.is_special(t)).collect();
        if allowed.is_empty() || steps == LONGEST_WALK || (steps > 3 && random.percent(3)) {
            (state, constraint, steps) = (twin.start(), automaton.constraint(), 0);
            read.clear();
            continue;
        }
        let token = choose(&mut random, vocabulary, &allowed);
        constraint.accept(token).expect("the mask allows it");
        let bytes = vocabulary.bytes(token);
        state = twin.read_on(&state, bytes).expect(name).expect("the twin's mask is the same");
        read.extend_from_slice(bytes);
        steps += 1;
    }
    println!(
        "{name}: {compared} states, {pairs} (state, token) pairs, {allowed_bits} allowed, up to {longest} tokens deep, {:.1} s",
        clock.elapsed().as_secs_f64()
    );
}

#[test]
fn masks_of_shipped_grammars() {
    let Some(vocabulary) = vocabulary() else { return };
    let vocabulary = Arc::new(vocabulary);
    for name in library::names() {
        compare(name, &vocabulary, setting("ORACLE_STATES", 6) as usize);
    }
}
