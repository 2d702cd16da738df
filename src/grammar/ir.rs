//! Terminals, nonterminals, productions.

use super::Regular;
use crate::ids::{NonterminalId, ProductionId, TerminalId};

/// How text becomes lexemes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lexing {
    /// Only the terminals that the parser allows at a place compete, and all readings are followed: the language is that
    /// of the grammar read down to bytes. For JSON, schemas, regular expressions.
    #[default]
    Contextual,
    /// All terminals compete everywhere and the longest lexeme wins, as in the lexers of programming languages. Of two
    /// terminals that match the same longest lexeme the one with the higher priority wins; at equal priority both
    /// readings are followed and the parser decides.
    Longest,
}

/// A terminal: a name, a regular language, and how it takes part in lexing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// The name in the grammar, or the quoted text of an anonymous one. Unique.
    pub name: String,
    /// What a person calls it (`identifier`, `"SELECT"`, `string`); shown where something else was expected.
    pub display: String,
    /// The texts it matches. Never the empty one.
    pub language: Regular,
    /// Under [`Lexing::Longest`], the winner among terminals that match the same text.
    pub priority: i32,
    /// Matched between any two lexemes, before the first and after the last, and dropped.
    pub ignore: bool,
    /// What must not follow the lexeme: no non-empty text of this language may begin where the lexeme ends.
    pub not_followed_by: Option<Regular>,
    /// Where the lexeme ends, none of these terminals begins.
    pub not_before: Vec<TerminalId>,
}

/// A nonterminal: a name only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonterminal {
    /// The name in the grammar; made-up names of helpers (repetitions, options) contain a `$`. Unique.
    pub name: String,
}

/// One symbol of a production's right-hand side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Symbol {
    /// A terminal.
    Terminal(TerminalId),
    /// A nonterminal.
    Nonterminal(NonterminalId),
}

/// A production `lhs -> rhs`; an empty right-hand side derives the empty text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Production {
    /// Left-hand side.
    pub lhs: NonterminalId,
    /// Right-hand side.
    pub rhs: Vec<Symbol>,
}

/// What somebody may mean who writes something else than what is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What is found.
    pub language: Regular,
    /// What it is called, if it has a name of its own.
    pub class: Option<String>,
    /// Display names, one of which is expected where the hint holds; none: it holds anywhere.
    pub expected: Vec<String>,
    /// The hint; `{found}` stands for what was found.
    pub text: String,
}

/// A context-free grammar over terminals. Made with a [`GrammarBuilder`]; any grammar is allowed (empty productions,
/// left and right recursion, cycles, ambiguity): the compiler normalises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar {
    pub(crate) name: String,
    pub(crate) lexing: Lexing,
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) nonterminals: Vec<Nonterminal>,
    pub(crate) productions: Vec<Production>,
    pub(crate) start: NonterminalId,
    pub(crate) phrases: Vec<(NonterminalId, String)>,
    pub(crate) hints: Vec<Hint>,
}

impl Grammar {
    /// The grammar's name: of the file or of the built-in grammar.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How text becomes lexemes.
    pub fn lexing(&self) -> Lexing {
        self.lexing
    }

    /// All terminals; a [`TerminalId`] is an index.
    pub fn terminals(&self) -> &[Terminal] {
        &self.terminals
    }

    /// All nonterminals; a [`NonterminalId`] is an index.
    pub fn nonterminals(&self) -> &[Nonterminal] {
        &self.nonterminals
    }

    /// All productions; a [`ProductionId`] is an index.
    pub fn productions(&self) -> &[Production] {
        &self.productions
    }

    /// Rules that a person has words for, with the words: shown where what they begin with was expected.
    pub fn phrases(&self) -> &[(NonterminalId, String)] {
        &self.phrases
    }

    /// What is said to somebody who wrote something else, the most special first.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// The start symbol.
    pub fn start(&self) -> NonterminalId {
        self.start
    }

    /// A terminal.
    pub fn terminal(&self, id: TerminalId) -> &Terminal {
        &self.terminals[id.index()]
    }

    /// A nonterminal.
    pub fn nonterminal(&self, id: NonterminalId) -> &Nonterminal {
        &self.nonterminals[id.index()]
    }

    /// A production.
    pub fn production(&self, id: ProductionId) -> &Production {
        &self.productions[id.index()]
    }
}

/// Builds a [`Grammar`] symbol by symbol.
///
/// ```
/// use constrained_gen::grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal};
///
/// let mut builder = GrammarBuilder::new("pairs", Lexing::Contextual);
/// let open = builder.terminal(Terminal::new("(", Regular::literal(b"(")));
/// let close = builder.terminal(Terminal::new(")", Regular::literal(b")")));
/// let pairs = builder.nonterminal("pairs");
/// builder.production(pairs, vec![]);
/// builder.production(
///     pairs,
///     vec![Symbol::Terminal(open), Symbol::Nonterminal(pairs), Symbol::Terminal(close)],
/// );
/// let grammar = builder.finish(pairs);
/// assert_eq!(grammar.productions().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct GrammarBuilder {
    grammar: Grammar,
}

impl Terminal {
    /// A terminal that is neither ignored nor guarded, with priority 0, displayed by its name.
    pub fn new(name: impl Into<String>, language: Regular) -> Self {
        let name = name.into();
        Self {
            display: name.clone(),
            name,
            language,
            priority: 0,
            ignore: false,
            not_followed_by: None,
            not_before: Vec::new(),
        }
    }
}

impl GrammarBuilder {
    /// An empty grammar.
    pub fn new(name: impl Into<String>, lexing: Lexing) -> Self {
        Self {
            grammar: Grammar {
                name: name.into(),
                lexing,
                terminals: Vec::new(),
                nonterminals: Vec::new(),
                productions: Vec::new(),
                start: NonterminalId(0),
                phrases: Vec::new(),
                hints: Vec::new(),
            },
        }
    }

    /// Adds a terminal.
    pub fn terminal(&mut self, terminal: Terminal) -> TerminalId {
        self.grammar.terminals.push(terminal);
        TerminalId::new(self.grammar.terminals.len() - 1)
    }

    /// How many terminals there are.
    pub fn terminal_count(&self) -> usize {
        self.grammar.terminals.len()
    }

    /// Changes a terminal added before.
    pub fn terminal_mut(&mut self, id: TerminalId) -> &mut Terminal {
        &mut self.grammar.terminals[id.index()]
    }

    /// Adds a nonterminal.
    pub fn nonterminal(&mut self, name: impl Into<String>) -> NonterminalId {
        self.grammar.nonterminals.push(Nonterminal { name: name.into() });
        NonterminalId::new(self.grammar.nonterminals.len() - 1)
    }

    /// Adds a production.
    pub fn production(&mut self, lhs: NonterminalId, rhs: Vec<Symbol>) -> ProductionId {
        self.grammar.productions.push(Production { lhs, rhs });
        ProductionId::new(self.grammar.productions.len() - 1)
    }

    /// Gives a rule words for a person.
    pub fn phrase(&mut self, rule: NonterminalId, words: impl Into<String>) {
        self.grammar.phrases.push((rule, words.into()));
    }

    /// Adds a hint.
    pub fn hint(&mut self, hint: Hint) {
        self.grammar.hints.push(hint);
    }

    /// How many productions there are, for limits.
    pub fn production_count(&self) -> usize {
        self.grammar.productions.len()
    }

    /// How many symbols there are, for limits.
    pub fn symbol_count(&self) -> usize {
        self.grammar.terminals.len() + self.grammar.nonterminals.len()
    }

    /// The grammar with this start symbol.
    pub fn finish(mut self, start: NonterminalId) -> Grammar {
        self.grammar.start = start;
        self.grammar
    }
}
