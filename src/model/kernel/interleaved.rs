//! Q4_K with eight rows side by side: for matrices of which all rows are wanted.
//!
//! A vector holds four columns of each of eight rows, so that 32 columns are summed up before anything is scaled, and nothing is
//! summed across a vector: fewer instructions than a product row by row ([`Q4K`]). Four columns of the input are the same for
//! all rows. What is picked row by row, the head, stays as it is.

use prefetch_index::prefetch_index;

use super::{
    formats::{Q4K, Q4KBlock, SUPER},
    input::{GROUP, Input, Supers},
    level::{Level, Task},
    rows::Multiply,
};

/// Rows side by side.
pub(super) const ROWS: usize = 8;

/// Blocks that are asked for ahead: together they take as long as memory does to answer.
const AHEAD: usize = 3;

/// Columns side by side.
const COLUMNS: usize = 4;

/// Rows by eights.
#[derive(Debug)]
pub(super) struct RowsOfQ4K {
    columns: usize,
    /// Those of the first eight rows, from left to right; and so on.
    blocks: Vec<Block>,
}

/// 256 columns of eight rows.
#[derive(Debug)]
struct Block {
    scale: [f32; ROWS],
    offset: [f32; ROWS],
    /// For every 32 columns.
    scales: [[u8; ROWS]; 8],
    offsets: [[u8; ROWS]; 8],
    /// For 64 columns eight vectors: four columns of each row, and in the upper four bits those 32 columns further right.
    nibbles: [[[u8; ROWS * COLUMNS]; GROUP / COLUMNS]; 4],
}

impl Block {
    fn of(rows: [&Q4KBlock; ROWS]) -> Self {
        Self {
            scale: rows.map(|row| row.scale),
            offset: rows.map(|row| row.offset),
            scales: std::array::from_fn(|group| rows.map(|row| row.scales[group])),
            offsets: std::array::from_fn(|group| rows.map(|row| row.offsets[group])),
            nibbles: std::array::from_fn(|pair| {
                std::array::from_fn(|at| {
                    let byte = |i: usize| (i / COLUMNS, COLUMNS * at + i % COLUMNS);
                    std::array::from_fn(|i| rows[byte(i).0].nibbles[pair][byte(i).1])
                })
            }),
        }
    }

    /// Asks the memory for a quarter of it, before a quarter of another one is multiplied: asked for all of it at once, memory
    /// keeps the processor waiting.
    #[inline(always)]
    fn prefetch(&self, pair: usize) {
        // Two vectors are what memory gives at once.
        let vectors = &self.nibbles[pair];
        (0..vectors.len()).step_by(2).for_each(|at| prefetch_index(vectors[at].as_slice(), 0));
        match pair {
            0 => prefetch_index(self.scale.as_slice(), 0),
            1 => prefetch_index(self.scales.as_slice(), 0),
            2 => prefetch_index(self.offsets.as_slice(), 0),
            _ => {}
        }
    }

    fn row(&self, row: usize) -> Q4KBlock {
        let byte =
            |pair: usize, i: usize| self.nibbles[pair][i / COLUMNS][COLUMNS * row + i % COLUMNS];
        Q4KBlock {
            scale: self.scale[row],
            offset: self.offset[row],
            scales: self.scales.map(|scales| scales[row]),
            offsets: self.offsets.map(|offsets| offsets[row]),
            nibbles: std::array::from_fn(|pair| std::array::from_fn(|i| byte(pair, i))),
        }
    }
}

impl RowsOfQ4K {
    /// Of rows one behind the other, whose number is a multiple of [`ROWS`].
    pub(super) fn of(rows: &Q4K) -> Self {
        let supers = rows.columns / SUPER;
        let mut blocks = Vec::with_capacity(rows.blocks.len() / ROWS);
        for rows in rows.blocks.chunks_exact(ROWS * supers) {
            let block = |i: usize| Block::of(std::array::from_fn(|row| &rows[row * supers + i]));
            blocks.extend((0..supers).map(block));
        }
        Self { columns: rows.columns, blocks }
    }

    /// One row as numbers.
    pub(super) fn row(&self, row: usize, out: &mut [f32]) {
        let supers = self.columns / SUPER;
        let blocks = &self.blocks[row / ROWS * supers..][..supers];
        for (out, block) in out.chunks_exact_mut(SUPER).zip(blocks) {
            block.row(row % ROWS).widen(out);
        }
    }

    /// Inner products of eight rows with `T` tokens.
    #[inline(always)]
    fn dots<L: Level, const T: usize>(
        &self,
        level: L,
        eight: usize,
        x: [Supers<'_>; T],
    ) -> [[f32; ROWS]; T] {
        let supers = self.columns / SUPER;
        let blocks = &self.blocks[eight * supers..][..supers];
        let mut sums = [level.zero(); T];
        let mut offsets = [level.zero(); T];
        for (i, block) in blocks.iter().enumerate() {
            let next = self.blocks.get(eight * supers + i + AHEAD).unwrap_or(block);
            let (scale, offset) = (level.f32s(&block.scale), level.f32s(&block.offset));
            for pair in 0..4 {
                next.prefetch(pair);
                // Eight sums of two products of at most 15 times 127 each fit 16 bits.
                let mut all = [[level.no_pairs(); T]; 2];
                for at in 0..GROUP / COLUMNS {
                    let (low, high) = level.nibbles(level.u8s(&block.nibbles[pair][at]));
                    for t in 0..T {
                        let x = &x[t].values[i];
                        let four = |group: usize| level.four_i8s(&x[group].as_chunks().0[at]);
                        let products = level.pairs(low, four(2 * pair));
                        all[0][t] = level.add_pairs(all[0][t], products);
                        let products = level.pairs(high, four(2 * pair + 1));
                        all[1][t] = level.add_pairs(all[1][t], products);
                    }
                }
                for (half, all) in all.into_iter().enumerate() {
                    let group = 2 * pair + half;
                    let own = level.mul(level.bytes_as_f32s(&block.scales[group]), scale);
                    let below = level.mul(level.bytes_as_f32s(&block.offsets[group]), offset);
                    for t in 0..T {
                        let scale = level.mul(own, level.splat(x[t].scales[i][group]));
                        sums[t] = level.fma(level.fours(all[t]), scale, sums[t]);
                        let sum = level.splat(x[t].sums[i][group]);
                        offsets[t] = level.fma(below, sum, offsets[t]);
                    }
                }
            }
        }
        std::array::from_fn(|t| {
            let (sums, offsets) = (level.store(sums[t]), level.store(offsets[t]));
            std::array::from_fn(|row| sums[row] - offsets[row])
        })
    }
}

/// Whole eights: the first row is the first of eight.
impl Multiply for RowsOfQ4K {
    #[inline(always)]
    fn multiply<L: Level, const T: usize>(
        &self,
        level: L,
        first: usize,
        input: &Input<'_>,
        tokens: [usize; T],
        out: [&mut &mut [f32]; T],
    ) {
        let (mut out, x) = (out.map(|out| out.as_chunks_mut::<ROWS>().0), input.supers(tokens));
        for i in 0..out[0].len() {
            let dots = self.dots(level, first / ROWS + i, x);
            for (out, dots) in out.iter_mut().zip(dots) {
                out[i] = dots;
            }
        }
    }
}

/// Products of some rows with one token. Each costs what eight cost: what is picked is better not laid out like this.
pub(super) struct PickedOfEights<'a> {
    pub(super) rows: &'a RowsOfQ4K,
    pub(super) picked: &'a [u32],
    pub(super) input: &'a Input<'a>,
    pub(super) out: &'a mut [f32],
}

impl Task for PickedOfEights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let x = self.input.supers([0]);
        for (out, row) in self.out.iter_mut().zip(self.picked) {
            let (eight, at) = (*row as usize / ROWS, *row as usize % ROWS);
            *out = self.rows.dots(level, eight, x)[0][at];
        }
    }
}
