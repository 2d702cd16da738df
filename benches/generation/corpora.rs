//! Texts to replay, spread over the corpora.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, SchemaCompiler, Vocabulary, decoding::Speller, library,
    schema::SchemaOptions,
};

use crate::{Encoder, Text};

/// Schemas that are looked at per file of the corpus, and those replayed in all.
const SCHEMAS: usize = 50;

/// How many times its share of the tokens an instance may have.
const LONGEST: usize = 2;

/// Statements that the grammar accepts, until there are so many tokens.
pub(crate) fn sql(
    shared: &Path,
    vocabulary: &Arc<Vocabulary>,
    encoder: &Encoder,
    tokens: usize,
) -> Vec<Text> {
    let Ok(corpus) = std::fs::read_to_string(shared.join("corpora/sql/both.jsonl")) else {
        return Vec::new();
    };
    let limits = Limits::default();
    let grammar = library::grammar("sql-postgres", &limits).expect("it ships");
    let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
    let automaton = Automaton::of(Arc::clone(&compiled), Arc::clone(vocabulary));
    let lines: Vec<&str> = corpus.lines().collect();
    let mut texts = Vec::new();
    let mut count = 0;
    // A step without a common divisor with most lengths: all of the corpus comes up, in no order.
    for i in 0..lines.len() {
        if count >= tokens {
            break;
        }
        let line = lines[i * 7919 % lines.len()];
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of the corpus");
        let Some(text) = line["sql"].as_str() else { continue };
        if compiled.recognizer().check(text.as_bytes()).is_ok() {
            let tokens = encoder.spell(text).expect("tokens").len();
            count += tokens;
            texts.push(Text { automaton: Arc::clone(&automaton), text: text.to_owned(), tokens });
        }
    }
    texts
}

/// Valid instances of schemas, one per schema, from all files alike, none much longer than its share of the tokens.
pub(crate) fn json(
    shared: &Path,
    vocabulary: &Arc<Vocabulary>,
    encoder: &Encoder,
    tokens: usize,
) -> Vec<Text> {
    let Ok(files) = std::fs::read_dir(shared.join("maskbench")) else { return Vec::new() };
    let mut files: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "zst"));
    files.sort();
    let compiler = SchemaCompiler::new(Arc::clone(vocabulary), &Limits::default());
    let share = SCHEMAS.div_ceil(files.len().max(1));
    let mut texts = Vec::new();
    for file in files {
        let file = BufReader::new(File::open(file).expect("a file of the corpus"));
        let decoder = ruzstd::decoding::StreamingDecoder::new(file).expect("zstd");
        let mut taken = 0;
        for line in BufReader::new(decoder).lines().step_by(3) {
            let line: serde_json::Value =
                serde_json::from_str(&line.expect("a line")).expect("a line of the corpus");
            let tests = line["tests"].as_array().into_iter().flatten();
            let Some(text) =
                tests.filter(|test| test["valid"] == true).find_map(|t| t["text"].as_str())
            else {
                continue;
            };
            let schema = line["schema"].to_string();
            let Ok(automaton) = compiler.compile(&schema, &SchemaOptions::default()) else {
                continue;
            };
            let mut sequence = automaton.constraint();
            if sequence.accept_bytes(text.as_bytes()).is_err() || !sequence.is_complete() {
                continue;
            }
            // An answer under a grammar is never cut off, so instances that are far longer than their share are left out.
            let count = encoder.spell(text).expect("tokens").len();
            if count > LONGEST * (tokens / SCHEMAS).max(8) {
                continue;
            }
            texts.push(Text { automaton, text: text.to_owned(), tokens: count });
            taken += 1;
            if taken == share || texts.len() == SCHEMAS {
                break;
            }
        }
    }
    texts
}
