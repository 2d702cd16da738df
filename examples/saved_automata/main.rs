//! What a saved automaton saves: the grammars that ship, warmed as `grammar compile` does it, on the examples in their own comments
//! and 40,000 random sentences, saved, loaded, and then read texts that they have not seen.
//!
//! `cargo run --release --example saved_automata -- TOKENIZER.json [FOLDER OF TEXTS]`; the folder holds `sql/both.jsonl`
//! (default `../shared/corpora`). Times are of one thread's CPU clock, in microseconds, mask written to a row and token
//! accepted; every 40th text, four passes of each kind, interleaved, each with an automaton of its own. "Trained" is an
//! automaton saved after it also read every 40th text from the 20th on: others of the same kind.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use std::{error::Error, hint::black_box, path::PathBuf, sync::Arc};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, TokenId, Vocabulary,
    grammar::Grammar,
    library,
    sampling::{Sampler, SamplingError, Settings, Weighting},
};
use rustix::time::{ClockId, clock_gettime};

const PASSES: usize = 4;

/// Random sentences that an automaton is warmed on.
const SAMPLES: u64 = 40_000;

/// The text in a line of the file.
type TextOf<'a> = &'a dyn Fn(&str) -> Option<String>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let tokenizer = arguments.next().ok_or("expected the path of a tokenizer.json")?;
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "../shared/corpora".into()));
    let json = std::fs::read(tokenizer)?;
    let limits = Limits::default();
    let vocabulary = Arc::new(Vocabulary::from_tokenizer_json(&json, &limits)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(|e| e.to_string())?;
    let lines = std::fs::read_to_string(folder.join("sql/both.jsonl"))?;
    let sql = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(line["sql"].as_str()?.to_owned())
    };
    let document = |line: &str| Some(line.to_owned());
    let kinds: [(&str, TextOf<'_>); 2] = [("json", &document), ("sql-postgres", &sql)];
    for (name, text_of) in kinds {
        let grammar = library::grammar(name, &limits)?;
        let compiled = CompiledGrammar::new(&grammar, &limits)?;
        let tokens = |from: usize| -> Result<Vec<Vec<u32>>, tokenizers::Error> {
            let texts = lines.lines().skip(from).step_by(40).filter_map(text_of);
            texts
                .filter(|text| compiled.recognizer().check(text.as_bytes()).is_ok())
                .map(|text| Ok(tokenizer.encode(text, false)?.get_ids().to_vec()))
                .collect()
        };
        let (read, trained) =
            tokens(0).and_then(|read| Ok((read, tokens(20)?))).map_err(|e| e.to_string())?;
        measure(&grammar, &vocabulary, &read, &trained, &limits)?;
    }
    Ok(())
}

fn measure(
    grammar: &Grammar,
    vocabulary: &Arc<Vocabulary>,
    tokens: &[Vec<u32>],
    trained: &[Vec<u32>],
    limits: &Limits,
) -> Result<(), Box<dyn Error>> {
    let name = grammar.name();
    // While it is made there is more in memory than what is saved.
    let mut roomy = limits.clone();
    roomy.automaton_bytes = roomy.automaton_bytes.saturating_mul(16);
    let (automaton, compile) = timed(|| Automaton::new(grammar, Arc::clone(vocabulary), &roomy));
    let automaton = automaton?;
    let examples: Vec<String> = library::texts(name)
        .into_iter()
        .flatten()
        .filter_map(|(_, text)| library::examples(text).ok())
        .flatten()
        .filter(|example| example.accept)
        .map(|example| example.text)
        .collect();
    let examples: Vec<&[u8]> = examples.iter().map(|text| text.as_bytes()).collect();
    let began = std::time::Instant::now();
    automaton.warm(&examples);
    let settings = Settings { weighting: Weighting::Broad, ..Settings::default() };
    Sampler::new(Arc::clone(&automaton), settings).draw::<SamplingError>(SAMPLES, |walk| {
        automaton.warm_tokens(&[&walk.tokens]);
        Ok(())
    })?;
    let warm = began.elapsed();
    let (bytes, save) = timed(|| automaton.save());
    let bytes = bytes.ok_or("the automaton of a grammar")?;
    // By the clock on the wall, as more than one thread takes part.
    let mut loads = Vec::new();
    for _ in 0..9 {
        let compiled = CompiledGrammar::new(grammar, limits)?;
        let began = std::time::Instant::now();
        let loaded = Automaton::load_of(compiled, Arc::clone(vocabulary), &bytes)?;
        loads.push(began.elapsed());
        drop(black_box(loaded));
    }
    loads.sort_unstable();
    let loaded = Automaton::load(grammar, Arc::clone(vocabulary), &bytes, limits)?;
    println!(
        "\n{name}: warmed on {} examples and {SAMPLES} random sentences in {warm:.1?}: {:?}",
        examples.len(),
        automaton.stats()
    );
    println!(
        "saved as {} bytes in {:.1} ms; compiled in {:.1} ms, loaded in {:.1?} ({:.1?} to {:.1?}, {} times), {} bytes of memory",
        bytes.len(),
        save / 1e3,
        compile / 1e3,
        loads[loads.len() / 2],
        loads[0],
        loads[loads.len() - 1],
        loads.len(),
        loaded.stats().bytes
    );
    for text in trained {
        read(&automaton, text)?;
    }
    let more = automaton.save().ok_or("the automaton of a grammar")?;
    println!("trained on {} texts: {} bytes", trained.len(), more.len());
    let mut times: [Vec<f64>; 6] = Default::default();
    let mut firsts: [Vec<f64>; 3] = Default::default();
    for _ in 0..PASSES {
        let automata = [
            Automaton::new(grammar, Arc::clone(vocabulary), limits)?,
            Automaton::load(grammar, Arc::clone(vocabulary), &bytes, limits)?,
            Automaton::load(grammar, Arc::clone(vocabulary), &more, limits)?,
        ];
        for (number, text) in tokens.iter().enumerate() {
            for (kind, automaton) in automata.iter().enumerate() {
                let read = read(automaton, text)?;
                if number == 0 {
                    firsts[kind].extend(read.first());
                }
                times[kind].extend(read);
            }
        }
        for text in tokens {
            for (kind, automaton) in automata.iter().enumerate() {
                times[3 + kind].extend(read(automaton, text)?);
            }
        }
    }
    let count: usize = tokens.iter().map(Vec::len).sum();
    println!("{} texts, {count} tokens; microseconds", tokens.len());
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "average", "median", "p99", "p99.9", "max"
    );
    // Part of every time below.
    let mut clock: Vec<f64> = (0..10_000).map(|_| timed(|| ()).1).collect();
    row("the clock alone", &mut clock);
    let kinds = ["from nothing", "loaded", "loaded, trained"];
    let (cold, warm) = times.split_at_mut(kinds.len());
    for (what, times) in [("first mask", &mut firsts[..]), ("cold", cold), ("warm", warm)] {
        for (kind, times) in kinds.iter().zip(times) {
            row(&format!("{what}, {kind}"), times);
        }
    }
    Ok(())
}

/// Microseconds of each token's mask and step.
fn read(automaton: &Arc<Automaton>, tokens: &[u32]) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut sequence = automaton.constraint();
    let mut row = vec![0u32; automaton.vocabulary().words()];
    let mut times = Vec::with_capacity(tokens.len());
    for &token in tokens {
        let (result, time) = timed(|| {
            sequence.fill(&mut row)?;
            black_box(&mut row);
            sequence.accept(TokenId(token))
        });
        result?;
        times.push(time);
    }
    Ok(times)
}

/// Microseconds of this thread's CPU clock.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    let began = now();
    let result = work();
    (result, now() - began)
}

fn row(name: &str, times: &mut [f64]) {
    if times.is_empty() {
        return;
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    let average = times.iter().sum::<f64>() / times.len() as f64;
    println!(
        "{name:<28} {average:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9.1}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}
