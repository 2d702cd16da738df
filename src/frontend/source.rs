//! The texts of one grammar (its file and the files it imports) and places in them.

use super::GrammarError;

/// A place: a file of the [`SourceMap`] and a byte offset in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct At {
    pub(super) file: usize,
    pub(super) offset: usize,
}

/// Names and texts of the files read so far.
#[derive(Debug, Default)]
pub(super) struct SourceMap {
    files: Vec<(String, String)>,
}

impl SourceMap {
    /// Adds a file; its index is what [`At::file`] means.
    pub(super) fn add(&mut self, name: &str, text: String) -> usize {
        self.files.push((name.to_string(), text));
        self.files.len() - 1
    }

    /// The text of a file.
    pub(super) fn text(&self, file: usize) -> &str {
        &self.files[file].1
    }

    /// The name of a file.
    pub(super) fn name(&self, file: usize) -> &str {
        &self.files[file].0
    }

    /// An error at a place.
    pub(super) fn error(&self, at: At, message: impl Into<String>) -> GrammarError {
        let (name, text) = &self.files[at.file];
        GrammarError::at(name, text, at.offset, message.into())
    }

    /// An error at a place, caused by the limit of this name.
    pub(super) fn limit(
        &self,
        at: At,
        what: &str,
        name: &str,
        limit: impl std::fmt::Display,
    ) -> GrammarError {
        self.error(at, limit_message(what, name, limit)).by_limit()
    }
}

/// The wording of every refusal by a limit.
pub(super) fn limit_message(what: &str, name: &str, limit: impl std::fmt::Display) -> String {
    format!("{what}: more than the limit of {limit} ({name})")
}
