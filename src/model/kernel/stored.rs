//! Blocks of GGUF files as rows of weights.

use candle_core::{
    Device,
    quantized::{GgmlDType, ggml_file},
};

use super::{
    Matrix,
    formats::{Q4K, Q4KBlock, Q8, SUPER},
    input::GROUP,
    level::f16,
    matrix::Weights,
};

impl Matrix {
    /// From the bytes of a GGUF tensor, which are as many as its shape asks for. Formats without a product of their own
    /// are widened to half precision, whose rounding is far below theirs.
    ///
    /// # Errors
    /// The format's blocks do not fill rows, or it cannot be widened.
    pub(in crate::model) fn from_ggml(
        format: GgmlDType,
        bytes: &[u8],
        rows: usize,
        columns: usize,
    ) -> candle_core::Result<Self> {
        if !columns.is_multiple_of(format.block_size()) {
            candle_core::bail!(
                "rows of {columns} do not consist of blocks of {}",
                format.block_size()
            );
        }
        let weights = match format {
            GgmlDType::F32 => {
                let values = bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
                return Ok(Self::from_f32(values, rows, columns));
            }
            GgmlDType::F16 => return Ok(Self::from_f16(bytes, rows, columns)),
            GgmlDType::BF16 => return Ok(Self::from_bf16(bytes, rows, columns)),
            GgmlDType::Q8_0 => {
                let blocks = bytes.as_chunks::<34>().0;
                let value = |block: &[u8; 34]| -> [i8; GROUP] {
                    std::array::from_fn(|i| block[2 + i] as i8)
                };
                Weights::Q8(q8(blocks, columns, |block| half(block, 0), value))
            }
            GgmlDType::Q4_0 => {
                let blocks = bytes.as_chunks::<18>().0;
                let value = |block: &[u8; 18]| -> [i8; GROUP] {
                    std::array::from_fn(|i| nibble(&block[2..], i) as i8 - 8)
                };
                Weights::Q8(q8(blocks, columns, |block| half(block, 0), value))
            }
            GgmlDType::Q5_0 => {
                let blocks = bytes.as_chunks::<22>().0;
                let value = |block: &[u8; 22]| -> [i8; GROUP] {
                    let fifth = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
                    std::array::from_fn(|i| {
                        (nibble(&block[6..], i) | ((fifth >> i & 1) as u8) << 4) as i8 - 16
                    })
                };
                Weights::Q8(q8(blocks, columns, |block| half(block, 0), value))
            }
            GgmlDType::Q4K => {
                let blocks = bytes.as_chunks::<144>().0.iter().map(q4k).collect();
                Weights::Q4K(Q4K { columns, blocks })
            }
            GgmlDType::Q6K => Weights::Q8Half(q6k(bytes.as_chunks().0, columns)),
            other => {
                let tensor =
                    ggml_file::qtensor_from_ggml(other, bytes, vec![rows, columns], &Device::Cpu)?;
                let values = tensor.dequantize_f16(&Device::Cpu)?.flatten_all()?;
                let values = values.to_vec1::<half::f16>()?;
                let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                return Ok(Self::from_f16(&bytes, rows, columns));
            }
        };
        Ok(Self::new(rows, columns, weights))
    }
}

/// The half precision number at some byte.
fn half(block: &[u8], at: usize) -> f32 {
    f16(u16::from_le_bytes([block[at], block[at + 1]]))
}

/// Column `i` of 32 in 16 bytes: the lower four bits are the first half of them.
fn nibble(bytes: &[u8], i: usize) -> u8 {
    if i < GROUP / 2 { bytes[i] & 0xF } else { bytes[i - GROUP / 2] >> 4 }
}

fn q8<const N: usize>(
    blocks: &[[u8; N]],
    columns: usize,
    scale: impl Fn(&[u8; N]) -> f32,
    values: impl Fn(&[u8; N]) -> [i8; GROUP],
) -> Q8<f32> {
    Q8 {
        columns,
        values: blocks.iter().flat_map(values).collect(),
        scales: blocks.iter().map(scale).collect(),
    }
}

/// Scale, offset (both half precision), eight pairs of six bits, 128 bytes of four.
fn q4k(block: &[u8; 144]) -> Q4KBlock {
    let packed = &block[4..16];
    let pair = |i: usize| match i {
        0..4 => (packed[i] & 63, packed[i + 4] & 63),
        _ => (
            packed[i + 4] & 0xF | packed[i - 4] >> 6 << 4,
            packed[i + 4] >> 4 | packed[i] >> 6 << 4,
        ),
    };
    let nibbles = block[16..].as_chunks::<32>().0;
    Q4KBlock {
        scale: half(block, 0),
        offset: half(block, 2),
        scales: std::array::from_fn(|i| pair(i).0),
        offsets: std::array::from_fn(|i| pair(i).1),
        nibbles: std::array::from_fn(|i| nibbles[i]),
    }
}

/// 128 bytes of four bits, 64 of two more, a signed scale for every 16 columns, one in half precision for all.
fn q6k(blocks: &[[u8; 210]], columns: usize) -> Q8<[f32; 2]> {
    let mut values = Vec::with_capacity(blocks.len() * SUPER);
    let mut scales = Vec::with_capacity(blocks.len() * SUPER / GROUP);
    for block in blocks {
        let (low, high) = (&block[..128], &block[128..192]);
        for i in 0..SUPER {
            // Two halves of 128 columns; in each, four runs of 32 share bytes.
            let (part, run, at) = (i / 128, i % 128 / 32, i % 32);
            let low = low[part * 64 + run % 2 * 32 + at] >> (run / 2 * 4) & 0xF;
            let high = high[part * 32 + at] >> (run * 2) & 3;
            values.push((low | high << 4) as i8 - 32);
        }
        let scale = half(block, 208);
        let own = block[192..208].as_chunks::<2>().0;
        scales.extend(own.iter().map(|pair| pair.map(|s| scale * f32::from(s as i8))));
    }
    Q8 { columns, values, scales }
}

#[cfg(test)]
mod tests {
    use candle_core::{Tensor, quantized::QTensor};

    use super::*;
    use crate::model::kernel::{Input, Threads, products};

    const FORMATS: [GgmlDType; 11] = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q8_0,
        GgmlDType::Q4_0,
        GgmlDType::Q5_0,
        GgmlDType::Q4_1,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ];

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        super::super::Dice::new(seed).numbers(count, 1.0)
    }

    /// Random weights as candle stores them, and as they are read here.
    fn stored(format: GgmlDType, (rows, columns): (usize, usize), seed: u64) -> (QTensor, Matrix) {
        let numbers = numbers(rows * columns, seed);
        let weights = Tensor::from_vec(numbers, (rows, columns), &Device::Cpu).unwrap();
        let stored = QTensor::quantize(&weights, format).unwrap();
        let matrix = Matrix::from_ggml(format, &stored.data().unwrap(), rows, columns).unwrap();
        (stored, matrix)
    }

    /// What candle makes of the same bytes, and products with them, which are off by the rounding of inputs to bytes.
    #[test]
    fn blocks_are_read_as_candle_reads_them() {
        let (rows, columns, n) = (19, 512, 7);
        let x = numbers(n * columns, 5);
        for format in FORMATS {
            let (stored, matrix) = stored(format, (rows, columns), 3);
            let expected: Vec<f32> =
                stored.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let mut row = vec![0.0; columns];
            for (i, expected) in expected.chunks_exact(columns).enumerate() {
                matrix.row(i, &mut row);
                let apart =
                    row.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(apart < 1e-3, "{format:?}: {apart}");
            }
            let input = Input::new(&x, columns, matrix.is_quantised());
            let threads = Threads::new(2).unwrap();
            let out = products(&threads, &[&matrix], &input).swap_remove(0);
            for t in 0..n {
                for (i, row) in expected.chunks_exact(columns).enumerate() {
                    let exact: f32 =
                        row.iter().zip(&x[t * columns..][..columns]).map(|(a, b)| a * b).sum();
                    let apart = (exact - out[t * rows + i]).abs();
                    assert!(apart < 0.12, "{format:?}: {apart} of {exact}");
                }
            }
        }
    }

    /// One token, a few rows, one thread: the same bits as all tokens and rows on two threads.
    #[test]
    fn a_product_does_not_depend_on_its_company() {
        let (rows, columns, n) = (37, 256, 7);
        let x = numbers(n * columns, 8);
        for format in FORMATS {
            let (_, matrix) = stored(format, (rows, columns), 9);
            let input = Input::new(&x, columns, matrix.is_quantised());
            let all = products(&Threads::new(2).unwrap(), &[&matrix], &input).swap_remove(0);
            let mut some = Vec::new();
            for t in 0..n {
                let input =
                    Input::new(&x[t * columns..][..columns], columns, matrix.is_quantised());
                let picked = [36, 0, 5, 5, 17];
                matrix.pick(&Threads::new(1).unwrap(), &picked, &input, &mut some);
                for (row, value) in picked.iter().zip(&some) {
                    assert_eq!(
                        all[t * rows + *row as usize].to_bits(),
                        value.to_bits(),
                        "{format:?}"
                    );
                }
            }
        }
    }

    /// Eight side by side: the same weights, products that differ in rounding alone, and not with their company.
    #[test]
    fn interleaved_rows_are_the_same_rows() {
        let (rows, columns, n) = (40, 512, 7);
        let x = numbers(n * columns, 8);
        for format in [GgmlDType::Q4K, GgmlDType::Q8_0] {
            let (_, matrix) = stored(format, (rows, columns), 9);
            let (_, same) = stored(format, (rows, columns), 9);
            let interleaved = same.interleaved();
            assert_eq!(matrix.bytes(), interleaved.bytes());
            let (mut one, mut other) = (vec![0.0; columns], vec![0.0; columns]);
            for row in 0..rows {
                matrix.row(row, &mut one);
                interleaved.row(row, &mut other);
                assert_eq!(one, other);
            }
            let input = Input::new(&x, columns, true);
            let threads = Threads::new(2).unwrap();
            let expected = products(&threads, &[&matrix], &input).swap_remove(0);
            let all = products(&threads, &[&interleaved], &input).swap_remove(0);
            for (expected, found) in expected.iter().zip(&all) {
                assert!((expected - found).abs() < 1e-4, "{found} is not {expected}");
            }
            let mut some = Vec::new();
            for t in 0..n {
                let input = Input::new(&x[t * columns..][..columns], columns, true);
                let alone = products(&threads, &[&interleaved], &input).swap_remove(0);
                assert_eq!(alone, all[t * rows..][..rows]);
                interleaved.pick(&threads, &[39, 0, 8, 8, 17], &input, &mut some);
                let picked = [39, 0, 8, 8, 17].map(|row| all[t * rows + row]);
                assert_eq!(some, picked);
            }
        }
    }

    /// Where most rows are wanted all are multiplied.
    #[test]
    fn picked_rows_are_those_among_all() {
        let (rows, columns) = (1000, 256);
        let x = numbers(columns, 8);
        for format in FORMATS {
            let (_, matrix) = stored(format, (rows, columns), 9);
            let input = Input::new(&x, columns, matrix.is_quantised());
            let threads = Threads::new(2).unwrap();
            let all = products(&threads, &[&matrix], &input).swap_remove(0);
            for share in [0, 1, 10, 50, 70, 99, 100] {
                let is_wanted =
                    |row: &u32| row.wrapping_mul(2_654_435_761) >> 8 & 0xFF < share * 256 / 100;
                let ascending: Vec<u32> = (0..rows as u32).filter(is_wanted).collect();
                let any = ascending.iter().rev().chain(&ascending).copied().collect();
                for picked in [ascending, any] {
                    let mut some = Vec::new();
                    matrix.pick(&threads, &picked, &input, &mut some);
                    let expected: Vec<f32> = picked.iter().map(|row| all[*row as usize]).collect();
                    assert_eq!(some, expected, "{format:?}");
                }
            }
        }
    }

    #[test]
    fn rows_that_blocks_do_not_fill_are_refused() {
        assert!(Matrix::from_ggml(GgmlDType::Q4K, &[0; 144], 2, 128).is_err());
    }
}
