//! This library as an engine.

use std::sync::Arc;

use constrained_gen::{Automaton, Constraint, Limits, TokenId, Vocabulary, library};

use crate::engines::{Compiled, Engine, Refusal, Sequence};

/// Our engine. STAND-IN: every schema compiles to the grammar `json` until the schema compiler is there.
pub(crate) struct Ours {
    json: Arc<Automaton>,
}

impl Ours {
    pub(crate) fn new(vocabulary: &Arc<Vocabulary>, _lenient: bool) -> anyhow::Result<Self> {
        let limits = Limits::default();
        let grammar = library::grammar("json", &limits)?;
        Ok(Self { json: Automaton::new(&grammar, Arc::clone(vocabulary), &limits)? })
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "constrained-gen"
    }

    fn compile(&mut self, schema: &str) -> Result<Box<dyn Compiled>, Refusal> {
        let _: serde_json::Value = serde_json::from_str(schema)
            .map_err(|error| Refusal { message: error.to_string(), ..Refusal::default() })?;
        Ok(Box::new(Schema(Arc::clone(&self.json))))
    }
}

struct Schema(Arc<Automaton>);

impl Compiled for Schema {
    fn start(&self) -> Box<dyn Sequence> {
        Box::new(self.0.constraint())
    }
}

impl Sequence for Constraint {
    fn fill(&mut self, row: &mut [u32]) -> Result<(), String> {
        Constraint::fill(self, row).map_err(|error| error.to_string())
    }

    fn accept(&mut self, token: u32) -> Result<(), String> {
        Constraint::accept(self, TokenId(token)).map_err(|error| error.to_string())
    }

    fn may_end(&mut self) -> bool {
        self.is_complete()
    }
}
