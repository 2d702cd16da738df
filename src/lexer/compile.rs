//! The terminals of a grammar as automata, ready to compete.

use super::dfa::{DEAD, Dfa, DfaError};
use crate::{
    Limits,
    bitset::BitSet,
    grammar::{CompileError, CompileErrorKind, Grammar, Lexing, Regular},
};

/// All automata of one grammar: the terminals', then the negative look-aheads'. Immutable.
#[derive(Debug)]
pub(crate) struct Lexer {
    pub(super) dfas: Vec<Dfa>,
    /// Terminal -> automaton of what must not follow it.
    pub(super) guards: Vec<Option<u32>>,
    pub(super) rule: Lexing,
    pub(super) terminals: usize,
    /// Terminals dropped between lexemes.
    pub(super) ignored: BitSet,
    /// Byte -> class: bytes of a class lead to the same states in all automata.
    pub(super) classes: Box<[u8; 256]>,
    /// One byte of each class.
    pub(super) representatives: Vec<u8>,
    /// Whether the end of any lexeme can be followed by blank space that settles it (see [`harmless_ends`]).
    pub(super) harmless_ends: bool,
}

impl Lexer {
    /// Compiles the terminals.
    ///
    /// Priorities are settled here, once: under the longest-match rule the texts of a terminal are taken out of every
    /// overlapping terminal of lower priority. The set of texts that are a lexeme at all does not change, so neither does
    /// the longest match.
    pub(crate) fn new(grammar: &Grammar, limits: &Limits) -> Result<Self, CompileError> {
        let terminals = grammar.terminals();
        let compile = |name: &str, language: &Regular| {
            Dfa::new(language, limits).map_err(|error| refusal(name, error))
        };
        let mut dfas = Vec::with_capacity(terminals.len());
        for terminal in terminals {
            let dfa = compile(&terminal.name, &terminal.language)?;
            if dfa.start() == DEAD {
                return Err(CompileErrorKind::VoidTerminal(terminal.name.clone()).into());
            }
            if dfa.accepts(dfa.start()) {
                return Err(CompileErrorKind::EmptyTerminal(terminal.name.clone()).into());
            }
            dfas.push(dfa);
        }
        if grammar.lexing() == Lexing::Longest {
            settle_priorities(grammar, &mut dfas, limits)?;
        }
        let mut guards = vec![None; terminals.len()];
        for (guard, terminal) in guards.iter_mut().zip(terminals) {
            if let Some(language) = &terminal.not_followed_by {
                let dfa = compile(&terminal.name, language)?;
                if dfa.start() != DEAD && dfa.extends(dfa.start()) {
                    *guard = Some(dfas.len() as u32);
                    dfas.push(dfa);
                }
            }
        }
        let mut ignored = BitSet::new(terminals.len());
        for (i, terminal) in terminals.iter().enumerate() {
            if terminal.ignore {
                ignored.insert(i);
            }
        }
        let (classes, representatives) = common_classes(&dfas);
        let harmless_ends = harmless_ends(&dfas, &guards, &ignored, grammar.lexing());
        Ok(Self {
            harmless_ends,
            dfas,
            guards,
            rule: grammar.lexing(),
            terminals: terminals.len(),
            ignored,
            classes,
            representatives,
        })
    }

    /// Terminals dropped between lexemes.
    pub(crate) fn ignored(&self) -> &BitSet {
        &self.ignored
    }

    /// Terminals that the parser never gets to see: the ignored ones, and those all of whose texts belong to terminals of
    /// higher priority.
    pub(crate) fn unreadable(&self) -> BitSet {
        let mut unreadable = self.ignored.clone();
        for (terminal, dfa) in self.dfas[..self.terminals].iter().enumerate() {
            if dfa.start() == DEAD {
                unreadable.insert(terminal);
            }
        }
        unreadable
    }

    /// Bytes of memory of the automata.
    pub(crate) fn bytes(&self) -> usize {
        self.dfas.iter().map(Dfa::bytes).sum()
    }
}

fn settle_priorities(
    grammar: &Grammar,
    dfas: &mut [Dfa],
    limits: &Limits,
) -> Result<(), CompileError> {
    let terminals = grammar.terminals();
    let original: Vec<Dfa> = dfas.to_vec();
    for (low, terminal) in terminals.iter().enumerate() {
        for (high, winner) in terminals.iter().enumerate() {
            if winner.priority > terminal.priority && original[high].overlaps(&original[low]) {
                dfas[low] = dfas[low]
                    .product(&original[high], |a, b| a && !b, limits)
                    .map_err(|error| refusal(&terminal.name, error))?;
            }
        }
    }
    Ok(())
}

/// Whether no lexeme leaves a shadow behind that an ignored byte cannot get rid of. Then any lexeme that the parser allows
/// after another can follow it, and a partial lexeme can be judged by its terminals alone. True of languages with white
/// space; the general search in [`super::live`] answers for the others.
fn harmless_ends(dfas: &[Dfa], guards: &[Option<u32>], ignored: &BitSet, rule: Lexing) -> bool {
    if rule == Lexing::Contextual && guards.iter().all(Option::is_none) {
        return true;
    }
    let terminals = guards.len();
    let blank = (0..=255u8).find(|&byte| {
        ignored.iter().any(|t| {
            let state = dfas[t].next(dfas[t].start(), byte);
            dfas[t].accepts(state)
        })
    });
    let Some(blank) = blank else { return false };
    let guard_dies = |guard: &u32| {
        let dfa = &dfas[*guard as usize];
        dfa.next(dfa.start(), blank) == DEAD
    };
    if !guards.iter().flatten().all(guard_dies) {
        return false;
    }
    // A shadow survives the blank only in a terminal that has it inside a lexeme: strings, comments.
    rule == Lexing::Contextual
        || (0..terminals).filter(|t| !ignored.contains(*t)).all(|spaced| {
            !dfas[spaced].continues_with(blank)
                || (0..terminals)
                    .filter(|t| !ignored.contains(*t))
                    .all(|ending| !dfas[ending].ends_inside(&dfas[spaced], blank))
        })
}

fn refusal(name: &str, error: DfaError) -> CompileError {
    match error {
        DfaError::Limit(limit, value) => CompileErrorKind::Limit {
            name: limit,
            limit: value,
            what: format!("terminal `{name}`"),
        },
        DfaError::Build(reason) => CompileErrorKind::Terminal { name: name.to_owned(), reason },
    }
    .into()
}

/// The coarsest byte classes that refine those of all automata.
fn common_classes(dfas: &[Dfa]) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut classes = Box::new([0u8; 256]);
    for dfa in dfas {
        let mut pairs = rustc_hash::FxHashMap::default();
        for byte in 0..256 {
            let next = pairs.len() as u8;
            classes[byte] = *pairs.entry((classes[byte], dfa.classes()[byte])).or_insert(next);
        }
    }
    let count = usize::from(*classes.iter().max().expect("invariant: 256 entries")) + 1;
    let mut representatives = vec![0; count];
    for byte in (0..=255u8).rev() {
        representatives[classes[byte as usize] as usize] = byte;
    }
    (classes, representatives)
}
