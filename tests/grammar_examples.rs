//! The examples in grammar files: those of the built-in grammars, of the language's documentation and of `tests/data/grammar`.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use constrained_gen::{
    CompiledGrammar, Limits,
    frontend::{NoSources, Options, gbnf, lark},
    grammar::Grammar,
    library::{self, Example},
    oracle::Twin,
};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Examples of one grammar that the slow twin judges, too, spread over all of them.
const JUDGED_BY_TWIN: usize = 12;

/// Whether the slow twin takes a text for a sentence; `None` if that is beyond its limits.
fn twin_accepts(twin: &mut Twin, text: &str) -> Option<bool> {
    let state = twin.read(text.as_bytes()).ok()?;
    Some(state.is_some_and(|state| twin.is_complete(&state)))
}

/// One line for each example that does not hold, each tried at its start.
fn broken_at_starts(
    load: impl Fn(&Options) -> Result<Grammar, String>,
    examples: &[(String, Example)],
) -> String {
    let mut by_start: BTreeMap<Option<&str>, Vec<&(String, Example)>> =
        BTreeMap::from([(None, vec![])]);
    for example in examples {
        by_start.entry(example.1.start.as_deref()).or_default().push(example);
    }
    let mut out = String::new();
    for (start, examples) in by_start {
        let mut options = Options::default();
        options.start = start.map(str::to_owned);
        match load(&options) {
            Ok(grammar) => out += &broken(&grammar, &examples),
            Err(error) => writeln!(out, "{error}").unwrap(),
        }
    }
    out
}

/// One line for each example that does not hold: in the engine, or in its slow twin.
fn broken(grammar: &Grammar, examples: &[&(String, Example)]) -> String {
    let name = grammar.name();
    let mut twin = Twin::new(grammar).unwrap_or_else(|error| panic!("{name}: {error}"));
    let engine = CompiledGrammar::new(grammar, &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let every = examples.len().div_ceil(JUDGED_BY_TWIN).max(1);
    let mut out = String::new();
    for (i, (file, Example { line, accept, text, .. })) in examples.iter().enumerate() {
        let mut answers = vec![("engine", engine.recognizer().check(text.as_bytes()).is_ok())];
        if i % every == 0 {
            answers.extend(twin_accepts(&mut twin, text).map(|accepted| ("twin", accepted)));
        }
        for (who, accepted) in answers {
            if accepted != *accept {
                let verb = if accepted { "accepted" } else { "refused" };
                writeln!(out, "{file}:{line}: {verb} by the {who}: {text:?}").unwrap();
            }
        }
    }
    out
}

/// The examples in a text, each with the name of its file.
fn examples(file: &str, text: &str) -> Vec<(String, Example)> {
    library::examples(text)
        .unwrap_or_else(|line| panic!("{file}:{line}: an example of unknown form"))
        .into_iter()
        .map(|example| (file.to_owned(), example))
        .collect()
}

#[test]
fn examples_of_built_in_grammars() {
    let mut failures = String::new();
    for name in library::names() {
        let load = |options: &Options| {
            library::grammar_with(name, options, &Limits::default()).map_err(|e| e.to_string())
        };
        let all: Vec<_> = library::texts(name)
            .expect("a built-in grammar")
            .flat_map(|(file, text)| examples(&format!("{name}/{file}"), text))
            .collect();
        failures += &broken_at_starts(load, &all);
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn the_list_of_built_in_files_is_the_folder() {
    let folder = repository().join("grammars");
    let mut found: Vec<String> = Vec::new();
    for grammar in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if grammar.is_dir() {
            let name = grammar.file_name().unwrap().to_str().unwrap().to_string();
            let files =
                std::fs::read_dir(&grammar).unwrap().map(|entry| entry.unwrap().file_name());
            let lark = files
                .map(|file| file.into_string().unwrap())
                .filter(|file| file.ends_with(".lark"));
            found.extend(lark.map(|file| format!("{name}/{file}")));
        }
    }
    let mut listed: Vec<String> = Vec::new();
    for name in library::names() {
        listed.extend(library::texts(name).unwrap().map(|(file, _)| format!("{name}/{file}")));
    }
    found.sort();
    listed.sort();
    assert_eq!(found, listed);
    assert!(library::names().is_sorted());
}

/// Fenced blocks of a Markdown text: language, line of the first line of content, content.
fn blocks(text: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (n, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(language), None) => open = Some((language.to_string(), n + 2, String::new())),
            (None, Some((_, _, content))) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn the_documentation_says_what_is_so() {
    let path = repository().join("docs/grammar-language.md");
    let text = std::fs::read_to_string(path).unwrap();
    let limits = Limits::default();
    let (mut failures, mut count) = (String::new(), 0);
    for (language, first, block) in blocks(&text) {
        let name = format!("grammar-language.md (block at {first})");
        let load = |options: &Options| {
            let grammar = match language.as_str() {
                "lark" => lark::parse_with(&name, &block, options, &NoSources, &limits),
                _ => gbnf::parse_with(&name, &block, options, &limits),
            };
            grammar.map_err(|error| error.render())
        };
        if !["lark", "gbnf"].contains(&language.as_str()) {
            continue;
        }
        let examples = examples(&name, &block);
        assert!(!examples.is_empty(), "{name}: no examples");
        failures += &broken_at_starts(load, &examples);
        count += 1;
    }
    assert!(count > 20, "{count}");
    assert!(failures.is_empty(), "\n{failures}");
}

/// Grammar files under `tests/data/grammar` whose examples are about the language itself.
#[test]
fn the_languages_corners() {
    let folder = repository().join("tests/data/grammar");
    let (mut failures, mut count) = (String::new(), 0);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if !path.extension().is_some_and(|ending| ending == "lark" || ending == "gbnf") {
            continue;
        }
        let shown = path.file_name().and_then(|name| Path::new(name).to_str()).unwrap().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        match library::load(path.to_str().unwrap(), &Limits::default()) {
            Ok(grammar) => {
                failures += &broken(&grammar, &examples(&shown, &text).iter().collect::<Vec<_>>());
            }
            Err(error) => writeln!(failures, "{error}").unwrap(),
        }
        count += 1;
    }
    assert!(count > 0);
    assert!(failures.is_empty(), "\n{failures}");
}

/// JSONTestSuite, where it is there: every `y_` text belongs to the language, no `n_` text does.
#[test]
fn json_test_suite() {
    let folder = repository().join("../shared/json-test-suite/test_parsing");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no JSONTestSuite at {}", folder.display());
        return;
    };
    let json = library::grammar("json", &Limits::default()).unwrap();
    let engine = CompiledGrammar::new(&json, &Limits::default()).unwrap();
    let (mut failures, mut good, mut bad) = (String::new(), 0, 0);
    for path in files.map(|file| file.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let accepted = engine.recognizer().check(&std::fs::read(&path).unwrap()).is_ok();
        match (&name[..2], accepted) {
            ("y_", true) => good += 1,
            ("n_", false) => bad += 1,
            ("i_", _) => {} // left to the implementation
            _ => writeln!(failures, "{name}: {}", if accepted { "accepted" } else { "refused" })
                .unwrap(),
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    eprintln!("JSONTestSuite: {good} accepted, {bad} refused, as they should be");
}
