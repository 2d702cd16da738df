//! Rotary position embedding: which base, and the tables of angles.

use candle_core::{Device, Result, Tensor};

/// The context limit up to which [`scaled_base`] leaves a base unchanged.
const UNSCALED_LIMIT: usize = 32_768;

/// Positions of a table at first; tables grow as texts do.
const FIRST_POSITIONS: usize = 512;

/// How the rotary base follows from a model's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RopeRule {
    /// As the model's configuration has it.
    #[default]
    Model,
    /// The rule that the experts name `ntk-by-parts`: see [`scaled_base`].
    NtkByParts {
        /// The context limit.
        limit: usize,
    },
}

impl RopeRule {
    /// The base to use for a model whose own is `base`.
    pub fn base(self, base: f64) -> f64 {
        match self {
            Self::Model => base,
            Self::NtkByParts { limit } => scaled_base(base, limit),
        }
    }
}

/// The rotary base for a context limit: above 32,768 it is `base × (limit / 32,768)^0.25`, else it is unchanged.
///
/// ```
/// use constrained_gen::model::scaled_base;
///
/// assert_eq!(scaled_base(1e6, 32_768), 1e6);
/// assert_eq!(scaled_base(1e6, 40_960).round(), 1_057_371.0);
/// ```
pub fn scaled_base(base: f64, limit: usize) -> f64 {
    if limit > UNSCALED_LIMIT {
        base * (limit as f64 / UNSCALED_LIMIT as f64).powf(0.25)
    } else {
        base
    }
}

/// Cosines and sines of all angles, position by position.
///
/// In f32 from the frequencies on, as the reference computes them: exact angles would differ from those the weights were
/// trained with by 1e-4 in the logits at position 1,500.
#[derive(Debug)]
pub(super) struct RopeTable {
    frequencies: Vec<f32>,
    device: Device,
    /// [positions, head_dim / 2] each.
    cos: Tensor,
    sin: Tensor,
    positions: usize,
}

impl RopeTable {
    pub(super) fn new(base: f64, head_dim: usize, device: &Device) -> Result<Self> {
        let frequencies: Vec<f32> = (0..head_dim / 2)
            .map(|i| 1.0 / (base as f32).powf((2 * i) as f32 / head_dim as f32))
            .collect();
        let (cos, sin) = tables(&frequencies, FIRST_POSITIONS, device)?;
        Ok(Self { frequencies, device: device.clone(), cos, sin, positions: FIRST_POSITIONS })
    }

    /// The rows of `count` positions from `offset` on, each [count, head_dim / 2].
    pub(super) fn rows(&mut self, offset: usize, count: usize) -> Result<(Tensor, Tensor)> {
        if offset + count > self.positions {
            self.positions = (offset + count).next_power_of_two();
            (self.cos, self.sin) = tables(&self.frequencies, self.positions, &self.device)?;
        }
        Ok((self.cos.narrow(0, offset, count)?, self.sin.narrow(0, offset, count)?))
    }
}

fn tables(frequencies: &[f32], positions: usize, device: &Device) -> Result<(Tensor, Tensor)> {
    let angles: Vec<f32> = (0..positions)
        .flat_map(|position| frequencies.iter().map(move |f| position as f32 * f))
        .collect();
    let shape = (positions, frequencies.len());
    let cos = angles.iter().map(|a| a.cos()).collect();
    let sin = angles.iter().map(|a| a.sin()).collect();
    Ok((Tensor::from_vec(cos, shape, device)?, Tensor::from_vec(sin, shape, device)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_changes_above_the_limit_only() {
        for limit in [1, 8_192, 32_768] {
            assert_eq!(scaled_base(1e6, limit), 1e6);
        }
        assert!((scaled_base(1e6, 131_072) - 1e6 * 4f64.powf(0.25)).abs() < 1e-6);
        assert_eq!(RopeRule::Model.base(1e4), 1e4);
        assert_eq!(RopeRule::NtkByParts { limit: 40_960 }.base(1e6), scaled_base(1e6, 40_960));
    }

    #[test]
    fn a_grown_table_agrees_with_itself() {
        let mut table = RopeTable::new(1e4, 8, &Device::Cpu).unwrap();
        let before = table.rows(500, 12).unwrap().0.to_vec2::<f32>().unwrap();
        let grown = table.rows(500, 1000).unwrap().0.to_vec2::<f32>().unwrap();
        assert_eq!(before[..], grown[..12]);
        assert_eq!(before[0][0], 500f32.cos());
    }
}
