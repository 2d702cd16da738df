//! The canonical form, the refusals and the bounds, one by one.

use std::{fmt::Write as _, time::Instant};

use super::compile;
use crate::{
    Limits, Schema,
    schema::{SchemaErrorKind, SchemaOptions},
};

fn schema(text: &str) -> Schema {
    compile(text, &SchemaOptions::default()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn refusal(text: &str) -> crate::SchemaError {
    compile(text, &SchemaOptions::default()).expect_err(text)
}

/// Checks instances: what comes after `!` must be refused.
fn check(text: &str, instances: &[&str]) {
    let schema = schema(text);
    for instance in instances {
        let (valid, instance) = match instance.strip_prefix('!') {
            Some(rest) => (false, rest),
            None => (true, *instance),
        };
        assert_eq!(schema.judge(instance), Ok(valid), "{text} {instance}");
    }
}

#[test]
fn unions_stay_small() {
    for (text, objects) in [
        (r#"{"type":"object","anyOf":[{"required":["a"]},{"required":["a","b"]}]}"#, 1),
        (
            r#"{"type":"object","oneOf":[{"properties":{"k":{"const":"a"}},"required":["k"]},{"properties":{"k":{"const":"b"}},"required":["k"]}]}"#,
            1,
        ),
        (
            r#"{"type":"object","required":["k"],"oneOf":[{"properties":{"k":{"const":"a"},"x":{"type":"null"}}},{"properties":{"k":{"const":"b"}}}]}"#,
            2,
        ),
        (r#"{"type":"object","dependentRequired":{"a":["b"]},"required":["b"]}"#, 1),
        (r#"{"type":"object","not":{"required":["a"]}}"#, 1),
        (r#"{"if":{"required":["a"]},"then":{"required":["b"]},"type":"object"}"#, 2),
    ] {
        let schema = schema(text);
        let form = schema.alternatives(schema.root()).unwrap();
        assert_eq!(form.objects.len(), objects, "{text}: {:#?}", form.objects);
    }
}

#[test]
fn numbers_are_exact() {
    check(r#"{"const":1}"#, &["1", "1.0", "10e-1", "!1.0000000000000000000001"]);
    check(
        r#"{"enum":[9007199254740993]}"#,
        &["9007199254740993", "!9007199254740992", "9007199254740993.0"],
    );
    check(r#"{"multipleOf":0.01}"#, &["0.07", "4.35", "!0.005"]);
    check(r#"{"const":{"a":[1.0]}}"#, &[r#"{"a":[1]}"#, r#"!{"a":[1,1]}"#]);
}

#[test]
fn what_nothing_fulfils_is_found() {
    for text in [
        "false",
        r#"{"type":"string","minLength":2,"maxLength":1}"#,
        r#"{"type":"object","required":["a"],"properties":{"a":false}}"#,
        // Every instance would be infinite.
        r##"{"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/b"}},
            "b":{"type":"object","required":["x"],"additionalProperties":{"$ref":"#/$defs/a"}}}}"##,
        r#"{"type":"object","minProperties":3,"propertyNames":{"enum":["a","b"]}}"#,
        r#"{"type":"array","items":{"type":"boolean"},"uniqueItems":true,"minItems":3}"#,
        r#"{"type":"array","items":{"type":"string"},"contains":{"type":"number"}}"#,
        r#"{"type":"array","contains":{"const":1},"minContains":2,"maxItems":1}"#,
        r#"{"allOf":[{"type":"integer"},{"minimum":1.2,"maximum":1.9}],"type":"number"}"#,
        r#"{"const":"a","not":{"type":"string"}}"#,
    ] {
        assert!(refusal(text).is_unsatisfiable(), "{text}");
    }
}

#[test]
fn uninhabited_parts_are_forbidden() {
    let text = r##"{"type":"object","properties":{"next":{"$ref":"#/$defs/never"},"x":{}},
        "$defs":{"never":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/never"}}}}"##;
    let schema = schema(text);
    let form = schema.alternatives(schema.root()).unwrap();
    assert_eq!(form.objects[0].member("next").unwrap().value, None);
    assert!(form.objects[0].member("x").unwrap().value.is_some());
    check(text, &[r#"{"x":1}"#, r#"!{"next":[]}"#]);
}

#[test]
fn combinations_are_exact() {
    check(
        r#"{"oneOf":[{"properties":{"a":{"type":"number"}}},{"properties":{"b":{"type":"number"}}}]}"#,
        &[
            r#"{"a":"x"}"#,
            r#"{"b":"x"}"#,
            r#"!{"a":"x","b":"x"}"#,
            r#"!{"a":1,"b":1}"#,
            "!1",
            "!{}",
        ],
    );
    check(
        r#"{"type":"array","not":{"items":{"type":"number"},"prefixItems":[true]}}"#,
        &[r#"["x","y"]"#, r#"!["x"]"#, r#"!["x",1]"#, r#"["x",1,null]"#],
    );
    check(
        r#"{"type":"object","not":{"additionalProperties":{"type":"number"},"properties":{"a":true}}}"#,
        &[r#"{"b":"x"}"#, r#"!{"a":"x"}"#, r#"!{"b":1}"#, r#"{"a":1,"c":null}"#],
    );
    check(
        r#"{"patternProperties":{"^a":{"minimum":1},"b$":{"maximum":5}},"additionalProperties":{"type":"null"}}"#,
        &[r#"{"a":1,"b":5,"ab":3,"c":null}"#, r#"!{"ab":6}"#, r#"!{"ab":0}"#, r#"!{"c":1}"#],
    );
}

#[test]
fn refusals_name_place_and_keyword() {
    for (text, kind, pointer, keyword) in [
        (
            r#"{"properties":{"a":{"format":"grid"}}}"#,
            SchemaErrorKind::Unsupported,
            "/properties/a",
            "format",
        ),
        (
            r#"{"items":{"$ref":"http://169.254.169.254/x"}}"#,
            SchemaErrorKind::Unresolvable,
            "/items",
            "$ref",
        ),
        (r##"{"$ref":"#"}"##, SchemaErrorKind::Unresolvable, "", ""),
        (r#"{"type":"strin"}"#, SchemaErrorKind::NotASchema, "", "type"),
        (r#"{"minLength":-1}"#, SchemaErrorKind::NotASchema, "", "minLength"),
        (r#"{"anyOf":[{"required":"a"}]}"#, SchemaErrorKind::NotASchema, "/anyOf/0", "required"),
        (r#"{"pattern":"(?<=a)b"}"#, SchemaErrorKind::Unsupported, "", "pattern"),
        (r#"{"$schema":"http://example.com/x"}"#, SchemaErrorKind::Unsupported, "", "$schema"),
        (r#"{"multipleOf":0}"#, SchemaErrorKind::NotASchema, "", "multipleOf"),
        (r#"{"a":1"#, SchemaErrorKind::NotASchema, "", ""),
        ("7", SchemaErrorKind::NotASchema, "", ""),
    ] {
        let error = refusal(text);
        assert_eq!(
            (error.kind(), error.pointer(), error.keyword()),
            (&kind, pointer, keyword),
            "{error}"
        );
    }
    let error = refusal(r#"{"not":{"uniqueItems":true}}"#);
    assert!(error.is_unsupported(), "{error}");
}

#[test]
fn lenient_options_warn() {
    let options = SchemaOptions { lenient: true, ..SchemaOptions::default() };
    let schema =
        compile(r#"{"format":"grid","pattern":"(?<=a)b","type":"string"}"#, &options).unwrap();
    let keywords: Vec<_> = schema.warnings().iter().map(crate::SchemaError::keyword).collect();
    assert_eq!(keywords, ["pattern", "format"]);
    assert_eq!(schema.judge("\"x\""), Ok(true));
}

/// Found by fuzzing: such a number was judged to be of no type at all.
#[test]
fn numbers_beyond_all_bounds_are_judged_where_their_size_plays_no_part() {
    let options = SchemaOptions::default();
    for (text, expected) in [
        (r#"{"type":"number"}"#, Some(true)),
        (r#"{"type":"string"}"#, Some(false)),
        (r#"{"minimum":1}"#, None),
    ] {
        let judged = compile(text, &options).unwrap().judge("1e99999999999999999999");
        match expected {
            Some(valid) => assert_eq!(judged, Ok(valid), "{text}"),
            None => assert!(judged.unwrap_err().is_unsupported(), "{text}"),
        }
    }
}

#[test]
fn large_and_deep_schemas_are_cheap_or_refused() {
    let mut texts = Vec::new();
    // A chain of references.
    let mut text = String::from(r##"{"$ref":"#/$defs/a0","$defs":{"##);
    for n in 0..10_000 {
        write!(text, r##""a{n}":{{"$ref":"#/$defs/a{}"}},"##, n + 1).unwrap();
    }
    texts.push(("chain", text + r#""a10000":{"type":"null"}}}"#));
    // The same chain over members, all required.
    let mut text = String::from(r##"{"$ref":"#/$defs/a0","$defs":{"##);
    for n in 0..3_000 {
        write!(
            text,
            r##""a{n}":{{"type":"object","required":["x"],"properties":{{"x":{{"$ref":"#/$defs/a{}"}}}}}},"##,
            n + 1
        )
        .unwrap();
    }
    texts.push(("required chain", text + r#""a3000":{"type":"null"}}}"#));
    let words: Vec<String> = (0..10_000).map(|n| format!("\"value {n}\"")).collect();
    let uses: Vec<String> = (0..8).map(|n| format!(r##""p{n}":{{"$ref":"#/$defs/e"}}"##)).collect();
    texts.push((
        "enum",
        format!(
            r#"{{"properties":{{{}}},"$defs":{{"e":{{"enum":[{}]}}}}}}"#,
            uses.join(","),
            words.join(",")
        ),
    ));
    let members: Vec<String> =
        (0..1_000).map(|n| format!(r#""p{n}":{{"type":"string"}}"#)).collect();
    let names: Vec<String> = (0..1_000).map(|n| format!("\"p{n}\"")).collect();
    texts.push((
        "members",
        format!(
            r#"{{"type":"object","properties":{{{}}},"required":[{}]}}"#,
            members.join(","),
            names.join(",")
        ),
    ));
    let constants: Vec<String> = (0..1_000).map(|n| format!(r#"{{"const":"v{n}"}}"#)).collect();
    texts.push(("constants", format!(r#"{{"oneOf":[{}]}}"#, constants.join(","))));
    let deep = "{\"items\":".repeat(64) + "{}" + &"}".repeat(64);
    texts.push(("levels", deep));
    let optional: Vec<String> = (0..14)
        .map(|n| {
            format!(r#"{{"properties":{{"a{n}":{{"type":"string"}},"b{n}":{{"type":"null"}}}}}}"#)
        })
        .collect();
    texts.push(("overlapping branches", format!(r#"{{"oneOf":[{}]}}"#, optional.join(","))));
    texts.push((
        "counted",
        r#"{"contains":{"const":1},"minContains":18446744073709551615}"#.to_owned(),
    ));
    for (name, text) in texts {
        let start = Instant::now();
        let outcome = compile(&text, &SchemaOptions::default());
        let took = start.elapsed();
        println!(
            "{name}: {took:?} {}",
            outcome.as_ref().err().map_or(String::new(), ToString::to_string)
        );
        assert!(took.as_secs() < 5, "{name} took {took:?}");
        assert!(outcome.is_ok() || outcome.is_err_and(|e| e.is_limit()), "{name}");
    }
    let limits = Limits::default();
    let error =
        Schema::parse(&"[".repeat(100_000), &SchemaOptions::default(), &limits).unwrap_err();
    assert!(error.is_limit(), "{error}");
}
