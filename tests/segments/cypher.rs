//! Cypher.

use crate::cuts::Language;

const CYPHER: Language = Language {
    grammar: "cypher",
    corpus: "corpora/cypher/positive.jsonl",
    field: "text",
    few: 60,
    longest: 2_000,
};

#[test]
fn prefixes_are_viable() {
    CYPHER.prefixes_are_viable();
}

#[test]
fn texts_go_through_however_they_are_cut() {
    CYPHER.texts_go_through_however_they_are_cut();
}
