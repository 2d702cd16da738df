//! Models by chance, to measure what a shape and a format cost on a machine: speed does not depend on the weights.

use std::sync::Arc;

use super::{
    Config, ModelError, ModelOptions, Qwen3, RopeScaling,
    kernel::{Dice, Matrix, WeightFormat},
    source::Source,
};

impl Config {
    /// The shape of Qwen3-0.6B.
    pub fn qwen3_0_6b() -> Self {
        Self {
            vocab_size: 151_936,
            hidden_size: 1024,
            intermediate_size: 3072,
            num_hidden_layers: 28,
            num_attention_heads: 16,
            num_key_value_heads: 8,
            head_dim: 128,
            max_position_embeddings: 40_960,
            rms_norm_eps: 1e-6,
            rope_theta: 1e6,
            rope_scaling: RopeScaling::None,
            tie_word_embeddings: true,
            eos_token_ids: vec![151_645],
        }
    }
}

impl Qwen3 {
    /// A model of this shape with weights by chance, always the same ones for a seed.
    ///
    /// # Errors
    /// The device cannot be opened.
    pub fn random(
        config: Config,
        format: WeightFormat,
        seed: u64,
        options: &ModelOptions,
    ) -> Result<Self, ModelError> {
        let layers = config.num_hidden_layers;
        Self::load(config, options, &mut Random { format, layers, dice: Dice::new(seed) })
    }
}

struct Random {
    format: WeightFormat,
    layers: usize,
    dice: Dice,
}

impl Source for Random {
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Arc<Matrix>, ModelError> {
        let format = self.format.of(name, self.layers);
        Ok(Arc::new(Matrix::random(format, rows, columns, &mut self.dice)))
    }

    fn vector(&mut self, _: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.dice.numbers(length, 0.2).into_iter().map(|x| 1.0 + x).collect())
    }
}
