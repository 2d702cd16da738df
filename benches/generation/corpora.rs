//! Texts to replay, spread over the corpora.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, SchemaCompiler, TokenId, Vocabulary,
    decoding::Speller,
    frontend::{self, Options},
    library,
    schema::{MemberOrder, SchemaOptions, Whitespace},
};
use sqlparser::{
    ast::Statement,
    dialect::PostgreSqlDialect,
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Token, Tokenizer},
};

use crate::{Encoder, Text};

/// Schemas that are looked at per file of the corpus, and those replayed in all.
const SCHEMAS: usize = 50;

/// Distance of the lines of a file that are looked at first.
const STEP: usize = 3;

/// How many times its share of the tokens an instance may have.
const LONGEST: usize = 2;

/// Other texts of the same kind, at most.
pub(crate) const OTHERS: usize = 100;

/// Which ways to write the same are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// All of them.
    Any,
    /// SQL: keywords in capitals, names as the schema has them, one blank at most. JSON: no blanks, members in the schema's order.
    One,
}

/// Which names SQL may write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// All that a name may be.
    Any,
    /// Those of the tables and columns of the schema, and the aliases of the questions asked of it.
    OfSchema,
}

/// Statements that the grammar accepts, until there are so many tokens; `seen` others of them.
pub(crate) fn sql(
    shared: &Path,
    vocabulary: &Arc<Vocabulary>,
    encoder: &Encoder,
    tokens: usize,
    seen: usize,
) -> Vec<Text> {
    let Ok(corpus) = std::fs::read_to_string(shared.join("corpora/sql/both.jsonl")) else {
        return Vec::new();
    };
    let limits = Limits::default();
    let grammar = library::grammar("sql-postgres", &limits).expect("it ships");
    let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
    let automaton = Automaton::of(Arc::clone(&compiled), Arc::clone(vocabulary));
    let lines: Vec<&str> = corpus.lines().collect();
    let mut texts = Vec::new();
    let mut count = 0;
    let sql_of = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of the corpus");
        line["sql"].as_str().map(str::to_owned)
    };
    // Backwards, so that none of them is replayed unless nearly all are.
    let others = (1..=seen).rev().map(|i| lines[(lines.len() - i) * 7919 % lines.len()]);
    let others: Arc<[Vec<TokenId>]> =
        others.filter_map(|line| encoder.spell(&sql_of(line)?)).collect();
    // A step without a common divisor with most lengths: all of the corpus comes up, in no order.
    for i in 0..lines.len() {
        if count >= tokens {
            break;
        }
        let Some(text) = sql_of(lines[i * 7919 % lines.len()]) else { continue };
        if compiled.recognizer().check(text.as_bytes()).is_ok() {
            let tokens = encoder.spell(&text).expect("tokens").len();
            count += tokens;
            texts.push(Text {
                automaton: Arc::clone(&automaton),
                text,
                prompt: Arc::default(),
                others: Arc::clone(&others),
                tokens,
            });
        }
    }
    texts
}

/// What of a folder is asked for, in order; nothing if it is not there.
fn sorted(folder: &Path, is_asked: impl Fn(&PathBuf) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(is_asked);
    paths.sort();
    paths
}

/// The names of the tables and columns that a schema defines, as they are written.
fn defined(ddl: &str) -> BTreeSet<String> {
    // One by one: tables are asked for, and not all else is read.
    let statements = ddl
        .split(";\n")
        .filter_map(|statement| Parser::parse_sql(&PostgreSqlDialect {}, statement).ok());
    let mut names = BTreeSet::new();
    for statement in statements.flatten() {
        if let Statement::CreateTable(table) = statement {
            names.extend(table.name.0.iter().map(ToString::to_string));
            names.extend(table.columns.iter().map(|column| column.name.to_string()));
        }
    }
    names
}

/// The words of a query that are no key words: names of tables and columns in its own spelling, aliases.
fn words(text: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap_or_default();
    let words = tokens.into_iter().filter_map(|token| match token {
        Token::Word(word) if word.keyword == Keyword::NoKeyword => Some(word.to_string()),
        _ => None,
    });
    words.collect()
}

/// Queries of databases, an equal share of the tokens each.
pub(crate) fn sql_of_schemas(
    shared: &Path,
    vocabulary: &Arc<Vocabulary>,
    encoder: &Encoder,
    tokens: usize,
    names: Names,
    style: Style,
) -> Vec<Text> {
    let is_schema = |folder: &PathBuf| folder.join("gold.jsonl").exists();
    let folders = sorted(&shared.join("corpora/sql/schemas"), is_schema);
    let limits = Limits::default();
    let mut texts = Vec::new();
    let mut count = 0;
    for (i, folder) in folders.iter().enumerate() {
        let file = |name| std::fs::read_to_string(folder.join(name)).expect("a file of the corpus");
        let gold = file("gold.jsonl");
        let gold: Vec<serde_json::Value> =
            gold.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
        let gold: Vec<&str> = gold.iter().filter_map(|line| line["sql"].as_str()).collect();
        let schema = file("schema.sql");
        let prompt: Arc<[TokenId]> = encoder.spell(&schema).expect("tokens").into();
        let mut options = Options::default().style(match style {
            Style::Any => frontend::Style::Any,
            Style::One => frontend::Style::Upper,
        });
        if names == Names::OfSchema {
            let mut names = defined(&schema);
            names.extend(gold.iter().flat_map(|text| words(text)));
            options = options.list("names", names.into_iter().map(|name| vec![name]).collect());
        }
        let grammar = library::grammar_with("sql-postgres", &options, &limits).expect("it ships");
        let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
        let automaton = Automaton::of(Arc::clone(&compiled), Arc::clone(vocabulary));
        // The last ones; those at the beginning are replayed.
        let others = gold[gold.len() / 2..].iter().rev().take(OTHERS);
        let others: Arc<[Vec<TokenId>]> = others.filter_map(|text| encoder.spell(text)).collect();
        for text in &gold[..gold.len() / 2] {
            if count * folders.len() >= tokens * (i + 1) {
                break;
            }
            if compiled.recognizer().check(text.as_bytes()).is_ok() {
                let tokens = encoder.spell(text).expect("tokens").len();
                count += tokens;
                texts.push(Text {
                    automaton: Arc::clone(&automaton),
                    text: (*text).to_owned(),
                    prompt: Arc::clone(&prompt),
                    others: Arc::clone(&others),
                    tokens,
                });
            }
        }
    }
    texts
}

/// Valid instances of [`SCHEMAS`] schemas, one per schema, from all files alike, none much longer than its share of the tokens.
pub(crate) fn json(
    shared: &Path,
    vocabulary: &Arc<Vocabulary>,
    encoder: &Encoder,
    tokens: usize,
    style: Style,
) -> Vec<Text> {
    let mut options = SchemaOptions::default();
    if style == Style::One {
        options.whitespace = Whitespace::Compact;
        options.order = MemberOrder::Schema;
    }
    let is_packed = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "zst");
    let files = sorted(&shared.join("maskbench"), is_packed);
    let compiler = SchemaCompiler::new(Arc::clone(vocabulary), &Limits::default());
    let mut texts = Vec::new();
    // Every third line first; what a file lacks the ones after it give, or its other lines.
    let rounds =
        (0..STEP).flat_map(|skipped| files.iter().enumerate().map(move |file| (skipped, file)));
    for (skipped, (before, file)) in rounds {
        let share = (SCHEMAS - texts.len()).div_ceil(files.len() - before);
        let file = BufReader::new(File::open(file).expect("a file of the corpus"));
        let decoder = ruzstd::decoding::StreamingDecoder::new(file).expect("zstd");
        let mut taken = 0;
        for line in BufReader::new(decoder).lines().skip(skipped).step_by(STEP) {
            if taken == share {
                break;
            }
            let line: serde_json::Value =
                serde_json::from_str(&line.expect("a line")).expect("a line of the corpus");
            let tests = line["tests"].as_array().into_iter().flatten();
            let valid =
                tests.filter(|test| test["valid"] == true).filter_map(|t| t["text"].as_str());
            let mut valid = valid.filter_map(|text| match style {
                Style::Any => Some(text.to_owned()),
                Style::One => {
                    Some(serde_json::from_str::<serde_json::Value>(text).ok()?.to_string())
                }
            });
            let Some(text) = valid.next() else { continue };
            let others = valid.take(OTHERS).filter(|other| *other != text);
            let others = others.filter_map(|text| encoder.spell(&text)).collect();
            let schema = line["schema"].to_string();
            let Ok(automaton) = compiler.compile(&schema, &options) else { continue };
            let mut sequence = automaton.constraint();
            if sequence.accept_bytes(text.as_bytes()).is_err() || !sequence.is_complete() {
                continue;
            }
            // An answer under a grammar is never cut off, so instances that are far longer than their share are left out.
            let count = encoder.spell(&text).expect("tokens").len();
            if count > LONGEST * (tokens / SCHEMAS).max(8) {
                continue;
            }
            let prompt = encoder.spell(&schema).expect("tokens").into();
            texts.push(Text { automaton, text, prompt, others, tokens: count });
            taken += 1;
        }
    }
    texts
}
