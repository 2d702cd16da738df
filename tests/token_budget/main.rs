//! Under a grammar or a schema no answer is cut off: whatever the model wants, and however few tokens it may have, the answer
//! is a whole sentence within them; and fewer tokens than the shortest sentence has are refused at once.
//!
//! `BUDGET_CASES` says how many cases there are (some hundred by default), `BUDGET_SEED` which. MaskBench's schemas lie beside
//! the repository in `../shared`; where they do not, this says so, and the schemas here are all.

#![allow(clippy::print_stderr, reason = "a skipped corpus must be seen")]

mod exact;
mod languages;
mod noise;

use std::sync::Arc;

use constrained_gen::{
    Automaton, TokenId, Vocabulary,
    decoding::{DecodeError, Decoder, Finish, Generation, Options, Sampling},
};
use languages::Language;
use noise::{Chance, Noise};
use rayon::prelude::*;

/// Cases without a variable that says otherwise.
const CASES: u64 = 240;

fn variable(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}

/// Settings of all kinds.
fn sampling(chance: &mut Chance) -> Sampling {
    let seed = chance.next();
    match chance.below(4) {
        0 => Sampling { seed, ..Sampling::greedy() },
        1 => Sampling { seed, ..Sampling::default() },
        2 => Sampling {
            seed,
            temperature: 1.3,
            top_k: Some(200),
            min_p: 0.01,
            ..Sampling::default()
        },
        _ => Sampling {
            seed,
            temperature: 1.0,
            top_k: Some(20),
            top_p: 1.0,
            repetition_penalty: 1.2,
            ..Sampling::default()
        },
    }
}

fn decode(
    automaton: &Arc<Automaton>,
    vocabulary: &Vocabulary,
    sampling: &Sampling,
    options: &Options,
    model: u64,
) -> Result<Generation, DecodeError> {
    let mut constraint = automaton.constraint();
    let mut logits = Noise::new(model, vocabulary);
    let decoder = Decoder::new(vocabulary, sampling, options)?;
    decoder.run(&mut logits, &[TokenId(0)], Some(&mut constraint), &mut |_| {})
}

/// One case: a model, its settings, a number of tokens.
fn case(language: &Language, number: u64, seed: u64) {
    let mut chance = Chance::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (automaton, vocabulary) = (&language.automaton, language.automaton.vocabulary());
    let ending = automaton.constraint().ending();
    let least = ending.unwrap_or_else(|| panic!("{}: no ending", language.name)).tokens().len();
    // Mostly hardly more than the least, at times far more.
    let spare = match chance.below(4) {
        0 => 0,
        1 => chance.below(4),
        2 => chance.below(30),
        _ => chance.below(120),
    };
    let most = least + spare as usize;
    let (model, sampling) = (chance.next(), sampling(&mut chance));
    let options = Options {
        max_tokens: most,
        sparse_head: chance.below(2) == 0,
        stop: if chance.below(4) == 0 { vec![";".into()] } else { Vec::new() },
        longest_blank: [0, 1, 3, 128][chance.below(4) as usize],
        ..Options::default()
    };
    let name = format!("{} (case {number}, at most {most})", language.name);
    let answer = decode(automaton, vocabulary, &sampling, &options, model)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(answer.tokens.len() <= most, "{name}: {} tokens", answer.tokens.len());
    assert!(answer.whole, "{name}: {:?} is not whole", answer.text);
    assert!(matches!(answer.finish, Finish::End | Finish::Stop { .. }), "{name}: {answer:?}");
    language
        .check(&answer.text)
        .unwrap_or_else(|error| panic!("{name}: {:?}: {error}", answer.text));
    if least > 0 {
        let options = Options { max_tokens: chance.below(least as u64) as usize, ..options };
        let refused = decode(automaton, vocabulary, &sampling, &options, model);
        match refused {
            Err(DecodeError::Budget { max_tokens, least: named }) => {
                assert_eq!((max_tokens, named), (options.max_tokens, least), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn no_answer_is_cut_off() {
    let (cases, seed) = (variable("BUDGET_CASES", CASES), variable("BUDGET_SEED", 1));
    let languages = languages::all(cases);
    let count = languages.len() as u64;
    (0..cases).into_par_iter().for_each(|number| {
        case(&languages[(number % count) as usize], number, seed);
    });
    eprintln!("{cases} cases of {count} languages");
}

/// Wherever a sentence can stand, an ending is known, and it can be walked.
#[test]
fn every_prefix_can_be_ended() {
    let languages = languages::all(0);
    languages.par_iter().enumerate().for_each(|(at, language)| {
        let vocabulary = language.automaton.vocabulary();
        let mut chance = Chance::new(at as u64);
        for _ in 0..3 {
            let (mut sequence, mut text) = (language.automaton.constraint(), Vec::new());
            for _ in 0..25 {
                let allowed: Vec<TokenId> = sequence.mask().expect("a mask").iter().collect();
                let token = allowed[chance.below(allowed.len() as u64) as usize];
                if vocabulary.is_special(token) {
                    break;
                }
                sequence.accept(token).expect("it is allowed");
                text.extend_from_slice(vocabulary.bytes(token));
                let ending = sequence.ending();
                let ending = ending.unwrap_or_else(|| {
                    let text = String::from_utf8_lossy(&text).into_owned();
                    panic!("{}: no ending after {text:?}", language.name)
                });
                let mut walk = sequence.clone();
                for token in ending.tokens() {
                    assert!(walk.mask().expect("a mask").contains(*token), "{}", language.name);
                    walk.accept(*token).expect("it is allowed");
                }
                assert!(walk.is_complete(), "{}", language.name);
            }
        }
    });
}
