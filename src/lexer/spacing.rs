//! Whether blanks keep lexemes apart: then a partial lexeme can be judged by its terminals alone.
//!
//! A lexeme leaves shadows behind: longer matches, and what must not follow. In a language with white space a blank gets rid
//! of them all, and every sentence can be written with a blank around every lexeme, so that whatever the parser allows next
//! can also be written next. This is proved here once, terminal by terminal; for what cannot be proved, [`super::live`]
//! searches.

use crate::regular::{DEAD, Dfa};
use crate::{bitset::BitSet, grammar::Lexing};

/// What is known of a grammar's blanks.
#[derive(Debug)]
pub(super) struct Spacing {
    /// Terminals after which, begun without a shadow, whatever the parser allows can follow.
    pub(super) sure: BitSet,
    /// Bytes that are an ignored lexeme after which anything can follow. Empty if some terminal cannot be kept apart.
    pub(super) blanks: Vec<u8>,
}

/// The automata of a grammar, as the proof needs them.
struct Proof<'a> {
    terminals: &'a [Dfa],
    guards: Vec<Option<&'a Dfa>>,
    /// What may continue where a lexeme ends: under contextual lexing nothing competes with an end.
    rivals: &'a [Dfa],
    /// A shortest text of each terminal that the parser reads.
    witnesses: Vec<Vec<u8>>,
}

impl Proof<'_> {
    /// Whether a rival in this state gives way to a lexeme of any terminal, written as its witness and a blank.
    fn gives_way(&self, rival: &Dfa, state: u32, blank: u8) -> bool {
        self.witnesses.iter().all(|text| {
            let mut state = state;
            for &byte in text {
                state = rival.next(state, byte);
                if rival.accepts(state) {
                    return false;
                }
            }
            rival.next(state, blank) == DEAD
        })
    }

    /// Whether this byte is an ignored lexeme that every lexeme can follow.
    fn is_blank(&self, ignored: &BitSet, byte: u8) -> bool {
        let reads = |t: usize| {
            let dfa = &self.terminals[t];
            self.guards[t].is_none() && dfa.accepts(dfa.next(dfa.start(), byte))
        };
        ignored.iter().any(reads)
            && self.rivals.iter().all(|rival| {
                let state = rival.next(rival.start(), byte);
                state == DEAD || self.gives_way(rival, state, byte)
            })
    }

    /// Whether a blank gets rid of all that any text of the terminal leaves behind.
    fn settles(&self, terminal: usize, blank: u8) -> bool {
        self.guards[terminal].is_none_or(|guard| guard.next(guard.start(), blank) == DEAD)
            && self
                .rivals
                .iter()
                .filter(|rival| rival.continues_with(blank))
                .all(|rival| !self.terminals[terminal].ends_inside(rival, blank))
    }

    /// Whether lexemes can follow any text of an ignored terminal right away.
    fn is_direct(&self, terminal: usize, blank: u8) -> bool {
        self.guards[terminal].is_none()
            && self.rivals.iter().all(|rival| {
                let states = self.terminals[terminal].states_at_ends(rival);
                states.into_iter().all(|state| self.gives_way(rival, state, blank))
            })
    }
}

impl Spacing {
    /// `dfas` are the terminals' (priorities settled), then the guards'; `read` are the terminals that occur in productions.
    pub(super) fn new(
        dfas: &[Dfa],
        guards: &[Option<u32>],
        ignored: &BitSet,
        read: &BitSet,
        rule: Lexing,
    ) -> Self {
        let terminals = &dfas[..guards.len()];
        let read: Vec<usize> =
            read.iter().filter(|&t| !ignored.contains(t) && terminals[t].start() != DEAD).collect();
        let proof = Proof {
            terminals,
            guards: guards.iter().map(|guard| guard.map(|guard| &dfas[guard as usize])).collect(),
            rivals: if rule == Lexing::Longest { terminals } else { &[] },
            witnesses: read.iter().map(|&t| terminals[t].shortest()).collect(),
        };
        let blanks: Vec<u8> = (0..=255).filter(|&byte| proof.is_blank(ignored, byte)).collect();
        let settled = |t: usize| {
            blanks.iter().any(|&blank| proof.settles(t, blank))
                || blanks
                    .first()
                    .is_some_and(|&blank| ignored.contains(t) && proof.is_direct(t, blank))
        };
        let all_settled = read.iter().all(|&t| settled(t));
        let mut sure = BitSet::new(terminals.len());
        for (t, guard) in guards.iter().enumerate() {
            let leaves_nothing = rule == Lexing::Contextual && guard.is_none();
            if leaves_nothing || (all_settled && settled(t)) {
                sure.insert(t);
            }
        }
        Self { sure, blanks: if all_settled { blanks } else { Vec::new() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, grammar::Regular};

    /// Terminals that begin with an empty group are read by no production.
    fn spacing(rule: Lexing, ignored: &[&str], terminals: &[&str]) -> Spacing {
        let all: Vec<_> = ignored.iter().chain(terminals).collect();
        let mut set = BitSet::new(all.len());
        (0..ignored.len()).for_each(|t| set.insert(t));
        let dfa = |pattern: &&&str| {
            let hir = regex_syntax::parse(pattern).expect("test pattern");
            Dfa::new(&Regular::Hir(hir), &Limits::default()).expect("test pattern")
        };
        let dfas: Vec<_> = all.iter().map(dfa).collect();
        let mut read = BitSet::new(all.len());
        let is_read = |t: &usize| !all[*t].starts_with("(?:)");
        (ignored.len()..all.len()).filter(is_read).for_each(|t| read.insert(t));
        Spacing::new(&dfas, &vec![None; all.len()], &set, &read, rule)
    }

    #[test]
    fn white_space_keeps_the_lexemes_of_a_language_apart() {
        let terminals = ["[a-z]+", "[0-9]+(\\.[0-9]+)?", "\\.\\.", "'[^']*'", "[-+*/]", "select"];
        let ignored = ["[ \t\n]+", "--[^\n]*", "/\\*([^*]|\\*[^/])*\\*/"];
        let all = spacing(Lexing::Longest, &ignored, &terminals);
        assert_eq!(all.blanks, b"\t\n ");
        assert!((0..9).all(|t| all.sure.contains(t)));
        // A blank, a dot and a letter are one (wrong) lexeme: there are still blanks around the dot.
        let dotted = spacing(Lexing::Longest, &["[ \n]+"], &["\\.", "[a-z]+", "(?:) +\\._"]);
        assert_eq!(dotted.blanks, b"\n ");
    }

    #[test]
    fn blanks_that_swallow_what_follows_are_none() {
        let zero = spacing(Lexing::Longest, &["[ 0]+"], &["0a", "b"]);
        assert!(zero.blanks.is_empty() && !zero.sure.contains(1));
        let begins = spacing(Lexing::Longest, &[" +"], &[" a"]);
        assert!(begins.blanks.is_empty());
        // A lexeme with a blank inside, which another one is the beginning of.
        let inside = spacing(Lexing::Longest, &[" +"], &["a", "a b"]);
        assert!(inside.blanks.is_empty());
        assert!(spacing(Lexing::Contextual, &[], &["a", "a b"]).sure.contains(1));
    }
}
