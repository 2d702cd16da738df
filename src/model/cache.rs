//! Keys and values of what was read, per layer.
//!
//! Rows are written in place behind the last one, so reading a token copies only its own row; forgetting tokens is a
//! smaller length, O(1), and what lies behind it is overwritten later. Capacity doubles up to the context.

use candle_core::{DType, Device, Result, Tensor};

use super::Config;

/// Rows that a cache begins with.
const FIRST_ROWS: usize = 256;

/// The cache of one sequence. It belongs to one model and one adapter: keys and values of another one mean nothing to
/// it.
#[derive(Debug)]
pub struct KvCache {
    store: Store,
    len: usize,
    limit: usize,
    width: usize,
}

#[derive(Debug)]
enum Store {
    Host(Vec<HostLayer>),
    Device(Vec<DeviceLayer>),
}

/// Rows of one layer in memory: a list per head, row by row.
#[derive(Debug)]
pub(super) struct HostLayer {
    pub(super) keys: Vec<Vec<f32>>,
    pub(super) values: Vec<Vec<f32>>,
}

#[derive(Debug)]
struct DeviceLayer {
    /// [kv_heads, rows, head_dim] each.
    keys: Tensor,
    values: Tensor,
}

impl KvCache {
    /// A cache in memory.
    pub(super) fn host(config: &Config, limit: usize) -> Self {
        let (heads, width) = (config.num_key_value_heads, config.head_dim);
        let empty =
            || (0..heads).map(|_| Vec::with_capacity(FIRST_ROWS.min(limit) * width)).collect();
        let layer = |_| HostLayer { keys: empty(), values: empty() };
        let layers = (0..config.num_hidden_layers).map(layer).collect();
        Self { store: Store::Host(layers), len: 0, limit, width }
    }

    /// A cache on a device.
    pub(super) fn device(config: &Config, limit: usize, device: &Device) -> Result<Self> {
        let rows = FIRST_ROWS.min(limit);
        let shape = (config.num_key_value_heads, rows, config.head_dim);
        let zeros = || Tensor::zeros(shape, DType::F32, device);
        let layers = (0..config.num_hidden_layers)
            .map(|_| Ok(DeviceLayer { keys: zeros()?, values: zeros()? }))
            .collect::<Result<_>>()?;
        Ok(Self { store: Store::Device(layers), len: 0, limit, width: config.head_dim })
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

    /// Bytes of the keys and values in it.
    pub fn bytes(&self) -> usize {
        let rows = match &self.store {
            Store::Host(layers) => layers.iter().map(|layer| layer.keys.len()).sum::<usize>(),
            Store::Device(layers) => {
                layers.iter().map(|layer| layer.keys.dims().first().copied().unwrap_or(0)).sum()
            }
        };
        2 * rows * self.len * self.width * size_of::<f32>()
    }

    /// Forgets all tokens but the first `len`. O(1).
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Another cache with the same tokens: a prefix that many texts share is read once. Costs a copy of them.
    ///
    /// # Errors
    /// There is no memory for it on the device.
    pub fn fork(&self) -> Result<Self> {
        let used = self.len * self.width;
        let some = |heads: &[Vec<f32>]| heads.iter().map(|rows| rows[..used].to_vec()).collect();
        let store = match &self.store {
            Store::Host(layers) => Store::Host(
                layers
                    .iter()
                    .map(|layer| HostLayer { keys: some(&layer.keys), values: some(&layer.values) })
                    .collect(),
            ),
            Store::Device(layers) => Store::Device(
                layers
                    .iter()
                    .map(|layer| {
                        // A clone would share the rows, which are written in place.
                        Ok(DeviceLayer { keys: layer.keys.copy()?, values: layer.values.copy()? })
                    })
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(Self { store, ..*self })
    }

    /// Whether `count` more tokens fit, into a cache for models of this shape.
    pub(super) fn check(&self, config: &Config, count: usize) -> Result<()> {
        let needed = self.len + count;
        if needed > self.limit {
            candle_core::bail!("{needed} tokens do not fit the context of {}", self.limit);
        }
        let (layers, heads) = match &self.store {
            Store::Host(layers) => (layers.len(), layers.first().map(|l| l.keys.len())),
            Store::Device(layers) => (layers.len(), layers.first().map(|l| l.keys.dims()[0])),
        };
        let fits = layers == config.num_hidden_layers
            && heads == Some(config.num_key_value_heads)
            && self.width == config.head_dim;
        if !fits {
            candle_core::bail!("the cache belongs to a model of another shape");
        }
        Ok(())
    }

    /// Writes the key and the value of a token, each [kv_heads * head_dim], for one layer, at a position at or behind the
    /// end; positions are written in order.
    pub(super) fn put(&mut self, layer: usize, position: usize, key: &[f32], value: &[f32]) {
        let width = self.width;
        let Store::Host(layers) = &mut self.store else { unreachable!("a cache in memory") };
        let layer = &mut layers[layer];
        for (heads, rows) in [(&mut layer.keys, key), (&mut layer.values, value)] {
            for (head, row) in heads.iter_mut().zip(rows.chunks_exact(width)) {
                head.truncate(position * width);
                head.extend_from_slice(row);
            }
        }
    }

    /// The keys and values of a layer in memory.
    pub(super) fn layer(&self, layer: usize) -> &HostLayer {
        let Store::Host(layers) = &self.store else { unreachable!("a cache in memory") };
        &layers[layer]
    }

    /// Writes the keys and values of the next tokens, each [kv_heads, count, head_dim], for one layer; all keys and
    /// values up to them. The tokens count only after [`commit`](Self::commit).
    pub(super) fn append(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let total = self.len + keys.dim(1)?;
        let Store::Device(layers) = &mut self.store else { unreachable!("a cache on a device") };
        let layer = &mut layers[layer];
        let rows = layer.keys.dim(1)?;
        if total > rows {
            let rows = total.max(2 * rows).min(self.limit);
            layer.keys = grow(&layer.keys, rows)?;
            layer.values = grow(&layer.values, rows)?;
        }
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
