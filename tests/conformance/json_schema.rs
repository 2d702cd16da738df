//! The JSON Schema Test Suite, group by group: each is compiled and right in every case, or refused when it is compiled, or
//! wrong.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, TokenId, Vocabulary,
    schema::{Draft, Formats, SchemaOptions},
};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{figures::Figures, shared};

const DRAFTS: [&str; 5] = ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"];

/// One group as the suite has it: a schema and instances. Texts are kept as written: numbers may be longer than any machine
/// number.
#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Box<RawValue>,
    tests: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    description: String,
    data: Box<RawValue>,
    valid: bool,
}

/// What a group is meant to be read with.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The draft of schemas without `$schema`; the suite's name of it.
    draft: &'static str,
    /// The suite's required tests say that `format` is an annotation by default, its tests of the formats assert them.
    formats: Formats,
}

/// What became of a group.
#[derive(Debug)]
enum Outcome {
    Right,
    /// The schema was refused; why, in few words.
    Refused(String),
    /// Which instances were misjudged, or what went wrong otherwise.
    Wrong(String),
}

/// One token a byte, and an end.
static BYTES: LazyLock<Arc<Vocabulary>> = LazyLock::new(|| {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    tokens.push(b"<end>".to_vec());
    Arc::new(Vocabulary::new(tokens, &[], &[TokenId(256)]).expect("a vocabulary"))
});

/// The documents that the suite's references lead to, at the addresses that it gives them.
static DOCUMENTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let Some(root) = shared("json-schema-test-suite/remotes") else { return Vec::new() };
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let document = |path: PathBuf| {
        let name =
            path.strip_prefix(&root).expect("it is below").to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&path).expect("a file");
        (format!("http://localhost:1234/{name}"), text)
    };
    paths.into_iter().map(document).collect()
});

/// Strings and blanks over [`BYTES`] are the same in all schemas.
static COMPILER: LazyLock<SchemaCompiler> =
    LazyLock::new(|| SchemaCompiler::new(Arc::clone(&BYTES), &Limits::default()));

/// The automaton of a schema. The error is the refusal's kind and keyword.
fn compile(schema: &str, reading: Reading) -> Result<Arc<Automaton>, String> {
    let mut options = SchemaOptions::default();
    options.draft = match reading.draft {
        "draft4" => Draft::Draft4,
        "draft6" => Draft::Draft6,
        "draft7" => Draft::Draft7,
        "draft2019-09" => Draft::Draft201909,
        _ => Draft::Draft202012,
    };
    options.documents = DOCUMENTS.clone();
    options.formats = reading.formats;
    COMPILER
        .compile(schema, &options)
        .map_err(|error| format!("{:?} {}", error.kind(), error.keyword()))
}

/// Whether the text is a sentence, byte by byte; masks must say the same as `accept`.
fn accepts(mut sequence: Constraint, text: &str) -> Result<bool, String> {
    let end = TokenId(256);
    for (i, byte) in text.bytes().enumerate() {
        let token = TokenId(byte.into());
        let mask = sequence.mask().map_err(|error| error.to_string())?;
        let (allowed, may_end) = (mask.contains(token), mask.contains(end));
        if may_end != sequence.is_complete() {
            return Err(format!("mask and end disagree at byte {i} of {text}"));
        }
        if allowed != sequence.accept(token).is_ok() {
            return Err(format!("mask and accept disagree at byte {i} of {text}"));
        }
        if !allowed {
            return Ok(false);
        }
    }
    Ok(sequence.is_complete())
}

/// What becomes of a group; and whether it is right only in that it can be refused: by default a part of a format's strings
/// is let through, so that valid instances are refused, and `Formats::Exact` refuses the schema.
fn outcome(group: &Group, reading: Reading) -> (Outcome, bool) {
    let outcome = judge(group, reading);
    match &outcome {
        Outcome::Wrong(what) if !what.contains("accepts") => {
            match judge(group, Reading { formats: Formats::Exact, ..reading }) {
                Outcome::Refused(why) => (Outcome::Refused(why), true),
                _ => (outcome, false),
            }
        }
        _ => (outcome, false),
    }
}

fn judge(group: &Group, reading: Reading) -> Outcome {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let automaton = match compile(group.schema.get(), reading) {
            Ok(automaton) => automaton,
            Err(why) => {
                // "No value at all is an instance" is a verdict, too.
                let valid = group.tests.iter().find(|test| test.valid);
                return match valid.filter(|_| why.starts_with("Unsatisfiable")) {
                    Some(valid) => Outcome::Wrong(format!("no instance: {}", valid.description)),
                    None => Outcome::Refused(why),
                };
            }
        };
        let mut wrong = Vec::new();
        for instance in &group.tests {
            match accepts(automaton.constraint(), &one_line(instance.data.get())) {
                Ok(accepted) if accepted == instance.valid => {}
                Ok(true) => wrong.push(format!("accepts \"{}\"", instance.description)),
                Ok(false) => wrong.push(format!("refuses \"{}\"", instance.description)),
                Err(why) => wrong.push(why),
            }
        }
        if wrong.is_empty() { Outcome::Right } else { Outcome::Wrong(wrong.join("; ")) }
    }));
    judged.unwrap_or_else(|_| Outcome::Wrong("a panic".to_owned()))
}

/// The text without blanks between its parts.
fn one_line(json: &str) -> String {
    let (mut line, mut in_string, mut escaped) = (String::new(), false, false);
    for c in json.chars() {
        if in_string || !c.is_ascii_whitespace() {
            line.push(c);
        }
        match c {
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && c == '\\' && !escaped;
    }
    line
}

/// JSON files at any depth below.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
}

/// Counts, per draft, of the required and the optional groups: compiled, right in every case, wrong in one.
pub(crate) fn suite(figures: &mut Figures) {
    let Some(root) = shared("json-schema-test-suite/tests") else { return };
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    for draft in DRAFTS {
        let mut paths = Vec::new();
        files(&root.join(draft), &mut paths);
        for path in paths {
            let inside = path.strip_prefix(root.join(draft)).expect("it is below");
            let inside = inside.to_string_lossy().replace('\\', "/");
            let kind = if inside.starts_with("optional/") { "optional" } else { "required" };
            let formats = match inside.starts_with("optional/format") {
                true => Formats::Assert,
                false => Formats::Annotate,
            };
            let reading = Reading { draft, formats };
            let text = std::fs::read_to_string(&path).expect("a file");
            let groups: Vec<Group> = serde_json::from_str(&text).expect("groups");
            let outcomes: Vec<(Outcome, bool)> =
                groups.par_iter().map(|group| outcome(group, reading)).collect();
            for (group, (outcome, narrowed)) in groups.iter().zip(outcomes) {
                let (compiled, right) = match &outcome {
                    Outcome::Right => (true, true),
                    Outcome::Refused(_) => (false, false),
                    Outcome::Wrong(_) => (true, false),
                };
                // Refused for having no instance, and none is valid: as good as compiled, but no automaton.
                let empty = matches!(&outcome, Outcome::Refused(why) if why.starts_with("Unsat"));
                for (name, so) in [
                    ("compiled", compiled),
                    ("right", right),
                    ("wrong", compiled && !right),
                    ("no-instance", empty),
                    ("narrowed-by-default", narrowed),
                ] {
                    let slot = figures.entry(format!("{draft}/{kind}/{name}")).or_default();
                    slot.0 += usize::from(so);
                    slot.1 += 1;
                }
                match outcome {
                    Outcome::Right => {}
                    Outcome::Refused(why) => {
                        if std::env::var_os("SCHEMA_SHOW").is_some() {
                            eprintln!("refused: {draft}/{inside}: {}: {why}", group.description);
                        }
                        *refusals.entry(why).or_default() += 1;
                    }
                    Outcome::Wrong(what) => {
                        eprintln!("{draft}/{inside}: {}: {what}", group.description);
                    }
                }
            }
        }
    }
    for (why, count) in refusals {
        eprintln!("{count:>6} groups refused: {why}");
    }
}

#[test]
fn blanks_in_strings_stay() {
    assert_eq!(one_line("{ \"a b\" :\n [ 1, \"\\\" \\\\\" ] }"), r#"{"a b":[1,"\" \\"]}"#);
}
