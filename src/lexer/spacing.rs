//! Whether blanks keep lexemes apart: then a partial lexeme can be judged by its terminals alone.
//!
//! A lexeme leaves shadows behind: longer matches, and what must not follow. In a language with white space a blank gets rid
//! of them all, and every sentence can be written with a blank around every lexeme, so that whatever the parser allows next
//! can also be written next. This is proved here once, terminal by terminal; for what cannot be proved, [`super::live`]
//! searches.
//!
//! A grammar may also read blank space as a terminal: a line break that ends a statement. If every situation can be completed
//! without such terminals (a semicolon stands beside each of them), the proof leaves them out of the sentences that it writes.
//!
//! Under contextual lexing only guards leave shadows, and a finer proof ([`super::closing`]) looks at what they let follow.

use std::cell::RefCell;

use super::{adjacency::Terminals, closing};
use crate::regular::{DEAD, Dfa};
use crate::{
    bitset::BitSet,
    fuel::{Exhausted, Fuel},
    grammar::{Grammar, Lexing, Symbol},
};

/// Elementary steps up to which a proof is tried: bytes read, cells of automata. What they do not suffice for is held to be
/// unproved, so that the texts of a hostile grammar are searched, and not its proof.
const PROOF: u64 = 1 << 23;

/// The same for the finer proof.
const FINER: u64 = 1 << 24;

/// What is known of a grammar's blanks.
#[derive(Debug)]
pub(super) struct Spacing {
    /// Terminals after which, begun without a shadow, whatever the parser allows can follow.
    pub(super) sure: BitSet,
    /// Bytes that are an ignored lexeme after which anything can follow. Empty if some terminal cannot be kept apart.
    pub(super) blanks: Vec<u8>,
    /// Some texts of the terminals that are sure, in their order. None where nothing was proved of guarded ones.
    pub(super) texts: Vec<(usize, Vec<u8>)>,
}

/// The automata of a grammar, as the proof needs them.
struct Proof<'a> {
    terminals: &'a [Dfa],
    guards: Vec<Option<&'a Dfa>>,
    /// Terminal -> terminals that do not begin where it ends.
    not_before: &'a [BitSet],
    /// What may continue where a lexeme ends: under contextual lexing nothing competes with an end.
    rivals: &'a [Dfa],
    /// A shortest text of each terminal that the parser reads.
    witnesses: Vec<Vec<u8>>,
    /// The first bytes of each terminal's texts.
    firsts: Vec<BitSet>,
    fuel: RefCell<Fuel>,
}

impl Proof<'_> {
    /// Whether a rival in this state gives way to a lexeme of any terminal, written as its witness and a blank.
    fn gives_way(&self, rival: &Dfa, state: u32, blank: u8) -> bool {
        self.witnesses.iter().all(|text| {
            if self.fuel.borrow_mut().spend(text.len() as u64 + 1).is_err() {
                return false;
            }
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
            dfa.accepts(dfa.next(dfa.start(), byte))
                && self.guards[t].is_none_or(|guard| self.gives_way(guard, guard.start(), byte))
                && self.not_before[t].is_empty()
                && !self.not_before.iter().any(|others| others.contains(t))
        };
        ignored.iter().any(reads)
            && self.rivals.iter().all(|rival| {
                let state = rival.next(rival.start(), byte);
                state == DEAD || self.gives_way(rival, state, byte)
            })
    }

    /// Whether a blank, and the lexeme after it, get rid of all that any text of the terminal leaves behind.
    ///
    /// `continuing`: the rivals that this blank continues somewhere, by number.
    fn settles(&self, terminal: usize, blank: u8, continuing: &[usize], blanks: &[u8]) -> bool {
        let kept_apart = |guard: &Dfa| {
            let state = guard.next(guard.start(), blank);
            let gives_way = |&next: &u8| self.gives_way(guard, state, next);
            state == DEAD || (!guard.accepts(state) && blanks.iter().all(gives_way))
        };
        self.guards[terminal].is_none_or(kept_apart)
            && continuing.iter().all(|&rival| {
                // Most pairs have no first byte in common.
                !self.firsts[terminal].intersects(&self.firsts[rival])
                    || self.terminals[terminal].ends_inside(
                        &self.rivals[rival],
                        blank,
                        &mut self.fuel.borrow_mut(),
                    ) == Ok(false)
            })
    }

    /// Whether lexemes can follow any text of an ignored terminal right away.
    fn is_direct(&self, terminal: usize, blank: u8) -> bool {
        self.not_before[terminal].is_empty()
            && self.guards[terminal].is_none_or(|guard| self.gives_way(guard, guard.start(), blank))
            && self.rivals.iter().all(|rival| {
                let dfa = &self.terminals[terminal];
                let states = dfa.states_at_ends(rival, &mut self.fuel.borrow_mut());
                let gives_way = |state: &u32| self.gives_way(rival, *state, blank);
                states.is_ok_and(|states| states.iter().all(gives_way))
            })
    }
}

/// Takes out terminals that look like ignored ones, as long as every rule can do without them. They stand alone in their
/// productions, so that nothing begun needs one.
fn leave_out(
    grammar: &Grammar,
    terminals: &[Dfa],
    ignored: &BitSet,
    read: &mut Vec<usize>,
    fuel: &mut Fuel,
) -> Result<(), Exhausted> {
    let mut alone = BitSet::new(terminals.len());
    read.iter().for_each(|&t| alone.insert(t));
    let mut in_company = BitSet::new(terminals.len());
    for production in grammar.productions().iter().filter(|production| production.rhs.len() > 1) {
        for symbol in &production.rhs {
            if let Symbol::Terminal(terminal) = symbol {
                in_company.insert(terminal.index());
            }
        }
    }
    let mut absent = BitSet::new(terminals.len());
    for t in alone.minus(&in_company).iter() {
        for blank in ignored.iter() {
            if terminals[t].overlaps(&terminals[blank], fuel)? {
                absent.insert(t);
                break;
            }
        }
    }
    if absent.is_empty() {
        return Ok(());
    }
    // What the parser never gets to see makes nothing productive.
    let mut unread = ignored.clone();
    for t in (0..terminals.len()).filter(|&t| terminals[t].start() == DEAD) {
        unread.insert(t);
    }
    let all = productive(grammar, &unread);
    unread.iter().for_each(|t| absent.insert(t));
    if productive(grammar, &absent) == all {
        read.retain(|&t| !absent.contains(t));
    }
    Ok(())
}

/// The first bytes of a language's texts.
fn first_bytes(dfa: &Dfa) -> BitSet {
    let mut bytes = BitSet::new(256);
    let begins = (0..=255u8).filter(|byte| dfa.next(dfa.start(), *byte) != DEAD);
    begins.for_each(|byte| bytes.insert(byte.into()));
    bytes
}

/// The nonterminals that derive a text without some terminals.
pub(super) fn productive(grammar: &Grammar, absent: &BitSet) -> Vec<bool> {
    let mut holds = vec![false; grammar.nonterminals().len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); holds.len()];
    let mut missing = Vec::with_capacity(grammar.productions().len());
    let mut work = Vec::new();
    for (i, production) in grammar.productions().iter().enumerate() {
        let mut count = 0;
        for symbol in &production.rhs {
            match symbol {
                Symbol::Nonterminal(n) => {
                    count += 1;
                    waiting[n.index()].push(i);
                }
                Symbol::Terminal(t) => count += usize::from(absent.contains(t.index())),
            }
        }
        missing.push(count);
        if count == 0 {
            work.push(i);
        }
    }
    while let Some(production) = work.pop() {
        let lhs = grammar.productions()[production].lhs.index();
        if std::mem::replace(&mut holds[lhs], true) {
            continue;
        }
        for &other in &waiting[lhs] {
            missing[other] -= 1;
            if missing[other] == 0 {
                work.push(other);
            }
        }
    }
    holds
}

impl Spacing {
    /// `dfas` are the terminals' (priorities settled), then the guards'; `bytes` one byte of each class of bytes.
    pub(super) fn new(
        dfas: &[Dfa],
        guards: &[Option<u32>],
        not_before: &[BitSet],
        ignored: &BitSet,
        bytes: &[u8],
        grammar: &Grammar,
    ) -> Self {
        let terminals = &dfas[..guards.len()];
        let rule = grammar.lexing();
        let mut used = BitSet::new(terminals.len());
        for symbol in grammar.productions().iter().flat_map(|production| &production.rhs) {
            if let Symbol::Terminal(terminal) = symbol {
                used.insert(terminal.index());
            }
        }
        let mut read: Vec<usize> =
            used.iter().filter(|&t| !ignored.contains(t) && terminals[t].start() != DEAD).collect();
        let guarded: Vec<_> = guards.iter().map(|g| g.map(|guard| &dfas[guard as usize])).collect();
        // Under contextual lexing these leave nothing behind.
        let is_free = |t: usize| {
            rule == Lexing::Contextual && guards[t].is_none() && not_before[t].is_empty()
        };
        if rule == Lexing::Contextual {
            let fuel = RefCell::new(Fuel::new(FINER, None));
            let terminals = Terminals {
                automata: terminals,
                guards: &guarded,
                not_before,
                ignored,
                read: &read,
                bytes,
                fuel: &fuel,
            };
            if let Some(spacing) = Self::contextual(&terminals, grammar, is_free) {
                return spacing;
            }
        }
        let mut fuel = Fuel::new(PROOF, None);
        let left_out = leave_out(grammar, terminals, ignored, &mut read, &mut fuel);
        let witnesses = left_out.and_then(|()| {
            read.iter().map(|&t| terminals[t].shortest(&mut fuel)).collect::<Result<_, _>>()
        });
        let Ok(witnesses) = witnesses else {
            let mut sure = BitSet::new(terminals.len());
            (0..terminals.len()).filter(|t| is_free(*t)).for_each(|t| sure.insert(t));
            return Self { sure, blanks: Vec::new(), texts: Vec::new() };
        };
        let proof = Proof {
            terminals,
            guards: guarded,
            not_before,
            rivals: if rule == Lexing::Longest { terminals } else { &[] },
            witnesses,
            firsts: terminals.iter().map(first_bytes).collect(),
            fuel: RefCell::new(fuel),
        };
        let blanks: Vec<u8> = (0..=255).filter(|&byte| proof.is_blank(ignored, byte)).collect();
        let rivals = 0..proof.rivals.len();
        let continues = |rival: usize, blank| {
            let states = proof.rivals[rival].states() as u64;
            // What is not looked at may go on.
            proof.fuel.borrow_mut().spend(states).is_err()
                || proof.rivals[rival].continues_with(blank)
        };
        let continued = |blank| rivals.clone().filter(move |&rival| continues(rival, blank));
        let continuing: Vec<Vec<usize>> =
            blanks.iter().map(|&blank| continued(blank).collect()).collect();
        let settled = |t: usize| {
            let mut each = blanks.iter().zip(&continuing);
            each.any(|(&blank, continuing)| proof.settles(t, blank, continuing, &blanks))
                || blanks
                    .first()
                    .is_some_and(|&blank| ignored.contains(t) && proof.is_direct(t, blank))
        };
        let all_settled = read.iter().all(|&t| settled(t));
        let mut sure = BitSet::new(terminals.len());
        if all_settled {
            read.iter().for_each(|&t| sure.insert(t));
        }
        for t in 0..terminals.len() {
            if is_free(t) || (all_settled && !sure.contains(t) && settled(t)) {
                sure.insert(t);
            }
        }
        let blanks = if all_settled { blanks } else { Vec::new() };
        Self { sure, blanks, texts: Vec::new() }
    }

    /// By the finer proof; `None` if that is too much work.
    fn contextual(
        terminals: &Terminals<'_>,
        grammar: &Grammar,
        is_free: impl Fn(usize) -> bool,
    ) -> Option<Self> {
        let texts = terminals.texts()?;
        let mut sure = closing::sure(terminals, &texts, grammar)?;
        let is_blank = |byte: &&u8| {
            let accepts = |dfa: &Dfa| dfa.accepts(dfa.next(dfa.start(), **byte));
            let mut blanks = terminals.ignored.iter().filter(|t| sure.contains(*t));
            blanks.any(|t| accepts(&terminals.automata[t]))
        };
        let blanks = terminals.bytes.iter().filter(is_blank).copied().collect();
        (0..terminals.automata.len()).filter(|t| is_free(*t)).for_each(|t| sure.insert(t));
        let texts = texts.into_iter().filter(|(t, _)| sure.contains(*t)).collect();
        Some(Self { sure, blanks, texts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits, TerminalId,
        grammar::{GrammarBuilder, Regular, Terminal},
    };

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
        let mut builder = GrammarBuilder::new("spaced", rule);
        let start = builder.nonterminal("start");
        for pattern in &all {
            let hir = regex_syntax::parse(pattern).expect("test pattern");
            builder.terminal(Terminal::new(pattern.to_string(), Regular::Hir(hir)));
        }
        let is_read = |t: &usize| !all[*t].starts_with("(?:)");
        for t in (ignored.len()..all.len()).filter(is_read) {
            builder.production(start, vec![Symbol::Terminal(TerminalId::new(t))]);
        }
        let not_before = vec![BitSet::new(all.len()); all.len()];
        let bytes: Vec<u8> = (0..=255).collect();
        let guards = vec![None; all.len()];
        Spacing::new(&dfas, &guards, &not_before, &set, &bytes, &builder.finish(start))
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
