//! Random sentences of a grammar, token by token under the mask: no model, only chance.
//!
//! A [`Sampler`] walks as a model would: mask, token, accept. How it chooses is a [`Weighting`]; when the token limit
//! nears it steers towards the end, so that what it returns is always a whole sentence. Everything it does depends on
//! the seed and the number of the walk alone.

mod coverage;
mod example;
mod plan;
mod steer;
mod walk;

pub use coverage::Coverage;
pub use walk::{Sampler, SamplingError, Settings, Taken, Walk, Weighting};

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        Automaton, Limits, TokenId, Vocabulary,
        frontend::{NoSources, lark},
    };

    /// The automaton of a grammar over single bytes.
    pub(super) fn over_bytes(text: &str) -> Arc<Automaton> {
        let limits = Limits::default();
        let grammar = lark::parse("test", text, None, &NoSources, &limits).unwrap();
        let bytes = (0..=255).map(|byte| vec![byte]).chain([vec![b'$']]).collect();
        let vocabulary = Vocabulary::new(bytes, &[], &[TokenId(256)]).unwrap();
        Automaton::new(&grammar, Arc::new(vocabulary), &limits).unwrap()
    }
}
