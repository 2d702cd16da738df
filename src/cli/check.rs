//! `check`: does a text belong to a grammar, or is it an instance of a schema?

use std::{
    io::{BufRead, Write},
    path::PathBuf,
};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use constrained_gen::{Expected, Refusal};
use rayon::prelude::*;
use serde::Serialize;

use super::{
    Outcome,
    input::{self, Source},
    language::{Compiled, LanguageArgument, Reader, Verdict},
    output,
};

/// Bytes of lines that are read before they are checked together.
const CHUNK: usize = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    language: LanguageArgument,
    /// Ask whether some sentence begins with the text, not whether the text is one
    #[arg(long)]
    prefix: bool,
    /// Hold the text to what a model is held to: without comments and what else a grammar reads and does not write
    #[arg(long)]
    generated: bool,
    /// Read JSON lines, and write one JSON line for each, in order
    #[arg(long, requires = "field")]
    jsonl: bool,
    /// The field of a JSON line that holds the text
    #[arg(long, value_name = "NAME", requires = "jsonl")]
    field: Option<String>,
    /// Files to check, each as one text; standard input if there is none
    files: Vec<PathBuf>,
}

/// One line of `--jsonl`.
#[derive(Debug, Serialize)]
struct Line {
    accepted: bool,
    offset: Option<usize>,
    expected: Vec<String>,
}

impl From<Result<(), Refusal>> for Line {
    fn from(result: Result<(), Refusal>) -> Self {
        match result {
            Ok(()) => Self { accepted: true, offset: None, expected: Vec::new() },
            Err(refusal) => {
                let Expected { mut terminals, end, .. } = refusal.expected;
                if end {
                    terminals.push("end of text".into());
                }
                Self { accepted: false, offset: Some(refusal.offset), expected: terminals }
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let sources = Source::all(&arguments.files);
    if arguments.language.reads_stdin() && sources.contains(&Source::Stdin) {
        bail!("standard input holds the schema: expected files to check");
    }
    let language = arguments.language.reading(!arguments.generated)?;
    let checker = Checker { language: language.compile()?, prefix: arguments.prefix };
    let mut out = output::stdout();
    let mut all = true;
    for source in sources {
        all &= match &arguments.field {
            Some(field) => check_lines(&checker, &source, field, &mut out)?,
            None => check_text(&checker, &source, &mut out)?,
        };
    }
    out.flush()?;
    Ok(if all { Outcome::Done } else { Outcome::Refused })
}

struct Checker {
    language: Compiled,
    prefix: bool,
}

impl Checker {
    fn check(&self, reader: Reader, text: &[u8]) -> Result<Result<(), Refusal>> {
        match reader.check(text, self.prefix) {
            Verdict::Text(result) => Ok(result),
            Verdict::Failed(error) => Err(error.into()),
        }
    }
}

/// Checks a whole file as one text, and says what came of it in words.
fn check_text(checker: &Checker, source: &Source, out: &mut impl Write) -> Result<bool> {
    let text = source.read()?;
    let name = source.name();
    let result = checker.check(checker.language.reader(), &text);
    match result.map_err(|e| anyhow!("{name}: {e}"))? {
        Ok(()) => {
            writeln!(out, "{name}: accepted")?;
            Ok(true)
        }
        Err(refusal) => {
            write!(
                out,
                "{}",
                output::Refused {
                    name: &name,
                    text: &text,
                    refusal: &refusal,
                    explanation: checker.language.explain(&text, &refusal),
                }
            )?;
            Ok(false)
        }
    }
}

/// Checks a field of each line, many lines at a time; whether all were accepted.
fn check_lines(
    checker: &Checker,
    source: &Source,
    field: &str,
    out: &mut impl Write,
) -> Result<bool> {
    let mut input = source.open()?;
    let mut all = true;
    let mut number = 0;
    loop {
        let (chunk, ends) =
            read_lines(&mut *input).map_err(|e| anyhow!("{}: {e}", source.name()))?;
        if ends.is_empty() {
            return Ok(all);
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let lines: Vec<&[u8]> = starts.zip(&ends).map(|(start, &end)| &chunk[start..end]).collect();
        let results: Vec<Result<(bool, Vec<u8>)>> = lines
            .par_iter()
            .map_init(
                || checker.language.reader(),
                |reader, line| check_line(checker, reader, field, line),
            )
            .collect();
        for result in results {
            number += 1;
            match result {
                Ok((accepted, line)) => {
                    all &= accepted;
                    out.write_all(&line)?;
                }
                Err(error) => {
                    out.flush()?;
                    bail!("{}: line {number}: {error}", source.name());
                }
            }
        }
    }
}

/// About [`CHUNK`] bytes of whole lines, and where each ends.
fn read_lines(input: &mut dyn BufRead) -> std::io::Result<(Vec<u8>, Vec<usize>)> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut ends = Vec::new();
    while chunk.len() < CHUNK && input.read_until(b'\n', &mut chunk)? > 0 {
        ends.push(chunk.len());
    }
    Ok((chunk, ends))
}

fn check_line(
    checker: &Checker,
    reader: &Reader,
    field: &str,
    line: &[u8],
) -> Result<(bool, Vec<u8>)> {
    let row = input::row(line)?;
    let text = input::text_of(&row, field)?;
    let verdict = Line::from(checker.check(reader.clone(), text.as_bytes())?);
    let mut line = serde_json::to_vec(&verdict)?;
    line.push(b'\n');
    Ok((verdict.accepted, line))
}
