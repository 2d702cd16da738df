//! What a partial lexeme can still become, exactly, shadows included.

use std::{cell::Cell, collections::VecDeque};

use rustc_hash::FxHashSet;

use super::{
    adjacency::Guard,
    compile::Lexer,
    table::{Config, ConfigId, LexTable},
};
use crate::{TerminalId, bitset::BitSet, grammar::Lexing};

/// Configurations that are looked at for a first answer, which is mostly all that is wanted: some terminals that are sure.
const FIRST: usize = 64;

/// Terminals that are not sure, kept of a first answer.
const SOON: usize = 64;

/// Elementary steps for the whole answer. Shadows of real lexers die within a few bytes; the bound is for hostile ones.
pub(super) const WHOLE: u64 = 1 << 24;

/// Steps that count as one of the parser's: they take less time, those of a whole answer by far where configurations are known.
const FIRST_PART: u64 = 4;
pub(super) const WHOLE_PART: u64 = 8;

/// What a configuration counts for that is made: it takes about so many bytes, and a step of the parser's two.
const CONFIG: u64 = 1 << 9;

/// What a configuration can become.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Live {
    /// Terminals that the lexeme can become such that any continuation of the parser is then possible.
    pub(crate) sure: BitSet,
    /// Terminals that it can become only with a shadow left over that blank space cannot get rid of: whether the text
    /// can go on depends on what the parser allows after the terminal, read from the configuration given. Where not all
    /// was looked at, some of those that are soon read.
    pub(crate) maybe: Vec<(TerminalId, ConfigId)>,
    pub(crate) extent: Extent,
}

/// Whether all terminals of both kinds were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Extent {
    /// They were.
    Whole,
    /// Only some: there is more to be found out about this configuration, if it matters.
    Begun(ConfigId),
    /// Only some, as it takes more steps than one answer may.
    Cut,
}

impl Live {
    /// Whether there may be terminals that are not sure.
    pub(crate) fn is_open(&self) -> bool {
        self.extent != Extent::Whole || !self.maybe.is_empty()
    }
}

impl From<&Live> for Live {
    fn from(live: &Live) -> Self {
        live.clone()
    }
}

/// What [`LexTable::live`] says: found within few steps, else begun.
pub(super) fn begin(table: &LexTable, lexer: &Lexer, id: ConfigId, left: &Cell<u64>) -> Live {
    let mut live = search(table, lexer, id, (FIRST, WHOLE, FIRST_PART), left);
    if live.extent == Extent::Cut {
        live.extent = Extent::Begun(id);
    }
    live
}

/// What [`LexTable::whole`] says.
pub(super) fn whole(table: &LexTable, lexer: &Lexer, id: ConfigId, left: &Cell<u64>) -> Live {
    let most = WHOLE.min(left.get().saturating_mul(WHOLE_PART));
    search(table, lexer, id, (usize::MAX, most, WHOLE_PART), left)
}

/// Looks for what a configuration can become; the steps that it takes are taken from `left`, too.
///
/// Without shadows every live terminal can be completed. If a blank can always get rid of the shadow that the completed
/// lexeme itself leaves behind ([`Spacing`](super::spacing::Spacing)), the parser can go on after it; if nothing is known of
/// the terminal, its ends are looked at one by one.
fn search(
    table: &LexTable,
    lexer: &Lexer,
    id: ConfigId,
    (most, most_steps, part): (usize, u64, u64),
    left: &Cell<u64>,
) -> Live {
    let (mut looked, mut made) = (0, 0);
    let (mut steps, mut extent) = (0, Extent::Whole);
    // To look whether terminals are open is a look at so many words.
    let each = 1 + lexer.terminals as u64 / 64;
    // What no parser wants need not be looked for.
    let mut sure = lexer.unwanted.clone();
    let mut maybe: Vec<(TerminalId, ConfigId)> = Vec::new();
    let mut seen = FxHashSet::from_iter([id]);
    // The short ways first: they lead to terminals that are sure.
    let mut waiting = VecDeque::from([id]);
    while let Some(at) = waiting.pop_front() {
        if looked == most || steps + made * CONFIG > most_steps {
            extent = Extent::Cut;
            break;
        }
        let config = table.get(at);
        if let Some(known) = table.known(at).filter(|_| at != id) {
            steps += 1 + known.maybe.len() as u64;
            sure.union_with(&known.sure);
            let is_begun = matches!(known.extent, Extent::Begun(_));
            if !is_begun || most == FIRST {
                maybe.extend_from_slice(&known.maybe);
                // Its own first answer is part of this one.
                if is_begun || known.extent == Extent::Cut {
                    extent = Extent::Cut;
                }
                continue;
            }
        }
        let main = table.states.get(config.main);
        looked += 1;
        let before = table.len();
        steps += table.states.components(config.main).len() as u64;
        if config.shadows.is_empty() {
            let known = main.live.iter().filter(|t| lexer.spacing.sure.contains(*t));
            known.for_each(|terminal| sure.insert(terminal));
        } else if config.fresh {
            steps += lexer.spacing.texts.len() as u64;
            written(table, lexer, config, &mut sure);
        }
        if main.live.is_subset(&sure) {
            continue;
        }
        for &(terminal, after) in table.ends(lexer, at) {
            if !sure.contains(terminal.index()) {
                steps += 1 + lexer.spacing.blanks.len() as u64;
                if is_free(table, lexer, after) {
                    sure.insert(terminal.index());
                } else {
                    maybe.push((terminal, after));
                }
            }
        }
        let (ways, taken) = table.ways(lexer, config);
        steps += taken as u64;
        for class in ways.iter().map(|class| usize::from(*class)) {
            steps += each;
            // Whatever the shadows say, only what is not known to be sure is worth a look.
            let longer = table.states.next(lexer, config.main, class);
            if table.states.get(longer).live.is_subset(&sure) {
                continue;
            }
            let next = table.next_class(lexer, at, class);
            if next != ConfigId::DEAD && seen.insert(next) {
                waiting.push_back(next);
            }
        }
        made += (table.len() - before) as u64;
    }
    if extent == Extent::Cut && most == FIRST {
        // In the order found: the short ways come first.
        maybe.truncate(SOON);
    }
    maybe.retain(|(terminal, _)| !sure.contains(terminal.index()));
    maybe.sort();
    maybe.dedup();
    left.set(left.get().saturating_sub(steps / part + made * CONFIG / 2));
    Live { sure: sure.minus(&lexer.unwanted), maybe, extent }
}

/// What [`LexTable::at_once`] says.
pub(super) fn at_once(table: &LexTable, lexer: &Lexer, id: ConfigId) -> BitSet {
    let (config, mut sure) = (table.get(id), BitSet::new(lexer.terminals));
    if config.shadows.is_empty() {
        let live = &table.states.get(config.main).live;
        live.iter().filter(|t| lexer.spacing.sure.contains(*t)).for_each(|t| sure.insert(t));
    } else if config.fresh {
        written(table, lexer, config, &mut sure);
    } else {
        let ends = table.ends(lexer, id).iter();
        let free = ends.filter(|(_, after)| is_free(table, lexer, *after));
        free.for_each(|(terminal, _)| sure.insert(terminal.index()));
    }
    sure.minus(&lexer.unwanted)
}

/// Adds terminals with a text that can be written here, after which no shadow is left: cheaper than a search, which makes
/// configurations.
fn written(table: &LexTable, lexer: &Lexer, config: &Config, sure: &mut BitSet) {
    let states = config.shadows.iter().map(|shadow| table.states.components(*shadow));
    let guard =
        |&(automaton, state): &(u32, u32)| Guard::at(&lexer.dfas[automaton as usize], state);
    let shadows: Vec<Guard<'_>> = states.flatten().map(guard).collect();
    let silent = |text: &[u8]| shadows.iter().all(|s| s.read(text).is_some_and(Guard::is_silent));
    let live = &table.states.get(config.main).live;
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
        let accepts = &table.states.get(table.get(id).main).accepts;
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
