//! Random small grammars, vocabularies and walks: every answer of the engine against the twin's.

use std::sync::Arc;

use constrained_gen::{
    Automaton, CompiledGrammar, Constraint, Limits, TokenId,
    grammar::Grammar,
    oracle::{State, Twin},
};
use rayon::prelude::*;

use super::{
    compare::{self, FORCED, Failure, Pair, same, sorted},
    generator::{self, Random},
    setting, show,
};

/// What a run has compared.
#[derive(Default, Debug)]
struct Figures {
    grammars: usize,
    longest: usize,
    states: usize,
    /// (state, token) or (state, byte) pairs.
    pairs: usize,
    allowed: usize,
    /// States where nothing may come and the text is no sentence: grammars without lexical consistency.
    stuck: usize,
    /// Grammars that both refuse.
    refused: usize,
    /// Walks that the twin gave up.
    exhausted: usize,
}

impl Figures {
    fn add(mut self, other: Self) -> Self {
        self.grammars += other.grammars;
        self.longest += other.longest;
        self.states += other.states;
        self.pairs += other.pairs;
        self.allowed += other.allowed;
        self.stuck += other.stuck;
        self.refused += other.refused;
        self.exhausted += other.exhausted;
        self
    }
}

/// Bytes worth trying: those of the alphabet, and any.
fn byte(random: &mut Random) -> u8 {
    match random.below(12) {
        0 => random.below(256) as u8,
        1 => random.pick(&[0xc3, 0xa9, 0xbc]),
        _ => random.pick(USUAL),
    }
}

/// The bytes of the generator's alphabet.
const USUAL: &[u8] = b"abc 01\xc3\xa9\xbc";

/// A viable text, of up to `length` bytes, found byte by byte.
fn text(random: &mut Random, twin: &mut Twin, length: usize) -> Result<Vec<u8>, Failure> {
    let mut state = twin.start();
    let mut text = Vec::new();
    for _ in 0..length {
        let mut next = None;
        for _ in 0..12 {
            let byte = byte(random);
            if let Some(found) = twin.step(&state, byte)? {
                next = Some((byte, found));
                break;
            }
        }
        let Some((byte, found)) = next else { break };
        text.push(byte);
        state = found;
    }
    Ok(text)
}

/// The same grammar in both, or the verdict that both refuse it.
fn both<T>(
    grammar: &Grammar,
    engine: Result<T, constrained_gen::grammar::CompileError>,
) -> Result<Option<(Twin, T)>, Failure> {
    match (Twin::new(grammar), engine) {
        (Ok(twin), Ok(engine)) => Ok(Some((twin, engine))),
        (Err(_), Err(_)) => Ok(None),
        (Ok(_), Err(e)) => Err(Failure::Differs(format!("only the engine refuses: {e}"))),
        (Err(e), Ok(_)) => Err(Failure::Differs(format!("only the twin refuses: {e}"))),
    }
}

/// Bytes: the recogniser against the twin.
fn bytes(random: &mut Random, grammar: &Grammar, figures: &mut Figures) -> Result<(), Failure> {
    let engine = CompiledGrammar::new(grammar, &Limits::default());
    let Some((mut twin, engine)) = both(grammar, engine)? else {
        figures.refused += 1;
        return Ok(());
    };
    figures.grammars += 1;
    figures.longest += usize::from(grammar.lexing() == constrained_gen::grammar::Lexing::Longest);
    for _ in 0..2 {
        let mut state = twin.start();
        let mut recognizer = engine.recognizer();
        let mut read = Vec::new();
        for _ in 0..random.range(1, 24) {
            figures.states += 1;
            let mut next: Vec<(u8, State)> = Vec::new();
            for byte in 0..=255 {
                let expected = twin.step(&state, byte)?;
                let mut fork = recognizer.clone();
                let found = fork.push(&[byte]);
                figures.pairs += 1;
                if found.is_ok() != expected.is_some() {
                    return Err(Failure::Differs(format!(
                        "after {}, byte {}: engine {found:?}, twin {}",
                        compare::text(&read),
                        compare::text(&[byte]),
                        if expected.is_some() { "takes it" } else { "refuses" }
                    )));
                }
                figures.allowed += usize::from(expected.is_some());
                next.extend(expected.map(|state| (byte, state)));
            }
            let (complete, forced) = (twin.is_complete(&state), twin.forced(&state, FORCED)?);
            let found = (recognizer.is_complete(), recognizer.forced(FORCED), recognizer.offset());
            let expected = (complete, forced, read.len());
            if found != expected {
                return Err(Failure::Differs(format!(
                    "after {}: complete, forced, offset: engine {found:?}, twin {expected:?}",
                    compare::text(&read)
                )));
            }
            figures.stuck += usize::from(next.is_empty() && !complete);
            if next.is_empty() {
                break;
            }
            // Rather a byte of the alphabet than any of a hundred others.
            let usual: Vec<_> = next.iter().filter(|(b, _)| USUAL.contains(b)).cloned().collect();
            let (byte, found) = random.pick(if usual.is_empty() { &next } else { &usual });
            recognizer.push(&[byte]).map_err(|e| Failure::Differs(e.to_string()))?;
            read.push(byte);
            state = found;
        }
        let again = engine.recognizer().check(&read).is_ok();
        if again != twin.is_complete(&state) {
            return Err(Failure::Differs(format!(
                "check of {}: engine {again}",
                compare::text(&read)
            )));
        }
    }
    Ok(())
}

/// Tokens: the constraint against the twin.
fn tokens(random: &mut Random, grammar: &Grammar, figures: &mut Figures) -> Result<(), Failure> {
    let mut texts = Vec::new();
    if let Ok(mut twin) = Twin::new(grammar) {
        for _ in 0..6 {
            texts.push(text(random, &mut twin, 16)?);
        }
    }
    let vocabulary = Arc::new(generator::vocabulary(random, &texts));
    let engine = Automaton::new(grammar, vocabulary.clone(), &Limits::default());
    let Some((mut twin, automaton)) = both(grammar, engine)? else {
        figures.refused += 1;
        return Ok(());
    };
    figures.grammars += 1;
    figures.longest += usize::from(grammar.lexing() == constrained_gen::grammar::Lexing::Longest);
    let sorted = sorted(&vocabulary);
    let mut pair = Pair { twin: &mut twin, vocabulary: &vocabulary, sorted: &sorted };
    for _ in 0..2 {
        let mut read: Vec<TokenId> = Vec::new();
        walk(random, &mut pair, &automaton, &mut read, figures).map_err(
            |failure| match failure {
                Failure::Differs(message) => {
                    let read: Vec<_> =
                        read.iter().map(|&t| compare::text(vocabulary.bytes(t))).collect();
                    Failure::Differs(format!("after {}: {message}", read.join(" ")))
                }
                Failure::Exhausted => Failure::Exhausted,
            },
        )?;
    }
    Ok(())
}

/// Two ways to the same text: equal masks, completeness, offset.
fn equal(
    pair: &Pair<'_>,
    how: &str,
    constraint: &mut Constraint,
    other: &mut Constraint,
) -> Result<(), Failure> {
    let failed =
        |e: constrained_gen::constraint::StepError| Failure::Differs(format!("{how}: mask: {e}"));
    let (mask, again) =
        (constraint.mask().map_err(failed)?.clone(), other.mask().map_err(failed)?.clone());
    for token in (0..pair.vocabulary.width()).map(TokenId::new) {
        let what = || format!("{how}: mask, {}", pair.name(token));
        same(what, again.contains(token), mask.contains(token))?;
    }
    let facts = |c: &Constraint| (c.is_complete(), c.has_ended(), c.offset(), c.forced(FORCED));
    same(|| format!("{how}: complete, ended, offset, forced"), facts(other), facts(constraint))
}

fn walk(
    random: &mut Random,
    pair: &mut Pair<'_>,
    automaton: &Arc<Automaton>,
    read: &mut Vec<TokenId>,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let vocabulary = pair.vocabulary;
    let mut state = pair.twin.start();
    let mut constraint = automaton.constraint();
    for _ in 0..random.range(1, 14) {
        let expected = pair.state(&state, &mut constraint)?;
        pair.refusals(&state, &mut constraint, &expected)?;
        figures.states += 1;
        figures.pairs += expected.len();
        let allowed: Vec<_> =
            (0..expected.len()).filter(|&t| expected[t]).map(TokenId::new).collect();
        figures.allowed += allowed.len();
        // The same text in other ways: replayed token by token, and as bytes cut anywhere.
        let mut replay = automaton.constraint();
        let refused = |e| Failure::Differs(format!("replay: {e}"));
        read.iter().try_for_each(|&t| replay.accept(t)).map_err(refused)?;
        equal(pair, "replay", &mut constraint, &mut replay)?;
        let text: Vec<u8> = read.iter().flat_map(|&t| vocabulary.bytes(t)).copied().collect();
        let mut cut = automaton.constraint();
        let mut rest = &text[..];
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(random.range(1, rest.len()));
            cut.accept_bytes(piece).map_err(|e| Failure::Differs(format!("in pieces: {e}")))?;
            rest = tail;
        }
        equal(pair, "in pieces", &mut constraint, &mut cut)?;
        let texts: Vec<_> = allowed.iter().filter(|&&t| !vocabulary.is_special(t)).collect();
        figures.stuck += usize::from(allowed.is_empty() && !pair.twin.is_complete(&state));
        if texts.is_empty() {
            break;
        }
        let token = *random.pick(&texts);
        let accepted = constraint.accept(token);
        accepted.map_err(|e| Failure::Differs(format!("accept: {e}")))?;
        read.push(token);
        state = pair.twin.read_on(&state, vocabulary.bytes(token))?.expect("the mask allows it");
    }
    for &end in vocabulary.end_tokens() {
        let mut fork = constraint.clone();
        if fork.accept(end).is_ok() {
            let ended = (fork.has_ended(), fork.accept(end).is_err());
            if ended != (true, true) {
                return Err(Failure::Differs(format!("the sequence has ended: {ended:?}")));
            }
        }
    }
    Ok(())
}

type Compare = fn(&mut Random, &Grammar, &mut Figures) -> Result<(), Failure>;

/// Runs all cases, prints the figures, fails with the smallest of the failing grammars.
fn run(name: &str, test: Compare) {
    let (seed, grammars) = (setting("ORACLE_SEED", 1), setting("ORACLE_GRAMMARS", 200) as usize);
    let case = |case: u64| {
        let mut random = Random::new(seed << 32 | case);
        let grammar = generator::grammar(&mut random);
        let mut figures = Figures::default();
        let failure = match test(&mut random, &grammar, &mut figures) {
            Ok(()) => None,
            Err(Failure::Exhausted) => {
                figures.exhausted += 1;
                None
            }
            Err(Failure::Differs(message)) => {
                Some(format!("case {case}: {message}\n{}", show::grammar(&grammar)))
            }
        };
        (figures, failure.into_iter().collect::<Vec<_>>())
    };
    let join = |mut a: (Figures, Vec<String>), b: (Figures, Vec<String>)| {
        a.1.extend(b.1);
        (a.0.add(b.0), a.1)
    };
    // A third of the grammars derives no text, which both must say.
    let first = setting("ORACLE_FIRST", 0);
    let cases = first..first + (grammars + grammars * 3 / 4) as u64;
    let (figures, mut failures) =
        cases.into_par_iter().map(case).reduce(|| (Figures::default(), Vec::new()), join);
    println!("{name}: {figures:?}");
    failures.sort_by_key(String::len);
    let shown: Vec<_> =
        failures.iter().take(setting("ORACLE_SHOWN", 3) as usize).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} cases fail, such as\n{}", failures.len(), shown.join("\n"));
    assert!(figures.grammars >= grammars, "too few grammars: {figures:?}");
    assert!(figures.exhausted * 50 <= figures.grammars, "the twin gives up too often: {figures:?}");
}

#[test]
fn bytes_on_random_grammars() {
    run("bytes on random grammars", bytes);
}

#[test]
fn tokens_on_random_grammars() {
    run("tokens on random grammars", tokens);
}
