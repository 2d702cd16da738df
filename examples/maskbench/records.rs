//! What happened, schema by schema and in sum?

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::{
    corpus::Schema,
    engines::Refusal,
    figures::{Figures, Tally, rounded},
    protocol::{Run, near},
};

/// A file of JSON lines, one per schema and pass; each is written out at once, so that the last line tells where a process
/// died.
pub(crate) struct Records(Option<BufWriter<File>>);

impl Records {
    pub(crate) fn create(path: Option<&Path>) -> anyhow::Result<Self> {
        let file = path.map(|path| File::create(path).with_context(|| path.display().to_string()));
        Ok(Self(file.transpose()?.map(BufWriter::new)))
    }

    pub(crate) fn write(
        &mut self,
        file: &str,
        name: &str,
        pass: u32,
        runs: &[(&'static str, Run)],
    ) -> anyhow::Result<()> {
        let Some(out) = &mut self.0 else { return Ok(()) };
        let mut engines = Map::new();
        for (engine, run) in runs {
            engines.insert((*engine).to_owned(), record(run));
        }
        let line = json!({ "name": name, "file": file, "pass": pass, "engines": engines });
        writeln!(out, "{line}")?;
        out.flush()?;
        Ok(())
    }
}

/// The slowest masks of a pass.
pub(crate) struct Slowest {
    most: usize,
    /// Time, schema, instance, token, and the text there; the slowest first.
    masks: Vec<(f32, String, usize, usize, String)>,
}

impl Slowest {
    /// None so far, of at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, masks: Vec::new() }
    }

    /// Looks at the masks of one schema.
    pub(crate) fn add(&mut self, schema: &Schema, run: &Run, text: &dyn Fn(u32) -> Vec<u8>) {
        for (at, &time) in run.tbm.iter().enumerate() {
            let place = self.masks.partition_point(|mask| mask.0 >= time);
            if place < self.most {
                let test = run.starts.partition_point(|start| *start <= at).saturating_sub(1);
                let token = at - run.starts.get(test).copied().unwrap_or(0);
                let near = schema.tests.get(test).map(|test| near(test, token, text));
                let name = schema.name.clone();
                self.masks.insert(place, (time, name, test, token, near.unwrap_or_default()));
                self.masks.truncate(self.most);
            }
        }
    }

    /// To standard error.
    pub(crate) fn print(&self, pass: u32) {
        for (time, name, test, token, near) in &self.masks {
            eprintln!(
                "pass {pass}: {time:>9.1} us  {name}, instance {test}, token {token}: {near:?}"
            );
        }
    }
}

fn refusal(refusal: &Refusal) -> Value {
    json!({ "keyword": refusal.keyword, "pointer": refusal.pointer, "message": refusal.message })
}

fn record(run: &Run) -> Value {
    let mut record = json!({
        "outcome": run.outcome,
        "compile_us": rounded(run.compile.into()),
        "ttfm_us": run.ttfm.map(|time| rounded(time.into())),
        "masks": run.tbm.len(),
        "tbm_us": Figures::of(run.tbm.clone()),
    });
    let members = record.as_object_mut().expect("an object");
    if run.loose != run.outcome {
        members.insert("without_may_end".into(), json!(run.loose));
    }
    if let Some(why) = &run.refusal {
        members.insert("refusal".into(), refusal(why));
    }
    if !run.warnings.is_empty() {
        members.insert("warnings".into(), run.warnings.iter().map(refusal).collect());
    }
    if !run.failures.is_empty() {
        members.insert("failures".into(), json!(run.failures));
    }
    record
}

/// Prints the names of some schemas that an engine compiled and did wrong.
pub(crate) fn print_wrong(engine: &str, tally: &Tally) {
    const SHOWN: usize = 20;
    if tally.wrong.is_empty() {
        return;
    }
    eprintln!("{engine} did {} of {} schemas wrong:", tally.wrong.len(), tally.schemas());
    for (outcome, name) in tally.wrong.iter().take(SHOWN) {
        eprintln!("  {outcome:?}  {name}");
    }
    if tally.wrong.len() > SHOWN {
        eprintln!("  and {} others", tally.wrong.len() - SHOWN);
    }
}

/// Prints what an engine refused, most frequent first.
pub(crate) fn print_refusals(engine: &str, tally: &Tally) {
    const SHOWN: usize = 40;
    if tally.refusals.is_empty() {
        return;
    }
    let mut rows: Vec<_> = tally.refusals.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let count: usize = rows.iter().map(|row| row.1).sum();
    eprintln!("{engine} refused {count} of {} schemas:", tally.schemas());
    for (kind, count) in rows.iter().take(SHOWN) {
        eprintln!("{count:>6}  {kind}");
    }
    if rows.len() > SHOWN {
        let left: usize = rows[SHOWN..].iter().map(|row| row.1).sum();
        eprintln!("{left:>6}  for {} other reasons", rows.len() - SHOWN);
    }
}
