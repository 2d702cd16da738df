//! Weights by chance, to measure what a model of some shape costs: speed does not depend on the numbers.

use super::{
    Matrix,
    formats::{Q4K, Q4KBlock, Q8, SUPER},
    input::GROUP,
    matrix::Weights,
};

/// Numbers by chance, always the same ones for a seed (Vigna's SplitMix64).
#[derive(Debug)]
pub(in crate::model) struct Dice(u64);

impl Dice {
    pub(in crate::model) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ x >> 31
    }

    /// Numbers from `-most` to `most`.
    pub(in crate::model) fn numbers(&mut self, count: usize, most: f32) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 * most - most).collect()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }
}

/// A format of random weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightFormat {
    /// 32 bits per weight.
    F32,
    /// bfloat16.
    Bf16,
    /// GGUF's Q8_0: 8 bits and a scale for every 32.
    Q8_0,
    /// GGUF's Q4_K: 4 bits and scales in two stages.
    Q4K,
    /// GGUF's Q6_K: 6 bits and scales in two stages.
    Q6K,
    /// What files named Q4_K_M hold: [`Q4K`](Self::Q4K), but [`Q6K`](Self::Q6K) for the head with the embedding, and in half of
    /// the layers for the projections `v_proj` and `down_proj`.
    Q4KM,
}

impl WeightFormat {
    /// How a matrix is stored where formats are mixed: that of the embedding and the head, or one of a layer's projections.
    pub(in crate::model) fn of(self, name: &str, layers: usize) -> Self {
        if self != Self::Q4KM {
            return self;
        }
        let layer = name.strip_prefix("model.layers.").and_then(|rest| rest.split('.').next());
        let Some(layer) = layer.and_then(|layer| layer.parse::<usize>().ok()) else {
            return Self::Q6K;
        };
        // llama.cpp's rule (`use_more_bits` in its quantisation): the first and last eighth, and every third one between.
        let eighth = layers / 8;
        let is_dear = layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
        let is_named = ["v_proj", "down_proj"].iter().any(|part| name.contains(part));
        if is_dear && is_named { Self::Q6K } else { Self::Q4K }
    }
}

impl Matrix {
    /// Weights of about 1 / sqrt(columns).
    pub(in crate::model) fn random(
        format: WeightFormat,
        rows: usize,
        columns: usize,
        dice: &mut Dice,
    ) -> Self {
        let count = rows * columns;
        let most = 1.7 / (columns as f32).sqrt();
        match format {
            WeightFormat::F32 => Self::from_f32(dice.numbers(count, most), rows, columns),
            WeightFormat::Bf16 => {
                let halves = dice.numbers(count, most).into_iter().map(|x| x.to_bits() >> 16);
                let bytes: Vec<u8> = halves.flat_map(|x| (x as u16).to_le_bytes()).collect();
                Self::from_bf16(&bytes, rows, columns)
            }
            WeightFormat::Q8_0 => {
                let mut values = Vec::with_capacity(count);
                for _ in 0..count / GROUP {
                    values.extend(dice.bytes::<GROUP>().map(|x| (x as i8).max(-127)));
                }
                let scales = vec![most / 127.0; count / GROUP];
                Self::new(rows, columns, Weights::Q8(Q8 { columns, values, scales }))
            }
            WeightFormat::Q6K => {
                let mut values = Vec::with_capacity(count);
                for _ in 0..count / GROUP {
                    values.extend(dice.bytes::<GROUP>().map(|x| (x & 63) as i8 - 32));
                }
                let scales = vec![[most / 32.0; 2]; count / GROUP];
                Self::new(rows, columns, Weights::Q8Half(Q8 { columns, values, scales }))
            }
            WeightFormat::Q4K | WeightFormat::Q4KM => {
                let scale = most / 7.5 / 48.0;
                let block = |_| Q4KBlock {
                    scale,
                    offset: 7.5 * scale,
                    scales: [48; 8],
                    offsets: [48; 8],
                    nibbles: std::array::from_fn(|_| dice.bytes()),
                };
                let blocks = (0..count / SUPER).map(block).collect();
                Self::new(rows, columns, Weights::Q4K(Q4K { columns, blocks }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_mixed_as_files_are() {
        let of = |name: &str| WeightFormat::Q4KM.of(name, 28);
        assert_eq!(of("model.embed_tokens.weight"), WeightFormat::Q6K);
        let dear: Vec<usize> = (0..28)
            .filter(|i| of(&format!("model.layers.{i}.mlp.down_proj.weight")) == WeightFormat::Q6K)
            .collect();
        assert_eq!(dear, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27]);
        assert_eq!(of("model.layers.0.self_attn.v_proj.weight"), WeightFormat::Q6K);
        assert_eq!(of("model.layers.0.self_attn.q_proj.weight"), WeightFormat::Q4K);
        assert_eq!(WeightFormat::Q8_0.of("model.embed_tokens.weight", 28), WeightFormat::Q8_0);
    }
}
