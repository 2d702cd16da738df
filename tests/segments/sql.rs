//! SQL.

use crate::cuts::Language;

const SQL: Language = Language {
    grammar: "sql-postgres",
    corpus: "corpora/sql/both.jsonl",
    field: "sql",
    few: 40,
    longest: 2_000,
};

#[test]
fn prefixes_are_viable() {
    SQL.prefixes_are_viable();
}

#[test]
fn texts_go_through_however_they_are_cut() {
    SQL.texts_go_through_however_they_are_cut();
}
