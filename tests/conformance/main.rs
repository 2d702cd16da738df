//! What share of real texts the shipped grammars accept, and how much of the JSON Schema Test Suite is done right, held
//! to the committed `figures.txt` and `json_schema.txt`: a worse figure fails, a better one is to be written down
//! (`UPDATE_FIGURES=1 cargo test --test conformance`).
//!
//! The corpora lie beside the repository in `../shared`; where they do not, this says so and checks nothing.

#![allow(clippy::print_stderr, reason = "a skipped corpus must be seen")]

mod cypher_shape;
mod figures;
mod json_schema;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use constrained_gen::{CompiledGrammar, Limits, frontend::Options, library};
use figures::Figures;
use rayon::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there, its figures are not checked", path.display());
    None
}

/// A grammar that ships, for texts that people wrote.
fn compiled(name: &str) -> Arc<CompiledGrammar> {
    let limits = Limits::default();
    let grammar = library::grammar_with(name, &Options::default().reading(), &limits);
    CompiledGrammar::new(&grammar.expect("it ships"), &limits).expect("it compiles")
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("a corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

/// Whether the text in this field is a sentence.
fn accepts(grammar: &Arc<CompiledGrammar>, row: &serde_json::Value, field: &str) -> bool {
    grammar.recognizer().check(row[field].as_str().expect("a text").as_bytes()).is_ok()
}

/// SQL by where the texts are from, and all statements that read or change rows.
fn sql(figures: &mut Figures) {
    const DML: [&str; 5] = ["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"];
    let grammar = compiled("sql-postgres");
    let accepts = |row: &serde_json::Value| accepts(&grammar, row, "sql");
    if let Some(path) = shared("corpora/sql/both.jsonl") {
        let rows = lines(&path);
        let verdicts: Vec<bool> = rows.par_iter().map(accepts).collect();
        for (row, accepted) in rows.iter().zip(verdicts) {
            let kind = row["kind"].as_str().unwrap_or("");
            let about_rows = DML.contains(&kind).then_some("sql/dml");
            let group = format!("sql/{}", row["group"].as_str().unwrap_or(""));
            for name in [Some("sql/all"), about_rows, Some(&group)].into_iter().flatten() {
                let slot = figures.entry(name.into()).or_default();
                slot.0 += usize::from(accepted);
                slot.1 += 1;
            }
        }
    }
    if let Some(path) = shared("corpora/sql/invalid.jsonl") {
        let rows = lines(&path);
        let accepted: Vec<&serde_json::Value> =
            rows.par_iter().filter(|row| accepts(row)).collect();
        for row in &accepted {
            eprintln!("accepted, but PostgreSQL refuses it: {}", row["sql"]);
        }
        figures.insert("sql/accepted-invalid".into(), (accepted.len(), rows.len()));
    }
}

/// The words that begin a command instead of a query.
fn is_command(text: &str) -> bool {
    const FIRST: [&str; 13] = [
        "show",
        "terminate",
        "grant",
        "deny",
        "revoke",
        "rename",
        "alter",
        "start",
        "stop",
        "enable",
        "dryrun",
        "deallocate",
        "reallocate",
    ];
    const CREATED: [&str; 16] = [
        "or",
        "range",
        "text",
        "point",
        "lookup",
        "fulltext",
        "vector",
        "immutable",
        "composite",
        "index",
        "constraint",
        "database",
        "user",
        "role",
        "alias",
        "auth",
    ];
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    let mut words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut next = || words.next().unwrap_or_default().to_ascii_lowercase();
    let mut word = next();
    while ["explain", "profile", "cypher", "5", "25"].contains(&word.as_str()) {
        word = next();
    }
    if word == "use" {
        (_, word) = (next(), next());
    }
    FIRST.contains(&word.as_str())
        || word == "drop"
        || word == "create" && rest.len() > 6 && {
            // `CREATE (index)` is no command: a word follows, no bracket.
            let after = rest.to_ascii_lowercase();
            let at = after.find("create").map_or(0, |at| at + 6);
            !after[at..].trim_start().starts_with('(') && CREATED.contains(&next().as_str())
        }
}

/// Cypher: of the positive texts by source, commands under their own start; of the negative none; of those that parse and are
/// refused for their shape or meaning, as few as a grammar can.
fn cypher(figures: &mut Figures) {
    let query = compiled("cypher");
    let commands = compiled("cypher:administration");
    let newer = compiled("cypher:cypher_25");
    let text = |row: &serde_json::Value| row["text"].as_str().expect("a text").to_owned();
    let accepts = |grammar: &_, row: &_| accepts(grammar, row, "text");
    if let Some(path) = shared("corpora/cypher/positive.jsonl") {
        for row in lines(&path) {
            let source = row["source"].as_str().unwrap_or("");
            let (name, grammar) = if is_command(&text(&row)) {
                ("administration", &commands)
            } else if source.starts_with("llm") {
                ("llm", &query)
            } else if row["v5"] == "ok" {
                (source, &query)
            } else {
                ("cypher-25", &newer)
            };
            let slot = figures.entry(format!("cypher/{name}")).or_default();
            slot.0 += usize::from(accepts(grammar, &row));
            slot.1 += 1;
        }
    }
    for (file, name) in [
        ("negative", "cypher/accepted-invalid"),
        ("shape-rejects", "cypher/shape/accepted-invalid"),
    ] {
        let Some(path) = shared(&format!("corpora/cypher/{file}.jsonl")) else { continue };
        let rows = lines(&path);
        let accepted = rows.iter().filter(|row| accepts(&query, row)).count();
        figures.insert(name.into(), (accepted, rows.len()));
    }
    if let Some(path) = shared("corpora/cypher/schema-queries.jsonl") {
        let rows: Vec<_> = lines(&path).into_iter().filter(|row| row["label"] == "gold").collect();
        let accepted = rows.iter().filter(|row| accepts(&query, row)).count();
        figures.insert("cypher/gold".into(), (accepted, rows.len()));
    }
}

fn json(figures: &mut Figures) {
    let Some(path) = shared("json-test-suite/test_parsing") else { return };
    let grammar = compiled("json");
    for entry in std::fs::read_dir(path).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let accepted = grammar.recognizer().check(&std::fs::read(&path).expect("a file")).is_ok();
        let (figure, good) = match name.get(..2) {
            Some("y_") => ("json/y-accepted", accepted),
            Some("n_") => ("json/n-refused", !accepted),
            _ => continue,
        };
        if !good {
            eprintln!("{figure}: not so for {name}");
        }
        let slot = figures.entry(figure.into()).or_default();
        slot.0 += usize::from(good);
        slot.1 += 1;
    }
}

fn typescript(figures: &mut Figures) {
    let grammar = compiled("typescript");
    let accepts = |row: &serde_json::Value| accepts(&grammar, row, "text");
    if let Some(path) = shared("corpora/typescript/positive.jsonl") {
        let rows = lines(&path);
        let verdicts: Vec<bool> = rows.par_iter().map(accepts).collect();
        for (row, accepted) in rows.iter().zip(verdicts) {
            let source = row["source"].as_str().unwrap_or("");
            let slot = figures.entry(format!("typescript/{source}")).or_default();
            slot.0 += usize::from(accepted);
            slot.1 += 1;
        }
    }
    if let Some(path) = shared("corpora/typescript/negative.jsonl") {
        let rows = lines(&path);
        let accepted: Vec<&serde_json::Value> =
            rows.par_iter().filter(|row| accepts(row)).collect();
        for row in &accepted {
            eprintln!("accepted, but the compiler refuses it: {}", row["id"]);
        }
        figures.insert("typescript/accepted-invalid".into(), (accepted.len(), rows.len()));
        let ending: Vec<_> = rows.iter().filter(|row| row["at_end"] == true).collect();
        let begins = |row: &&&serde_json::Value| {
            let text = row["text"].as_str().expect("a text");
            grammar.recognizer().push(text.as_bytes()).is_ok()
        };
        let viable = ending.par_iter().filter(begins).count();
        figures.insert("typescript/begun-viable".into(), (viable, ending.len()));
    }
}

#[test]
fn figures_are_no_worse_than_written_down() {
    let mut figures = Figures::new();
    sql(&mut figures);
    cypher(&mut figures);
    json(&mut figures);
    typescript(&mut figures);
    figures::hold("figures.txt", &figures);
}

#[test]
fn json_schema_figures_are_no_worse_than_written_down() {
    let mut figures = Figures::new();
    json_schema::suite(&mut figures);
    figures::hold("json_schema.txt", &figures);
}
