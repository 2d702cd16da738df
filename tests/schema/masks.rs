//! Masks against the byte-level reader: every token of a vocabulary, at states along random walks.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, TokenId, Vocabulary,
    schema::{SchemaOptions, SchemaRecognizer},
};
use rayon::prelude::*;

use super::{choices::Choices, constructs, generator, instances, real, setting, vocabularies};

/// A vocabulary's tokens in the order of their bytes.
struct Sorted {
    vocabulary: Arc<Vocabulary>,
    tokens: Vec<TokenId>,
}

impl Sorted {
    fn new(vocabulary: Arc<Vocabulary>) -> Self {
        let mut tokens: Vec<TokenId> = (0..vocabulary.len())
            .map(TokenId::new)
            .filter(|token| !vocabulary.is_special(*token) && !vocabulary.bytes(*token).is_empty())
            .collect();
        tokens.sort_by(|a, b| vocabulary.bytes(*a).cmp(vocabulary.bytes(*b)));
        Self { vocabulary, tokens }
    }

    /// The tokens that a reader can take, byte by byte; tokens with a common beginning share its reading.
    fn truth(&self, reader: &SchemaRecognizer) -> BTreeSet<TokenId> {
        let mut allowed = BTreeSet::new();
        let mut path: Vec<SchemaRecognizer> = vec![reader.clone()];
        let (mut read, mut dead): (Vec<u8>, Option<Vec<u8>>) = (Vec::new(), None);
        for token in &self.tokens {
            let bytes = self.vocabulary.bytes(*token);
            if dead.as_ref().is_some_and(|dead| bytes.starts_with(dead)) {
                continue;
            }
            let common = read.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            path.truncate(common + 1);
            read.truncate(common);
            let mut alive = true;
            for byte in &bytes[common..] {
                let mut next = path[path.len() - 1].clone();
                if next.push(&[*byte]).is_err() {
                    dead = Some([&read[..], &[*byte]].concat());
                    alive = false;
                    break;
                }
                path.push(next);
                read.push(*byte);
            }
            if alive {
                allowed.insert(*token);
            }
        }
        if reader.is_complete() {
            allowed.extend(self.vocabulary.end_tokens());
        }
        allowed
    }
}

#[derive(Default, Debug)]
struct Figures {
    schemas: AtomicUsize,
    states: AtomicUsize,
    pairs: AtomicUsize,
    allowed: AtomicUsize,
}

/// One schema over one vocabulary.
struct Pair<'a> {
    name: &'a str,
    sorted: &'a Sorted,
    automaton: Arc<Automaton>,
    /// The same over a budget that is always used up.
    small: Arc<Automaton>,
    figures: &'a Figures,
}

/// A state, and the same in other ways.
struct State {
    reader: SchemaRecognizer,
    constraint: Constraint,
    small: Constraint,
    text: Vec<u8>,
}

impl Pair<'_> {
    fn start(&self) -> State {
        let schema = self.automaton.schema().expect("a schema");
        State {
            reader: schema.recognizer(),
            constraint: self.automaton.constraint(),
            small: self.small.constraint(),
            text: Vec::new(),
        }
    }

    fn fail(&self, state: &State, what: &str) -> String {
        format!("{}\n  after {:?}: {what}", self.name, String::from_utf8_lossy(&state.text))
    }

    /// Compares all there is to ask at a state; the tokens allowed.
    fn compare(&self, state: &mut State, choices: &mut Choices) -> Result<Vec<TokenId>, String> {
        let vocabulary = &self.sorted.vocabulary;
        let truth = self.sorted.truth(&state.reader);
        let show = |token: &TokenId| {
            format!("{} {:?}", token.0, String::from_utf8_lossy(vocabulary.bytes(*token)))
        };
        let mask = state.constraint.mask().map_err(|error| format!("{}: {error}", self.name))?;
        let mask: BTreeSet<TokenId> = mask.iter().collect();
        let (mut more, mut less) = (mask.difference(&truth), truth.difference(&mask));
        let (wrong, missing) = (more.next().map(show), less.next().map(show));
        if mask != truth {
            let counts = (more.count(), less.count());
            let what = format!("wrong {wrong:?}, missing {missing:?}, and more: {counts:?}");
            return Err(self.fail(state, &what));
        }
        // Into a dirty row, from another sequence and under another budget.
        let mut row = vec![u32::MAX; vocabulary.words() + 1];
        state.small.fill(&mut row).map_err(|error| format!("{}: {error}", self.name))?;
        let filled: BTreeSet<TokenId> =
            constrained_gen::TokenMask::from_words(row).iter().collect();
        if filled != truth {
            return Err(self.fail(state, "another mask under a small budget"));
        }
        // `accept` agrees: for some tokens of either kind.
        for _ in 0..20 {
            let token = TokenId::new(choices.below(vocabulary.len().min(65_536)));
            let ends = vocabulary.end_tokens().contains(&token);
            let mut fork = state.constraint.clone();
            let accepted = fork.accept(token).is_ok();
            if accepted != truth.contains(&token) || (accepted && fork.has_ended() != ends) {
                return Err(self.fail(state, &format!("accept disagrees on {}", show(&token))));
            }
        }
        let forced = state.constraint.forced(64);
        if state.reader.clone().push(&forced).is_err() {
            return Err(self.fail(state, "what is forced is refused"));
        }
        if !forced.is_empty() {
            let other = |byte: u8| byte != forced[0] && state.reader.clone().push(&[byte]).is_ok();
            if state.reader.is_complete() || (0..=255).any(other) {
                return Err(self.fail(state, "forced, but there is a choice"));
            }
        }
        if state.constraint.is_complete() != state.reader.is_complete() {
            return Err(self.fail(state, "complete or not?"));
        }
        if truth.is_empty() {
            return Err(self.fail(state, "a dead end"));
        }
        let mut replayed = self.automaton.constraint();
        replayed.accept_bytes(&state.text).map_err(|_| self.fail(state, "not replayed"))?;
        if replayed != state.constraint {
            return Err(self.fail(state, "replayed to another state"));
        }
        self.figures.states.fetch_add(1, Ordering::Relaxed);
        self.figures.pairs.fetch_add(vocabulary.len(), Ordering::Relaxed);
        self.figures.allowed.fetch_add(truth.len(), Ordering::Relaxed);
        Ok(truth.into_iter().filter(|token| !vocabulary.is_special(*token)).collect())
    }

    fn take(&self, state: &mut State, token: TokenId) -> Result<(), String> {
        let bytes = self.sorted.vocabulary.bytes(token);
        state.reader.push(bytes).map_err(|_| self.fail(state, "the reader refuses"))?;
        let fork = state.constraint.clone();
        state.constraint.accept(token).map_err(|_| self.fail(state, "accept refuses"))?;
        let mut again = fork;
        again.accept(token).map_err(|_| self.fail(state, "a fork refuses"))?;
        if again != state.constraint {
            return Err(self.fail(state, "a fork is in another state"));
        }
        state.small.accept(token).map_err(|_| self.fail(state, "accept refuses, small"))?;
        // The memory is looked at now and then: until it moves on.
        for _ in 0..256 {
            state.small.accept_bytes(b"").map_err(|_| self.fail(state, "nothing is refused"))?;
        }
        state.text.extend_from_slice(bytes);
        Ok(())
    }

    /// A walk of so many tokens, along a text as far as it can be read; every state is compared with a chance.
    fn walk(
        &self,
        choices: &mut Choices,
        along: &[u8],
        length: usize,
        percent: usize,
    ) -> Result<(), String> {
        let vocabulary = &self.sorted.vocabulary;
        let mut state = self.start();
        let structural = |token: &TokenId| {
            vocabulary.bytes(*token).iter().any(|byte| b"\"{}[],:".contains(byte))
        };
        for step in 0..length {
            let compared = step < 2 || choices.percent(percent);
            let allowed = if compared { self.compare(&mut state, choices)? } else { Vec::new() };
            let rest = along.get(state.text.len()..).unwrap_or_default();
            let prefixes: Vec<TokenId> = (1..=rest.len().min(20))
                .filter_map(|end| {
                    let at = self
                        .sorted
                        .tokens
                        .binary_search_by(|token| vocabulary.bytes(*token).cmp(&rest[..end]));
                    at.ok().map(|at| self.sorted.tokens[at])
                })
                .filter(|token| state.reader.clone().push(vocabulary.bytes(*token)).is_ok())
                .collect();
            let token = if let Some(last) = prefixes.last() {
                if choices.percent(60) { *last } else { choices.pick(&prefixes) }
            } else {
                let allowed = if compared {
                    allowed
                } else {
                    let mask = state.constraint.mask().map_err(|error| error.to_string())?;
                    mask.iter().filter(|token| !vocabulary.is_special(*token)).collect()
                };
                let some: Vec<TokenId> = allowed.iter().copied().filter(structural).collect();
                match (allowed.is_empty(), some.is_empty() || choices.percent(45)) {
                    (true, _) => break,
                    (_, true) => choices.pick(&allowed),
                    _ => choices.pick(&some),
                }
            };
            self.take(&mut state, token)?;
        }
        self.compare(&mut state, choices).map(drop)
    }
}

/// Walks through one schema; nothing if it is refused.
fn walks(
    sorted: &Sorted,
    compilers: &[SchemaCompiler; 2],
    name: &str,
    seed: u64,
    (walks, length, percent): (usize, usize, usize),
    figures: &Figures,
) -> Result<(), String> {
    let options = SchemaOptions::default();
    let Ok(automaton) = compilers[0].compile(name, &options) else { return Ok(()) };
    let small = compilers[1].compile(name, &options).map_err(|error| error.to_string())?;
    figures.schemas.fetch_add(1, Ordering::Relaxed);
    let pair = Pair { name, sorted, automaton, small, figures };
    let schema: serde_json::Value = serde_json::from_str(name).expect("JSON");
    for walk in 0..walks {
        let mut choices = Choices::seeded(seed.wrapping_mul(1_000_003) + walk as u64);
        let mut along = String::new();
        if walk % 3 > 0 {
            let value = instances::instance(&mut choices, &schema);
            instances::spelled(&mut choices, &value, &mut along);
        }
        pair.walk(&mut choices, along.as_bytes(), length, percent)?;
    }
    Ok(())
}

fn all(vocabulary: Arc<Vocabulary>, schemas: &[String], shape: (usize, usize, usize)) {
    let mut limits = Limits::default();
    let usual = SchemaCompiler::new(Arc::clone(&vocabulary), &limits);
    limits.automaton_bytes = 1;
    let compilers = [usual, SchemaCompiler::new(Arc::clone(&vocabulary), &limits)];
    let sorted = Sorted::new(vocabulary);
    let figures = Figures::default();
    let seed = setting("SCHEMA_SEED", 1);
    let failures: Vec<String> = (schemas.par_iter().enumerate())
        .filter_map(|(at, schema)| {
            walks(&sorted, &compilers, schema, seed * 100_000 + at as u64, shape, &figures).err()
        })
        .collect();
    println!("{figures:?}");
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

fn listed() -> Vec<String> {
    constructs::SCHEMAS.iter().map(|schema| (*schema).to_owned()).collect()
}

fn random(count: usize) -> Vec<String> {
    let seed = setting("SCHEMA_SEED", 1) << 32;
    (0..count as u64)
        .map(|at| generator::schema(&mut Choices::seeded(seed + at)).to_string())
        .collect()
}

#[test]
fn masks_of_every_construct_over_nasty_tokens() {
    all(vocabularies::toy(false), &listed(), (6, 14, 60));
}

#[test]
fn masks_of_every_construct_over_long_tokens() {
    all(vocabularies::toy(true), &listed(), (3, 14, 60));
}

#[test]
fn masks_of_random_schemas_over_nasty_tokens() {
    all(vocabularies::toy(false), &random(setting("SCHEMA_MASKS", 60) as usize), (4, 12, 60));
}

#[test]
fn masks_over_the_demo_tokenizer() {
    let mut schemas = listed();
    schemas.extend(random(setting("SCHEMA_MASKS", 60) as usize / 3));
    schemas.extend(
        real::schemas(setting("SCHEMA_MASKS", 60) as usize / 3, 3).into_iter().map(|s| s.1),
    );
    all(vocabularies::demo(), &schemas, (3, 25, 30));
}

#[test]
fn masks_over_the_qwen3_tokenizer() {
    let Some(vocabulary) = vocabularies::qwen3() else { return };
    let masks = setting("SCHEMA_MASKS", 60) as usize;
    let mut schemas = listed();
    schemas.extend(random(masks / 10));
    schemas.extend(real::schemas(masks / 6, 4).into_iter().map(|s| s.1));
    // A fixed part of them, unless more is asked for.
    let schemas: Vec<String> = schemas
        .into_iter()
        .enumerate()
        .filter(|(at, _)| masks > 60 || at % 6 == 0)
        .map(|s| s.1)
        .collect();
    all(vocabulary, &schemas, (2, 12, 15));
}
