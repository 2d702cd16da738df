//! `evaluate`: how often does an answer parse, name only what the question's schema has, and say exactly what is right, with
//! the expert's grammar and without it?

mod names;

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use constrained_gen::{
    Limits,
    decoding::{Decoder, Drafter, Finish, Options},
    expert::{self, Expert},
    model::{ChatPrompt, Model, ModelOptions},
    validation::Validator,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;

use super::{
    Outcome,
    generate::{SamplingArguments, sampling},
    hub,
    input::{Source, in_file},
    language::Language,
    output,
};

/// Questions of names that the demonstration model was not trained on, by expert.
const UNSEEN: [(&str, &str); 4] = [
    ("sql", include_str!("../../../models/questions/sql.jsonl")),
    ("json", include_str!("../../../models/questions/json.jsonl")),
    ("typescript", include_str!("../../../models/questions/typescript.jsonl")),
    ("neo4j", include_str!("../../../models/questions/neo4j.jsonl")),
];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An expert that ships, a directory with a manifest.json, or a .expert file; may be given more than once [default: those
    /// that ship]
    #[arg(long, value_name = "NAME|DIR|FILE")]
    expert: Vec<String>,
    /// Questions for one expert, a JSON line each: {"question": TEXT, "answer": TEXT} [default: 200 that the demonstration
    /// model was not trained on]
    #[arg(long, value_name = "FILE", requires = "expert")]
    questions: Option<PathBuf>,
    /// A Qwen3 model: a directory in Hugging Face form, a GGUF file, or ORG/NAME in the hub's local cache; the embedded
    /// demonstration model if not given
    #[arg(long, value_name = "DIR|FILE|ORG/NAME")]
    model: Option<PathBuf>,
    /// Questions at most, of each expert
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// The same seed gives the same answers
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Tokens of an answer at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
    /// Threads of the model [default: as many as this process may use]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Write a JSON line for each expert, and the answers
    #[arg(long)]
    json: bool,
}

/// One line of a file of questions.
#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    answer: String,
}

/// What became of all answers of one way.
#[derive(Debug, Default)]
struct Score {
    parses: usize,
    /// Of those about a schema.
    faithful: usize,
    exact: usize,
    answers: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let path = hub::find(arguments.model.as_deref())?;
    let mut names: Vec<&str> = arguments.expert.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = UNSEEN.iter().map(|(name, _)| *name).collect();
    }
    if arguments.questions.is_some() && names.len() > 1 {
        bail!("--questions is about one expert: expected one --expert");
    }
    // All of it is read before anything is said.
    let mut all = Vec::new();
    for name in names {
        all.push((name, expert::find(name)?, questions(arguments, name)?));
    }
    let mut out = output::stdout();
    if !arguments.json {
        writeln!(
            out,
            "{}",
            row(["expert", "grammar", "parses", "only names of the schema", "exact"])
        )?;
    }
    for (name, expert, questions) in all {
        let options = ModelOptions::default().rope(expert.rope_rule()).threads(arguments.threads);
        let model = match &path {
            Some(path) => Model::open(path, &options)?,
            None => Model::embedded(&options)?,
        };
        let bar = bar(name, questions.len() * 2);
        let asked = Asked { arguments, expert: &expert, model: &model, bar: &bar };
        let free = asked.all(&questions, false)?;
        let bound = asked.all(&questions, true)?;
        bar.finish_and_clear();
        if arguments.json {
            let object = json!({
                "expert": name,
                "questions": questions.len(),
                "about_a_schema": about_a_schema(&expert, &questions),
                "free": of_score(&free),
                "grammar": of_score(&bound),
            });
            writeln!(out, "{object}")?;
            continue;
        }
        let (count, about) = (questions.len(), about_a_schema(&expert, &questions));
        for (grammar, score) in [("no", &free), ("yes", &bound)] {
            let (parses, exact) = (share(score.parses, count), share(score.exact, count));
            writeln!(
                out,
                "{}",
                row([name, grammar, &parses, &share(score.faithful, about), &exact])
            )?;
        }
        out.flush()?;
    }
    Ok(Outcome::Done)
}

/// The questions for an expert: those of the file, or those that ship.
fn questions(arguments: &Arguments, name: &str) -> Result<Vec<Question>> {
    let shipped = UNSEEN.iter().find(|(expert, _)| *expert == name);
    let (file, text) = match (&arguments.questions, shipped) {
        (Some(file), _) => (file.as_path(), Source::of(file).text()?),
        (None, Some((_, text))) => (Path::new(name), (*text).to_owned()),
        (None, None) => bail!("no questions for `{name}` are known: expected --questions FILE"),
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let most = arguments.count.unwrap_or(usize::MAX);
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| in_file(file, anyhow!("line {}: {error}", at + 1)))
    };
    lines.take(most).map(read).collect()
}

/// How many questions show a schema whose names an answer can be held to.
fn about_a_schema(expert: &Expert, questions: &[Question]) -> usize {
    let Some(validator) = expert.validator() else { return 0 };
    let shows = |question: &&Question| names::known(validator, &question.question).is_some();
    questions.iter().filter(shows).count()
}

/// One expert and one model.
struct Asked<'a> {
    arguments: &'a Arguments,
    expert: &'a Expert,
    model: &'a Model,
    bar: &'a ProgressBar,
}

impl Asked<'_> {
    /// Asks all questions, with the expert's grammar or without.
    fn all(&self, questions: &[Question], grammar: bool) -> Result<Score> {
        let Self { arguments, expert, model, bar } = *self;
        let decoding = &expert.manifest.decoding;
        let mut chance = SamplingArguments::default();
        chance.seed = arguments.seed;
        let sampling = sampling(&chance, decoding);
        let options = Options {
            max_tokens: arguments.max_tokens,
            stop: decoding.stop_sequences.clone(),
            ..Options::default()
        };
        let drafter = Drafter::default();
        let decoder = Decoder::new(model.vocabulary(), &sampling, &options)?
            .spelled_by(model.prompts())
            .drafted_by(&drafter);
        let language = match grammar {
            true => expert.grammar(&Limits::default())?.map(Language::from),
            false => None,
        };
        let automaton = match &language {
            Some(language) => Some(language.automaton(model.vocabulary().clone())?),
            None => None,
        };
        let adapter = expert.adapter(model)?;
        let mut score = Score::default();
        for Question { question, answer } in questions {
            let prompt = model.prompts().chat(&ChatPrompt {
                system: Some(expert.system_prompt.as_str()).filter(|text| !text.is_empty()),
                context: None,
                question,
                thinking: false,
            })?;
            drafter.learn(&prompt);
            let mut constraint = automaton.as_ref().map(|automaton| automaton.constraint());
            let mut session = match &adapter {
                Some(adapter) => model.session_under(adapter)?,
                None => model.session()?,
            };
            let said = decoder.run(&mut session, &prompt, constraint.as_mut(), &mut |_| {})?;
            let ended = matches!(said.finish, Finish::End | Finish::Stop { .. });
            score.add(expert.validator(), question, answer, said.text, ended);
            bar.inc(1);
        }
        Ok(score)
    }
}

impl Score {
    fn add(
        &mut self,
        validator: Option<Validator>,
        question: &str,
        right: &str,
        said: String,
        ended: bool,
    ) {
        let said = said.trim().to_owned();
        self.exact += usize::from(said == right);
        if let Some(validator) = validator {
            let parses = ended && validator.check(&said).is_ok();
            self.parses += usize::from(parses);
            let known = names::known(validator, question);
            let faithful = known.is_some_and(|known| names::only(validator, &said, &known));
            self.faithful += usize::from(parses && faithful);
        }
        self.answers.push(said);
    }
}

fn of_score(score: &Score) -> serde_json::Value {
    json!({
        "parses": score.parses,
        "names_of_the_schema": score.faithful,
        "exact": score.exact,
        "answers": score.answers,
    })
}

fn share(count: usize, of: usize) -> String {
    match of {
        0 => "-".to_owned(),
        of => format!("{:.1} % of {of}", 100.0 * count as f64 / of as f64),
    }
}

fn row(cells: [&str; 5]) -> String {
    let [name, grammar, parses, faithful, exact] = cells;
    format!("{name:<12} {grammar:<8} {parses:<16} {faithful:<25} {exact}").trim_end().to_owned()
}

/// A bar on a terminal, nothing elsewhere.
fn bar(name: &str, length: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::new(length as u64).with_message(name.to_owned());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
