//! Terminals as regular expressions: a definition may use other terminals, and becomes one expression.

use std::{cell::Cell, collections::HashMap};

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Repetition};

use super::{
    super::{GrammarError, error::quoted, source::At},
    ast::{Expr, ExprKind, is_terminal},
    modules::{DefinitionId, Program},
    regex::{self, Piece},
};
use crate::{Limits, grammar::Regular};

/// A literal: its text and whether ASCII case is ignored. Lower-cased if so; never so without a letter.
pub(super) type LiteralKey = (String, bool);

/// The key of a literal.
pub(super) fn literal_key(text: &str, ignore_case: bool) -> LiteralKey {
    if ignore_case && text.contains(|c: char| c.is_ascii_alphabetic()) {
        (text.to_ascii_lowercase(), true)
    } else {
        (text.to_string(), false)
    }
}

/// The expression of a literal.
pub(super) fn literal_hir((text, ignore_case): &LiteralKey) -> Hir {
    let regular = if *ignore_case {
        Regular::literal_ignore_case(text.as_bytes())
    } else {
        Regular::literal(text.as_bytes())
    };
    match regular {
        Regular::Hir(hir) => hir,
        // Not made by these two constructors.
        Regular::Difference(..) | Regular::Intersection(..) => Hir::fail(),
    }
}

/// The expressions of all terminals of a program.
#[derive(Debug)]
pub(super) struct Terminals<'a> {
    program: &'a Program,
    limits: &'a Limits,
    compiled: HashMap<DefinitionId, Piece>,
    /// Parts of all expressions so far.
    parts: Cell<usize>,
}

/// All expressions of a grammar may have so many parts for each that one of them may have.
const ALL_TERMINALS: usize = 32;

impl<'a> Terminals<'a> {
    /// Compiles every terminal, those first that others use.
    pub(super) fn compile(program: &'a Program, limits: &'a Limits) -> Result<Self, GrammarError> {
        let mut terminals = Self { program, limits, compiled: HashMap::new(), parts: Cell::new(0) };
        let mut entered = vec![false; program.definitions.len()];
        for id in 0..program.definitions.len() {
            if !is_terminal(&program.name_of(id).text) {
                continue;
            }
            // Depth first without recursion: a definition is compiled when it is met again, after what it uses.
            let mut work = vec![(id, false)];
            while let Some((id, ready)) = work.pop() {
                if terminals.compiled.contains_key(&id) {
                    continue;
                }
                if ready {
                    let piece = terminals.expr(&program.definitions[id].body)?;
                    terminals.charge(program.name_of(id).at, &piece)?;
                    terminals.compiled.insert(id, piece);
                    continue;
                }
                entered[id] = true;
                work.push((id, true));
                let mut used = Vec::new();
                references(&program.definitions[id].body, &mut used);
                for (name, at) in used {
                    let Some(other) = program.resolve(at.file, name) else {
                        return Err(program.undefined(at, name));
                    };
                    if terminals.compiled.contains_key(&other) || !is_terminal(name) {
                        continue; // a rule's name is refused when the expression is compiled
                    }
                    // Entered and not compiled: it waits for what it uses, which is this one.
                    if entered[other] {
                        let message = format!(
                            "terminal {} is defined by itself; a terminal is a regular language: make it a rule",
                            quoted(name)
                        );
                        return Err(program.sources.error(at, message));
                    }
                    work.push((other, false));
                }
            }
        }
        Ok(terminals)
    }

    /// Counts an expression that is kept: small definitions that use a large one would fill the memory.
    pub(super) fn charge(&self, at: At, piece: &Piece) -> Result<(), GrammarError> {
        self.parts.set(self.parts.get() + piece.size);
        let limit = self.limits.dfa_states.saturating_mul(ALL_TERMINALS);
        if self.parts.get() <= limit {
            return Ok(());
        }
        Err(self.program.sources.limit(
            at,
            "parts of all terminals' expressions",
            "dfa_states",
            limit,
        ))
    }

    /// The limits that hold.
    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// The expression of a terminal.
    pub(super) fn get(&self, id: DefinitionId) -> Option<&Piece> {
        self.compiled.get(&id)
    }

    /// Whether a string in a file ignores case.
    pub(super) fn ignores_case(&self, file: usize, own_flag: bool) -> bool {
        own_flag || self.program.modules[file].ignore_case
    }

    /// The literal that a terminal is, if its whole definition is one string.
    pub(super) fn as_literal(&self, id: DefinitionId) -> Option<LiteralKey> {
        let body = &self.program.definitions[id].body;
        match &body.kind {
            ExprKind::Literal { text, ignore_case } => {
                Some(literal_key(text, self.ignores_case(body.at.file, *ignore_case)))
            }
            _ => None,
        }
    }

    /// Compiles an expression over terminals. Recursion is on the depth of brackets.
    pub(super) fn expr(&self, expr: &Expr) -> Result<Piece, GrammarError> {
        let at = expr.at;
        let sources = &self.program.sources;
        let piece = match &expr.kind {
            ExprKind::Literal { text, ignore_case } => Piece::leaf(literal_hir(&literal_key(
                text,
                self.ignores_case(at.file, *ignore_case),
            ))),
            ExprKind::Range(low, high) => {
                let range = ClassUnicodeRange::new(*low, *high);
                Piece::leaf(Hir::class(Class::Unicode(ClassUnicode::new([range]))))
            }
            ExprKind::Regex { pattern, flags } => regex::compile(pattern, flags, self.limits)
                .map_err(|error| {
                    let place = At { offset: at.offset + 1 + error.offset, ..at };
                    let refused = sources.error(place, error.message);
                    if error.limit { refused.by_limit() } else { refused }
                })?,
            ExprKind::Reference { name, arguments } => {
                if !is_terminal(name) {
                    let message =
                        format!("a terminal is made of terminals; {} is a rule", quoted(name));
                    return Err(sources.error(at, message));
                }
                if let Some(argument) = arguments.first() {
                    return Err(sources
                        .error(argument.at, "a terminal has no parameters; templates are rules"));
                }
                let id = self
                    .program
                    .resolve(at.file, name)
                    .ok_or_else(|| self.program.undefined(at, name))?;
                self.compiled.get(&id).cloned().ok_or_else(|| self.program.undefined(at, name))?
            }
            // Words of a list; that they are texts of a terminal is seen to where they are used.
            ExprKind::Some { texts, .. } => {
                let hirs = texts
                    .iter()
                    .map(|text| literal_hir(&literal_key(text, self.ignores_case(at.file, false))));
                Piece {
                    size: 1 + texts.iter().map(String::len).sum::<usize>(),
                    ..Piece::leaf(Hir::alternation(hirs.collect()))
                }
            }
            ExprKind::Sequence(parts) => self.combine(parts, Hir::concat)?,
            ExprKind::Alternatives(parts) => self.combine(parts, Hir::alternation)?,
            ExprKind::Repeat { body, min, max } => {
                let inner = self.expr(body)?;
                let bound = max.unwrap_or(*min).max(*min).max(1);
                let (min, max) = (*min, *max);
                Piece {
                    hir: Hir::repetition(Repetition {
                        min,
                        max,
                        greedy: true,
                        sub: Box::new(inner.hir),
                    }),
                    depth: inner.depth + 1,
                    size: inner.size + 1,
                    repetition: inner.repetition.saturating_mul(u64::from(bound)),
                }
            }
        };
        self.check(at, &piece)?;
        Ok(piece)
    }

    fn combine(&self, parts: &[Expr], join: fn(Vec<Hir>) -> Hir) -> Result<Piece, GrammarError> {
        let mut hirs = Vec::with_capacity(parts.len());
        let mut whole = Piece { hir: Hir::empty(), depth: 0, size: 1, repetition: 1 };
        for part in parts {
            let piece = self.expr(part)?;
            whole.depth = whole.depth.max(piece.depth);
            whole.size += piece.size;
            whole.repetition = whole.repetition.max(piece.repetition);
            self.check(part.at, &whole)?;
            hirs.push(piece.hir);
        }
        Ok(Piece { hir: join(hirs), depth: whole.depth + usize::from(parts.len() > 1), ..whole })
    }

    /// Holds an expression to the limits while it grows.
    fn check(&self, at: At, piece: &Piece) -> Result<(), GrammarError> {
        let limits = self.limits;
        let sources = &self.program.sources;
        // A regular expression may use all of the nesting, and so may the brackets around it.
        if piece.depth > 2 * limits.nesting + 2 {
            return Err(sources.limit(
                at,
                "nesting of a terminal, the terminals it uses included",
                "nesting",
                limits.nesting,
            ));
        }
        if piece.size > limits.dfa_states {
            return Err(sources.limit(
                at,
                "parts of a terminal's expression",
                "dfa_states",
                limits.dfa_states,
            ));
        }
        if piece.repetition > u64::from(limits.repetition) {
            return Err(sources.limit(
                at,
                "nested repetitions, multiplied",
                "repetition",
                limits.repetition,
            ));
        }
        Ok(())
    }
}

/// The names that an expression uses, with their places.
pub(super) fn references<'e>(expr: &'e Expr, out: &mut Vec<(&'e str, At)>) {
    match &expr.kind {
        ExprKind::Reference { name, arguments } => {
            out.push((name, expr.at));
            arguments.iter().for_each(|argument| references(argument, out));
        }
        ExprKind::Sequence(parts) | ExprKind::Alternatives(parts) => {
            parts.iter().for_each(|part| references(part, out));
        }
        ExprKind::Repeat { body, .. } => references(body, out),
        ExprKind::Literal { .. }
        | ExprKind::Regex { .. }
        | ExprKind::Range(..)
        | ExprKind::Some { .. } => {}
    }
}
