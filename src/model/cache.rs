//! Keys and values of what was read, per layer.
//!
//! Rows are written in place behind the last one, so reading a token copies only its own row; forgetting tokens is a
//! smaller length, O(1), and what lies behind it is overwritten later. Capacity doubles up to the context.

use candle_core::{DType, Device, Result, Tensor};

use super::Config;

/// Rows that a cache begins with.
const FIRST_ROWS: usize = 256;

/// The cache of one sequence. It belongs to one model: keys and values of another one (or of another adapter) mean
/// nothing to it.
#[derive(Debug)]
pub struct KvCache {
    layers: Vec<LayerCache>,
    len: usize,
    rows: usize,
    limit: usize,
}

#[derive(Debug)]
struct LayerCache {
    /// [kv_heads, rows, head_dim] each.
    keys: Tensor,
    values: Tensor,
}

impl KvCache {
    pub(super) fn new(config: &Config, limit: usize, device: &Device) -> Result<Self> {
        let rows = FIRST_ROWS.min(limit);
        let shape = (config.num_key_value_heads, rows, config.head_dim);
        let zeros = || Tensor::zeros(shape, DType::F32, device);
        let layers = (0..config.num_hidden_layers)
            .map(|_| Ok(LayerCache { keys: zeros()?, values: zeros()? }))
            .collect::<Result<_>>()?;
        Ok(Self { layers, len: 0, rows, limit })
    }

    /// Tokens in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The most tokens it can hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Forgets all tokens but the first `len`. O(1).
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Makes room for `count` more tokens.
    pub(super) fn reserve(&mut self, count: usize) -> Result<()> {
        let needed = self.len + count;
        if needed > self.limit {
            candle_core::bail!("{needed} tokens do not fit the context of {}", self.limit);
        }
        if needed <= self.rows {
            return Ok(());
        }
        let rows = needed.max(2 * self.rows).min(self.limit);
        for layer in &mut self.layers {
            layer.keys = grow(&layer.keys, rows)?;
            layer.values = grow(&layer.values, rows)?;
        }
        self.rows = rows;
        Ok(())
    }

    /// Writes the keys and values of the next tokens, each [kv_heads, count, head_dim], for one layer; all keys and
    /// values up to them. Room must have been reserved. The tokens count only after [`commit`](Self::commit).
    pub(super) fn append(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let total = self.len + keys.dim(1)?;
        let layer = &mut self.layers[layer];
        layer.keys.slice_set(keys, 1, self.len)?;
        layer.values.slice_set(values, 1, self.len)?;
        Ok((layer.keys.narrow(1, 0, total)?, layer.values.narrow(1, 0, total)?))
    }

    /// Counts `count` tokens that all layers have written.
    pub(super) fn commit(&mut self, count: usize) {
        self.len += count;
    }
}

/// The same rows with room for more behind them.
fn grow(old: &Tensor, rows: usize) -> Result<Tensor> {
    let (heads, _, width) = old.dims3()?;
    let new = Tensor::zeros((heads, rows, width), old.dtype(), old.device())?;
    new.slice_set(old, 1, 0)?;
    Ok(new)
}
