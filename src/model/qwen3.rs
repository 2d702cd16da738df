//! The forward pass of Qwen3: an embedding; layers of attention (with normalised queries and keys, rotated by position)
//! and a gated feed-forward part, each behind an RMS norm and added to its input; a last norm. The head is apart.
//!
//! All tensors of a call are [tokens, ...]: one sequence, no batch.

use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Result, Tensor};
use candle_nn::{ops, rotary_emb};

use super::{
    Config, KvCache, ModelError, RopeRule, attention::attend, rope::RopeTable, weights::Weights,
};

/// Tokens of a prompt that are read at once: bounds the scores of attention (heads x this x context).
const CHUNK: usize = 512;

/// The weights of a model and its forward pass. Immutable and shared by all sequences.
#[derive(Debug)]
pub struct Qwen3 {
    config: Config,
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

impl Qwen3 {
    /// Takes the weights that a configuration asks for.
    pub(super) fn load(
        config: Config,
        rule: RopeRule,
        weights: &mut Weights,
        device: &Device,
    ) -> std::result::Result<Self, ModelError> {
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let embedding = weights.read("model.embed_tokens.weight", &[vocabulary, hidden])?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&config, weights, i))
            .collect::<std::result::Result<_, _>>()?;
        let norm = norm(&config, weights, "model.norm", hidden)?;
        let head = if config.tie_word_embeddings {
            embedding.clone()
        } else {
            weights.read("lm_head.weight", &[vocabulary, hidden])?
        };
        let rope = RopeTable::new(rule.base(config.rope_theta), config.head_dim, device)?;
        let device = device.clone();
        Ok(Self { config, device, embedding, layers, norm, head, rope: Mutex::new(rope) })
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The device of the weights.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// An empty cache.
    ///
    /// # Errors
    /// There is no memory for it on the device.
    pub fn cache(&self) -> Result<KvCache> {
        KvCache::new(&self.config, self.config.max_position_embeddings, &self.device)
    }

    /// Reads tokens behind those in the cache; their hidden states after the last norm, [tokens, hidden]. Any number of
    /// tokens may follow any other: the result is that of one pass over all of them.
    ///
    /// # Errors
    /// No token; more than the cache can hold; a token without a row; the device failed. The cache then holds what it
    /// held.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        if tokens.is_empty() {
            candle_core::bail!("no token to read");
        }
        let len = cache.len();
        let parts = tokens.chunks(CHUNK).map(|part| self.forward_chunk(part, cache));
        match parts.collect::<Result<Vec<_>>>() {
            Ok(mut parts) if parts.len() == 1 => Ok(parts.swap_remove(0)),
            Ok(parts) => Tensor::cat(&parts, 0),
            Err(error) => {
                cache.truncate(len);
                Err(error)
            }
        }
    }

    fn forward_chunk(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Tensor> {
        cache.reserve(tokens.len())?;
        let (cos, sin) = self
            .rope
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rows(cache.len(), tokens.len())?;
        let tokens = Tensor::new(tokens, &self.device)?;
        let mut x = self.embedding.index_select(&tokens, 0)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, &cos, &sin, |keys, values| cache.append(i, keys, values))?;
        }
        cache.commit(tokens.dim(0)?);
        self.norm.forward(&x)
    }

    /// The logits of hidden states [tokens, hidden]: [tokens, vocabulary].
    ///
    /// # Errors
    /// The device failed.
    pub fn head(&self, hidden: &Tensor) -> Result<Tensor> {
        hidden.matmul(&self.head.t()?)
    }
}

impl Layer {
    fn load(
        config: &Config,
        weights: &mut Weights,
        layer: usize,
    ) -> std::result::Result<Self, ModelError> {
        let (hidden, inner, width) =
            (config.hidden_size, config.intermediate_size, config.head_dim);
        let (heads, kv_heads) = (config.num_attention_heads, config.num_key_value_heads);
        let prefix = format!("model.layers.{layer}");
        let mut linear = |name: &str, rows, columns| {
            weights.read(&format!("{prefix}.{name}.weight"), &[rows, columns]).map(Linear)
        };
        let query = linear("self_attn.q_proj", heads * width, hidden)?;
        let key = linear("self_attn.k_proj", kv_heads * width, hidden)?;
        let value = linear("self_attn.v_proj", kv_heads * width, hidden)?;
        let output = linear("self_attn.o_proj", hidden, heads * width)?;
        let feed_forward = FeedForward {
            gate: linear("mlp.gate_proj", inner, hidden)?,
            up: linear("mlp.up_proj", inner, hidden)?,
            down: linear("mlp.down_proj", hidden, inner)?,
        };
        let mut norm =
            |name: &str, width| norm(config, weights, &format!("{prefix}.{name}"), width);
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
                heads,
                kv_heads,
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

fn norm(
    config: &Config,
    weights: &mut Weights,
    name: &str,
    width: usize,
) -> std::result::Result<Norm, ModelError> {
    let weight = weights.read(&format!("{name}.weight"), &[width])?;
    Ok(Norm { weight, eps: config.rms_norm_eps as f32 })
}
