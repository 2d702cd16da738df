//! SQL beside llguidance: the time between masks (fill the row, accept the token) over statements that people and models
//! wrote, in one run on the same tokens: cold, cold with a saved automaton, warm, warm but with the processor's caches full of
//! what the other one used; compiling and loading.
//!
//! `cargo bench --bench sql_masks` reads the corpus and the Qwen3 tokenizer at `../shared` and says so if they are not there.
//! `SQL_BENCH=N` measures N statements. The saved automaton is warmed on what the grammar itself has, as by `grammar compile`:
//! the examples in its comments, and random sentences.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

#[path = "../measure/mod.rs"]
mod measure;
mod translate;

use std::{path::PathBuf, sync::Arc, time::Instant};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, Vocabulary,
    grammar::Grammar,
    library,
    sampling::{Sampler, SamplingError, Settings, Weighting},
};
use llguidance::api::TopLevelGrammar;
use measure::{Figures, factory, ours, theirs};

/// Statements that are measured without a word from outside.
const STATEMENTS: usize = 300;

/// Random sentences for warming, as many as `grammar compile` takes.
const SAMPLES: u64 = 40_000;

/// Texts that one side reads before the other one's turn.
const BLOCK: usize = 50;

/// Automata that read everything once more: a disturbance of the machine meets one of them, what a token costs meets all.
const LOADS: usize = 5;

/// How often it is compiled, and loaded.
const TIMES: usize = 9;

fn main() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let corpus = std::fs::read_to_string(shared.join("corpora/sql/both.jsonl"));
    let json = std::fs::read(shared.join("tokenizers/qwen3/tokenizer.json"));
    let (Ok(corpus), Ok(json)) = (corpus, json) else {
        eprintln!("nothing measured: no corpus or tokenizer at {}", shared.display());
        return;
    };
    let limits = Limits::default();
    let vocabulary = measure::vocabulary(&json);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");

    let compile = || {
        let grammar = library::grammar("sql-postgres", &limits).expect("it ships");
        (CompiledGrammar::new(&grammar, &limits).expect("it compiles"), grammar)
    };
    let (compiled, grammar) = compile();
    let wanted = std::env::var("SQL_BENCH").ok().and_then(|n| n.parse().ok()).unwrap_or(STATEMENTS);
    let measured = statements(&corpus, &compiled, wanted);
    let texts: Vec<Vec<u32>> = measured
        .iter()
        .map(|text| tokenizer.encode(text.as_str(), false).expect("tokens").get_ids().to_vec())
        .collect();
    let count: usize = texts.iter().map(Vec::len).sum();
    println!(
        "vocabulary of {} rows; {} statements, {count} tokens",
        vocabulary.width(),
        texts.len()
    );

    let saved = saved(&grammar, &vocabulary);

    let (text, lost) = translate::translate(&grammar);
    let factory = factory(&vocabulary).expect("a factory");
    let started = Instant::now();
    let theirs_grammar = TopLevelGrammar::from_lark(text);
    let first = factory.create_parser(theirs_grammar.clone());
    let theirs_compile = started.elapsed();
    let peer = match first {
        Ok(_) => Some((factory, theirs_grammar)),
        Err(error) => {
            let error: String = error.to_string().chars().take(300).collect();
            println!("llguidance does not take the grammar: {error}");
            None
        }
    };
    println!("not in llguidance's dialect, and left out there: {}", lost.join("; "));

    let mut row = vec![0_u32; vocabulary.words()];
    let cold = Automaton::of(
        CompiledGrammar::new(&grammar, &limits).expect("it compiles"),
        Arc::clone(&vocabulary),
    );
    let load = |compiled| {
        Automaton::load_of(compiled, Arc::clone(&vocabulary), &saved).expect("what was just saved")
    };
    let (mut compiling, mut loading) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let started = Instant::now();
        let (compiled, _) = compile();
        compiling.push(started.elapsed());
        let started = Instant::now();
        let loaded = load(compiled);
        loading.push(started.elapsed());
        drop(loaded);
    }
    compiling.sort_unstable();
    loading.sort_unstable();
    let loaded = load(compile().0);
    let others: [_; LOADS] = std::array::from_fn(|_| load(compile().0));
    let mut times = [const { Vec::new() }; 8];
    let mut refused = 0;
    let mut peer_times = |tokens: &[u32], row: &mut [u32], into: &mut Vec<u64>| {
        let Some((factory, grammar)) = &peer else { return };
        match theirs(factory, grammar, tokens, row) {
            Some(steps) => into.extend(steps),
            None => refused += 1,
        }
    };
    let [first, from_saved, medians, warm, behind, theirs_first, theirs_second, theirs_third] =
        &mut times;
    // Interleaved, so that all meet the same disturbances; by blocks, so that what one side left in the processor's caches is
    // not paid for by the other at every text.
    for block in texts.chunks(BLOCK) {
        block.iter().for_each(|tokens| first.extend(ours(&cold, tokens, &mut row)));
        block.iter().for_each(|tokens| from_saved.extend(ours(&loaded, tokens, &mut row)));
        block.iter().for_each(|tokens| peer_times(tokens, &mut row, theirs_first));
        for tokens in block {
            let loads = others.each_ref().map(|loaded| ours(loaded, tokens, &mut row));
            medians.extend((0..tokens.len()).map(|at| {
                let mut all = loads.each_ref().map(|times| times[at]);
                all.sort_unstable();
                all[LOADS / 2]
            }));
        }
    }
    for block in texts.chunks(BLOCK) {
        block.iter().for_each(|tokens| warm.extend(ours(&loaded, tokens, &mut row)));
        block.iter().for_each(|tokens| peer_times(tokens, &mut row, theirs_second));
    }
    // As behind a model, which leaves nothing in the caches.
    for tokens in &texts {
        behind.extend(ours(&loaded, tokens, &mut row));
        peer_times(tokens, &mut row, theirs_third);
    }
    println!("\n{:<48} {}", "microseconds", Figures::HEAD);
    // Part of every time below.
    let clock = (0..10_000).map(|_| Instant::now().elapsed().as_nanos() as u64).collect();
    println!("{:<48} {}", "the clock alone", Figures::of(clock));
    let names = [
        "constrained-gen, cold",
        "constrained-gen, saved automaton",
        "saved, each token's median of several automata",
        "constrained-gen, warm",
        "warm, behind each text of llguidance",
        "llguidance, first pass",
        "llguidance, second pass",
        "llguidance, behind each text of constrained-gen",
    ];
    for (name, times) in names.iter().zip(times) {
        match times.is_empty() {
            true => println!("{name:<48} nothing measured"),
            false => println!("{name:<48} {}", Figures::of(times)),
        }
    }
    println!(
        "\ncompile: constrained-gen {:.1?} (median of {TIMES}), llguidance {theirs_compile:.1?} (once); load of {} KiB saved: {:.1?} ({:.1?} to {:.1?})",
        compiling[TIMES / 2],
        saved.len() >> 10,
        loading[TIMES / 2],
        loading[0],
        loading[TIMES - 1],
    );
    println!("the automaton that was loaded, in the end: {:?}", loaded.stats());
    println!("statements that llguidance refuses: {} of {}", refused / 3, texts.len());
}

/// What `grammar compile` makes.
fn saved(grammar: &Grammar, vocabulary: &Arc<Vocabulary>) -> Vec<u8> {
    let mut limits = Limits::default();
    limits.automaton_bytes *= 16;
    let automaton = Automaton::new(grammar, Arc::clone(vocabulary), &limits).expect("it compiles");
    let examples: Vec<String> = library::texts("sql-postgres")
        .into_iter()
        .flatten()
        .flat_map(|(_, text)| library::examples(text).expect("examples are well-formed"))
        .filter(|example| example.accept)
        .map(|example| example.text)
        .collect();
    automaton.warm(&examples.iter().map(|text| text.as_bytes()).collect::<Vec<_>>());
    let settings = Settings { weighting: Weighting::Broad, ..Settings::default() };
    let sampler = Sampler::new(Arc::clone(&automaton), settings);
    let drawn = sampler.draw::<SamplingError>(SAMPLES, |walk| {
        automaton.warm_tokens(&[&walk.tokens]);
        Ok(())
    });
    drawn.expect("sentences");
    automaton.save().expect("the automaton of a grammar")
}

/// Statements that the grammar accepts, spread over the corpus.
fn statements(corpus: &str, grammar: &Arc<CompiledGrammar>, wanted: usize) -> Vec<String> {
    let lines: Vec<&str> = corpus.lines().collect();
    let every = (lines.len() / wanted.max(1)).max(1);
    let accepted = lines.iter().step_by(every).filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let text = line["sql"].as_str()?.to_owned();
        grammar.recognizer().check(text.as_bytes()).is_ok().then_some(text)
    });
    accepted.collect()
}
