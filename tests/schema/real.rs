//! Real schemas: the sampler's instances of them, judged.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use constrained_gen::{
    Limits, SchemaCompiler,
    sampling::{Sampler, SamplingError, Settings, Taken, Weighting},
    schema::{Formats, SchemaOptions},
};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{read, setting, validator, vocabularies};

#[derive(Deserialize)]
struct Line {
    name: String,
    schema: Box<RawValue>,
}

/// A path beside the repository, if it is there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not there", path.display());
    None
}

/// So many schemas of MaskBench, the same ones every time, as (name, text), small ones only; none where it is not there.
pub(crate) fn schemas(count: usize, seed: u64) -> Vec<(String, String)> {
    let Some(folder) = shared("maskbench") else { return Vec::new() };
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "zst"));
    let read = |path: &PathBuf| {
        let file = BufReader::new(std::fs::File::open(path).expect("a file"));
        let text = ruzstd::decoding::StreamingDecoder::new(file).expect("zstd");
        let mut found = Vec::new();
        for line in BufReader::new(text).lines() {
            let line = line.expect("a line");
            // FNV-1a, mixed, before anything is parsed.
            let hash = line.bytes().take(120).fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            found.push((hash ^ (hash >> 29), line));
            if found.len() > 2 * count + 200 {
                found.sort_unstable();
                found.truncate(count);
            }
        }
        found.sort_unstable();
        found.truncate(count);
        found
    };
    let mut all: Vec<_> = paths.par_iter().flat_map(read).collect();
    all.sort_unstable();
    let lines = all.iter().filter(|(_, line)| line.len() < 60_000).take(count);
    lines
        .map(|(_, line)| serde_json::from_str(line).expect("a line of MaskBench"))
        .map(|Line { name, schema }| (name, schema.get().to_owned()))
        .collect()
}

/// Whether the judge, who counts in doubles, reads the numbers of a text as they are written.
fn has_plain_numbers(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    let long = |part: &str| part.len() > 14 || (part.contains(['e', 'E']) && part.len() > 5);
    !text.split(|c| !digits(c)).any(long)
}

/// Whether the judge reads the patterns of a schema as ECMA-262 does: to it, `\<` and `\>` are edges of words.
fn has_plain_patterns(schema: &str) -> bool {
    !schema.contains(r"\\<") && !schema.contains(r"\\>")
}

#[derive(Default, Debug)]
struct Figures {
    schemas: AtomicUsize,
    refused: AtomicUsize,
    unread: AtomicUsize,
    sampled: AtomicUsize,
    /// Samples that were not finished within the limit on tokens.
    unfinished: AtomicUsize,
    /// Samples with numbers that the judge cannot hold.
    numbers: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn case(figures: &Figures, compiler: &SchemaCompiler, name: &str, text: &str) -> Vec<String> {
    count(&figures.schemas);
    let mut options = SchemaOptions::default();
    options.formats = Formats::Annotate;
    let Ok(automaton) = compiler.compile(text, &options) else {
        count(&figures.refused);
        return Vec::new();
    };
    let schema: Value = serde_json::from_str(text).expect("JSON");
    let Some(judge) = validator(&schema).filter(|_| has_plain_patterns(text)) else {
        count(&figures.unread);
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for (weighting, max_tokens, samples) in
        [(Weighting::Short, 2_000, 2), (Weighting::Uniform, 150, 2)]
    {
        let settings = Settings { weighting, max_tokens, seed: 7 };
        let sampler = Sampler::new(automaton.clone(), settings);
        for number in 0..samples {
            let walk = match sampler.walk(number, &Taken::default()) {
                Ok(walk) => walk,
                Err(SamplingError::TooLong { .. }) => {
                    count(&figures.unfinished);
                    if std::env::var_os("SCHEMA_SHOW").is_some() {
                        println!("unfinished {weighting:?}: {name}");
                    }
                    continue;
                }
                Err(error) => {
                    wrong.push(format!("{name}: {error}"));
                    continue;
                }
            };
            let sample = String::from_utf8_lossy(&walk.text);
            if !has_plain_numbers(&sample) {
                count(&figures.numbers);
                continue;
            }
            count(&figures.sampled);
            match read(&sample) {
                Err(error) => wrong.push(format!("{name}: {error}: {sample}")),
                Ok(value) => {
                    if let Err(error) = judge.validate(&value) {
                        let at = error.instance_path().to_string();
                        wrong.push(format!("{name}: {error} at {at}: {sample}"));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
fn samples_of_real_schemas_are_valid() {
    let figures = Figures::default();
    let schemas = schemas(setting("SCHEMA_REAL", 200) as usize, setting("SCHEMA_SEED", 1));
    let compiler = SchemaCompiler::new(vocabularies::demo(), &Limits::default());
    let wrong: Vec<String> = (schemas.par_iter())
        .flat_map_iter(|(name, text)| case(&figures, &compiler, name, text))
        .collect();
    println!("{figures:?}");
    assert!(wrong.is_empty(), "{} invalid samples:\n{}", wrong.len(), wrong.join("\n"));
}
