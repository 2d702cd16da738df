//! References that lead out of the document: to others that were given, and to the drafts' own schemas.

use std::sync::Arc;

use constrained_gen::{
    CompiledSchema, Limits,
    schema::{Formats, SchemaError, SchemaErrorKind, SchemaOptions},
};

fn compile(
    schema: &str,
    documents: &[(&str, &str)],
    lenient: bool,
) -> Result<Arc<CompiledSchema>, SchemaError> {
    let mut options = SchemaOptions::default();
    let owned = |(uri, text): &(&str, &str)| ((*uri).to_owned(), (*text).to_owned());
    options.documents = documents.iter().map(owned).collect();
    options.lenient = lenient;
    CompiledSchema::new(schema, &options, &Limits::default())
}

fn accepts(schema: &Arc<CompiledSchema>, text: &str) -> bool {
    schema.recognizer().check(text.as_bytes()).is_ok()
}

#[test]
fn references_lead_to_documents_that_were_given() {
    let point = r##"{"$defs": {"axis": {"$anchor": "axis", "type": "integer"}},
        "type": "object", "required": ["x"],
        "properties": {"x": {"$ref": "#axis"}, "next": {"$ref": "#"}, "name": {"$ref": "names/short.json"}}}"##;
    let short = r#"{"$id": "https://example.org/names/short", "type": "string", "maxLength": 2}"#;
    let documents = [
        ("https://example.org/point.json", point),
        ("https://example.org/names/short.json", short),
        ("https://example.org/other.json", r#"{"$schema": "https://example.org/language"}"#),
    ];
    let schema =
        r#"{"$id": "https://example.org/", "items": {"$ref": "point.json"}, "type": "array"}"#;
    let compiled = compile(schema, &documents, false).expect("it is all there");
    assert!(accepts(&compiled, r#"[{"x": 1, "next": {"x": 2, "name": "ab"}}]"#));
    assert!(!accepts(&compiled, r#"[{"x": 1, "next": {}}]"#));
    assert!(!accepts(&compiled, r#"[{"x": 1, "name": "abc"}]"#));
    // By the identifier that a document gives itself, too, and by pointers and anchors.
    for (reference, good, bad) in [
        ("https://example.org/names/short", r#""a""#, "1"),
        ("https://example.org/point.json#axis", "1", r#""a""#),
        ("https://example.org/point.json#/$defs/axis", "1", "1.5"),
    ] {
        let schema = format!(r#"{{"$ref": "{reference}"}}"#);
        let compiled = compile(&schema, &documents, false).expect(reference);
        assert!(accepts(&compiled, good) && !accepts(&compiled, bad), "{reference}");
    }
    for missing in ["point.json", "https://example.org/other.json", "https://example.org/none"] {
        let error = compile(&format!(r#"{{"$ref": "{missing}"}}"#), &documents, false);
        assert_eq!(*error.expect_err(missing).kind(), SchemaErrorKind::Unresolvable, "{missing}");
    }
}

#[test]
fn errors_say_in_which_document_they_are() {
    let schema = r#"{"$ref": "urn:example:a#/$defs/b"}"#;
    let compile = |text: &str| {
        compile(schema, &[("urn:example:a", text)], false).expect_err("it is refused").to_string()
    };
    assert_eq!(
        compile(r#"{"$defs": {"b": {"type": "text"}}}"#).split(", keyword").next(),
        Some("schema, at urn:example:a#/$defs/b")
    );
    assert!(
        compile("{\n \"$defs\": }").contains("urn:example:a: no JSON text, in line 2, column 11")
    );
}

#[test]
fn the_drafts_own_schemas_are_known() {
    for (draft, good, bad) in [
        ("http://json-schema.org/draft-04/schema#", r#"{"minLength": 1}"#, r#"{"minLength": -1}"#),
        ("http://json-schema.org/draft-06/schema#", r#"{"const": 1}"#, r#"{"required": "a"}"#),
        ("http://json-schema.org/draft-07/schema#", r#"{"if": true}"#, r#"{"if": 1}"#),
        (
            "https://json-schema.org/draft/2019-09/schema",
            r#"{"not": {}}"#,
            r#"{"not": {"type": 1}}"#,
        ),
        (
            "https://json-schema.org/draft/2020-12/schema",
            r#"{"items": true}"#,
            r#"{"items": [true]}"#,
        ),
    ] {
        let schema = format!(r#"{{"$ref": "{draft}"}}"#);
        let compiled = compile(&schema, &[], false).expect(draft);
        assert!(accepts(&compiled, good) && !accepts(&compiled, bad), "{draft}");
    }
}

#[test]
fn leniently_a_pointer_may_start_at_the_whole_document() {
    let schema = r##"{"$schema": "http://json-schema.org/draft-04/schema#", "definitions": {"a": {"id": "schema/a",
        "definitions": {"n": {"type": "integer"}}, "properties": {"n": {"$ref": "#/definitions/a/definitions/n"}}}},
        "$ref": "#/definitions/a"}"##;
    let error = compile(schema, &[], false).expect_err("the pointer leads nowhere in schema/a");
    assert_eq!(*error.kind(), SchemaErrorKind::Unresolvable);
    let compiled = compile(schema, &[], true).expect("leniently");
    assert_eq!(compiled.warnings().len(), 1);
    assert!(accepts(&compiled, r#"{"n": 1}"#) && !accepts(&compiled, r#"{"n": "a"}"#));
}

#[test]
fn what_is_known_of_a_format_in_part_is_not_known_of_its_complement() {
    let accepts =
        |schema: &str, text: &str| accepts(&compile(schema, &[], false).expect(schema), text);
    let other = r#"{"type": "string", "not": {"format": "hostname"}}"#;
    assert!(accepts(other, r#""a b""#) && !accepts(other, r#""a.b""#));
    assert!(!accepts(other, r#""xn--4gbwdl""#));
    let one = r#"{"type": "string", "oneOf": [{"format": "hostname"}, {"maxLength": 12}]}"#;
    assert!(accepts(one, r#""a b""#) && accepts(one, r#""aaaaaaaaaaaaa""#));
    assert!(!accepts(one, r#""a.b""#) && !accepts(one, r#""xn--4gbwdl""#));
    let old = r#"{"$schema": "http://json-schema.org/draft-04/schema#", "format": "hostname"}"#;
    assert!(accepts(old, r#""xn--4gbwdl""#) && !accepts(old, r#""a_b""#));

    let mut exact = SchemaOptions::default();
    exact.formats = Formats::Exact;
    let compile = |schema| CompiledSchema::new(schema, &exact, &Limits::default());
    let refused = compile(other).expect_err("a part is not the whole");
    assert_eq!(*refused.kind(), SchemaErrorKind::Unsupported);
    assert_eq!(refused.pointer(), "/not");
    assert!(compile(old).is_ok());
}

#[test]
fn names_may_be_made_to_differ() {
    let mut options = SchemaOptions::default();
    options.unique_names = true;
    let compile = |schema| CompiledSchema::new(schema, &options, &Limits::default()).expect(schema);
    let any = compile(r#"{"type": "object"}"#);
    assert!(accepts(&any, r#"{"a": 1, "b": {"a": 1}}"#));
    assert!(!accepts(&any, r#"{"a": 1, "\u0061": 2}"#));
    let few = compile(r#"{"additionalProperties": false, "patternProperties": {"^[ab]$": true}}"#);
    assert!(accepts(&few, r#"{"a": 1, "b": 2}"#) && !accepts(&few, r#"{"a": 1, "b": 2, "a": 3}"#));
    assert!(few.recognizer().push(br#"{"a": 1, "b": 2,"#).is_err());
}
