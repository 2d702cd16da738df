//! What goes wrong on purpose: limits reached at every place, threads that race, tokens that must never come.
//!
//! Environment variables make more of it: `STRESS_SECONDS` (how long threads race, default 1), `STRESS_SEED`.

#![allow(clippy::print_stdout, reason = "what was compared must be seen")]

mod budgets;
#[path = "../oracle/generator.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod generator;
#[path = "../oracle/small.rs"]
#[allow(dead_code, reason = "shared with another test")]
mod small;
mod threads;
mod tokens;

use std::sync::Arc;

use constrained_gen::{
    Automaton, Limits, SchemaCompiler, SchemaOptions, TokenId, Vocabulary,
    frontend::{NoSources, lark},
    grammar::Grammar,
};

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")),
        Err(_) => default,
    }
}

/// Grammars with something of everything, each with texts.
const GRAMMARS: [(&str, &str, &[&str]); 4] = [
    (
        "calls",
        include_str!("../data/grammar/calls.lark"),
        &["f(1,g(2..3, not h()));a()", "not not 1.5; f ( )", "aa(bb(cc(dd(1))))"],
    ),
    (
        "sums",
        r#"
start: start "+" start | start "*" start | "(" start ")" | "-" start | /[0-9]/
"#,
        &["1+2*3+4", "((-1)*-2)+3", "-(-(-(4)))"],
    ),
    (
        "words",
        r#"
%ignore " "
%word /[a-z]/
start: "if" NAME "then" start ["else" start] | NAME "=" NAME
NAME: /[a-z]+/
%not_followed_by NAME : /[a-z]/
%reserve NAME : "if" "then" "else"
"#,
        &["if a then if b then c = d else e = f", "iff=thenx"],
    ),
    (
        "lines",
        r#"
start: statement (end statement)*
statement: NAME | NAME "++" | NAME "+" NAME
end: ";" | LINE_END
NAME: /[a-zé]+/
SPACE: / +/
LINE: /[ \n]*\n[ \n]*/
%ignore SPACE
%ignore LINE
%not_followed_by NAME : /[a-zé]/
%not_followed_by SPACE : /[ \n]/
%not_followed_by LINE : /[ \n]/
%not_before LINE : "++"
LINE_END: LINE
%not_followed_by LINE_END : /[ \n]/ | "+"
"#,
        &["a++\nb", "é\n+ b ; c\n\nd"],
    ),
];

/// Schemas, each with an instance.
const SCHEMAS: [(&str, &str); 5] = [
    (
        r#"{"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}, "b": {"type": "integer", "minimum": 3}},
            "required": ["a"], "additionalProperties": false}"#,
        r#"{"b": 12, "a": "xé"}"#,
    ),
    (
        r#"{"type": "array", "items": {"enum": ["a", "ab", 1, 12, null]}, "uniqueItems": true}"#,
        r#"["ab", 1, "a", 12]"#,
    ),
    (
        r##"{"type": "object", "additionalProperties": {"anyOf": [{"type": "number"}, {"$ref": "#"}]}}"##,
        r#"{"x": {"y": 1.5e3}, "z": -0}"#,
    ),
    (r#"{"type": "string", "pattern": "^(ab|c\"|[^a-z]{2})+$"}"#, r#""abc\"12""#),
    (
        r#"{"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}"#,
        r#"{"c": [], "a": true}"#,
    ),
];

/// Printable bytes, pieces of the texts, an end, a control token named like text, a row without a token, padding.
fn vocabulary() -> Arc<Vocabulary> {
    let mut tokens: Vec<Vec<u8>> = (b' '..=b'~').map(|byte| vec![byte]).collect();
    tokens.extend([b"\n".to_vec(), vec![0xc3], vec![0xa9], "é".into()]);
    for text in GRAMMARS.iter().flat_map(|grammar| grammar.2).chain(SCHEMAS.iter().map(|s| &s.1)) {
        tokens.extend(text.as_bytes().chunks(3).map(<[u8]>::to_vec));
    }
    tokens.extend([Vec::new(), b"</s>".to_vec(), b"a".to_vec(), b"\"".to_vec()]);
    let last = tokens.len() - 1;
    let special = [TokenId::new(last), TokenId::new(last - 1)];
    let vocabulary = Vocabulary::new(tokens, &special, &[TokenId::new(last - 2)]);
    Arc::new(vocabulary.and_then(|made| made.with_width(last + 40)).expect("a vocabulary"))
}

fn parse(name: &str, text: &str) -> Grammar {
    lark::parse(name, text, None, &NoSources, &Limits::default()).expect(name)
}

/// All of the above as automata under these limits, each with its texts.
fn automata(limits: &Limits) -> Vec<(String, Arc<Automaton>, Vec<&'static str>)> {
    let vocabulary = vocabulary();
    let mut all = Vec::new();
    for (name, text, texts) in GRAMMARS {
        let automaton = Automaton::new(&parse(name, text), Arc::clone(&vocabulary), limits);
        all.push((name.to_owned(), automaton.expect(name), texts.to_vec()));
    }
    let compiler = SchemaCompiler::new(vocabulary, limits);
    for (schema, text) in SCHEMAS {
        let automaton = compiler.compile(schema, &SchemaOptions::default()).expect(schema);
        all.push((schema.to_owned(), automaton, vec![text]));
    }
    all
}
