//! `bench`: what a token costs on this machine, by part.
//!
//! Without a model, one of the shape of Qwen3-0.6B with weights by chance: speed does not depend on the numbers. Every
//! figure is the best and the median of some steps, since other programs disturb any one of them.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;
use constrained_gen::{
    Automaton, Limits, TokenId, TokenMask,
    decoding::{Sampler, Sampling},
    library,
    model::{Adapter, Config, Hidden, KvCache, Model, ModelOptions, Part, Qwen3, WeightFormat},
};
use serde_json::{Value, json};

use super::{Outcome, hub, output};

/// What the masks are measured on.
const STATEMENT: &str = "SELECT name, count(*) AS n FROM users WHERE age > 30 AND city = 'Rome' GROUP BY name \
                         HAVING count(*) > 2 ORDER BY n DESC LIMIT 10";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A Qwen3 model: a directory in Hugging Face form, a GGUF file, or ORG/NAME in the hub's local cache; if not given, one
    /// of the shape of Qwen3-0.6B by chance
    #[arg(long, value_name = "DIR|FILE|ORG/NAME")]
    model: Option<PathBuf>,
    /// How the weights of the model by chance are stored
    #[arg(long, value_enum, default_value_t, conflicts_with = "model")]
    format: Format,
    /// Threads of the model [default: as many as this process may use]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Also measure an adapter (DoRA of six projections, by chance) of this rank
    #[arg(long, value_name = "RANK")]
    adapter: Option<usize>,
    /// Tokens that stand before those that are measured
    #[arg(long, value_name = "N", default_value_t = 16)]
    context: usize,
    /// Steps of each figure
    #[arg(long, value_name = "N", default_value_t = 10)]
    steps: usize,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    F32,
    Bf16,
    #[value(name = "q8_0")]
    Q8_0,
    #[default]
    #[value(name = "q4_k")]
    Q4K,
    /// Q4_K, but Q6_K for the head and some others, as in files named so
    #[value(name = "q4_k_m")]
    Q4KM,
}

impl From<Format> for WeightFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::F32 => Self::F32,
            Format::Bf16 => Self::Bf16,
            Format::Q8_0 => Self::Q8_0,
            Format::Q4K => Self::Q4K,
            Format::Q4KM => Self::Q4KM,
        }
    }
}

/// One line: what, and its best and median time in milliseconds.
#[derive(Debug)]
struct Figure {
    part: String,
    best: f64,
    median: f64,
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Times of something that is done some times.
fn measure(
    part: impl Into<String>,
    steps: usize,
    mut step: impl FnMut() -> Result<()>,
) -> Result<Figure> {
    let mut times = Vec::new();
    for _ in 0..steps.max(1) {
        let begin = Instant::now();
        step()?;
        times.push(milliseconds(begin.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    Ok(Figure { part: part.into(), best: times[0], median: times[times.len() / 2] })
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let options = ModelOptions::default().threads(arguments.threads);
    let path = hub::find(arguments.model.as_deref())?;
    let model = match &path {
        Some(path) => Qwen3::open(path, &options)?,
        None => Qwen3::random(Config::qwen3_0_6b(), arguments.format.into(), 1, &options)?,
    };
    let mut figures = layers(arguments, &model)?;
    let adapter = arguments.adapter.map(|rank| Adapter::random(&model, rank, 2)).transpose()?;
    if let Some(adapter) = &adapter {
        figures.extend(under_adapter(arguments, &model, adapter)?);
    }
    figures.extend(head(arguments, &model)?);
    figures.extend(masks(arguments, path.as_deref())?);
    let mut out = output::stdout();
    if arguments.json {
        let parts: Vec<Value> = figures
            .iter()
            .map(|f| json!({"part": f.part, "best_ms": f.best, "median_ms": f.median}))
            .collect();
        let value = json!({
            "threads": model.threads(),
            "weight_bytes": model.bytes(),
            "adapter_bytes": adapter.map(|adapter| adapter.bytes()),
            "parts": parts,
        });
        writeln!(out, "{value}")?;
    } else {
        let megabytes = |bytes: usize| bytes as f64 / 1e6;
        let bytes = model.bytes().map_or(String::new(), |b| format!(", {:.0} MB", megabytes(b)));
        writeln!(out, "{} threads{bytes} of weights", model.threads())?;
        if let Some(adapter) = adapter {
            let (rank, bytes) = (adapter.rank(), megabytes(adapter.bytes()));
            writeln!(out, "adapter of rank {rank}, {bytes:.1} MB")?;
        }
        writeln!(out, "{:<44} {:>9} {:>9}", "milliseconds", "best", "median")?;
        for Figure { part, best, median } in &figures {
            writeln!(out, "{part:<44} {best:>9.3} {median:>9.3}")?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// A cache with so many tokens in it.
fn filled(model: &Qwen3, context: usize) -> Result<KvCache> {
    let mut cache = model.cache()?;
    if context > 0 {
        model.forward(&tokens(model, context), &mut cache)?;
    }
    Ok(cache)
}

fn tokens(model: &Qwen3, count: usize) -> Vec<u32> {
    (0..count).map(|i| (i * 7919 + 13) as u32 % model.config().vocab_size as u32).collect()
}

/// Tokens through the layers, one and several at once.
fn layers(arguments: &Arguments, model: &Qwen3) -> Result<Vec<Figure>> {
    let mut cache = filled(model, arguments.context)?;
    let mut figures = Vec::new();
    for count in [1, 2, 4, 8, 16] {
        let part = match count {
            1 => format!("layers: 1 token after {}", arguments.context),
            _ => format!("layers: {count} tokens at once"),
        };
        let steps = if count == 1 { 2 * arguments.steps } else { arguments.steps.div_ceil(2) };
        let tokens = tokens(model, count);
        figures.push(measure(part, steps, || {
            model.forward(&tokens, &mut cache)?;
            cache.truncate(arguments.context);
            Ok(())
        })?);
    }
    Ok(figures)
}

/// The same token without and with an adapter, by turns, so that both meet the same disturbances.
fn under_adapter(arguments: &Arguments, model: &Qwen3, adapter: &Adapter) -> Result<Vec<Figure>> {
    let mut cache = filled(model, arguments.context)?;
    let token = tokens(model, 1);
    let mut times = [Vec::new(), Vec::new()];
    for step in 0..4 * arguments.steps {
        let own = (step % 2 == 1).then_some(adapter);
        let begin = Instant::now();
        let part = Part { tokens: &token, cache: &mut cache, adapter: own };
        model.forward_batch(&mut [part])?;
        times[step % 2].push(milliseconds(begin.elapsed()));
        cache.truncate(arguments.context);
    }
    let names = ["layers: 1 token, no adapter", "layers: 1 token, adapter apart"];
    Ok(names
        .into_iter()
        .zip(times)
        .map(|(part, mut times)| {
            times.sort_by(f64::total_cmp);
            Figure { part: part.into(), best: times[0], median: times[times.len() / 2] }
        })
        .collect())
}

/// Logits and draws, of all rows and of some.
fn head(arguments: &Arguments, model: &Qwen3) -> Result<Vec<Figure>> {
    let mut cache = model.cache()?;
    let hidden: Hidden = model.forward(&tokens(model, 1), &mut cache)?;
    let all = model.config().vocab_size;
    let mut row = Vec::new();
    let mut figures = vec![measure(format!("head: all {all} rows"), arguments.steps, || {
        row = model.logits(&hidden)?;
        Ok(())
    })?];
    let sampling = Sampling { top_p: 0.8, top_k: Some(20), ..Sampling::default() };
    let mut sampler = Sampler::new(&sampling)?;
    let every = TokenMask::from_words(vec![u32::MAX; all / 32]);
    let draw_all = measure("sampling: among all", arguments.steps, || {
        sampler.sample(&row, &every)?;
        Ok(())
    })?;
    let mut draws = vec![draw_all];
    for count in [100_000, 10_000, 1000, 100, 10].into_iter().filter(|count| *count < all) {
        let rows: Vec<u32> = (0..count).map(|i| (i * all / count) as u32).collect();
        let mut scores = Vec::new();
        figures.push(measure(format!("head: {count} rows"), arguments.steps, || {
            Ok(model.logits_of(&hidden, &rows, &mut scores)?)
        })?);
        if count == 1000 {
            let allowed: Vec<TokenId> = rows.iter().map(|t| TokenId(*t)).collect();
            draws.push(measure(format!("sampling: among {count}"), arguments.steps, || {
                sampler.sample_among(&allowed, &scores)?;
                Ok(())
            })?);
        }
    }
    figures.extend(draws);
    Ok(figures)
}

/// Masks of the SQL grammar in the vocabulary of the model, or of the demonstration model: per token, on a text that was
/// seen before.
fn masks(arguments: &Arguments, path: Option<&Path>) -> Result<Vec<Figure>> {
    let options = ModelOptions::default().threads(1);
    let model = match path {
        // A model without a tokenizer has no masks to measure.
        Some(path) => Model::open(path, &options),
        None => Model::embedded(&options),
    };
    let Ok(model) = model else { return Ok(Vec::new()) };
    let limits = Limits::default();
    let grammar = library::grammar("sql-postgres", &limits)?;
    let automaton = Automaton::new(&grammar, Arc::clone(model.vocabulary()), &limits)?;
    let tokens = model.prompts().text(STATEMENT)?;
    let mut row = vec![0; model.vocabulary().words()];
    let mut one = || -> Result<()> {
        let mut sequence = automaton.constraint();
        for token in &tokens {
            sequence.fill(&mut row)?;
            sequence.accept(*token)?;
        }
        Ok(())
    };
    one()?;
    let part = format!("mask of SQL, {} rows", model.vocabulary().width());
    let Figure { part, best, median } = measure(part, 5 * arguments.steps, one)?;
    let count = tokens.len() as f64;
    Ok(vec![Figure { part, best: best / count, median: median / count }])
}
