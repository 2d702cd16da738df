//! The tool as a process.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

pub(crate) const DEMO_TOKENIZER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/models/demo/tokenizer.json");

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the tool with arguments and standard input.
pub(crate) fn run_with(input: &[u8], arguments: &[&str]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_constrained-gen"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // From another thread: the tool may fill its output before it has read all of its input.
    let writer = std::thread::spawn(move || _ = stdin.write_all(&input));
    let output = child.wait_with_output().expect("the tool ends");
    writer.join().expect("the writer ends");
    let run = Run {
        code: output.status.code().expect("the tool ends by itself, not by a signal"),
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    };
    assert!(!run.err.contains("panicked"), "{arguments:?}: {}", run.err);
    run
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    run_with(b"", arguments)
}

/// Runs the tool on a wrong input: exit code 2, nothing on standard output, one line on standard error that says all this.
pub(crate) fn refused(arguments: &[&str], parts: &[&str]) -> String {
    let run = run(arguments);
    assert_eq!(run.code, 2, "{arguments:?}: {}{}", run.out, run.err);
    assert_eq!(run.out, "", "{arguments:?}");
    let errors: Vec<&str> = run.err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{arguments:?}: {}", run.err);
    for part in parts {
        assert!(errors[0].contains(part), "{arguments:?}: no `{part}` in: {}", run.err);
    }
    run.err
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

pub(crate) fn write(directory: &Path, file: &str, text: impl AsRef<[u8]>) -> String {
    let path = directory.join(file);
    std::fs::write(&path, text).expect("a temporary file");
    path.display().to_string()
}
