//! How can a grammar's text be ended? The moves of [`crate::ending`]: lexemes by the cheapest ways on that the parser knows.

mod lexeme;

use std::sync::{Arc, OnceLock};

use self::lexeme::Lexemes;
use crate::{
    CompiledGrammar, TerminalId, Vocabulary,
    ending::{Cost, Move, Reading, Text},
    parser::{Ask, Rests, SetId, Shortest},
    recognizer::{Hypothesis, Reader},
};

/// Ways on from one place that are looked at, at first.
const WAYS: usize = 4;

/// Steps of the parser that cost about as much as a byte that is read.
const STEPS: u64 = 8;

/// Texts that may stand between lexemes, at most.
const GAPS: usize = 4;

/// What is known of the ends of a grammar's texts, over a vocabulary.
#[derive(Debug, Default)]
pub(super) struct Ends {
    /// Whatever texts are read; made when somebody first asks.
    known: OnceLock<Known>,
    /// What is left of stacks.
    rests: Rests,
}

#[derive(Debug)]
struct Known {
    lexemes: Lexemes,
    /// Texts of each terminal, alone and after what may stand between lexemes; the cheapest first.
    texts: Vec<Box<[Text]>>,
    /// The cost of each terminal.
    costs: Vec<Cost>,
    shortest: Shortest,
}

impl Known {
    fn new(grammar: &CompiledGrammar, vocabulary: &Vocabulary) -> Self {
        let lexer = &grammar.lexer;
        let lexemes = Lexemes::new(vocabulary);
        let count = grammar.grammar().terminals().len();
        let own: Vec<Arc<[Text]>> = (0..count)
            .map(TerminalId::new)
            .map(|t| lexemes.endings(lexer, vocabulary, t, lexer.automaton(t).start()))
            .collect();
        let mut gaps: Vec<Text> =
            lexer.ignored().iter().flat_map(|t| own[t].iter().take(2).cloned()).collect();
        gaps.sort_by_key(|gap| gap.cost);
        gaps.truncate(GAPS);
        let gaps: Vec<&[u8]> =
            std::iter::once(&[][..]).chain(gaps.iter().map(|gap| &*gap.bytes)).collect();
        let texts: Vec<Box<[Text]>> = own
            .iter()
            .map(|texts| {
                let after =
                    |gap: &[u8], text: &Text| Text::new([gap, &text.bytes].concat(), vocabulary);
                let mut all: Vec<Text> = gaps
                    .iter()
                    .flat_map(|gap| texts.iter().filter_map(move |text| after(gap, text)))
                    .collect();
                all.sort_by_key(|text| text.cost);
                all.into()
            })
            .collect();
        let costs: Vec<Cost> =
            texts.iter().map(|texts| texts.first().map_or(Cost::MAX, |text| text.cost)).collect();
        let shortest = Shortest::new(&grammar.normal, &costs);
        Self { lexemes, texts, costs, shortest }
    }
}

/// A grammar's texts, to be ended.
pub(super) struct Ending<'a> {
    reader: Reader<'a>,
    vocabulary: &'a Vocabulary,
    known: &'a Known,
    rests: &'a Rests,
}

impl Ends {
    /// To look for an end of what this reader reads.
    pub(super) fn reading<'a>(
        &'a self,
        reader: Reader<'a>,
        vocabulary: &'a Vocabulary,
    ) -> Ending<'a> {
        let known = self.known.get_or_init(|| Known::new(reader.grammar, vocabulary));
        Ending { reader, vocabulary, known, rests: &self.rests }
    }

    /// Estimated bytes.
    pub(super) fn bytes(&self) -> usize {
        self.rests.bytes()
    }
}

impl Ending<'_> {
    fn ask(&self) -> Ask<'_> {
        Ask {
            stacks: &self.reader.tables.stacks,
            lr: &self.reader.grammar.lr,
            grammar: &self.reader.grammar.normal,
            shortest: &self.known.shortest,
            rests: self.rests,
        }
    }

    /// Lexemes that may begin where the parser stands so.
    fn begin(&self, set: SetId, wide: bool, moves: &mut Vec<Move>) {
        if set == SetId::DEAD {
            return;
        }
        if !wide {
            for way in self.ask().ways(set).into_iter().take(WAYS) {
                let left = way.cost - self.known.costs[way.terminal.index()];
                self.write(way.terminal, left, moves);
            }
            return;
        }
        for terminal in self.reader.closure(set).viable.iter().map(TerminalId::new) {
            let after = self.reader.advance(set, terminal);
            if after != SetId::DEAD {
                self.write(terminal, self.ask().least(after), moves);
            }
        }
    }

    fn write(&self, terminal: TerminalId, left: Cost, moves: &mut Vec<Move>) {
        moves.extend(self.known.texts[terminal.index()].iter().map(|text| Move {
            text: text.bytes.clone(),
            cost: text.cost,
            left,
        }));
    }
}

impl Reading for Ending<'_> {
    type At = Hypothesis;

    fn step(&self, at: &[Hypothesis], byte: u8, next: &mut Vec<Hypothesis>) {
        self.reader.step(at, byte, next);
    }

    fn weight(&self, at: &[Hypothesis]) -> usize {
        let steps = at.iter().map(|at| self.reader.closure(at.set).steps / STEPS);
        steps.fold(0, u64::saturating_add).try_into().unwrap_or(usize::MAX)
    }

    fn is_spent(&self) -> bool {
        self.reader.allowance.left() == 0
    }

    fn is_complete(&self, at: &[Hypothesis]) -> bool {
        self.reader.is_complete(at)
    }

    fn moves(&self, at: &[Hypothesis], wide: bool, moves: &mut Vec<Move>) {
        let (lexer, tables) = (&self.reader.grammar.lexer, self.reader.tables);
        for &Hypothesis { config, set } in at {
            if self.reader.is_fresh(config) {
                self.begin(set, wide, moves);
                continue;
            }
            for &(terminal, _) in self.reader.ends(config) {
                self.begin(self.reader.advance(set, terminal), wide, moves);
            }
            for (terminal, state) in tables.lex.parts(lexer, config) {
                // What is a whole lexeme already is mostly best left as it is.
                if !wide && lexer.automaton(terminal).accepts(state) {
                    continue;
                }
                let after = self.reader.advance(set, terminal);
                if after == SetId::DEAD {
                    continue;
                }
                let left = self.ask().least(after);
                let texts = self.known.lexemes.endings(lexer, self.vocabulary, terminal, state);
                moves.extend(texts.iter().map(|text| Move {
                    text: text.bytes.clone(),
                    cost: text.cost,
                    left,
                }));
            }
        }
    }
}
