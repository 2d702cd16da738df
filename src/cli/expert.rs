//! `expert list|show|validate`.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use constrained_gen::{
    Limits,
    expert::{self, Adapter, Expert, RopeScaling},
};

use super::{Outcome, complain, input::compile, output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the experts that ship
    List,
    /// Show what an expert is made of
    Show {
        /// An expert that ships, or a directory with a manifest.json
        #[arg(value_name = "NAME|DIR")]
        expert: String,
        /// Write the manifest as it is
        #[arg(long)]
        json: bool,
    },
    /// Read an expert strictly: manifest, prompt and grammar
    Validate {
        /// Experts that ship, or directories with a manifest.json
        #[arg(value_name = "NAME|DIR", required = true)]
        experts: Vec<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut out = output::stdout();
    match &arguments.command {
        Command::List => {
            for name in expert::names() {
                let manifest = expert::find(name)?.manifest;
                writeln!(out, "{name:<10} {:<7} {}", manifest.version, manifest.description)?;
            }
        }
        Command::Show { expert, json } => {
            let expert = load(expert)?;
            if *json {
                serde_json::to_writer_pretty(&mut out, &expert.manifest.document)?;
                writeln!(out)?;
            } else {
                show(&expert, &mut out)?;
            }
        }
        Command::Validate { experts } => {
            for name in experts {
                let expert = load(name)?;
                if let Some(grammar) = expert.grammar(&Limits::default())? {
                    compile(&grammar)?;
                }
                writeln!(out, "{name}: valid")?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Loads an expert and warns of the fields of its manifest that nothing reads.
pub(super) fn load(name: &str) -> Result<Expert> {
    let expert = expert::find(name)?;
    for unknown in &expert.manifest.unknown {
        complain::warning(format_args!(
            "expert `{}`: {}: unknown field, kept but not used",
            expert.name, unknown.pointer
        ));
    }
    Ok(expert)
}

fn show(expert: &Expert, out: &mut impl Write) -> Result<()> {
    let manifest = &expert.manifest;
    writeln!(out, "{} {} ({})", manifest.name, manifest.version, manifest.license)?;
    writeln!(out, "{}", manifest.description)?;
    writeln!(out)?;
    let mut row = |name: &str, value: String| writeln!(out, "{name:<12} {value}");
    for base in &manifest.base_models {
        row("base model", format!("{}, prompt {}", base.name, base.prompt_template))?;
        if let Some(rope) = &base.rope_scaling {
            row("positions", rope_line(rope))?;
        }
        for adapter in &base.adapters {
            row("adapter", adapter_line(adapter))?;
        }
    }
    if !expert.system_prompt.is_empty() {
        row("prompt", expert.system_prompt.clone())?;
    }
    let decoding = &manifest.decoding;
    let grammar = match (decoding.use_grammar, &decoding.grammar_file, decoding.grammar_type) {
        (false, ..) => "none".into(),
        (true, Some(file), _) => file.clone(),
        (true, None, kind) => kind.map_or("grammar.gbnf".into(), |kind| kind.to_string()),
    };
    row("grammar", grammar)?;
    row(
        "validation",
        match expert.validator() {
            Some(validator) => format!("{} ({})", decoding.validation, validator.name()),
            None => decoding.validation.to_string(),
        },
    )?;
    row(
        "stop",
        decoding
            .stop_sequences
            .iter()
            .map(|s| output::quoted(s.as_bytes()))
            .collect::<Vec<_>>()
            .join(" "),
    )?;
    row(
        "sampling",
        format!(
            "temperature {}, top_p {}, top_k {}, min_p {}",
            decoding.temperature, decoding.top_p, decoding.top_k, decoding.min_p
        ),
    )?;
    row(
        "claims",
        format!(
            "{} ms per token and {} MB beside the base model (by its makers, not measured here)",
            manifest.perf.latency_ms_overhead, manifest.perf.vram_mb_overhead
        ),
    )?;
    if let Some(command) = &decoding.validation_cmd {
        row("never run", output::quoted(command.as_bytes()))?;
    }
    Ok(())
}

fn rope_line(rope: &RopeScaling) -> String {
    let mut line = rope.kind.to_string();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(", {name} {value}");
        }
    };
    add("factor", rope.factor.map(|f| f.to_string()));
    add("up to", rope.max_position_embeddings.map(|n| n.to_string()));
    add("from", rope.original_max_position_embeddings.map(|n| n.to_string()));
    if rope.fine_grained {
        line += ", fine-grained";
    }
    line
}

fn adapter_line(adapter: &Adapter) -> String {
    let modules: Vec<&str> = adapter.target_modules.iter().map(|m| m.as_str()).collect();
    let rank = adapter.rank.map_or(String::new(), |(r, alpha)| format!(" r={r} alpha={alpha}"));
    let shipped = match adapter.is_shipped() {
        true => format!("{} bytes", adapter.size_bytes),
        false => "named but not shipped: answers come from the base model".into(),
    };
    format!("{}{rank} on {}; {shipped}", adapter.kind, modules.join(", "))
}
