//! `grammar list|show|check|compile`.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use constrained_gen::{
    Automaton, CompiledGrammar, Limits, SchemaOptions,
    explain::explain,
    frontend::Start,
    grammar::{Grammar, Lexing, Production, Symbol},
    library,
    sampling::{Sampler, Settings, Weighting},
};

use super::{
    Outcome, complain,
    input::{GrammarOptions, Source, TokenizerArgument, compile, in_file},
    language::load_schema,
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
    /// Show a grammar as the engine sees it: its starts, terminals and productions
    Show {
        /// A built-in grammar (NAME, or NAME:START for one of its starts), or a .lark or .gbnf file
        #[arg(value_name = "NAME|FILE")]
        grammar: String,
        #[command(flatten)]
        options: GrammarOptions,
    },
    /// Compile grammars and JSON Schemas, and try the examples in grammars' comments (`//> accept: TEXT`)
    Check {
        /// Built-in grammars, or .lark, .gbnf or .json files
        #[arg(value_name = "NAME|FILE", required = true)]
        grammars: Vec<String>,
        #[command(flatten)]
        options: GrammarOptions,
    },
    /// Save a grammar's automaton over a tokenizer, warmed on the examples in its comments, for `--automaton`
    Compile {
        /// A built-in grammar (NAME, or NAME:START for one of its starts), or a .lark or .gbnf file
        #[arg(value_name = "NAME|FILE")]
        grammar: String,
        #[command(flatten)]
        options: GrammarOptions,
        #[command(flatten)]
        tokenizer: TokenizerArgument,
        /// Warm it on these texts too, one a line: what is typical of the answers expected
        #[arg(long, value_name = "FILE")]
        texts: Option<PathBuf>,
        /// Warm it on so many random sentences too, however long they take: a larger file, and faster masks [default: 40000, and no
        /// longer than a minute]
        #[arg(long, value_name = "N")]
        samples: Option<u64>,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let mut out = output::stdout();
    match &arguments.command {
        Command::List => {
            for name in library::names() {
                let grammar = library::grammar(name, &Limits::default())?;
                writeln!(out, "{name:<14} {}", summary(&grammar))?;
                let starts = library::starts(name, &Limits::default())?;
                let names: Vec<String> =
                    starts.iter().map(|start| format!("{name}:{}", spelled(start))).collect();
                let width = names.iter().map(String::len).max().unwrap_or_default();
                for (name, start) in names.iter().zip(&starts) {
                    writeln!(out, "  {name:<width$}  {}", start.about)?;
                }
            }
        }
        Command::Show { grammar: name, options } => {
            let grammar = options.load(name)?;
            writeln!(out, "grammar {}: {}", grammar.name(), summary(&grammar))?;
            for start in library::starts(name, &Limits::default())? {
                writeln!(out, "offers {}: {}", spelled(&start), start.about)?;
            }
            for list in library::lists(name, &Limits::default())? {
                writeln!(out, "takes {}: {}", list.name, list.about)?;
            }
            show(&grammar, &mut out)?;
        }
        Command::Check { grammars, options } => {
            let mut all = true;
            for name in grammars {
                all &= check(name, options, &mut out)?;
            }
            out.flush()?;
            return Ok(if all { Outcome::Done } else { Outcome::Refused });
        }
        Command::Compile { grammar, options, tokenizer, texts, samples, out: path } => {
            let grammar = (grammar.as_str(), options);
            save(grammar, tokenizer, (texts.as_deref(), *samples), path, &mut out)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Writes a file in one step: whatever happens on the way, what was there before is there, or all of the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A device or a pipe is written to, not replaced.
    if path.metadata().is_ok_and(|data| !data.is_file()) {
        return std::fs::write(path, bytes);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Saves a grammar's automaton, warmed on its examples, and on more texts and random sentences.
fn save(
    (name, options): (&str, &GrammarOptions),
    tokenizer: &TokenizerArgument,
    (more, samples): (Option<&Path>, Option<u64>),
    path: &Path,
    out: &mut impl Write,
) -> Result<()> {
    let grammar = options.load(name)?;
    // What is in memory meanwhile is much more than what is saved: masks, and the situations of every text.
    let mut limits = Limits::default();
    limits.automaton_bytes = limits.automaton_bytes.saturating_mul(16);
    let compiled =
        CompiledGrammar::new(&grammar, &limits).map_err(|e| anyhow!("grammar `{name}`: {e}"))?;
    let automaton = Automaton::of(compiled, tokenizer.load()?);
    let mut texts = Vec::new();
    for (file, text) in texts_of(name)? {
        let examples = examples(&file, &text)?.into_iter().filter(|example| example.accept);
        texts.extend(examples.map(|example| example.text));
    }
    if let Some(file) = more {
        texts.extend(Source::File(file.into()).text()?.lines().map(str::to_owned));
    }
    automaton.warm(&texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>());
    let sampled = warm_on_samples(&automaton, samples);
    let bytes = automaton.save().ok_or_else(|| anyhow!("{name} is no grammar"))?;
    // Whether it can be loaded under the limits that everybody has.
    Automaton::load_of(compile(&grammar)?, Arc::clone(automaton.vocabulary()), &bytes)
        .map_err(|e| anyhow!("{e}: warm it on less"))?;
    write_whole(path, &bytes).map_err(|e| in_file(path, e))?;
    let known = automaton.stats();
    writeln!(
        out,
        "{name}: warmed on {} texts; {} tree nodes and {} results in {} bytes",
        texts.len() as u64 + sampled,
        known.tree_nodes,
        known.results,
        bytes.len()
    )?;
    Ok(())
}

/// Warms an automaton on random sentences; on how many. They are a help and no must: where one cannot be drawn, a limit is reached,
/// or they take long and nobody asked for so many, it was warmed on those before.
fn warm_on_samples(automaton: &Arc<Automaton>, asked: Option<u64>) -> u64 {
    /// Those of the grammars that ship take some seconds.
    const LONGEST: Duration = Duration::from_secs(60);
    let samples = asked.unwrap_or(40_000);
    let began = Instant::now();
    let settings = Settings { weighting: Weighting::Broad, ..Settings::default() };
    let sampler = Sampler::new(Arc::clone(automaton), settings);
    let progress = output::progress(samples);
    let drawn = sampler.draw::<anyhow::Error>(samples, |walk| {
        automaton.warm_tokens(&[&walk.tokens]);
        progress.inc(1);
        match asked.is_some() || began.elapsed() < LONGEST {
            true => Ok(()),
            false => Err(anyhow!("they took {} s", LONGEST.as_secs())),
        }
    });
    let count = progress.position();
    progress.finish_and_clear();
    if let Err(error) = drawn {
        complain::note(format_args!("no more random sentences than {count}: {error}"));
    }
    count
}

/// The files of a grammar: names and texts.
fn texts_of(name: &str) -> Result<Vec<(String, String)>> {
    Ok(match library::texts(name) {
        Some(texts) => texts.map(|(file, text)| (file, text.to_owned())).collect(),
        None => vec![(name.to_owned(), Source::File(name.into()).text()?)],
    })
}

/// The examples in a file's comments.
fn examples(file: &str, text: &str) -> Result<Vec<library::Example>> {
    library::examples(text)
        .map_err(|line| anyhow!("{file}:{line}: expected `//> accept: TEXT` or `//> reject: TEXT`"))
}

/// Compiles a grammar and tries the examples in its comments; whether all of them hold.
fn check(name: &str, options: &GrammarOptions, out: &mut impl Write) -> Result<bool> {
    if Path::new(name).extension().is_some_and(|extension| extension == "json") {
        load_schema(&Source::File(name.into()), &SchemaOptions::default())?;
        writeln!(out, "{name}: JSON Schema, followed exactly")?;
        return Ok(true);
    }
    let grammar = options.load(name)?;
    let mut compiled = BTreeMap::from([(None, compile(&grammar)?)]);
    let (mut held, mut broken) = (0, 0);
    let asked = options.start.as_deref().or(library::start_of(name));
    for (file, text) in &texts_of(name)? {
        // Chapters of a grammar may begin elsewhere than the grammar does; their examples are complete texts all the same.
        for example in examples(file, text)? {
            // The start that was asked for is the only one tried; without one, each example is tried at its own.
            let at = match (asked, example.start) {
                (None, at) => at,
                (Some(asked), Some(at)) if same_rule(asked, &at) => None,
                (Some(_), _) => continue,
            };
            let compiled = match compiled.entry(at) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    let options = GrammarOptions { start: free.key().clone(), ..options.clone() };
                    free.insert(compile(&options.load(name)?)?)
                }
            };
            let result = compiled.recognizer().check(example.text.as_bytes());
            if result.is_ok() == example.accept {
                held += 1;
                continue;
            }
            broken += 1;
            let place = format!("{file}:{}", example.line);
            match &result {
                Ok(()) => writeln!(out, "{place}: accepted, but expected a refusal")?,
                Err(refusal) => {
                    let text = example.text.as_bytes();
                    write!(
                        out,
                        "{}",
                        output::Refused {
                            name: &place,
                            text,
                            refusal,
                            explanation: Some(explain(compiled, text, refusal)),
                        }
                    )?;
                }
            }
        }
    }
    let examples = match (held, broken) {
        (0, 0) => "no examples".to_owned(),
        (1, 0) => "1 example holds".to_owned(),
        (held, 0) => format!("{held} examples hold"),
        (held, broken) => format!("{broken} of {} examples do not hold", held + broken),
    };
    writeln!(out, "{name}: {}; {examples}", summary(&grammar))?;
    Ok(broken == 0)
}

/// Whether two names mean the same rule: hyphens may stand for underscores.
fn same_rule(a: &str, b: &str) -> bool {
    a.replace('-', "_") == b.replace('-', "_")
}

/// A start as one writes it on a command line.
fn spelled(start: &Start) -> String {
    start.name.replace('_', "-")
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
        for other in &terminal.not_before {
            write!(out, " not before {}", grammar.terminal(*other).name)?;
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
