//! What a caller chooses of a grammar's text.

use std::collections::BTreeMap;

/// How a grammar is read from its text.
///
/// ```
/// use constrained_gen::{Limits, frontend::{NoSources, Options, lark}};
///
/// let text = "start: call\ncall: NAME \"(\" [NAME] \")\"\nNAME: /[a-z]+/";
/// let options = Options::default().start("call");
/// let grammar = lark::parse_with("calls", text, &options, &NoSources, &Limits::default())?;
/// assert_eq!(grammar.nonterminal(grammar.start()).name, "call");
/// # Ok::<(), constrained_gen::frontend::GrammarError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The rule of the main file that a text is; `start`, in GBNF `root`, if none is named. Hyphens may stand for the
    /// underscores of a name.
    pub start: Option<String>,
    /// Whether texts that people wrote are read, and not texts made: what a grammar says under `%if reading` then counts,
    /// such as comments. Not for masks that a model is held to.
    pub reading: bool,
    /// What the caller says of the grammar's lists (`%list`), by name: texts, each as the words that it is made of.
    pub lists: BTreeMap<String, Vec<Vec<String>>>,
}

/// The name of [`Options::reading`] in a grammar.
pub(super) const READING: &str = "reading";

impl Options {
    /// The same options, beginning with this rule.
    #[must_use]
    pub fn start(mut self, rule: impl Into<String>) -> Self {
        self.start = Some(rule.into());
        self
    }

    /// The same options, for texts that people wrote.
    #[must_use]
    pub fn reading(mut self) -> Self {
        self.reading = true;
        self
    }

    /// The same options with a list. Each text is a sequence of words, which white space may separate.
    #[must_use]
    pub fn list(mut self, name: impl Into<String>, texts: Vec<Vec<String>>) -> Self {
        self.lists.insert(name.into(), texts);
        self
    }

    /// Whether `%if name` holds.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.lists.contains_key(name)
            || name == READING && self.reading
            || self.start.as_deref().is_some_and(|start| start.replace('-', "_") == name)
    }
}

/// A rule that a grammar offers to begin with (`%start`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The rule.
    pub name: String,
    /// What its texts are, in one line.
    pub about: String,
}

/// A rule that a grammar leaves to its caller (`%list`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The rule.
    pub name: String,
    /// What its texts are, in one line.
    pub about: String,
}
