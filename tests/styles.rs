//! `Style`: of the ways to write the same one, which a grammar has as well.

#[allow(dead_code, reason = "not all tests need all of it")]
mod process;

use std::sync::Arc;

use constrained_gen::{
    Automaton, CompiledGrammar, Limits, Recognizer, Vocabulary,
    frontend::{NoSources, Options, Style, lark},
    grammar::Grammar,
    library,
    sampling::{Sampler, Settings, Weighting},
};
use process::DEMO_TOKENIZER;

fn read(grammar: &Grammar) -> Recognizer {
    CompiledGrammar::new(grammar, &Limits::default()).expect("it compiles").recognizer()
}

fn shipped(name: &str, options: &Options) -> Grammar {
    library::grammar_with(name, options, &Limits::default()).expect("it ships")
}

fn accepts(reader: &Recognizer, text: &str) -> bool {
    reader.clone().check(text.as_bytes()).is_ok()
}

#[test]
fn one_way_to_write_each_word() {
    let upper = read(&shipped("sql-postgres", &Options::default().style(Style::Upper)));
    let lower = read(&shipped("sql-postgres", &Options::default().style(Style::Lower)));
    for text in [
        "SELECT a, Count(*) FROM t GROUP BY a ORDER BY 2 DESC",
        "SELECT a,b FROM t WHERE a=1 AND b IS NOT NULL",
        " SELECT 'select  x' ",
    ] {
        assert!(accepts(&upper, text), "{text}");
        assert!(!accepts(&lower, text), "{text}");
    }
    assert!(accepts(&lower, "select a from t left join u on t.a = u.b"));
    for text in [
        "SELECT a from t",
        "SELECT a From t",
        "SELECT  a FROM t",
        "SELECT a\nFROM t",
        "SELECT\ta FROM t",
        // Not the name `selec` and an alias.
        "SELECT select FROM t",
        "SELECT a FROM t -- a comment",
    ] {
        assert!(!accepts(&upper, text), "{text}");
    }
    // Listed texts are written as they are listed.
    let names = ["users", "Id"].map(|name| vec![name.to_owned()]).to_vec();
    let reader = read(&shipped(
        "sql-postgres",
        &Options::default().list("names", names).style(Style::Upper),
    ));
    assert!(accepts(&reader, "SELECT Id FROM users"));
    assert!(!accepts(&reader, "SELECT id FROM users"));
    assert!(!accepts(&reader, "SELECT Id FROM USERS"));
}

#[test]
fn what_is_ignored_is_a_blank_or_nothing() {
    let parse = |text: &str, options: &Options| {
        let grammar = lark::parse_with("g", text, options, &NoSources, &Limits::default());
        read(&grammar.expect("a grammar"))
    };
    let style = Options::default().style(Style::Upper);
    for lexing in ["longest", "contextual"] {
        let text = format!(
            "%lexing {lexing}\n%ignore /[ \\t]+/\n%ignore /#[^\\n]*/\n%ignore \" \"\nstart: \"a\"i \"b\" \"C\"i*"
        );
        let reader = parse(&text, &style);
        for text in ["Ab", " A b ", "A b C CC"] {
            assert!(accepts(&reader, text), "{lexing}: {text}");
        }
        for text in ["ab", "A  b", "A\tb", "Ab#", "AB", "A b  ", "  A b", "A b c"] {
            assert!(!accepts(&reader, text), "{lexing}: {text}");
        }
        // Without a style all of that is read.
        let reader = parse(&text, &Options::default());
        for text in ["ab", "A  b", "A\tb", "Ab#", "A b  ", "  A b", "A b c"] {
            assert!(accepts(&reader, text), "{lexing}: {text}");
        }
    }
    // A comment is no operator and a name.
    let text = "%lexing longest\n%ignore \" \"\n%ignore /#[a-z]*/\nstart: NAME (\"#\" NAME)?\nNAME: /[a-z]+/";
    assert!(
        !accepts(&parse(text, &style), "a#b") && accepts(&parse(text, &Options::default()), "a#b")
    );
    let reader = parse("%ignore /#[^\\n]*/\nstart: \"a\"i \"b\"", &style);
    assert!(accepts(&reader, "Ab") && !accepts(&reader, "A b") && !accepts(&reader, "A#"));
}

/// What is written in one style belongs to the grammar.
#[test]
fn samples_of_a_style_are_sentences() {
    let json = std::fs::read(DEMO_TOKENIZER).expect("it is committed");
    let limits = Limits::default();
    let vocabulary = Vocabulary::from_tokenizer_json(&json, &limits).expect("a vocabulary");
    let vocabulary = Arc::new(vocabulary);
    for name in ["cypher", "json", "sql-postgres"] {
        let plain = read(&shipped(name, &Options::default()));
        for style in [Style::Any, Style::Upper, Style::Lower] {
            let grammar = shipped(name, &Options::default().style(style));
            let automaton =
                Automaton::new(&grammar, Arc::clone(&vocabulary), &limits).expect("it compiles");
            for weighting in [Weighting::Uniform, Weighting::Broad] {
                let settings = Settings { weighting, seed: 17, ..Settings::default() };
                let sampler = Sampler::new(Arc::clone(&automaton), settings);
                let drawn = sampler.draw::<anyhow::Error>(100, |walk| {
                    let text = String::from_utf8(walk.text.clone())?;
                    assert!(accepts(&plain, &text), "{name}, {style:?}: {text}");
                    Ok(())
                });
                if let Err(error) = drawn {
                    panic!("{name}, {style:?}: {error}");
                }
            }
        }
    }
}
