//! Inputs that brought down others of this kind, each in a process of its own with 256 MiB of memory: refused with a reason or
//! handled, in little time.
//!
//! `HOSTILE_SECONDS` bounds the time of each (default 20, for a busy machine and a build that is not optimised; the promise is
//! 1 in a release build).

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "times must be seen")]

#[allow(dead_code, reason = "not all tests need all of it")]
mod process;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use constrained_gen::{
    CompiledGrammar, Limits,
    frontend::{NoSources, lark},
    library, schema,
};
use process::DEMO_TOKENIZER;

/// What must become of an input.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// A refusal that says this.
    Refused(&'static str),
    /// An answer.
    Handled,
}

use Expected::{Handled, Refused};

/// What is read, and how.
enum Input {
    Lark(String),
    Gbnf(String),
    Schema(String),
    /// A text of a built-in grammar.
    Text(&'static str, String),
    /// A grammar in Lark's syntax, and a text of it.
    Ambiguous(&'static str, String),
    /// A schema, and a text that may be one of its instances.
    Instance(&'static str, String),
    /// A schema, of which instances of few tokens are drawn.
    Instances(&'static str),
    /// A schema, under which a model answers with few tokens.
    Answer(&'static str),
    Tokenizer(String),
    Automaton(Vec<u8>),
    /// Arguments alone.
    Call(&'static [&'static str]),
}

use Input::{
    Ambiguous, Answer, Automaton, Call, Gbnf, Instance, Instances, Lark, Schema, Text, Tokenizer,
};

fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
    [open.repeat(depth), inside.to_owned(), close.repeat(depth)].concat()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn joined(count: usize, separator: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(separator)
}

fn grammars() -> Vec<(&'static str, Input, Expected)> {
    let chain = |arrow: &str, count| {
        lines(count, |i| format!("r{i}{arrow}r{}\n", i + 1)) + &format!("r{count}{arrow}\"x\"\n")
    };
    let terminals = |count, pattern: &dyn Fn(usize) -> String| {
        let start = joined(count, " | ", |i| format!("T{i}"));
        format!("start: {start}\n{}", lines(count, |i| format!("T{i}: /{}/\n", pattern(i))))
    };
    // Tells apart which of the last letters were of one half of the alphabet.
    let half = |letters, end| format!("/q[abcd ]*[{letters}][abcd ]{{11}}{end}/");
    let halves = |one: &str, other: &str, more: &str| {
        let (first, second) = (half("ab", "x"), half("ac", "y"));
        format!("start: (A | B)*\n{one}: {first}\n{other}: {second}\n{more}")
    };
    vec![
        ("recursion that reads nothing", Lark("start: a\na: b\nb: a | \"x\"\n".into()), Handled),
        (
            "recursion without an end",
            Lark("start: a \"x\"\na: b\nb: a\n".into()),
            Refused("derives no finite text"),
        ),
        ("root ::= root", Gbnf("root ::= root\n".into()), Refused("derives no finite text")),
        (
            "30,000 opening parentheses",
            Gbnf(format!("root ::= {}\n", "(".repeat(30_000))),
            Refused("(nesting)"),
        ),
        (
            "60,000 nested groups",
            Gbnf(format!("root ::= {}\n", nested("(", "\"a\"", ")", 60_000))),
            Refused("(nesting)"),
        ),
        (
            "the same in Lark",
            Lark(format!("start: {}\n", nested("(", "\"a\"", ")", 60_000))),
            Refused("(nesting)"),
        ),
        ("repetitions of what may be empty", Gbnf("root ::= ((\"a\"*)*)* \"b\"\n".into()), Handled),
        (
            "a chain of 5,000 rules",
            Gbnf(format!("root ::= r0\n{}", chain(" ::= ", 5_000))),
            Handled,
        ),
        ("a chain of 20,000 rules", Lark(format!("start: r0\n{}", chain(": ", 20_000))), Handled),
        ("{5,0}", Gbnf("root ::= \"a\"{5,0}\n".into()), Refused("impossible")),
        ("no start", Gbnf("r ::= \"a\"\n".into()), Refused("no rule `root`")),
        ("an unknown rule", Gbnf("root ::= nothing\n".into()), Refused("no rule `nothing`")),
        ("a large repetition", Gbnf("root ::= \"a\"{294967295}\n".into()), Refused("(repetition)")),
        (
            "small repetitions, multiplied",
            Gbnf(format!("root ::= {}\n", nested("(", "\"a\"", "){99}", 5))),
            Refused("(repetition)"),
        ),
        (
            "a repetition of nothing",
            Lark("start: T\nT: /(?:){294967295}/\n".into()),
            Refused("(repetition)"),
        ),
        (
            "an expression with 2^20 states",
            Lark("start: T\nT: /(a|b)*a(a|b){20}/\n".into()),
            Refused("(dfa_bytes)"),
        ),
        (
            "300 expressions of 2^13 states",
            Lark(terminals(300, &|i| format!("(a|b)*a(a|b){{13}}c{i}"))),
            Refused("(grammar_work)"),
        ),
        (
            "two lexemes that are in 2^24 states together",
            Lark(format!("%lexing longest\n{}%ignore WS\n", halves("A", "B", "WS: / +/\n"))),
            Refused("(step_work)"),
        ),
        (
            "two such lexemes, one before the other",
            Lark(format!("%lexing longest\n{}", halves("A.2", "B.1", ""))),
            Refused("(grammar_work)"),
        ),
        (
            "an ignored one, and such a one that must not follow",
            Lark(format!(
                "start: A*\nA: \"a\"\nW: {}\n%ignore W\n%not_followed_by A : {}\n",
                half("ab", "x"),
                half("ac", "y")
            )),
            Handled,
        ),
        (
            "1,000 terminals with a guard of their own",
            Lark(
                terminals(1_000, &|i| format!("[a-z]{i}"))
                    + &lines(1_000, |i| format!("%not_followed_by T{i} : /[a-z]+{i}/\n")),
            ),
            Handled,
        ),
        (
            "4,000 terminals with a guard of their own",
            Lark(
                terminals(4_000, &|i| format!("[a-z]{i}"))
                    + &lines(4_000, |i| format!("%not_followed_by T{i} : /[a-z]+{i}/\n")),
            ),
            Handled,
        ),
        (
            "2,000 expressions of 5,000 states",
            Lark(terminals(2_000, &|i| format!("[a-z]{{1,5000}}{i}"))),
            Refused("(grammar_work)"),
        ),
        (
            "50,000 keywords",
            Lark(format!("start: {}\n", joined(50_000, "|", |i| format!("\"k{i}\"")))),
            Refused("(grammar_work)"),
        ),
        (
            "an expression that does not end",
            Lark("start: T\nT: /(/\n".into()),
            Refused("unclosed group"),
        ),
        (
            "an expression with 20,000 groups",
            Lark(format!("start: T\nT: /{}/\n", nested("(", "a", ")", 5_000))),
            Refused("(nesting)"),
        ),
        (
            "a long expression",
            Lark(format!("start: T\nT: /{}c/\n", "ab|".repeat(6_000))),
            Refused("(regex_bytes)"),
        ),
        ("a template of itself", Lark("start: f{\"a\"}\nf{x}: f{f{x}}\n".into()), Refused("limit")),
        ("everything ambiguous", Lark("start: e\ne: e e | e e e | \"a\"\n".into()), Handled),
        (
            "3,000 choices that may be left out",
            Lark(format!("start: {}\n", joined(3_000, " ", |i| format!("(\"a{i}\"|\"b{i}\")?")))),
            Handled,
        ),
        (
            "20,000 parts that may be left out",
            Lark(format!("start: {}\n", "\"a\"? ".repeat(20_000))),
            Handled,
        ),
        (
            "a long text",
            Lark(format!("start: \"{}\"\n", "x".repeat(2 << 20))),
            Refused("(grammar_bytes)"),
        ),
        (
            "a file from elsewhere",
            Lark("%import \"/etc/passwd\" (x)\nstart: x\n".into()),
            Refused("expected"),
        ),
        (
            "a file from above",
            Lark("%import ...secret (x)\nstart: x\n".into()),
            Refused("same folder"),
        ),
        (
            "a text that is read in exponentially many ways",
            Ambiguous("start: e\ne: e e | e e e | \"a\"\n", "a".repeat(20_000)),
            Handled,
        ),
        (
            "a text that the same beginnings are read in again and again",
            Ambiguous("start: s\ns: s s s | \"a\" s | \"a\"\n", "a".repeat(20_000)),
            Handled,
        ),
    ]
}

fn schemas() -> Vec<(&'static str, Input, Expected)> {
    let text = |text: &str| Schema(text.to_owned());
    let values = |count| joined(count, ",", |i| format!("\"value number {i}\""));
    let members = |count| joined(count, ",", |i| format!(r##""p{i}":{{"$ref":"#/$defs/e"}}"##));
    let doubled = |keyword: &str, depth| {
        let next = |i: usize| format!(r##"{{"$ref":"#/$defs/d{}"}}"##, i + 1);
        let all =
            joined(depth, ",", |i| format!(r#""d{i}":{{"{keyword}":[{},{}]}}"#, next(i), next(i)));
        format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{all},"d{depth}":{{"type":"integer"}}}}}}"##)
    };
    let product = |branches: usize, factors| {
        let branch = |i: usize, j: usize| {
            format!(r#"{{"required":["p{i}_{j}"],"properties":{{"p{i}_{j}":{{"const":{j}}}}}}}"#)
        };
        let factor = |i| format!(r#"{{"oneOf":[{}]}}"#, joined(branches, ",", |j| branch(i, j)));
        format!(r#"{{"allOf":[{}]}}"#, joined(factors, ",", factor))
    };
    vec![
        ("no JSON", text(r#"{"type": "#), Refused("no JSON text")),
        ("no schema", text("[]"), Refused("schema")),
        ("a wrong type", text(r#"{"type": 5}"#), Refused("`type`")),
        ("a wrong pattern", text(r#"{"type":"string","pattern":5}"#), Refused("`pattern`")),
        (
            "a quantifier with nothing before it",
            text(r#"{"type":"string","pattern":"*a"}"#),
            Refused("nothing to repeat"),
        ),
        (
            "an enum of 10,000, used eight times",
            Schema(format!(
                r##"{{"type":"object","properties":{{{}}},"$defs":{{"e":{{"enum":[{}]}}}}}}"##,
                members(8),
                values(10_000)
            )),
            Handled,
        ),
        (
            "a pattern with 2^20 states",
            text(r#"{"type":"string","pattern":"(a|b)*a(a|b){20}$"}"#),
            Refused("limit"),
        ),
        ("a schema of itself", text(r##"{"$ref":"#"}"##), Refused("itself")),
        (
            "schemas of one another",
            text(
                r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
            ),
            Refused("itself"),
        ),
        (
            "maxItems of 2^64 - 1",
            text(r#"{"type":"array","maxItems":18446744073709551615}"#),
            Handled,
        ),
        (
            "minItems of 2^64 - 1",
            text(r#"{"type":"array","minItems":18446744073709551615}"#),
            Handled,
        ),
        (
            "minLength of 2^64 - 1",
            text(r#"{"type":"string","minLength":18446744073709551615}"#),
            Refused("`maxLength`"),
        ),
        (
            "100,000 levels",
            Schema(nested(r#"{"not":"#, "{}", "}", 100_000)),
            Refused("nested too deep"),
        ),
        ("600 levels", Schema(nested("[", "", "]", 600)), Refused("nested too deep")),
        (
            "a document of the network",
            text(r#"{"$ref":"http://169.254.169.254/latest/meta-data"}"#),
            Refused("nothing is fetched"),
        ),
        (
            "a document of the disk",
            text(r#"{"$ref":"file:///etc/passwd"}"#),
            Refused("nothing is fetched"),
        ),
        (
            "an anchor that is not there",
            text(r##"{"$dynamicRef":"#x"}"##),
            Refused("nothing is fetched"),
        ),
        ("2^60 by allOf", Schema(doubled("allOf", 60)), Handled),
        ("2^60 by anyOf", Schema(doubled("anyOf", 60)), Handled),
        ("2^60 by oneOf", Schema(doubled("oneOf", 60)), Refused("")),
        ("eight to the power of twelve branches", Schema(product(8, 12)), Refused("limit")),
        (
            "numbers beyond all machines",
            text(r#"{"type":"number","minimum":1e400,"multipleOf":1e-400}"#),
            Handled,
        ),
        (
            "a divisor of 309 digits",
            Schema(format!(r#"{{"type":"number","multipleOf":0.{}}}"#, "1".repeat(309))),
            Refused("(dfa_states)"),
        ),
        ("half a surrogate pair", text(r#"{"const":"\ud800"}"#), Refused("surrogate")),
        ("no text", text("\0\0"), Refused("no JSON text")),
        (
            "a pattern that others go back in",
            Instance(
                r#"{"type":"string","pattern":"^(a+)+$"}"#,
                format!("\"{}!\"", "a".repeat(100_000)),
            ),
            Handled,
        ),
    ]
}

/// Some member must be one of each kind, names have five letters, and no name may come twice: wherever an instance stands, it is
/// a search how it can be ended.
const OWED: &str = r#"{"type":"object","minProperties":1,"maxProperties":50,"propertyNames":{"pattern":"^.....$"},
    "allOf":[{"not":{"patternProperties":{"x":{"not":{"pattern":"X","type":"string"}}}}},
    {"not":{"patternProperties":{"y":{"not":{"pattern":"Y","type":"string"}}}}}]}"#;

/// Each place of the texts is another one, and there are very many of them.
const STAMPS: &str = r#"{"type":"object","required":["a","b"],"properties":{
    "a":{"type":"string","pattern":"\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}.\\d{6}"},
    "b":{"type":"string","pattern":"^[\\u4e00-\\u9fa5\"]{10,}$"}}}"#;

fn near_limits() -> Vec<(&'static str, Input, Expected)> {
    vec![
        ("instances that owe members", Instances(OWED), Handled),
        ("an answer that owes members", Answer(OWED), Handled),
        ("instances of long patterns", Instances(STAMPS), Handled),
        ("an answer of long patterns", Answer(STAMPS), Handled),
    ]
}

fn texts() -> Vec<(&'static str, Input, Expected)> {
    vec![
        ("300,000 opening brackets", Text("json", "[".repeat(300_000)), Handled),
        (
            "20,000 parentheses of SQL",
            Text("sql-postgres", format!("SELECT {}", nested("(", "1", ")", 20_000))),
            Handled,
        ),
        (
            "20,000 parentheses of TypeScript",
            Text("typescript", nested("(", "1", ")", 20_000)),
            Handled,
        ),
        ("20,000 blocks of TypeScript", Text("typescript", nested("{", "", "}", 20_000)), Handled),
        (
            "20,000 parentheses of Cypher",
            Text("cypher", format!("RETURN {}", nested("(", "1", ")", 20_000))),
            Handled,
        ),
        ("a comment without end", Text("sql-postgres", "/*".repeat(100_000)), Handled),
        ("no tokenizer", Tokenizer("{}".into()), Refused("tokenizer")),
        ("a tokenizer of brackets", Tokenizer("[".repeat(100_000)), Refused("tokenizer")),
        (
            "a tokenizer with far ids",
            Tokenizer(
                r#"{"model":{"type":"BPE","vocab":{"a":4294967295,"b":0},"merges":[]}}"#.into(),
            ),
            Refused("tokenizer"),
        ),
        ("no automaton", Automaton(b"no automaton".to_vec()), Refused("")),
        ("an automaton of nothing", Automaton(Vec::new()), Refused("")),
        (
            "a number of lines beyond all",
            Call(&["mask", "--grammar", "json", "--limit", "18446744073709551615"]),
            Handled,
        ),
    ]
}

/// The arguments that read an input, whose files are put into a folder.
fn arguments(input: &Input, folder: &Path) -> Vec<String> {
    let file = |name: &str, text: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file is written");
        path.into_os_string().into_string().expect("the path is text")
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mask =
        |option: &str, file: &str| words(&["mask", option, file, "--tokenizer", DEMO_TOKENIZER]);
    match input {
        Lark(text) => mask("--grammar", &file("g.lark", text.as_bytes())),
        Gbnf(text) => mask("--grammar", &file("g.gbnf", text.as_bytes())),
        Schema(text) => mask("--json-schema", &file("s.json", text.as_bytes())),
        Text(grammar, text) => {
            words(&["check", "--grammar", grammar, &file("t.txt", text.as_bytes())])
        }
        Ambiguous(grammar, text) => {
            let grammar = file("g.lark", grammar.as_bytes());
            words(&["check", "--grammar", &grammar, &file("t.txt", text.as_bytes())])
        }
        Instance(schema, text) => {
            let schema = file("s.json", schema.as_bytes());
            words(&["check", "--json-schema", &schema, &file("t.txt", text.as_bytes())])
        }
        Instances(schema) => {
            let schema = file("s.json", schema.as_bytes());
            let drawn = ["--count", "2", "--max-tokens", "150", "--weighting", "uniform"];
            let sample = words(&["sample", "--json-schema", &schema, "--formats", "annotate"]);
            [sample, words(&["--tokenizer", DEMO_TOKENIZER]), words(&drawn)].concat()
        }
        Answer(schema) => {
            let schema = file("s.json", schema.as_bytes());
            words(&["generate", "--json-schema", &schema, "--max-tokens", "150", "hello"])
        }
        Tokenizer(text) => {
            words(&["mask", "--grammar", "json", "--tokenizer", &file("k.json", text.as_bytes())])
        }
        Automaton(bytes) => {
            let automaton = file("a.bin", bytes);
            words(&[
                "mask",
                "--grammar",
                "json",
                "--tokenizer",
                DEMO_TOKENIZER,
                "--automaton",
                &automaton,
            ])
        }
        Call(call) => [words(call), words(&["--tokenizer", DEMO_TOKENIZER])].concat(),
    }
}

/// The tool under a shell's limits.
fn limited(limits: &str, arguments: &[String]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits} exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_constrained-gen")).args(arguments);
    command.env("RAYON_NUM_THREADS", "2").stdin(Stdio::null());
    command
}

#[test]
fn what_brought_down_others() {
    let most = std::env::var("HOSTILE_SECONDS").map_or(20.0, |s| s.parse().expect("seconds"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = String::new();
    for (name, input, expected) in
        [grammars(), schemas(), near_limits(), texts()].into_iter().flatten()
    {
        let begin = Instant::now();
        let output = limited("ulimit -d 262144;", &arguments(&input, folder.path())).output();
        let output = output.expect("the shell starts");
        let took = begin.elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let right = match expected {
            Handled => matches!(code, Some(0 | 1)),
            Refused(part) => code == Some(2) && said.starts_with("error: ") && said.contains(part),
        };
        println!("{:>7.0} ms  {name}", took.as_secs_f64() * 1e3);
        let said: String = said.chars().take(300).collect();
        if !right || said.contains("panicked") {
            _ = writeln!(wrong, "{name}: {expected:?}, but {code:?}: {said}");
        }
        if took > Duration::from_secs_f64(most) {
            _ = writeln!(wrong, "{name}: {took:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn deep_inputs_need_no_deep_stack() {
    let work = || {
        let limits = Limits::default();
        let text = format!("start: {}\n", nested("(", "\"a\"", ")", 95));
        let grammar =
            lark::parse("deep", &text, None, &NoSources, &limits).expect("the limit is 100");
        assert_eq!(format!("{grammar:?}"), format!("{:?}", grammar.clone()));
        let chain = lines(20_000, |i| format!("r{i}: r{}\n", i + 1));
        let chain = format!("start: r0\n{chain}r20000: \"x\"\n");
        let grammar = lark::parse("chain", &chain, None, &NoSources, &limits).expect("a grammar");
        let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
        assert!(compiled.recognizer().check(b"x").is_ok());
        let deep = nested(r#"{"properties":{"a":"#, "{}", "}}", 140);
        let schema = schema::CompiledSchema::new(&deep, &Default::default(), &limits);
        assert!(schema.is_ok(), "{:?}", schema.err());
        for (name, text) in [
            ("json", nested("[", "", "]", 200_000)),
            ("sql-postgres", format!("SELECT {}", nested("(", "1", ")", 20_000))),
            ("typescript", nested("{", "", "}", 20_000)),
            ("cypher", format!("RETURN {}", nested("[", "1", "]", 20_000))),
        ] {
            let grammar = library::grammar(name, &limits).expect("it is built in");
            let compiled = CompiledGrammar::new(&grammar, &limits).expect("it compiles");
            let mut recognizer = compiled.recognizer();
            recognizer.push(text.as_bytes()).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            let other = recognizer.clone();
            drop((recognizer, other));
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(work);
    thread.expect("a thread starts").join().expect("its stack suffices");
}

/// `grammar compile` of JSON into a file.
fn compile_into(path: &Path) -> Vec<String> {
    let path = path.to_str().expect("the path is text");
    ["grammar", "compile", "json", "--tokenizer", DEMO_TOKENIZER, "--samples", "0", "--out", path]
        .map(str::to_owned)
        .to_vec()
}

/// Whether the saved automaton is used without complaint.
fn is_good(path: &Path) -> bool {
    let path = path.to_str().expect("the path is text");
    let mask = ["mask", "--grammar", "json", "--tokenizer", DEMO_TOKENIZER, "--automaton", path];
    process::run(&mask).code == 0
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

#[test]
fn a_killed_save_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("json.automaton");
    assert!(limited("", &compile_into(&path)).status().expect("it runs").success());
    let whole = Instant::now();
    assert!(limited("", &compile_into(&path)).output().expect("it runs").status.success());
    let whole = whole.elapsed();
    for part in 0..24u32 {
        let mut child =
            limited("", &compile_into(&path)).stdout(Stdio::null()).spawn().expect("it runs");
        // More often towards the end, where the file is written.
        std::thread::sleep(whole * (12 + part) / 30);
        _ = child.kill();
        _ = child.wait();
        assert!(is_good(&path), "killed after {part} parts");
    }
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("json.automaton");
    assert!(limited("", &compile_into(&path)).status().expect("it runs").success());
    // No file may grow beyond 4 KiB: what a full disk says, too, comes back from writing.
    let full =
        limited("trap '' XFSZ; ulimit -f 8;", &compile_into(&path)).output().expect("it runs");
    let said = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: ") && said.contains("json.automaton"), "{said}");
    assert!(is_good(&path));
    assert_eq!(entries(folder.path()), [path], "nothing half written is left");
}
