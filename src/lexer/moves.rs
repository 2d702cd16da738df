//! What classes of bytes do at states of automata, all classes at once: most lead nowhere, and need not be tried.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    bitset::ByteSet,
    regular::{DEAD, Dfa},
};

/// Classes with which a state may differ from its usual one.
const FEW: usize = 16;

/// Classes of bytes by what they do, of a state of an automaton or of several read together.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Moves {
    /// Those that lead on.
    pub(super) live: ByteSet,
    /// Those of them after which what was read is a text of the language.
    pub(super) accepting: ByteSet,
    /// Those that lead elsewhere than from the usual state.
    pub(super) differing: ByteSet,
}

impl Moves {
    pub(super) fn add(&mut self, other: &Self) {
        self.live.add(other.live);
        self.accepting.add(other.accepting);
        self.differing.add(other.differing);
    }
}

/// The moves of a state, and its *usual state*, from which all but a few classes lead to the same states: the insides of all names
/// are alike, whichever words are none; most words go nowhere at all. The usual state of a usual state is itself.
#[derive(Debug)]
pub(super) struct StateMoves {
    pub(super) usual: u32,
    pub(super) moves: Moves,
}

/// One automaton, as far as it was met.
#[derive(Debug)]
struct MetAutomaton {
    /// The automaton's own class of bytes -> the lexer's.
    classes: Box<[ByteSet]>,
    states: Box<[OnceLock<Box<StateMoves>>]>,
}

impl MetAutomaton {
    fn new(dfa: &Dfa, representatives: &[u8]) -> Self {
        let mut classes = vec![ByteSet::default(); dfa.stride()];
        for (class, byte) in representatives.iter().enumerate() {
            classes[usize::from(dfa.classes()[usize::from(*byte)])].insert(class as u8);
        }
        let states = (0..dfa.states()).map(|_| OnceLock::new()).collect();
        Self { classes: classes.into(), states }
    }

    fn find(&self, dfa: &Dfa, state: u32) -> StateMoves {
        let mut moves = Moves::default();
        for (classes, next) in self.classes.iter().zip(dfa.row(state)) {
            if *next != DEAD {
                moves.live.add(*classes);
                if dfa.accepts(*next) {
                    moves.accepting.add(*classes);
                }
            }
        }
        if moves.live.len() < FEW {
            moves.differing = moves.live;
            return StateMoves { usual: DEAD, moves };
        }
        let own = StateMoves { usual: state, moves };
        let row = dfa.row(state);
        if row.contains(&state) {
            return own;
        }
        // Where it goes on for good.
        let mut ahead = row.iter().enumerate();
        let ahead = ahead.find(|(class, next)| **next != DEAD && dfa.row(**next)[*class] == **next);
        let Some((_, &usual)) = ahead else { return own };
        let (mut differing, mut live) = (ByteSet::default(), 0);
        for ((next, other), classes) in row.iter().zip(dfa.row(usual)).zip(&self.classes) {
            live += if *other == DEAD { 0 } else { classes.len() };
            if next != other {
                differing.add(*classes);
            }
        }
        match differing.len() < FEW && live >= FEW {
            true => StateMoves { usual, moves: Moves { differing, ..moves } },
            false => own,
        }
    }
}

/// The moves of the states that were met.
#[derive(Debug)]
pub(super) struct MoveTable {
    automata: Vec<OnceLock<MetAutomaton>>,
    bytes: AtomicUsize,
}

impl MoveTable {
    /// Of so many automata, nothing.
    pub(super) fn new(automata: usize) -> Self {
        let automata: Vec<_> = (0..automata).map(|_| OnceLock::new()).collect();
        let bytes = AtomicUsize::new(automata.len() * size_of::<OnceLock<MetAutomaton>>());
        Self { automata, bytes }
    }

    /// What is known of an automaton's state. Cost when new: a few steps for each class of the automaton.
    #[inline]
    pub(super) fn of(
        &self,
        automaton: u32,
        dfa: &Dfa,
        state: u32,
        representatives: &[u8],
    ) -> &StateMoves {
        let met = self.automata[automaton as usize].get_or_init(|| {
            let met = MetAutomaton::new(dfa, representatives);
            self.charge(size_of_val(&*met.classes) + size_of_val(&*met.states));
            met
        });
        met.states[state as usize].get_or_init(|| {
            self.charge(size_of::<StateMoves>());
            Box::new(met.find(dfa, state))
        })
    }

    fn charge(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, regular::Regular};

    fn dfa(pattern: &str) -> Dfa {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).unwrap();
        Dfa::new(&Regular::Hir(hir), &Limits::default()).unwrap()
    }

    #[test]
    fn moves_are_those_of_each_byte() {
        let patterns =
            ["select", r"[\w$]+", "-?[0-9]+(\\.[0-9]+)?", "'([^']|'')*'", "(?s).*", "[a-z]{3}x"];
        let names = dfa(r"\w+");
        let mut automata: Vec<Dfa> = patterns.map(dfa).into();
        // Names that are no words: of each word's beginning the usual state is that of all names.
        let limits = Limits::default();
        let builder = &mut crate::regular::Builder::new(&limits);
        automata.push(builder.product(&names, &dfa("select|set|from"), |a, b| a && !b).unwrap());
        let bytes: Vec<u8> = (0..=255).collect();
        let table = MoveTable::new(automata.len());
        let mut usual_states = 0;
        for (i, dfa) in automata.iter().enumerate() {
            for state in 1..dfa.states() as u32 {
                let StateMoves { usual, moves } = table.of(i as u32, dfa, state, &bytes);
                for byte in 0..=255 {
                    let next = dfa.next(state, byte);
                    assert_eq!(moves.live.contains(byte), next != DEAD);
                    assert_eq!(moves.accepting.contains(byte), dfa.accepts(next));
                    let alike = !moves.differing.contains(byte);
                    assert!(!alike || dfa.next(*usual, byte) == next, "{i} {state} {byte}");
                }
                if *usual != DEAD {
                    assert_eq!(table.of(i as u32, dfa, *usual, &bytes).usual, *usual);
                }
                usual_states += usize::from(*usual != state);
            }
        }
        assert!(usual_states > 10);
    }
}
