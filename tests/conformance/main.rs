//! What share of real texts the shipped grammars accept, held to the committed `figures.txt`: a worse figure fails, a
//! better one is to be written down (`UPDATE_FIGURES=1 cargo test --test conformance`).
//!
//! The corpora lie beside the repository in `../shared`; where they do not, this says so and checks nothing.

#![allow(clippy::print_stderr, reason = "a skipped corpus must be seen")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use constrained_gen::{CompiledGrammar, Limits, library};
use rayon::prelude::*;

/// Figures: name -> (count, of how many). For names with `refused` in them and for the others more is better; for
/// `accepted-invalid` fewer is.
type Figures = BTreeMap<String, (usize, usize)>;

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

#[test]
fn figures_are_no_worse_than_written_down() {
    let mut figures = Figures::new();
    sql(&mut figures);
    json(&mut figures);
    if figures.is_empty() {
        return;
    }
    let file = root().join("tests/conformance/figures.txt");
    let mut text = String::new();
    for (name, (count, of)) in &figures {
        let share = *count as f64 * 100.0 / (*of).max(1) as f64;
        let _ = writeln!(text, "{name:<32} {count:>6} of {of:>6}  {share:6.2} %");
    }
    eprintln!("{text}");
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        std::fs::write(&file, &text).expect("the figures can be written");
        return;
    }
    let committed = std::fs::read_to_string(&file).expect("tests/conformance/figures.txt");
    let mut worse = Vec::new();
    for line in committed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, count, "of", of, ..] = words[..] else { panic!("figures.txt: {line}") };
        let Some(&(now, now_of)) = figures.get(name) else { continue };
        let (count, of): (usize, usize) =
            (count.parse().expect("a count"), of.parse().expect("a count"));
        if of != now_of {
            eprintln!("{name}: another corpus ({now_of} texts, not {of}), not compared");
            continue;
        }
        let (is_worse, is_better) = match name.ends_with("accepted-invalid") {
            true => (now > count, now < count),
            false => (now < count, now > count),
        };
        if is_better {
            eprintln!("{name}: better than written down ({now}, not {count}): write it down");
        }
        if is_worse {
            worse.push(format!("{name}: {now}, was {count}"));
        }
    }
    assert!(worse.is_empty(), "worse than written down: {worse:?}");
}
