//! A matrix of weights in the format it was stored in, and its products.

use super::{
    Input, Threads,
    formats::{BFloat, Dense, Format, Half, Number, Q4K, Q8, SUPER},
    input::GROUP,
    level::{Level, Task, dispatch},
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
}

/// Does something with the weights, whatever their format.
macro_rules! with_format {
    ($weights:expr, $format:ident => $body:expr) => {
        match $weights {
            Weights::F32($format) => $body,
            Weights::F16($format) => $body,
            Weights::BF16($format) => $body,
            Weights::Q8($format) => $body,
            Weights::Q8Half($format) => $body,
            Weights::Q4K($format) => $body,
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
            Weights::Q4K(_) => self.columns / SUPER * size_of::<super::formats::Q4KBlock>(),
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
                for (out, block) in out.chunks_exact_mut(SUPER).zip(blocks) {
                    for (g, out) in out.chunks_exact_mut(GROUP).enumerate() {
                        let scale = block.scale * f32::from(block.scales[g]);
                        let offset = block.offset * f32::from(block.offsets[g]);
                        for (out, byte) in out.iter_mut().zip(block.nibbles[g / 2]) {
                            let value = if g % 2 == 0 { byte & 0xF } else { byte >> 4 };
                            *out = scale * f32::from(value) - offset;
                        }
                    }
                }
            }
        }
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
        threads.each(jobs, |(rows, out)| self.multiply(|i| rows[i] as usize, input, out));
    }

    /// Rows for one job, of `rows` in all.
    fn rows_of_job(&self, threads: &Threads, rows: usize) -> usize {
        let row = self.row_bytes();
        let least = (LEAST_JOB_BYTES / row).max(4);
        let even = rows.div_ceil(threads.count() * JOBS_PER_THREAD);
        even.clamp(least, (JOB_BYTES / row).max(least))
    }

    fn multiply(&self, row: impl Fn(usize) -> usize, input: &Input<'_>, out: &mut [f32]) {
        with_format!(&self.weights, format => dispatch(Rows { format, row, input, out }));
    }
}

/// Products of several matrices with the same input: for each [tokens, rows].
pub(in crate::model) fn products(
    threads: &Threads,
    matrices: &[&Matrix],
    input: &Input<'_>,
) -> Vec<Vec<f32>> {
    let n = input.tokens;
    // By rows first, so that jobs write to places of their own.
    let mut outs: Vec<Vec<f32>> = matrices.iter().map(|m| vec![0.0; m.rows * n]).collect();
    let all: usize = matrices.iter().map(|m| m.rows).sum();
    let mut jobs = Vec::new();
    for (matrix, out) in matrices.iter().zip(&mut outs) {
        let step = matrix.rows_of_job(threads, all);
        let chunks = out.chunks_mut(step * n).enumerate();
        jobs.extend(chunks.map(|(i, out)| (*matrix, i * step, out)));
    }
    let work = |(matrix, first, out): (&Matrix, usize, &mut [f32])| {
        matrix.multiply(|i| first + i, input, out);
    };
    let bytes: usize = matrices.iter().map(|m| m.bytes()).sum();
    if bytes * n.div_ceil(4) <= ALONE_BYTES {
        jobs.into_iter().for_each(work);
    } else {
        threads.each(jobs, work);
    }
    if n > 1 {
        for out in &mut outs {
            *out = transposed(out, n);
        }
    }
    outs
}

/// [rows, n] as [n, rows].
fn transposed(values: &[f32], n: usize) -> Vec<f32> {
    let rows = values.len() / n;
    let mut out = vec![0.0; values.len()];
    for (i, row) in values.chunks_exact(n).enumerate() {
        for (t, value) in row.iter().enumerate() {
            out[t * rows + i] = *value;
        }
    }
    out
}

fn widen<W: Number>(row: &[W], out: &mut [f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out = value.widen();
    }
}

/// Products of rows with all tokens: [rows, tokens].
struct Rows<'a, F, R> {
    format: &'a F,
    row: R,
    input: &'a Input<'a>,
    out: &'a mut [f32],
}

impl<F: Format, R: Fn(usize) -> usize> Task for Rows<'_, F, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { format, row, input, out } = self;
        let n = input.tokens;
        let rows = out.len() / n;
        let mut token = 0;
        while token < n {
            // The tokens outside: a few of them stay in the innermost cache, the rows in the next one.
            let count = (n - token).min(4);
            for i in 0..rows {
                let at = i * n + token;
                match count {
                    1 => out[at] = format.dot(level, row(i), input, [token])[0],
                    2 => out[at..at + 2].copy_from_slice(&format.dot(
                        level,
                        row(i),
                        input,
                        [token, token + 1],
                    )),
                    3 => out[at..at + 3].copy_from_slice(&format.dot(
                        level,
                        row(i),
                        input,
                        [token, token + 1, token + 2],
                    )),
                    _ => out[at..at + 4].copy_from_slice(&format.dot(
                        level,
                        row(i),
                        input,
                        [token, token + 1, token + 2, token + 3],
                    )),
                }
            }
            token += count;
        }
    }
}
