//! The model that ships: a few megabytes, so that everything can be tried without a download.
//!
//! It is a demonstration of the true architecture, trained on questions over small invented schemas (`training/README.md`
//! says how well it answers them), and no more than that.

use super::{Config, Model, ModelError, ModelOptions, load::Files, weights::Weights};

macro_rules! demo {
    ($file:literal) => {
        (concat!("models/demo/", $file), include_bytes!(concat!("../../models/demo/", $file)))
    };
}

const CONFIG: (&str, &[u8]) = demo!("config.json");
const GENERATION: (&str, &[u8]) = demo!("generation_config.json");
const TOKENIZER: (&str, &[u8]) = demo!("tokenizer.json");
const WEIGHTS: (&str, &[u8]) = demo!("model.safetensors");

/// Its shape.
pub(super) fn config() -> Result<Config, ModelError> {
    Config::from_json(CONFIG.0, CONFIG.1)
}

/// Bytes of its weights.
pub(super) fn weight_bytes() -> u64 {
    WEIGHTS.1.len() as u64
}

/// Bytes of its tokenizer.
pub(super) fn tokenizer_bytes() -> u64 {
    TOKENIZER.1.len() as u64
}

impl Model {
    /// The demonstration model that is part of this crate.
    ///
    /// # Errors
    /// The device cannot be opened.
    ///
    /// ```
    /// use constrained_gen::model::{Model, ModelOptions};
    ///
    /// let model = Model::embedded(&ModelOptions::default())?;
    /// assert!(model.vocabulary().added_token("<|im_end|>").is_some());
    /// # Ok::<(), constrained_gen::model::ModelError>(())
    /// ```
    pub fn embedded(options: &ModelOptions) -> Result<Self, ModelError> {
        let mut weights = Weights::from_bytes(WEIGHTS.0, WEIGHTS.1)?;
        let files = Files { config: CONFIG, generation: Some(GENERATION), tokenizer: TOKENIZER };
        let mut model = Self::assemble(&files, &mut weights, options)?;
        model.embedded = true;
        Ok(model)
    }
}
