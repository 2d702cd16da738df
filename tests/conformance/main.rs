//! What share of real texts the shipped grammars accept, and how much of the JSON Schema Test Suite is done right, held
//! to the committed `figures.txt` and `json_schema.txt`: a worse figure fails, a better one is to be written down
//! (`UPDATE_FIGURES=1 cargo test --test conformance`).
//!
//! The corpora lie beside the repository in `../shared`; where they do not, this says so and checks nothing.

#![allow(clippy::print_stderr, reason = "a skipped corpus must be seen")]

mod figures;
mod json_schema;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use constrained_gen::{CompiledGrammar, Limits, library};
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

fn compiled(name: &str) -> Arc<CompiledGrammar> {
    let limits = Limits::default();
    CompiledGrammar::new(&library::grammar(name, &limits).expect("it ships"), &limits)
        .expect("it compiles")
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("a corpus");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect()
}

fn sql(figures: &mut Figures) {
    let grammar = compiled("sql-postgres");
    let accepts = |row: &serde_json::Value| {
        let text = row["sql"].as_str().expect("a text");
        grammar.recognizer().check(text.as_bytes()).is_ok()
    };
    if let Some(path) = shared("corpora/sql/both.jsonl") {
        let rows = lines(&path);
        let verdicts: Vec<bool> = rows.par_iter().map(accepts).collect();
        for (row, accepted) in rows.iter().zip(verdicts) {
            let kind = row["kind"].as_str().unwrap_or("");
            if !["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"].contains(&kind) {
                continue;
            }
            let group = row["group"].as_str().unwrap_or("");
            let slot = figures.entry(format!("sql/{group}/{kind}")).or_default();
            slot.0 += usize::from(accepted);
            slot.1 += 1;
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
    let accepts = |row: &serde_json::Value| {
        let text = row["text"].as_str().expect("a text");
        grammar.recognizer().check(text.as_bytes()).is_ok()
    };
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
