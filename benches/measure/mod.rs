//! What the benches share: the two sides on the same tokens, and the figures of their times.

mod figures;
mod peer;

use std::{hint::black_box, sync::Arc, time::Instant};

use constrained_gen::{Automaton, Limits, TokenId, Vocabulary};
pub(crate) use figures::Figures;
use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar};
pub(crate) use peer::factory;

/// The vocabulary of a `tokenizer.json`; of Qwen3's, as wide as its rows of logits.
pub(crate) fn vocabulary(json: &[u8]) -> Arc<Vocabulary> {
    let vocabulary =
        Vocabulary::from_tokenizer_json(json, &Limits::default()).expect("a vocabulary");
    let width = if vocabulary.len() == 151_669 { 151_936 } else { vocabulary.len() };
    Arc::new(vocabulary.with_width(width).expect("wider than the tokenizer"))
}

/// The times of one text in nanoseconds: fill the row, accept the token.
pub(crate) fn ours(automaton: &Arc<Automaton>, tokens: &[u32], row: &mut [u32]) -> Vec<u64> {
    let mut sequence = automaton.constraint();
    let mut times = Vec::with_capacity(tokens.len());
    for &token in tokens {
        let started = Instant::now();
        sequence.fill(row).expect("a mask");
        black_box(&mut *row);
        sequence.accept(TokenId(token)).expect("allowed");
        times.push(started.elapsed().as_nanos() as u64);
        let allowed = row[token as usize / 32] >> (token % 32) & 1 == 1;
        assert!(allowed, "the mask allows what was accepted");
    }
    assert!(sequence.is_complete());
    times
}

/// As [`ours`], of the peer; none if it refuses the text on the way.
pub(crate) fn theirs(
    factory: &ParserFactory,
    grammar: &TopLevelGrammar,
    tokens: &[u32],
    row: &mut [u32],
) -> Option<Vec<u64>> {
    let mut matcher = Matcher::new(factory.create_parser(grammar.clone()));
    let mut times = Vec::with_capacity(tokens.len());
    for &token in tokens {
        let started = Instant::now();
        let mask = matcher.compute_mask().ok()?;
        let words = mask.as_slice();
        let shared = words.len().min(row.len());
        row[..shared].copy_from_slice(&words[..shared]);
        black_box(&mut *row);
        matcher.consume_token(token).ok()?;
        times.push(started.elapsed().as_nanos() as u64);
    }
    Some(times)
}
