//! What classes of bytes do at states of automata, all classes at once: most lead nowhere, and need not be tried.

use std::sync::OnceLock;

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

/// The moves of the states that were met of one automaton.
#[derive(Debug)]
struct Known {
    /// The automaton's own class of bytes -> the lexer's.
    classes: Box<[ByteSet]>,
    states: Box<[OnceLock<(u32, Moves)>]>,
}

impl Known {
    fn new(dfa: &Dfa, representatives: &[u8]) -> Self {
        let mut classes = vec![ByteSet::default(); dfa.stride()];
        for (class, byte) in representatives.iter().enumerate() {
            classes[usize::from(dfa.classes()[usize::from(*byte)])].insert(class as u8);
        }
        let states = (0..dfa.states()).map(|_| OnceLock::new()).collect();
        Self { classes: classes.into(), states }
    }

    fn find(&self, dfa: &Dfa, state: u32) -> (u32, Moves) {
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
            return (DEAD, moves);
        }
        // Where it goes on for good; what goes on itself is its own usual state.
        let row = dfa.row(state);
        let ahead = row.iter().enumerate().find(|(class, next)| {
            **next != DEAD && dfa.row(**next)[*class] == **next && !row.contains(&state)
        });
        if let Some((_, &usual)) = ahead {
            let rows = row.iter().zip(dfa.row(usual)).zip(&self.classes);
            let mut differing = ByteSet::default();
            rows.filter(|((a, b), _)| a != b).for_each(|(_, classes)| differing.add(*classes));
            if differing.len() < FEW {
                return (usual, Moves { differing, ..moves });
            }
        }
        (state, moves)
    }
}

/// The moves of the automata that were met.
#[derive(Debug)]
pub(super) struct MoveTable(Vec<OnceLock<Known>>);

impl MoveTable {
    /// Of so many automata, nothing.
    pub(super) fn new(automata: usize) -> Self {
        Self((0..automata).map(|_| OnceLock::new()).collect())
    }

    /// Those of an automaton's state, and its usual state, which most classes lead to the same states from: the insides of all names
    /// are alike, whichever words are none; most words go nowhere at all. Cost when new: a few steps for each class of the automaton.
    #[inline]
    pub(super) fn of(
        &self,
        automaton: u32,
        dfa: &Dfa,
        state: u32,
        representatives: &[u8],
    ) -> &(u32, Moves) {
        let known = &self.0[automaton as usize];
        let known = known.get_or_init(|| Known::new(dfa, representatives));
        known.states[state as usize].get_or_init(|| known.find(dfa, state))
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
                let (usual, moves) = table.of(i as u32, dfa, state, &bytes);
                for byte in 0..=255 {
                    let next = dfa.next(state, byte);
                    assert_eq!(moves.live.contains(byte), next != DEAD);
                    assert_eq!(moves.accepting.contains(byte), dfa.accepts(next));
                    let alike = !moves.differing.contains(byte);
                    assert!(!alike || dfa.next(*usual, byte) == next, "{i} {state} {byte}");
                }
                if *usual != DEAD {
                    assert_eq!(table.of(i as u32, dfa, *usual, &bytes).0, *usual);
                }
                usual_states += usize::from(*usual != state);
            }
        }
        assert!(usual_states > 10);
    }
}
