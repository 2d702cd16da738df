//! SECURITY.md's table of limits says what the code says.

use std::path::Path;

use constrained_gen::Limits;

/// The rows: a field of [`Limits`] and what its documentation says.
fn rows() -> String {
    let source = include_str!("../src/limits.rs");
    let body = source.split("pub struct Limits {").nth(1).expect("the structure");
    let body = body.split("\n}").next().expect("its end");
    let mut rows = String::from("| limit | what it bounds, and its default |\n|---|---|\n");
    let mut text = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            text.push(comment.trim());
        } else if let Some(field) = line.strip_prefix("pub ") {
            let name = field.split(':').next().expect("a name");
            rows += &format!("| `{name}` | {} |\n", text.join(" "));
            text.clear();
        }
    }
    rows
}

#[test]
fn the_table_of_limits_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("SECURITY.md");
    let text = std::fs::read_to_string(&path).expect("SECURITY.md");
    let (begin, end) = ("<!-- limits: begin -->\n", "<!-- limits: end -->");
    let from = text.find(begin).expect("the mark before the table") + begin.len();
    let to = from + text[from..].find(end).expect("the mark after the table");
    if std::env::var_os("UPDATE_FIGURES").is_some() {
        let new = [&text[..from], &rows(), &text[to..]].concat();
        std::fs::write(&path, new).expect("SECURITY.md is written");
        return;
    }
    assert_eq!(text[from..to], rows(), "UPDATE_FIGURES=1 writes the table anew");
}

#[test]
fn trusted_limits_are_wider() {
    let (untrusted, trusted) = (Limits::untrusted(), Limits::trusted());
    assert_eq!(untrusted, Limits::default());
    assert!(trusted.grammar_work > untrusted.grammar_work);
    assert!(trusted.schema_work > untrusted.schema_work);
    assert!(trusted.dfa_bytes > untrusted.dfa_bytes && trusted.step_work > untrusted.step_work);
}
