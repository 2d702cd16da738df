//! What untrusted input may cost.

use std::time::Duration;

/// Bounds on grammars, compilation and the automaton's memory. The default is meant for untrusted input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one grammar text, imports and the caller's lists included. Default 1 MiB.
    pub grammar_bytes: usize,
    /// Nesting of brackets in a grammar text or a regular expression. Default 100.
    pub nesting: usize,
    /// Productions after lowering (repetitions and templates expanded). Default 50,000.
    pub productions: usize,
    /// Symbols (terminals and nonterminals) after lowering. Default 200,000.
    pub symbols: usize,
    /// Nesting of a JSON Schema's text, or of an instance's that is judged: two or three levels of it are one of the schema.
    /// Default 300.
    pub schema_nesting: usize,
    /// Bytes of one JSON Schema, or of an instance that is judged. Default 1 MiB.
    pub schema_bytes: usize,
    /// Elementary steps of reading one JSON Schema and of everything that is asked of it. Default 5 million.
    pub schema_work: u64,
    /// Elementary steps of compiling one grammar: states of expressions, cells of automata, terminals compared with each
    /// other. Default 16 million.
    pub grammar_work: u64,
    /// Time that compiling one grammar or schema may take, looked at now and then; nothing is looked at if `None`. The other
    /// limits keep it short on any machine, and say the same each time. Default 10 s.
    pub compile_time: Option<Duration>,
    /// Parameters of one template of a grammar. Default 100.
    pub parameters: usize,
    /// Upper bound of a bounded repetition, nested ones multiplied. Default 10,000.
    pub repetition: u32,
    /// Bytes of one regular expression. Default 16 KiB.
    pub regex_bytes: usize,
    /// States of one terminal's automaton. Default 50,000.
    pub dfa_states: usize,
    /// Bytes of memory for one terminal's automaton while it is built. Default 16 MiB.
    pub dfa_bytes: usize,
    /// Bytes of everything memoised by one automaton (states, trees, masks). Default 256 MiB.
    pub automaton_bytes: usize,
    /// Bytes of compiled schemas kept for the next request, everything that they have memoised included; 0 keeps none.
    /// Default 64 MiB.
    pub cache_bytes: usize,
    /// Elementary steps of one mask or one accepted token. Default 50 million.
    pub step_work: u64,
    /// Bytes of one token; a vocabulary with a longer one is refused. Default 4 KiB.
    pub token_bytes: usize,
    /// Entries of an expert's package, directories included. Default 100.
    pub package_files: usize,
    /// Bytes of an expert's package, unpacked. Default 1 GiB.
    pub package_bytes: u64,
    /// How many times as long as its archive an unpacked package may be. Default 100.
    pub package_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            grammar_bytes: 1 << 20,
            nesting: 100,
            productions: 50_000,
            symbols: 200_000,
            schema_nesting: 300,
            schema_bytes: 1 << 20,
            schema_work: 5_000_000,
            grammar_work: 16_000_000,
            compile_time: Some(Duration::from_secs(10)),
            parameters: 100,
            repetition: 10_000,
            regex_bytes: 16 << 10,
            dfa_states: 50_000,
            dfa_bytes: 16 << 20,
            automaton_bytes: 256 << 20,
            cache_bytes: 64 << 20,
            step_work: 50_000_000,
            token_bytes: 4 << 10,
            package_files: 100,
            package_bytes: 1 << 30,
            package_ratio: 100,
        }
    }
}

impl Limits {
    /// The default: for grammars and schemas from anywhere.
    pub fn untrusted() -> Self {
        Self::default()
    }

    /// For grammars and schemas of one's own: large ones compile, and what goes wrong takes long. Nothing is without a bound.
    pub fn trusted() -> Self {
        Self {
            grammar_bytes: 64 << 20,
            nesting: 250,
            productions: 1_000_000,
            symbols: 4_000_000,
            schema_bytes: 64 << 20,
            schema_work: 1_000_000_000,
            grammar_work: 2_000_000_000,
            compile_time: None,
            parameters: 1_000,
            repetition: 100_000,
            regex_bytes: 1 << 20,
            dfa_states: 1_000_000,
            dfa_bytes: 512 << 20,
            automaton_bytes: 1 << 30,
            cache_bytes: 1 << 30,
            step_work: 1_000_000_000,
            ..Self::default()
        }
    }

    /// [`compile_time`](Self::compile_time) as errors have it; 0 if there is none.
    pub(crate) fn compile_milliseconds(&self) -> u64 {
        self.compile_time.map_or(0, |time| time.as_millis().try_into().unwrap_or(u64::MAX))
    }
}
