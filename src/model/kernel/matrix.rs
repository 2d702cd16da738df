//! A matrix of weights in the format it was stored in, and its products.

use super::{
    Input, Threads,
    formats::{BFloat, Dense, Half, Number, Q4K, Q4KBlock, Q8, SUPER},
    input::{Bytes, GROUP},
    interleaved::{PickedOfEights, ROWS, RowsOfQ4K},
    level::dispatch,
    rows::{Picked, Rows},
};

/// Bytes of rows that one job reads: they stay in the cache next to the core while all tokens are multiplied with them.
const JOB_BYTES: usize = 192 << 10;

/// Jobs per thread at least, where there is enough to do: a thread that is late keeps the others waiting for one of them.
const JOBS_PER_THREAD: usize = 4;

/// Bytes of rows below which another thread costs more than it gives.
const LEAST_JOB_BYTES: usize = 24 << 10;

/// Bytes of weights, times tokens by fours, up to which one thread is quicker: about 25 microseconds, which is what another
/// one takes to wake up, or far less than it takes to come back where others hold its core.
const ALONE_BYTES: usize = 256 << 10;

/// Weights [rows, columns].
#[derive(Debug)]
pub(in crate::model) struct Matrix {
    rows: usize,
    columns: usize,
    pub(super) weights: Weights,
}

#[derive(Debug)]
pub(super) enum Weights {
    F32(Dense<f32>),
    F16(Dense<Half>),
    BF16(Dense<BFloat>),
    Q8(Q8<f32>),
    Q8Half(Q8<[f32; 2]>),
    Q4K(Q4K),
    /// Eight rows side by side.
    RowsOfQ4K(RowsOfQ4K),
}

/// Does something with the weights, whatever their format, if rows lie one behind the other; else something with eight.
macro_rules! with_format {
    ($weights:expr, $format:ident => $body:expr, $rows:ident => $other:expr) => {
        match $weights {
            Weights::F32($format) => $body,
            Weights::F16($format) => $body,
            Weights::BF16($format) => $body,
            Weights::Q8($format) => $body,
            Weights::Q8Half($format) => $body,
            Weights::Q4K($format) => $body,
            Weights::RowsOfQ4K($rows) => $other,
        }
    };
}

impl Matrix {
    pub(super) fn new(rows: usize, columns: usize, weights: Weights) -> Self {
        Self { rows, columns, weights }
    }

    /// From numbers, row by row.
    pub(in crate::model) fn from_f32(values: Vec<f32>, rows: usize, columns: usize) -> Self {
        debug_assert_eq!(values.len(), rows * columns);
        Self::new(rows, columns, Weights::F32(Dense { columns, weights: values }))
    }

    /// From IEEE half precision numbers, little endian. Those that are no finite numbers become large ones.
    pub(in crate::model) fn from_f16(bytes: &[u8], rows: usize, columns: usize) -> Self {
        let weights = bytes.as_chunks().0.iter().map(|x| Half(u16::from_le_bytes(*x))).collect();
        Self::new(rows, columns, Weights::F16(Dense { columns, weights }))
    }

    /// From bfloat16 numbers, little endian.
    pub(in crate::model) fn from_bf16(bytes: &[u8], rows: usize, columns: usize) -> Self {
        let weights = bytes.as_chunks().0.iter().map(|x| BFloat(u16::from_le_bytes(*x))).collect();
        Self::new(rows, columns, Weights::BF16(Dense { columns, weights }))
    }

    /// As signed bytes with a scale for every 32 columns, of which a row is a multiple: as Q8_0, but for the scales' width.
    pub(super) fn rounded(values: &[f32], rows: usize, columns: usize) -> Self {
        debug_assert_eq!(values.len(), rows * columns);
        let Bytes { values, scales, .. } = Bytes::new(values);
        Self::new(rows, columns, Weights::Q8(Q8 { columns, values, scales }))
    }

    pub(in crate::model) fn rows(&self) -> usize {
        self.rows
    }

    pub(in crate::model) fn columns(&self) -> usize {
        self.columns
    }

    /// Whether inputs are needed as bytes.
    pub(in crate::model) fn is_quantised(&self) -> bool {
        !matches!(self.weights, Weights::F32(_) | Weights::F16(_) | Weights::BF16(_))
    }

    /// Bytes in memory.
    pub(in crate::model) fn bytes(&self) -> usize {
        self.rows * self.row_bytes()
    }

    fn row_bytes(&self) -> usize {
        match self.weights {
            Weights::F32(_) => self.columns * 4,
            Weights::F16(_) | Weights::BF16(_) => self.columns * 2,
            Weights::Q8(_) => self.columns + self.columns / GROUP * 4,
            Weights::Q8Half(_) => self.columns + self.columns / GROUP * 8,
            Weights::Q4K(_) | Weights::RowsOfQ4K(_) => self.columns / SUPER * size_of::<Q4KBlock>(),
        }
    }

    /// One row as numbers.
    pub(in crate::model) fn row(&self, row: usize, out: &mut [f32]) {
        let range = row * self.columns..(row + 1) * self.columns;
        let groups = row * self.columns / GROUP..(row + 1) * self.columns / GROUP;
        match &self.weights {
            Weights::F32(m) => out.copy_from_slice(&m.weights[range]),
            Weights::F16(m) => widen(&m.weights[range], out),
            Weights::BF16(m) => widen(&m.weights[range], out),
            Weights::Q8(m) => {
                let values = m.values[range].as_chunks::<GROUP>().0;
                for (out, (values, scale)) in
                    out.chunks_exact_mut(GROUP).zip(values.iter().zip(&m.scales[groups]))
                {
                    for (out, value) in out.iter_mut().zip(values) {
                        *out = f32::from(*value) * scale;
                    }
                }
            }
            Weights::Q8Half(m) => {
                let scales = m.scales[groups].as_flattened();
                let values = m.values[range].chunks_exact(GROUP / 2);
                for (out, (values, scale)) in
                    out.chunks_exact_mut(GROUP / 2).zip(values.zip(scales))
                {
                    for (out, value) in out.iter_mut().zip(values) {
                        *out = f32::from(*value) * scale;
                    }
                }
            }
            Weights::Q4K(m) => {
                let supers = self.columns / SUPER;
                let blocks = &m.blocks[row * supers..][..supers];
                out.chunks_exact_mut(SUPER).zip(blocks).for_each(|(out, block)| block.widen(out));
            }
            Weights::RowsOfQ4K(m) => m.row(row, out),
        }
    }

    /// The same weights, laid out for products of all rows: eight side by side, where the format has such a layout.
    pub(in crate::model) fn interleaved(self) -> Self {
        let weights = match self.weights {
            Weights::Q4K(rows) if self.rows.is_multiple_of(ROWS) => {
                Weights::RowsOfQ4K(RowsOfQ4K::of(&rows))
            }
            other => other,
        };
        Self { weights, ..self }
    }

    /// Products of some rows with one token, in the rows' order.
    pub(in crate::model) fn pick(
        &self,
        threads: &Threads,
        rows: &[u32],
        input: &Input<'_>,
        out: &mut Vec<f32>,
    ) {
        debug_assert_eq!((input.tokens, input.columns), (1, self.columns));
        out.clear();
        out.resize(rows.len(), 0.0);
        let step = self.rows_of_job(threads, rows.len());
        let jobs: Vec<_> = rows.chunks(step).zip(out.chunks_mut(step)).collect();
        threads.each(jobs, |(rows, out)| {
            with_format!(
                &self.weights,
                format => dispatch(Picked { format, rows, input, out }),
                eights => dispatch(PickedOfEights { rows: eights, picked: rows, input, out })
            );
        });
    }

    /// Rows for one job, of `rows` in all.
    fn rows_of_job(&self, threads: &Threads, rows: usize) -> usize {
        let row = self.row_bytes();
        let least = (LEAST_JOB_BYTES / row).max(4);
        let even = rows.div_ceil(threads.count() * JOBS_PER_THREAD);
        even.clamp(least, (JOB_BYTES / row).max(least)).next_multiple_of(ROWS)
    }

    /// Products of the rows from one on, which is the first of eight.
    fn multiply(&self, first: usize, input: &Input<'_>, out: &mut [&mut [f32]]) {
        with_format!(
            &self.weights,
            rows => dispatch(Rows { rows, first, input, out }),
            rows => dispatch(Rows { rows, first, input, out })
        );
    }
}

/// Products of several matrices with the same input: for each [tokens, rows].
pub(in crate::model) fn products(
    threads: &Threads,
    matrices: &[&Matrix],
    input: &Input<'_>,
) -> Vec<Vec<f32>> {
    let n = input.tokens;
    let mut outs: Vec<Vec<f32>> = matrices.iter().map(|m| vec![0.0; m.rows * n]).collect();
    let all: usize = matrices.iter().map(|m| m.rows).sum();
    let mut jobs = Vec::new();
    for (matrix, out) in matrices.iter().zip(&mut outs) {
        let step = matrix.rows_of_job(threads, all);
        let tokens = out.chunks_exact_mut(matrix.rows);
        let mut tokens: Vec<_> = tokens.map(|token| token.chunks_mut(step)).collect();
        for first in (0..matrix.rows).step_by(step) {
            let out: Vec<&mut [f32]> = tokens.iter_mut().filter_map(Iterator::next).collect();
            jobs.push((*matrix, first, out));
        }
    }
    let work = |(matrix, first, mut out): (&Matrix, usize, Vec<&mut [f32]>)| {
        matrix.multiply(first, input, &mut out);
    };
    let bytes: usize = matrices.iter().map(|m| m.bytes()).sum();
    if bytes * n.div_ceil(4) <= ALONE_BYTES {
        jobs.into_iter().for_each(work);
    } else {
        threads.each(jobs, work);
    }
    outs
}

fn widen<W: Number>(row: &[W], out: &mut [f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out = value.widen();
    }
}
