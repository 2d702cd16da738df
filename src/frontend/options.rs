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
    /// Which of the ways to write the same.
    pub style: Style,
}

/// Of the ways to write the same, which: fewer texts than the grammar has, but the same sentences. What must come is then
/// known earlier, and is read by a model at once instead of token by token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Any that the grammar has.
    #[default]
    Any,
    /// Strings of rules whose case does not matter are in capitals, the caller's texts as they are listed, and where
    /// something is ignored that may be a blank, one blank at most.
    Upper,
    /// The same, with small letters for capitals.
    Lower,
}

impl Style {
    /// How a string is written whose case does not matter.
    pub(super) fn of(self, text: &str) -> String {
        match self {
            Self::Any => text.to_owned(),
            Self::Upper => text.to_ascii_uppercase(),
            Self::Lower => text.to_ascii_lowercase(),
        }
    }
}

/// The names of [`Options::reading`], and of any [`Options::style`] but [`Style::Any`], in a grammar.
pub(super) const READING: &str = "reading";
pub(super) const ONE_STYLE: &str = "one_style";

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

    /// The same options, with texts of this style only.
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Whether `%if name` holds.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.lists.contains_key(name)
            || name == READING && self.reading
            || name == ONE_STYLE && self.style != Style::Any
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
