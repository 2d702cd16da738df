//! Causal attention over the cache, with fewer heads of keys and values than of queries.
//!
//! Two ways to the same numbers. A few tokens on a processor: one pass over the keys and values per head, in this file's
//! own loops, without a thread pool unless the context is long (candle's fused kernel spins on a pool of its own, which
//! costs a second per token where another process holds one of the cores). Otherwise: products of matrices, which is what
//! long prompts and GPUs want. Heads of queries that share keys are stacked, so that keys are never copied per head.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Tokens up to which the loops are quicker than products of matrices.
const FEW: usize = 4;

/// Multiplications from which the loops use several threads: about a tenth of a millisecond.
const PARALLEL_WORK: usize = 1 << 19;

/// Scores beyond the causal edge; finite, so that no difference of two infinities arises.
const MASKED: f32 = f32::MIN;

/// Attention of the last `n` tokens: queries [n, heads, width]; keys and values [kv_heads, total, width], those of the
/// `n` tokens included. Gives [n, heads * width].
pub(super) fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor) -> Result<Tensor> {
    let (n, heads, width) = queries.dims3()?;
    let scale = 1.0 / (width as f64).sqrt();
    if n <= FEW && queries.device().is_cpu() {
        let op = Loops { scale: scale as f32 };
        return queries.contiguous()?.apply_op3_no_bwd(keys, values, &op);
    }
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

/// Attention in plain loops over f32 rows.
struct Loops {
    scale: f32,
}

impl CustomOp3 for Loops {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_at: &Layout,
        keys: &CpuStorage,
        keys_at: &Layout,
        values: &CpuStorage,
        values_at: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, heads, width) = queries_at.shape().dims3()?;
        let (kv_heads, total, _) = keys_at.shape().dims3()?;
        let queries = &queries.as_slice::<f32>()?[queries_at.start_offset()..];
        let keys = Rows::new(keys.as_slice::<f32>()?, keys_at)?;
        let values = Rows::new(values.as_slice::<f32>()?, values_at)?;
        let mut out = vec![0.0; n * heads * width];
        let one = |i: usize, out: &mut [f32]| {
            let (row, head) = (i / heads, i % heads);
            let seen = total - n + row + 1;
            let query = &queries[i * width..(i + 1) * width];
            let shared = head * kv_heads / heads;
            self.read(query, keys.head(shared, seen), values.head(shared, seen), out);
        };
        if 2 * n * heads * total * width >= PARALLEL_WORK {
            out.par_chunks_mut(width).enumerate().for_each(|(i, out)| one(i, out));
        } else {
            out.chunks_mut(width).enumerate().for_each(|(i, out)| one(i, out));
        }
        Ok((CpuStorage::F32(out), (n, heads * width).into()))
    }
}

impl Loops {
    /// One head of one token: `out` becomes the mean of `values`, weighted by the softmax of `query` times `keys`.
    fn read(&self, query: &[f32], keys: &[f32], values: &[f32], out: &mut [f32]) {
        let width = query.len();
        let mut weights: Vec<f32> =
            keys.chunks_exact(width).map(|key| dot(query, key) * self.scale).collect();
        let best = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for weight in &mut weights {
            *weight = (*weight - best).exp();
            sum += *weight;
        }
        for (weight, value) in weights.iter().zip(values.chunks_exact(width)) {
            let share = weight / sum;
            for (o, v) in out.iter_mut().zip(value) {
                *o += share * v;
            }
        }
    }
}

/// A [heads, rows, width] tensor whose rows of one head lie one behind the other.
struct Rows<'a> {
    data: &'a [f32],
    stride: usize,
    width: usize,
}

impl<'a> Rows<'a> {
    fn new(data: &'a [f32], layout: &Layout) -> Result<Self> {
        let (_, _, width) = layout.shape().dims3()?;
        match *layout.stride() {
            [stride, row, 1] if row == width => {
                Ok(Self { data: &data[layout.start_offset()..], stride, width })
            }
            _ => candle_core::bail!("rows of keys and values have to be contiguous"),
        }
    }

    /// The first `rows` rows of a head.
    fn head(&self, head: usize, rows: usize) -> &'a [f32] {
        &self.data[head * self.stride..][..rows * self.width]
    }
}

/// The inner product, in eight sums that the compiler keeps in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(shape: (usize, usize, usize), seed: u32) -> Tensor {
        let mut x = seed;
        let values: Vec<f32> = (0..shape.0 * shape.1 * shape.2)
            .map(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        let difference = (a - b).unwrap().abs().unwrap();
        difference.flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
    }

    /// Both ways agree: many tokens at once through products of matrices, the same ones in fours through the loops.
    #[test]
    fn loops_agree_with_products() {
        for (heads, kv_heads, width, total, n) in
            [(4, 2, 16, 40, 8), (6, 6, 10, 9, 9), (8, 1, 128, 300, 12)]
        {
            let queries = random((n, heads, width), 1);
            let keys = random((kv_heads, total + 3, width), 2).narrow(1, 0, total).unwrap();
            let values = random((kv_heads, total + 3, width), 3).narrow(1, 0, total).unwrap();
            let products = attend(&queries, &keys, &values).unwrap();
            for begin in (0..n).step_by(FEW) {
                let count = FEW.min(n - begin);
                let seen = total - n + begin + count;
                let some = attend(
                    &queries.narrow(0, begin, count).unwrap(),
                    &keys.narrow(1, 0, seen).unwrap(),
                    &values.narrow(1, 0, seen).unwrap(),
                )
                .unwrap();
                let expected = products.narrow(0, begin, count).unwrap();
                assert!(largest_difference(&some, &expected) < 1e-5, "{heads} heads");
            }
        }
    }

    #[test]
    fn dot_takes_every_length() {
        for n in 0..20 {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected: f32 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot(&a, &a), expected);
        }
    }
}
