//! Causal attention over the cache as products of tensors, with fewer heads of keys and values than of queries.
//!
//! What long prompts and GPUs want. Heads of queries that share keys are stacked, so that keys are never copied per head.

use candle_core::{Device, Result, Tensor};

/// Scores beyond the causal edge; finite, so that no difference of two infinities arises.
const MASKED: f32 = f32::MIN;

/// Attention of the last `n` tokens: queries [n, heads, width]; keys and values [kv_heads, total, width], those of the
/// `n` tokens included. Gives [n, heads * width].
pub(super) fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor) -> Result<Tensor> {
    let (n, heads, width) = queries.dims3()?;
    let scale = 1.0 / (width as f64).sqrt();
    let (kv_heads, total, _) = keys.dims3()?;
    let groups = heads / kv_heads;
    // Neighbouring heads of queries share one head of keys: [kv_heads, groups * n, width].
    let queries = (queries.transpose(0, 1)?.contiguous()? * scale)?;
    let queries = queries.reshape((kv_heads, groups * n, width))?;
    let scores = queries.matmul(&keys.transpose(1, 2)?)?;
    let scores = if n == 1 {
        scores
    } else {
        let mask = causal_mask(n, total, scores.device())?;
        scores.reshape((heads, n, total))?.broadcast_add(&mask)?.reshape((
            kv_heads,
            groups * n,
            total,
        ))?
    };
    let shares = candle_nn::ops::softmax_last_dim(&scores)?;
    let read = shares.matmul(values)?.reshape((heads, n, width))?;
    read.transpose(0, 1)?.reshape((n, heads * width))
}

/// [n, total]: 0 where token `total - n + row` may look, else [`MASKED`].
fn causal_mask(n: usize, total: usize, device: &Device) -> Result<Tensor> {
    let before = total - n;
    let mask: Vec<f32> = (0..n)
        .flat_map(|row| (0..total).map(move |at| if at <= before + row { 0.0 } else { MASKED }))
        .collect();
    Tensor::from_vec(mask, (n, total), device)
}
