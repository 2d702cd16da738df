//! Many prompts: JSON lines in, JSON lines out, in the same order.
//!
//! A line is `{"prompt": TEXT}` and may say `id`, `seed`, `context`, `max_tokens`, `expert`, `grammar` and `json_schema` (the
//! schema itself); what it does not say is as the arguments have it. Whatever is wrong with one line is said in its row and
//! stops nothing else.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    io::{BufRead, Write},
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use anyhow::{Result, anyhow, bail};
use constrained_gen::{
    Automaton, TokenId,
    decoding::{DecodeError, Drafter, Finish, Generation, Job, Logits, LogitsError, run_all},
    model::{DeviceChoice, Model, Session},
};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{Outcome, complain, input::Source, interrupt, language::Languages, output},
    Arguments, Request, answer,
    examples::Examples,
    report,
};

/// What a line may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    prompt: String,
    id: Option<Value>,
    seed: Option<u64>,
    context: Option<String>,
    max_tokens: Option<usize>,
    expert: Option<String>,
    grammar: Option<String>,
    json_schema: Option<Value>,
}

/// A line that can be answered.
struct Prompt {
    request: Request,
    automaton: Option<Arc<Automaton>>,
    tokens: Vec<TokenId>,
    /// Which of the groups.
    group: usize,
}

/// Lines that are answered under one adapter.
struct Group {
    name: String,
    base: Session,
    /// What `base` has read: all prompts begin so.
    shared: Vec<TokenId>,
}

#[derive(Default)]
struct Groups {
    all: Vec<Group>,
}

impl Groups {
    /// The group of a request, begun if it is the first one of it.
    fn of(&mut self, arguments: &Arguments, model: &Model, request: &Request) -> Result<usize> {
        let name = match arguments.adapter {
            Some(_) => "",
            None => &request.expert.name,
        };
        if let Some(known) = self.all.iter().position(|group| group.name == name) {
            return Ok(known);
        }
        if let (Some(other), true) =
            (self.all.first(), answer::device(arguments) != DeviceChoice::Cpu)
        {
            bail!(
                "expert `{name}`: on a GPU the lines of a batch have one expert, which is `{}`",
                other.name
            );
        }
        let base = answer::session(arguments, model, request)?;
        self.all.push(Group { name: name.to_owned(), base, shared: Vec::new() });
        Ok(self.all.len() - 1)
    }
}

/// What is known of a line: its id, and whether it can be answered.
struct Row {
    id: Value,
    prompt: Result<Prompt>,
}

/// Answers all lines of a file.
pub(super) fn run(arguments: &Arguments, examples: &Examples, file: &Path) -> Result<Outcome> {
    let source = Source::of(file);
    if source == Source::Stdin && arguments.schema.reads_stdin() {
        bail!("standard input holds the schema: expected a file of prompts");
    }
    let mut lines = Vec::new();
    for line in source.open()?.lines() {
        let line = line.map_err(|e| anyhow!("{}: {e}", source.name()))?;
        if !line.trim().is_empty() {
            lines.push(line);
        }
    }
    let mut known = Languages::default();
    let requests: Vec<_> = lines.iter().map(|line| read(arguments, line, &mut known)).collect();
    let Some(first) = requests.iter().find_map(|(_, request)| request.as_ref().ok()) else {
        // Nothing to load a model for.
        return Writer::new(requests.len()).all_failed(requests);
    };
    // Lines of other experts share the model, under adapters of their own.
    let model = answer::load(arguments, first)?;
    let mut automata = HashMap::new();
    let mut groups = Groups::default();
    let rows: Vec<Row> = requests
        .into_iter()
        .map(|(id, request)| {
            let prompt = request.and_then(|request| {
                let group = groups.of(arguments, &model, &request)?;
                prepare(arguments, &model, &mut automata, request, group)
            });
            Row { id, prompt }
        })
        .collect();
    for (number, group) in groups.all.iter_mut().enumerate() {
        // What all prompts of a group begin with is read once.
        group.shared = shared(rows.iter().filter_map(|row| {
            let prompt = row.prompt.as_ref().ok()?;
            (prompt.group == number).then_some(&prompt.tokens)
        }));
        let tokens = std::mem::take(&mut group.shared);
        group.base.advance(&tokens)?;
        group.shared = tokens;
    }

    let mut writer = Writer::new(rows.len());
    let stop = interrupt::flag();
    let mut numbers = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        match &row.prompt {
            Ok(_) => numbers.push(number),
            Err(error) => writer.failed(number, &row.id, error)?,
        }
    }
    let drafter = examples.drafter(model.prompts());
    let jobs = numbers
        .iter()
        .take_while(|_| !stop.load(Ordering::Relaxed))
        .filter_map(|number| rows[*number].prompt.as_ref().ok())
        .map(|prompt| job(arguments, &model, &drafter, &groups.all[prompt.group], prompt));
    let mut written = Ok(());
    run_all(jobs, arguments.at_once, |at, answer| {
        let number = numbers[at];
        if written.is_ok() {
            written = writer.answered(number, &rows[number], answer);
        }
    });
    written?;
    writer.finish(stop.load(Ordering::Relaxed))
}

/// What a line asks for, as if it had been asked alone.
fn read(arguments: &Arguments, line: &str, known: &mut Languages) -> (Value, Result<Request>) {
    let Line { prompt, id, seed, context, max_tokens, expert, grammar, json_schema } =
        match serde_json::from_str(line) {
            Ok(line) => line,
            Err(error) => {
                let id = serde_json::from_str::<Value>(line).ok();
                let id = id.and_then(|line| line.get("id").cloned()).unwrap_or_default();
                return (id, Err(anyhow!("{error}")));
            }
        };
    let mut alone = arguments.clone();
    alone.prompt = Some(prompt);
    alone.context = context.or(alone.context);
    alone.sampling.seed = seed.unwrap_or(alone.sampling.seed);
    alone.max_tokens = max_tokens.unwrap_or(alone.max_tokens);
    alone.expert = expert.or(alone.expert);
    if grammar.is_some() && json_schema.is_some() {
        return (id.unwrap_or_default(), Err(anyhow!("expected `grammar` or `json_schema`")));
    }
    if grammar.is_some() {
        alone.grammar = grammar;
        alone.schema.clear();
    }
    if let Some(schema) = json_schema {
        alone.grammar = None;
        alone.options = Default::default();
        alone.schema.set_text("json_schema", schema.to_string());
    }
    let request = match alone.context.as_deref() {
        // A file is the business of whoever called, not of a line.
        Some(text) if text.starts_with('@') && alone.context != arguments.context => {
            Err(anyhow!("context: expected a text, not a file"))
        }
        _ => Request::new(&alone, known),
    };
    (id.unwrap_or_default(), request)
}

/// The prompt of a request, and its automaton, which requests of the same language share.
fn prepare(
    arguments: &Arguments,
    model: &Model,
    automata: &mut HashMap<usize, Arc<Automaton>>,
    request: Request,
    group: usize,
) -> Result<Prompt> {
    let automaton = match &request.language {
        None => None,
        Some(language) => Some(match automata.entry(language.identity()) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(place) => {
                let made = language.automaton(model.vocabulary().clone())?;
                Arc::clone(place.insert(made))
            }
        }),
    };
    let tokens = answer::prompt(arguments, model, &request)?;
    Ok(Prompt { request, automaton, tokens, group })
}

/// The tokens that all prompts begin with; not the last token of any, which has to be read to go on.
fn shared<'a>(mut prompts: impl Iterator<Item = &'a Vec<TokenId>>) -> Vec<TokenId> {
    let Some(first) = prompts.next() else { return Vec::new() };
    let mut shared = first.len().saturating_sub(1);
    for other in prompts {
        let most = shared.min(other.len().saturating_sub(1));
        shared = first.iter().zip(other).take(most).take_while(|(a, b)| a == b).count();
    }
    first[..shared].to_vec()
}

fn job<'a>(
    arguments: &Arguments,
    model: &'a Model,
    drafter: &'a Drafter,
    group: &Group,
    prompt: &Prompt,
) -> Result<Job<'a, Session>, DecodeError> {
    let decoder = answer::decoder(arguments, model, &prompt.request, drafter)?;
    drafter.learn(&prompt.tokens);
    let logits = group.base.fork().map_err(|error| LogitsError::Backend(Box::new(error)))?;
    Ok(Job {
        decoder,
        logits,
        prompt: prompt.tokens[group.shared.len()..].to_vec(),
        constraint: prompt.automaton.as_ref().map(Automaton::constraint),
    })
}

/// Writes rows in the order of the lines, as soon as those before are there.
struct Writer {
    out: std::io::BufWriter<std::io::StdoutLock<'static>>,
    waiting: BTreeMap<usize, Value>,
    next: usize,
    progress: ProgressBar,
    outcome: Outcome,
    failed: usize,
}

impl Writer {
    fn new(rows: usize) -> Self {
        Self {
            out: output::stdout(),
            waiting: BTreeMap::new(),
            next: 0,
            progress: output::progress(rows as u64),
            outcome: Outcome::Done,
            failed: 0,
        }
    }

    fn row(&mut self, number: usize, row: Value) -> Result<()> {
        self.waiting.insert(number, row);
        let mut any = false;
        while let Some(row) = self.waiting.remove(&self.next) {
            writeln!(self.out, "{row}")?;
            self.next += 1;
            any = true;
        }
        if any {
            self.out.flush()?;
        }
        self.progress.inc(1);
        Ok(())
    }

    fn failed(&mut self, number: usize, id: &Value, error: impl std::fmt::Display) -> Result<()> {
        self.failed += 1;
        self.row(number, json!({"id": id, "line": number + 1, "error": error.to_string()}))
    }

    fn answered(
        &mut self,
        number: usize,
        row: &Row,
        answer: Result<Generation, DecodeError>,
    ) -> Result<()> {
        let (Ok(prompt), Ok(answer)) = (&row.prompt, &answer) else {
            let error = answer.err().map(|error| error.to_string()).unwrap_or_default();
            return self.failed(number, &row.id, error);
        };
        let verdict = match prompt.request.validator {
            Some(validator) if answer::finished(answer) => Some(validator.check(&answer.text)),
            _ => None,
        };
        let outcome = match &verdict {
            _ if answer.finish == Finish::Interrupted => Outcome::Interrupted,
            _ if !answer::finished(answer) => Outcome::Unfinished,
            Some(Err(refusal)) if prompt.request.strict && !refusal.is_limit() => Outcome::Invalid,
            _ => Outcome::Done,
        };
        self.outcome = self.outcome.worse(outcome);
        let mut object = report::json(&prompt.request, answer, verdict.as_ref());
        if let Some(object) = object.as_object_mut() {
            object.shift_insert(0, "id".into(), row.id.clone());
        }
        self.row(number, object)
    }

    fn all_failed(mut self, rows: Vec<(Value, Result<Request>)>) -> Result<Outcome> {
        for (number, (id, request)) in rows.into_iter().enumerate() {
            if let Err(error) = request {
                self.failed(number, &id, error)?;
            }
        }
        self.finish(false)
    }

    /// Writes what waits for lines that were never answered.
    fn finish(mut self, stopped: bool) -> Result<Outcome> {
        for (_, row) in std::mem::take(&mut self.waiting) {
            writeln!(self.out, "{row}")?;
        }
        self.out.flush()?;
        self.progress.finish_and_clear();
        if self.failed > 0 {
            complain::failure(format_args!("{} of the lines have no answer", self.failed));
            self.outcome = self.outcome.worse(Outcome::Misuse);
        }
        if stopped {
            complain::failure("interrupted: the lines that are missing were not answered");
            self.outcome = self.outcome.worse(Outcome::Interrupted);
        }
        Ok(self.outcome)
    }
}
