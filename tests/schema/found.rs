//! What the comparisons have found: a text and what may come after it, or not.

use constrained_gen::{Limits, SchemaCompiler, TokenId, schema::SchemaOptions};

use super::vocabularies;

/// Schema, the text read, a token of the small vocabulary, and whether it may come.
type Row = (&'static str, &'static str, &'static [u8], bool);

const ROWS: &[Row] = &[
    // Blanks after a number that may be complete.
    (r#"{"type": "integer"}"#, "1", b" ", true),
    (r#"{"items": {"type": "number"}, "type": "array"}"#, "[1.5", b"\n", true),
    // No blanks beyond JSON inside a string that must differ.
    (
        r#"{"items": {"type": "string"}, "uniqueItems": true, "type": "array"}"#,
        r#"["a", "b"#,
        b"\t",
        false,
    ),
    // An item that is the same in another spelling.
    (
        r#"{"items": {"type": "string"}, "uniqueItems": true, "type": "array"}"#,
        r#"["a", "\u0061"#,
        b"\"",
        false,
    ),
    // Of the words left only some can come of an escape that has been begun.
    (
        r#"{"items": {"enum": ["a", "b", "ab", "é", null, true]}, "uniqueItems": true, "type": "array"}"#,
        r#"["a","é","b",null,"\u00"#,
        b"6",
        true,
    ),
    // An item of another language does not use up this one's texts.
    (
        r#"{"prefixItems": [{"type": "string"}, {"type": "string", "pattern": "^a$"}], "items": false, "uniqueItems": true, "type": "array"}"#,
        r#"["zzz","#,
        b"\"",
        true,
    ),
    // Items to be counted may have to be all that are left.
    (
        r#"{"type": "array", "contains": {"const": 1}, "minContains": 20, "maxItems": 20, "items": {"enum": [1, 2]}}"#,
        "[1,",
        b"2",
        false,
    ),
    // Several counts meet in the items that are left.
    (
        r#"{"type": "array", "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}], "items": {"enum": [1, 2, 3]}, "maxItems": 2}"#,
        "[",
        b"3",
        false,
    ),
    // Two members that something is wanted of, and room for one of both.
    (
        r#"{"type": "object", "allOf": [{"not": {"additionalProperties": {"type": "string"}}}, {"not": {"patternProperties": {"^a": {"type": "integer"}}}}], "maxProperties": 1}"#,
        r#"{""#,
        b"b",
        false,
    ),
    // Names that are not declared count once each while they are to make up a minimum.
    (r#"{"type": "object", "minProperties": 2}"#, r#"{"a":1,"a"#, b"\"", false),
    (r#"{"type": "object", "minProperties": 2}"#, r#"{"a":1,"b":2,"a"#, b"\"", true),
    // A name again would be another value in the end.
    (
        r#"{"type": "object", "not": {"additionalProperties": {"type": "string"}}}"#,
        r#"{"a":1,"a"#,
        b"\"",
        false,
    ),
    // An item that leaves none for the next, which is of another language.
    (
        r#"{"type": "array", "prefixItems": [{"type": "string"}, {"const": "b"}], "items": false, "uniqueItems": true}"#,
        r#"["b"#,
        b"\",\"",
        false,
    ),
    // A number that is the same in another spelling, and one that can still become another.
    (
        r#"{"type": "array", "items": {"type": "number"}, "uniqueItems": true}"#,
        "[1,1.0",
        b"]",
        false,
    ),
    (
        r#"{"type": "array", "items": {"type": "number"}, "uniqueItems": true}"#,
        "[1,1.0",
        b"0",
        true,
    ),
    (
        r#"{"type": "array", "items": {"enum": [1, 12, 5]}, "uniqueItems": true}"#,
        "[12,1,",
        b"1",
        false,
    ),
    // A member that must be there, and is forbidden; what is asked for must be of another name.
    (
        r#"{"type": "object", "dependentSchemas": {"b": {"type": "boolean", "const": ""}}, "not": {"patternProperties": {"^(a|b)$": {"const": {}, "minLength": 1}, "a": {}}}}"#,
        "{\"b",
        b"\"",
        false,
    ),
    (
        r#"{"type": "object", "dependentSchemas": {"b": false}, "not": {"patternProperties": {"^(a|b)$": {"const": {}}}}}"#,
        "{\"a",
        b"\"",
        true,
    ),
    // Free texts and those of automata in tables without lengths.
    (r#"{"type": "string"}"#, "\"", b"\\", true),
    (r#"{"type": "string", "format": "date-time"}"#, "\"", b"2", true),
];

#[test]
fn what_was_found_stays_right() {
    let vocabulary = vocabularies::toy(false);
    let compiler = SchemaCompiler::new(vocabulary.clone(), &Limits::default());
    for (schema, text, bytes, may) in ROWS {
        let automaton = compiler.compile(schema, &SchemaOptions::default()).expect(schema);
        let mut constraint = automaton.constraint();
        constraint.accept_bytes(text.as_bytes()).unwrap_or_else(|e| panic!("{schema}: {e}"));
        let tokens = (0..vocabulary.len()).map(TokenId::new);
        let mut tokens = tokens.filter(|token| vocabulary.bytes(*token) == *bytes);
        let token = tokens.next().expect("a token");
        let in_mask = constraint.mask().expect(schema).contains(token);
        assert_eq!((in_mask, constraint.accept(token).is_ok()), (*may, *may), "{schema}: {text}");
    }
}

#[test]
fn schemas_that_cannot_be_looked_ahead_are_refused() {
    let compiler = SchemaCompiler::new(vocabularies::toy(false), &Limits::default());
    for schema in [
        r#"{"type": "array", "prefixItems": [{"enum": ["a", "b"]}, {"const": "a"}], "uniqueItems": true, "minItems": 2, "items": false}"#,
        r#"{"type": "integer", "multipleOf": 0.123456789}"#,
    ] {
        let error = compiler.compile(schema, &SchemaOptions::default()).expect_err(schema);
        assert!(error.is_unsupported() || error.is_limit(), "{error}");
    }
}
