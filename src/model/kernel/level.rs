//! What a kernel asks of a processor: eight numbers at a time, and products of bytes.
//!
//! Kernels are written once over [`Level`]. On x86-64 with AVX2 and FMA its operations are those instructions, through the
//! crate pulp, which wraps them in safe functions; elsewhere, plain loops over arrays, which compilers turn into whatever
//! vectors there are. The plain level is the other one's twin in tests.

/// Added to a number of less than 2^22 it rounds it to the nearest whole one, which then stands in the sum's lowest bits. A
/// conversion to an integer, which says what becomes of all numbers, would be done one by one.
pub(super) const ROUND: f32 = 12_582_912.0;

/// One processor's way to do the operations. All functions are to be inlined into [`Task::run`].
pub(super) trait Level: Copy {
    /// Eight numbers.
    type F: Copy;
    /// Thirty-two bytes.
    type B: Copy;
    /// Sixteen integers of 16 bits.
    type S: Copy;
    fn zero(self) -> Self::F;
    fn splat(self, x: f32) -> Self::F;
    fn f32s(self, x: &[f32; 8]) -> Self::F;
    /// bfloat16: the upper half of an f32.
    fn bf16s(self, x: &[u16; 8]) -> Self::F;
    /// IEEE half precision, finite.
    fn f16s(self, x: &[u16; 8]) -> Self::F;
    fn bytes_as_f32s(self, x: &[u8; 8]) -> Self::F;
    fn signed_as_f32s(self, x: &[i8; 8]) -> Self::F;
    fn store(self, x: Self::F) -> [f32; 8];
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// a * b + c, rounded once where the processor can.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// Four times `low`, four times `high`.
    fn halves(self, low: f32, high: f32) -> Self::F;
    fn i8s(self, x: &[i8; 32]) -> Self::B;
    fn u8s(self, x: &[u8; 32]) -> Self::B;
    /// Eight times the same four.
    fn four_i8s(self, x: &[i8; 4]) -> Self::B;
    /// The lower four bits of each byte, and the upper ones.
    fn nibbles(self, x: Self::B) -> (Self::B, Self::B);
    fn no_pairs(self) -> Self::S;
    /// Sums of two neighbouring products each, of unsigned bytes and signed ones from -127 to 127; the unsigned ones are at most
    /// 128, so that no sum overflows.
    fn pairs(self, a: Self::B, b: Self::B) -> Self::S;
    /// Sums that do not overflow.
    fn add_pairs(self, a: Self::S, b: Self::S) -> Self::S;
    /// Sums of two neighbours each.
    fn fours(self, x: Self::S) -> Self::F;
    /// Sums of four neighbouring products each; of what [`Self::pairs`] multiplies.
    #[inline(always)]
    fn dot_unsigned(self, a: Self::B, b: Self::B) -> Self::F {
        self.fours(self.pairs(a, b))
    }
    /// The same for signed bytes; those of `b` are from -127 to 127.
    fn dot_signed(self, a: Self::B, b: Self::B) -> Self::F;

    /// The sum of eight numbers, in a fixed order.
    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        let x = self.store(x);
        ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
    }
}

/// Something to be computed on whatever level there is.
pub(super) trait Task {
    type Output;
    fn run<L: Level>(self, level: L) -> Self::Output;
}

/// Computes it on the best level of this processor.
#[inline(always)]
pub(super) fn dispatch<T: Task>(task: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        return v3.vectorize(
            #[inline(always)]
            || task.run(v3),
        );
    }
    task.run(Plain)
}

/// Loops over arrays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

/// An IEEE half precision number, finite, as f32.
#[inline(always)]
pub(super) fn f16(x: u16) -> f32 {
    // The exponent's bias is 15 instead of 127; the product puts subnormals right, too.
    let magnitude =
        f32::from_bits(u32::from(x & 0x7FFF) << 13) * f32::from_bits((127 + 127 - 15) << 23);
    f32::from_bits(magnitude.to_bits() | u32::from(x & 0x8000) << 16)
}

impl Level for Plain {
    type F = [f32; 8];
    type B = [u8; 32];
    type S = [i16; 16];

    #[inline(always)]
    fn zero(self) -> [f32; 8] {
        [0.0; 8]
    }
    #[inline(always)]
    fn splat(self, x: f32) -> [f32; 8] {
        [x; 8]
    }
    #[inline(always)]
    fn f32s(self, x: &[f32; 8]) -> [f32; 8] {
        *x
    }
    #[inline(always)]
    fn bf16s(self, x: &[u16; 8]) -> [f32; 8] {
        x.map(|x| f32::from_bits(u32::from(x) << 16))
    }
    #[inline(always)]
    fn f16s(self, x: &[u16; 8]) -> [f32; 8] {
        x.map(f16)
    }
    #[inline(always)]
    fn bytes_as_f32s(self, x: &[u8; 8]) -> [f32; 8] {
        x.map(f32::from)
    }
    #[inline(always)]
    fn signed_as_f32s(self, x: &[i8; 8]) -> [f32; 8] {
        x.map(f32::from)
    }
    #[inline(always)]
    fn store(self, x: [f32; 8]) -> [f32; 8] {
        x
    }
    #[inline(always)]
    fn mul(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] * b[i])
    }
    #[inline(always)]
    fn fma(self, a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn halves(self, low: f32, high: f32) -> [f32; 8] {
        [low, low, low, low, high, high, high, high]
    }
    #[inline(always)]
    fn i8s(self, x: &[i8; 32]) -> [u8; 32] {
        x.map(|x| x as u8)
    }
    #[inline(always)]
    fn u8s(self, x: &[u8; 32]) -> [u8; 32] {
        *x
    }
    #[inline(always)]
    fn four_i8s(self, x: &[i8; 4]) -> [u8; 32] {
        std::array::from_fn(|i| x[i % 4] as u8)
    }
    #[inline(always)]
    fn nibbles(self, x: [u8; 32]) -> ([u8; 32], [u8; 32]) {
        (x.map(|x| x & 0xF), x.map(|x| x >> 4))
    }
    #[inline(always)]
    fn no_pairs(self) -> [i16; 16] {
        [0; 16]
    }
    #[inline(always)]
    fn pairs(self, a: [u8; 32], b: [u8; 32]) -> [i16; 16] {
        let product = |i: usize| i16::from(a[i]) * i16::from(b[i] as i8);
        std::array::from_fn(|i| product(2 * i) + product(2 * i + 1))
    }
    #[inline(always)]
    fn add_pairs(self, a: [i16; 16], b: [i16; 16]) -> [i16; 16] {
        std::array::from_fn(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn fours(self, x: [i16; 16]) -> [f32; 8] {
        std::array::from_fn(|i| (i32::from(x[2 * i]) + i32::from(x[2 * i + 1])) as f32)
    }
    #[inline(always)]
    fn dot_signed(self, a: [u8; 32], b: [u8; 32]) -> [f32; 8] {
        std::array::from_fn(|lane| {
            (4 * lane..4 * lane + 4)
                .map(|i| i32::from(a[i] as i8) * i32::from(b[i] as i8))
                .sum::<i32>() as f32
        })
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m256i};

    use pulp::{cast, x86::V3};

    use super::Level;

    impl Level for V3 {
        type F = __m256;
        type B = __m256i;
        type S = __m256i;

        #[inline(always)]
        fn zero(self) -> __m256 {
            self.avx._mm256_setzero_ps()
        }
        #[inline(always)]
        fn splat(self, x: f32) -> __m256 {
            self.avx._mm256_set1_ps(x)
        }
        #[inline(always)]
        fn f32s(self, x: &[f32; 8]) -> __m256 {
            cast(*x)
        }
        #[inline(always)]
        fn bf16s(self, x: &[u16; 8]) -> __m256 {
            let wide = self.avx2._mm256_cvtepu16_epi32(cast(*x));
            cast(self.avx2._mm256_slli_epi32::<16>(wide))
        }
        #[inline(always)]
        fn f16s(self, x: &[u16; 8]) -> __m256 {
            let (avx, avx2) = (self.avx, self.avx2);
            let wide = avx2._mm256_cvtepu16_epi32(cast(*x));
            let magnitude = avx2._mm256_and_si256(wide, avx._mm256_set1_epi32(0x7FFF));
            let magnitude: __m256 = cast(avx2._mm256_slli_epi32::<13>(magnitude));
            let magnitude =
                avx._mm256_mul_ps(magnitude, self.splat(f32::from_bits((127 + 127 - 15) << 23)));
            let sign = avx2._mm256_and_si256(wide, avx._mm256_set1_epi32(0x8000));
            avx._mm256_or_ps(magnitude, cast(avx2._mm256_slli_epi32::<16>(sign)))
        }
        #[inline(always)]
        fn bytes_as_f32s(self, x: &[u8; 8]) -> __m256 {
            let padded: [u64; 2] = [u64::from_le_bytes(*x), 0];
            self.avx._mm256_cvtepi32_ps(self.avx2._mm256_cvtepu8_epi32(cast(padded)))
        }
        #[inline(always)]
        fn signed_as_f32s(self, x: &[i8; 8]) -> __m256 {
            let padded: [[i8; 8]; 2] = [*x, [0; 8]];
            self.avx._mm256_cvtepi32_ps(self.avx2._mm256_cvtepi8_epi32(cast(padded)))
        }
        #[inline(always)]
        fn store(self, x: __m256) -> [f32; 8] {
            cast(x)
        }
        #[inline(always)]
        fn mul(self, a: __m256, b: __m256) -> __m256 {
            self.avx._mm256_mul_ps(a, b)
        }
        #[inline(always)]
        fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
            self.fma._mm256_fmadd_ps(a, b, c)
        }
        #[inline(always)]
        fn halves(self, low: f32, high: f32) -> __m256 {
            self.avx._mm256_set_m128(self.sse._mm_set1_ps(high), self.sse._mm_set1_ps(low))
        }
        #[inline(always)]
        fn i8s(self, x: &[i8; 32]) -> __m256i {
            cast(*x)
        }
        #[inline(always)]
        fn u8s(self, x: &[u8; 32]) -> __m256i {
            cast(*x)
        }
        #[inline(always)]
        fn four_i8s(self, x: &[i8; 4]) -> __m256i {
            self.avx._mm256_set1_epi32(cast(*x))
        }
        #[inline(always)]
        fn nibbles(self, x: __m256i) -> (__m256i, __m256i) {
            let low = self.avx._mm256_set1_epi8(0xF);
            let shifted = self.avx2._mm256_srli_epi16::<4>(x);
            (self.avx2._mm256_and_si256(x, low), self.avx2._mm256_and_si256(shifted, low))
        }
        #[inline(always)]
        fn no_pairs(self) -> __m256i {
            self.avx._mm256_setzero_si256()
        }
        #[inline(always)]
        fn pairs(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_maddubs_epi16(a, b)
        }
        #[inline(always)]
        fn add_pairs(self, a: __m256i, b: __m256i) -> __m256i {
            self.avx2._mm256_add_epi16(a, b)
        }
        #[inline(always)]
        fn fours(self, x: __m256i) -> __m256 {
            let fours = self.avx2._mm256_madd_epi16(x, self.avx._mm256_set1_epi16(1));
            self.avx._mm256_cvtepi32_ps(fours)
        }
        #[inline(always)]
        fn dot_signed(self, a: __m256i, b: __m256i) -> __m256 {
            self.dot_unsigned(self.avx2._mm256_abs_epi8(a), self.avx2._mm256_sign_epi8(b, a))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_exactly() {
        let cases = [(0x0000, 0.0), (0x3C00, 1.0), (0xC000, -2.0), (0x7BFF, 65_504.0)];
        for (bits, value) in cases {
            assert_eq!(f16(bits), value);
        }
        assert_eq!(f16(0x0001), 2f32.powi(-24), "the least subnormal number");
        assert_eq!(f16(0x83FF), -1023.0 * 2f32.powi(-24));
    }

    /// Every operation of the two levels, on bytes of every kind.
    #[test]
    fn the_twins_agree() {
        struct All([u8; 32]);
        impl Task for All {
            type Output = Vec<[f32; 8]>;
            #[inline(always)]
            fn run<L: Level>(self, level: L) -> Vec<[f32; 8]> {
                let signed = self.0.map(|x| (x as i8).max(-127));
                let (low, high) = level.nibbles(level.u8s(&self.0));
                let x: [f32; 8] = std::array::from_fn(|i| f32::from(signed[i]) / 16.0);
                let halves: [u16; 8] =
                    std::array::from_fn(|i| (u16::from(self.0[i]) * 73) & 0x7BFF | 0x8000);
                let f = level.f32s(&x);
                [
                    level.dot_signed(level.i8s(&self.0.map(|x| x as i8)), level.i8s(&signed)),
                    level.dot_unsigned(low, level.i8s(&signed)),
                    level.dot_unsigned(high, level.i8s(&signed)),
                    level.fours(level.add_pairs(
                        level.add_pairs(level.no_pairs(), level.pairs(low, level.i8s(&signed))),
                        level.pairs(high, level.four_i8s(&[signed[3], -127, 0, 127])),
                    )),
                    level.bf16s(&halves),
                    level.f16s(&halves),
                    level.bytes_as_f32s(&std::array::from_fn(|i| self.0[i])),
                    level.signed_as_f32s(&std::array::from_fn(|i| self.0[i] as i8)),
                    level.mul(f, level.halves(0.5, 3.0)),
                    level.fma(f, level.splat(2.0), level.zero()),
                    level.splat(level.sum(f)),
                ]
                .map(|x| level.store(x))
                .to_vec()
            }
        }
        for seed in 0..200u32 {
            let bytes: [u8; 32] = std::array::from_fn(|i| {
                ((seed * 32 + i as u32).wrapping_mul(2_654_435_761) >> 24) as u8
            });
            assert_eq!(dispatch(All(bytes)), All(bytes).run(Plain));
        }
        assert_eq!(dispatch(All([0x80; 32])), All([0x80; 32]).run(Plain));
    }
}
