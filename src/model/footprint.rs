//! What will a model take in memory? Known from the headers of its files, before anything is loaded.

use std::{fmt, path::Path};

use super::{
    Config, ModelError, embedded,
    gguf::Gguf,
    load::{is_gguf, needed},
    weights::Weights,
};

/// Bytes that an automaton is counted with: what those of the grammars that ship take on answers of some length.
const AUTOMATON: u64 = 64 << 20;

/// Rows that a cache begins with; then it doubles.
const FIRST_ROWS: u64 = 256;

/// Bytes that answering a request will take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Footprint {
    /// Of the weights, as they are held.
    pub weights: u64,
    /// Of keys and values.
    pub cache: u64,
    /// Of the adapter: its file, and its numbers in f32.
    pub adapter: u64,
    /// Of the automaton of a grammar or schema.
    pub automaton: u64,
}

impl Footprint {
    /// Of a model directory or GGUF file, or the embedded model, with so many tokens of one text. Reads headers only.
    ///
    /// # Errors
    /// A file is missing or broken.
    pub fn of(model: Option<&Path>, tokens: usize) -> Result<Self, ModelError> {
        let (config, weights) = match model {
            None => (embedded::config()?, embedded::weight_bytes()),
            Some(path) if is_gguf(path) => {
                let file = Gguf::open(path)?;
                (file.config()?, file.bytes())
            }
            Some(path) => {
                let (name, json) = needed(path, super::load::CONFIG)?;
                (Config::from_json(&name, &json)?, Weights::open(path)?.bytes())
            }
        };
        let context = config.rope_scaling.context(config.max_position_embeddings) as u64;
        let rows = (tokens as u64).min(context);
        let doubled = rows.div_ceil(FIRST_ROWS).next_power_of_two().saturating_mul(FIRST_ROWS);
        let cache = doubled.saturating_mul(Self::bytes_per_token(&config));
        Ok(Self { weights, cache, adapter: 0, automaton: 0 })
    }

    /// Bytes of the keys and values of one token.
    pub fn bytes_per_token(config: &Config) -> u64 {
        let rows = 2 * config.num_hidden_layers as u64 * config.num_key_value_heads as u64;
        rows.saturating_mul(config.head_dim as u64).saturating_mul(size_of::<f32>() as u64)
    }

    /// With an adapter whose file has so many bytes; its numbers may be of half the width that they are held in.
    #[must_use]
    pub fn with_adapter(mut self, file: u64) -> Self {
        self.adapter = file.saturating_mul(3);
        self
    }

    /// With a grammar or a schema.
    #[must_use]
    pub fn with_automaton(mut self) -> Self {
        self.automaton = AUTOMATON;
        self
    }

    /// The sum.
    pub fn total(&self) -> u64 {
        self.weights
            .saturating_add(self.cache)
            .saturating_add(self.adapter)
            .saturating_add(self.automaton)
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        write!(
            f,
            "weights {} + cache {} + adapter {} + automaton {} = {} MB",
            megabytes(self.weights),
            megabytes(self.cache),
            megabytes(self.adapter),
            megabytes(self.automaton),
            megabytes(self.total())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footprint_is_a_sum_that_cannot_overflow() {
        let embedded = Footprint::of(None, 300).unwrap();
        assert!(embedded.weights > 1_000_000 && embedded.weights < 50_000_000);
        let more = embedded.with_adapter(1000).with_automaton();
        assert_eq!(more.total(), embedded.total() + 3000 + AUTOMATON);
        assert_eq!(Footprint::of(None, 100).unwrap().cache * 2, embedded.cache);
        assert!(Footprint::of(None, usize::MAX).is_ok());
        assert_eq!(embedded.with_adapter(u64::MAX).total(), u64::MAX);
        // 28 layers of 8 heads of 128 numbers, keys and values.
        assert_eq!(Footprint::bytes_per_token(&Config::qwen3_0_6b()), 229_376);
        assert!(more.to_string().ends_with(" MB"), "{more}");
    }
}
