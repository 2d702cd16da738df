//! The tool with JSON Schemas: what it takes, what it refuses and where, what it warns of.
#![cfg(feature = "cli")]

mod process;

use serde_json::{Value, json};

use process::{DEMO_TOKENIZER, json_lines, refused, run, run_with, write};

const PERSON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/schemas/person.json");

/// A file with this schema, and the directory that goes with it.
fn schema(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = write(directory.path(), "schema.json", text);
    (directory, file)
}

#[test]
fn check_takes_instances_in_any_order_and_says_where_others_fail() {
    let check = |text: &str| run_with(text.as_bytes(), &["check", "--json-schema", PERSON]);
    for text in [
        r#"{"name": "Ada", "born": "1815-12-10"}"#,
        r#"{"born": "1815-12-10", "children": [{"born": "1836-05-12", "name": "B"}], "name": "A"}"#,
    ] {
        let run = check(text);
        assert_eq!((run.code, run.out.as_str()), (0, "<stdin>: accepted\n"), "{text}");
        assert_eq!(run.err, "");
    }
    let run = check(r#"{"name": "Ada", "born": "1815-13-10"}"#);
    assert_eq!(run.code, 1);
    assert!(
        run.out.starts_with("<stdin>: refused at byte 31 (line 1, column 32): found \"3\""),
        "{}",
        run.out
    );
    let run = check(r#"{"name": "Ada"}"#);
    assert!(run.out.contains("found \"}\", expected \",\""), "{}", run.out);
    let run = check(r#"{"name": "Ada", "age": 36}"#);
    assert!(run.out.contains(r#"expected "born", "children", "email""#), "{}", run.out);
    let prefix = &["check", "--json-schema", PERSON, "--prefix"];
    assert_eq!(run_with(br#"{"name": "Ada", "bor"#, prefix).code, 0);
    assert_eq!(run_with(br#"{"name": "Ada", "box"#, prefix).code, 1);
}

#[test]
fn check_answers_every_line_in_order() {
    let (_directory, file) = schema(r#"{"type": "array", "items": {"type": "integer"}}"#);
    let mut input = String::new();
    for i in 0..3000 {
        let text = if i % 3 == 0 { format!("[{i}, x]") } else { format!("[{i}]") };
        input += &format!("{}\n", json!({"text": text}));
    }
    let arguments = ["check", "--json-schema", &file, "--jsonl", "--field", "text"];
    let run = run_with(input.as_bytes(), &arguments);
    assert_eq!(run.code, 1);
    let lines = json_lines(&run.out);
    assert_eq!(lines.len(), 3000);
    for (i, line) in lines.iter().enumerate() {
        let offset = if i % 3 == 0 { json!(i.to_string().len() + 3) } else { Value::Null };
        assert_eq!((&line["accepted"], &line["offset"]), (&json!(i % 3 != 0), &offset), "{i}");
    }
    assert_eq!(lines[0]["expected"], json!(["number"]));
    let (_directory, file) = schema(r#"{"const": 1}"#);
    let run = run_with(
        b"{\"text\": \"1\"}\n",
        &["check", "--json-schema", &file, "--jsonl", "--field", "text"],
    );
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "{\"accepted\":true,\"offset\":null,\"expected\":[]}\n")
    );
}

#[test]
fn a_schema_that_cannot_be_followed_is_one_line_with_its_place() {
    let text =
        "{\"properties\": {\n  \"id\": {\"type\": \"string\",\n    \"pattern\": \"(a)\\\\1\"}}}\n";
    let (_directory, file) = schema(text);
    let at = format!("{file}:3:16: ");
    let message = refused(
        &["check", "--json-schema", &file],
        &[&at, "/properties/id", "`pattern`", "back-references are not supported"],
    );
    assert_eq!(message.lines().count(), 1, "{message}");
    refused(&["grammar", "check", &file], &[&at]);
    let mask = ["mask", "--json-schema", &file, "--tokenizer", DEMO_TOKENIZER];
    refused(&mask, &[&at]);

    let lenient = ["check", "--lenient", "--json-schema", &file];
    let run = run_with(b"{\"id\": \"b\"}", &lenient);
    assert_eq!((run.code, run.out.as_str()), (0, "<stdin>: accepted\n"));
    assert!(run.err.starts_with(&format!("warning: {at}")), "{}", run.err);
    assert!(run.err.contains("/properties/id, keyword `pattern`"), "{}", run.err);
}

#[test]
fn what_is_no_schema_is_misuse() {
    let check = |text: &str, parts: &[&str]| {
        let (_directory, file) = schema(text);
        refused(&["check", "--json-schema", &file], parts);
    };
    check("{\"type\":\n \"string\",, }", &["no JSON text", "line 2, column 11"]);
    check("{\"type\": \"strin\"}", &[":1:10: ", "the root, keyword `type`", "expected `null`"]);
    check("{\"$ref\": \"https://example.org/other\"}", &["keyword `$ref`"]);
    check("{\"type\": \"integer\", \"minimum\": 2, \"maximum\": 1}", &["no value at all"]);
    check("{\"$schema\": \"urn:mine\"}", &["$schema"]);
    check("", &["no JSON text"]);
    check("\u{feff}{}", &["no JSON text"]);
    check(&"[".repeat(100_000), &["no JSON text"]);
    refused(&["check", "--json-schema", "/nowhere.json"], &["/nowhere.json: "]);
}

#[test]
fn exactly_one_language_and_its_own_options() {
    let misuse = |arguments: &[&str]| {
        let run = run(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
    };
    misuse(&["check"]);
    misuse(&["check", "--grammar", "json", "--json-schema", PERSON]);
    misuse(&["check", "--grammar", "json", "--lenient"]);
    misuse(&["check", "--grammar", "json", "--whitespace", "compact"]);
    misuse(&["check", "--json-schema", PERSON, "--whitespace", "none"]);
    misuse(&["check", "--json-schema", PERSON, "--draft", "5"]);
    let sample = ["sample", "--tokenizer", DEMO_TOKENIZER, "--count", "1", "--coverage"];
    misuse(&[&sample[..], &["--json-schema", PERSON]].concat());
    refused(&["check", "--json-schema", "-"], &["standard input holds the schema"]);
}

#[test]
fn a_schema_may_come_from_standard_input() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = write(directory.path(), "text.json", "[1]");
    let run = run_with(b"{\"items\": false}", &["check", "--json-schema", "-", &file]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("found \"1\", expected \"]\""), "{}", run.out);
}

#[test]
fn the_options_change_what_is_taken() {
    let (_directory, file) =
        schema(r#"{"properties": {"b": {}, "a": {}}, "required": ["a"], "maxProperties": 2}"#);
    let code = |text: &str, options: &[&str]| {
        let arguments = [&["check", "--json-schema", &file], options].concat();
        run_with(text.as_bytes(), &arguments).code
    };
    assert_eq!(code("{ \"a\"\n: 1}", &[]), 0);
    assert_eq!(code("{\"a\": 1, \"b\": 2}", &["--whitespace", "spaced"]), 0);
    assert_eq!(code("{ \"a\": 1}", &["--whitespace", "spaced"]), 1);
    assert_eq!(code("{\"a\":1,\"b\":2}", &["--whitespace", "compact"]), 0);
    assert_eq!(code("{\"a\": 1}", &["--whitespace", "compact"]), 1);
    assert_eq!(code("{\"a\": 1, \"b\": 2}", &["--order", "any"]), 0);
    assert_eq!(code("{\"a\": 1, \"b\": 2}", &["--order", "schema"]), 1);
    assert_eq!(code("{\"b\": 1, \"a\": 2}", &["--order", "schema"]), 0);

    // Before 2019-09, a reference stands for itself.
    let (_directory, file) = schema(
        r##"{"$ref": "#/definitions/a", "maximum": 1, "definitions": {"a": {"type": "number"}}}"##,
    );
    let code =
        |draft: &str| run_with(b"2", &["check", "--json-schema", &file, "--draft", draft]).code;
    assert_eq!((code("4"), code("7"), code("2019-09"), code("2020-12")), (0, 0, 1, 1));
}

#[test]
fn masks_and_samples_are_of_instances() {
    let (_directory, file) = schema(
        r#"{"type": "object", "properties": {"on": {"type": "boolean"}, "n": {"enum": [1, 22]}},
            "required": ["on", "n"], "additionalProperties": false}"#,
    );
    let mask = ["mask", "--json-schema", &file, "--tokenizer", DEMO_TOKENIZER, "--json"];
    let run = run(&[&mask[..], &["{\"on\": t"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let value = &json_lines(&run.out)[0];
    assert_eq!((&value["complete"], &value["expected"]), (&json!(false), &json!(["true"])));
    let texts: Vec<_> = value["tokens"].as_array().expect("tokens").iter().collect();
    assert!(texts.iter().all(|token| "rue".starts_with(token["text"].as_str().expect("text"))));
    let refused = process::run(&[&mask[..], &["{\"on\": 1"]].concat());
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("expected false, true"), "{}", refused.err);

    let sample = ["sample", "--json-schema", &file, "--tokenizer", DEMO_TOKENIZER];
    let rest = ["--count", "50", "--seed", "7", "--whitespace", "compact", "--order", "schema"];
    let samples = process::run(&[&sample[..], &rest].concat());
    assert_eq!(samples.code, 0, "{}", samples.err);
    let lines = json_lines(&samples.out);
    assert_eq!(lines.len(), 50);
    for line in &lines {
        let text = line["text"].as_str().expect("text");
        let value: Value = serde_json::from_str(text).expect("JSON");
        let members = value.as_object().expect("an object");
        assert_eq!(members.keys().collect::<Vec<_>>(), ["on", "n"], "{text}");
        assert!(
            members["on"].is_boolean()
                && [1.0, 22.0].contains(&members["n"].as_f64().expect("a number"))
        );
    }
    let check = ["check", "--json-schema", &file, "--jsonl", "--field", "text"];
    assert_eq!(run_with(samples.out.as_bytes(), &check).code, 0);
}

#[test]
fn references_may_lead_to_other_files() {
    let (directory, file) =
        schema(r#"{"items": {"$ref": "https://example.org/a"}, "type": "array"}"#);
    let other = write(directory.path(), "a.json", r#"{"type": "integer"}"#);
    let check = ["check", "--json-schema", &file];
    let given = format!("https://example.org/a={other}");
    let arguments = [&check[..], &["--schema-document", &given]].concat();
    assert_eq!(run_with(b"[1, 2]", &arguments).code, 0);
    assert_eq!(run_with(br#"["a"]"#, &arguments).code, 1);
    refused(&check, &["https://example.org/a", "nothing is fetched"]);
    refused(&[&check[..], &["--schema-document", &other]].concat(), &["expected URI=FILE"]);
}

#[test]
fn grammar_check_takes_schemas() {
    let run = run(&["grammar", "check", "json", PERSON]);
    assert_eq!(run.code, 0, "{}", run.err);
    let last = run.out.lines().last().expect("a line");
    assert_eq!(last, format!("{PERSON}: JSON Schema, followed exactly"));
}

#[cfg(feature = "candle")]
#[test]
fn generate_answers_by_a_schema() {
    let (_directory, file) = schema(r#"{"enum": ["yes", "no"]}"#);
    let arguments = ["generate", "--json-schema", &file, "--json", "Is it?"];
    let run = run(&arguments);
    assert_eq!(run.code, 0, "{}", run.err);
    let value = &json_lines(&run.out)[0];
    let text = value["text"].as_str().expect("text").trim();
    assert!(["\"yes\"", "\"no\""].contains(&text), "{text}");
    assert_eq!((&value["expert"], &value["json_schema"]), (&json!("json"), &json!(file)));
    assert_eq!((&value["grammar"], &value["valid"]), (&Value::Null, &json!(true)));
    for wrong in [["--grammar", "json"], ["--no-grammar", "--json"]] {
        assert_eq!(process::run(&[&arguments[..4], &wrong, &["Is it?"]].concat()).code, 2);
    }
    refused(&["generate", "--json-schema", "-"], &["schema"]);
}
