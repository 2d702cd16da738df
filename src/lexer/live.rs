//! What a partial lexeme can still become, exactly, shadows included.

use rustc_hash::FxHashSet;

use super::{
    adjacency::Guard,
    compile::Lexer,
    table::{Config, ConfigId, LexTable},
};
use crate::{TerminalId, bitset::BitSet, grammar::Lexing, regular::DEAD};

/// Configurations looked at for one answer. Shadows of real lexers die within a few bytes; the bound is for hostile ones.
const SEARCH: usize = 4096;

/// Terminals that are looked at one by one.
const FEW: usize = 32;

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
        let main = table.lex_state(config.main);
        if config.shadows.is_empty() {
            let known = main.live.iter().filter(|t| lexer.spacing.sure.contains(*t));
            known.for_each(|terminal| sure.insert(terminal));
        } else if config.fresh {
            written(table, lexer, config, &mut sure);
        }
        if main.live.is_subset(&sure) {
            continue;
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
        // Whatever the shadows say, only what is not known to be sure is worth a look.
        let is_open = |(terminal, _): &(TerminalId, u32)| !sure.contains(terminal.index());
        let open: Vec<(TerminalId, u32)> = table.parts(lexer, at).filter(is_open).collect();
        // Many can go on with almost any byte.
        let are_few = open.len() <= FEW;
        for (class, &byte) in lexer.representatives.iter().enumerate() {
            let goes_on = |&(terminal, state): &(TerminalId, u32)| {
                lexer.automaton(terminal).next(state, byte) != DEAD
            };
            if are_few && !open.iter().any(goes_on) {
                continue;
            }
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

/// Adds terminals with a text that can be written here, after which no shadow is left: cheaper than a search, which makes
/// configurations.
fn written(table: &LexTable, lexer: &Lexer, config: &Config, sure: &mut BitSet) {
    let states = config.shadows.iter().map(|shadow| table.lex_state(*shadow).components());
    let guard =
        |&(automaton, state): &(u32, u32)| Guard::at(&lexer.dfas[automaton as usize], state);
    let shadows: Vec<Guard<'_>> = states.flatten().map(guard).collect();
    let silent = |text: &[u8]| shadows.iter().all(|s| s.read(text).is_some_and(Guard::is_silent));
    let live = &table.lex_state(config.main).live;
    for (terminal, text) in &lexer.spacing.texts {
        if live.contains(*terminal) && !sure.contains(*terminal) && silent(text) {
            sure.insert(*terminal);
        }
    }
}

/// Whether nothing that was read before matters at the beginning of a lexeme, or a blank can stand there and get rid of it:
/// then whatever the parser allows there can follow.
fn is_free(table: &LexTable, lexer: &Lexer, id: ConfigId) -> bool {
    let is_blank = |id: ConfigId| {
        let accepts = &table.lex_state(table.get(id).main).accepts;
        let is_sure = |t: &TerminalId| {
            lexer.ignored.contains(t.index()) && lexer.spacing.sure.contains(t.index())
        };
        // Where blanks keep all lexemes apart, every byte of them is one.
        lexer.rule == Lexing::Longest || accepts.iter().any(is_sure)
    };
    let frees = |&blank: &u8| {
        let next = table.next(lexer, id, blank);
        next != ConfigId::DEAD && table.is_free(next) && is_blank(next)
    };
    (id != ConfigId::DEAD && table.is_free(id)) || lexer.spacing.blanks.iter().any(frees)
}
