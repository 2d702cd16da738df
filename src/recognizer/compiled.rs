//! A compiled grammar, and the tables that grow as texts are read.

use std::sync::{Arc, PoisonError, RwLock};

use super::{
    Recognizer,
    reader::{Allowance, Reader},
};
use crate::{
    Limits,
    grammar::{CompileError, CompileErrorKind, Grammar},
    lexer::{LexTable, Lexer},
    memo::Memo,
    parser::{Depth, LrTable, NormalGrammar, SetId, StackTable},
};

/// A grammar ready to read text: terminals as automata, productions normalised. Parser states, stacks and lexer
/// configurations are built as texts visit them, shared by all threads, under the byte budget of
/// [`Limits::automaton_bytes`].
#[derive(Debug)]
pub struct CompiledGrammar {
    grammar: Grammar,
    pub(crate) lexer: Lexer,
    pub(crate) normal: NormalGrammar,
    /// LR states are bounded by the grammar and survive a change of tables.
    pub(crate) lr: LrTable,
    limits: Limits,
    tables: RwLock<Arc<Tables>>,
}

/// What grows with the variety of texts read. Replaced as a whole when it is full.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) lex: LexTable,
    pub(crate) stacks: StackTable,
    /// Whether the parser leads the lexer out of its shadows, where it had to be searched for.
    /// By [what a configuration can become](LexTable::live_id), whether it is at a lexeme's beginning, and the stack.
    pub(super) escapes: Memo<(u32, bool, SetId), bool>,
    /// The same of LR states; `None` where it depends on the stack, or was not found so soon.
    pub(super) escapes_at: Memo<(u32, bool, u32, Depth), Option<bool>>,
}

impl Tables {
    /// Empty ones. `step_work`: steps of one operation.
    pub(crate) fn new(lexer: &Lexer, step_work: u64) -> Self {
        /// One operation may ask for many closures.
        const PART: u64 = 50;
        let (escapes, escapes_at) = (Memo::new(), Memo::new());
        let stacks = StackTable::new((step_work / PART).max(1_000));
        Self { lex: LexTable::new(lexer), stacks, escapes, escapes_at }
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.lex.bytes() + self.stacks.bytes() + (self.escapes.len() + self.escapes_at.len()) * 40
    }
}

impl CompiledGrammar {
    /// Compiles a grammar. Cost: proportional to the grammar's size; parser states are built later, as texts visit them.
    ///
    /// # Errors
    /// A start that derives no text, a terminal that matches nothing or the empty text, a limit.
    ///
    /// ```
    /// use constrained_gen::{CompiledGrammar, Limits, grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal}};
    ///
    /// let mut builder = GrammarBuilder::new("word", Lexing::Contextual);
    /// let word = builder.terminal(Terminal::new("yes", Regular::literal(b"yes")));
    /// let start = builder.nonterminal("start");
    /// builder.production(start, vec![Symbol::Terminal(word)]);
    /// let grammar = CompiledGrammar::new(&builder.finish(start), &Limits::default())?;
    /// assert!(grammar.recognizer().check(b"yes").is_ok());
    /// assert_eq!(grammar.recognizer().check(b"yet").unwrap_err().offset, 2);
    /// # Ok::<(), constrained_gen::grammar::CompileError>(())
    /// ```
    pub fn new(grammar: &Grammar, limits: &Limits) -> Result<Arc<Self>, CompileError> {
        let terminals = grammar.terminals().len() as u64;
        bound_pairs(terminals.saturating_mul(terminals), limits)?;
        let lexer = Lexer::new(grammar, limits)?;
        let normal = NormalGrammar::new(grammar, &lexer.unreadable(), limits)?;
        bound_pairs(normal.pairs(), limits)?;
        let lr = LrTable::new(&normal);
        let tables = RwLock::new(Arc::new(Tables::new(&lexer, limits.step_work)));
        let (grammar, limits) = (grammar.clone(), limits.clone());
        Ok(Arc::new(Self { grammar, lexer, normal, lr, limits, tables }))
    }

    /// The grammar this was compiled from.
    pub fn grammar(&self) -> &Grammar {
        &self.grammar
    }

    /// The limits it was compiled under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A reader at the start of a text.
    pub fn recognizer(self: &Arc<Self>) -> Recognizer {
        Recognizer::new(self)
    }

    /// The tables in use, new ones if they are over the budget.
    pub(crate) fn tables(&self) -> Arc<Tables> {
        let tables = Arc::clone(&self.tables.read().unwrap_or_else(PoisonError::into_inner));
        if tables.bytes() <= self.limits.automaton_bytes {
            return tables;
        }
        let mut current = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if current.bytes() > self.limits.automaton_bytes {
            *current = Arc::new(Tables::new(&self.lexer, self.limits.step_work));
        }
        Arc::clone(&current)
    }

    /// What one operation may spend on searches.
    pub(crate) fn allowance(&self) -> Allowance {
        Allowance::new(self.limits.step_work)
    }

    pub(crate) fn reader<'a>(&'a self, tables: &'a Tables, allowance: &'a Allowance) -> Reader<'a> {
        Reader { grammar: self, tables, allowance }
    }
}

/// Sets of terminals are kept for symbols: so many pairs of both, at a bit each.
fn bound_pairs(pairs: u64, limits: &Limits) -> Result<(), CompileError> {
    if pairs / 64 <= limits.grammar_work {
        return Ok(());
    }
    let what = format!("{pairs} pairs of a terminal and a symbol");
    let (name, limit) = ("grammar_work", limits.grammar_work);
    Err(CompileErrorKind::Limit { name, limit, what }.into())
}
