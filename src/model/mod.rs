//! The Qwen3 runtime on candle (feature `candle`): a directory in Hugging Face form becomes a model that reads prompts
//! and scores tokens.
//!
//! [`Model`] is what was loaded, immutable and shared; a [`Session`] is one sequence under it and implements
//! [`Logits`](crate::decoding::Logits). No grammar here, and no module below this one knows a tensor.
//!
//! The forward pass is this crate's own, on candle's kernels: hidden states are apart from the head, and the cache of
//! keys and values can be cut back, which the stock types of candle-transformers do not offer.

mod attention;
mod cache;
mod chat;
mod config;
mod device;
mod embedded;
mod error;
mod load;
mod qwen3;
mod rope;
mod session;
mod weights;

pub use cache::KvCache;
pub use chat::{ChatPrompt, PromptEncoder};
pub use config::Config;
pub use device::DeviceChoice;
pub use error::ModelError;
pub use load::{Model, ModelOptions};
pub use qwen3::Qwen3;
pub use rope::{RopeRule, scaled_base};
pub use session::Session;
