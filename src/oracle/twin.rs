//! The recogniser over bytes: all readings of the text so far as an explicit list of hypotheses.
//!
//! A hypothesis is a column of the parser, the lexeme being read (what is left of every terminal in it) and its *shadow*:
//! the language of what must not come, because a terminal of an earlier lexeme would then have matched more, or because of a
//! `not_followed_by`. A shadow that accepts kills its hypothesis, one that can accept no more is dropped; at the end of the
//! text every shadow is harmless.
//!
//! * Contextual lexing: a lexeme is read with the terminals viable in its column and the ignored ones; it may end wherever
//!   one of them accepts, and may also go on.
//! * Longest match: a lexeme is read with all terminals of the grammar, each without the texts that a terminal of higher
//!   priority matches too. It may end wherever a terminal accepts, under the shadow of all that might still match more.
//!
//! *Viable* means that some continuation is a sentence, and continuations are searched for, breadth first, from every
//! hypothesis. The search stops, satisfied, at the end of a sentence and as soon as the hypothesis stands between two lexemes
//! without a shadow: where the parser can go on and nothing that was read before interferes, it is taken for granted that it
//! can also be written how it goes on (**lexical consistency**). A grammar in which, say, `aa` must come after `b`, but `a` and
//! all that begins with it is a comment, has no text for that place at all; that is its author's mistake.
//!
//! In a large grammar, where every lexeme could be longer, such a place is far away. A twin [for spaced
//! text](Twin::spaced) is satisfied inside an ignored lexeme already: what the parser allows can follow a blank.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{ColumnId, Columns, Expr, ExpressionError, Expressions, Source};
use crate::{
    TerminalId, TokenId, Vocabulary,
    grammar::{Grammar, Lexing},
};

/// Hypotheses that the search for a continuation may look at.
const MAX_SEARCH: usize = 5_000;

/// A grammar that the twin does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TwinError {
    /// A terminal's language cannot be read.
    #[error("terminal `{name}`: {source}")]
    Terminal {
        /// The terminal.
        name: String,
        /// Why.
        source: ExpressionError,
    },
    /// A terminal matches the empty text.
    #[error("terminal `{0}` matches the empty text")]
    EmptyTerminal(String),
    /// A terminal matches no text.
    #[error("terminal `{0}` matches no text")]
    VoidTerminal(String),
    /// The start symbol derives no text.
    #[error("the start symbol derives no text")]
    UnproductiveStart,
}

/// The search for a continuation was given up. Not an answer: the grammar is beyond the twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search for a continuation was given up after {MAX_SEARCH} hypotheses")]
pub struct Exhausted;

/// A lexeme being read: an index into [`Twin::lexemes`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct LexemeId(u32);

/// The empty lexeme list of the initial state: nothing begun.
const NOT_BEGUN: LexemeId = LexemeId(0);

/// One reading of the text so far.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hypothesis {
    column: ColumnId,
    lexeme: LexemeId,
    shadow: Expr,
}

/// What an end of a lexeme leaves behind: a shadow, and the terminal that ended if not all terminals may begin after it.
type Wake = (Expr, Option<TerminalId>);

/// All readings of the text so far: a value, valid for the [`Twin`] that made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    hypotheses: Vec<Hypothesis>,
}

/// What is left of each terminal in a lexeme.
#[derive(Clone, Debug)]
struct Lexeme {
    parts: Box<[(TerminalId, Expr)]>,
    /// Terminals that may end here.
    accepting: Vec<TerminalId>,
    /// All that longer matches still need; [`Expr::VOID`] under contextual lexing.
    longer: Expr,
}

/// The recogniser of one grammar. Its methods take `&mut self` only because expressions and columns come into being.
#[derive(Clone, Debug)]
pub struct Twin {
    lexing: Lexing,
    /// Whether an ignored lexeme begun without a shadow settles a search.
    spaced: bool,
    expressions: Expressions,
    columns: Columns,
    /// What each terminal can win with.
    languages: Vec<Expr>,
    not_followed_by: Vec<Expr>,
    not_before: Vec<Vec<TerminalId>>,
    ignored: Vec<TerminalId>,
    /// All bytes, those that begin an ignored terminal first: with one of them the search mostly ends.
    bytes: Vec<u8>,
    lexemes: Vec<Lexeme>,
    lexeme_ids: FxHashMap<Box<[(TerminalId, Expr)]>, LexemeId>,
    lexeme_steps: FxHashMap<(LexemeId, u8), LexemeId>,
    /// What is known of each column.
    notes: Vec<Note>,
    /// Hypotheses that all searches together may still look at.
    left: u64,
}

/// What was found out about a column.
#[derive(Clone, Debug, Default)]
struct Note {
    /// The lexeme that begins there.
    beginning: FxHashMap<Option<TerminalId>, LexemeId>,
    /// Answers of the search for a continuation.
    survives: FxHashMap<(LexemeId, Expr), bool>,
}

impl Twin {
    /// The twin of a grammar.
    ///
    /// # Errors
    /// A terminal without a text or with the empty one, look-around in a terminal, a start symbol that derives no text.
    ///
    /// ```
    /// use constrained_gen::{
    ///     grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal},
    ///     oracle::Twin,
    /// };
    ///
    /// let mut builder = GrammarBuilder::new("ab", Lexing::Contextual);
    /// let ab = builder.terminal(Terminal::new("ab", Regular::literal(b"ab")));
    /// let start = builder.nonterminal("start");
    /// builder.production(start, vec![Symbol::Terminal(ab)]);
    /// let mut twin = Twin::new(&builder.finish(start))?;
    /// let state = twin.read(b"a")?.expect("a viable prefix");
    /// assert!(!twin.is_complete(&state));
    /// assert_eq!(twin.forced(&state, 10)?, b"b");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(grammar: &Grammar) -> Result<Self, TwinError> {
        let mut expressions = Expressions::new();
        let mut languages = Vec::new();
        let mut not_followed_by = Vec::new();
        for terminal in grammar.terminals() {
            let refused = |source| TwinError::Terminal { name: terminal.name.clone(), source };
            let language = expressions.regular(&terminal.language).map_err(refused)?;
            if expressions.nullable(language) {
                return Err(TwinError::EmptyTerminal(terminal.name.clone()));
            }
            if expressions.is_void(language) {
                return Err(TwinError::VoidTerminal(terminal.name.clone()));
            }
            languages.push(language);
            not_followed_by.push(match &terminal.not_followed_by {
                Some(language) => {
                    let guard = expressions.regular(language).map_err(refused)?;
                    if expressions.extends(guard) { guard } else { Expr::VOID }
                }
                None => Expr::VOID,
            });
        }
        if grammar.lexing() == Lexing::Longest {
            languages = winning(grammar, &languages, &mut expressions);
        }
        // An ignored lexeme is always dropped, so no production reads one.
        let possible = |terminal: TerminalId| languages[terminal.index()] != Expr::VOID;
        let columns = Columns::new(grammar, |t| possible(t) && !grammar.terminal(t).ignore)
            .ok_or(TwinError::UnproductiveStart)?;
        let ignored = (0..languages.len()).map(TerminalId::new);
        let ignored = ignored.filter(|&t| grammar.terminal(t).ignore && possible(t));
        let ignored: Vec<TerminalId> = ignored.collect();
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.sort_by_key(|&byte| {
            let begins =
                |t: &TerminalId| expressions.residual(languages[t.index()], byte) != Expr::VOID;
            !ignored.iter().any(begins)
        });
        // A terminal that no text is does not begin anywhere.
        let is_text = |t: &&TerminalId| languages[t.index()] != Expr::VOID;
        let not_before = grammar.terminals().iter();
        let not_before =
            not_before.map(|t| t.not_before.iter().filter(is_text).copied().collect()).collect();
        let mut twin = Self {
            lexing: grammar.lexing(),
            spaced: false,
            expressions,
            columns,
            languages,
            not_followed_by,
            not_before,
            ignored,
            bytes,
            lexemes: Vec::new(),
            lexeme_ids: FxHashMap::default(),
            lexeme_steps: FxHashMap::default(),
            notes: Vec::new(),
            left: u64::MAX,
        };
        let nothing = twin.lexeme(Vec::new());
        debug_assert_eq!(nothing, NOT_BEGUN);
        Ok(twin)
    }

    /// The same twin for a grammar in which a blank can follow any lexeme and any lexeme can follow a blank.
    pub fn spaced(mut self) -> Self {
        self.spaced = true;
        self
    }

    /// The same twin, whose searches together look at so many hypotheses at most.
    pub fn bounded(mut self, hypotheses: u64) -> Self {
        self.left = hypotheses;
        self
    }

    /// The state of the empty text.
    pub fn start(&self) -> State {
        let column = self.columns.start();
        let start = Hypothesis { column, lexeme: NOT_BEGUN, shadow: Expr::VOID };
        State { hypotheses: vec![start] }
    }

    /// The state after one more byte; `None` if no sentence begins so.
    pub fn step(&mut self, state: &State, byte: u8) -> Result<Option<State>, Exhausted> {
        let mut hypotheses = self.expand(&state.hypotheses, byte);
        let mut dead = Vec::new();
        for (i, hypothesis) in hypotheses.iter().enumerate() {
            if !self.survives(*hypothesis)? {
                dead.push(i);
            }
        }
        for i in dead.into_iter().rev() {
            hypotheses.remove(i);
        }
        Ok((!hypotheses.is_empty()).then_some(State { hypotheses }))
    }

    /// The state after these bytes from the start.
    pub fn read(&mut self, text: &[u8]) -> Result<Option<State>, Exhausted> {
        let start = self.start();
        self.read_on(&start, text)
    }

    /// The state after these bytes from another state.
    pub fn read_on(&mut self, state: &State, text: &[u8]) -> Result<Option<State>, Exhausted> {
        let mut state = state.clone();
        for &byte in text {
            match self.step(&state, byte)? {
                Some(next) => state = next,
                None => return Ok(None),
            }
        }
        Ok(Some(state))
    }

    /// Whether the text read so far is a sentence.
    pub fn is_complete(&mut self, state: &State) -> bool {
        state.hypotheses.iter().any(|&hypothesis| self.completes(hypothesis))
    }

    /// Which tokens may come next, one entry for each row of logits: every token that is text, byte by byte, and the end
    /// tokens where the text is a sentence. Tokens are taken in the order of their bytes, so that the states of a common
    /// prefix are made once.
    pub fn mask(&mut self, state: &State, vocabulary: &Vocabulary) -> Result<Vec<bool>, Exhausted> {
        let mut tokens: Vec<TokenId> = (0..vocabulary.len()).map(TokenId::new).collect();
        tokens.retain(|&t| !vocabulary.is_special(t) && !vocabulary.bytes(t).is_empty());
        tokens.sort_by_key(|&t| vocabulary.bytes(t));
        self.mask_sorted(state, vocabulary, &tokens)
    }

    /// [`mask`](Self::mask) with the tokens that are text already in the order of their bytes.
    pub fn mask_sorted(
        &mut self,
        state: &State,
        vocabulary: &Vocabulary,
        tokens: &[TokenId],
    ) -> Result<Vec<bool>, Exhausted> {
        let mut mask = vec![false; vocabulary.width()];
        let known = self.columns.len();
        // path[i] is the state after i bytes of the previous token; it ends where that token died.
        let mut path = vec![state.clone()];
        let mut previous: &[u8] = &[];
        let mut refused: Option<usize> = None;
        for &token in tokens {
            let bytes = vocabulary.bytes(token);
            let common = previous.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            previous = bytes;
            // The previous token died after `refused` bytes; whoever shares them dies too.
            if refused.is_some_and(|length| common >= length) {
                continue;
            }
            refused = None;
            path.truncate(common + 1);
            for (i, &byte) in bytes.iter().enumerate().skip(path.len() - 1) {
                match self.step(&path[i], byte)? {
                    Some(next) => path.push(next),
                    None => {
                        refused = Some(i + 1);
                        break;
                    }
                }
            }
            mask[token.index()] = refused.is_none();
        }
        if self.is_complete(state) {
            for &end in vocabulary.end_tokens() {
                mask[end.index()] = true;
            }
        }
        self.forget(known);
        Ok(mask)
    }

    /// The bytes that must come next, up to the first place where another byte or the end could come, `limit` at most.
    pub fn forced(&mut self, state: &State, limit: usize) -> Result<Vec<u8>, Exhausted> {
        let mut state = state.clone();
        let mut forced = Vec::new();
        while forced.len() < limit && !self.is_complete(&state) {
            let mut only = None;
            for byte in 0..=255 {
                if let Some(next) = self.step(&state, byte)? {
                    if only.is_some() {
                        return Ok(forced);
                    }
                    only = Some((byte, next));
                }
            }
            match only {
                Some((byte, next)) => {
                    forced.push(byte);
                    state = next;
                }
                None => return Ok(forced),
            }
        }
        Ok(forced)
    }

    /// Hypotheses of a state, for statistics.
    pub fn readings(&self, state: &State) -> usize {
        state.hypotheses.len()
    }

    /// One byte on: every reading that goes on or begins a lexeme with it and can still complete that lexeme, whatever its
    /// shadow does later.
    fn expand(&mut self, hypotheses: &[Hypothesis], byte: u8) -> Vec<Hypothesis> {
        let mut next = Vec::new();
        let mut boundaries: FxHashMap<Wake, Vec<Source>> = FxHashMap::default();
        for &hypothesis in hypotheses {
            let Hypothesis { column, lexeme, shadow } = hypothesis;
            if lexeme == NOT_BEGUN {
                boundaries.entry((Expr::VOID, None)).or_default().push((column, None));
                continue;
            }
            let Some(shadow) = self.darken(shadow, byte) else { continue };
            let lexeme = self.lexeme_step(lexeme, byte);
            if self.completable(column, lexeme) {
                next.push(Hypothesis { column, lexeme, shadow });
            }
            for (source, (shadow, after)) in self.ends(hypothesis) {
                if let Some(shadow) = self.darken(shadow, byte) {
                    boundaries.entry((shadow, after)).or_default().push(source);
                }
            }
        }
        for ((shadow, after), mut sources) in boundaries {
            let column = self.columns.join(&mut sources);
            let beginning = self.beginning(column, after);
            let lexeme = self.lexeme_step(beginning, byte);
            if self.completable(column, lexeme) {
                next.push(Hypothesis { column, lexeme, shadow });
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// The ways to end the lexeme here: with which terminal, and what that leaves behind.
    fn ends(&mut self, hypothesis: Hypothesis) -> Vec<(Source, Wake)> {
        let lexeme = &self.lexemes[hypothesis.lexeme.0 as usize];
        let longer = lexeme.longer;
        let mut ends = Vec::new();
        for terminal in lexeme.accepting.clone() {
            let guard = self.not_followed_by[terminal.index()];
            let shadow = self.expressions.union(vec![hypothesis.shadow, longer, guard]);
            let after = (!self.not_before[terminal.index()].is_empty()).then_some(terminal);
            if self.columns.viable(hypothesis.column, terminal) {
                ends.push(((hypothesis.column, Some(terminal)), (shadow, after)));
            }
            if self.ignored.contains(&terminal) {
                ends.push(((hypothesis.column, None), (shadow, after)));
            }
        }
        ends
    }

    /// What is left of a shadow after a byte; `None` if it accepted.
    fn darken(&mut self, shadow: Expr, byte: u8) -> Option<Expr> {
        let shadow = self.expressions.residual(shadow, byte);
        // What is left and does not accept holds a longer text, if any.
        (!self.expressions.nullable(shadow)).then_some(shadow)
    }

    /// Whether the text is a sentence if it ends here.
    fn completes(&mut self, hypothesis: Hypothesis) -> bool {
        if hypothesis.lexeme == NOT_BEGUN {
            return self.columns.complete(hypothesis.column);
        }
        self.ends(hypothesis).into_iter().any(|(source, _)| {
            let column = self.columns.join(&mut vec![source]);
            self.columns.complete(column)
        })
    }

    /// Whether a terminal that the column takes, or an ignored one, can still complete the lexeme.
    fn completable(&self, column: ColumnId, lexeme: LexemeId) -> bool {
        self.lexemes[lexeme.0 as usize].parts.iter().any(|(terminal, _)| {
            self.ignored.contains(terminal) || self.columns.viable(column, *terminal)
        })
    }

    /// Whether nothing that was read before interferes any more, or the text may end here.
    fn settled(&mut self, hypothesis: Hypothesis) -> bool {
        let Hypothesis { column, lexeme, shadow } = hypothesis;
        if shadow == Expr::VOID {
            let free = |terminal: TerminalId| self.not_before[terminal.index()].is_empty();
            let blank = |(terminal, _): &(TerminalId, Expr)| {
                self.spaced && free(*terminal) && self.ignored.contains(terminal)
            };
            let parts = &self.lexemes[lexeme.0 as usize].parts;
            // Under contextual lexing a terminal without a guard can be completed, and leaves no shadow.
            let unguarded = |(terminal, _): &(TerminalId, Expr)| {
                self.lexing == Lexing::Contextual
                    && free(*terminal)
                    && self.not_followed_by[terminal.index()] == Expr::VOID
                    && (self.ignored.contains(terminal) || self.columns.viable(column, *terminal))
            };
            if parts.iter().any(|part| blank(part) || unguarded(part)) {
                return true;
            }
        }
        self.ends(hypothesis).iter().any(|(_, wake)| *wake == (Expr::VOID, None))
            || self.completes(hypothesis)
    }

    /// Whether some continuation of a hypothesis is a sentence.
    fn survives(&mut self, hypothesis: Hypothesis) -> Result<bool, Exhausted> {
        let key = (hypothesis.lexeme, hypothesis.shadow);
        if let Some(&known) = self.note(hypothesis.column).survives.get(&key) {
            return Ok(known);
        }
        let columns = self.columns.len();
        let mut seen = FxHashSet::from_iter([hypothesis]);
        let mut queue = VecDeque::from([hypothesis]);
        let mut survives = self.settled(hypothesis);
        'search: while !survives && let Some(next) = queue.pop_front() {
            for i in 0..self.bytes.len() {
                let Some(left) = self.left.checked_sub(1) else { return Err(Exhausted) };
                self.left = left;
                for found in self.expand(&[next], self.bytes[i]) {
                    if seen.insert(found) {
                        if self.settled(found) {
                            survives = true;
                            break 'search;
                        }
                        queue.push_back(found);
                    }
                }
            }
            if seen.len() > MAX_SEARCH {
                return Err(Exhausted);
            }
        }
        self.forget(columns);
        self.note(hypothesis.column).survives.insert(key, survives);
        Ok(survives)
    }

    /// Forgets the columns but the first `count`, and what was found out about them: their ids are used again.
    fn forget(&mut self, count: usize) {
        self.columns.forget(count);
        self.notes.truncate(count);
    }

    fn note(&mut self, column: ColumnId) -> &mut Note {
        if self.notes.len() <= column.index() {
            self.notes.resize_with(self.columns.len(), Note::default);
        }
        &mut self.notes[column.index()]
    }

    /// The lexeme of which nothing is read yet, after this terminal.
    fn beginning(&mut self, column: ColumnId, after: Option<TerminalId>) -> LexemeId {
        if let Some(&known) = self.note(column).beginning.get(&after) {
            return known;
        }
        let mut terminals: Vec<TerminalId> = match self.lexing {
            Lexing::Longest => (0..self.languages.len()).map(TerminalId::new).collect(),
            Lexing::Contextual => {
                let mut terminals = self.columns.terminals(column);
                terminals.extend_from_slice(&self.ignored);
                terminals.sort_unstable();
                terminals.dedup();
                terminals
            }
        };
        if let Some(after) = after {
            terminals.retain(|t| !self.not_before[after.index()].contains(t));
        }
        let parts = terminals.into_iter().map(|t| (t, self.languages[t.index()])).collect();
        let lexeme = self.lexeme(parts);
        self.note(column).beginning.insert(after, lexeme);
        lexeme
    }

    fn lexeme_step(&mut self, lexeme: LexemeId, byte: u8) -> LexemeId {
        if let Some(&known) = self.lexeme_steps.get(&(lexeme, byte)) {
            return known;
        }
        let parts = self.lexemes[lexeme.0 as usize].parts.clone();
        let parts = parts.iter().map(|&(t, e)| (t, self.expressions.residual(e, byte))).collect();
        let next = self.lexeme(parts);
        self.lexeme_steps.insert((lexeme, byte), next);
        next
    }

    fn lexeme(&mut self, mut parts: Vec<(TerminalId, Expr)>) -> LexemeId {
        parts.retain(|&(_, expr)| expr != Expr::VOID);
        let parts = parts.into_boxed_slice();
        if let Some(&known) = self.lexeme_ids.get(&parts) {
            return known;
        }
        let nullable = parts.iter().filter(|(_, expr)| self.expressions.nullable(*expr));
        let accepting = nullable.map(|(terminal, _)| *terminal).collect();
        let longer = match self.lexing {
            Lexing::Contextual => Expr::VOID,
            Lexing::Longest => {
                let parts = parts.iter().map(|(_, expr)| *expr);
                let parts = parts.filter(|&expr| self.expressions.extends(expr)).collect();
                self.expressions.union(parts)
            }
        };
        let id = LexemeId(u32::try_from(self.lexemes.len()).expect("invariant: memory ends first"));
        self.lexemes.push(Lexeme { parts: parts.clone(), accepting, longer });
        self.lexeme_ids.insert(parts, id);
        id
    }
}

/// Each terminal's language without the texts that a terminal of higher priority matches too; void ones as [`Expr::VOID`].
fn winning(grammar: &Grammar, languages: &[Expr], expressions: &mut Expressions) -> Vec<Expr> {
    let priority = |i: usize| grammar.terminals()[i].priority;
    (0..languages.len())
        .map(|i| {
            let above = (0..languages.len()).filter(|&j| priority(j) > priority(i));
            let above = expressions.union(above.map(|j| languages[j]).collect());
            // Most terminals have nothing in common with those above them; the plain expression is the simpler one.
            let common = expressions.intersection(languages[i], above);
            if expressions.is_void(common) {
                return languages[i];
            }
            let won = expressions.difference(languages[i], above);
            if expressions.is_void(won) { Expr::VOID } else { won }
        })
        .collect()
}
