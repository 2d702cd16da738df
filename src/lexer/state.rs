//! Lexer states: where all automata stand that read one lexeme, or are one shadow. Built as they are visited.

use std::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use super::{
    compile::Lexer,
    moves::{MoveTable, Moves},
};
use crate::{
    TerminalId,
    bitset::{BitSet, ByteSet},
    intern::Interner,
    regular::DEAD,
};

/// Where all automata stand that still read the lexeme: (automaton, state), sorted; never a dead state.
type Components = Box<[(u32, u32)]>;

/// All automata reading one lexeme.
#[derive(Debug)]
pub(super) struct LexState {
    /// Terminals that match what has been read.
    pub(super) accepts: Vec<TerminalId>,
    /// Terminals that match it or can do so after more bytes.
    pub(super) live: BitSet,
    /// What classes of bytes do.
    pub(super) moves: Moves,
    /// The state of all automata in their usual states, if it is another one. Classes that are not *differing* lead to the same states
    /// from both.
    usual: Option<u32>,
    /// Class -> state, plus one; 0 where not known yet.
    row: Box<[AtomicU32]>,
}

impl LexState {
    /// Whether any automaton can go on.
    pub(super) fn extends(&self) -> bool {
        !self.moves.live.is_empty()
    }
}

/// Id of the lexer state in which all automata are dead.
pub(super) const NO_STATE: u32 = 0;

/// All lexer states met so far.
#[derive(Debug)]
pub(super) struct StateTable {
    states: Interner<Components, LexState>,
    /// What classes of bytes do at the automata's states.
    moves: MoveTable,
}

impl StateTable {
    /// A table with the dead state.
    pub(super) fn new(lexer: &Lexer) -> Self {
        let table = Self { states: Interner::new(), moves: MoveTable::new(lexer.dfas.len()) };
        let dead = table.of(lexer, &[]);
        debug_assert_eq!(dead, NO_STATE);
        table
    }

    /// The state where these automata stand.
    pub(super) fn of(&self, lexer: &Lexer, components: &[(u32, u32)]) -> u32 {
        self.states.intern(components, || {
            let mut live = BitSet::new(lexer.terminals);
            let mut accepts = Vec::new();
            let mut usual = Vec::new();
            let mut moves = Moves::default();
            for &(automaton, state) in components {
                let dfa = &lexer.dfas[automaton as usize];
                let known = self.moves.of(automaton, dfa, state, &lexer.representatives);
                moves.add(&known.moves);
                if known.usual != DEAD {
                    usual.push((automaton, known.usual));
                }
                if (automaton as usize) < lexer.terminals {
                    live.insert(automaton as usize);
                    if dfa.accepts(state) {
                        accepts.push(TerminalId(automaton));
                    }
                }
            }
            let row = lexer.representatives.iter().map(|_| AtomicU32::new(0)).collect();
            // The usual state of a usual state is itself.
            let usual = (usual != components).then(|| self.of(lexer, &usual));
            let bytes = size_of::<LexState>()
                + (components.len() * 8 + accepts.len() * 4)
                + lexer.terminals / 8
                + lexer.representatives.len() * 4;
            (LexState { accepts, live, moves, usual, row }, bytes)
        })
    }

    /// A state.
    #[inline]
    pub(super) fn get(&self, id: u32) -> &LexState {
        self.states.get(id)
    }

    /// Where the automata of a state stand.
    pub(super) fn components(&self, id: u32) -> &[(u32, u32)] {
        self.states.key(id)
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.states.bytes() + self.moves.bytes()
    }

    /// The state after a byte of a class.
    pub(super) fn next(&self, lexer: &Lexer, id: u32, class: usize) -> u32 {
        let state = self.get(id);
        match state.row[class].load(Ordering::Acquire) {
            0 if !state.moves.live.contains(class as u8) => NO_STATE,
            0 => {
                let next = match state.usual {
                    Some(usual) if !state.moves.differing.contains(class as u8) => {
                        self.next(lexer, usual, class)
                    }
                    _ => self.make_next(lexer, id, class),
                };
                state.row[class].store(next + 1, Ordering::Release);
                next
            }
            known => known - 1,
        }
    }

    fn make_next(&self, lexer: &Lexer, id: u32, class: usize) -> u32 {
        let byte = lexer.representatives[class];
        let next = |&(automaton, state): &(u32, u32)| {
            (automaton, lexer.dfas[automaton as usize].next(state, byte))
        };
        let components = self.components(id).iter().map(next);
        let components: SmallVec<[(u32, u32); 16]> =
            components.filter(|(_, state)| *state != DEAD).collect();
        self.of(lexer, &components)
    }

    /// What classes of bytes do to some shadows.
    pub(super) fn moves(&self, shadows: &[u32]) -> Moves {
        let mut all = Moves::default();
        shadows.iter().for_each(|shadow| all.add(&self.get(*shadow).moves));
        all
    }

    /// The classes of bytes that lead a state on, and no shadow to where it comes true.
    pub(super) fn classes(&self, main: u32, shadows: &[u32]) -> ByteSet {
        self.get(main).moves.live.minus(self.moves(shadows).accepting)
    }

    /// The shadows after a byte of a class, with which none came true.
    pub(super) fn shadows_after<'a>(
        &'a self,
        lexer: &'a Lexer,
        shadows: &'a [u32],
        class: usize,
    ) -> impl Iterator<Item = u32> + 'a {
        let after = shadows.iter().map(move |s| self.next(lexer, *s, class));
        after.filter(|shadow| *shadow != NO_STATE && self.get(*shadow).extends())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::{
        Limits,
        grammar::{GrammarBuilder, Lexing, Regular, Symbol, Terminal},
        lexer::{ConfigId, LexTable},
    };

    /// Names that are no words, words, numbers, strings, and operators that look ahead.
    fn lexer(rule: Lexing) -> Lexer {
        let regular = |pattern: &str| Regular::Hir(regex_syntax::parse(pattern).unwrap());
        let words = "select|set|from|for";
        let name = Regular::Difference(Box::new(regular(r"\w+")), Box::new(regular(words)));
        let guard = |text: &str| Some(regular(text));
        let terminals = [
            (name, guard(r"\w")),
            (regular("select"), guard(r"\w| +as")),
            (regular("set"), guard(r"\w")),
            (regular("from"), guard(r"\w|[^;>]*>[ ]*\(")),
            (regular("[0-9]+([.][0-9]+)?"), None),
            (regular("'([^']|'')*'"), None),
            (regular("<"), guard("[<=]|[^;]*>")),
            (regular("<="), None),
            (regular(" +"), None),
        ];
        let mut builder = GrammarBuilder::new("states", rule);
        let start = builder.nonterminal("start");
        for (i, (language, guard)) in terminals.into_iter().enumerate() {
            let mut terminal = Terminal::new(format!("T{i}"), language);
            terminal.not_followed_by = guard;
            let id = builder.terminal(terminal);
            builder.production(start, vec![Symbol::Terminal(id)]);
            builder.production(start, vec![Symbol::Nonterminal(start), Symbol::Terminal(id)]);
        }
        let limits = Limits::default();
        Lexer::new(&builder.finish(start), &limits).unwrap()
    }

    #[test]
    fn states_step_as_their_automata_do() {
        for rule in [Lexing::Longest, Lexing::Contextual] {
            let lexer = lexer(rule);
            let table = LexTable::new(&lexer);
            let (mut seen, mut work) = (vec![ConfigId::START], VecDeque::from([ConfigId::START]));
            let mut asked = 0;
            while let Some(id) = work.pop_front().filter(|_| seen.len() < 2_000) {
                let config = table.get(id);
                let mut found: Vec<ConfigId> = Vec::new();
                for (class, byte) in lexer.representatives.iter().enumerate() {
                    for state in config.shadows.iter().chain([&config.main]) {
                        let step = |(automaton, state): &(u32, u32)| {
                            (*automaton, lexer.dfas[*automaton as usize].next(*state, *byte))
                        };
                        let after = table.states.components(*state).iter().map(step);
                        let after: Vec<_> = after.filter(|(_, state)| *state != DEAD).collect();
                        let next = table.states.next(&lexer, *state, class);
                        assert_eq!(table.states.components(next), after);
                        let moves = &table.states.get(*state).moves;
                        let accepts = |(automaton, state): &(u32, u32)| {
                            lexer.dfas[*automaton as usize].accepts(*state)
                        };
                        assert_eq!(moves.live.contains(class as u8), !after.is_empty());
                        assert_eq!(
                            moves.accepting.contains(class as u8),
                            after.iter().any(accepts)
                        );
                    }
                    let begins = |end: &&(TerminalId, ConfigId)| {
                        table.next(&lexer, end.1, *byte) != ConfigId::DEAD
                    };
                    let ends = table.ends(&lexer, id);
                    let before = table.ends_before(&lexer, id, *byte);
                    assert_eq!(ends.iter().filter(begins).count() > 0, !before.is_empty());
                    found.push(table.next(&lexer, id, *byte));
                    found.extend(ends.iter().map(|end| end.1));
                    asked += 1;
                }
                found.retain(|id| *id != ConfigId::DEAD);
                for id in found {
                    if !seen.contains(&id) {
                        seen.push(id);
                        work.push_back(id);
                    }
                }
            }
            assert!(asked > 10_000, "{asked}");
        }
    }
}
