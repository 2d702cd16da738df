//! With which rule does a text begin? The one asked for, and those that a grammar offers with `%start`.

use super::{
    super::{GrammarError, Start, error::quoted, nearest, source::At},
    ast::{Name, is_terminal},
    modules::{DefinitionId, Program},
};

/// The rule of the main file that a caller names.
pub(super) fn find(program: &Program, start: &str) -> Result<DefinitionId, GrammarError> {
    // No name has a hyphen; on a command line they are easier to write.
    let name = Name { text: start.replace('-', "_"), at: At { file: 0, offset: 0 } };
    match program.resolve(0, &name.text) {
        Some(id) => check(program, id, &name, program.name_of(id).at),
        None => {
            let message = format!("no rule {} is defined, with which a text starts", quoted(start));
            let rules: Vec<&str> = program.rules().collect();
            let offered: Vec<&str> =
                program.modules[0].starts.iter().map(|(name, _)| name.text.as_str()).collect();
            let message = match &offered[..] {
                [] => message,
                offered => format!("{message}; the grammar offers {}", offered.join(", ")),
            };
            let hint = nearest::hint(&name.text, &rules);
            Err(program.sources.error(name.at, message + &hint))
        }
    }
}

/// The rules that the main file offers.
pub(super) fn offered(program: &Program) -> Result<Vec<Start>, GrammarError> {
    let mut found: Vec<Start> = Vec::new();
    for (name, about) in &program.modules[0].starts {
        let id =
            program.resolve(0, &name.text).ok_or_else(|| program.undefined(name.at, &name.text))?;
        check(program, id, name, name.at)?;
        if found.iter().any(|start| start.name == name.text) {
            let message = format!("%start {} is there twice", quoted(&name.text));
            return Err(program.sources.error(name.at, message));
        }
        found.push(Start { name: name.text.clone(), about: about.clone() });
    }
    Ok(found)
}

/// A text begins with a rule, and one without parameters.
fn check(
    program: &Program,
    id: DefinitionId,
    name: &Name,
    at: At,
) -> Result<DefinitionId, GrammarError> {
    let message = if is_terminal(&name.text) {
        "is a terminal, expected a rule (lower case)"
    } else if !program.definitions[id].parameters.is_empty() {
        "is a template, expected a rule without parameters"
    } else {
        return Ok(id);
    };
    let message = format!("the start {} {message}", quoted(&name.text));
    Err(program.sources.error(at, message))
}
