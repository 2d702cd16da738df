//! What a partial lexeme can still become, exactly, shadows included.

use rustc_hash::FxHashSet;

use super::{
    compile::Lexer,
    table::{ConfigId, LexTable},
};
use crate::{TerminalId, bitset::BitSet};

/// Configurations looked at for one answer. Shadows of real lexers die within a few bytes; the bound is for hostile ones.
const SEARCH: usize = 4096;

/// What a configuration can become.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Live {
    /// Terminals that the lexeme can become such that any continuation of the parser is then possible.
    pub(crate) sure: BitSet,
    /// Terminals that it can become only with a shadow left over that blank space cannot get rid of: whether the text
    /// can go on depends on what the parser allows after the terminal, read from the configuration given.
    pub(crate) maybe: Vec<(TerminalId, ConfigId)>,
}

impl From<&Live> for Live {
    fn from(live: &Live) -> Self {
        live.clone()
    }
}

/// Computes [`LexTable::live`].
///
/// Without shadows every live terminal can be completed. If a blank can always get rid of the shadow that the completed
/// lexeme itself leaves behind ([`Spacing`](super::spacing::Spacing)), the parser can go on after it; if nothing is known of
/// the terminal, its ends are looked at one by one.
pub(super) fn compute(table: &LexTable, lexer: &Lexer, id: ConfigId) -> Live {
    let mut sure = BitSet::new(lexer.terminals);
    let mut maybe: Vec<(TerminalId, ConfigId)> = Vec::new();
    let mut seen = FxHashSet::default();
    seen.insert(id);
    let mut work = vec![id];
    while let Some(at) = work.pop() {
        let config = table.get(at);
        if let Some(known) = config.live.get().filter(|_| at != id) {
            let known = table.live_of(*known);
            sure.union_with(&known.sure);
            maybe.extend_from_slice(&known.maybe);
            continue;
        }
        if config.shadows.is_empty() {
            let mut all = true;
            for terminal in table.lex_state(config.main).live.iter() {
                if lexer.spacing.sure.contains(terminal) {
                    sure.insert(terminal);
                } else {
                    all = false;
                }
            }
            if all {
                continue;
            }
        }
        for &(terminal, after) in table.ends(lexer, at) {
            if !sure.contains(terminal.index()) {
                if is_free(table, lexer, after) {
                    sure.insert(terminal.index());
                } else {
                    maybe.push((terminal, after));
                }
            }
        }
        if seen.len() > SEARCH {
            continue;
        }
        for class in 0..lexer.representatives.len() {
            let next = table.next_class(lexer, at, class);
            if next != ConfigId::DEAD && seen.insert(next) {
                work.push(next);
            }
        }
    }
    maybe.retain(|(terminal, _)| !sure.contains(terminal.index()));
    maybe.sort();
    maybe.dedup();
    Live { sure, maybe }
}

/// Whether a blank can follow the beginning of a lexeme and get rid of all its shadows: then whatever the parser allows
/// there can follow after it.
fn is_free(table: &LexTable, lexer: &Lexer, id: ConfigId) -> bool {
    let free = |id: ConfigId| id != ConfigId::DEAD && table.is_free(id);
    free(id) || lexer.spacing.blanks.iter().any(|&blank| free(table.next(lexer, id, blank)))
}
