//! The Qwen3 runtime on candle (feature `candle`): a directory in Hugging Face form becomes a model that reads prompts
//! and scores tokens.
//!
//! [`Model`] is what was loaded, immutable and shared; a [`Session`] is one sequence under it and implements
//! [`Logits`](crate::decoding::Logits). No grammar here, and no module below this one knows a tensor.
//!
//! The forward pass is this crate's own: hidden states are apart from the head, the cache of keys and values can be cut
//! back and copied, adapters stay apart from the weights, and a few logits cost a few rows. On the processor it also
//! answers the same to the bit however a text is cut into calls, whatever is read beside it, and on any number of threads
//! (`kernel`); on GPUs it is candle's tensors.

mod adapter;
mod adapter_config;
mod attention;
mod cache;
mod chat;
mod config;
mod device;
mod embedded;
mod error;
mod footprint;
mod gguf;
mod host;
mod kernel;
mod load;
mod qwen3;
mod random;
mod rope;
mod session;
mod source;
mod tensors;
mod weights;

pub use adapter::Adapter;
pub use cache::KvCache;
pub use chat::{ChatPrompt, PromptEncoder};
pub use config::Config;
pub use device::DeviceChoice;
pub use error::ModelError;
pub use footprint::Footprint;
pub use host::Part;
pub use kernel::WeightFormat;
pub use load::{Model, ModelOptions};
pub use qwen3::{Hidden, Qwen3};
pub use rope::{RopeRule, RopeScaling, scaled_base};
pub use session::Session;
