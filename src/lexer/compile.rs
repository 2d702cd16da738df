//! The terminals of a grammar as automata, ready to compete.

use rustc_hash::FxHashMap;

use super::spacing::Spacing;
use crate::{
    Limits, TerminalId,
    bitset::BitSet,
    grammar::{CompileError, CompileErrorKind, Grammar, Lexing, Regular, Symbol},
    regular::{Builder, DEAD, Dfa, DfaError, summary},
};

/// All automata of one grammar: the terminals', then the negative look-aheads'. Immutable.
#[derive(Debug)]
pub(crate) struct Lexer {
    pub(super) dfas: Vec<Dfa>,
    /// Terminal -> automaton of what must not follow it.
    pub(super) guards: Vec<Option<u32>>,
    /// Terminal -> terminals that do not begin where it ends; empty if all do.
    pub(super) not_before: Vec<BitSet>,
    pub(super) rule: Lexing,
    pub(super) terminals: usize,
    /// Terminals dropped between lexemes.
    pub(super) ignored: BitSet,
    /// Terminals that neither a production has nor anybody drops: what is read only to be refused.
    pub(super) unwanted: BitSet,
    /// Byte -> class: bytes of a class lead to the same states in all automata.
    pub(super) classes: Box<[u8; 256]>,
    /// One byte of each class.
    pub(super) representatives: Vec<u8>,
    /// How blanks keep lexemes apart.
    pub(super) spacing: Spacing,
}

impl Lexer {
    /// Compiles the terminals.
    ///
    /// Priorities are settled here, once: under the longest-match rule the texts of a terminal are taken out of every
    /// overlapping terminal of lower priority. The set of texts that are a lexeme at all does not change, so neither does
    /// the longest match.
    pub(crate) fn new(grammar: &Grammar, limits: &Limits) -> Result<Self, CompileError> {
        let terminals = grammar.terminals();
        let mut builder = Builder::new(limits);
        let mut dfas = Vec::with_capacity(terminals.len());
        for terminal in terminals {
            let dfa = builder.build(&terminal.language).map_err(|e| refusal(&terminal.name, e))?;
            if dfa.start() == DEAD {
                return Err(CompileErrorKind::VoidTerminal(terminal.name.clone()).into());
            }
            if dfa.accepts(dfa.start()) {
                return Err(CompileErrorKind::EmptyTerminal(terminal.name.clone()).into());
            }
            dfas.push(dfa);
        }
        if grammar.lexing() == Lexing::Longest {
            settle_priorities(grammar, &mut dfas, &mut builder)?;
        }
        let mut guards = vec![None; terminals.len()];
        // Many terminals have the same guard, such as the end of a word.
        let mut same_guards: FxHashMap<u64, Vec<(&Regular, Option<u32>)>> = FxHashMap::default();
        for (guard, terminal) in guards.iter_mut().zip(terminals) {
            let Some(language) = &terminal.not_followed_by else { continue };
            let same_guards = same_guards.entry(summary(language)).or_default();
            if let Some((_, same)) = same_guards.iter().find(|(other, _)| *other == language) {
                *guard = *same;
                continue;
            }
            let dfa = builder.build(language).map_err(|e| refusal(&terminal.name, e))?;
            if dfa.start() != DEAD && dfa.extends(dfa.start()) {
                *guard = Some(dfas.len() as u32);
                dfas.push(dfa);
            }
            same_guards.push((language, *guard));
        }
        let mut not_before = Vec::with_capacity(terminals.len());
        for terminal in terminals {
            // Most have none, and many sets of many terminals would be large.
            let universe = if terminal.not_before.is_empty() { 0 } else { terminals.len() };
            let mut others = BitSet::new(universe);
            terminal.not_before.iter().for_each(|other| others.insert(other.index()));
            not_before.push(others);
        }
        let mut ignored = BitSet::new(terminals.len());
        for (i, terminal) in terminals.iter().enumerate() {
            if terminal.ignore {
                ignored.insert(i);
            }
        }
        let mut unwanted = ignored.complement(terminals.len());
        for production in grammar.productions() {
            for symbol in &production.rhs {
                if let Symbol::Terminal(terminal) = symbol {
                    unwanted.remove(terminal.index());
                }
            }
        }
        let (classes, representatives) = common_classes(&dfas);
        let spacing =
            Spacing::new(&dfas, &guards, &not_before, &ignored, &representatives, grammar);
        Ok(Self {
            spacing,
            dfas,
            guards,
            not_before,
            rule: grammar.lexing(),
            terminals: terminals.len(),
            ignored,
            unwanted,
            classes,
            representatives,
        })
    }

    /// The automaton of a terminal.
    pub(crate) fn automaton(&self, terminal: TerminalId) -> &Dfa {
        &self.dfas[terminal.index()]
    }

    /// The class of a byte.
    #[inline]
    pub(crate) fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
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
    builder: &mut Builder<'_>,
) -> Result<(), CompileError> {
    let terminals = grammar.terminals();
    let lowest = terminals.iter().map(|terminal| terminal.priority).min();
    let winners: Vec<(usize, Dfa)> = (terminals.iter().enumerate())
        .filter(|(_, terminal)| Some(terminal.priority) > lowest)
        .map(|(i, _)| (i, dfas[i].clone()))
        .collect();
    for (low, terminal) in terminals.iter().enumerate() {
        let refused = |error| refusal(&terminal.name, error);
        builder.spend(winners.len()).map_err(refused)?;
        let original = dfas[low].clone();
        for (high, winner) in &winners {
            if terminals[*high].priority > terminal.priority
                && builder.overlap(winner, &original).map_err(refused)?
            {
                dfas[low] = builder.product(&dfas[low], winner, |a, b| a && !b).map_err(refused)?;
            }
        }
    }
    Ok(())
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
    let mut count = 1;
    // (class so far, the automaton's class) -> class, plus one.
    let mut pairs: Vec<u16> = Vec::new();
    for dfa in dfas {
        pairs.clear();
        pairs.resize(count * dfa.stride(), 0);
        count = 0;
        for (class, other) in classes.iter_mut().zip(dfa.classes()) {
            let pair = &mut pairs[usize::from(*class) * dfa.stride() + usize::from(*other)];
            if *pair == 0 {
                count += 1;
                *pair = count as u16;
            }
            *class = (*pair - 1) as u8;
        }
    }
    let mut representatives = vec![0; count];
    for byte in (0..=255u8).rev() {
        representatives[classes[byte as usize] as usize] = byte;
    }
    (classes, representatives)
}
