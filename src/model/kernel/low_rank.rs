//! A product of two thin matrices that is added to a projection, and what scales the sum.

use super::{
    Matrix, Threads,
    level::{Level, Task, dispatch},
};

/// Rows that are computed side by side.
const LANES: usize = 8;

/// Multiplications from which several threads are used.
const PARALLEL_WORK: usize = 1 << 18;

/// y becomes gain * (y + B A x).
#[derive(Debug)]
pub(in crate::model) struct LowRank {
    /// A: [rank, columns].
    inner: Matrix,
    /// B, eight rows at a time: [rows / 8, rank, 8], padded with zeros.
    outer: Vec<[f32; LANES]>,
    /// One number per row; none is 1.
    gain: Option<Vec<f32>>,
    rows: usize,
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
        Self { inner: Matrix::from_f32(a, rank, columns), outer, gain, rows }
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
        self.inner.bytes() + size_of_val(&self.outer[..]) + gain * size_of::<f32>()
    }

    /// Adds to the first tokens of `out` [tokens, rows]; `inner` is A x, [tokens, rank].
    pub(in crate::model) fn add(&self, threads: &Threads, inner: &[f32], out: &mut [f32]) {
        let rank = self.rank();
        let jobs: Vec<_> = inner.chunks_exact(rank).zip(out.chunks_exact_mut(self.rows)).collect();
        let work = |(inner, out)| dispatch(Add { part: self, inner, out });
        if jobs.len() * rank * self.rows >= PARALLEL_WORK {
            threads.each(jobs, work);
        } else {
            jobs.into_iter().for_each(work);
        }
    }

    /// One row of W + B A, from that of W.
    fn sum(&self, row: usize, weights: &mut [f32], inner: &[f32]) {
        let rank = self.rank();
        let columns = weights.len();
        for i in 0..rank {
            let b = self.outer[row / LANES * rank + i][row % LANES];
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

/// One token.
struct Add<'a> {
    part: &'a LowRank,
    inner: &'a [f32],
    out: &'a mut [f32],
}

impl Task for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { part, inner, out } = self;
        let rank = inner.len();
        let (blocks, rest) = out.as_chunks_mut::<LANES>();
        let gains = part.gain.as_ref().map(|gain| gain.as_chunks::<LANES>());
        for (i, block) in blocks.iter_mut().enumerate() {
            let mut sum = level.f32s(block);
            for (b, x) in part.outer[i * rank..][..rank].iter().zip(inner) {
                sum = level.fma(level.f32s(b), level.splat(*x), sum);
            }
            if let Some((gains, _)) = gains {
                sum = level.mul(sum, level.f32s(&gains[i]));
            }
            *block = level.store(sum);
        }
        let last = &part.outer[blocks.len() * rank..];
        for (lane, out) in rest.iter_mut().enumerate() {
            let sum: f32 = last.iter().zip(inner).map(|(b, x)| b[lane] * x).sum();
            *out = (*out + sum) * gains.map_or(1.0, |(_, rest)| rest[lane]);
        }
    }
}
