//! The examples of the grammars that ship, edited: a word replaced by another one, a word, a sign, a comment, a line break or
//! another example put in, a lexeme left out. What a grammar still takes, the language's other parser takes as well.
//!
//! Most edits break the text, and those that do not are where two parsers part: words that are a name here and a keyword there,
//! and what stands on which line. `EDITS=all` tries every edit and not a share of them, `EDITS=N` so many random pairs of edits of
//! each example; `EDITS_SENTENCES=FILE` writes the sentences as JSON lines, for judges that are not linked in: the TypeScript
//! compiler, libpg_query, Neo4j.

#![allow(clippy::print_stderr, reason = "says what was counted")]

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hasher as _},
    io::Write as _,
    sync::Mutex,
};

use constrained_gen::{CompiledGrammar, Limits, Recognizer, library, validation::Validator};
use rayon::prelude::*;

/// One of so many edits is tried, and of those that put another example in.
const SHARE: u64 = 16;
const SHARE_OF_EXAMPLES: u64 = 64;

/// A language, and what is written between lexemes or in their place.
struct Language {
    name: &'static str,
    judge: Validator,
    words: &'static str,
    /// Separated by blanks.
    signs: &'static str,
    /// Put in as they are.
    gaps: &'static [&'static str],
}

/// Words that mean something in some places, operands, and names that some places refuse.
const TYPESCRIPT: Language = Language {
    name: "typescript",
    judge: Validator::TypeScript,
    words: "abstract accessor any as assert asserts async await bigint boolean break case class const constructor declare \
            default defer delete do else enum export extends false for from function get global if implements import in infer \
            instanceof interface intrinsic is keyof let meta module namespace never new null number object of out override \
            private prototype public readonly require return satisfies set source static string super symbol target this \
            throw true type typeof undefined unique unknown using var void while yield arguments eval Array a A 1 'b'",
    signs: "{ } ( ) [ ] < > << >> >>> , ; : ? ?. . ... = => + - * / % ** ++ -- ! ~ & | ^ && || ?? @ # == <= >= ` (a) { } [a] \
            <A> `a` /a/ a:B A[] ()=>a",
    gaps: &["", " ", "\n", "/**/", "/*\n*/", "//\n", " as A"],
};

const CYPHER: Language = Language {
    name: "cypher",
    judge: Validator::Cypher,
    words: "ALL AND ANY AS ASC BOTH BY CALL CASE COLLECT CONTAINS COUNT CREATE CSV CURRENT DATE DELETE DESC DETACH DIFFERENT \
            DISTINCT DURATION ELSE END ENDS EXISTS FALSE FILTER FINISH FOR FOREACH FROM GRAPH GROUPS HEAD HEADERS IF IN INDEX \
            INF INSERT INTEGER IS JOIN LABEL LEADING LET LIMIT LIST LOAD LOCAL MAP MATCH MERGE NAN NEXT NFC NODE NODETACH NONE \
            NORMALIZED NOT NOTHING NULL OFFSET ON OPTIONAL OR ORDER PATH POINT REDUCE REMOVE REPEATABLE RETURN SCAN SET \
            SHORTEST SHOW SINGLE SKIP STARTS STRING THEN TIME TRAILING TRIM TRUE TYPED UNION UNWIND USE USING VECTOR WHEN WHERE \
            WITH XOR YIELD ZONED allShortestPaths labels nodes shortestPath size type graph e0 a A 1 1.5 'b' $p `x` _",
    signs: "{ } ( ) [ ] < > <= >= <> = + - * / % ^ , ; : :: | || & ! . .. += => =~ --> <-- -[ ]- -> <- $ @ ? ` ' //",
    gaps: &["", " ", "\n", "/**/"],
};

const SQL: Language = Language {
    name: "sql-postgres",
    judge: Validator::PostgreSqlStrict,
    words: "ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC AT BETWEEN BIT BY CASE CAST CHARACTER CHECK COLLATE COLUMN CONFLICT \
            CONSTRAINT CREATE CROSS CUBE CURRENT DATE DAY DEFAULT DELETE DESC DISTINCT DO DOUBLE DROP ELSE END ESCAPE EXCEPT \
            EXCLUDE EXISTS EXTRACT FALSE FETCH FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GROUP GROUPING GROUPS HAVING HOUR \
            IF ILIKE IN INDEX INNER INSERT INT INTERSECT INTERVAL INTO IS ISNULL JOIN JSON KEY LAST LATERAL LEFT LIKE LIMIT \
            LOCAL LOCKED MATERIALIZED MAXVALUE MERGE MINUTE MINVALUE MONTH NATURAL NEXT NOT NOTHING NOTNULL NOWAIT NULL NULLS \
            NUMERIC OF OFFSET ON ONLY OPERATOR OR ORDER ORDINALITY OUTER OVER OVERLAY PARTITION POSITION PRECEDING PRECISION \
            PRIMARY RANGE RECURSIVE REFERENCES RETURNING RIGHT ROLLUP ROW ROWS SECOND SELECT SET SETS SHARE SIMILAR SKIP SOME \
            SUBSTRING SYMMETRIC TABLE TABLESAMPLE TEMP THEN TIES TIME TIMESTAMP TO TRIM TRUE TYPE UNBOUNDED UNION UNIQUE \
            UNKNOWN UPDATE USING VALUES VARIADIC VARYING VIEW WHEN WHERE WINDOW WITH WITHIN YEAR ZONE current_date float int4 \
            localtime name numeric oid public real session_user setof text user xml a A 1 1.5 'b' $1 \"x\" e b n x",
    signs: "{ } ( ) [ ] < > <= >= <> != = + - * / % ^ , ; : :: | || & . .. := => -> ->> # @ ~ ? $$ ' \" -- E'a'",
    gaps: &["", " ", "\n", "/**/"],
};

/// The words and the other characters of a text, with the blanks between them.
fn lexemes(text: &str) -> Vec<String> {
    let is_word = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    let mut lexemes: Vec<String> = Vec::new();
    for c in text.chars() {
        match lexemes.last_mut() {
            Some(last) if is_word(c) && last.chars().all(is_word) => last.push(c),
            Some(last) if c == ' ' && last.chars().all(|c| c == ' ') => last.push(c),
            _ => lexemes.push(c.to_string()),
        }
    }
    lexemes
}

/// One of the lexemes replaced, or something put in before it.
#[derive(Clone, Copy, Hash)]
struct Edit<'a> {
    at: usize,
    by: &'a str,
    put_in: bool,
}

impl Edit<'_> {
    fn of(self, lexemes: &[String]) -> Vec<String> {
        let mut edited = lexemes.to_vec();
        match self.put_in {
            true => edited.insert(self.at, self.by.to_owned()),
            false => edited[self.at] = self.by.to_owned(),
        }
        edited
    }
}

impl Language {
    /// Texts of all examples, and whether they are accepted.
    fn examples(&self) -> BTreeMap<String, bool> {
        let texts = library::texts(self.name).expect("it ships");
        let examples = texts.flat_map(|(file, text)| {
            library::examples(text).unwrap_or_else(|line| panic!("{file}: line {line}"))
        });
        let examples = examples.filter(|example| example.start.is_none());
        examples.map(|example| (example.text, example.accept)).collect()
    }

    /// What is put in or takes a lexeme's place.
    fn pieces(&self) -> Vec<String> {
        let words = self.words.split_ascii_whitespace();
        let spaced = words.clone().map(|word| format!(" {word} "));
        let signs = self.signs.split_ascii_whitespace().map(str::to_owned);
        let gaps = self.gaps.iter().map(|gap| (*gap).to_owned());
        words.map(str::to_owned).chain(spaced).chain(signs).chain(gaps).collect()
    }
}

/// Every single edit of some lexemes.
fn edits<'a>(lexemes: &[String], pieces: &'a [String]) -> Vec<Edit<'a>> {
    let places = (0..lexemes.len()).flat_map(|at| [(at, false), (at, true)]);
    let all = places
        .flat_map(|(at, put_in)| pieces.iter().map(move |by| Edit { at, by: by.as_str(), put_in }));
    all.collect()
}

/// A number that is the same in every run (of programs that one version of Rust has built).
fn number(of: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Whether the judge of Cypher, which takes the first of two readings, begins an expression where `case` is a variable.
fn is_read_otherwise(judge: Validator, text: &str) -> bool {
    judge == Validator::Cypher && text.to_ascii_lowercase().contains("then case when")
}

/// What edits of the examples have shown.
#[derive(Default)]
struct Found {
    tried: usize,
    sentences: BTreeSet<String>,
    /// With the judge's reason.
    refused: Vec<String>,
}

impl Found {
    fn and(mut self, other: Self) -> Self {
        self.tried += other.tried;
        self.sentences.extend(other.sentences);
        self.refused.extend(other.refused);
        self
    }

    fn try_text(&mut self, reader: &Recognizer, judge: Validator, text: String) {
        self.tried += 1;
        if reader.clone().check(text.as_bytes()).is_err() || self.sentences.contains(&text) {
            return;
        }
        if let Err(error) = judge.check(&text)
            && !error.is_limit()
            && !is_read_otherwise(judge, &text)
        {
            self.refused.push(format!("{text:?}: {error}"));
        }
        self.sentences.insert(text);
    }
}

/// Tries edits of all examples of a language; `more` is what the environment asks for.
fn try_edits(language: &Language, more: Option<&str>) -> Found {
    let limits = Limits::default();
    let grammar = library::grammar(language.name, &limits).expect("it ships");
    let reader = CompiledGrammar::new(&grammar, &limits).expect("it compiles").recognizer();
    let pieces = language.pieces();
    let examples: Vec<(String, bool)> = language.examples().into_iter().collect();
    let accepted = examples.iter().filter(|(text, accepted)| *accepted && text.len() < 60);
    let others = accepted.flat_map(|(text, _)| [format!(" {text} "), format!("({text})")]);
    let others: Vec<String> = others.collect();
    let of_example = |(text, _): &(String, bool)| {
        let mut found = Found::default();
        let lexemes = lexemes(text);
        let singles = edits(&lexemes, &pieces);
        let pairs = more.and_then(|more| more.parse::<u64>().ok());
        for n in 0..pairs.unwrap_or(0) {
            let first = singles[number((text, n)) as usize % singles.len()].of(&lexemes);
            let seconds = edits(&first, &pieces);
            let second = seconds[number((text, n, "again")) as usize % seconds.len()];
            found.try_text(&reader, language.judge, second.of(&first).concat());
        }
        let with_share = singles.into_iter().map(|edit| (edit, SHARE));
        let of_examples = edits(&lexemes, &others).into_iter();
        for (edit, share) in with_share.chain(of_examples.map(|edit| (edit, SHARE_OF_EXAMPLES))) {
            if more == Some("all") || pairs.is_none() && number((text, edit)) % share == 0 {
                found.try_text(&reader, language.judge, edit.of(&lexemes).concat());
            }
        }
        found
    };
    examples.par_iter().map(of_example).reduce(Found::default, Found::and)
}

/// Those that are written to one file take turns.
static FILE: Mutex<()> = Mutex::new(());

fn both_take(language: &Language) {
    let more = std::env::var("EDITS").ok();
    let found = try_edits(language, more.as_deref());
    let (name, sentences) = (language.name, found.sentences.len());
    eprintln!("{name}: {} edits, {sentences} of them sentences", found.tried);
    if let Ok(path) = std::env::var("EDITS_SENTENCES") {
        let turn = FILE.lock();
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let mut file = std::io::BufWriter::new(file.expect("a file that can be written"));
        for text in &found.sentences {
            let row = serde_json::json!({ "grammar": name, "text": text });
            writeln!(file, "{row}").expect("room for it");
        }
        drop(turn);
    }
    assert!(sentences > 2_000, "{name}: only {sentences} sentences");
    let refused = &found.refused[..found.refused.len().min(20)];
    assert!(refused.is_empty(), "{}:\n{}", found.refused.len(), refused.join("\n"));
}

#[test]
fn typescript() {
    both_take(&TYPESCRIPT);
}

#[test]
fn cypher() {
    both_take(&CYPHER);
}

#[test]
fn sql() {
    both_take(&SQL);
}
