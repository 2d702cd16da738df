//! A product of two thin matrices that is added to a projection, and what scales the sum.

use prefetch_index::prefetch_index;

use super::{
    Matrix, Threads,
    formats::LINE,
    level::{Level, Task, dispatch},
};

/// Rows that are computed side by side.
const LANES: usize = 8;

/// Eights of rows that are asked for ahead.
const AHEAD: usize = 8;

/// Multiplications from which several threads are used: about four microseconds. The others have just multiplied, and are
/// still awake.
const PARALLEL_WORK: usize = 1 << 14;

/// y becomes gain * (y + B A x).
#[derive(Debug)]
pub(in crate::model) struct LowRank {
    /// A: [rank, columns].
    inner: Matrix,
    outer: Outer,
    /// One number per row; none is 1.
    gain: Option<Vec<f32>>,
    rows: usize,
}

/// B, eight rows at a time: [rows / 8, rank, 8], padded with zeros.
#[derive(Debug)]
enum Outer {
    F32(Vec<[f32; LANES]>),
    /// Bytes from -127 to 127, and a scale for every eight rows.
    Rounded(Vec<[i8; LANES]>, Vec<f32>),
}

impl Outer {
    fn bytes(&self) -> usize {
        match self {
            Self::F32(blocks) => size_of_val(&blocks[..]),
            Self::Rounded(blocks, scales) => size_of_val(&blocks[..]) + size_of_val(&scales[..]),
        }
    }

    fn rounded(blocks: &[[f32; LANES]], rank: usize) -> Self {
        let mut bytes = Vec::with_capacity(blocks.len());
        let scale = |eight: &[[f32; LANES]]| {
            let most = eight.as_flattened().iter().fold(0.0, |most: f32, b| most.max(b.abs()));
            let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
            bytes.extend(eight.iter().map(|block| block.map(|b| (b * inverse).round() as i8)));
            most / 127.0
        };
        let scales = blocks.chunks(rank).map(scale).collect();
        Self::Rounded(bytes, scales)
    }

    /// The number of a row and a place in the rank.
    fn get(&self, row: usize, place: usize, rank: usize) -> f32 {
        let (eight, lane) = (row / LANES, row % LANES);
        match self {
            Self::F32(blocks) => blocks[eight * rank + place][lane],
            Self::Rounded(blocks, scales) => {
                f32::from(blocks[eight * rank + place][lane]) * scales[eight]
            }
        }
    }
}

impl LowRank {
    /// Of A [rank, columns] and B [rows, rank].
    pub(in crate::model) fn new(
        a: Vec<f32>,
        b: &[f32],
        rank: usize,
        columns: usize,
        gain: Option<Vec<f32>>,
    ) -> Self {
        let rows = b.len() / rank;
        let mut outer = vec![[0.0; LANES]; rows.div_ceil(LANES) * rank];
        for (row, b) in b.chunks_exact(rank).enumerate() {
            for (i, b) in b.iter().enumerate() {
                outer[row / LANES * rank + i][row % LANES] = *b;
            }
        }
        Self { inner: Matrix::from_f32(a, rank, columns), outer: Outer::F32(outer), gain, rows }
    }

    /// As bytes over weights that are quantised: their error is far larger than the one that this makes, at most a part in 254
    /// of the largest of 32 columns of A, or of eight rows of B; and a quarter of the bytes is read, and the scales.
    pub(in crate::model) fn over(mut self, weights: &Matrix) -> Self {
        let Outer::F32(blocks) = &self.outer else { return self };
        let (rank, columns) = (self.rank(), self.inner.columns());
        if weights.is_quantised() {
            let mut inner = vec![0.0; rank * columns];
            for (i, row) in inner.chunks_exact_mut(columns).enumerate() {
                self.inner.row(i, row);
            }
            self.outer = Outer::rounded(blocks, rank);
            self.inner = Matrix::rounded(&inner, rank, columns);
        }
        self
    }

    pub(in crate::model) fn inner(&self) -> &Matrix {
        &self.inner
    }

    pub(in crate::model) fn rows(&self) -> usize {
        self.rows
    }

    pub(in crate::model) fn rank(&self) -> usize {
        self.inner.rows()
    }

    /// Bytes in memory.
    pub(in crate::model) fn bytes(&self) -> usize {
        let gain = self.gain.as_ref().map_or(0, Vec::len);
        self.inner.bytes() + self.outer.bytes() + gain * size_of::<f32>()
    }

    /// Adds to the first tokens of each `out` [tokens, rows]; each `inner` is A x, [tokens, rank].
    pub(in crate::model) fn add_all(
        threads: &Threads,
        mut parts: Vec<(&Self, Vec<f32>, &mut [f32])>,
    ) {
        let work: usize = parts.iter().map(|(part, inner, _)| part.rows * inner.len()).sum();
        let count = if work < PARALLEL_WORK { 1 } else { threads.count() };
        let mut jobs = Vec::new();
        for (part, inner, out) in &mut parts {
            let tokens = inner.chunks_exact(part.rank()).zip(out.chunks_exact_mut(part.rows));
            // Of one token some rows each: there is something to do for every thread.
            let step = part.rows.div_ceil(count).next_multiple_of(LANES);
            for (inner, out) in tokens {
                let blocks = out.chunks_mut(step).enumerate();
                jobs.extend(blocks.map(|(i, out)| {
                    let first = i * step / LANES;
                    Add { part, first, inner, out }
                }));
            }
        }
        if count > 1 {
            threads.each(jobs, dispatch);
        } else {
            jobs.into_iter().for_each(dispatch);
        }
    }

    /// One row of W + B A, from that of W.
    fn sum(&self, row: usize, weights: &mut [f32], inner: &[f32]) {
        let rank = self.rank();
        let columns = weights.len();
        for i in 0..rank {
            let b = self.outer.get(row, i, rank);
            super::vector::add_scaled(weights, b, &inner[i * columns..][..columns]);
        }
    }

    /// The lengths of the rows of W + B A.
    pub(in crate::model) fn lengths(&self, weights: &Matrix, threads: &Threads) -> Vec<f32> {
        let mut lengths = vec![0.0; self.rows];
        let jobs: Vec<_> = lengths.chunks_mut(64).enumerate().collect();
        self.each_row(weights, threads, jobs, |_, row, length: &mut f32| {
            let square: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
            *length = square.sqrt() as f32;
        });
        lengths
    }

    /// gain * (W + B A), in f32.
    pub(in crate::model) fn merged(&self, weights: &Matrix, threads: &Threads) -> Matrix {
        let columns = weights.columns();
        let mut values = vec![0.0; self.rows * columns];
        let mut rows: Vec<&mut [f32]> = values.chunks_exact_mut(columns).collect();
        let jobs: Vec<_> = rows.chunks_mut(64).enumerate().collect();
        self.each_row(weights, threads, jobs, |i, row, out: &mut &mut [f32]| {
            let gain = self.gain.as_ref().map_or(1.0, |gain| gain[i]);
            out.iter_mut().zip(row).for_each(|(out, x)| *out = gain * x);
        });
        Matrix::from_f32(values, self.rows, columns)
    }

    /// Calls `work` with every row of W + B A and its place in one of the jobs, of 64 rows each.
    fn each_row<T: Send>(
        &self,
        weights: &Matrix,
        threads: &Threads,
        jobs: Vec<(usize, &mut [T])>,
        work: impl Fn(usize, &[f32], &mut T) + Send + Sync,
    ) {
        let columns = weights.columns();
        let mut inner = vec![0.0; self.rank() * columns];
        for (i, row) in inner.chunks_exact_mut(columns).enumerate() {
            self.inner.row(i, row);
        }
        threads.each(jobs, |(job, places)| {
            let mut row = vec![0.0; columns];
            for (i, place) in places.iter_mut().enumerate() {
                let at = job * 64 + i;
                weights.row(at, &mut row);
                self.sum(at, &mut row, &inner);
                work(at, &row, place);
            }
        });
    }
}

/// Rows of one token.
struct Add<'a> {
    part: &'a LowRank,
    /// The first eight rows' number.
    first: usize,
    inner: &'a [f32],
    out: &'a mut [f32],
}

impl Task for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        match &self.part.outer {
            Outer::F32(blocks) => self.blocks(
                level,
                blocks,
                #[inline(always)]
                |block| level.f32s(block),
                #[inline(always)]
                |_| 1.0,
            ),
            Outer::Rounded(blocks, scales) => self.blocks(
                level,
                blocks,
                #[inline(always)]
                |block| level.signed_as_f32s(block),
                #[inline(always)]
                |eight| scales[eight],
            ),
        }
    }
}

impl Add<'_> {
    /// `read` gives a line of an eight of rows, `scale` what its sums are multiplied by.
    #[inline(always)]
    fn blocks<L: Level, B>(
        self,
        level: L,
        outer: &[B],
        read: impl Fn(&B) -> L::F,
        scale: impl Fn(usize) -> f32,
    ) {
        let Self { part, first, inner, out } = self;
        let rank = inner.len();
        let (blocks, rest) = out.as_chunks_mut::<LANES>();
        let gains = part.gain.as_ref();
        let gains = gains.map(|gain| gain[first * LANES..].as_chunks::<LANES>());
        for (i, block) in blocks.iter_mut().enumerate() {
            let eight = first + i;
            for line in (0..rank).step_by((LINE / size_of::<B>()).max(1)) {
                prefetch_index(outer, (eight + AHEAD) * rank + line);
            }
            let mut sum = level.zero();
            for (b, x) in outer[eight * rank..][..rank].iter().zip(inner) {
                sum = level.fma(read(b), level.splat(*x), sum);
            }
            sum = level.fma(sum, level.splat(scale(eight)), level.f32s(block));
            if let Some((gains, _)) = gains {
                sum = level.mul(sum, level.f32s(&gains[i]));
            }
            *block = level.store(sum);
        }
        let last = (first + blocks.len()) * LANES;
        for (lane, out) in rest.iter_mut().enumerate() {
            let products = inner.iter().enumerate();
            let sum: f32 = products.map(|(i, x)| part.outer.get(last + lane, i, rank) * x).sum();
            *out = (*out + sum) * gains.map_or(1.0, |(_, rest)| rest[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;

    use super::*;
    use crate::model::kernel::Dice;

    #[test]
    fn what_is_added_is_the_product_of_both_in_f32_and_in_bytes() {
        let (rank, columns, rows) = (3, 256, 4_100);
        let mut dice = Dice::new(7);
        let (a, b) = (dice.numbers(rank * columns, 1.0), dice.numbers(rows * rank, 1.0));
        let gain = dice.numbers(rows, 1.0);
        let largest = |x: &[f32]| x.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let dense = Matrix::from_f32(vec![0.0; columns], 1, columns);
        let blocks = vec![0; columns / 32 * 34];
        let quantised = Matrix::from_ggml(GgmlDType::Q8_0, &blocks, 1, columns).unwrap();
        let part = || LowRank::new(a.clone(), &b, rank, columns, Some(gain.clone()));
        let (wide, short) = (part().over(&dense), part().over(&quantised));
        assert!((wide.bytes() - rows * 4) > 3 * (short.bytes() - rows * 4));
        let mut row = vec![0.0; columns];
        for i in 0..rank {
            short.inner().row(i, &mut row);
            let a = &a[i * columns..][..columns];
            let most = largest(a);
            for (x, a) in row.iter().zip(a) {
                assert!((x - a).abs() <= most / 253.0, "{x} {a}");
            }
        }
        for tokens in [1, 3] {
            let (inner, before) =
                (dice.numbers(tokens * rank, 1.0), dice.numbers(tokens * rows, 1.0));
            for (part, error) in [(&wide, 1e-6), (&short, largest(&b) / 253.0)] {
                let [one, two] = [1, 2].map(|count| {
                    let mut out = before.clone();
                    let threads = Threads::new(count).unwrap();
                    LowRank::add_all(&threads, vec![(part, inner.clone(), &mut out)]);
                    out
                });
                assert_eq!(one, two);
                for (i, out) in one.iter().enumerate() {
                    let (token, row) = (i / rows, i % rows);
                    let inner = &inner[token * rank..][..rank];
                    let sum: f32 = inner.iter().zip(&b[row * rank..]).map(|(x, b)| x * b).sum();
                    let most: f32 = inner.iter().map(|x| x.abs()).sum();
                    let expected = gain[row] * (before[i] + sum);
                    let rounding = 1e-5 * (before[i].abs() + most);
                    let allowed = gain[row].abs() * (error * most + rounding) + 1e-6;
                    assert!((out - expected).abs() <= allowed, "{out} {expected}");
                }
            }
        }
    }
}
