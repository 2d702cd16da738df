//! The profiles of `sql-postgres`: that read-only refuses what could change something, however it is wrapped.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

use std::path::PathBuf;

use constrained_gen::{
    CompiledGrammar, Limits, Recognizer,
    frontend::Options,
    library::{self, LibraryError},
};

const REFUSED: &str = include_str!("data/sql/read_only_refused.txt");

/// A recognizer of a profile; `reading` lets comments in.
fn profile(options: Options) -> Recognizer {
    let limits = Limits::default();
    let grammar = library::grammar_with("sql-postgres", &options, &limits).expect("it ships");
    CompiledGrammar::new(&grammar, &limits).expect("it compiles").recognizer()
}

fn at(start: &str) -> Options {
    Options::default().start(start)
}

fn accepts(reader: &Recognizer, text: &str) -> bool {
    reader.clone().check(text.as_bytes()).is_ok()
}

/// The statements of a list: one a line, lines that begin with a blank go on with the one before.
fn statements(list: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        match found.last_mut() {
            Some(last) if line.starts_with(' ') => *last += &format!("\n{line}"),
            _ => found.push(line.to_owned()),
        }
    }
    found
}

/// The words of a statement outside of strings, quoted names and comments, each with whether a parenthesis follows it.
fn words(text: &str) -> Vec<(String, bool)> {
    let bytes = text.as_bytes();
    let (mut found, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        match bytes[i] {
            quote @ (b'\'' | b'"') => {
                i += 1;
                while i < bytes.len() && bytes[i] != quote {
                    i += 1;
                }
                i += 1;
            }
            b'-' if bytes[i..].starts_with(b"--") => {
                i += bytes[i..].iter().position(|&b| b == b'\n').unwrap_or(bytes.len() - i);
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let start = i;
                while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_') {
                    i += 1;
                }
                let rest = text[i..].trim_start();
                found.push((text[start..i].to_ascii_lowercase(), rest.starts_with('(')));
            }
            _ => i += 1,
        }
    }
    found
}

#[test]
fn the_list_of_what_read_only_refuses() {
    for options in [at("read_only"), at("read_only").reading()] {
        let reader = profile(options);
        let accepted: Vec<String> =
            statements(REFUSED).into_iter().filter(|text| accepts(&reader, text)).collect();
        assert!(accepted.is_empty(), "{accepted:#?}");
    }
    // Whatever may be called, nothing else may be done.
    let (reader, mut refused) = (profile(at("read_only_any_function")), 0);
    let calls = ["(", "explain", "values"];
    for text in statements(REFUSED) {
        let first = text.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        if first != "select" && !calls.contains(&first.as_str()) {
            assert!(!accepts(&reader, &text), "{text}");
            refused += 1;
        }
    }
    assert!(refused > 60, "{refused}");
}

#[test]
fn read_only_reads_queries() {
    let reader = profile(at("read_only"));
    for text in [
        "SELECT 1",
        "SELECT a, lower(b) FROM t WHERE c IN (SELECT d FROM u) ORDER BY a LIMIT 10;",
        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT sum(n) FROM x",
        "SELECT date_trunc('month', a), count(DISTINCT b) FILTER (WHERE c) FROM t GROUP BY 1",
        "SELECT rank() OVER (PARTITION BY a ORDER BY b), \"nextval\", setval FROM t",
        "SELECT * FROM generate_series(1, 3) AS g (n), unnest(ARRAY[1, 2]) AS u",
        "SELECT COALESCE(a, b), CAST(c AS int), EXTRACT(year FROM d), SUBSTRING(e FROM 1 FOR 2) FROM t",
        "VALUES (1, 'a'), (2, 'b')",
    ] {
        assert!(accepts(&reader, text), "{text}");
    }
}

#[test]
fn the_caller_says_what_may_be_called() {
    let words = |name: &str| {
        name.split('.').flat_map(|part| [".", part]).skip(1).map(str::to_owned).collect()
    };
    let list = ["my_function", "geo.distance", "geo.area", "position", "count"];
    let options = at("read_only").list("functions", list.map(words).to_vec());
    let reader = profile(options);
    for text in [
        "SELECT my_function(1), MY_FUNCTION (2), geo . distance(a, b), geo.area(c), count(*)",
        "SELECT COALESCE(a, POSITION('a' IN b)) FROM my_function(1) AS x (y)",
        "SELECT lower, geo.width, geo.distance FROM geo.area",
    ] {
        assert!(accepts(&reader, text), "{text}");
    }
    for text in [
        "SELECT lower(a)",
        "SELECT distance(a, b)",
        "SELECT public.my_function(1)",
        "SELECT other.geo.distance(a, b)",
        "SELECT geo.width(1)",
        "SELECT \"my_function\"(1)",
        // On the list, but its syntax is its own.
        "SELECT position('a', 'b')",
    ] {
        assert!(!accepts(&reader, text), "{text}");
    }
    // An empty list: no calls, the rest as before.
    let reader = profile(at("full").list("functions", Vec::new()));
    assert!(accepts(&reader, "SELECT a FROM t") && accepts(&reader, "DELETE FROM t"));
    assert!(!accepts(&reader, "SELECT lower(a)"));
    let partition =
        |bound| format!("CREATE TABLE t PARTITION OF u FOR VALUES FROM ({bound}) TO (1)");
    assert!(accepts(&reader, &partition("0")) && !accepts(&reader, &partition("lower(a)")));
    // A list that the grammar does not ask for.
    let options = Options::default().list("tables", vec![words("t")]);
    let refused = library::grammar_with("sql-postgres", &options, &Limits::default());
    assert!(
        matches!(refused, Err(LibraryError::Grammar(error)) if error.message.contains("tables"))
    );
}

/// The corpus, where it is there: what read-only accepts of it is a query, locks nothing and calls what is on the list.
#[test]
fn what_read_only_accepts_of_the_corpus_changes_nothing() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/sql");
    // Functions with effects, by how their names begin.
    let effects = [
        "nextval",
        "setval",
        "currval",
        "lastval",
        "set_config",
        "setseed",
        "pg_",
        "lo_",
        "dblink",
        "txid_",
        "query_to_",
        "ts_stat",
        "ts_rewrite",
    ];
    let (mut accepted, mut queries, mut others) = (0, 0, 0);
    let reader = profile(at("read_only").reading());
    for file in ["both.jsonl", "pg_only.jsonl"] {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
            eprintln!("skipped: no {file} at {}", folder.display());
            return;
        };
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let (sql, kind) = (line["sql"].as_str().unwrap(), line["kind"].as_str().unwrap());
            let read = accepts(&reader, sql);
            // EXPLAIN shows the plan of a query, and is held to what a query is held to.
            if !["SelectStmt", "ExplainStmt"].contains(&kind) {
                others += 1;
                assert!(!read, "{kind}: {sql}");
                continue;
            }
            queries += 1;
            if !read {
                continue;
            }
            accepted += 1;
            let words = words(sql);
            let plain: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
            // A word after AS is a name, whatever it is.
            let into = plain.windows(2).any(|pair| pair[0] != "as" && pair[1] == "into");
            assert!(!into, "{sql}");
            for pair in plain.windows(2) {
                let writes = matches!(
                    pair,
                    ["for", "update" | "share" | "no" | "key"]
                        | ["insert" | "merge", "into"]
                        | ["delete", "from"]
                );
                assert!(!writes, "{pair:?}: {sql}");
            }
            for (word, called) in &words {
                let effect = *called && effects.iter().any(|effect| word.starts_with(effect));
                assert!(!effect, "{word}(: {sql}");
            }
        }
    }
    eprintln!(
        "read-only: {accepted} of {queries} queries accepted, {others} other statements refused"
    );
    assert!(accepted > 5_000 && others > 5_000);
}
