//! `sample`: random sentences of a grammar, or instances of a schema, token by token under the mask.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use constrained_gen::sampling::{Coverage, Sampler, Settings, Walk, Weighting};
use serde_json::json;

use super::{
    Outcome, complain,
    input::{SavedArgument, TokenizerArgument},
    language::LanguageArgument,
    output,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    language: LanguageArgument,
    #[command(flatten)]
    tokenizer: TokenizerArgument,
    #[command(flatten)]
    saved: SavedArgument,
    /// Sentences to make
    #[arg(long, value_name = "N")]
    count: u64,
    /// The same seed gives the same sentences
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Tokens of a sentence at most
    #[arg(long, value_name = "M", default_value_t = 200)]
    max_tokens: usize,
    /// How to choose among the allowed tokens
    #[arg(long, value_enum, default_value_t)]
    weighting: Choice,
    /// Say on standard error which share of the grammar's productions the sentences use, which are missing, and which share of
    /// the pairs of a production and one inside it, by place
    #[arg(long, conflicts_with = "json_schema")]
    coverage: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Choice {
    /// Every allowed token alike
    #[default]
    Uniform,
    /// Prefer the end and what leads to it
    Short,
    /// Go to every production in turn, and else prefer lexemes that were seldom taken
    Broad,
}

impl From<Choice> for Weighting {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Uniform => Self::Uniform,
            Choice::Short => Self::Short,
            Choice::Broad => Self::Broad,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let language = arguments.language.load()?;
    let vocabulary = arguments.tokenizer.load()?;
    let automaton = arguments.saved.make(&language, vocabulary)?;
    let settings = Settings {
        weighting: arguments.weighting.into(),
        max_tokens: arguments.max_tokens,
        seed: arguments.seed,
    };
    let mut coverage = automaton.grammar().filter(|_| arguments.coverage).map(Coverage::new);
    let sampler = Sampler::new(automaton, settings);

    let progress = output::progress(arguments.count);
    let mut out = output::stdout();
    let mut retries = 0;
    sampler.draw(arguments.count, |walk| {
        retries += walk.retries;
        if let Some(coverage) = &mut coverage {
            coverage.add(&walk.text);
        }
        progress.inc(1);
        write(walk, &mut out)
    })?;
    out.flush()?;
    progress.finish_and_clear();
    if retries > 0 {
        complain::note(format_args!(
            "{retries} walks did not end within {} tokens and were begun again",
            arguments.max_tokens
        ));
    }
    if let Some(coverage) = coverage {
        let (used, of) = coverage.share();
        for production in coverage.missing() {
            complain::note(format_args!("not reached: {production}"));
        }
        let share = used as f64 * 100.0 / of.max(1) as f64;
        complain::note(format_args!("{used} of {of} productions reached ({share:.1} %)"));
        let (used, of) = coverage.pairs();
        let share = used as f64 * 100.0 / of.max(1) as f64;
        complain::note(format_args!("{used} of {of} pairs of productions reached ({share:.1} %)"));
    }
    Ok(Outcome::Done)
}

fn write(walk: &Walk, out: &mut impl Write) -> Result<()> {
    let text = std::str::from_utf8(&walk.text).map_err(|_| {
        anyhow!("a sentence of the grammar is no UTF-8 text, which JSON cannot hold")
    })?;
    let tokens: Vec<u32> = walk.tokens.iter().map(|t| t.0).collect();
    writeln!(out, "{}", json!({"text": text, "tokens": tokens}))?;
    Ok(())
}
