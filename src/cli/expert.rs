//! `expert list|show|validate|pack|route`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use constrained_gen::{
    Limits,
    expert::{self, Adapter, Expert, RopeScaling, Roster, Route},
};

#[cfg(feature = "candle")]
use super::measure;
use super::{
    Outcome, complain,
    input::{self, compile, in_file},
    output,
};

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
        /// An expert that ships, a directory with a manifest.json, or a .expert file
        #[arg(value_name = "NAME|DIR|FILE")]
        expert: String,
        /// Write the manifest as it is
        #[arg(long)]
        json: bool,
        #[cfg(feature = "candle")]
        #[command(flatten)]
        measure: measure::Arguments,
    },
    /// Read an expert strictly, manifest, prompt, grammar, adapter and signature, and say all that is wrong
    Validate {
        /// Experts that ship, directories with a manifest.json, or .expert files
        #[arg(value_name = "NAME|DIR|FILE", required = true)]
        experts: Vec<String>,
        /// The public key that must have signed them, manifest included: 64 hexadecimal digits
        #[arg(long, value_name = "HEX")]
        signed_by: Option<String>,
    },
    /// Make one file of an expert's directory, the same bytes whenever it is done
    Pack {
        /// A directory with a manifest.json
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// The file to write
        #[arg(short, long, value_name = "FILE.expert")]
        output: PathBuf,
        /// Sign it with this private key: a file of 32 bytes, or of 64 hexadecimal digits
        #[arg(long, value_name = "FILE")]
        sign: Option<PathBuf>,
    },
    /// Which expert is a prompt for, and why?
    Route {
        /// The prompt; standard input if there is none
        prompt: Option<String>,
        /// Experts to choose from [default: those that ship]
        #[arg(long, value_name = "NAME|DIR|FILE")]
        expert: Vec<String>,
        /// Write one JSON object
        #[arg(long)]
        json: bool,
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
        #[cfg(feature = "candle")]
        Command::Show { expert, json, measure } if measure.wanted() => {
            measure::run(&load(expert)?, measure, *json, &mut out)?;
        }
        Command::Show { expert, json, .. } => {
            let expert = load(expert)?;
            if *json {
                serde_json::to_writer_pretty(&mut out, &expert.manifest.document)?;
                writeln!(out)?;
            } else {
                show(&expert, &mut out)?;
            }
        }
        Command::Validate { experts, signed_by } => {
            let mut outcome = Outcome::Done;
            for name in experts {
                match validate(name, signed_by.as_deref()) {
                    Ok(()) => writeln!(out, "{name}: valid")?,
                    Err(problems) => {
                        problems.iter().for_each(complain::error);
                        outcome = Outcome::Misuse;
                    }
                }
            }
            out.flush()?;
            return Ok(outcome);
        }
        Command::Pack { directory, output, sign } => {
            let key = sign.as_deref().map(private_key).transpose()?;
            match pack(directory, output, key.as_ref()) {
                Ok(packed) => {
                    for (name, bytes) in packed.files {
                        writeln!(out, "{bytes:>12}  {name}")?;
                    }
                    if let Some(key) = packed.key {
                        writeln!(out, "signed by {key}")?;
                    }
                }
                Err(problems) => {
                    problems.iter().for_each(complain::error);
                    return Ok(Outcome::Misuse);
                }
            }
        }
        Command::Route { prompt, expert, json } => {
            let roster = match expert.is_empty() {
                true => Roster::shipped()?,
                false => Roster::new(expert.iter().map(|name| load(name)).collect::<Result<_>>()?)?,
            };
            let text = match prompt {
                Some(text) => text.clone(),
                None => input::stdin_text()?,
            };
            route(&roster.route(&text), *json, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// All that is wrong with an expert.
fn validate(name: &str, signed_by: Option<&str>) -> Result<(), Vec<anyhow::Error>> {
    let limits = Limits::default();
    let all = |problems: Vec<expert::ExpertError>| -> Vec<anyhow::Error> {
        problems.into_iter().map(Into::into).collect()
    };
    let expert = expert::examine(name, &limits).map_err(all)?;
    for doubt in expert.doubts() {
        complain::warning(format_args!("expert `{name}`: {doubt}"));
    }
    let grammar = expert.grammar(&limits).map_err(|error| vec![error.into()])?;
    if let Some(grammar) = grammar {
        compile(&grammar).map_err(|error| vec![error])?;
    }
    let Some(key) = signed_by else { return Ok(()) };
    match expert.signed() {
        Some(signed) if signed.key.eq_ignore_ascii_case(key) && signed.manifest => Ok(()),
        Some(signed) if signed.key.eq_ignore_ascii_case(key) => {
            Err(vec![anyhow!("{name}: signed by that key, but its manifest is not")])
        }
        Some(signed) => {
            Err(vec![anyhow!("{name}: signed by the key {}, not by that one", signed.key)])
        }
        None => Err(vec![anyhow!("{name}: not signed")]),
    }
}

/// Writes beside the file and puts it in its place when it is whole.
fn pack(
    directory: &Path,
    file: &Path,
    key: Option<&[u8; 32]>,
) -> Result<expert::Packed, Vec<anyhow::Error>> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part.expert", std::process::id()));
    let part = file.with_file_name(name);
    let written = (|| {
        let failed = |error: std::io::Error| vec![in_file(file, error)];
        let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
        let packed = expert::pack(directory, &mut out, key, &Limits::default())
            .map_err(|all| all.into_iter().map(anyhow::Error::from).collect::<Vec<_>>())?;
        out.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
        std::fs::rename(&part, file).map_err(failed)?;
        Ok(packed)
    })();
    if written.is_err() {
        // It may not be there at all.
        _ = std::fs::remove_file(&part);
    }
    written
}

/// A private key: 32 bytes as they are, or in hexadecimal digits.
fn private_key(path: &Path) -> Result<[u8; 32]> {
    let bytes = std::fs::read(path).map_err(|error| in_file(path, error))?;
    if let Ok(key) = <[u8; 32]>::try_from(&bytes[..]) {
        return Ok(key);
    }
    let digits: Option<Vec<u8>> = std::str::from_utf8(&bytes).ok().and_then(|text| {
        let digits: Vec<u32> =
            text.trim().chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
        digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
    });
    match digits.map(<[u8; 32]>::try_from) {
        Some(Ok(key)) => Ok(key),
        _ => Err(in_file(path, "expected a private key: 32 bytes, or 64 hexadecimal digits")),
    }
}

fn route(route: &Route, json: bool, out: &mut impl Write) -> Result<()> {
    if json {
        let scores: Vec<_> = route
            .scores
            .iter()
            .map(|score| {
                serde_json::json!({
                    "expert": score.expert,
                    "points": score.points,
                    "priority": score.priority,
                    "capabilities": score.capabilities,
                    "keywords": score.keywords,
                    "excluded": score.excluded,
                })
            })
            .collect();
        let chosen = route.chosen().map(|score| &score.expert);
        writeln!(out, "{}", serde_json::json!({"expert": chosen, "scores": scores}))?;
        return Ok(());
    }
    match route.chosen() {
        Some(score) => writeln!(out, "{}", score.expert)?,
        None => writeln!(out, "no expert: nothing in the prompt speaks for one")?,
    }
    for score in &route.scores {
        writeln!(out, "  {score}")?;
    }
    Ok(())
}

/// Loads an expert and warns of the fields of its manifest that nothing reads.
pub(super) fn load(name: &str) -> Result<Expert> {
    let expert = expert::find(name)?;
    for doubt in expert.doubts() {
        complain::warning(format_args!("expert `{}`: {doubt}", expert.name));
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
            row("adapter", adapter_line(expert, adapter))?;
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
    if let Some(signed) = expert.signed() {
        row("signed by", signed.key.clone())?;
    }
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

fn adapter_line(expert: &Expert, adapter: &Adapter) -> String {
    let modules: Vec<&str> = adapter.target_modules.iter().map(|m| m.as_str()).collect();
    let rank = adapter.rank.map_or(String::new(), |(r, alpha)| format!(" r={r} alpha={alpha}"));
    let shipped = match expert.adapter_bytes(adapter) {
        Some(bytes) => format!("{bytes} bytes"),
        None => "named but not part of it: answers come from the base model".into(),
    };
    format!("{}{rank} on {}; {shipped}", adapter.kind, modules.join(", "))
}
