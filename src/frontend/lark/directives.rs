//! Directives about single terminals: `%reserve`, `%not_followed_by`, `%reject`, `%display`.
//!
//! They say how a terminal takes part in lexing, so they hold wherever the terminal is used in a rule, from whichever
//! file; what other terminals build from it they leave alone.

use std::collections::BTreeMap;

use regex_syntax::hir::Hir;

use super::{
    super::{GrammarError, source::At},
    ast::{Name, Statement},
    modules::{DefinitionId, Program},
    terminals::Terminals,
};

/// What is said of one terminal.
#[derive(Clone, Debug, Default)]
pub(super) struct TerminalDirectives {
    /// Taken from its language.
    pub(super) reserved: Vec<Hir>,
    /// Must not follow it; alternatives.
    pub(super) not_followed_by: Vec<Hir>,
    pub(super) display: Option<String>,
}

/// What is said of all of them.
#[derive(Debug, Default)]
pub(super) struct Directives {
    of: BTreeMap<DefinitionId, TerminalDirectives>,
    /// The terminals of `%reject`, in order, with the place of the directive.
    pub(super) rejected: Vec<(DefinitionId, At)>,
}

impl Directives {
    /// The directives of all files.
    pub(super) fn collect(
        program: &Program,
        terminals: &Terminals<'_>,
    ) -> Result<Self, GrammarError> {
        let mut all = Self::default();
        let find = |name: &Name| {
            program
                .resolve(name.at.file, &name.text)
                .ok_or_else(|| program.undefined(name.at, &name.text))
        };
        for statement in program.modules.iter().flat_map(|module| &module.directives) {
            match statement {
                Statement::Reserve(name, items) => {
                    let of = all.of.entry(find(name)?).or_default();
                    for item in items {
                        let piece = terminals.expr(item)?;
                        terminals.charge(item.at, &piece)?;
                        of.reserved.push(piece.hir);
                    }
                }
                Statement::NotFollowedBy(name, expr) => {
                    let piece = terminals.expr(expr)?;
                    terminals.charge(expr.at, &piece)?;
                    all.of.entry(find(name)?).or_default().not_followed_by.push(piece.hir);
                }
                Statement::Display(name, text) => {
                    all.of.entry(find(name)?).or_default().display = Some(text.clone());
                }
                Statement::Reject(name) => all.rejected.push((find(name)?, name.at)),
                // Kept elsewhere by the loader.
                _ => {}
            }
        }
        Ok(all)
    }

    /// What is said of a terminal.
    pub(super) fn of(&self, id: DefinitionId) -> TerminalDirectives {
        self.of.get(&id).cloned().unwrap_or_default()
    }
}
