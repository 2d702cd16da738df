//! llguidance as an engine: default features, default slices, default limits.

use constrained_gen::Vocabulary;
use llguidance::{Matcher, ParserFactory, api::TopLevelGrammar};

use crate::engines::{Compiled, Engine, Refusal, Sequence};
use crate::factory;

/// The peer.
pub(crate) struct Llguidance {
    factory: ParserFactory,
}

impl Llguidance {
    pub(crate) fn new(vocabulary: &Vocabulary) -> anyhow::Result<Self> {
        Ok(Self { factory: factory::factory(vocabulary)? })
    }
}

impl Engine for Llguidance {
    fn name(&self) -> &'static str {
        "llguidance"
    }

    fn compile(&mut self, schema: &str) -> Result<Box<dyn Compiled>, Refusal> {
        let refusal = |message: String| Refusal { message, ..Refusal::default() };
        let value = serde_json::from_str(schema).map_err(|error| refusal(error.to_string()))?;
        let grammar = TopLevelGrammar::from_json_schema(value);
        let matcher = Matcher::new(self.factory.create_parser(grammar));
        match matcher.get_error() {
            Some(message) => Err(refusal(message)),
            None => Ok(Box::new(Schema(matcher))),
        }
    }
}

struct Schema(Matcher);

impl Compiled for Schema {
    /// The clone shares the lexer's automaton, so that later sequences find warm what earlier ones built. (The published
    /// runs of MaskBench copied it deeply, which is slower.)
    fn start(&self) -> Box<dyn Sequence> {
        Box::new(self.0.clone())
    }
}

impl Sequence for Matcher {
    fn fill(&mut self, row: &mut [u32]) -> Result<(), String> {
        let mask = self.compute_mask_or_eos().map_err(|error| error.to_string())?;
        let words = mask.as_slice();
        let shared = words.len().min(row.len());
        row[..shared].copy_from_slice(&words[..shared]);
        row[shared..].fill(0);
        Ok(())
    }

    fn accept(&mut self, token: u32) -> Result<(), String> {
        self.consume_token(token).map_err(|error| error.to_string())
    }

    fn may_end(&mut self) -> bool {
        self.is_accepting().unwrap_or(false)
    }
}
