//! What happens to hidden states between products: norms, gates, sums, attention.

use super::{
    Threads,
    formats::dots,
    level::{Level, ROUND, Task, dispatch},
};

/// Multiplications of attention from which several threads are used: about a tenth of a millisecond.
const PARALLEL_WORK: usize = 1 << 19;

/// Tokens that one job of attention reads the keys for.
const TOKENS: usize = 4;

/// Keys whose values stay in the cache next to the core.
const KEYS: usize = 32;

/// e^x in plain operations, so that loops of it become vectors; within two units in the last place. Cephes' polynomial
/// (Moshier, 1992).
#[inline(always)]
fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let rest = (x - whole * 0.693_359_4) - whole * -2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
        sum = sum * rest + c;
    }
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    (sum * rest * rest + rest + 1.0) * power
}

/// Divides each row of `x` by the root of its mean square, times a weight per column.
pub(in crate::model) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut Vec<f32>) {
    struct Norm<'a>(&'a [f32], &'a [f32], f32, &'a mut [f32]);
    impl Task for Norm<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Level>(self, level: L) {
            let Self(x, weight, eps, out) = self;
            let width = weight.len();
            for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                let [square] = dots(level, x, [x], |_| ());
                let root = (square / width as f32 + eps).sqrt();
                for (out, (x, weight)) in out.iter_mut().zip(x.iter().zip(weight)) {
                    *out = x / root * weight;
                }
            }
        }
    }
    out.clear();
    out.resize(x.len(), 0.0);
    dispatch(Norm(x, weight, eps, out));
}

/// `gate` becomes its SiLU times `up`.
pub(in crate::model) fn gate(gate: &mut [f32], up: &[f32]) {
    struct Gate<'a>(&'a mut [f32], &'a [f32]);
    impl Task for Gate<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Level>(self, _level: L) {
            for (gate, up) in self.0.iter_mut().zip(self.1) {
                *gate = *gate / (1.0 + exp(-*gate)) * up;
            }
        }
    }
    dispatch(Gate(gate, up));
}

/// `out += factor * x`.
pub(super) fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
    struct Add<'a>(&'a mut [f32], f32, &'a [f32]);
    impl Task for Add<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Level>(self, _level: L) {
            for (out, x) in self.0.iter_mut().zip(self.2) {
                *out += self.1 * x;
            }
        }
    }
    dispatch(Add(out, factor, x));
}

/// Causal attention of the last `n` tokens: `queries` [n, heads, width]; `keys` and `values` one list per head of theirs,
/// [total, width], those of the `n` tokens included. Gives [n, heads * width]. Neighbouring heads of queries share one
/// head of keys.
pub(in crate::model) fn attend(
    threads: &Threads,
    queries: &[f32],
    heads: usize,
    width: usize,
    keys: &[Vec<f32>],
    values: &[Vec<f32>],
) -> Vec<f32> {
    let n = queries.len() / (heads * width);
    let total = keys[0].len() / width;
    let shared = heads / keys.len();
    let mut jobs = Vec::new();
    for first in (0..n).step_by(TOKENS) {
        let count = TOKENS.min(n - first);
        for head in 0..keys.len() {
            jobs.push((first, count, head, vec![0.0; count * shared * width]));
        }
    }
    let work = |(first, count, head, out): (usize, usize, usize, &mut Vec<f32>)| {
        let mut some = Vec::with_capacity(count * shared * width);
        for token in first..first + count {
            some.extend_from_slice(
                &queries[(token * heads + head * shared) * width..][..shared * width],
            );
        }
        let seen = total - n + first + 1;
        let (keys, values) = (&keys[head], &values[head]);
        dispatch(Attend { queries: &some, keys, values, width, shared, seen, out });
    };
    let all = jobs.iter_mut().map(|(first, count, head, out)| (*first, *count, *head, out));
    if 2 * n * heads * total * width >= PARALLEL_WORK {
        threads.each(all.collect(), work);
    } else {
        all.for_each(work);
    }
    let mut out = vec![0.0; queries.len()];
    for (first, count, head, read) in jobs {
        for (i, read) in read.chunks_exact(shared * width).enumerate().take(count) {
            let at = ((first + i) * heads + head * shared) * width;
            out[at..at + shared * width].copy_from_slice(read);
        }
    }
    out
}

/// Attention of a few tokens with one head of keys.
struct Attend<'a> {
    /// [tokens, shared, width].
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    width: usize,
    shared: usize,
    /// Keys that the first token sees; every other one sees one more.
    seen: usize,
    out: &'a mut [f32],
}

impl Task for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { queries, keys, values, width, shared, seen, out } = self;
        let count = queries.len() / width;
        let most = seen + count / shared - 1;
        let scale = 1.0 / (width as f32).sqrt();
        let mut weights = vec![0.0; count * most];
        for (j, key) in keys.chunks_exact(width).take(most).enumerate() {
            let mut q = 0;
            while q < count {
                let query = |i: usize| &queries[(q + i) * width..][..width];
                let step = if count - q >= 4 { 4 } else { count - q };
                let scores = match step {
                    4 => dots(level, key, [query(0), query(1), query(2), query(3)], |_| ()),
                    3 => {
                        let [a, b] = dots(level, key, [query(0), query(1)], |_| ());
                        [a, b, dots(level, key, [query(2)], |_| ())[0], 0.0]
                    }
                    2 => {
                        let [a, b] = dots(level, key, [query(0), query(1)], |_| ());
                        [a, b, 0.0, 0.0]
                    }
                    _ => [dots(level, key, [query(0)], |_| ())[0], 0.0, 0.0, 0.0],
                };
                for (i, score) in scores[..step].iter().enumerate() {
                    weights[(q + i) * most + j] = score * scale;
                }
                q += step;
            }
        }
        for (q, weights) in weights.chunks_exact_mut(most).enumerate() {
            let weights = &mut weights[..seen + q / shared];
            let best = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for weight in weights.iter_mut() {
                *weight = exp(*weight - best);
            }
            let sum: f32 = weights.iter().sum();
            for weight in weights.iter_mut() {
                *weight /= sum;
            }
        }
        for begin in (0..most).step_by(KEYS) {
            let values = &values[begin * width..];
            for (q, out) in out.chunks_exact_mut(width).enumerate() {
                let seen = seen + q / shared;
                if begin < seen {
                    let weights = &weights[q * most..][begin..seen.min(begin + KEYS)];
                    mean(level, weights, values, out);
                }
            }
        }
    }
}

/// `out` plus the rows of `values`, weighted, one after the other.
#[inline(always)]
fn mean<L: Level>(level: L, weights: &[f32], values: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (blocks, rest) = out.as_chunks_mut::<8>();
    for (i, block) in blocks.iter_mut().enumerate() {
        let mut sum = level.f32s(block);
        for (weight, row) in weights.iter().zip(values.chunks_exact(width)) {
            let x = row.as_chunks::<8>().0;
            sum = level.fma(level.splat(*weight), level.f32s(&x[i]), sum);
        }
        *block = level.store(sum);
    }
    let whole = width - rest.len();
    for (i, out) in rest.iter_mut().enumerate() {
        for (weight, row) in weights.iter().zip(values.chunks_exact(width)) {
            *out += weight * row[whole + i];
        }
    }
}
