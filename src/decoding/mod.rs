//! From logits to text: sampling under a mask, stop sequences, streaming, the loop that ties them together.
//!
//! Knows of a model only the [`Logits`] trait, and of a grammar only the [`Constraint`](crate::Constraint). The order of
//! one step is fixed: the mask first, then the logits, then one draw among the allowed tokens. A token that the mask
//! leaves no choice about costs neither logits nor a draw; nor does one of a text that must come, if the tokenizer is
//! there to say how it is spelled. What will probably come may be read ahead ([`Drafter`]).

mod ahead;
mod answer;
mod batch;
mod best;
mod cost;
mod decode;
mod draft;
mod error;
mod guide;
mod habits;
mod likely;
mod logits;
mod sampler;
mod sequence;
mod settings;
mod spelling;
mod stats;
mod stop;
mod stream;

pub use answer::{Finish, Generation, Options, Thinking};
pub use batch::{Job, run_all};
pub use decode::Decoder;
pub use draft::Drafter;
pub use error::DecodeError;
pub use logits::{Logits, LogitsError};
pub use sampler::{SampleError, Sampler};
pub use settings::{Sampling, SettingsError};
pub use spelling::Speller;
pub use stats::Stats;
pub use stop::{StopError, StopSequences};
