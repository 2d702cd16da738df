//! What a model directory can be refused for.

use crate::vocab::VocabularyError;

/// A model that cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file of the model directory is not there.
    #[error(
        "{directory}: no {file}; a model directory has config.json, tokenizer.json and model.safetensors (or its parts with model.safetensors.index.json)"
    )]
    Missing {
        /// The directory.
        directory: String,
        /// The file.
        file: &'static str,
    },
    /// A file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A configuration file is wrong, or asks for what is not implemented.
    #[error("{file}: {field}: {problem}")]
    Config {
        /// The file.
        file: String,
        /// The field, as a JSON pointer; `/` is the whole file.
        field: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A weight file is broken, or does not fit the configuration.
    #[error("{file}: {}{problem}", tensor.as_ref().map(|t| format!("tensor {t}: ")).unwrap_or_default())]
    Weights {
        /// The file.
        file: String,
        /// The tensor; none where the file as a whole is meant.
        tensor: Option<String>,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A tensor of an adapter has another shape than the model and the adapter's rank ask for.
    #[error(
        "{file}: tensor {tensor}: shape {found:?}, but the model and the adapter's rank ask for {expected:?}"
    )]
    AdapterShape {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: Vec<usize>,
    },
    /// The tokenizer's vocabulary cannot be used.
    #[error("{file}: {source}")]
    Vocabulary {
        /// The file.
        file: String,
        /// Why.
        source: VocabularyError,
    },
    /// The tokenizer cannot be used, or does not fit the model.
    #[error("{file}: {problem}")]
    Tokenizer {
        /// The file.
        file: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// A prompt cannot be encoded.
    #[error("prompt: {problem}")]
    Prompt {
        /// What is wrong.
        problem: String,
    },
    /// The device cannot be used.
    #[error("device {device}: {problem}")]
    Device {
        /// The device, as it was asked for.
        device: String,
        /// Why not.
        problem: String,
    },
    /// A tensor operation failed.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
}
