//! `grammar list|show|check`.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use constrained_gen::{
    Limits,
    grammar::{Grammar, Lexing, Production, Symbol},
    library,
};

use super::{
    Outcome,
    input::{compile, load_grammar},
    output,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the built-in grammars
    List,
    /// Show a grammar as the engine sees it: terminals and productions
    Show {
        /// A built-in grammar, or a .lark or .gbnf file
        #[arg(value_name = "NAME|FILE")]
        grammar: String,
    },
    /// Read and compile a grammar
    Check {
        /// Built-in grammars, or .lark or .gbnf files
        #[arg(value_name = "NAME|FILE", required = true)]
        grammars: Vec<String>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut out = output::stdout();
    match &arguments.command {
        Command::List => {
            for name in library::names() {
                let grammar = library::grammar(name, &Limits::default())?;
                writeln!(out, "{name:<14} {}", summary(&grammar))?;
            }
        }
        Command::Show { grammar } => show(&load_grammar(grammar)?, &mut out)?,
        Command::Check { grammars } => {
            for name in grammars {
                let grammar = load_grammar(name)?;
                compile(&grammar)?;
                writeln!(out, "{name}: {}", summary(&grammar))?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn summary(grammar: &Grammar) -> String {
    format!(
        "{} lexing, {} terminals, {} rules, {} productions",
        match grammar.lexing() {
            Lexing::Contextual => "contextual",
            Lexing::Longest => "longest-match",
        },
        grammar.terminals().len(),
        grammar.nonterminals().iter().filter(|n| !n.name.contains('$')).count(),
        grammar.productions().len()
    )
}

fn show(grammar: &Grammar, out: &mut impl Write) -> Result<()> {
    writeln!(out, "grammar {}: {}", grammar.name(), summary(grammar))?;
    writeln!(out, "start {}", grammar.nonterminal(grammar.start()).name)?;
    for terminal in grammar.terminals() {
        write!(out, "terminal {}", terminal.name)?;
        if terminal.display != terminal.name {
            write!(out, " shown as {}", terminal.display)?;
        }
        if terminal.priority != 0 {
            write!(out, " priority {}", terminal.priority)?;
        }
        if terminal.ignore {
            write!(out, " ignored")?;
        }
        if terminal.not_followed_by.is_some() {
            write!(out, " guarded")?;
        }
        writeln!(out)?;
    }
    for production in grammar.productions() {
        writeln!(out, "{}", shown(grammar, production))?;
    }
    Ok(())
}

fn shown(grammar: &Grammar, production: &Production) -> String {
    let mut text = format!("{} :", grammar.nonterminal(production.lhs).name);
    for symbol in &production.rhs {
        text.push(' ');
        text.push_str(match symbol {
            Symbol::Terminal(id) => &grammar.terminal(*id).name,
            Symbol::Nonterminal(id) => &grammar.nonterminal(*id).name,
        });
    }
    text
}
