//! The tool as a process: what goes to which stream, exit codes, one clear line for every wrong input, never a panic.
#![cfg(feature = "cli")]

mod process;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use process::{DEMO_TOKENIZER, json_lines, refused, run, run_with, write};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo");
/// A copy of the demonstration model, to break.
fn model_copy(directory: &Path) -> PathBuf {
    let copy = directory.join("model");
    std::fs::create_dir(&copy).expect("a temporary directory");
    for entry in std::fs::read_dir(DEMO).expect("the demonstration model") {
        let entry = entry.expect("an entry");
        if entry.path().is_dir() {
            continue;
        }
        std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
    }
    copy
}

#[test]
fn help_names_the_exit_codes_and_misuse_is_2() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
    assert_eq!(run(&[]).code, 2);
    assert_eq!(run(&["check"]).code, 2);
    assert_eq!(run(&["no-such-command"]).code, 2);
    assert_eq!(run(&["check", "--grammar", "json", "--jsonl"]).code, 2);
}

#[test]
fn check_says_where_a_text_fails() {
    let accepted = run_with(b"SELECT a FROM t", &["check", "--grammar", "sql-postgres"]);
    assert_eq!((accepted.code, accepted.out.as_str()), (0, "<stdin>: accepted\n"));

    let refused = run_with(b"{\"a\": 1,\n 2}", &["check", "--grammar", "json"]);
    assert_eq!(refused.code, 1);
    let mut lines = refused.out.lines();
    let verdict = lines.next().expect("a verdict");
    assert!(
        verdict
            .starts_with("<stdin>: refused at byte 10 (line 2, column 2): found \"2\", expected"),
        "{verdict}"
    );
    assert_eq!(lines.next(), Some("  |  2}"));
    assert_eq!(lines.next(), Some("  |  ^"));

    let early = run_with(b"[1, ", &["check", "--grammar", "json"]);
    assert!(
        early.out.contains("at byte 4") && early.out.contains("the text ends"),
        "{}",
        early.out
    );
    let prefix = run_with(b"[1, ", &["check", "--grammar", "json", "--prefix"]);
    assert_eq!(prefix.code, 0, "{}", prefix.out);
}

#[test]
fn a_grammar_is_entered_at_a_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = "//> accept: [1]\n//> accept at item-rule: 1\n%start item_rule \"one item\"\n\
                start: \"[\" item_rule \"]\"\nitem_rule: /[0-9]+/\n";
    let list = write(directory.path(), "list.lark", text);
    let check = |more: &[&str]| run_with(b"1", &[&["check", "--grammar", &list], more].concat());
    assert_eq!(check(&[]).code, 1);
    assert_eq!(check(&["--start", "item-rule"]).code, 0);
    let wrong = check(&["--start", "rule"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("the grammar offers item_rule; the rules are item_rule, start"),
        "{}",
        wrong.err
    );
    let checked = run(&["grammar", "check", &list]);
    assert!(checked.out.contains("2 examples hold"), "{}", checked.out);
    let checked = run(&["grammar", "check", &list, "--start", "item_rule"]);
    assert!(checked.out.contains("1 example holds"), "{}", checked.out);
    let shown = run(&["grammar", "show", &list]).out;
    assert!(shown.contains("\noffers item-rule: one item\nstart start\n"), "{shown}");
    let shown = run(&["grammar", "show", "sql-postgres:dml"]).out;
    assert!(shown.contains("\nstart dml\n"), "{shown}");
    let listed = run(&["grammar", "list"]).out;
    assert!(listed.contains("  sql-postgres:dml"), "{listed}");
    let mask =
        run(&["mask", "--grammar", &list, "--start", "item_rule", "--tokenizer", DEMO_TOKENIZER]);
    assert!(mask.out.contains("expected  /[0-9]+/"), "{}", mask.out);
    refused(&["check", "--json-schema", &list, "--start", "x"], &["--start"]);
}

#[test]
fn check_reads_several_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let good = write(directory.path(), "good.json", "[1]\n");
    let bad = write(directory.path(), "bad.json", "[1");
    let both = run(&["check", "--grammar", "json", &good, &bad]);
    assert_eq!(both.code, 1);
    assert!(both.out.starts_with(&format!("{good}: accepted\n{bad}: refused")), "{}", both.out);
    assert_eq!(run(&["check", "--grammar", "json", &good, &good]).code, 0);
}

#[test]
fn check_answers_every_line_in_order() {
    let mut input = String::new();
    let mut wanted = Vec::new();
    for i in 0..5000 {
        let text = if i % 3 == 0 { format!("[{i}") } else { format!("[{i}]") };
        wanted.push((i % 3 != 0, if i % 3 == 0 { json!(text.len()) } else { Value::Null }));
        input += &json!({"id": i, "text": text}).to_string();
        input.push('\n');
    }
    let run = run_with(
        input.trim_end().as_bytes(),
        &["check", "--grammar", "json", "--jsonl", "--field", "text"],
    );
    assert_eq!(run.code, 1, "{}", run.err);
    let lines = json_lines(&run.out);
    assert_eq!(lines.len(), wanted.len());
    for (line, (accepted, offset)) in lines.iter().zip(&wanted) {
        assert_eq!(line["accepted"], *accepted);
        assert_eq!(line["offset"], *offset);
        let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["accepted", "offset", "expected"]);
        assert_eq!(line["expected"].as_array().expect("a list").is_empty(), *accepted);
    }
}

#[test]
fn check_refuses_lines_without_the_field() {
    let run = run_with(
        b"{\"text\": \"1\"}\n{\"other\": 1}\n",
        &["check", "--grammar", "json", "--jsonl", "--field", "text"],
    );
    assert_eq!(run.code, 2);
    assert_eq!(json_lines(&run.out).len(), 1, "what came before is answered");
    assert!(run.err.contains("line 2") && run.err.contains("`text`"), "{}", run.err);
}

#[test]
fn wrong_grammars_are_refused_in_one_line() {
    refused(&["check", "--grammar", "no-such"], &["no grammar `no-such`", "json", "sql-postgres"]);
    refused(&["check", "--grammar", "no/such.lark"], &["no/such.lark"]);
    refused(&["grammar", "show", "no-such"], &["no grammar"]);
    let directory = tempfile::tempdir().expect("a directory");
    let broken = write(directory.path(), "broken.lark", "start: \"a\" (\n");
    let message = refused(&["grammar", "check", &broken], &["broken.lark:"]);
    assert!(message.lines().any(|line| line.trim_end().ends_with('^')), "a caret: {message}");
    let binary = write(directory.path(), "binary.gbnf", b"root ::= \xff\xfe");
    refused(&["grammar", "check", &binary], &["binary.gbnf"]);
    let endless = write(directory.path(), "endless.lark", "start: \"a\" start\n");
    refused(&["grammar", "check", &endless], &["start"]);
}

#[cfg(feature = "candle")]
#[test]
fn wrong_experts_are_refused_in_one_line() {
    refused(
        &["expert", "show", "no-such"],
        &["no expert `no-such`", "json, neo4j, sql, typescript"],
    );
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display().to_string();
    refused(&["expert", "validate", &path], &["manifest.json"]);
    write(directory.path(), "manifest.json", "{\"name\": \"expert-x\",");
    refused(&["expert", "validate", &path], &["manifest.json", "not JSON", "line 1"]);
    let mut manifest: Value =
        serde_json::from_str(include_str!("../experts/sql/manifest.json")).expect("JSON");
    // The adapter of the second base model would have to lie beside it.
    manifest["base_models"].as_array_mut().expect("a list").truncate(1);
    manifest["training"]["decoding"]["temperature"] = json!("warm");
    write(directory.path(), "manifest.json", manifest.to_string());
    refused(
        &["generate", "--expert", &path, "a question"],
        &["/training/decoding/temperature", "\"warm\"", "a number from 0 to 2"],
    );
    manifest["training"]["decoding"]["temperature"] = json!(0.5);
    manifest["color"] = json!("blue");
    write(directory.path(), "manifest.json", manifest.to_string());
    let run = run(&["expert", "validate", &path]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("warning: ") && run.err.contains("/color"), "{}", run.err);
}

#[test]
fn grammars_and_experts_are_listed_and_shown() {
    let list = run(&["grammar", "list"]);
    assert_eq!(list.code, 0, "{}", list.err);
    // The starts that a grammar offers stand below it.
    let names: Vec<&str> = list
        .out
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["cypher", "json", "sql-postgres", "typescript"]);
    let check = run(&["grammar", "check", "cypher", "json", "sql-postgres", "typescript"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    assert!(run(&["grammar", "show", "json"]).out.contains("start"));
    assert_eq!(run(&["expert", "list"]).out.lines().count(), 4);
    let show = run(&["expert", "show", "sql"]);
    assert!(show.out.contains("dora r=12 alpha=24"), "{}", show.out);
    assert!(show.out.contains("not shipped"), "{}", show.out);
    let json: Value =
        serde_json::from_str(&run(&["expert", "show", "json", "--json"]).out).expect("JSON");
    assert_eq!(json["name"], "expert-json");
    assert_eq!(run(&["expert", "validate", "json", "sql", "typescript"]).code, 0);
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = run(&["completions", shell]);
        assert!(run.code == 0 && run.out.contains("constrained-gen"), "{shell}");
    }
    assert_eq!(run(&["completions", "no-shell"]).code, 2);
}

#[test]
fn mask_shows_what_is_allowed() {
    let arguments = ["mask", "--grammar", "json", "--tokenizer", DEMO_TOKENIZER];
    let start = run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(start.code, 0, "{}", start.err);
    let value: Value = serde_json::from_str(&start.out).expect("an object");
    assert_eq!(value["complete"], false);
    assert!(value["allowed"].as_u64() < value["vocabulary"].as_u64());
    let inside = run(&[&arguments[..], &["--limit", "3", "[tr"]].concat());
    assert!(inside.out.contains("complete  no"), "{}", inside.out);
    assert!(inside.out.lines().skip(3).all(|line| line.contains("\"u")), "{}", inside.out);
    let refused = run(&[&arguments[..], &["[1,]"]].concat());
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    assert!(refused.err.contains("refused at byte 3"), "{}", refused.err);
}

#[test]
fn wrong_tokenizers_are_refused_in_one_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let no_json = write(directory.path(), "a.json", "{");
    let no_tokens = write(directory.path(), "b.json", "{\"model\": {}}");
    for file in ["no/such.json", &no_json, &no_tokens] {
        refused(&["mask", "--grammar", "json", "--tokenizer", file], &[file]);
        let sample = ["sample", "--grammar", "json", "--count", "1", "--tokenizer", file];
        refused(&sample, &[file]);
    }
}

#[test]
fn a_compiled_grammar_answers_as_its_text_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("json.automaton");
    let file = file.to_str().expect("UTF-8");
    let compile = ["grammar", "compile", "json", "--tokenizer", DEMO_TOKENIZER, "--out", file];
    let compiled = run(&[&compile[..], &["--samples", "0"]].concat());
    assert_eq!(compiled.code, 0, "{}", compiled.err);
    let sampled = run(&[&compile[..], &["--samples", "5"]].concat());
    assert_eq!(sampled.code, 0, "{}", sampled.err);
    let texts = |report: &str| -> u64 {
        let count = report.strip_prefix("json: warmed on ").and_then(|rest| rest.split(' ').next());
        count.and_then(|count| count.parse().ok()).expect("the number of texts")
    };
    assert_eq!(texts(&sampled.out), texts(&compiled.out) + 5);
    let arguments = ["mask", "--json", "--tokenizer", DEMO_TOKENIZER, "--grammar"];
    let plain = run(&[&arguments[..], &["json", "[tr"]].concat());
    let loaded = run(&[&arguments[..], &["json", "--automaton", file, "[tr"]].concat());
    assert_eq!((loaded.code, &loaded.out), (0, &plain.out), "{}", loaded.err);
    let other = run(&[&arguments[..], &["sql-postgres", "--automaton", file]].concat());
    assert_eq!(other.code, 2);
    assert!(other.err.contains("another grammar or vocabulary"), "{}", other.err);
    let damaged = std::fs::read(file).expect("a file");
    std::fs::write(file, &damaged[..damaged.len() / 2]).expect("a file");
    let sample = ["sample", "--grammar", "json", "--count", "1", "--tokenizer", DEMO_TOKENIZER];
    let damaged = run(&[&sample[..], &["--automaton", file]].concat());
    assert_eq!(damaged.code, 2);
    assert!(damaged.err.contains("damaged"), "{}", damaged.err);
}

#[test]
fn samples_are_whole_sentences_and_depend_on_the_seed_alone() {
    for (grammar, weighting) in [
        ("json", "uniform"),
        ("json", "short"),
        ("sql-postgres", "short"),
        ("sql-postgres", "broad"),
    ] {
        let arguments = [
            "sample",
            "--grammar",
            grammar,
            "--tokenizer",
            DEMO_TOKENIZER,
            "--count",
            "70",
            "--weighting",
            weighting,
            "--seed",
            "7",
        ];
        let first = run(&arguments);
        assert_eq!(first.code, 0, "{}", first.err);
        assert_eq!(first.out, run(&arguments).out, "the same seed, the same sentences");
        let lines = json_lines(&first.out);
        assert_eq!(lines.len(), 70);
        assert!(lines.iter().all(|line| line["tokens"].is_array()));
        let check = run_with(
            first.out.as_bytes(),
            &["check", "--grammar", grammar, "--jsonl", "--field", "text"],
        );
        assert_eq!(check.code, 0, "{grammar} {weighting}: {}", check.out);
        if grammar == "json" {
            for line in &lines {
                let text = line["text"].as_str().expect("a text");
                serde_json::from_str::<serde::de::IgnoredAny>(text).expect("JSON");
            }
        }
    }
    let other = ["sample", "--grammar", "json", "--tokenizer", DEMO_TOKENIZER, "--count", "5"];
    assert_ne!(run(&[&other[..], &["--seed", "1"]].concat()).out, run(&other).out);
}

#[test]
fn a_limit_too_narrow_for_any_sentence_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let long = write(directory.path(), "long.lark", "start: /[a-z]/ ~ 60\n");
    refused(
        &[
            "sample",
            "--grammar",
            &long,
            "--tokenizer",
            DEMO_TOKENIZER,
            "--count",
            "1",
            "--max-tokens",
            "3",
        ],
        &["at most 3 tokens"],
    );
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_constrained-gen"))
        .args(["grammar", "show", "sql-postgres"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the tool ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(feature = "candle")]
mod generate {
    use super::*;

    const QUESTION: &str = "Which employees earn more than 50000?";
    const SCHEMA: &str =
        "CREATE TABLE employees (id integer, name text, department text, salary numeric);";

    #[test]
    fn the_demonstration_model_answers_in_sql() {
        let run = run(&["generate", "--context", SCHEMA, "--json", QUESTION]);
        assert_eq!(run.code, 0, "{}{}", run.out, run.err);
        let answer: Value = serde_json::from_str(&run.out).expect("an object");
        assert_eq!(answer["whole"], true);
        assert_eq!(answer["valid"], true, "{answer}");
        assert_eq!(answer["grammar"], "sql-postgres");
        let text = answer["text"].as_str().expect("a text");
        for word in ["SELECT", "employees", "salary", "50000"] {
            assert!(text.contains(word), "{text}");
        }
        assert!(answer["stats"]["allowed_share"].as_f64().expect("a number") < 0.9);
    }

    #[test]
    fn questions_come_from_standard_input_and_schemas_from_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let schema = format!("@{}", write(directory.path(), "schema.sql", SCHEMA));
        let piped = run_with(QUESTION.as_bytes(), &["generate", "--context", &schema]);
        assert_eq!(piped.code, 0, "{}", piped.err);
        assert_eq!(piped.out, run(&["generate", "--context", SCHEMA, QUESTION]).out);
        assert_eq!(piped.out.lines().count(), 1, "data only: {}", piped.out);
        refused(&["generate", "--context", "@no/such.sql", QUESTION], &["no/such.sql"]);
    }

    #[test]
    fn under_a_grammar_an_answer_ends_in_time() {
        for most in ["3", "4", "7", "12"] {
            let arguments =
                ["generate", "--context", SCHEMA, "--max-tokens", most, "--json", QUESTION];
            let run = run(&arguments);
            assert_eq!(run.code, 0, "{}{}", run.out, run.err);
            let answer: Value = serde_json::from_str(&run.out).expect("an object");
            assert_eq!(
                (&answer["whole"], &answer["valid"]),
                (&json!(true), &json!(true)),
                "{answer}"
            );
            let tokens = answer["tokens"].as_array().expect("tokens").len();
            assert!(tokens <= most.parse().expect("a number"), "{answer}");
        }
        let directory = tempfile::tempdir().expect("a directory");
        let schema = r#"{"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer"}}}"#;
        let schema = write(directory.path(), "schema.json", schema);
        let arguments = ["generate", "--json-schema", &schema, "--max-tokens"];
        refused(&[&arguments[..], &["2", QUESTION]].concat(), &["at most 2 tokens", "takes"]);
        let run = run(&[&arguments[..], &["12", QUESTION]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        let answer: Value = serde_json::from_str(&run.out).expect("an object");
        assert!(answer["amount"].is_i64(), "{answer}");
    }

    #[test]
    fn a_cut_off_answer_is_never_printed_as_if_whole() {
        let arguments =
            ["generate", "--no-grammar", "--context", SCHEMA, "--max-tokens", "3", QUESTION];
        let cut = run(&arguments);
        assert_eq!((cut.code, cut.out.as_str()), (3, ""));
        assert!(cut.err.contains("not finished") && cut.err.contains("3 tokens"), "{}", cut.err);
        let partial = run(&[&["generate", "--partial"], &arguments[1..]].concat());
        assert_eq!(partial.code, 3);
        assert!(!partial.out.is_empty());
        let json = run(&[&["generate", "--json"], &arguments[1..]].concat());
        let value: Value = serde_json::from_str(&json.out).expect("an object");
        assert_eq!((json.code, &value["whole"], &value["valid"]), (3, &json!(false), &Value::Null));
    }

    #[test]
    fn many_prompts_are_answered_in_their_order_as_each_alone() {
        let lines = [
            json!({"prompt": QUESTION, "id": "first", "context": SCHEMA}),
            json!({"prompt": "Count the employees", "context": SCHEMA, "seed": 7, "max_tokens": 9}),
            json!({"prompt": "Ada Park is 31", "expert": "json", "id": 3}),
            json!({"prompt": "Ada Park is 31", "json_schema": {"type": "object", "required": ["age"],
                "properties": {"age": {"type": "integer"}}, "additionalProperties": false}}),
            json!({"prompt": "Yes?", "grammar": "json:object", "max_tokens": 10}),
        ];
        let broken = [
            "{\"prompt\": 3}",
            "not JSON",
            "{\"id\": 9, \"prompt\": \" \"}",
            "{\"prompt\": \"x\", \"grammar\": \"no-such\"}",
            "{\"prompt\": \"x\", \"max_tokens\": 0}",
            "{\"prompt\": \"x\", \"context\": \"@/etc/hostname\"}",
        ];
        let mut input: Vec<String> = lines.iter().map(Value::to_string).collect();
        for (at, line) in broken.iter().enumerate() {
            input.insert(2 * at, line.to_string());
        }
        let input = input.join("\n");
        let arguments = ["generate", "--batch", "-", "--at-once", "3"];
        let batch = run_with(input.as_bytes(), &arguments);
        assert_eq!(batch.code, 2, "{}", batch.err);
        assert!(batch.err.contains("6 of the lines have no answer"), "{}", batch.err);
        let rows = json_lines(&batch.out);
        assert_eq!(rows.len(), 11);
        for (at, row) in rows.iter().enumerate() {
            let fails = at % 2 == 0;
            assert_eq!(row.get("error").is_some(), fails, "{row}");
            if fails {
                assert_eq!(row["line"], at + 1, "{row}");
            } else {
                assert_eq!((&row["whole"], &row["finish"]), (&json!(true), &json!("end")), "{row}");
            }
        }
        assert_eq!(
            (&rows[1]["id"], &rows[4]["id"], &rows[5]["id"]),
            (&json!("first"), &json!(9), &json!(3))
        );
        assert!(
            serde_json::from_str::<Value>(rows[7]["text"].as_str().expect("a text")).expect("JSON")
                ["age"]
                .is_i64()
        );
        assert!(rows[9]["text"].as_str().expect("a text").trim_start().starts_with('{'));

        let alone = run(&["generate", "--json", "--context", SCHEMA, QUESTION]);
        let alone: Value = serde_json::from_str(&alone.out).expect("an object");
        assert_eq!((&alone["text"], &alone["tokens"]), (&rows[1]["text"], &rows[1]["tokens"]));
        let again = run_with(
            input.as_bytes(),
            &["generate", "--batch", "-", "--at-once", "1", "--threads", "1"],
        );
        let texts =
            |rows: &[Value]| rows.iter().map(|row| row["tokens"].clone()).collect::<Vec<_>>();
        assert_eq!(texts(&json_lines(&again.out)), texts(&rows));
        let empty = run_with(b"\n\n", &arguments);
        assert_eq!((empty.code, empty.out.as_str()), (0, ""));
        refused(&["generate", "--batch", "no/such.jsonl"], &["no/such.jsonl"]);
    }

    #[test]
    fn a_question_about_no_schema_is_answered_with_a_note() {
        let arguments = ["generate", "--max-tokens", "9", QUESTION];
        let notes = |more: &[&str]| run(&[&arguments[..], more].concat()).err;
        assert!(notes(&[]).contains("--context"));
        assert!(!notes(&["--context", SCHEMA]).contains("--context"));
        assert!(!notes(&["--expert", "json"]).contains("--context"));
    }

    /// The rows that were written last time, one without an answer among them.
    #[test]
    fn from_earlier_answers_it_is_guessed_what_comes() {
        let directory = tempfile::tempdir().expect("a directory");
        let ask = ["generate", "--json", "--context", SCHEMA, QUESTION];
        let asked = |more: &[&str]| -> Value {
            let run = run(&[&ask[..], more].concat());
            assert_eq!(run.code, 0, "{}", run.err);
            serde_json::from_str(&run.out).expect("an object")
        };
        let first = asked(&[]);
        let rows = [first.to_string(), json!({"id": 1, "error": "no answer"}).to_string()];
        let rows = write(directory.path(), "rows.jsonl", rows.join("\n\n"));
        let again = asked(&["--examples", &rows]);
        assert_eq!((&again["text"], &again["tokens"]), (&first["text"], &first["tokens"]));
        let rightly = |answer: &Value| answer["stats"]["guessed_rightly"].as_u64();
        assert!(rightly(&again) > rightly(&first), "{first}, {again}");
        let other = json!({"sql": first["text"]}).to_string();
        let other = write(directory.path(), "other.jsonl", other + "\n3\n");
        refused(&[&ask[..], &["--examples", &other]].concat(), &["other.jsonl: line 1", "`text`"]);
        let field = ["--examples", &other, "--field", "sql"];
        refused(&[&ask[..], &field].concat(), &["line 2", "a string in the field `sql`"]);
        refused(&[&ask[..], &["--examples", "no/such.jsonl"]].concat(), &["no/such.jsonl"]);
    }

    /// Ctrl-C ends answers with what there is.
    #[cfg(unix)]
    #[test]
    fn interrupted_answers_say_so() {
        use std::io::{BufRead, BufReader, Read};
        let directory = tempfile::tempdir().expect("a directory");
        // Of several lengths, so that they do not all end at once, with none begun when the signal comes.
        let line = |i| json!({"prompt": QUESTION, "max_tokens": 5 + i % 8 * 3}).to_string() + "\n";
        let prompts =
            write(directory.path(), "prompts.jsonl", (0..2_000).map(line).collect::<String>());
        let mut child = Command::new(env!("CARGO_BIN_EXE_constrained-gen"))
            .args(["generate", "--batch", &prompts, "--no-grammar", "--expert", "sql"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut rows = String::new();
        out.read_line(&mut rows).expect("a first answer");
        let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(signalled.expect("kill").success());
        out.read_to_string(&mut rows).expect("the other answers");
        assert_eq!(child.wait().expect("the tool ends").code(), Some(130));
        let rows = json_lines(&rows);
        assert!(rows.len() < 2_000, "it was stopped");
        assert!(rows.iter().any(|row| row["finish"] == "interrupted" && row["whole"] == false));
    }

    #[test]
    fn an_own_grammar_decides() {
        let directory = tempfile::tempdir().expect("a directory");
        let grammar = write(directory.path(), "yes.lark", "start: \"yes\" | \"no\"\n");
        let run = run(&["generate", "--grammar", &grammar, "--stats", QUESTION]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(["yes\n", "no\n"].contains(&run.out.as_str()), "{}", run.out);
        assert!(run.err.contains("masks"), "{}", run.err);
    }

    #[test]
    fn empty_prompts_and_wrong_settings_are_refused() {
        refused(&["generate", ""], &["prompt is empty"]);
        refused(&["generate", " \n"], &["prompt is empty"]);
        refused(&["generate"], &["prompt is empty"]);
        refused(&["generate", "--top-p", "1.5", QUESTION], &["top_p", "1.5", "from 0 to 1"]);
        refused(&["generate", "--grammar", "no-such", QUESTION], &["no grammar"]);
        refused(&["generate", "--expert", "no-such", QUESTION], &["no expert"]);
    }

    #[test]
    fn broken_models_are_refused_in_one_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let model = model_copy(directory.path());
        let path = model.display().to_string();
        let generate = ["generate", "--model", &path, QUESTION];
        refused(&["generate", "--model", "no/such", QUESTION], &["no/such"]);

        let weights = std::fs::read(model.join("model.safetensors")).expect("weights");
        for length in [0, 4, 100, weights.len() / 2, weights.len() - 1] {
            std::fs::write(model.join("model.safetensors"), &weights[..length]).expect("a file");
            refused(&generate, &["model.safetensors"]);
        }
        std::fs::write(model.join("model.safetensors"), &weights).expect("a file");

        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            let content = std::fs::read(model.join(file)).expect("a file");
            std::fs::remove_file(model.join(file)).expect("a file to remove");
            refused(&generate, &[file.split('.').next().expect("a name")]);
            std::fs::write(model.join(file), content).expect("a file");
        }

        // A tokenizer with a token that the model has no row for.
        let file = model.join("tokenizer.json");
        let original = std::fs::read(&file).expect("a tokenizer");
        let mut tokenizer: Value = serde_json::from_slice(&original).expect("JSON");
        let tokens = tokenizer["added_tokens"].as_array_mut().expect("added tokens");
        let mut extra = tokens[0].clone();
        extra["id"] = json!(50_000);
        extra["content"] = json!("<|extra|>");
        tokens.push(extra);
        std::fs::write(&file, tokenizer.to_string()).expect("a file");
        refused(&generate, &["token"]);
        std::fs::write(&file, original).expect("a file");
        assert_eq!(run(&["generate", "--model", &path, "--context", SCHEMA, QUESTION]).code, 0);
    }
}

#[cfg(feature = "candle")]
#[test]
fn evaluate_compares_answers_with_and_without_a_grammar() {
    let run = run(&["evaluate", "--expert", "json", "--count", "2", "--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let scores: Value = serde_json::from_str(&run.out).expect("one JSON object");
    assert_eq!(scores["questions"], 2);
    for way in ["free", "grammar"] {
        assert_eq!(scores[way]["parses"], 2, "{scores}");
        assert_eq!(scores[way]["answers"].as_array().map(Vec::len), Some(2));
    }
    refused(&["evaluate", "--questions", "none.jsonl"], &["required"]);
    refused(&["evaluate", "--expert", "json", "--questions", "none.jsonl"], &["none.jsonl"]);
}
