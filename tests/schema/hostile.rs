//! Schemas made to be too much: each is compiled or refused with a reason, in little time, and its first mask comes.

use std::time::{Duration, Instant};

use constrained_gen::{Limits, SchemaCompiler, schema::SchemaErrorKind, schema::SchemaOptions};

use super::vocabularies;

/// Far more than any of them takes, on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(20);

/// What is expected of a schema.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Expected {
    Compiled,
    /// The limit of this name.
    Limit(&'static str),
    Unresolvable,
    NotASchema,
    Unsatisfiable,
    Unsupported,
    /// Compiled, or refused for a limit.
    Either,
}

use Expected::{Compiled, Either, Limit, NotASchema, Unresolvable, Unsatisfiable, Unsupported};

/// A text between repetitions of two others.
fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
    [open.repeat(depth), inside.to_owned(), close.repeat(depth)].concat()
}

fn joined(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

/// Definitions of which each combines the next with itself.
fn doubling(keyword: &str, depth: usize) -> String {
    let definitions = joined(depth, |at| {
        let next = format!(r##"{{"$ref":"#/$defs/d{}"}}"##, at + 1);
        format!(r#""d{at}":{{"{keyword}":[{next},{next}]}}"#)
    });
    format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{definitions},"d{depth}":{{"type":"string"}}}}}}"##)
}

fn rows() -> Vec<(&'static str, String, Expected)> {
    let members = |count| joined(count, |at| format!(r#""member{at}":{{"type":"string"}}"#));
    let object = |inside: &str| format!(r#"{{"type":"object",{inside}}}"#);
    let text = |pattern: &str| {
        let pattern = serde_json::Value::from(pattern);
        format!(r#"{{"type":"string","pattern":{pattern}}}"#)
    };
    vec![
        ("a remote document", r#"{"$ref":"https://example.org/a.json"}"#.into(), Unresolvable),
        ("a file", r#"{"$ref":"file:///etc/passwd"}"#.into(), Unresolvable),
        ("a pointer to nothing", r##"{"$ref":"#/$defs/none"}"##.into(), Unresolvable),
        ("itself", r##"{"$ref":"#"}"##.into(), Unresolvable),
        (
            "one another",
            r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##
                .into(),
            Unresolvable,
        ),
        (
            "no way out",
            r##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##.into(),
            Unsatisfiable,
        ),
        ("1,000 levels", nested(r#"{"items":"#, "{}", "}", 1_000), Limit("schema_nesting")),
        ("brackets", "[".repeat(500_000), Limit("schema_nesting")),
        ("250 levels", nested(r#"{"type":"array","items":"#, "{}", "}", 250), Compiled),
        ("250 negations", nested(r#"{"not":"#, r#"{"const":1}"#, "}", 250), Compiled),
        ("10,000 members", object(&format!(r#""properties":{{{}}}"#, members(10_000))), Compiled),
        (
            "10,000 members, all required",
            object(&format!(
                r#""properties":{{{}}},"required":[{}],"additionalProperties":false"#,
                members(10_000),
                joined(10_000, |at| format!(r#""member{at}""#))
            )),
            Compiled,
        ),
        ("an enum of 50,000", format!(r#"{{"enum":[{}]}}"#, joined(50_000, |n| format!(r#""v{n}""#))), Compiled),
        ("an enum of 50,000 numbers", format!(r#"{{"enum":[{}]}}"#, joined(50_000, |n| (7 * n).to_string())), Either),
        ("two megabytes", format!(r#"{{"const":"{}"}}"#, "a".repeat(2_000_000)), Limit("schema_bytes")),
        ("a search that backtracks", text("^(a+)+$"), Compiled),
        ("a search that backtracks more", text("^(([a-z])+.)+[A-Z]([a-z])+$"), Compiled),
        ("a match far from the end", text("a.{40}$"), Either),
        ("counts of counts", text("^((a{1,100}){1,100}){1,100}$"), Either),
        ("counts of everything", text("(.{1,1000}x){1000}"), Either),
        ("10,000 groups", text(&nested("(", "a", ")", 10_000)), Either),
        ("a long choice", text(&format!("^({})$", (0..20_000).map(|n| n.to_string()).collect::<Vec<_>>().join("|"))), Either),
        ("no pattern", text("("), NotASchema),
        ("bounds beyond all", r#"{"type":"array","minItems":1e30,"items":{"type":"null"}}"#.into(), Compiled),
        ("a long text", r#"{"type":"string","minLength":4000000000}"#.into(), Compiled),
        ("a longer text", r#"{"type":"string","minLength":5000000000}"#.into(), Limit("minLength")),
        ("members beyond all", r#"{"type":"object","minProperties":1e30}"#.into(), Compiled),
        ("a number beyond all", r#"{"minimum":1e99999999999999999999}"#.into(), Unsupported),
        ("a fine grid", r#"{"type":"number","multipleOf":1e-300,"maximum":1}"#.into(), Either),
        ("a coarse grid", r#"{"type":"integer","multipleOf":123456789}"#.into(), Limit("dfa_states")),
        ("2^40 intersections", doubling("allOf", 40), Compiled),
        ("2^40 unions", doubling("anyOf", 40), Compiled),
        ("2^40 exclusive unions", doubling("oneOf", 40), Unsatisfiable),
        (
            "60 objects that overlap",
            format!(
                r#"{{"oneOf":[{}]}}"#,
                joined(60, |n| format!(r#"{{"type":"object","properties":{{"m{n}":{{"type":"string"}}}}}}"#))
            ),
            Either,
        ),
        (
            "60 conditions",
            format!(
                r#"{{"allOf":[{}]}}"#,
                joined(60, |n| format!(
                    r#"{{"if":{{"required":["m{n}"]}},"then":{{"required":["n{n}"]}}}}"#
                ))
            ),
            Either,
        ),
        (
            "items that must differ, and just enough of them",
            format!(
                r#"{{"type":"array","uniqueItems":true,"minItems":300,"items":{{"enum":[{}]}}}}"#,
                joined(300, |n| format!("{n},\"{n}\""))
            ),
            Compiled,
        ),
        (
            "numbers that must differ, of 5",
            r#"{"type":"array","uniqueItems":true,"minItems":6,"items":{"type":"integer","minimum":1,"maximum":5}}"#.into(),
            Unsatisfiable,
        ),
        ("objects that must differ", r#"{"type":"array","uniqueItems":true,"items":{"type":"object"}}"#.into(), Unsupported),
    ]
}

#[test]
fn too_much_is_refused_or_quick() {
    let compiler = SchemaCompiler::new(vocabularies::toy(false), &Limits::default());
    for (name, schema, expected) in rows() {
        let start = Instant::now();
        let compiled = compiler.compile(&schema, &SchemaOptions::default());
        let fits = match compiled.as_ref().map_err(|error| error.kind()) {
            Ok(automaton) => {
                automaton.constraint().mask().unwrap_or_else(|error| panic!("{name}: {error}"));
                matches!(expected, Compiled | Either)
            }
            Err(SchemaErrorKind::Limit { name, .. }) => {
                expected == Limit(name) || expected == Either
            }
            Err(SchemaErrorKind::Unresolvable) => expected == Unresolvable,
            Err(SchemaErrorKind::NotASchema) => expected == NotASchema,
            Err(SchemaErrorKind::Unsatisfiable) => expected == Unsatisfiable,
            Err(_) => expected == Unsupported || expected == Either,
        };
        let took = start.elapsed();
        println!(
            "{name}: {} in {took:?}",
            compiled.as_ref().map_or_else(ToString::to_string, |_| "compiled".into())
        );
        assert!(fits, "{name}: expected {expected:?}");
        assert!(took < LONG, "{name}: {took:?}");
    }
}
