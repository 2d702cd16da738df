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
