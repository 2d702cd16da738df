//! `%slot names` of `sql-postgres`: with the names of a schema no other can be written, and what people ask of it goes through.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use constrained_gen::{CompiledGrammar, Limits, Recognizer, frontend::Options, library};
use sqlparser::{
    dialect::PostgreSqlDialect,
    keywords::Keyword,
    tokenizer::{Token, Tokenizer},
};

/// A recognizer of any statement.
fn read_with(options: &Options) -> Recognizer {
    let limits = Limits::default();
    let grammar = library::grammar_with("sql-postgres", options, &limits).expect("it ships");
    CompiledGrammar::new(&grammar, &limits).expect("it compiles").recognizer()
}

/// A recognizer under which these are all the names.
fn only(names: impl IntoIterator<Item = String>) -> Recognizer {
    let texts = names.into_iter().map(|name| vec![name]).collect();
    read_with(&Options::default().list("names", texts))
}

fn accepts(reader: &Recognizer, text: &str) -> bool {
    reader.clone().check(text.as_bytes()).is_ok()
}

#[test]
fn no_other_name_can_be_written() {
    let names = ["users", "id", "Name", "t1", "order", "\"Song Name\"", "\"x\"\"y\"", "count"];
    let reader = only(names.map(str::to_owned));
    for text in [
        "SELECT id, t1.name FROM users t1 WHERE t1.ID = 3",
        "SELECT \"Song Name\", \"x\"\"y\" FROM users AS t1 ORDER BY NAME",
        "SELECT t1.order, count(id) count, lower(name)::text AS id FROM users t1",
        "WITH t1 AS (SELECT 1 AS id) SELECT id FROM t1",
        "INSERT INTO users (id, name) VALUES (1, 'nobody')",
    ] {
        assert!(accepts(&reader, text), "{text}");
    }
    for text in [
        "SELECT nam FROM users",
        "SELECT names FROM users",
        "SELECT id FROM user1",
        "SELECT t2.id FROM users",
        "SELECT t1.nam FROM users t1",
        "SELECT id FROM users u",
        "SELECT id AS other FROM users",
        "SELECT id other FROM users",
        "SELECT \"song name\" FROM users",
        "SELECT \"id\" FROM users",
        "SELECT order FROM users",
        // One word is not two.
        "SELECTid FROM users",
        "SELECT idname FROM users",
        "SELECT id1 FROM users",
        "SELECT id FROM departments()",
        "SELECT nam(id) FROM users",
        "INSERT INTO users (nam) VALUES (1)",
    ] {
        assert!(!accepts(&reader, text), "{text}");
    }
    // Without a name there are none, and the rest is as before.
    let reader = only([]);
    assert!(accepts(&reader, "SELECT 1 + pi()") && !accepts(&reader, "SELECT a"));
    // Functions of one's own are listed.
    let lists = Options::default()
        .list("names", vec![vec!["users".to_owned()]])
        .list("functions", vec![vec!["area".to_owned()]]);
    let reader = read_with(&lists);
    assert!(accepts(&reader, "SELECT area(1) FROM users"));
    assert!(!accepts(&reader, "SELECT lower('a') FROM users"));
}

/// The words of a statement as they are spelled, with the places of those that are names for sure.
fn words(text: &str) -> (BTreeSet<String>, Vec<(usize, usize)>) {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location();
    let tokens = tokens.expect("it was parsed before");
    let mut tokens: Vec<_> =
        tokens.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    tokens.dedup_by_key(|token| token.span);
    let offset = |line: u64, column: u64| {
        let before: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
        let line = &text[before..];
        before + line.chars().take(column as usize - 1).map(char::len_utf8).sum::<usize>()
    };
    let (mut all, mut names) = (BTreeSet::new(), Vec::new());
    for (i, token) in tokens.iter().enumerate() {
        let Token::Word(word) = &token.token else { continue };
        all.insert(word.to_string());
        let is_call = matches!(tokens.get(i + 1), Some(next) if next.token == Token::LParen);
        let is_type = i > 0
            && match &tokens[i - 1].token {
                Token::DoubleColon => true,
                Token::Word(before) => before.keyword == Keyword::AS,
                _ => false,
            };
        let is_name = word.keyword == Keyword::NoKeyword && word.quote_style.is_none();
        if is_name && !is_call && !is_type {
            let (start, end) = (token.span.start, token.span.end);
            names.push((offset(start.line, start.column), offset(end.line, end.column)));
        }
    }
    (all, names)
}

fn queries(file: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line of the corpus")).collect()
}

/// Real queries over real schemas, where they are there.
#[test]
fn what_is_asked_of_a_schema_goes_through_and_inventions_do_not() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/sql/schemas");
    let Ok(schemas) = std::fs::read_dir(&root) else {
        eprintln!("skipped: no schemas at {}", root.display());
        return;
    };
    let plain = read_with(&Options::default());
    let (mut asked, mut changed, mut invented, mut refused) = (0, 0, 0, 0);
    for schema in schemas {
        let schema = schema.expect("a folder").path();
        let Ok(ddl) = std::fs::read_to_string(schema.join("schema.sql")) else { continue };
        let mut names = words(&ddl).0;
        let gold: Vec<String> = queries(&schema.join("gold.jsonl"))
            .iter()
            .filter_map(|query| query["sql"].as_str().map(str::to_owned))
            .filter(|text| accepts(&plain, text))
            .collect();
        // Aliases and labels belong to the list.
        names.extend(gold.iter().flat_map(|text| words(text).0));
        let reader = only(names.clone());
        for text in &gold {
            assert!(accepts(&reader, text), "{}: {text}", schema.display());
            asked += 1;
            // Any one of its names exchanged for one that is not on the list.
            for (start, end) in words(text).1 {
                let other = format!("{}zz_{}", &text[..start], &text[start..]);
                assert!(!accepts(&reader, &other), "{start}..{end} of {other}");
                changed += 1;
            }
        }
        for query in queries(&schema.join("rejected.jsonl")) {
            let text = query["sql"].as_str().unwrap_or_default();
            if matches!(query["sqlstate"].as_str(), Some("42703" | "42P01"))
                && accepts(&plain, text)
            {
                invented += 1;
                refused += usize::from(!accepts(&reader, text));
            }
        }
    }
    eprintln!(
        "{asked} queries accepted, {changed} with one other name refused; of {invented} real queries with a column or table \
         that is not there {refused} cannot be written"
    );
}
