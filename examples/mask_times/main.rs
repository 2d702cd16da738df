//! How long do the masks of a grammar take on given texts? Fills the row and accepts the token at every position: with an
//! automaton that knows nothing yet, with one that was saved (by `grammar compile`) or warmed on other texts and saved, and again.
//!
//! `cargo run --release --example mask_times -- GRAMMAR TOKENIZER FILE... [--saved FILE] [--warming FILE...] [--lines N]`; a folder
//! stands for all its files. With `--lines N` times and the growth of the tables are printed for every N lines of each file instead.

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

mod parts;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use constrained_gen::{Automaton, CompiledGrammar, Limits, TokenId, Vocabulary, library};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(grammar), Some(tokenizer)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("expected a grammar, a tokenizer.json and files");
    };
    let (mut files, mut warming, mut lines, mut saved) = (Vec::new(), Vec::new(), None, None);
    let mut into = &mut files;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--warming" => into = &mut warming,
            "--saved" => saved = arguments.next(),
            "--lines" => {
                lines = Some(arguments.next().unwrap_or_default().parse::<usize>()?.max(1))
            }
            path => find(Path::new(path), into)?,
        }
    }
    files.sort();
    let limits = Limits::default();
    let json = std::fs::read(tokenizer)?;
    let vocabulary = Arc::new(Vocabulary::from_tokenizer_json(&json, &limits)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(anyhow::Error::msg)?;
    let mut texts = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)?;
        let tokens = tokenizer.encode(text, false).map_err(anyhow::Error::msg)?;
        texts.push(tokens.get_ids().to_vec());
    }

    let start = Instant::now();
    let grammar = library::load(&grammar, &limits)?;
    let read = start.elapsed();
    let automaton = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits)?;
    println!("grammar read in {read:.1?}, automaton in {:.1?}", start.elapsed() - read);
    println!(
        "{:<6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "tokens", "mean", "p50", "p99", "p99.9", "max"
    );
    if let Some(lines) = lines {
        for (file, text) in files.iter().zip(&texts) {
            println!("{}", file.display());
            parts::print(&automaton, &vocabulary, text, lines)?;
        }
        println!("{:?}", automaton.stats());
        return Ok(());
    }
    let mut row = vec![0u32; vocabulary.words()];
    let mut passes = vec![("cold", Arc::clone(&automaton)), ("warm", Arc::clone(&automaton))];
    if let Some(saved) = saved {
        let saved = std::fs::read(saved)?;
        let compiled = CompiledGrammar::new(&grammar, &limits)?;
        let start = Instant::now();
        let loaded = Automaton::load_of(compiled, Arc::clone(&vocabulary), &saved)?;
        println!("{} KiB loaded in {:.1?}", saved.len() >> 10, start.elapsed());
        passes.push(("saved", loaded));
    }
    if !warming.is_empty() {
        let other = Automaton::new(&grammar, Arc::clone(&vocabulary), &limits)?;
        let texts = warming.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        other.warm(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let warmed = start.elapsed();
        let saved = other.save().expect("the automaton of a grammar");
        let compiled = CompiledGrammar::new(&grammar, &limits)?;
        let start = Instant::now();
        let loaded = Automaton::load_of(compiled, Arc::clone(&vocabulary), &saved)?;
        println!(
            "warmed in {warmed:.1?}, {} KiB saved, loaded in {:.1?}: {:?}",
            saved.len() >> 10,
            start.elapsed(),
            loaded.stats()
        );
        passes.push(("warmed", loaded));
    }
    for (name, automaton) in passes {
        let mut times: Vec<(Duration, usize, usize)> = Vec::new();
        let mut refused = 0;
        for (i, text) in texts.iter().enumerate() {
            let mut constraint = automaton.constraint();
            for (at, &token) in text.iter().enumerate() {
                let start = Instant::now();
                constraint.fill(&mut row)?;
                let accepted = constraint.accept(TokenId(token));
                times.push((start.elapsed(), i, at));
                if accepted.is_err() {
                    refused += 1;
                    break;
                }
            }
        }
        times.sort();
        let sum: Duration = times.iter().map(|t| t.0).sum();
        let part = |share: f64| times[((times.len() - 1) as f64 * share) as usize].0;
        let us = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e6);
        println!(
            "{name:<6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            times.len(),
            us(sum / times.len().max(1) as u32),
            us(part(0.5)),
            us(part(0.99)),
            us(part(0.999)),
            us(part(1.0))
        );
        if refused > 0 {
            println!("{refused} texts refused");
        }
        for &(time, i, at) in times.iter().rev().take(5) {
            let before = &texts[i][at.saturating_sub(8)..at];
            let before = tokenizer.decode(before, false).unwrap_or_default();
            println!("  {:>9} us after {before:?} in {}", us(time), files[i].display());
        }
        println!("{:?}", automaton.stats());
    }
    Ok(())
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            find(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}
