//! What configurations can become, as far as it is soon found out: what masks ask first of a group of tokens or of a link.
//!
//! The lexer knows it all ([`Reader::live`]), but finds it out anew in each process, by a search for each configuration with
//! shadows, and a new situation asks about many. What is here is saved with the trees. So it decides about masks only, and never
//! about what text is accepted.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{StepError, evaluate::suffices, grammar::GrammarGeneration};
use crate::{
    TerminalId,
    bitset::BitSet,
    intern::Interner,
    lexer::ConfigId,
    memo::Memo,
    parser::{COMPLETE, Depth, Place, SetId},
    recognizer::Reader,
};

/// Beginnings that are looked at for the ways out of a configuration.
const FEW: usize = 4;

/// LR states at which a configuration was asked about, from which on it is found out for all.
pub(super) const OFTEN: usize = 16;

/// All that is known by now.
#[derive(Debug)]
pub(super) struct Fates {
    /// Configuration -> set of terminals that are sure, doubled; odd if there may be others.
    pub(super) sure: Memo<ConfigId, u32>,
    /// Configuration -> ways, by their number.
    pub(super) ways: Memo<ConfigId, u32>,
    pub(super) sets: Interner<BitSet, ()>,
    /// Pairs of sets: terminals that leave shadows behind, and what is sure after them.
    pub(super) lists: Interner<Box<[u32]>, ()>,
    /// Configuration and LR state -> what a whole search found there.
    at: Memo<(ConfigId, u32), Way>,
    /// The same of configurations that are asked about at many states, as they were loaded.
    rows: OnceLock<Rows>,
}

/// What was found of some configurations at all LR states that were saved.
#[derive(Debug)]
pub(super) struct Rows {
    /// LR state -> its place in a row.
    pub(super) places: FxHashMap<u32, u32>,
    /// Two bits for each place: a [`Way`], or three.
    pub(super) rows: FxHashMap<ConfigId, Box<[u8]>>,
}

impl Rows {
    fn get(&self, config: ConfigId, state: u32) -> Option<Way> {
        let row = self.rows.get(&config)?;
        let place = *self.places.get(&state)? as usize;
        Way::of(row.get(place / 4)? >> (place % 4 * 2) & 3)
    }

    fn all(&self) -> impl Iterator<Item = ((ConfigId, u32), Way)> + '_ {
        self.rows.keys().flat_map(|config| {
            let of = |state: &u32| Some(((*config, *state), self.get(*config, *state)?));
            self.places.keys().filter_map(of)
        })
    }
}

/// Whether what has been read can become a sentence, of what is shifted from an LR state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Way {
    /// It cannot.
    Closed,
    /// It can, whatever lies below.
    Sure,
    /// That depends on what lies below.
    Open,
}

impl Way {
    /// The one that was written as this number.
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Closed, Self::Sure, Self::Open].get(usize::from(number)).copied()
    }

    fn answer(self) -> Option<bool> {
        match self {
            Self::Closed => Some(false),
            Self::Sure => Some(true),
            Self::Open => None,
        }
    }
}

/// A configuration's terminals that are sure: after them any continuation of the parser is possible.
#[derive(Clone, Copy)]
pub(super) struct Fate<'a> {
    pub(super) sure: &'a BitSet,
    /// Whether it can become others, with shadows left over.
    pub(super) is_open: bool,
}

impl From<&BitSet> for BitSet {
    fn from(set: &BitSet) -> Self {
        set.clone()
    }
}

impl Fates {
    pub(super) fn new() -> Self {
        let (sets, lists) = (Interner::new(), Interner::new());
        Self {
            sure: Memo::new(),
            ways: Memo::new(),
            sets,
            lists,
            at: Memo::new(),
            rows: OnceLock::new(),
        }
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.rows.get().map_or(0, |rows| {
            rows.places.len() * 16 + rows.rows.values().map(|row| row.len() + 64).sum::<usize>()
        });
        rows + (self.sure.len() + self.ways.len() + self.at.len()) * 16
            + self.sets.bytes()
            + self.lists.bytes()
    }

    pub(super) fn set(&self, set: &BitSet) -> u32 {
        self.sets.intern(set, || ((), 32))
    }

    pub(super) fn list(&self, list: &[u32]) -> u32 {
        self.lists.intern(list, || ((), list.len() * 4))
    }

    /// What was found at an LR state.
    fn at(&self, config: ConfigId, state: u32) -> Option<Way> {
        let loaded = self.rows.get().and_then(|rows| rows.get(config, state));
        loaded.or_else(|| self.at.get((config, state)))
    }

    /// Keeps what was found at an LR state.
    pub(super) fn put_at(&self, config: ConfigId, state: u32, way: Way) {
        self.at.put((config, state), way);
    }

    /// Takes rows that were loaded. Only into an empty table.
    pub(super) fn begin_with(&self, rows: Rows) {
        let _ = self.rows.set(rows);
    }

    /// All that was found at LR states, sorted.
    pub(super) fn found(&self) -> Vec<((ConfigId, u32), Way)> {
        let mut all = self.at.all();
        all.extend(self.rows.get().into_iter().flat_map(Rows::all));
        all.sort_unstable();
        all.dedup_by_key(|found| found.0);
        all
    }

    /// Configurations that were asked about at so many LR states that they will be asked about at others.
    pub(super) fn often(&self) -> Vec<ConfigId> {
        let found = self.found();
        let of = found.chunk_by(|one, other| one.0.0 == other.0.0);
        of.filter(|of| of.len() >= OFTEN).map(|of| of[0].0.0).collect()
    }

    /// Whether nothing is known of a configuration yet.
    fn is_new(&self, config: ConfigId) -> bool {
        self.sure.get(config).is_none()
    }

    /// What is sure of a configuration. Cost when new: a short search.
    pub(super) fn of(&self, reader: Reader<'_>, config: ConfigId) -> Fate<'_> {
        let known = self.sure.get(config).unwrap_or_else(|| {
            let live = reader.live(config);
            let entry = self.set(&live.sure) << 1 | u32::from(live.is_open());
            if reader.allowance.left() > 0 {
                self.sure.put(config, entry);
            }
            entry
        });
        Fate { sure: self.sets.key(known >> 1), is_open: known & 1 == 1 }
    }

    /// Terminals that a configuration soon becomes and that leave shadows behind, with what is sure after them; some of them.
    /// Cost when new: a few short searches.
    pub(super) fn ways(
        &self,
        reader: Reader<'_>,
        config: ConfigId,
    ) -> impl Iterator<Item = (&BitSet, &BitSet)> {
        let known = self.ways.get(config).unwrap_or_else(|| {
            let list = self.list(&self.find_ways(reader, config));
            if reader.allowance.left() > 0 {
                self.ways.put(config, list);
            }
            list
        });
        self.lists
            .key(known)
            .chunks_exact(2)
            .map(|way| (self.sets.key(way[0]), self.sets.key(way[1])))
    }

    fn find_ways(&self, reader: Reader<'_>, config: ConfigId) -> Vec<u32> {
        let mut afters: Vec<(ConfigId, BitSet)> = Vec::new();
        for &(terminal, after) in &reader.live(config).maybe {
            let at = afters.iter().position(|way| way.0 == after);
            if at.is_none() && afters.len() == FEW {
                continue;
            }
            let at = at.unwrap_or_else(|| {
                afters.push((after, BitSet::new(reader.grammar.grammar().terminals().len())));
                afters.len() - 1
            });
            afters[at].1.insert(terminal.index());
        }
        let sets = afters.iter().flat_map(|(after, terminals)| {
            [self.set(terminals), self.set(&reader.live(*after).sure)]
        });
        sets.collect()
    }
}

impl GrammarGeneration {
    /// Whether what has been read can become a sentence, of what can come at an LR state; `None` if that depends on the stack
    /// below it, or must be searched for: other states of the same stack mostly know.
    pub(super) fn alive_at(
        &self,
        reader: Reader<'_>,
        config: ConfigId,
        place: &Place<'_>,
        depth: Depth,
    ) -> Option<bool> {
        if config == ConfigId::START || place.is_complete() && reader.is_fresh(config) {
            return Some(true);
        }
        // Mostly the parser wants nothing of this kind, whatever the shadows say.
        if !place.allows_any(reader.becomes(config)) {
            return Some(false);
        }
        if self.fates.is_new(config) && place.allows_any(reader.at_once(config)) {
            return Some(true);
        }
        let fate = self.fates.of(reader, config);
        if place.allows_any(fate.sure) {
            return Some(true);
        }
        if !fate.is_open {
            return Some(false);
        }
        for (terminals, sure) in self.fates.ways(reader, config) {
            if !place.allows_any(terminals) {
                continue;
            }
            for terminal in terminals.iter().map(TerminalId::new) {
                let goes_on = match place.ignores(terminal) {
                    true => place.allows_any(sure),
                    false if !place.allows(terminal) => false,
                    false => {
                        let above = reader.above_shift(place.state(), terminal);
                        above.states.iter().any(|state| reader.place(*state).allows_any(sure))
                    }
                };
                if goes_on {
                    return Some(true);
                }
            }
        }
        if place.is_complete() {
            return None;
        }
        match (self.fates.at(config, place.state()), depth) {
            (Some(way), _) => way.answer(),
            (None, Depth::Soon) => None,
            (None, Depth::All) => self.search_at(reader, config, place.state(), depth)?.answer(),
        }
    }

    /// Searches at an LR state; `None` if nothing was found so soon.
    fn search_at(
        &self,
        reader: Reader<'_>,
        config: ConfigId,
        state: u32,
        depth: Depth,
    ) -> Option<Way> {
        let way = match reader.escapes_at(config, state, depth) {
            Some(true) => Way::Sure,
            Some(false) => Way::Closed,
            None if depth == Depth::All => Way::Open,
            None => return None,
        };
        if reader.allowance.left() > 0 {
            self.fates.put_at(config, state, way);
        }
        Some(way)
    }

    /// Whether what has been read can become a sentence, of what can come on a stack.
    ///
    /// # Errors
    /// The limit on the work of one step.
    #[inline]
    pub(super) fn alive(
        &self,
        reader: Reader<'_>,
        config: ConfigId,
        set: SetId,
    ) -> Result<bool, StepError> {
        if let Some(answer) = self.alive_soon(reader, config, set) {
            return Ok(answer);
        }
        if let Some(answer) = self.alive_over(reader, config, set) {
            return suffices(reader).map(|()| answer);
        }
        let answer = reader.alive(config, set);
        suffices(reader).map(|()| answer)
    }

    /// As [`Self::alive`], of what can be shifted from; `None` if that depends on what lies below, or the work does not suffice.
    #[cold]
    fn alive_over(&self, reader: Reader<'_>, config: ConfigId, set: SetId) -> Option<bool> {
        let closure = reader.closure(set);
        let becomes = reader.becomes(config);
        let mut is_open = closure.complete;
        for depth in [Depth::Soon, Depth::All] {
            let states = closure.states().filter(|state| *state != COMPLETE);
            for state in states.filter(|state| reader.place(*state).allows_any(becomes)) {
                let known = self.fates.at(config, state);
                match known.or_else(|| self.search_at(reader, config, state, depth)) {
                    Some(Way::Sure) => return Some(true),
                    Some(Way::Open) => is_open = true,
                    Some(Way::Closed) | None => {}
                }
                if reader.allowance.left() == 0 {
                    return None;
                }
            }
        }
        (!is_open).then_some(false)
    }

    /// As [`Self::alive`]; `None` if that must be searched for.
    fn alive_soon(&self, reader: Reader<'_>, config: ConfigId, set: SetId) -> Option<bool> {
        /// Terminals that are tried.
        const TRIED: usize = 4;
        let closure = reader.closure(set);
        let viable = &closure.viable;
        if config == ConfigId::START || closure.complete && reader.is_fresh(config) {
            return Some(true);
        }
        if !reader.becomes(config).intersects(viable) {
            return Some(false);
        }
        if self.fates.is_new(config) && reader.at_once(config).intersects(viable) {
            return Some(true);
        }
        let fate = self.fates.of(reader, config);
        if fate.sure.intersects(viable) {
            return Some(true);
        }
        if !fate.is_open {
            return Some(false);
        }
        let goes_on = |(terminals, sure): (&BitSet, &BitSet)| {
            let viable = terminals.iter().filter(|terminal| viable.contains(*terminal));
            viable.take(TRIED).any(|terminal| {
                let next = reader.advance(set, TerminalId::new(terminal));
                next != SetId::DEAD && {
                    let closure = reader.closure(next);
                    closure.complete || closure.viable.intersects(sure)
                }
            })
        };
        self.fates.ways(reader, config).any(goes_on).then_some(true)
    }
}
