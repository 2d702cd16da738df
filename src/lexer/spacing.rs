//! Whether blanks keep lexemes apart: then a partial lexeme can be judged by its terminals alone.
//!
//! A lexeme leaves shadows behind: longer matches, and what must not follow. In a language with white space a blank gets rid
//! of them all and the next lexeme can begin right after it, so that whatever the parser allows next can also be written
//! next. This is proved here once, terminal by terminal; for what cannot be proved, [`super::live`] searches.

use super::dfa::{DEAD, Dfa};
use crate::{bitset::BitSet, grammar::Lexing};

/// What is known of a grammar's blanks.
#[derive(Debug)]
pub(super) struct Spacing {
    /// Terminals after which, begun without a shadow, whatever the parser allows can follow.
    pub(super) sure: BitSet,
    /// Bytes that are an ignored lexeme after which anything can follow. Empty if some terminal cannot be kept apart.
    pub(super) blanks: Vec<u8>,
}

impl Spacing {
    /// `dfas` are the terminals' (priorities settled), then the guards'.
    pub(super) fn new(
        dfas: &[Dfa],
        guards: &[Option<u32>],
        ignored: &BitSet,
        rule: Lexing,
    ) -> Self {
        let terminals = &dfas[..guards.len()];
        let guard = |t: usize| guards[t].map(|guard| &dfas[guard as usize]);
        let readable = |t: &usize| !ignored.contains(*t) && terminals[*t].start() != DEAD;
        // What may continue where a lexeme ends: under contextual lexing nothing competes with an end.
        let rivals = if rule == Lexing::Longest { terminals } else { &[] };
        let mut first = [false; 256];
        for dfa in (0..terminals.len()).filter(readable).map(|t| &terminals[t]) {
            for byte in 0..=255u8 {
                first[usize::from(byte)] |= dfa.next(dfa.start(), byte) != DEAD;
            }
        }
        // An ignored terminal is direct if the first byte of any lexeme ends it and all its rivals.
        let direct = |t: usize| {
            let dfa = &terminals[t];
            let competes = |rival: &Dfa| dfa.ends_inside(rival, |byte| first[usize::from(byte)]);
            ignored.contains(t) && guard(t).is_none() && !rivals.iter().any(competes)
        };
        let direct: Vec<usize> = (0..terminals.len()).filter(|&t| direct(t)).collect();
        let is_blank = |byte: &u8| {
            direct
                .iter()
                .any(|&t| terminals[t].accepts(terminals[t].next(terminals[t].start(), *byte)))
        };
        let blanks: Vec<u8> = (0..=255).filter(is_blank).collect();
        // A blank settles a terminal if it continues nothing that the terminal's texts begin.
        let settles = |t: usize, blank: u8| {
            let dies = |guard: &Dfa| guard.next(guard.start(), blank) == DEAD;
            guard(t).is_none_or(dies)
                && rivals
                    .iter()
                    .filter(|rival| rival.continues_with(blank))
                    .all(|rival| !terminals[t].ends_inside(rival, |byte| byte == blank))
        };
        let settled =
            |t: usize| direct.contains(&t) || blanks.iter().any(|&blank| settles(t, blank));
        let all_settled = (0..terminals.len()).filter(readable).all(settled);
        let mut sure = BitSet::new(terminals.len());
        for t in 0..terminals.len() {
            let leaves_nothing = rule == Lexing::Contextual && guard(t).is_none();
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

    fn spacing(rule: Lexing, ignored: &[&str], terminals: &[&str]) -> Spacing {
        let all: Vec<_> = ignored.iter().chain(terminals).collect();
        let mut set = BitSet::new(all.len());
        (0..ignored.len()).for_each(|t| set.insert(t));
        let dfa = |pattern: &&&str| {
            let hir = regex_syntax::parse(pattern).expect("test pattern");
            Dfa::new(&Regular::Hir(hir), &Limits::default()).expect("test pattern")
        };
        let dfas: Vec<_> = all.iter().map(dfa).collect();
        Spacing::new(&dfas, &vec![None; all.len()], &set, rule)
    }

    #[test]
    fn white_space_keeps_the_lexemes_of_a_language_apart() {
        let terminals = ["[a-z]+", "[0-9]+(\\.[0-9]+)?", "\\.\\.", "'[^']*'", "[-+*/]", "select"];
        let ignored = ["[ \t\n]+", "--[^\n]*", "/\\*([^*]|\\*[^/])*\\*/"];
        let all = spacing(Lexing::Longest, &ignored, &terminals);
        assert_eq!(all.blanks, b"\t\n ");
        assert!((0..9).all(|t| all.sure.contains(t)));
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
