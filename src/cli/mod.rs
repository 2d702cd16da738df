//! `constrained-gen`: one file per command. Data goes to standard output, talk to standard error.
//!
//! The only floor that prints, reads standard input, or uses `anyhow`.

#[cfg(feature = "candle")]
mod bench;
mod check;
mod complain;
mod completions;
#[cfg(feature = "candle")]
mod evaluate;
mod expert;
#[cfg(feature = "candle")]
mod generate;
mod grammar;
#[cfg(feature = "candle")]
mod hub;
mod input;
#[cfg(feature = "candle")]
mod interrupt;
mod language;
mod lists;
mod mask;
#[cfg(feature = "candle")]
mod measure;
#[cfg(feature = "candle")]
mod memory;
mod outcome;
mod output;
mod place;
mod sample;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use outcome::Outcome;

/// What `--help` says at the end of every page.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a text was refused by the grammar or schema
  2  misuse: wrong arguments, or a grammar, schema, expert, model or file that is missing or broken
  3  the answer was not finished (token limit or context)
  4  the answer was refused by strict validation: a bug of the grammar or of the reading of the schema
  130  interrupted (Ctrl-C)";

/// A language model answers in SQL, JSON, by your JSON Schema or your own grammar, exactly.
#[derive(Debug, Parser)]
#[command(name = "constrained-gen", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer a question in the language of an expert
    #[cfg(feature = "candle")]
    #[command(after_help = EXIT_CODES)]
    Generate(Box<generate::Arguments>),
    /// Does a text belong to a grammar, or is it an instance of a JSON Schema?
    #[command(after_help = EXIT_CODES)]
    Check(check::Arguments),
    /// Random sentences of a grammar, or instances of a JSON Schema, token by token under the mask
    #[command(after_help = EXIT_CODES)]
    Sample(sample::Arguments),
    /// Which tokens are allowed after a text?
    #[command(after_help = EXIT_CODES)]
    Mask(mask::Arguments),
    /// List, show or check grammars
    #[command(after_help = EXIT_CODES)]
    Grammar(grammar::Arguments),
    /// List, show, validate or pack experts; which is a prompt for?
    #[command(after_help = EXIT_CODES)]
    Expert(expert::Arguments),
    /// How often do answers parse, name only what there is, and say what is right, with a grammar and without?
    #[cfg(feature = "candle")]
    #[command(after_help = EXIT_CODES)]
    Evaluate(evaluate::Arguments),
    /// What does a token cost on this machine, by part?
    #[cfg(feature = "candle")]
    #[command(after_help = EXIT_CODES)]
    Bench(bench::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

/// Runs the tool on the process's arguments.
pub(crate) fn main() -> ExitCode {
    // Clap prints help and misuse itself, with exit codes 0 and 2.
    let arguments = Arguments::parse();
    let result = match arguments.command {
        #[cfg(feature = "candle")]
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Mask(arguments) => mask::run(&arguments),
        Command::Grammar(arguments) => grammar::run(&arguments),
        Command::Expert(arguments) => expert::run(&arguments),
        #[cfg(feature = "candle")]
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        #[cfg(feature = "candle")]
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) if output::is_closed(&error) => Outcome::Done,
        Err(error) => {
            complain::error(&error);
            Outcome::Misuse
        }
    };
    outcome.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_well_formed() {
        super::Arguments::command().debug_assert();
    }
}
