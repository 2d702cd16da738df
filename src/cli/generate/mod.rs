//! `generate`: answer a question in the language of an expert. Not there in a program without a model runtime.

mod answer;
mod batch;
mod examples;
mod report;

use std::{io::IsTerminal, path::PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use constrained_gen::{
    Limits,
    decoding::{Options, Sampling, Thinking},
    expert::{Decoding, Expert, Roster, Validation},
    validation::Validator,
};
use examples::Examples;

use super::{
    Outcome, complain,
    input::{self, GrammarOptions},
    language::{Language, Languages, SchemaArgument},
};

/// The expert of prompts that none is for.
const DEFAULT: &str = "sql";

/// Tokens of thinking at most.
const MAX_THINKING: usize = 2048;

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// The question; standard input if there is none
    prompt: Option<String>,
    /// Answer many prompts: a file of JSON lines ({"prompt": TEXT}, and if needed id, seed, context, max_tokens, expert,
    /// grammar or json_schema), or - for standard input; the answers are JSON lines in the same order
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "partial", "stats"])]
    batch: Option<PathBuf>,
    /// With --batch, prompts that are answered at the same time
    #[arg(long, value_name = "N", default_value_t = 8, requires = "batch")]
    at_once: usize,
    /// An expert that ships, a directory with a manifest.json, or a .expert file [default: the one that the prompt is for
    /// (`expert route` explains), else sql; with --json-schema json]
    #[arg(long, value_name = "NAME|DIR|FILE")]
    expert: Option<String>,
    /// A Qwen3 model: a directory in Hugging Face form, a GGUF file with a tokenizer.json beside it, or ORG/NAME, if it is
    /// in the local cache of the hub; the embedded demonstration model if not given
    #[arg(long, value_name = "DIR|FILE|ORG/NAME")]
    model: Option<PathBuf>,
    /// A LoRA or DoRA adapter of the model, as PEFT saves it
    #[arg(long, value_name = "DIR")]
    adapter: Option<PathBuf>,
    /// Load the model even if the memory seems too small
    #[arg(long)]
    ignore_memory: bool,
    /// Threads of the model [default: as many as this process may use]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Let the model choose how to spell text that must come, instead of the tokenizer
    #[arg(long)]
    own_spelling: bool,
    /// Read no tokens ahead on a guess, to compare
    #[arg(long)]
    no_guessing: bool,
    /// Texts like the answers, such as earlier answers: a file of JSON lines as --batch writes them (of a long one the first
    /// 64 MiB). What they have in common with an answer is guessed and read ahead: the answer is the same, and comes sooner
    #[arg(long, value_name = "FILE", conflicts_with = "no_guessing")]
    examples: Option<PathBuf>,
    /// The field of a JSON line of --examples that holds the text
    #[arg(long, value_name = "NAME", default_value = "text", requires = "examples")]
    field: String,
    /// Where the model runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
    /// A built-in grammar (NAME, or NAME:START for one of its starts), or a .lark or .gbnf file, instead of the expert's
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = ["no_grammar", "json_schema"])]
    grammar: Option<String>,
    #[command(flatten)]
    options: GrammarOptions,
    /// Let the model say anything, to compare
    #[arg(long, conflicts_with = "json_schema")]
    no_grammar: bool,
    /// What the question is about, such as a schema
    #[arg(long, value_name = "TEXT|@FILE")]
    context: Option<String>,
    /// Let the model think before it answers
    #[arg(long)]
    think: bool,
    /// Tokens of the answer at most; under a grammar or schema it is never cut off, but ends in time
    #[arg(long, value_name = "N", default_value_t = 512)]
    max_tokens: usize,
    /// White space in a row under a grammar, after which something else comes if it can
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().longest_blank)]
    longest_blank: usize,
    /// Print an unfinished answer too
    #[arg(long)]
    partial: bool,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
    /// Print counts and times to standard error
    #[arg(long)]
    stats: bool,
    #[command(flatten, next_help_heading = "Sampling (the expert's settings if not given)")]
    sampling: SamplingArguments,
    #[command(flatten)]
    schema: SchemaArgument,
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct SamplingArguments {
    /// How far chance may lead from the best token, 0 to 2
    #[arg(long, value_name = "T")]
    temperature: Option<f32>,
    /// Choose among the best tokens that together hold this share of the probability
    #[arg(long, value_name = "P")]
    top_p: Option<f32>,
    /// Choose among this many best tokens
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Choose among tokens at least this share as probable as the best one
    #[arg(long, value_name = "P")]
    min_p: Option<f32>,
    /// Above 1, discourage tokens already in the answer
    #[arg(long, value_name = "R")]
    repetition_penalty: Option<f32>,
    /// Always the best token
    #[arg(long, conflicts_with_all = ["temperature", "top_p", "top_k", "min_p"])]
    greedy: bool,
    /// The same seed gives the same answer
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(super) seed: u64,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Device {
    /// The processor
    #[default]
    Cpu,
    /// The first NVIDIA GPU (needs the cargo feature cuda)
    Cuda,
    /// The first Apple GPU (needs the cargo feature metal)
    Metal,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let examples = match &arguments.examples {
        Some(file) => Examples::read(file, &arguments.field)?,
        None => Examples::default(),
    };
    if let Some(file) = &arguments.batch {
        return batch::run(arguments, &examples, file);
    }
    let request = Request::new(arguments, &mut Languages::default())?;
    answer::answer(arguments, &examples, &request)
}

/// What is asked, all of it checked before a model is loaded.
#[derive(Debug)]
struct Request {
    expert: Expert,
    language: Option<Language>,
    /// Who is asked about the answer; nobody about the language of a grammar given by hand.
    validator: Option<Validator>,
    /// Whether an answer that is refused by it is none.
    strict: bool,
    question: String,
    context: Option<String>,
    sampling: Sampling,
    options: Options,
}

impl Request {
    /// `known` are the languages of requests before.
    fn new(arguments: &Arguments, known: &mut Languages) -> Result<Self> {
        arguments.options.need_a_grammar(&arguments.schema)?;
        let schema = known.get(arguments.schema.name(), || arguments.schema.load())?;
        let question = question(arguments)?;
        let context = arguments.context.as_deref().map(context).transpose()?;
        let expert = match &arguments.expert {
            Some(name) => super::expert::load(name)?,
            None if schema.is_some() => super::expert::load("json")?,
            None if arguments.grammar.is_some() => super::expert::load("sql")?,
            None => routed(&question, context.as_deref(), arguments.batch.is_none())?,
        };
        let sampling = sampling(&arguments.sampling, &expert.manifest.decoding);
        sampling.validate()?;
        let strict = expert.manifest.decoding.validation == Validation::ParserStrict;
        let (language, validator, strict) = match (schema, &arguments.grammar) {
            // Whatever the expert's answers are, these are JSON.
            (Some(schema), _) => (Some(schema), Some(Validator::Json), true),
            (None, _) if arguments.no_grammar => (None, None, strict),
            (None, Some(name)) => {
                let read = || Ok(Some(arguments.options.load(name)?.into()));
                (known.get(format!("grammar {name}"), read)?, None, strict)
            }
            (None, None) => {
                let options = arguments.options.options();
                let read = || {
                    let grammar = expert.grammar_with(&options, &Limits::default())?;
                    Ok(grammar.map(Language::from))
                };
                let language =
                    known.get(format!("expert {:?} {}", arguments.expert, expert.name), read)?;
                let validator = language.is_some().then(|| expert.validator()).flatten();
                (language, validator, strict)
            }
        };
        let mut options = Options {
            max_tokens: arguments.max_tokens,
            longest_blank: arguments.longest_blank,
            stop: expert.manifest.decoding.stop_sequences.clone(),
            ..Options::default()
        };
        if arguments.think {
            options.thinking = Thinking::On { max_tokens: MAX_THINKING };
        }
        Ok(Self { language, validator, strict, question, context, sampling, options, expert })
    }
}

/// The expert that ships for a prompt; `sql` where nothing in it speaks for one. Another one than that is told, if `tell`.
fn routed(question: &str, context: Option<&str>, tell: bool) -> Result<Expert> {
    let prompt = format!("{}\n{question}", context.unwrap_or_default());
    let route = Roster::shipped()?.route(&prompt);
    match route.chosen() {
        Some(score) if score.expert != DEFAULT => {
            if tell {
                complain::note(format_args!(
                    "expert `{}` for this prompt; --expert overrules",
                    score.expert
                ));
            }
            super::expert::load(&score.expert)
        }
        _ => super::expert::load(DEFAULT),
    }
}

/// The expert's settings, changed by the arguments.
pub(super) fn sampling(arguments: &SamplingArguments, decoding: &Decoding) -> Sampling {
    let penalty = arguments.repetition_penalty.unwrap_or(1.0);
    if arguments.greedy {
        return Sampling { repetition_penalty: penalty, ..Sampling::greedy() };
    }
    Sampling {
        temperature: arguments.temperature.unwrap_or(decoding.temperature as f32),
        top_p: arguments.top_p.unwrap_or(decoding.top_p as f32),
        top_k: Some(
            arguments.top_k.unwrap_or(usize::try_from(decoding.top_k).unwrap_or(usize::MAX)),
        ),
        min_p: arguments.min_p.unwrap_or(decoding.min_p as f32),
        repetition_penalty: penalty,
        seed: arguments.seed,
    }
}

/// The question as an argument or on standard input.
fn question(arguments: &Arguments) -> Result<String> {
    let question = match &arguments.prompt {
        Some(text) => text.clone(),
        None if arguments.schema.reads_stdin() => {
            bail!("standard input holds the schema: expected a question as an argument")
        }
        None if std::io::stdin().is_terminal() => {
            bail!("no prompt: expected a question as an argument or on standard input")
        }
        None => input::stdin_text()?,
    };
    match question.trim() {
        "" => bail!("the prompt is empty: expected a question"),
        text => Ok(text.to_owned()),
    }
}

/// A text, or `@` and the file that holds it.
fn context(argument: &str) -> Result<String> {
    let text = match argument.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|e| anyhow!("{file}: {e}"))?,
        None => argument.to_owned(),
    };
    Ok(text.trim().to_owned())
}
