//! The engine on random small grammars: the first bytes choose grammar and vocabulary, the others what is done with them.

use std::sync::Arc;

use constrained_gen::{
    Automaton, Constraint, Limits, StepError, TokenId, Vocabulary, grammar::Grammar, oracle::Twin,
};

use crate::{
    generator::{self, Random},
    tape,
};

/// A grammar, its automaton, and the bytes that are left.
fn automaton(data: &[u8]) -> Option<(Grammar, Arc<Automaton>, &[u8])> {
    let (seed, rest) = tape::seed(data)?;
    let mut random = Random::new(seed);
    let grammar = generator::grammar(&mut random);
    let vocabulary = generator::vocabulary(&mut random, &[]);
    let mut limits = Limits::default();
    // Small enough for sequences to move on to new tables.
    limits.automaton_bytes = if seed & 1 == 0 { 64 << 10 } else { 16 << 20 };
    // Ambiguity of some grammars makes one mask dear; what is asked here is whether it is right.
    limits.step_work = 20_000;
    let automaton = Automaton::new(&grammar, Arc::new(vocabulary), &limits).ok()?;
    Some((grammar, automaton, rest))
}

fn rows(vocabulary: &Vocabulary) -> impl Iterator<Item = TokenId> {
    (0..vocabulary.width()).map(TokenId::new)
}

/// The token that a byte stands for, among those allowed.
fn choose(constraint: &mut Constraint, byte: u8) -> Option<TokenId> {
    let mask = constraint.mask().ok()?;
    mask.iter().nth(usize::from(byte) % mask.len().max(1))
}

/// Whether a token is taken; `None` where the limit on work left that open.
pub(crate) fn takes(constraint: &mut Constraint, token: TokenId) -> Option<bool> {
    match constraint.accept(token) {
        Ok(()) => Some(true),
        Err(StepError::Limit { .. }) => None,
        Err(_) => Some(false),
    }
}

/// Every bit of the mask against the slow twin, along a walk.
pub fn mask(data: &[u8]) {
    let Some((grammar, automaton, rest)) = automaton(data) else { return };
    let twin = Twin::new(&grammar).expect("what the engine takes, the twin takes");
    let mut twin = twin.bounded(200_000);
    let vocabulary = automaton.vocabulary();
    let mut constraint = automaton.constraint();
    let mut state = twin.start();
    for byte in rest.iter().take(12) {
        // Where the twin gives up, nothing is known.
        let Ok(expected) = twin.mask(&state, vocabulary) else { return };
        // The limit on work is the one reason for which there may be none.
        let Ok(mask) = constraint.mask().cloned() else { return };
        for token in rows(vocabulary) {
            assert_eq!(mask.contains(token), expected[token.index()], "{token:?}");
            let Some(taken) = takes(&mut constraint.clone(), token) else { return };
            assert_eq!(taken, mask.contains(token), "{token:?}");
        }
        let Some(token) = choose(&mut constraint, *byte) else { return };
        assert_eq!(takes(&mut constraint, token), Some(true), "it was taken before");
        if constraint.has_ended() {
            return;
        }
        let Ok(next) = twin.read_on(&state, vocabulary.bytes(token)) else { return };
        state = next.expect("the mask allows it");
    }
}

/// All operations of a constraint, in any order: none panics, none changes what it should not, and the text alone decides
/// where a sequence stands.
pub fn operations(data: &[u8]) {
    let Some((grammar, automaton, rest)) = automaton(data) else { return };
    let vocabulary = Arc::clone(automaton.vocabulary());
    let mut sequences: Vec<(Constraint, Vec<u8>)> = vec![(automaton.constraint(), Vec::new())];
    for step in rest.chunks_exact(2).take(64) {
        let (operation, choice) = (step[0], step[1]);
        let at = usize::from(operation >> 4) % sequences.len();
        let (constraint, text) = &mut sequences[at];
        match operation & 15 {
            0..=5 => {
                if let Some(token) = choose(constraint, choice) {
                    let Some(taken) = takes(constraint, token) else { continue };
                    assert!(taken, "the mask allows it");
                    if !constraint.has_ended() {
                        text.extend_from_slice(vocabulary.bytes(token));
                    }
                }
            }
            6 => {
                let token = TokenId(u32::from(choice));
                let Ok(allowed) = constraint.mask().map(|mask| mask.contains(token)) else {
                    continue;
                };
                let before = constraint.clone();
                let taken = takes(constraint, token);
                assert_eq!(taken.unwrap_or(allowed), allowed);
                if taken != Some(true) {
                    assert_eq!(*constraint, before, "a refused token changes nothing");
                } else if !constraint.has_ended() {
                    text.extend_from_slice(vocabulary.bytes(token));
                }
            }
            7 => {
                let bytes = [choice, b'a'];
                let explained = constraint.explain(&bytes);
                let taken = constraint.accept_bytes(&bytes);
                // What was found out the first time is known the second time, when the work may suffice.
                if explained.as_ref().is_none_or(|refusal| refusal.expected.limit.is_none()) {
                    assert_eq!(taken.as_ref().err(), explained.as_ref());
                }
                if taken.is_ok() {
                    text.extend_from_slice(&bytes);
                }
            }
            8 => {
                let mut row = vec![u32::MAX; vocabulary.words() + usize::from(choice % 3)];
                if constraint.fill(&mut row).is_ok() {
                    let mask = constraint.mask().expect("it was filled");
                    assert_eq!(&row[..vocabulary.words()], mask.words());
                    assert!(row[vocabulary.words()..].iter().all(|word| *word == 0));
                }
            }
            9 => {
                let forced = constraint.forced(usize::from(choice % 16));
                // What was found out at once may need more work than there is to be read.
                let refusal = if forced.is_empty() { None } else { constraint.explain(&forced) };
                assert!(refusal.is_none_or(|refusal| refusal.expected.limit.is_some()));
            }
            10 => {
                assert_eq!(constraint.expected().end, constraint.is_complete());
                if let Some(ending) = constraint.ending() {
                    let mut ended = constraint.clone();
                    let taken = ending.tokens().iter().map(|token| takes(&mut ended, *token));
                    // What was read before may need more work now than there is.
                    if let Some(taken) = taken.collect::<Option<Vec<bool>>>() {
                        assert!(!taken.contains(&false), "{ending:?} was read before");
                        assert!(ended.is_complete(), "{ending:?} does not end it");
                    }
                }
            }
            11 if sequences.len() < 8 => {
                let fork = sequences[at].clone();
                sequences.push(fork);
            }
            12 if sequences.len() > 1 => drop(sequences.swap_remove(at)),
            13 => sequences[at] = (automaton.constraint(), Vec::new()),
            14 if !sequences[at].0.has_ended() => {
                let (constraint, text) = &mut sequences[at];
                // The same text under a limit that is reached in the middle of a mask.
                let mut limits = automaton.limits().clone();
                limits.step_work = u64::from(choice);
                let starved = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits);
                *constraint = starved.expect("it was compiled before").constraint();
                if let Err(refusal) = constraint.accept_bytes(text) {
                    assert_eq!(refusal.expected.limit, Some(limits.step_work));
                    sequences[at] = (automaton.constraint(), Vec::new());
                    continue;
                }
                let before = constraint.clone();
                if let Err(error) = constraint.mask() {
                    assert_eq!(error, StepError::Limit { limit: limits.step_work });
                }
                assert_eq!(*constraint, before, "a mask changes nothing");
            }
            15 => batch(&automaton, &sequences),
            _ => {}
        }
    }
    for (mut constraint, text) in sequences {
        assert_eq!(constraint.offset(), text.len());
        if constraint.has_ended() {
            assert!(constraint.mask().is_err() && constraint.accept(TokenId(0)).is_err());
            continue;
        }
        let mut again = automaton.constraint();
        if let Err(refusal) = again.accept_bytes(&text) {
            assert!(refusal.expected.limit.is_some(), "it was accepted before");
            continue;
        }
        assert_eq!(again.is_complete(), constraint.is_complete());
        if let (Ok(mask), Ok(other)) = (again.mask(), constraint.mask()) {
            assert!(mask == other, "the text decides");
        }
    }
}

/// The rows of all sequences at once are those of each.
fn batch(automaton: &Automaton, sequences: &[(Constraint, Vec<u8>)]) {
    let words = automaton.vocabulary().words();
    let mut all: Vec<Constraint> = sequences.iter().map(|sequence| sequence.0.clone()).collect();
    let mut rows = vec![u32::MAX; words * all.len()];
    let filled = automaton.fill_masks(&mut all, &mut rows);
    for ((row, filled), mut constraint) in rows.chunks(words.max(1)).zip(filled).zip(all) {
        match (filled, constraint.mask()) {
            (Ok(()), Ok(mask)) => assert_eq!(row, mask.words()),
            (Err(StepError::Ended), Err(StepError::Ended)) => {}
            (Err(StepError::Limit { .. }), _) | (_, Err(StepError::Limit { .. })) => {}
            (one, other) => panic!("{one:?}, but alone {other:?}"),
        }
    }
}
