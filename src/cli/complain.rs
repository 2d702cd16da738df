//! Talk on standard error: errors, warnings, notes. One line each, no control characters.

use std::{
    fmt::Display,
    io::{IsTerminal, Write},
};

use constrained_gen::{expert::ExpertError, frontend::GrammarError, library::LibraryError};

/// Reports why a command failed. A mistake in a grammar is shown in its line.
pub(super) fn error(error: &anyhow::Error) {
    say("error", "31", &error.to_string());
    if let Some(grammar) = grammar_error(error) {
        // The first line is the message, which was just said.
        let rendered = grammar.render();
        for line in rendered.lines().skip(1) {
            write_line(&escape(line));
        }
    }
}

/// What is wrong with the outcome of a command that was carried out.
#[cfg(feature = "candle")]
pub(super) fn failure(message: impl Display) {
    say("error", "31", &message.to_string());
}

/// Something that does not stop the command.
pub(super) fn warning(message: impl Display) {
    say("warning", "33", &message.to_string());
}

/// Something worth knowing.
pub(super) fn note(message: impl Display) {
    say("note", "36", &message.to_string());
}

/// A line without a label.
pub(super) fn line(message: impl Display) {
    write_line(&escape(&message.to_string()));
}

fn grammar_error(error: &anyhow::Error) -> Option<&GrammarError> {
    error.chain().find_map(|cause| {
        if let Some(grammar) = cause.downcast_ref::<GrammarError>() {
            return Some(grammar);
        }
        let library = match cause.downcast_ref::<ExpertError>() {
            Some(ExpertError::Grammar(library)) => Some(library),
            _ => cause.downcast_ref::<LibraryError>(),
        };
        match library {
            Some(LibraryError::Grammar(grammar)) => Some(grammar),
            _ => None,
        }
    })
}

fn say(label: &str, color: &str, message: &str) {
    let message = escape(message);
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        write_line(&format!("\u{1b}[1;{color}m{label}\u{1b}[0m: {message}"));
    } else {
        write_line(&format!("{label}: {message}"));
    }
}

/// Nobody is left to tell when standard error is closed.
fn write_line(line: &str) {
    _ = writeln!(std::io::stderr(), "{line}");
}

/// The text on one line, control characters as escapes: paths and quoted texts come from outside.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}
