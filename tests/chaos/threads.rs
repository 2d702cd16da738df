//! Threads that share one automaton and race for everything that is built on the way: each sees what it would see alone.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    sync::{Arc, Barrier},
    time::{Duration, Instant},
};

use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, SchemaOptions, StepError, TokenId, library,
};

use super::{
    GRAMMARS, SCHEMAS,
    generator::{self, Random},
    parse, setting, vocabulary,
};

const THREADS: usize = 8;

/// Operations of one thread on one automaton.
const OPERATIONS: usize = 300;

/// Everything that is seen, as one number for each operation.
fn seen(automaton: &Arc<Automaton>, seed: u64) -> Vec<u64> {
    let random = &mut Random::new(seed);
    let width = automaton.vocabulary().width();
    let mut sequences: Vec<Constraint> = vec![automaton.constraint()];
    let mut seen = Vec::with_capacity(OPERATIONS);
    for _ in 0..OPERATIONS {
        let at = random.below(sequences.len());
        let mut hasher = DefaultHasher::new();
        let (operation, choice) = (random.below(16), random.below(1 << 16));
        let sequence = &mut sequences[at];
        match operation {
            0..8 => match sequence.mask() {
                Ok(mask) => {
                    mask.words().hash(&mut hasher);
                    let token = mask.iter().nth(choice % mask.len().max(1));
                    if let Some(token) = token {
                        sequence.accept(token).expect("the mask allows it");
                    }
                }
                Err(StepError::Ended) => 1.hash(&mut hasher),
                Err(error) => panic!("{error}"),
            },
            8 => {
                let mut row = vec![u32::MAX; automaton.vocabulary().words() + 1];
                sequence.fill(&mut row).is_ok().hash(&mut hasher);
                row.hash(&mut hasher);
            }
            9 => {
                let token = TokenId::new(choice % width);
                sequence.accept(token).map_err(|error| error.to_string()).hash(&mut hasher);
            }
            10 => {
                let forced = sequence.forced(24);
                forced.hash(&mut hasher);
                if !sequence.has_ended() {
                    sequence.accept_bytes(&forced).expect("it must come");
                }
            }
            11 => sequence.expected().to_string().hash(&mut hasher),
            12 if sequences.len() < 6 => {
                let fork = sequences[at].clone();
                sequences.push(fork);
            }
            13 if sequences.len() > 1 => drop(sequences.swap_remove(at)),
            14 => sequences[at] = automaton.constraint(),
            15 => {
                let mut all = sequences.clone();
                let mut rows = vec![0; automaton.vocabulary().words() * all.len()];
                let filled = automaton.fill_masks(&mut all, &mut rows);
                filled.iter().map(Result::is_ok).collect::<Vec<_>>().hash(&mut hasher);
                rows.hash(&mut hasher);
            }
            _ => {}
        }
        for sequence in &sequences {
            (sequence.offset(), sequence.is_complete(), sequence.has_ended()).hash(&mut hasher);
        }
        seen.push(hasher.finish());
    }
    seen
}

/// Makes the automaton of a round, with nothing known in it.
fn automaton(round: u64, random: &mut Random) -> Option<Arc<Automaton>> {
    let mut limits = Limits::default();
    // In some rounds all threads move on to new tables all the time.
    limits.automaton_bytes = [256 << 20, 64 << 10, 1, 1 << 20][(round % 4) as usize];
    match round % 5 {
        0 => {
            let (name, text, _) = random.pick(&GRAMMARS);
            Automaton::new(&parse(name, text), vocabulary(), &limits).ok()
        }
        1 => {
            let (schema, _) = random.pick(&SCHEMAS);
            SchemaCompiler::new(vocabulary(), &limits)
                .compile(schema, &SchemaOptions::default())
                .ok()
        }
        2 => {
            let name = random.pick(library::names());
            let grammar = library::grammar(name, &limits).expect(name);
            // Less than a shipped grammar takes is no budget for it.
            limits.automaton_bytes = limits.automaton_bytes.max(16 << 20);
            Automaton::new(&grammar, vocabulary(), &limits).ok()
        }
        _ => {
            let grammar = generator::grammar(random);
            let vocabulary = generator::vocabulary(random, &[]);
            // Ambiguity makes some of them dear, and a mask that is refused depends on what others found out before.
            Automaton::new(&grammar, Arc::new(vocabulary), &limits).ok().filter(cheap)
        }
    }
}

/// Whether walks on a random grammar come to an end soon.
fn cheap(automaton: &Arc<Automaton>) -> bool {
    let mut limits = automaton.limits().clone();
    limits.step_work = 5_000;
    let grammar = automaton.grammar().expect("a grammar").grammar();
    let small = Automaton::new(grammar, Arc::clone(automaton.vocabulary()), &limits);
    let mut sequence = small.expect("it was compiled before").constraint();
    for step in 0..60 {
        let Ok(mask) = sequence.mask() else { return false };
        let text = mask.iter().filter(|token| !automaton.vocabulary().is_special(*token));
        let text: Vec<TokenId> = text.collect();
        let Some(token) = text.get(step * 7 % text.len().max(1)) else { break };
        match sequence.accept(*token) {
            Ok(()) => {}
            Err(StepError::Limit { .. }) => return false,
            Err(error) => panic!("the mask allows it: {error}"),
        }
    }
    true
}

#[test]
fn threads_that_share_an_automaton_see_what_each_would_see_alone() {
    let seed = setting("STRESS_SEED", 1);
    let enough = Duration::from_secs(setting("STRESS_SECONDS", 1));
    let began = Instant::now();
    let (mut rounds, mut operations) = (0u64, 0usize);
    while began.elapsed() < enough || rounds < 10 {
        let number = seed << 32 | rounds;
        rounds += 1;
        let make = || automaton(number, &mut Random::new(number));
        let Some(shared) = make() else { continue };
        let barrier = Barrier::new(THREADS);
        // Every second thread does exactly what another does, so that both want the same at once.
        let seed_of = |thread: usize| number << 8 | (thread as u64 / 2);
        let results: Vec<Vec<u64>> = std::thread::scope(|scope| {
            let run = |thread| {
                barrier.wait();
                seen(&shared, seed_of(thread))
            };
            let threads: Vec<_> =
                (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        for (thread, seen_there) in results.iter().enumerate() {
            operations += seen_there.len();
            if thread % 2 == 0 {
                let alone = seen(&make().expect("it was made before"), seed_of(thread));
                let differs = alone.iter().zip(seen_there).position(|(a, b)| a != b);
                assert_eq!(differs, None, "round {rounds}, thread {thread}");
            } else {
                assert_eq!(*seen_there, results[thread - 1], "round {rounds}, thread {thread}");
            }
        }
    }
    println!(
        "{THREADS} threads, {:.1} s: {rounds} automata, {operations} operations, no difference",
        began.elapsed().as_secs_f64()
    );
}
