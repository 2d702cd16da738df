//! MaskBench: how many real JSON schemas does an engine do right, and what does a mask cost it?
//!
//! ```console
//! cargo run --release --no-default-features --example maskbench -- \
//!     --tokenizer ../shared/tokenizers/qwen3 --peer llguidance --sample 10 1 ../shared/maskbench/*.jsonl.zst
//! ```
//!
//! Files are as MaskBench's (one JSON line per schema: `name`, `schema`, `tests` of `valid` and `text`), plain or under
//! zstd. One JSON object goes to standard output; times are the thread's, in microseconds:
//!
//! - `tbm_us`: time between masks, that is mask into the caller's row, test of the token, advance;
//! - `ttfm_us`: compilation and first mask; `compile_us`: compilation alone;
//! - a schema passes if every valid instance is accepted (all tokens allowed, and the text may end) and every invalid one
//!   is not. MaskBench itself does not ask whether a text may end: `without_may_end`, where that makes a difference.
//!
//! With `--peer` both engines meet one schema after the other, in turn first, and ratios are printed: ours divided by
//! theirs, over the schemas that both compile and over all. `--passes 2` goes over everything once more in the warm process
//! and measures the bare copy of a row beside it. `--apart` adds the peak memory of each engine alone, each in a process of
//! its own. `--bounds` prints instead how large bounds and many members tell.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod bounds;
mod corpus;
mod engines;
#[path = "../../benches/measure/peer.rs"]
mod factory;
mod figures;
mod measure;
mod ours;
mod peer;
mod protocol;
mod records;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use constrained_gen::{TokenId, Vocabulary};
use engines::Engine;
use figures::{Figures, Tally};
use serde_json::{Value, json};

/// MaskBench's protocol over files of JSON schemas with instances.
#[derive(Debug, Parser)]
struct Arguments {
    /// A tokenizer.json, or the directory of one.
    #[arg(long, value_name = "PATH")]
    tokenizer: PathBuf,
    /// Writes what happened to each schema, as JSON lines.
    #[arg(long, value_name = "RECORDS")]
    out: Option<PathBuf>,
    /// Runs this engine beside ours.
    #[arg(long, value_enum, value_name = "ENGINE")]
    peer: Option<Name>,
    /// Runs this engine alone.
    #[arg(long, value_enum, default_value = "ours", conflicts_with = "peer")]
    engine: Name,
    /// Takes a fixed share of the schemas.
    #[arg(long, num_args = 2, value_names = ["PERCENT", "SEED"])]
    sample: Option<Vec<f64>>,
    /// Goes over the schemas so many times in one process; the last pass is reported apart.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    passes: u32,
    /// What cannot be done exactly is left out with a warning, not refused.
    #[arg(long)]
    lenient: bool,
    /// Our engine lets no name come twice in an object.
    #[arg(long)]
    unique_names: bool,
    /// Mebibytes that our engine may keep of schemas compiled before; without it, the default of its limits.
    #[arg(long, value_name = "MIB")]
    cache_mib: Option<usize>,
    /// Our engine's limits are those for schemas of one's own, not those for schemas from anywhere
    #[arg(long)]
    trusted: bool,
    /// Threads of each engine.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1))]
    threads: u32,
    /// Prints so many of the first engine's slowest masks of each pass.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    slowest: usize,
    /// With --peer: then runs each engine alone, for its peak memory.
    #[arg(long, requires = "peer")]
    apart: bool,
    /// Prints what large bounds cost, instead of reading files.
    #[arg(long)]
    bounds: bool,
    /// Files of schemas.
    #[arg(value_name = "FILES", required_unless_present = "bounds")]
    files: Vec<PathBuf>,
}

/// Who runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    Ours,
    Llguidance,
}

impl Name {
    fn engine(
        self,
        vocabulary: &Arc<Vocabulary>,
        arguments: &Arguments,
    ) -> anyhow::Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Ours => Box::new(ours::Ours::new(vocabulary, arguments)?),
            Self::Llguidance => Box::new(peer::Llguidance::new(vocabulary)?),
        })
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut path = arguments.tokenizer.clone();
    if path.is_dir() {
        path.push("tokenizer.json");
    }
    let json = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let vocabulary = Arc::new(engines::vocabulary(&json)?);
    let tokenizer = tokenizers::Tokenizer::from_bytes(&json).map_err(anyhow::Error::msg)?;
    drop(json);
    measure::forget_peak();
    let base = measure::memory("VmRSS");
    let names: Vec<Name> = match arguments.peer {
        Some(Name::Ours) => bail!("--peer names another engine"),
        Some(peer) => vec![Name::Ours, peer],
        None => vec![arguments.engine],
    };
    let engines: anyhow::Result<Vec<_>> =
        names.iter().map(|name| name.engine(&vocabulary, &arguments)).collect();
    let mut engines = engines?;
    protocol::keep_panics();
    if arguments.bounds {
        return bounds::print(&mut engines, &vocabulary, &tokenizer);
    }

    let passes = passes(&arguments, &mut engines, &vocabulary, &tokenizer)?;
    let mut output = output(&engines, &passes);
    let (nothing, reading) = measure::clock_costs();
    let members = output.as_object_mut().expect("an object");
    members.insert("base_rss_mib".into(), json!(base));
    members.insert(
        "clock_us".into(),
        json!({
            "of_nothing": figures::rounded(nothing.into()),
            "of_cpu_clock": figures::rounded(reading.into()),
        }),
    );
    let peak = measure::memory("VmHWM");
    if engines.len() == 1 {
        members.insert("peak_rss_mib".into(), json!(peak));
    } else {
        members.insert("peak_rss_mib_of_both".into(), json!(peak));
    }
    if arguments.passes > 1 {
        let copies = measure::bare_copies(vocabulary.words(), 20_000);
        members.insert("row_copy_us".into(), json!(Figures::of(copies)));
    }
    for (engine, tally) in engines.iter().zip(&passes[0]) {
        records::print_wrong(engine.name(), tally);
        records::print_refusals(engine.name(), tally);
    }
    if arguments.apart {
        drop(engines);
        apart(&arguments, &names, &mut output)?;
    }
    println!("{}", serde_json::to_string_pretty(&output)?);
    Ok(())
}

/// Goes over all schemas, pass by pass; per pass one tally for each engine.
fn passes(
    arguments: &Arguments,
    engines: &mut [Box<dyn Engine>],
    vocabulary: &Vocabulary,
    tokenizer: &tokenizers::Tokenizer,
) -> anyhow::Result<Vec<Vec<Tally>>> {
    let sample = arguments
        .sample
        .as_ref()
        .map(|words| corpus::Sample { percent: words[0], seed: words[1] as u64 });
    let mut records = records::Records::create(arguments.out.as_deref())?;
    let mut row = vec![0u32; vocabulary.words()];
    let text = |token: u32| vocabulary.bytes(TokenId(token)).to_vec();
    let mut passes = Vec::new();
    for pass in 1..=arguments.passes {
        let mut tallies: Vec<Tally> = engines.iter().map(|_| Tally::default()).collect();
        let mut slowest = records::Slowest::new(arguments.slowest);
        corpus::read(&arguments.files, sample, tokenizer, |file, schema| {
            // Who goes second finds the caches as the first left them: in turn.
            let turn = tallies[0].schemas() % engines.len();
            let mut runs = Vec::new();
            for i in (turn..engines.len()).chain(0..turn) {
                let run = protocol::run(&mut *engines[i], &schema, &mut row, &text);
                tallies[i].add(&schema.name, &run);
                if i == 0 && arguments.slowest > 0 {
                    slowest.add(&schema, &run, &text);
                }
                runs.push((engines[i].name(), run));
            }
            records.write(file, &schema.name, pass, &runs)
        })?;
        slowest.print(pass);
        passes.push(tallies);
    }
    Ok(passes)
}

/// The object that is printed.
fn output(engines: &[Box<dyn Engine>], passes: &[Vec<Tally>]) -> Value {
    let of = |i: usize| {
        let mut summary = json!(passes[0][i].summary(engines[i].name()));
        if let [_, .., last] = passes {
            summary["later_pass"] = json!(last[i].summary(engines[i].name()));
        }
        summary
    };
    if engines.len() == 1 {
        return of(0);
    }
    let mut output = json!({ "ours": of(0), engines[1].name(): of(1) });
    let ratios = |tallies: &[Tally]| {
        let (ours, theirs) = (&tallies[0], &tallies[1]);
        let (count, ours_both, theirs_both) = ours.timing_of_both(theirs);
        json!({
            "both_compile": count,
            "both": ours_both.over(&theirs_both),
            "all": ours.timing_of_all().over(&theirs.timing_of_all()),
            "both_us": { "ours": ours_both, engines[1].name(): theirs_both },
        })
    };
    output["ratios"] = ratios(&passes[0]);
    if let [_, .., last] = passes {
        output["later_ratios"] = ratios(last);
    }
    output
}

/// Runs each engine alone, in a process of its own, and puts its peak memory into the output.
fn apart(arguments: &Arguments, names: &[Name], output: &mut Value) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    for name in names {
        let value = name.to_possible_value().expect("no variant is skipped").get_name().to_owned();
        let mut command = Command::new(&program);
        command.args(["--engine", &value]).arg("--tokenizer").arg(&arguments.tokenizer);
        command.args(["--passes", &arguments.passes.to_string()]);
        if let Some(sample) = &arguments.sample {
            command.arg("--sample").args(sample.iter().map(f64::to_string));
        }
        if arguments.lenient {
            command.arg("--lenient");
        }
        if arguments.unique_names {
            command.arg("--unique-names");
        }
        if arguments.trusted {
            command.arg("--trusted");
        }
        if let Some(mib) = arguments.cache_mib {
            command.args(["--cache-mib", &mib.to_string()]);
        }
        let files: Vec<&Path> = arguments.files.iter().map(PathBuf::as_path).collect();
        let printed = command.arg("--").args(files).stderr(std::process::Stdio::null()).output()?;
        if !printed.status.success() {
            bail!("{value} alone ended with {}", printed.status);
        }
        let alone: Value = serde_json::from_slice(&printed.stdout)?;
        output[value.as_str()]["peak_rss_mib"] = alone["peak_rss_mib"].clone();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_from_end_to_end() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}"#;
        let tests = r#"[{"valid":true,"text":"{\"a\": 1}"},{"valid":false,"text":"{\"a\": \"x\"}","why":"a string"}]"#;
        let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().expect("a file");
        writeln!(file, r#"{{"name":"one","schema":{schema},"tests":{tests}}}"#).expect("written");
        writeln!(file, r#"{{"name":"two","schema":{{"not":{{}}}},"tests":[]}}"#).expect("written");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let records = tempfile::NamedTempFile::new().expect("a file");
        let tokenizer = root.join("models/demo/tokenizer.json");
        let arguments = Arguments::parse_from([
            "maskbench".as_ref(),
            "--peer=llguidance".as_ref(),
            "--passes=2".as_ref(),
            "--tokenizer".as_ref(),
            tokenizer.as_os_str(),
            "--out".as_ref(),
            records.path().as_os_str(),
            file.path().as_os_str(),
        ]);
        let json = std::fs::read(&tokenizer).expect("the demonstration model's tokenizer");
        let vocabulary = Arc::new(engines::vocabulary(&json).expect("a vocabulary"));
        let tokenizer = tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer");
        let mut both: Vec<Box<dyn Engine>> = [Name::Ours, Name::Llguidance]
            .map(|name| name.engine(&vocabulary, &arguments).expect("an engine"))
            .into();
        let passes = passes(&arguments, &mut both, &vocabulary, &tokenizer).expect("it runs");
        let output = output(&both, &passes);
        let theirs = &output["llguidance"];
        assert_eq!((&theirs["schemas"], &theirs["passing"]), (&json!(2), &json!(1)), "{output}");
        assert_eq!(theirs["instances"]["invalid_accepted"], 0);
        assert_eq!(theirs["later_pass"]["masks"], theirs["masks"]);
        assert!(output["ratios"]["both"]["tbm_us"]["p999"].as_f64().is_some_and(|r| r > 0.0));
        let records = std::fs::read_to_string(records.path()).expect("records");
        assert_eq!(records.lines().count(), 4, "one line per schema and pass");
    }
}
