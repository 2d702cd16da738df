//! The same grammar in other words, the same tokens in another order: the masks along a walk are the same.

use std::sync::Arc;

use constrained_gen::{
    Automaton, Constraint, Limits, TokenId, TokenMask, Vocabulary,
    frontend::{NoSources, lark},
};

use crate::{
    engine::takes,
    generator::{self, Random},
    tape,
    variants::{inlined, permutation, printed, renamed, with_unreachable},
};

/// A variant: what it is, a sequence of it, and the row of each of the original's tokens.
struct Variant {
    name: String,
    constraint: Constraint,
    rows: Vec<usize>,
}

/// The vocabulary with its tokens in another order, and the row of each token.
fn shuffled(vocabulary: &Vocabulary, random: &mut Random) -> (Vocabulary, Vec<usize>) {
    let order = permutation(random, vocabulary.len());
    let mut rows: Vec<usize> = (0..vocabulary.width()).collect();
    for (new, old) in order.iter().enumerate() {
        rows[*old] = new;
    }
    let all = order.iter().map(|old| vocabulary.bytes(TokenId::new(*old)).to_vec()).collect();
    let special: Vec<TokenId> = (0..vocabulary.len())
        .filter(|old| vocabulary.is_special(TokenId::new(*old)))
        .map(|old| TokenId::new(rows[old]))
        .collect();
    let end: Vec<TokenId> =
        vocabulary.end_tokens().iter().map(|old| TokenId::new(rows[old.index()])).collect();
    let made =
        Vocabulary::new(all, &special, &end).and_then(|made| made.with_width(vocabulary.width()));
    (made.expect("the same tokens"), rows)
}

/// A random grammar, and the same in other words.
pub fn roundtrip(data: &[u8]) {
    let Some((seed, rest)) = tape::seed(data) else { return };
    let random = &mut Random::new(seed);
    let grammar = generator::grammar(random);
    let vocabulary = Arc::new(generator::vocabulary(random, &[]));
    let mut limits = Limits::default();
    limits.step_work = 20_000;
    let Ok(original) = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits) else { return };
    let same: Vec<usize> = (0..vocabulary.width()).collect();
    let mut variants = Vec::new();
    let mut add = |name: &str, automaton: &Arc<Automaton>, rows: &[usize]| {
        let name = format!("{name}, of {}", printed(&grammar).unwrap_or_default());
        variants.push(Variant { name, constraint: automaton.constraint(), rows: rows.to_vec() });
    };
    for (name, other) in [
        ("renamed", renamed(&grammar, random)),
        ("with a rule more", with_unreachable(&grammar, random)),
        ("inlined", inlined(&grammar, random)),
    ] {
        let other = Automaton::new(&other, Arc::clone(&vocabulary), &limits);
        add(name, &other.unwrap_or_else(|error| panic!("{name}: {error}")), &same);
    }
    if let Some(text) = printed(&grammar) {
        let read = lark::parse("fuzz", &text, None, &NoSources, &limits);
        let read = read.unwrap_or_else(|error| panic!("{}\n{text}", error.render()));
        let other = Automaton::new(&read, Arc::clone(&vocabulary), &limits);
        add("read again", &other.unwrap_or_else(|error| panic!("{error}\n{text}")), &same);
    }
    let (other, rows) = shuffled(&vocabulary, random);
    let other = Automaton::new(&grammar, Arc::new(other), &limits).expect("the same grammar");
    add("of shuffled tokens", &other, &rows);
    let (mut constraint, mut text) = (original.constraint(), Vec::new());
    for &byte in rest.iter().take(24) {
        let Ok(mask) = constraint.mask().cloned() else { return };
        for variant in &mut variants {
            if compare(&mask, &constraint, variant, &text).is_none() {
                return;
            }
        }
        // End tokens are left for the comparison, as nothing comes after them.
        let allowed: Vec<TokenId> =
            mask.iter().filter(|token| !vocabulary.is_special(*token)).collect();
        let Some(&token) = allowed.get(usize::from(byte) % allowed.len().max(1)) else { return };
        let Some(taken) = takes(&mut constraint, token) else { return };
        assert!(taken, "the mask allows it");
        text.extend_from_slice(vocabulary.bytes(token));
        for variant in &mut variants {
            let token = TokenId::new(variant.rows[token.index()]);
            let Some(taken) = takes(&mut variant.constraint, token) else { return };
            assert!(taken, "its mask allows it");
        }
    }
}

/// `None` where a limit left nothing to compare.
fn compare(
    mask: &TokenMask,
    constraint: &Constraint,
    variant: &mut Variant,
    text: &[u8],
) -> Option<()> {
    let vocabulary = constraint.automaton().vocabulary();
    let Variant { name, constraint: other, rows } = variant;
    let found = other.mask().ok()?;
    for (row, &there) in rows.iter().enumerate() {
        let (token, there) = (TokenId::new(row), TokenId::new(there));
        let (at, bytes) = (text.escape_ascii(), vocabulary.bytes(token).escape_ascii());
        assert_eq!(found.contains(there), mask.contains(token), "{name}: after {at}: {bytes}");
    }
    let at = text.escape_ascii();
    assert_eq!(found.len(), mask.len(), "{name}: after {at}");
    assert_eq!(other.is_complete(), constraint.is_complete(), "{name}: at the end of {at}");
    let (found, expected) = (other.forced(16), constraint.forced(16));
    if found != expected {
        // Where the work does not suffice to find out, nothing is called forced.
        assert!(found.is_empty() || expected.is_empty(), "{name}: {found:?}, {expected:?}");
        let (found, expected) = (rested(other, text), rested(constraint, text));
        assert_eq!(found.forced(16), expected.forced(16), "{name}");
    }
    Some(())
}

/// A sequence at the same place, under the usual limits.
fn rested(constraint: &Constraint, text: &[u8]) -> Constraint {
    let automaton = constraint.automaton();
    let grammar = automaton.grammar().expect("it is of a grammar").grammar();
    let vocabulary = Arc::clone(automaton.vocabulary());
    let automaton = Automaton::new(grammar, vocabulary, &Limits::default());
    let mut sequence = automaton.expect("it was compiled under the same limits").constraint();
    sequence.accept_bytes(text).expect("it was accepted under less");
    sequence
}
