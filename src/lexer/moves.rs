//! What classes of bytes do at states of automata, all classes at once: most lead nowhere, and need not be tried.

use std::sync::OnceLock;

use crate::{
    bitset::ByteSet,
    regular::{DEAD, Dfa},
};

/// Classes of bytes by what they do, of a state of an automaton or of several read together.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Moves {
    /// Those that lead on.
    pub(super) live: ByteSet,
    /// Those of them after which what was read is a text of the language.
    pub(super) accepting: ByteSet,
}

impl Moves {
    fn of(dfa: &Dfa, state: u32, representatives: &[u8]) -> Self {
        let mut moves = Self::default();
        for (class, byte) in representatives.iter().enumerate() {
            let next = dfa.next(state, *byte);
            if next != DEAD {
                moves.live.insert(class as u8);
                if dfa.accepts(next) {
                    moves.accepting.insert(class as u8);
                }
            }
        }
        moves
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.live.add(other.live);
        self.accepting.add(other.accepting);
    }
}

/// The moves of the states that were met of some automata. Cost when new: one step for each class.
#[derive(Debug)]
pub(super) struct MoveTable(Vec<OnceLock<Box<[OnceLock<Moves>]>>>);

impl MoveTable {
    /// Of so many automata, nothing.
    pub(super) fn new(automata: usize) -> Self {
        Self((0..automata).map(|_| OnceLock::new()).collect())
    }

    /// Those of an automaton's state.
    #[inline]
    pub(super) fn of(
        &self,
        automaton: u32,
        dfa: &Dfa,
        state: u32,
        representatives: &[u8],
    ) -> &Moves {
        let states = self.0[automaton as usize]
            .get_or_init(|| (0..dfa.states()).map(|_| OnceLock::new()).collect());
        states[state as usize].get_or_init(|| Moves::of(dfa, state, representatives))
    }
}
