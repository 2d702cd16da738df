//! Every `console` block of the README is run, and what it prints is compared.
//!
//! A line `…` in a block stands for any lines. `cargo test` is not run from within itself; `.ci/run` must run it.
#![cfg(all(feature = "cli", feature = "candle"))]

use std::{path::Path, process::Command};

const README: &str = include_str!("../README.md");

/// Commands with the lines that follow them, of all `console` blocks.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in README.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push((command.to_owned(), Vec::new())),
                (None, Some((command, output))) if output.is_empty() && command.ends_with('\\') => {
                    command.push('\n');
                    command.push_str(line);
                }
                (None, Some((_, output))) => output.push(line.to_owned()),
                (None, None) => panic!("output before the first command: {line}"),
            },
            (false, _) => {}
        }
    }
    assert!(!inside, "a block is not closed");
    found
}

/// Whether lines are as expected; `…` stands for any lines.
fn agrees(expected: &[String], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=found.len()).any(|skipped| agrees(rest, &found[skipped..]))
        }
        Some((first, rest)) => {
            found.first().is_some_and(|line| line.trim_end() == first.trim_end())
                && agrees(rest, &found[1..])
        }
    }
}

#[test]
fn every_console_block_prints_what_it_says() {
    let tool = env!("CARGO_BIN_EXE_constrained-gen");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ci = std::fs::read_to_string(root.join(".ci/run")).expect(".ci/run");
    let mut run = 0;
    for (command, expected) in commands() {
        if command == "cargo test" {
            assert!(ci.contains("cargo test --locked"), "`.ci/run` runs the test command");
            continue;
        }
        if command.starts_with("cargo bench") || command.starts_with("cargo install") {
            continue;
        }
        let script = command
            .replace("cargo run --release --", "constrained-gen")
            .replace("constrained-gen ", &format!("'{tool}' "));
        assert!(script.contains(tool), "only the tool is run: {command}");
        let output =
            Command::new("sh").args(["-c", &script]).current_dir(root).output().expect("a shell");
        let out = String::from_utf8(output.stdout).expect("UTF-8");
        let found: Vec<&str> = out.lines().collect();
        assert!(
            agrees(&expected, &found),
            "$ {command}\nprints\n{out}{}\nbut the README says\n{}",
            String::from_utf8_lossy(&output.stderr),
            expected.join("\n")
        );
        run += 1;
    }
    assert!(run >= 4, "only {run} commands were run");
}

/// The first command of the README: its answer is one statement for a parser of other people.
#[test]
fn the_first_command_answers_in_valid_sql() {
    let commands = commands();
    let (command, answer) = &commands[0];
    assert!(command.starts_with("cargo run --release -- generate"), "{command}");
    let answer = answer.join("\n");
    constrained_gen::validation::Validator::PostgreSql.check(&answer).expect("one statement");
    assert_eq!(commands[1].0, "cargo test", "the second command passes the tests");
}

/// Counts in the README are lines of the committed figures.
#[test]
fn counts_are_those_of_the_conformance_figures() {
    let figures = include_str!("conformance/figures.txt");
    let (_, rest) = README.split_once("```figures\n").expect("a block of figures");
    let (block, _) = rest.split_once("```").expect("an end of the block");
    for line in block.lines() {
        assert!(figures.lines().any(|figure| figure == line), "not in the figures: {line}");
    }
}
