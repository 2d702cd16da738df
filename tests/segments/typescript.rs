//! TypeScript.

use crate::cuts::Language;

const TYPESCRIPT: Language = Language {
    grammar: "typescript",
    corpus: "corpora/typescript/positive.jsonl",
    field: "text",
    few: 25,
    longest: 2_000,
};

#[test]
fn prefixes_are_viable() {
    TYPESCRIPT.prefixes_are_viable();
}

#[test]
fn texts_go_through_however_they_are_cut() {
    TYPESCRIPT.texts_go_through_however_they_are_cut();
}
