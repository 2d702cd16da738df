//! What a caller chooses of a grammar's text.

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
}

impl Options {
    /// The same options, beginning with this rule.
    #[must_use]
    pub fn start(mut self, rule: impl Into<String>) -> Self {
        self.start = Some(rule.into());
        self
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
