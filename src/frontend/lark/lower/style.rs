//! Of the ways to write the same, one ([`Style`]).

use regex_syntax::hir::Hir;

use super::{
    super::{
        super::{GrammarError, Style, source::At},
        ast::{Expr, ExprKind},
        directives::TerminalDirectives,
        regex::Piece,
        slots,
        terminals::{LiteralKey, literal_hir},
    },
    Lowering, TerminalUse,
};
use crate::{
    TerminalId,
    grammar::{Lexing, Regular, Terminal},
};

/// What is ignored where a text has one style.
const BLANK: &str = " ";

impl Lowering<'_> {
    /// A string as it is written.
    pub(super) fn styled(&mut self, key: &LiteralKey) -> Piece {
        let whole = literal_hir(key);
        if self.style == Style::Any || !key.1 {
            return Piece::leaf(whole);
        }
        let size = 1 + key.0.len();
        self.unstyled.push(Piece { size, ..Piece::leaf(whole) });
        Piece::leaf(literal_hir(&(self.style.of(&key.0), false)))
    }

    /// Lets what is ignored compete and nothing more: a comment is still no sequence of other lexemes. Whether it may be a blank.
    pub(super) fn unignore(&mut self, ignored: &Expr) -> Result<bool, GrammarError> {
        let id = match &ignored.kind {
            ExprKind::Reference { name, .. } => self.program.resolve(0, name),
            _ => None,
        };
        let directives = id.map(|id| self.directives.of(id)).unwrap_or_default();
        let piece = self.terminals.expr(ignored)?;
        let (place, limits) = ((self.program, ignored.at), self.terminals.limits());
        let automaton = slots::automaton((&piece, &directives), place, limits)?;
        self.unstyled.push(piece);
        Ok(slots::has(&automaton, BLANK))
    }

    /// Ignores one blank, which no other one follows.
    pub(super) fn blank(&mut self, at: At) -> Result<(), GrammarError> {
        let blank = Hir::literal(BLANK.as_bytes());
        let mut directives = TerminalDirectives::default();
        match self.program.lexing() {
            // A longer lexeme that nothing takes.
            Lexing::Longest => {
                self.unstyled.push(Piece::leaf(Hir::literal(BLANK.repeat(2).as_bytes())));
            }
            Lexing::Contextual => directives.not_followed_by.push(blank.clone()),
        }
        let name = self.unique("blank$", 0);
        let terminal = Terminal::new(name, Regular::Hir(Hir::empty()));
        let piece = (Piece::leaf(blank), None);
        match self.make(terminal, "one blank".to_owned(), piece, directives, at)? {
            TerminalUse::Empty | TerminalUse::Never => {}
            TerminalUse::Required(id) | TerminalUse::Optional(id) => {
                self.out.terminal_mut(id).ignore = true;
            }
        }
        Ok(())
    }

    /// What competes without being read: strings in another style are lexemes still, and not names of which a letter is left.
    pub(super) fn other_styles(&mut self) -> Result<Option<TerminalId>, GrammarError> {
        let unstyled = std::mem::take(&mut self.unstyled);
        if self.program.lexing() != Lexing::Longest || unstyled.is_empty() {
            return Ok(None);
        }
        let terminal = Terminal::new(self.unique("style$", 0), Regular::Hir(Hir::empty()));
        let size = unstyled.iter().map(|piece| piece.size).sum();
        let depth = unstyled.iter().map(|piece| piece.depth).max().unwrap_or_default() + 1;
        let hirs = unstyled.into_iter().map(|piece| piece.hir).collect();
        let piece = Piece { size, depth, ..Piece::leaf(Hir::alternation(hirs)) };
        let at = At { file: 0, offset: 0 };
        let shown = "a word in another style".to_owned();
        let made = self.make(terminal, shown, (piece, None), TerminalDirectives::default(), at)?;
        Ok(match made {
            TerminalUse::Empty | TerminalUse::Never => None,
            TerminalUse::Required(id) | TerminalUse::Optional(id) => Some(id),
        })
    }
}
