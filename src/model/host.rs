//! The forward pass on the processor.
//!
//! An embedding; layers of attention (with normalised queries and keys, rotated by position) and a gated feed-forward
//! part, each behind an RMS norm and added to its input; a last norm. The head is apart. Several sequences are read at
//! once, each under its own adapter or none: their rows stand one behind the other, and only attention knows them apart.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    Adapter, Config, KvCache, ModelError,
    kernel::{Input, Matrix, Threads, attend, gate, products, rms_norm},
    rope::{Angles, Rope, RopeTable},
    source::Source,
};
use crate::projection::Projection::{self, Down, Gate, Key, Output, Query, Up, Value};

/// Tokens that are read at once: bounds what is in memory between layers.
const CHUNK: usize = 512;

impl Projection {
    pub(super) const ALL: [Self; 7] = [Query, Key, Value, Output, Gate, Up, Down];

    /// The module's name in transformers, within a layer.
    pub(super) fn module(self) -> &'static str {
        match self {
            Query => "self_attn.q_proj",
            Key => "self_attn.k_proj",
            Value => "self_attn.v_proj",
            Output => "self_attn.o_proj",
            Gate => "mlp.gate_proj",
            Up => "mlp.up_proj",
            Down => "mlp.down_proj",
        }
    }

    /// Rows and columns.
    pub(super) fn shape(self, config: &Config) -> (usize, usize) {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let queries = config.num_attention_heads * config.head_dim;
        let keys = config.num_key_value_heads * config.head_dim;
        match self {
            Query => (queries, hidden),
            Key | Value => (keys, hidden),
            Output => (hidden, queries),
            Gate | Up => (inner, hidden),
            Down => (hidden, inner),
        }
    }
}

/// The weights of a model, in memory.
#[derive(Debug)]
pub(super) struct Host {
    embedding: Arc<Matrix>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Arc<Matrix>,
    rope: Mutex<RopeTable>,
    threads: Arc<Threads>,
}

#[derive(Clone, Debug)]
struct Layer {
    input_norm: Vec<f32>,
    post_norm: Vec<f32>,
    query_norm: Vec<f32>,
    key_norm: Vec<f32>,
    /// In the order of [`Projection::ALL`].
    projections: [Arc<Matrix>; 7],
}

/// One sequence of a batch: tokens that come behind those in its cache.
#[derive(Debug)]
pub struct Part<'a> {
    /// What is read; at least one token.
    pub tokens: &'a [u32],
    /// What was read before, under the same adapter.
    pub cache: &'a mut KvCache,
    /// The adapter, if there is one.
    pub adapter: Option<&'a Adapter>,
}

impl Host {
    /// Takes the weights that a configuration asks for.
    pub(super) fn load(
        config: &Config,
        threads: Arc<Threads>,
        source: &mut dyn Source,
    ) -> Result<Self, ModelError> {
        let (vocabulary, hidden) = (config.vocab_size, config.hidden_size);
        let embedding = source.matrix("model.embed_tokens.weight", vocabulary, hidden)?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(config, i, source))
            .collect::<Result<_, _>>()?;
        let norm = source.vector("model.norm.weight", hidden)?;
        let head = match config.tie_word_embeddings {
            true => Arc::clone(&embedding),
            false => source.matrix("lm_head.weight", vocabulary, hidden)?,
        };
        let rope = Mutex::new(RopeTable::new(Rope::of(config)));
        Ok(Self { embedding, layers, norm, head, rope, threads })
    }

    /// Bytes of all weights.
    pub(super) fn bytes(&self) -> usize {
        let head = if Arc::ptr_eq(&self.embedding, &self.head) { 0 } else { self.head.bytes() };
        let layers = self.layers.iter().flat_map(|layer| &layer.projections);
        self.embedding.bytes() + head + layers.map(|matrix| matrix.bytes()).sum::<usize>()
    }

    pub(super) fn projection(&self, layer: usize, projection: Projection) -> &Matrix {
        &self.layers[layer].projections[projection as usize]
    }

    pub(super) fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The same model with other projections; `None` keeps one.
    pub(super) fn with_projections(
        &self,
        mut replace: impl FnMut(usize, Projection) -> Option<Matrix>,
    ) -> Self {
        let mut layers = self.layers.clone();
        for (i, layer) in layers.iter_mut().enumerate() {
            for projection in Projection::ALL {
                if let Some(matrix) = replace(i, projection) {
                    layer.projections[projection as usize] = Arc::new(matrix);
                }
            }
        }
        let rope = self.rope.lock().unwrap_or_else(PoisonError::into_inner).fresh();
        self.with_layers(layers, rope)
    }

    /// The same model with the positions of this configuration. The weights are shared.
    pub(super) fn with_rope(&self, config: &Config) -> Self {
        self.with_layers(self.layers.clone(), RopeTable::new(Rope::of(config)))
    }

    fn with_layers(&self, layers: Vec<Layer>, rope: RopeTable) -> Self {
        Self {
            embedding: Arc::clone(&self.embedding),
            layers,
            norm: self.norm.clone(),
            head: Arc::clone(&self.head),
            rope: Mutex::new(rope),
            threads: Arc::clone(&self.threads),
        }
    }

    /// Reads the parts, which were checked; the hidden states of each after the last norm, [tokens, hidden].
    pub(super) fn forward(&self, config: &Config, parts: &mut [Part<'_>]) -> Vec<Vec<f32>> {
        let angles: Vec<_> = {
            let mut table = self.rope.lock().unwrap_or_else(PoisonError::into_inner);
            parts.iter().map(|part| table.angles(part.cache.len() + part.tokens.len())).collect()
        };
        let all: usize = parts.iter().map(|part| part.tokens.len()).sum();
        self.threads.run(|| {
            if all <= CHUNK {
                return self.forward_chunk(config, parts, &angles);
            }
            let one = |(part, angles): (&mut Part<'_>, &Arc<Angles>)| {
                let mut hidden = Vec::with_capacity(part.tokens.len() * config.hidden_size);
                for tokens in part.tokens.chunks(CHUNK) {
                    let some = Part { tokens, cache: part.cache, adapter: part.adapter };
                    let angles = std::slice::from_ref(angles);
                    hidden.extend(self.forward_chunk(config, &mut [some], angles).concat());
                }
                hidden
            };
            parts.iter_mut().zip(&angles).map(one).collect()
        })
    }

    fn forward_chunk(
        &self,
        config: &Config,
        parts: &mut [Part<'_>],
        angles: &[Arc<Angles>],
    ) -> Vec<Vec<f32>> {
        let hidden = config.hidden_size;
        let eps = config.rms_norm_eps as f32;
        let total: usize = parts.iter().map(|part| part.tokens.len()).sum();
        let mut x = vec![0.0; total * hidden];
        let tokens = parts.iter().flat_map(|part| part.tokens);
        for (token, row) in tokens.zip(x.chunks_exact_mut(hidden)) {
            self.embedding.row(*token as usize, row);
        }
        let mut normed = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            rms_norm(&x, &layer.input_norm, eps, &mut normed);
            let read = self.attention(config, i, parts, angles, &normed);
            let mut out = self.project(i, [Output], parts, &read);
            add(&mut x, &out[0]);
            rms_norm(&x, &layer.post_norm, eps, &mut normed);
            out = self.project(i, [Gate, Up], parts, &normed);
            let (gated, up) = out.split_at_mut(1);
            gate(&mut gated[0], &up[0]);
            let out = self.project(i, [Down], parts, &gated[0]);
            add(&mut x, &out[0]);
        }
        rms_norm(&x, &self.norm, eps, &mut normed);
        let mut rest = &normed[..];
        let mut outs = Vec::with_capacity(parts.len());
        for part in parts {
            part.cache.commit(part.tokens.len());
            let (own, others) = rest.split_at(part.tokens.len() * hidden);
            outs.push(own.to_vec());
            rest = others;
        }
        outs
    }

    /// What attention reads, before its output projection.
    fn attention(
        &self,
        config: &Config,
        layer: usize,
        parts: &mut [Part<'_>],
        angles: &[Arc<Angles>],
        x: &[f32],
    ) -> Vec<f32> {
        let Config { num_attention_heads: heads, num_key_value_heads: kv_heads, .. } = *config;
        let (width, eps) = (config.head_dim, config.rms_norm_eps as f32);
        let outs = self.project(layer, [Query, Key, Value], parts, x);
        let weights = &self.layers[layer];
        let (mut queries, mut keys) = (Vec::new(), Vec::new());
        rms_norm(&outs[0], &weights.query_norm, eps, &mut queries);
        rms_norm(&outs[1], &weights.key_norm, eps, &mut keys);
        let values = &outs[2];
        let mut read = Vec::with_capacity(queries.len());
        let mut first = 0;
        for (part, angles) in parts.iter_mut().zip(angles) {
            let (n, before) = (part.tokens.len(), part.cache.len());
            let queries = &mut queries[first * heads * width..][..n * heads * width];
            let keys = &mut keys[first * kv_heads * width..][..n * kv_heads * width];
            let values = &values[first * kv_heads * width..][..n * kv_heads * width];
            for (t, token) in queries.chunks_exact_mut(heads * width).enumerate() {
                token.chunks_exact_mut(width).for_each(|head| angles.rotate(head, before + t));
            }
            let rows = keys.chunks_exact_mut(kv_heads * width);
            for (t, (key, value)) in rows.zip(values.chunks_exact(kv_heads * width)).enumerate() {
                key.chunks_exact_mut(width).for_each(|head| angles.rotate(head, before + t));
                part.cache.put(layer, before + t, key, value);
            }
            let cached = part.cache.layer(layer);
            read.extend(attend(&self.threads, queries, heads, width, &cached.keys, &cached.values));
            first += n;
        }
        read
    }

    /// Some projections of the same rows, each [tokens, rows of it], with what the parts' adapters add to them.
    fn project<const N: usize>(
        &self,
        layer: usize,
        which: [Projection; N],
        parts: &[Part<'_>],
        x: &[f32],
    ) -> Vec<Vec<f32>> {
        let matrices = which.map(|projection| self.projection(layer, projection));
        let columns = matrices[0].columns();
        let quantised = matrices.iter().any(|matrix| matrix.is_quantised());
        let input = Input::new(x, columns, quantised);
        let adapter = parts.first().and_then(|part| part.adapter);
        if let Some(adapter) = adapter
            && parts.iter().all(|part| part.adapter.is_some_and(|own| std::ptr::eq(own, adapter)))
        {
            return self.project_under(layer, &which, adapter, &input);
        }
        let mut outs = products(&self.threads, &matrices, &input);
        let mut first = 0;
        for part in parts {
            let n = part.tokens.len();
            if let Some(adapter) = part.adapter {
                let x = Input::new(&x[first * columns..][..n * columns], columns, quantised);
                adapter.apply(&self.threads, layer, &which, first, &x, &mut outs);
            }
            first += n;
        }
        outs
    }

    /// All logits of hidden states [tokens, hidden]: [tokens, vocabulary].
    pub(super) fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let input = Input::new(hidden, self.head.columns(), self.head.is_quantised());
        let run = || products(&self.threads, &[&self.head], &input).swap_remove(0);
        self.threads.run(run)
    }

    /// The logits of some rows for one hidden state: the same numbers as among all.
    pub(super) fn logits_of(&self, hidden: &[f32], rows: &[u32], out: &mut Vec<f32>) {
        let input = Input::new(hidden, self.head.columns(), self.head.is_quantised());
        self.threads.run(|| self.head.pick(&self.threads, rows, &input, out));
    }
}

/// The weights of a loaded model as a source of others.
pub(super) struct Loaded<'a>(pub(super) &'a Host);

impl Loaded<'_> {
    /// The layer of a tensor's name, and the rest of the name.
    fn layer<'n>(&self, name: &'n str) -> Option<(&Layer, &'n str)> {
        let (number, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
        Some((self.0.layers.get(number.parse::<usize>().ok()?)?, rest.strip_suffix(".weight")?))
    }
}

/// No tensor of this name and shape.
fn missing(name: &str) -> ModelError {
    candle_core::Error::Msg(format!("a model has no tensor `{name}` of this shape")).into()
}

impl Source for Loaded<'_> {
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Arc<Matrix>, ModelError> {
        let found = match name {
            "model.embed_tokens.weight" => Some(&self.0.embedding),
            "lm_head.weight" => Some(&self.0.head),
            _ => self.layer(name).and_then(|(layer, rest)| {
                let found = Projection::ALL.into_iter().find(|p| p.module() == rest)?;
                Some(&layer.projections[found as usize])
            }),
        };
        let fits = |matrix: &&Arc<Matrix>| (matrix.rows(), matrix.columns()) == (rows, columns);
        found.filter(fits).map(Arc::clone).ok_or_else(|| missing(name))
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let found = match name {
            "model.norm.weight" => Some(&self.0.norm),
            _ => self.layer(name).and_then(|(layer, rest)| match rest {
                "input_layernorm" => Some(&layer.input_norm),
                "post_attention_layernorm" => Some(&layer.post_norm),
                "self_attn.q_norm" => Some(&layer.query_norm),
                "self_attn.k_norm" => Some(&layer.key_norm),
                _ => None,
            }),
        };
        found.filter(|vector| vector.len() == length).cloned().ok_or_else(|| missing(name))
    }
}

impl Layer {
    fn load(config: &Config, layer: usize, source: &mut dyn Source) -> Result<Self, ModelError> {
        let (hidden, width) = (config.hidden_size, config.head_dim);
        let name = |name: &str| format!("model.layers.{layer}.{name}.weight");
        let mut projections = Vec::with_capacity(Projection::ALL.len());
        for projection in Projection::ALL {
            let (rows, columns) = projection.shape(config);
            let matrix = source.matrix(&name(projection.module()), rows, columns)?;
            // Of these all rows are wanted always.
            projections.push(match Arc::try_unwrap(matrix) {
                Ok(own) => Arc::new(own.interleaved()),
                Err(shared) => shared,
            });
        }
        let Ok(projections) = projections.try_into() else { unreachable!("one for each") };
        Ok(Self {
            input_norm: source.vector(&name("input_layernorm"), hidden)?,
            post_norm: source.vector(&name("post_attention_layernorm"), hidden)?,
            query_norm: source.vector(&name("self_attn.q_norm"), width)?,
            key_norm: source.vector(&name("self_attn.k_norm"), width)?,
            projections,
        })
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
