//! Directives about terminals: `%slot`, `%reserve`, `%not_followed_by`, `%not_before`, `%word`, `%reject`, `%display`.
//!
//! They say how a terminal takes part in lexing, so they hold wherever the terminal is used in a rule, from whichever
//! file; what other terminals build from it they leave alone.

use std::collections::BTreeMap;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

use super::{
    super::{GrammarError, source::At},
    ast::{Expr, Name, Statement, is_terminal},
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
    /// All that it has, as far as it is of its language, and the place of its name in a `%slot`.
    pub(super) only: Option<(Vec<String>, At)>,
}

/// What is said of all of them.
#[derive(Debug, Default)]
pub(super) struct Directives {
    of: BTreeMap<DefinitionId, TerminalDirectives>,
    /// What rules are called, in order.
    pub(super) phrases: Vec<(DefinitionId, String)>,
    /// What is found, what is expected, what is said then; in order.
    pub(super) hints: Vec<(DefinitionId, Vec<Expr>, String)>,
    /// The terminals of `%reject`, in order, with the place of the directive.
    pub(super) rejected: Vec<(DefinitionId, At)>,
    /// The terminals of `%not_before`, each with what does not begin where it ends.
    pub(super) not_before: Vec<(DefinitionId, Vec<Expr>)>,
    /// The characters of `%word`.
    word: Option<ClassUnicode>,
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
                Statement::Display(name, text) if !is_terminal(&name.text) => {
                    all.phrases.push((find(name)?, text.clone()));
                }
                Statement::Hint { found, expected, text } => {
                    all.hints.push((find(found)?, expected.clone(), text.clone()));
                }
                Statement::Display(name, text) => {
                    all.of.entry(find(name)?).or_default().display = Some(text.clone());
                }
                Statement::NotBefore(name, items) => {
                    all.not_before.push((find(name)?, items.clone()));
                }
                Statement::Word(expr) => {
                    let piece = terminals.expr(expr)?;
                    let HirKind::Class(Class::Unicode(class)) = piece.hir.kind() else {
                        let message = "expected a class of characters: `/[a-z]/`";
                        return Err(program.sources.error(expr.at, message));
                    };
                    match &mut all.word {
                        Some(word) => word.union(class),
                        word => *word = Some(class.clone()),
                    }
                }
                Statement::Slot(_, of, _) => {
                    of.iter().try_for_each(|name| find(name).map(|_| ()))?;
                }
                Statement::Only(name, texts) => {
                    all.of.entry(find(name)?).or_default().only = Some((texts.clone(), name.at));
                }
                Statement::Reject(name) => all.rejected.push((find(name)?, name.at)),
                // Kept elsewhere by the loader.
                _ => {}
            }
        }
        Ok(all)
    }

    /// As `directives`, of a terminal that is this string: a word is not followed by what would make it a longer one.
    pub(super) fn of_literal(
        &self,
        text: &str,
        mut directives: TerminalDirectives,
    ) -> TerminalDirectives {
        let is_in = |c: char, class: &ClassUnicode| {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c))
        };
        if let (Some(word), Some(last)) = (&self.word, text.chars().next_back())
            && is_in(last, word)
        {
            directives.not_followed_by.push(Hir::class(Class::Unicode(word.clone())));
        }
        directives
    }

    /// What is said of a terminal.
    pub(super) fn of(&self, id: DefinitionId) -> TerminalDirectives {
        self.of.get(&id).cloned().unwrap_or_default()
    }
}
