//! One step of all hypotheses: pure functions over a grammar and its tables.

use std::cell::{Cell, RefCell};

use rustc_hash::FxHashSet;

use super::{CompiledGrammar, Expected, Tables};
use crate::{
    TerminalId,
    bitset::BitSet,
    lexer::{ConfigId, Extent, Live},
    parser::{Above, COMPLETE, Closure, Depth, Place, Pop, SetId, Shadows},
    situation::forced,
};

/// Where the lexer is in the current lexeme, and where the parser stood before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Hypothesis {
    pub(crate) config: ConfigId,
    pub(crate) set: SetId,
}

impl Hypothesis {
    /// Whether the lexer or the parser has no place left.
    pub(crate) fn is_dead(self) -> bool {
        self.config == ConfigId::DEAD || self.set == SetId::DEAD
    }
}

/// The work that searches of one operation may take.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: Cell<u64>,
    /// Sets that were paid for.
    charged: RefCell<FxHashSet<SetId>>,
}

impl Allowance {
    /// So many elementary steps.
    pub(crate) fn new(steps: u64) -> Self {
        Self { left: Cell::new(steps), charged: RefCell::default() }
    }

    /// Pays for what is known of a set, once.
    #[cold]
    fn charge(&self, set: SetId, steps: u64) {
        if self.charged.borrow_mut().insert(set) || steps == u64::MAX {
            self.left.set(self.left.get().saturating_sub(steps));
        }
    }

    /// Pays for what was found.
    fn spend(&self, steps: u64) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Nothing that is found from now on can be relied on.
    #[cold]
    fn use_up(&self) {
        self.left.set(0);
    }

    /// Steps left. With none left, what was found since cannot be relied on.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.left.get()
    }
}

/// A grammar with its tables, for one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) grammar: &'a CompiledGrammar,
    pub(crate) tables: &'a Tables,
    pub(crate) allowance: &'a Allowance,
}

impl<'a> Reader<'a> {
    /// The one hypothesis before any text.
    pub(crate) const START: Hypothesis = Hypothesis { config: ConfigId::START, set: SetId::START };

    #[inline]
    pub(crate) fn next(&self, config: ConfigId, byte: u8) -> ConfigId {
        self.tables.lex.next(&self.grammar.lexer, config, byte)
    }

    #[inline]
    pub(crate) fn ends(&self, config: ConfigId) -> &'a [(TerminalId, ConfigId)] {
        self.tables.lex.ends(&self.grammar.lexer, config)
    }

    /// The ends after which a lexeme can begin with this byte, and perhaps some others.
    #[inline]
    pub(crate) fn ends_before(&self, config: ConfigId, byte: u8) -> &'a [(TerminalId, ConfigId)] {
        self.tables.lex.ends_before(&self.grammar.lexer, config, byte)
    }

    /// Whether a configuration stands at the beginning of a lexeme.
    pub(crate) fn is_fresh(&self, config: ConfigId) -> bool {
        self.tables.lex.is_fresh(config)
    }

    /// Everything that reductions make of a set. One that takes too many steps uses up the [`Allowance`], and those that take
    /// many, a part of it.
    #[inline]
    pub(crate) fn closure(&self, set: SetId) -> &'a Closure {
        /// Steps that count for nothing: a look-up of each small closure would cost more than it.
        const FREE: u64 = 1 << 12;
        let grammar = self.grammar;
        let stacks = &self.tables.stacks;
        let closure = stacks.closure(&grammar.lr, &grammar.normal, grammar.lexer.ignored(), set);
        if closure.steps > FREE {
            self.allowance.charge(set, closure.steps);
        }
        closure
    }

    /// The parser after a terminal; [`SetId::DEAD`] where it has no place, [`SetId::CUT`], with the [`Allowance`] used up, where
    /// that takes too many steps.
    #[inline]
    pub(crate) fn advance(&self, set: SetId, terminal: TerminalId) -> SetId {
        let grammar = self.grammar;
        let ignored = grammar.lexer.ignored();
        if ignored.contains(terminal.index()) {
            return set;
        }
        if !self.closure(set).viable.contains(terminal.index()) {
            return SetId::DEAD;
        }
        let next = self.tables.stacks.advance(&grammar.lr, &grammar.normal, ignored, set, terminal);
        if next == SetId::CUT {
            // Here and now: whoever makes one set of this and others does not look into it.
            self.allowance.charge(next, u64::MAX);
        }
        next
    }

    /// What [`alive`](Self::alive) looks at of a configuration: equal for many.
    fn becoming(&self, config: ConfigId) -> (u32, bool) {
        (self.live_id(config), self.tables.lex.is_fresh(config))
    }

    /// Terminals that the lexeme is or can become, whatever its shadows say.
    #[inline]
    pub(crate) fn becomes(&self, config: ConfigId) -> &'a BitSet {
        self.tables.lex.becoming(config)
    }

    /// What the lexeme can still become, as a number: equal for all that can become the same. To find out may use up the
    /// [`Allowance`].
    #[inline]
    pub(crate) fn live_id(&self, config: ConfigId) -> u32 {
        self.tables.lex.live_id(&self.grammar.lexer, config, &self.allowance.left)
    }

    /// Terminals that the lexeme can become and that are sure, of which that is known without a search.
    #[inline]
    pub(crate) fn at_once(&self, config: ConfigId) -> &'a BitSet {
        self.tables.lex.at_once(&self.grammar.lexer, config)
    }

    /// What the lexeme can still become, of what is not sure only what was found easily.
    #[inline]
    pub(crate) fn live(&self, config: ConfigId) -> &'a Live {
        self.tables.lex.live(&self.grammar.lexer, config, &self.allowance.left)
    }

    /// All of what the lexeme can still become. If that takes too much work, the [`Allowance`] is used up.
    fn whole(&self, config: ConfigId) -> &'a Live {
        let whole = self.tables.lex.whole(&self.grammar.lexer, config, &self.allowance.left);
        if whole.extent != Extent::Whole {
            self.allowance.use_up();
        }
        whole
    }

    /// Whether what has been read can become a sentence. Where that must be searched for, it may use up the [`Allowance`],
    /// which the caller looks at.
    #[inline]
    pub(crate) fn alive(&self, config: ConfigId, set: SetId) -> bool {
        if config == ConfigId::START {
            return true;
        }
        let closure = self.closure(set);
        if closure.complete && self.tables.lex.is_fresh(config) {
            return true;
        }
        // Mostly the parser wants nothing of this kind, whatever the shadows say.
        if !self.becomes(config).intersects(&closure.viable) {
            return false;
        }
        // What a configuration can become is searched for, and this mostly suffices.
        let at_once = || {
            self.at_once(config).intersects(&closure.viable) || self.escapes_at_once(config, set)
        };
        let is_known = self.tables.lex.known(config).is_some();
        if !is_known && at_once() {
            return true;
        }
        let live = self.live(config);
        if live.sure.intersects(&closure.viable) {
            return true;
        }
        if !live.is_open() {
            return false;
        }
        let (becoming, is_fresh) = self.becoming(config);
        let key = (becoming, is_fresh, set);
        if let Some(known) = self.tables.escapes.get(key) {
            return known;
        }
        // What needed no search before the configuration was known needs none now.
        let found =
            is_known && at_once() || self.escapes_soon(live, set) || self.escapes(config, set);
        if self.allowance.left() > 0 {
            self.tables.escapes.put(key, found);
        }
        found
    }

    /// An LR state as a place to read from.
    #[inline]
    pub(crate) fn place(&self, state: u32) -> Place<'a> {
        self.grammar.lr.place(self.grammar.lexer.ignored(), state)
    }

    /// What a terminal leads to at an LR state, over that state.
    pub(crate) fn above_shift(&self, state: u32, terminal: TerminalId) -> Above {
        self.grammar.lr.above_shift(&self.grammar.normal, state, terminal)
    }

    /// What a reduction that takes away what lies right over an LR state leads to, over that state.
    pub(crate) fn above_pop(&self, state: u32, pop: Pop) -> Above {
        self.grammar.lr.above_pop(&self.grammar.normal, state, pop)
    }

    /// The parser after a reduction that takes away one of the [tops](Closure::top) of a set's closure. The steps are taken from the
    /// [`Allowance`]; [`SetId::CUT`] once that is used up.
    pub(crate) fn pop(&self, set: SetId, top: usize, pop: Pop) -> SetId {
        if self.allowance.left() == 0 {
            return SetId::CUT;
        }
        let (grammar, closure) = (self.grammar, self.closure(set));
        let parser = (&grammar.lr, &grammar.normal);
        let (next, steps) = self.tables.stacks.pop(parser, (closure, top), pop);
        self.allowance.spend(if next == SetId::CUT { u64::MAX } else { steps });
        next
    }

    /// Whether the lexeme, as it is, leads the lexer out of its shadows.
    fn escapes_at_once(&self, config: ConfigId, set: SetId) -> bool {
        !self.is_fresh(config)
            && self.ends(config).iter().any(|&(terminal, after)| {
                let next = self.advance(set, terminal);
                if next == SetId::DEAD {
                    return false;
                }
                let closure = self.closure(next);
                closure.complete || self.at_once(after).intersects(&closure.viable)
            })
    }

    /// Whether a lexeme that is soon read leads the lexer out of its shadows.
    fn escapes_soon(&self, live: &Live, set: SetId) -> bool {
        live.maybe.iter().any(|&(terminal, after)| {
            let next = self.advance(set, terminal);
            if next == SetId::DEAD {
                return false;
            }
            let closure = self.closure(next);
            closure.complete
                || self.at_once(after).intersects(&closure.viable)
                || self.live(after).sure.intersects(&closure.viable)
        })
    }

    /// Whether the parser leads the lexer out of its shadows: mostly by lexemes that are soon read, or whatever lies below the
    /// LR states that it can shift from.
    #[cold]
    fn escapes(&self, config: ConfigId, set: SetId) -> bool {
        let closure = self.closure(set);
        let mut is_open = closure.complete;
        for depth in [Depth::Soon, Depth::All] {
            for state in closure.states().filter(|state| *state != COMPLETE) {
                if self.place(state).allows_any(self.becomes(config)) {
                    match self.escapes_at(config, state, depth) {
                        Some(true) => return true,
                        Some(false) => {}
                        None => is_open |= depth == Depth::All,
                    }
                }
                if self.allowance.left() == 0 {
                    return false;
                }
            }
        }
        let Self { grammar, tables, allowance } = *self;
        let parser = (&grammar.lr, &grammar.normal);
        let (ignored, left) = (grammar.lexer.ignored(), &allowance.left);
        is_open && tables.stacks.escapes(parser, ignored, set, (*self, config), left)
    }

    /// As [`Self::escapes`], at an LR state that something is shifted from next; `None` if that depends on what lies below it,
    /// or was not found so soon.
    pub(crate) fn escapes_at(&self, config: ConfigId, state: u32, depth: Depth) -> Option<bool> {
        let (becoming, is_fresh) = self.becoming(config);
        let key = (becoming, is_fresh, state, depth);
        if let Some(known) = self.tables.escapes_at.get(key) {
            return known;
        }
        let Self { grammar, tables, allowance } = *self;
        let parser = (&grammar.lr, &grammar.normal);
        let (ignored, left) = (grammar.lexer.ignored(), &allowance.left);
        let start = (*self, config);
        let found = tables.stacks.escapes_at(parser, ignored, state, start, depth, left);
        if allowance.left() > 0 {
            tables.escapes_at.put(key, found);
        }
        found
    }

    /// All hypotheses after a byte. `next` is cleared first; empty afterwards if the text is no viable prefix.
    pub(crate) fn step(&self, hypotheses: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>) {
        next.clear();
        for &Hypothesis { config, set } in hypotheses {
            let entry = self.tables.lex.get(config);
            let longer = self.tables.lex.next_byte_of(&self.grammar.lexer, config, entry, byte);
            if longer == config {
                // Nothing changed, so it is as alive as it was.
                next.push(Hypothesis { config, set });
            } else if longer != ConfigId::DEAD {
                self.keep(longer, set, next);
            }
            if !entry.ending {
                continue;
            }
            // Most terminals leave the same behind.
            let mut last = (ConfigId::DEAD, ConfigId::DEAD);
            for &(terminal, after) in self.ends_before(config, byte) {
                if after != last.0 {
                    last = (after, self.next(after, byte));
                }
                let begun = last.1;
                if begun != ConfigId::DEAD {
                    let set = self.advance(set, terminal);
                    if set != SetId::DEAD {
                        self.keep(begun, set, next);
                    }
                }
            }
        }
        if next.len() > 1 {
            next.sort_unstable();
            next.dedup();
            self.meet(next);
        }
    }

    /// Makes hypotheses of one configuration one, over all their stacks. They are sorted.
    fn meet(&self, next: &mut Vec<Hypothesis>) {
        if next.windows(2).all(|pair| pair[0].config != pair[1].config) {
            return;
        }
        let met: Vec<Hypothesis> = next
            .chunk_by(|one, other| one.config == other.config)
            .map(|same| match same {
                [only] => *only,
                _ => {
                    let set = self.tables.stacks.union(same.iter().map(|h| h.set));
                    Hypothesis { config: same[0].config, set }
                }
            })
            .collect();
        *next = met;
    }

    /// Keeps a hypothesis that is alive; commits its lexeme if it cannot become longer.
    #[inline]
    fn keep(&self, config: ConfigId, set: SetId, next: &mut Vec<Hypothesis>) {
        if !self.alive(config, set) {
            return;
        }
        if self.tables.lex.get(config).extends {
            next.push(Hypothesis { config, set });
            return;
        }
        for &(terminal, after) in self.ends(config) {
            let set = self.advance(set, terminal);
            if set != SetId::DEAD && self.alive(after, set) {
                next.push(Hypothesis { config: after, set });
            }
        }
    }

    /// Whether the text read is a sentence.
    pub(crate) fn is_complete(&self, hypotheses: &[Hypothesis]) -> bool {
        hypotheses.iter().any(|&Hypothesis { config, set }| {
            if self.tables.lex.is_fresh(config) {
                return self.closure(set).complete;
            }
            self.ends(config).iter().any(|&(terminal, _)| {
                let set = self.advance(set, terminal);
                set != SetId::DEAD && self.closure(set).complete
            })
        })
    }

    /// Whether the work suffices to say whether the text read is a sentence: that is asked later, without an error.
    pub(crate) fn knows_the_end(&self, hypotheses: &[Hypothesis]) -> bool {
        self.is_complete(hypotheses);
        self.allowance.left() > 0
    }

    /// What may come next. A terminal that could end here is followed by what may come after it; it is named itself only
    /// if it still needs more bytes.
    pub(crate) fn expected(&self, hypotheses: &[Hypothesis]) -> Expected {
        let grammar = self.grammar.grammar();
        let mut terminals = Vec::new();
        let mut name = |set: SetId, config: ConfigId, ended: &[(TerminalId, ConfigId)]| {
            let live = self.whole(config);
            let viable = &self.closure(set).viable;
            for (id, terminal) in grammar.terminals().iter().enumerate() {
                let id = TerminalId::new(id);
                let possible =
                    live.sure.contains(id.index()) || live.maybe.iter().any(|m| m.0 == id);
                if possible
                    && viable.contains(id.index())
                    && !terminal.ignore
                    && !ended.iter().any(|(e, _)| *e == id)
                {
                    terminals.push(terminal.display.clone());
                }
            }
        };
        for &Hypothesis { config, set } in hypotheses {
            let ends = self.ends(config);
            name(set, config, ends);
            for &(terminal, _) in ends {
                let set = self.advance(set, terminal);
                if set != SetId::DEAD {
                    name(set, ConfigId::START, &[]);
                }
            }
        }
        terminals.sort();
        terminals.dedup();
        let limit = (self.allowance.left() == 0).then(|| self.grammar.limits().step_work);
        Expected { terminals, end: self.is_complete(hypotheses), limit }
    }

    /// The bytes that must come next, up to the first choice or the first place where the text may end. None where the
    /// [`Allowance`] did not last: others may be possible then.
    pub(crate) fn forced(&self, hypotheses: &[Hypothesis], limit: usize) -> Vec<u8> {
        let step =
            |at: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>| self.step(at, byte, next);
        let bytes = forced(hypotheses, limit, step, |at| self.is_complete(at));
        if self.allowance.left() > 0 { bytes } else { Vec::new() }
    }
}

impl Shadows for Reader<'_> {
    type At = ConfigId;

    fn is_fresh(&self, at: ConfigId) -> bool {
        self.tables.lex.is_fresh(at)
    }

    fn becoming(&self, at: ConfigId) -> &BitSet {
        self.tables.lex.becoming(at)
    }

    fn soon(&self, at: ConfigId) -> (&BitSet, &[(TerminalId, ConfigId)]) {
        let live = self.live(at);
        (&live.sure, &live.maybe)
    }

    fn all(&self, at: ConfigId) -> (&BitSet, &[(TerminalId, ConfigId)]) {
        let whole = self.whole(at);
        (&whole.sure, &whole.maybe)
    }
}
