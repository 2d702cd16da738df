//! This library as an engine.

use std::sync::Arc;

use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, SchemaError, TokenId, Vocabulary,
    schema::SchemaOptions,
};

use crate::{
    Arguments,
    engines::{Compiled, Engine, Refusal, Sequence},
};

/// Our engine.
pub(crate) struct Ours {
    compiler: SchemaCompiler,
    options: SchemaOptions,
}

impl Ours {
    pub(crate) fn new(vocabulary: &Arc<Vocabulary>, arguments: &Arguments) -> anyhow::Result<Self> {
        let mut options = SchemaOptions::default();
        options.lenient = arguments.lenient;
        options.unique_names = arguments.unique_names;
        let mut limits = if arguments.trusted { Limits::trusted() } else { Limits::untrusted() };
        if let Some(mib) = arguments.cache_mib {
            limits.cache_bytes = mib << 20;
        }
        let compiler = SchemaCompiler::new(Arc::clone(vocabulary), &limits);
        Ok(Self { compiler, options })
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "constrained-gen"
    }

    fn compile(&mut self, schema: &str) -> Result<Box<dyn Compiled>, Refusal> {
        let automaton =
            self.compiler.compile(schema, &self.options).map_err(|error| refusal(&error))?;
        Ok(Box::new(Schema(automaton)))
    }
}

fn refusal(error: &SchemaError) -> Refusal {
    Refusal {
        keyword: Some(error.keyword().to_owned()).filter(|keyword| !keyword.is_empty()),
        pointer: Some(error.pointer().to_owned()),
        message: error.message().to_owned(),
    }
}

struct Schema(Arc<Automaton>);

impl Compiled for Schema {
    fn start(&self) -> Box<dyn Sequence> {
        Box::new(self.0.constraint())
    }

    fn warnings(&self) -> Vec<Refusal> {
        let warnings = self.0.schema().map(|schema| schema.warnings());
        warnings.unwrap_or_default().iter().map(refusal).collect()
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
