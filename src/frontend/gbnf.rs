//! GBNF, the grammar notation of llama.cpp.

use super::GrammarError;
use crate::{Limits, grammar::Grammar};

/// Reads a GBNF grammar; its start is the rule `root`.
pub fn parse(name: &str, _text: &str, _limits: &Limits) -> Result<Grammar, GrammarError> {
    let _ = name;
    todo!()
}
