//! Lexer configurations, built as they are visited.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::{SmallVec, smallvec};

use super::{
    compile::Lexer,
    live::{self, Extent, Live},
    state::{NO_STATE, StateTable},
};
use crate::{
    TerminalId,
    bitset::{BitSet, ByteSet},
    grammar::Lexing,
    intern::Interner,
    regular::DEAD,
};

/// A lexer configuration. [`ConfigId::DEAD`] has no reading left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ConfigId(pub(crate) u32);

impl ConfigId {
    /// No reading is left.
    pub(crate) const DEAD: Self = Self(0);
    /// The beginning of a lexeme, with no shadow.
    pub(crate) const START: Self = Self(1);
}

/// A lexeme being read, and the shadows of those before it.
#[derive(Debug)]
pub(crate) struct Config {
    pub(super) main: u32,
    pub(super) shadows: Box<[u32]>,
    /// No byte of the lexeme has been read.
    pub(crate) fresh: bool,
    /// Whether the lexeme may end here.
    pub(crate) ending: bool,
    /// Whether the lexeme can become longer.
    pub(crate) extends: bool,
    /// Class -> configuration, plus one; 0 where not known yet.
    row: Box<[AtomicU32]>,
    ends: OnceLock<Ends>,
    /// A class of bytes for each way in which the lexeme can go on.
    ways: OnceLock<Box<[u8]>>,
    /// Number of what it can become.
    live: OnceLock<u32>,
    whole: OnceLock<u32>,
    /// What it can become for sure, of which that is known without a search.
    at_once: OnceLock<Box<BitSet>>,
}

/// What a lexeme is if it ends.
#[derive(Default, Debug)]
struct Ends {
    /// Terminals, and the configuration at the beginning of the next lexeme.
    ends: Box<[(TerminalId, ConfigId)]>,
    /// Classes of bytes with which a lexeme can begin after any of them.
    begins: ByteSet,
}

/// Where in a lexeme a configuration is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Bytes of it have been read.
    Inside,
    /// None has.
    Beginning,
    /// There is none: the dead configuration. The start looks like it where a grammar has no terminal to begin with.
    Nowhere,
}

/// Key of a configuration: `[place, main, shadows...]`.
type ConfigKey = Box<[u32]>;

/// All lexer states and configurations met so far. Grows as texts are read; ids stay valid.
#[derive(Debug)]
pub(crate) struct LexTable {
    pub(super) states: StateTable,
    configs: Interner<ConfigKey, Config>,
    /// What configurations can become: most of them the same as many others.
    lives: Interner<Live, ()>,
    /// `[main, classes of bytes that begin a lexeme, shadows after each...]` -> the first configuration that steps so.
    beginnings: Interner<Box<[u32]>, ConfigId>,
}

impl LexTable {
    /// A table with the dead and the start configuration.
    pub(crate) fn new(lexer: &Lexer) -> Self {
        let (states, configs) = (StateTable::new(lexer), Interner::new());
        let table = Self { states, configs, lives: Interner::new(), beginnings: Interner::new() };
        let dead = table.config(lexer, Place::Nowhere, NO_STATE, Vec::new());
        debug_assert_eq!(dead, ConfigId::DEAD);
        let all: Vec<(u32, u32)> = (0..lexer.terminals as u32)
            .map(|t| (t, lexer.dfas[t as usize].start()))
            .filter(|(_, state)| *state != DEAD)
            .collect();
        let start = table.states.of(lexer, &all);
        let start = table.config(lexer, Place::Beginning, start, Vec::new());
        debug_assert_eq!(start, ConfigId::START);
        table
    }

    pub(super) fn config(
        &self,
        lexer: &Lexer,
        place: Place,
        main: u32,
        mut shadows: Vec<u32>,
    ) -> ConfigId {
        shadows.sort_unstable();
        shadows.dedup();
        let mut key: SmallVec<[u32; 8]> = smallvec![place as u32, main];
        key.extend_from_slice(&shadows);
        ConfigId(self.configs.intern(key.as_slice(), || {
            let row: Box<[AtomicU32]> =
                lexer.representatives.iter().map(|_| AtomicU32::new(0)).collect();
            let bytes = size_of::<Config>() + row.len() * 4 + shadows.len() * 8;
            let shadows = shadows.into_boxed_slice();
            let fresh = place != Place::Inside;
            let (ends, ways, live, whole, at_once) = Default::default();
            let state = self.states.get(main);
            let ending = !fresh && !state.accepts.is_empty();
            let extends = state.extends();
            let config = Config {
                main,
                shadows,
                fresh,
                ending,
                extends,
                row,
                ends,
                ways,
                live,
                whole,
                at_once,
            };
            (config, bytes)
        }))
    }

    /// The configuration after a byte that continues the lexeme; [`ConfigId::DEAD`] if nothing does, or if a shadow came
    /// true.
    #[inline]
    pub(crate) fn next(&self, lexer: &Lexer, id: ConfigId, byte: u8) -> ConfigId {
        self.next_class(lexer, id, usize::from(lexer.class(byte)))
    }

    #[inline]
    pub(super) fn next_class(&self, lexer: &Lexer, id: ConfigId, class: usize) -> ConfigId {
        self.next_of(lexer, id, self.configs.get(id.0), class)
    }

    /// As [`next`](Self::next), of a configuration looked up before.
    #[inline]
    pub(crate) fn next_byte_of(
        &self,
        lexer: &Lexer,
        id: ConfigId,
        config: &Config,
        byte: u8,
    ) -> ConfigId {
        self.next_of(lexer, id, config, usize::from(lexer.class(byte)))
    }

    #[inline]
    fn next_of(&self, lexer: &Lexer, id: ConfigId, config: &Config, class: usize) -> ConfigId {
        // Whoever finds an id here also finds the entry that it names.
        match config.row[class].load(Ordering::Acquire) {
            0 => self.compute_next(lexer, id, class),
            known => ConfigId(known - 1),
        }
    }

    #[cold]
    fn compute_next(&self, lexer: &Lexer, id: ConfigId, class: usize) -> ConfigId {
        let config = self.configs.get(id.0);
        let mut next = ConfigId::DEAD;
        if self.states.classes(config.main, &config.shadows).contains(class as u8) {
            let main = self.states.next(lexer, config.main, class);
            let shadows = self.states.shadows_after(lexer, &config.shadows, class).collect();
            next = self.config(lexer, Place::Inside, main, shadows);
        }
        config.row[class].store(next.0 + 1, Ordering::Release);
        next
    }

    /// The terminals that what has been read of the lexeme is, each with the configuration at the beginning of the next
    /// lexeme: with the shadows so far, that of a longer match, and that of what must not follow.
    #[inline]
    pub(crate) fn ends(&self, lexer: &Lexer, id: ConfigId) -> &[(TerminalId, ConfigId)] {
        &self.all_ends(lexer, id).ends
    }

    /// As [`ends`](Self::ends); none if no lexeme begins with this byte after any of them.
    #[inline]
    pub(crate) fn ends_before(
        &self,
        lexer: &Lexer,
        id: ConfigId,
        byte: u8,
    ) -> &[(TerminalId, ConfigId)] {
        let all = self.all_ends(lexer, id);
        match all.begins.contains(lexer.class(byte)) {
            true => &all.ends,
            false => &[],
        }
    }

    #[inline]
    fn all_ends(&self, lexer: &Lexer, id: ConfigId) -> &Ends {
        let config = self.configs.get(id.0);
        config.ends.get_or_init(|| self.find_ends(lexer, config))
    }

    #[cold]
    fn find_ends(&self, lexer: &Lexer, config: &Config) -> Ends {
        let mut all = Ends::default();
        if config.fresh {
            return all;
        }
        let main = self.states.get(config.main);
        // Most terminals leave the same behind.
        let mut known: FxHashMap<(u32, Option<u32>), ConfigId> = FxHashMap::default();
        let mut ends = Vec::with_capacity(main.accepts.len());
        for &terminal in &main.accepts {
            let (start, guard) =
                (self.beginning_after(lexer, terminal), lexer.guards[terminal.index()]);
            let after = *known.entry((start, guard)).or_insert_with(|| {
                let mut shadows = config.shadows.to_vec();
                if lexer.rule == Lexing::Longest && main.extends() {
                    shadows.push(config.main);
                }
                if let Some(guard) = guard {
                    let begin = lexer.dfas[guard as usize].start();
                    shadows.push(self.states.of(lexer, &[(guard, begin)]));
                }
                all.begins.add(self.states.classes(start, &shadows));
                self.beginning(lexer, start, shadows)
            });
            ends.push((terminal, after));
        }
        self.configs.charge(ends.len() * 8);
        all.ends = ends.into();
        all
    }

    /// The configuration at the beginning of a lexeme, with these shadows: one for all that read everything alike. Whichever word
    /// a shadow is a part of, what it forbids is mostly one more letter.
    pub(super) fn beginning(&self, lexer: &Lexer, main: u32, mut shadows: Vec<u32>) -> ConfigId {
        if shadows.is_empty() {
            return self.config(lexer, Place::Beginning, main, shadows);
        }
        shadows.sort_unstable();
        let moves = self.states.moves(&shadows);
        let begins = self.states.get(main).moves.live.minus(moves.accepting);
        let mut key: SmallVec<[u32; 64]> = SmallVec::new();
        key.push(main);
        key.extend(begins.words().into_iter().flat_map(|word| [word as u32, (word >> 32) as u32]));
        for class in begins.common(moves.live).iter() {
            let begun = key.len();
            key.extend([u32::from(class), 0]);
            key.extend(self.states.shadows_after(lexer, &shadows, usize::from(class)));
            key[begun + 1] = (key.len() - begun) as u32;
        }
        let make = || (self.config(lexer, Place::Beginning, main, shadows), key.len() * 4);
        let first = self.beginnings.intern(key.as_slice(), make);
        *self.beginnings.get(first)
    }

    /// One class of bytes for each way in which the lexeme of a configuration can go on; most classes lead where others do. And the
    /// steps that finding them took, if they were not known.
    pub(super) fn ways<'a>(&self, lexer: &Lexer, config: &'a Config) -> (&'a [u8], usize) {
        let mut steps = 0;
        let ways = config.ways.get_or_init(|| {
            let classes = self.states.classes(config.main, &config.shadows);
            let states: SmallVec<[u32; 4]> =
                std::iter::once(config.main).chain(config.shadows.iter().copied()).collect();
            steps = states.len() * classes.len();
            let mut seen: FxHashSet<SmallVec<[u32; 4]>> = FxHashSet::default();
            let mut is_new = |class: &u8| {
                let next = states.iter().map(|s| self.states.next(lexer, *s, usize::from(*class)));
                seen.insert(next.collect())
            };
            let ways: Box<[u8]> = classes.iter().filter(|class| is_new(class)).collect();
            self.configs.charge(ways.len());
            ways
        });
        (ways, steps)
    }

    /// All terminals that may begin where a lexeme of this one ends.
    fn beginning_after(&self, lexer: &Lexer, terminal: TerminalId) -> u32 {
        let start = self.configs.get(ConfigId::START.0).main;
        let excluded = &lexer.not_before[terminal.index()];
        if excluded.is_empty() {
            return start;
        }
        let all = self.states.components(start).iter();
        let rest: Vec<(u32, u32)> =
            all.filter(|(t, _)| !excluded.contains(*t as usize)).copied().collect();
        self.states.of(lexer, &rest)
    }

    /// Whether nothing of what was read before restricts the lexeme.
    pub(super) fn is_free(&self, id: ConfigId) -> bool {
        let config = self.configs.get(id.0);
        config.shadows.is_empty()
            && (!config.fresh || config.main == self.configs.get(ConfigId::START.0).main)
    }

    /// Terminals that the lexeme is or can become, whatever its shadows say.
    #[inline]
    pub(crate) fn becoming(&self, id: ConfigId) -> &BitSet {
        &self.states.get(self.configs.get(id.0).main).live
    }

    /// The terminals that the lexeme is or can become, whatever its shadows say, and where their automata stand.
    pub(crate) fn parts(
        &self,
        lexer: &Lexer,
        id: ConfigId,
    ) -> impl Iterator<Item = (TerminalId, u32)> + '_ {
        let terminals = lexer.terminals;
        let components = self.states.components(self.configs.get(id.0).main).iter();
        components
            .filter(move |(automaton, _)| (*automaton as usize) < terminals)
            .map(|(automaton, state)| (TerminalId(*automaton), *state))
    }

    /// Whether no byte of the lexeme has been read.
    #[inline]
    pub(crate) fn is_fresh(&self, id: ConfigId) -> bool {
        self.configs.get(id.0).fresh
    }

    /// What the lexeme can still become. Steps that finding it out takes the first time are taken from `left`.
    #[inline]
    pub(crate) fn live(&self, lexer: &Lexer, id: ConfigId, left: &Cell<u64>) -> &Live {
        self.lives.key(self.live_id(lexer, id, left))
    }

    /// What the lexeme can still become, as a number: equal for all that can become the same.
    #[inline]
    pub(crate) fn live_id(&self, lexer: &Lexer, id: ConfigId, left: &Cell<u64>) -> u32 {
        *self.configs.get(id.0).live.get_or_init(|| {
            let live = live::begin(self, lexer, id, left);
            self.intern_live(lexer, &live)
        })
    }

    /// All of what the lexeme can still become, unless that takes too much work. Cost: where [`live`](Self::live) has only
    /// [begun](Extent::Begun), a search the first time, whose steps are taken from `left`.
    pub(crate) fn whole(&self, lexer: &Lexer, id: ConfigId, left: &Cell<u64>) -> &Live {
        let live = self.live(lexer, id, left);
        let Extent::Begun(id) = live.extent else { return live };
        let config = self.configs.get(id.0);
        if let Some(known) = config.whole.get() {
            return self.lives.key(*known);
        }
        let is_enough = left.get() >= live::WHOLE / live::WHOLE_PART;
        let live = live::whole(self, lexer, id, left);
        let whole = self.intern_live(lexer, &live);
        // With more steps it may not be cut.
        if is_enough || live.extent == Extent::Whole {
            config.whole.get_or_init(|| whole);
        }
        self.lives.key(whole)
    }

    /// Terminals that the lexeme can become and that are sure, of which that is known without a search.
    pub(crate) fn at_once(&self, lexer: &Lexer, id: ConfigId) -> &BitSet {
        self.get(id).at_once.get_or_init(|| {
            self.configs.charge(lexer.terminals / 8 + 32);
            Box::new(live::at_once(self, lexer, id))
        })
    }

    fn intern_live(&self, lexer: &Lexer, live: &Live) -> u32 {
        self.lives.intern(live, || ((), 64 + live.maybe.len() * 8 + lexer.terminals / 8))
    }

    /// What is known of what a configuration can become.
    pub(crate) fn known(&self, id: ConfigId) -> Option<&Live> {
        let config = self.configs.get(id.0);
        config.whole.get().or_else(|| config.live.get()).map(|live| self.lives.key(*live))
    }

    /// A configuration.
    #[inline]
    pub(crate) fn get(&self, id: ConfigId) -> &Config {
        self.configs.get(id.0)
    }

    /// The same configuration in another table of the same lexer.
    pub(crate) fn copy_to(&self, lexer: &Lexer, id: ConfigId, other: &Self) -> ConfigId {
        let config = self.configs.get(id.0);
        let copy = |state: u32| other.states.of(lexer, self.states.components(state));
        let shadows = config.shadows.iter().map(|s| copy(*s)).collect();
        let main = copy(config.main);
        match config.fresh {
            true => other.beginning(lexer, main, shadows),
            false => other.config(lexer, Place::Inside, main, shadows),
        }
    }

    /// Number of configurations.
    pub(crate) fn len(&self) -> usize {
        self.configs.len()
    }

    /// Estimated bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.states.bytes() + self.configs.bytes() + self.lives.bytes() + self.beginnings.bytes()
    }
}
