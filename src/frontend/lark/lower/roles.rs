//! Terminals with a part in lexing: those that are ignored, that compete without being read, that do not begin behind others.

use std::collections::HashSet;

use regex_syntax::hir::Hir;

use super::{
    super::{
        super::{GrammarError, Style, error::quoted},
        ast::{Expr, ExprKind, is_terminal},
        directives::TerminalDirectives,
    },
    Argument, Lowering, TerminalKey, TerminalUse,
};
use crate::{
    TerminalId,
    grammar::{Lexing, Regular, Symbol, Terminal},
};

impl Lowering<'_> {
    /// The terminals of `%ignore`: those of the first file, as in Lark.
    pub(super) fn ignored(&mut self) -> Result<(), GrammarError> {
        let program = self.program;
        let mut has_blank = false;
        for expr in &program.modules[0].ignore {
            if self.style != Style::Any {
                let may_be_blank = self.unignore(expr)?;
                if may_be_blank && !std::mem::replace(&mut has_blank, true) {
                    self.blank(expr.at)?;
                }
                continue;
            }
            let made = match &expr.kind {
                ExprKind::Reference { name, .. } if is_terminal(name) => {
                    let id =
                        program.resolve(0, name).ok_or_else(|| program.undefined(expr.at, name))?;
                    if let Some(&at) = self.used_at.get(&id) {
                        let message = format!(
                            "terminal {} is ignored (%ignore), so no rule can use it",
                            quoted(name)
                        );
                        return Err(program.sources.error(at, message));
                    }
                    self.terminal(TerminalKey::Named(id), expr)?
                }
                _ => {
                    let piece = self.terminals.expr(expr)?;
                    let name = format!("ignored${}", self.out.symbol_count());
                    let terminal = Terminal::new(name, Regular::Hir(Hir::empty()));
                    self.make(
                        terminal,
                        "ignored text".to_string(),
                        (piece, None),
                        TerminalDirectives::default(),
                        expr.at,
                    )?
                }
            };
            match made {
                TerminalUse::Empty | TerminalUse::Never => {}
                TerminalUse::Required(id) | TerminalUse::Optional(id) => {
                    self.out.terminal_mut(id).ignore = true
                }
            }
        }
        Ok(())
    }

    /// The terminals of `%not_before`; of one that is never read there is nothing to say.
    pub(super) fn excluded(&mut self) -> Result<(), GrammarError> {
        for (id, items) in std::mem::take(&mut self.directives.not_before) {
            let (Some(TerminalUse::Required(before)) | Some(TerminalUse::Optional(before))) =
                self.uses.get(&TerminalKey::Named(id)).copied()
            else {
                continue;
            };
            for item in items {
                match self.atom(&item, id, &[])? {
                    Argument::Symbol(Symbol::Terminal(t)) | Argument::Optional(t) => {
                        self.out.terminal_mut(before).not_before.push(t);
                    }
                    // It was left out, or the caller gave no text of it.
                    Argument::Symbol(Symbol::Nonterminal(id)) if id == self.never(item.at)? => {}
                    Argument::Symbol(Symbol::Nonterminal(_)) => {
                        let message = "expected a terminal, found a rule";
                        return Err(self.program.sources.error(item.at, message));
                    }
                    Argument::Empty => {}
                }
            }
        }
        Ok(())
    }

    /// The terminals of `%reject`, which compete though no rule uses them.
    pub(super) fn rejected(&mut self) -> Result<HashSet<TerminalId>, GrammarError> {
        let mut ids = HashSet::new();
        let rejected = self.directives.rejected.iter();
        let mut keys: Vec<_> = rejected.map(|(id, at)| (TerminalKey::Named(*id), *at)).collect();
        if self.program.lexing() == Lexing::Longest {
            // What is no text of the caller's is still one lexeme, not a shorter one and more.
            let mut known: Vec<&Hir> = Vec::new();
            for (&id, &at) in &self.filled {
                let Some(piece) = self.terminals.get(id) else { continue };
                if !known.contains(&&piece.hir) {
                    known.push(&piece.hir);
                    keys.push((TerminalKey::Whole(id), at));
                }
            }
        }
        for (key, at) in keys {
            let (TerminalKey::Named(id) | TerminalKey::Whole(id)) = key else { continue };
            let name = self.program.name_of(id).text.clone();
            let expr = Expr { kind: ExprKind::Reference { name, arguments: Vec::new() }, at };
            match self.terminal(key, &expr)? {
                TerminalUse::Empty | TerminalUse::Never => {}
                TerminalUse::Required(id) | TerminalUse::Optional(id) => _ = ids.insert(id),
            }
        }
        ids.extend(self.other_styles()?);
        Ok(ids)
    }
}
