//! How rows of weights lie in memory, and their inner products.
//!
//! A product of one row and one token is always the same sequence of operations, however many tokens are read along and
//! whichever rows are asked for: so logits do not depend on how a text was cut into calls, on threads, or on the mask.

use prefetch_index::prefetch_index;

use super::{
    input::{GROUP, Input},
    level::{Level, f16},
};

/// Columns of a super-block of the K formats.
pub(super) const SUPER: usize = 256;

/// Rows of weights of one format.
pub(super) trait Format: Sync {
    /// Inner products of one row with `T` tokens of the input.
    ///
    /// As it goes, it asks the memory for another row, `next`, that is multiplied soon, if it is there: where rows are picked
    /// here and there, no processor guesses which. Asked for a whole row at once, memory keeps the processor waiting before
    /// it multiplies.
    fn dot<L: Level, const T: usize>(
        &self,
        level: L,
        row: usize,
        next: usize,
        input: &Input<'_>,
        tokens: [usize; T],
    ) -> [f32; T];
}

/// Bytes that memory gives at once.
pub(super) const LINE: usize = 64;

/// Numbers as they are, of some width.
#[derive(Debug)]
pub(super) struct Dense<W> {
    pub(super) columns: usize,
    pub(super) weights: Vec<W>,
}

/// A number of a dense row.
pub(super) trait Number: Copy + Sync {
    fn load<L: Level>(level: L, x: &[Self; 8]) -> L::F;
    fn widen(self) -> f32;
}

/// IEEE half precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half(pub(super) u16);

/// The upper half of an f32.
#[derive(Clone, Copy, Debug)]
pub(super) struct BFloat(pub(super) u16);

impl Number for f32 {
    #[inline(always)]
    fn load<L: Level>(level: L, x: &[Self; 8]) -> L::F {
        level.f32s(x)
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }
}

impl Number for Half {
    #[inline(always)]
    fn load<L: Level>(level: L, x: &[Self; 8]) -> L::F {
        level.f16s(&x.map(|x| x.0))
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        f16(self.0)
    }
}

impl Number for BFloat {
    #[inline(always)]
    fn load<L: Level>(level: L, x: &[Self; 8]) -> L::F {
        level.bf16s(&x.map(|x| x.0))
    }
    #[inline(always)]
    fn widen(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// Inner products of a row with `T` vectors of f32 of its length. `reached` is told which columns come, now and then.
#[inline(always)]
pub(super) fn dots<L: Level, W: Number, const T: usize>(
    level: L,
    row: &[W],
    vectors: [&[f32]; T],
    reached: impl Fn(usize),
) -> [f32; T] {
    let (blocks, rest) = row.as_chunks::<8>();
    let vectors = vectors.map(|x| x[..row.len()].as_chunks::<8>());
    let pairs = blocks.len() / 2;
    let mut sums = [[level.zero(); 2]; T];
    for i in 0..pairs {
        reached(16 * i);
        let weights = [W::load(level, &blocks[2 * i]), W::load(level, &blocks[2 * i + 1])];
        for t in 0..T {
            for half in 0..2 {
                let x = level.f32s(&vectors[t].0[2 * i + half]);
                sums[t][half] = level.fma(weights[half], x, sums[t][half]);
            }
        }
    }
    if let Some(last) = blocks.get(2 * pairs) {
        let weights = W::load(level, last);
        for t in 0..T {
            sums[t][0] = level.fma(weights, level.f32s(&vectors[t].0[2 * pairs]), sums[t][0]);
        }
    }
    std::array::from_fn(|t| {
        let rest: f32 = rest.iter().zip(vectors[t].1).map(|(w, x)| w.widen() * x).sum();
        (level.sum(sums[t][0]) + level.sum(sums[t][1])) + rest
    })
}

impl<W: Number> Format for Dense<W> {
    #[inline(always)]
    fn dot<L: Level, const T: usize>(
        &self,
        level: L,
        row: usize,
        next: usize,
        input: &Input<'_>,
        tokens: [usize; T],
    ) -> [f32; T] {
        let row = &self.weights[row * self.columns..][..self.columns];
        let tokens = tokens.map(|t| &input.values[t * self.columns..][..self.columns]);
        let next = next.saturating_mul(self.columns);
        dots(
            level,
            row,
            tokens,
            #[inline(always)]
            |column| {
                if column.is_multiple_of(LINE / size_of::<W>()) {
                    prefetch_index(&self.weights, next.saturating_add(column));
                }
            },
        )
    }
}

/// Signed bytes with a scale for every 32 columns (Q8_0, and what fits into it: Q4_0, Q5_0) or two (Q6_K).
#[derive(Debug)]
pub(super) struct Q8<S> {
    pub(super) columns: usize,
    pub(super) values: Vec<i8>,
    /// One for every 32 columns.
    pub(super) scales: Vec<S>,
}

/// What 32 signed bytes are multiplied by.
pub(super) trait Scale: Copy + Sync {
    /// As eight numbers, one for every four bytes.
    fn spread<L: Level>(self, level: L) -> L::F;
}

impl Scale for f32 {
    #[inline(always)]
    fn spread<L: Level>(self, level: L) -> L::F {
        level.splat(self)
    }
}

impl Scale for [f32; 2] {
    #[inline(always)]
    fn spread<L: Level>(self, level: L) -> L::F {
        level.halves(self[0], self[1])
    }
}

impl<S: Scale> Format for Q8<S> {
    #[inline(always)]
    fn dot<L: Level, const T: usize>(
        &self,
        level: L,
        row: usize,
        next: usize,
        input: &Input<'_>,
        tokens: [usize; T],
    ) -> [f32; T] {
        let Some(bytes) = &input.bytes else { unreachable!("the input of quantised rows") };
        let groups = self.columns / GROUP;
        let values = self.values[row * self.columns..][..self.columns].as_chunks::<GROUP>().0;
        let scales = &self.scales[row * groups..][..groups];
        let x = tokens.map(|t| bytes.values[t * self.columns..][..self.columns].as_chunks().0);
        let x_scales = tokens.map(|t| &bytes.scales[t * groups..][..groups]);
        let mut sums = [[level.zero(); 2]; T];
        let next = next.saturating_mul(groups);
        for pair in 0..groups.div_ceil(2) {
            let soon = next.saturating_add(2 * pair);
            prefetch_index(&self.values, soon.saturating_mul(GROUP));
            if (2 * pair).is_multiple_of(LINE / size_of::<S>()) {
                prefetch_index(&self.scales, soon);
            }
            for (half, g) in [2 * pair, 2 * pair + 1].into_iter().enumerate() {
                if g == groups {
                    break;
                }
                let weights = level.i8s(&values[g]);
                let own = scales[g].spread(level);
                for t in 0..T {
                    let products = level.dot_signed(weights, level.i8s(&x[t][g]));
                    let scale = level.mul(own, level.splat(x_scales[t][g]));
                    sums[t][half] = level.fma(products, scale, sums[t][half]);
                }
            }
        }
        sums.map(|[even, odd]| level.sum(even) + level.sum(odd))
    }
}

/// Q4_K: four bits, with a scale and an offset of six bits for every 32 columns, scaled once more for every 256.
#[derive(Debug)]
pub(super) struct Q4K {
    pub(super) columns: usize,
    pub(super) blocks: Vec<Q4KBlock>,
}

/// 256 columns; as in the file, but for the scales, which are unpacked.
#[derive(Clone, Debug)]
pub(super) struct Q4KBlock {
    pub(super) scale: f32,
    pub(super) offset: f32,
    pub(super) scales: [u8; 8],
    pub(super) offsets: [u8; 8],
    /// 32 bytes for 64 columns: the lower four bits are the first half of them.
    pub(super) nibbles: [[u8; 32]; 4],
}

impl Q4KBlock {
    /// The columns as numbers.
    pub(super) fn widen(&self, out: &mut [f32]) {
        for (g, out) in out.chunks_exact_mut(GROUP).enumerate() {
            let scale = self.scale * f32::from(self.scales[g]);
            let offset = self.offset * f32::from(self.offsets[g]);
            for (out, byte) in out.iter_mut().zip(self.nibbles[g / 2]) {
                let value = if g % 2 == 0 { byte & 0xF } else { byte >> 4 };
                *out = scale * f32::from(value) - offset;
            }
        }
    }
}

impl Format for Q4K {
    #[inline(always)]
    fn dot<L: Level, const T: usize>(
        &self,
        level: L,
        row: usize,
        next: usize,
        input: &Input<'_>,
        tokens: [usize; T],
    ) -> [f32; T] {
        let supers = self.columns / SUPER;
        let blocks = &self.blocks[row * supers..][..supers];
        let next = self.blocks.get(next.saturating_mul(supers)..).unwrap_or_default();
        let x = input.supers(tokens);
        let mut sums = [[level.zero(); 2]; T];
        let mut offsets = [level.zero(); T];
        for (i, block) in blocks.iter().enumerate() {
            if let Some(next) = next.get(i) {
                // From before the nibbles on: a block is 160 bytes.
                prefetch_index(next.scales.as_slice(), 0);
                prefetch_index(next.nibbles[1].as_slice(), 0);
                prefetch_index(next.nibbles[3].as_slice(), 0);
            }
            let own = level.mul(level.bytes_as_f32s(&block.scales), level.splat(block.scale));
            let offset = level.mul(level.bytes_as_f32s(&block.offsets), level.splat(block.offset));
            let mut scales = [[0.0; 8]; T];
            for t in 0..T {
                scales[t] = level.store(level.mul(own, level.f32s(&x[t].scales[i])));
                offsets[t] = level.fma(offset, level.f32s(&x[t].sums[i]), offsets[t]);
            }
            for j in 0..4 {
                let (low, high) = level.nibbles(level.u8s(&block.nibbles[j]));
                for t in 0..T {
                    let x = &x[t].values[i];
                    let products = level.dot_unsigned(low, level.i8s(&x[2 * j]));
                    sums[t][0] = level.fma(products, level.splat(scales[t][2 * j]), sums[t][0]);
                    let products = level.dot_unsigned(high, level.i8s(&x[2 * j + 1]));
                    sums[t][1] = level.fma(products, level.splat(scales[t][2 * j + 1]), sums[t][1]);
                }
            }
        }
        std::array::from_fn(|t| {
            let [even, odd] = sums[t];
            (level.sum(even) + level.sum(odd)) - level.sum(offsets[t])
        })
    }
}
