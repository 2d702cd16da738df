//! The forward pass on a GPU: the same steps as on the processor, as products of tensors in f32.
//!
//! All tensors of a call are [tokens, ...]: one sequence, no batch. On the processor it is slower, and there for tests: a
//! second opinion.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use super::{
    Config, KvCache, ModelError,
    attention::attend,
    rope::{Angles, Rope, RopeTable},
    source::Source,
};
use crate::projection::Projection;

/// Tokens of a prompt that are read at once: bounds the scores of attention (heads x this x context).
const CHUNK: usize = 512;

/// The weights of a model on a device.
#[derive(Debug)]
pub(super) struct Tensors {
    device: Device,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Norm,
    /// Of the shape of the embedding, and the embedding itself where the two are tied.
    head: Tensor,
    rope: Mutex<RopeTable>,
}

#[derive(Debug)]
struct Layer {
    input_norm: Norm,
    attention: Attention,
    post_norm: Norm,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: Norm,
    key_norm: Norm,
    heads: usize,
    kv_heads: usize,
    width: usize,
}

#[derive(Debug)]
struct FeedForward {
    gate: Linear,
    up: Linear,
    down: Linear,
}

/// A product with a matrix [out, in], without bias.
#[derive(Debug)]
struct Linear(Tensor);

impl Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.0.t()?)
    }
}

/// Division by the root of the mean square, then a weight per column.
#[derive(Debug)]
struct Norm {
    weight: Tensor,
    eps: f32,
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::rms_norm(x, &self.weight, self.eps)
    }
}

impl Tensors {
    /// Takes the weights that a configuration asks for.
    pub(super) fn load(
        config: &Config,
        source: &mut dyn Source,
        device: &Device,
    ) -> std::result::Result<Self, ModelError> {
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let mut load = Loader { config, source, device };
        let embedding = load.matrix("model.embed_tokens.weight", vocabulary, hidden)?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&mut load, i))
            .collect::<std::result::Result<_, _>>()?;
        let norm = load.norm("model.norm", hidden)?;
        let head = if config.tie_word_embeddings {
            embedding.clone()
        } else {
            load.matrix("lm_head.weight", vocabulary, hidden)?
        };
        let rope = RopeTable::new(Rope::of(config));
        Ok(Self { device: device.clone(), embedding, layers, norm, head, rope: Mutex::new(rope) })
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// Reads tokens, of which there is at least one, behind those in the cache; their hidden states after the last norm,
    /// [tokens, hidden].
    pub(super) fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        let len = cache.len();
        let angles =
            self.rope.lock().unwrap_or_else(PoisonError::into_inner).angles(len + tokens.len());
        let parts = tokens.chunks(CHUNK).map(|part| self.forward_chunk(part, cache, &angles));
        match parts.collect::<Result<Vec<_>>>() {
            Ok(mut parts) if parts.len() == 1 => Ok(parts.swap_remove(0)),
            Ok(parts) => Tensor::cat(&parts, 0),
            Err(error) => {
                cache.truncate(len);
                Err(error)
            }
        }
    }

    fn forward_chunk(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        angles: &Arc<Angles>,
    ) -> Result<Tensor> {
        let (cos, sin) = rows(angles, cache.len(), tokens.len(), &self.device)?;
        let tokens = Tensor::new(tokens, &self.device)?;
        let mut x = self.embedding.index_select(&tokens, 0)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &cos, &sin, |keys, values| cache.append(i, keys, values))?;
        }
        cache.commit(tokens.dim(0)?);
        self.norm.forward(&x)
    }

    /// The logits of hidden states [tokens, hidden]: [tokens, vocabulary].
    pub(super) fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        hidden.matmul(&self.head.t()?)
    }
}

/// Cosines and sines of `count` positions from `first` on, each [count, head_dim / 2].
fn rows(angles: &Angles, first: usize, count: usize, device: &Device) -> Result<(Tensor, Tensor)> {
    let half = angles.at(first).0.len();
    let some = |values: &[f32]| {
        Tensor::from_slice(&values[first * half..(first + count) * half], (count, half), device)
    };
    Ok((some(&angles.cos)?, some(&angles.sin)?))
}

/// Takes weights as tensors in f32.
struct Loader<'a> {
    config: &'a Config,
    source: &'a mut dyn Source,
    device: &'a Device,
}

impl Loader<'_> {
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> std::result::Result<Tensor, ModelError> {
        let matrix = self.source.matrix(name, rows, columns)?;
        let mut values = vec![0.0; rows * columns];
        for (row, out) in values.chunks_exact_mut(columns).enumerate() {
            matrix.row(row, out);
        }
        Ok(Tensor::from_vec(values, (rows, columns), self.device)?)
    }

    fn norm(&mut self, name: &str, width: usize) -> std::result::Result<Norm, ModelError> {
        let weight = self.source.vector(&format!("{name}.weight"), width)?;
        let weight = Tensor::from_vec(weight, width, self.device)?;
        Ok(Norm { weight, eps: self.config.rms_norm_eps as f32 })
    }
}

impl Layer {
    fn load(load: &mut Loader<'_>, layer: usize) -> std::result::Result<Self, ModelError> {
        let config = load.config;
        let (hidden, width) = (config.hidden_size, config.head_dim);
        let mut linear = |projection: Projection| {
            let (rows, columns) = projection.shape(config);
            let module = projection.module();
            load.matrix(&format!("model.layers.{layer}.{module}.weight"), rows, columns).map(Linear)
        };
        let query = linear(Projection::Query)?;
        let key = linear(Projection::Key)?;
        let value = linear(Projection::Value)?;
        let output = linear(Projection::Output)?;
        let feed_forward = FeedForward {
            gate: linear(Projection::Gate)?,
            up: linear(Projection::Up)?,
            down: linear(Projection::Down)?,
        };
        let mut norm =
            |name: &str, width| load.norm(&format!("model.layers.{layer}.{name}"), width);
        let (query_norm, key_norm) =
            (norm("self_attn.q_norm", width)?, norm("self_attn.k_norm", width)?);
        Ok(Self {
            input_norm: norm("input_layernorm", hidden)?,
            post_norm: norm("post_attention_layernorm", hidden)?,
            attention: Attention {
                query,
                key,
                value,
                output,
                query_norm,
                key_norm,
                heads: config.num_attention_heads,
                kv_heads: config.num_key_value_heads,
                width,
            },
            feed_forward,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        append: impl FnOnce(&Tensor, &Tensor) -> Result<(Tensor, Tensor)>,
    ) -> Result<Tensor> {
        let read = self.attention.forward(&self.input_norm.forward(x)?, cos, sin, append)?;
        let x = (x + read)?;
        let thought = self.feed_forward.forward(&self.post_norm.forward(&x)?)?;
        x + thought
    }
}

impl Attention {
    fn forward(
        &self,
        x: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        append: impl FnOnce(&Tensor, &Tensor) -> Result<(Tensor, Tensor)>,
    ) -> Result<Tensor> {
        let n = x.dim(0)?;
        // Norm and rotation are per head: [tokens, heads, width].
        let rotate = |x: Tensor, heads: usize, norm: &Norm| -> Result<Tensor> {
            let x = norm.forward(&x.reshape((n, heads, self.width))?)?;
            rotary_emb::rope_thd(&x.unsqueeze(0)?, cos, sin)?.squeeze(0)
        };
        let queries = rotate(self.query.forward(x)?, self.heads, &self.query_norm)?;
        let keys = rotate(self.key.forward(x)?, self.kv_heads, &self.key_norm)?;
        let values = self.value.forward(x)?.reshape((n, self.kv_heads, self.width))?;
        let by_head = |x: &Tensor| x.transpose(0, 1)?.contiguous();
        let (keys, values) = append(&by_head(&keys)?, &by_head(&values)?)?;
        self.output.forward(&attend(&queries, &keys, &values)?)
    }
}

impl FeedForward {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let gate = ops::silu(&self.gate.forward(x)?)?;
        self.down.forward(&(gate * self.up.forward(x)?)?)
    }
}
