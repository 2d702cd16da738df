//! Whether every name in every rule of every file means something, and is used as what it is.

use super::{
    super::{GrammarError, error::quoted, source::At},
    ast::{Definition, Expr, ExprKind, is_terminal},
    modules::Program,
};

/// Checks the names in all rules, those that the start rule never reaches included.
pub(super) fn check(program: &Program) -> Result<(), GrammarError> {
    for definition in &program.definitions {
        if is_terminal(&definition.name.text) {
            continue; // terminals are checked as they are compiled
        }
        let mut used = vec![false; definition.parameters.len()];
        Names { program, definition }.expr(&definition.body, &mut used)?;
        if let Some(unused) = used.iter().position(|used| !used) {
            let parameter = &definition.parameters[unused];
            let message = format!("parameter {} is not used", quoted(&parameter.text));
            return Err(program.sources.error(parameter.at, message));
        }
    }
    Ok(())
}

struct Names<'a> {
    program: &'a Program,
    definition: &'a Definition,
}

impl Names<'_> {
    /// Recursion is on the depth of brackets.
    fn expr(&self, expr: &Expr, used: &mut [bool]) -> Result<(), GrammarError> {
        match &expr.kind {
            ExprKind::Reference { name, arguments } => {
                self.reference(name, arguments, expr.at, used)
            }
            ExprKind::Sequence(parts) | ExprKind::Alternatives(parts) => {
                parts.iter().try_for_each(|part| self.expr(part, used))
            }
            ExprKind::Repeat { body, .. } => self.expr(body, used),
            ExprKind::Some { of, .. } => self.reference(of, &[], expr.at, used),
            ExprKind::Literal { .. } | ExprKind::Regex { .. } | ExprKind::Range(..) => Ok(()),
        }
    }

    fn reference(
        &self,
        name: &str,
        arguments: &[Expr],
        at: At,
        used: &mut [bool],
    ) -> Result<(), GrammarError> {
        let sources = &self.program.sources;
        if let Some(parameter) = self.definition.parameters.iter().position(|p| p.text == name) {
            used[parameter] = true;
            return match arguments.first() {
                None => Ok(()),
                Some(argument) => {
                    let message =
                        format!("{} is a parameter and takes no arguments itself", quoted(name));
                    Err(sources.error(argument.at, message))
                }
            };
        }
        let id =
            self.program.resolve(at.file, name).ok_or_else(|| self.program.undefined(at, name))?;
        let wanted = self.program.definitions[id].parameters.len();
        if wanted != arguments.len() {
            let message = match (wanted, arguments.len()) {
                (0, _) => format!("{} is no template and takes no arguments", quoted(name)),
                (n, 0) => format!(
                    "{} is a template: expected its arguments, {n} in number, in braces",
                    quoted(name)
                ),
                (n, m) => format!("template {} takes {n} arguments, found {m}", quoted(name)),
            };
            return Err(sources.error(at, message));
        }
        arguments.iter().try_for_each(|argument| self.expr(argument, used))
    }
}
