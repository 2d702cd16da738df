//! `expert show --measure`: what an expert costs here, beside what its manifest claims.

use std::{io::Write, path::PathBuf, sync::Arc, time::Instant};

use anyhow::Result;
use clap::Args;
use constrained_gen::{
    expert::Expert,
    model::{Adapter, Footprint, Model, ModelOptions, Part, Qwen3},
};
use serde_json::json;

use super::{hub, memory};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Measure what the manifest claims: memory of adapter and cache, time per token
    #[arg(long)]
    measure: bool,
    /// The model to measure on, as for `generate`; the embedded one if not given
    #[arg(long, value_name = "DIR|FILE|ORG/NAME", requires = "measure")]
    model: Option<PathBuf>,
    /// Threads of the model [default: as many as this process may use]
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        requires = "measure"
    )]
    threads: usize,
    /// Tokens that are timed
    #[arg(long, value_name = "N", default_value_t = 40, requires = "measure")]
    steps: usize,
    /// Measure even if the memory seems too small
    #[arg(long, requires = "measure")]
    ignore_memory: bool,
}

impl Arguments {
    pub(super) fn wanted(&self) -> bool {
        self.measure
    }
}

/// Tokens that stand before those that are timed.
const CONTEXT: usize = 64;

/// Measures an expert and says what was claimed.
pub(super) fn run(
    expert: &Expert,
    arguments: &Arguments,
    json: bool,
    out: &mut impl Write,
) -> Result<()> {
    let file = expert.manifest.base_models.iter().flat_map(|base| &base.adapters);
    let file: u64 = file.filter_map(|adapter| expert.adapter_bytes(adapter)).max().unwrap_or(0);
    let tokens = CONTEXT + 2 * arguments.steps;
    let path = hub::find(arguments.model.as_deref())?;
    let footprint = Footprint::of(path.as_deref(), tokens)?.with_adapter(file);
    memory::refuse(&footprint, arguments.ignore_memory)?;
    let options = ModelOptions::default().rope(expert.rope_rule()).threads(arguments.threads);
    let model = match &path {
        Some(path) => Model::open(path, &options)?,
        None => Model::embedded(&options)?,
    };
    let (adapter, by_chance) = match expert.adapter(&model)? {
        Some(adapter) => (Some(adapter), false),
        None => (by_chance(expert, model.qwen3())?, true),
    };
    let (plain, under) = latency(model.qwen3(), adapter.as_deref(), arguments.steps)?;
    let bytes = adapter.as_ref().map(|adapter| adapter.bytes());
    let token = Footprint::bytes_per_token(model.qwen3().config());
    let peak = std::fs::read_to_string("/proc/self/status").ok();
    let peak = peak.and_then(|status| memory::kilobytes(&status, "VmHWM:"));
    let claims = &expert.manifest.perf;
    let overhead = under.map(|under| under - plain);
    if json {
        let value = json!({
            "expert": expert.name,
            "adapter_by_chance": adapter.is_some() && by_chance,
            "adapter_bytes": bytes,
            "claimed_vram_mb": claims.vram_mb_overhead,
            "cache_bytes_per_token": token,
            "peak_bytes": peak,
            "token_ms": plain,
            "token_ms_under_adapter": under,
            "overhead_ms": overhead,
            "claimed_overhead_ms": claims.latency_ms_overhead,
            "threads": model.qwen3().threads(),
        });
        writeln!(out, "{value}")?;
        return Ok(());
    }
    let name = path.as_ref().map_or("the embedded model".into(), |p| p.display().to_string());
    writeln!(out, "on {name}, {} threads", model.qwen3().threads())?;
    if by_chance && adapter.is_some() {
        writeln!(
            out,
            "the package holds no adapter: measured with one by chance, of the manifest's rank"
        )?;
    }
    writeln!(out, "{:<28} {:>12} {:>12}", "", "measured", "claimed")?;
    let mut row = |name: &str, measured: Option<String>, claimed: Option<String>| {
        let or = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        writeln!(out, "{name:<28} {:>12} {:>12}", or(measured), or(claimed))
    };
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    row(
        "adapter, MB",
        bytes.map(|b| megabytes(b as u64)),
        Some(claims.vram_mb_overhead.to_string()),
    )?;
    row("cache per token, bytes", Some(token.to_string()), None)?;
    row("peak memory, MB", peak.map(megabytes), None)?;
    row("a token, ms", Some(format!("{plain:.2}")), None)?;
    row("a token under it, ms", under.map(|ms| format!("{ms:.2}")), None)?;
    let more = overhead.map(|ms| format!("{ms:.2}"));
    row("more per token, ms", more, Some(claims.latency_ms_overhead.to_string()))?;
    Ok(())
}

/// An adapter of the manifest's rank, to measure what one costs.
fn by_chance(expert: &Expert, model: &Qwen3) -> Result<Option<Arc<Adapter>>> {
    let mut adapters = expert.manifest.base_models.iter().flat_map(|base| &base.adapters);
    let rank = adapters.find_map(|adapter| adapter.rank).and_then(|(r, _)| usize::try_from(r).ok());
    Ok(match rank {
        Some(rank) => Some(Arc::new(Adapter::random(model, rank, 1)?)),
        None => None,
    })
}

/// Milliseconds of a token through the layers without the adapter, and under it: medians, by turns, so that both meet the
/// same disturbances.
fn latency(model: &Qwen3, adapter: Option<&Adapter>, steps: usize) -> Result<(f64, Option<f64>)> {
    let width = model.config().vocab_size as u32;
    let text: Vec<u32> = (0..CONTEXT as u32).map(|i| (i * 7919 + 13) % width).collect();
    let mut cache = model.cache()?;
    model.forward(&text, &mut cache)?;
    let mut times = [Vec::new(), Vec::new()];
    for step in 0..2 * steps.max(1) {
        let own = adapter.filter(|_| step % 2 == 1);
        let begin = Instant::now();
        model.forward_batch(&mut [Part {
            tokens: &[13 % width],
            cache: &mut cache,
            adapter: own,
        }])?;
        times[step % 2].push(begin.elapsed().as_secs_f64() * 1e3);
        cache.truncate(CONTEXT);
    }
    let [plain, under] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    Ok((plain, adapter.map(|_| under)))
}
