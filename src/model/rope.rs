//! Rotary position embedding: which frequencies, and the tables of angles.

use std::sync::Arc;

use super::Config;

/// The context limit up to which [`scaled_base`] leaves a base unchanged.
const UNSCALED_LIMIT: usize = 32_768;

/// Positions of a table at first; tables grow as texts do.
const FIRST_POSITIONS: usize = 512;

/// How rotary positions follow from a model's own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// [`RopeScaling::Linear`] instead of the model's own scaling.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// [`RopeScaling::Dynamic`] instead of the model's own scaling.
    Dynamic {
        /// The factor.
        factor: f64,
        /// Positions the model was made for, if not those of its configuration.
        original: Option<usize>,
    },
    /// YaRN with the paper's defaults instead of the model's own scaling.
    Yarn {
        /// The factor.
        factor: f64,
        /// Positions the model was trained on, if not those of its configuration.
        original: Option<usize>,
    },
}

impl RopeRule {
    /// The configuration of a model under this rule.
    pub(super) fn of(self, config: &Config) -> Config {
        let mut config = config.clone();
        match self {
            Self::Model => {}
            Self::NtkByParts { limit } => config.rope_theta = scaled_base(config.rope_theta, limit),
            Self::Linear { factor } => config.rope_scaling = RopeScaling::Linear { factor },
            Self::Dynamic { factor, original } => {
                config.rope_scaling = RopeScaling::Dynamic { factor };
                config.max_position_embeddings = original.unwrap_or(config.max_position_embeddings);
            }
            Self::Yarn { factor, original } => {
                let original = original.unwrap_or(config.max_position_embeddings);
                config.rope_scaling = RopeScaling::yarn(factor, original);
            }
        }
        config
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

/// What a model's configuration does to the frequencies so that texts may be longer, as transformers computes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum RopeScaling {
    /// Nothing.
    #[default]
    None,
    /// Positions are divided by a factor.
    Linear {
        /// The factor.
        factor: f64,
    },
    /// The base grows with the text, once it is longer than the model was made for. Keys keep the rotation they were
    /// read with, as in transformers: beyond that length results depend on how a text was cut into calls.
    Dynamic {
        /// How fast.
        factor: f64,
    },
    /// YaRN (Peng and others 2023): high frequencies stay, low ones are divided by the factor, those between by a part of
    /// it; cosines and sines are scaled.
    Yarn {
        /// The factor.
        factor: f64,
        /// Positions that the model was trained on.
        original: usize,
        /// What cosines and sines are multiplied with.
        attention_factor: f64,
        /// Rotations within `original` from which a frequency stays.
        beta_fast: f64,
        /// Rotations up to which it is divided.
        beta_slow: f64,
        /// Whether the bounds of the ramp are rounded outwards to whole dimensions.
        truncate: bool,
    },
}

/// What YaRN multiplies cosines and sines with (section 3.4 of the paper), with a weight as later models have it.
pub(super) fn yarn_magnitude(factor: f64, weight: f64) -> f64 {
    if factor <= 1.0 { 1.0 } else { 0.1 * weight * factor.ln() + 1.0 }
}

impl RopeScaling {
    /// YaRN with the paper's defaults.
    pub fn yarn(factor: f64, original: usize) -> Self {
        Self::Yarn {
            factor,
            original,
            attention_factor: yarn_magnitude(factor, 1.0),
            beta_fast: 32.0,
            beta_slow: 1.0,
            truncate: true,
        }
    }

    /// The most tokens a text may have under it, in a model made for `positions`.
    pub fn context(&self, positions: usize) -> usize {
        let scaled = match *self {
            Self::None => return positions,
            Self::Linear { factor } | Self::Dynamic { factor } => positions as f64 * factor,
            Self::Yarn { factor, original, .. } => original as f64 * factor,
        };
        positions.max(scaled as usize)
    }
}

/// Frequencies of a model.
#[derive(Clone, Debug)]
pub(super) struct Rope {
    base: f64,
    width: usize,
    positions: usize,
    scaling: RopeScaling,
}

impl Rope {
    /// As a configuration has it.
    pub(super) fn of(config: &Config) -> Self {
        let Config { rope_theta, head_dim, max_position_embeddings, rope_scaling, .. } = *config;
        Self::new(rope_theta, head_dim, max_position_embeddings, rope_scaling)
    }

    /// For heads of `width` in a model made for `positions`.
    pub(super) fn new(base: f64, width: usize, positions: usize, scaling: RopeScaling) -> Self {
        Self { base, width, positions, scaling }
    }

    /// The length that decides about the frequencies of a call that ends at `end`; the same one, the same frequencies.
    fn deciding_length(&self, end: usize) -> usize {
        match self.scaling {
            RopeScaling::Dynamic { .. } => end.max(self.positions),
            _ => self.positions,
        }
    }

    /// One frequency per pair of columns, in f32 as the reference has them.
    fn frequencies(&self, length: usize) -> Vec<f32> {
        let dims = self.width as f64;
        let base = match self.scaling {
            RopeScaling::Dynamic { factor } => {
                let stretch = factor * length as f64 / self.positions as f64 - (factor - 1.0);
                // The reference computes the stretched base in f32 once the length is a tensor.
                if length > self.positions {
                    f64::from(
                        self.base as f32 * (stretch as f32).powf((dims / (dims - 2.0)) as f32),
                    )
                } else {
                    self.base * stretch.powf(dims / (dims - 2.0))
                }
            }
            _ => self.base,
        };
        let powers: Vec<f32> = (0..self.width / 2)
            .map(|i| (base as f32).powf((2 * i) as f32 / self.width as f32))
            .collect();
        match self.scaling {
            RopeScaling::None | RopeScaling::Dynamic { .. } => {
                powers.iter().map(|p| 1.0 / p).collect()
            }
            RopeScaling::Linear { factor } => {
                powers.iter().map(|p| 1.0 / p / factor as f32).collect()
            }
            RopeScaling::Yarn { factor, original, beta_fast, beta_slow, truncate, .. } => {
                // The dimension that turns so many times within the original context.
                let dimension = |turns: f64| {
                    dims * (original as f64 / (turns * 2.0 * std::f64::consts::PI)).ln()
                        / (2.0 * base.ln())
                };
                let (low, high) = (dimension(beta_fast), dimension(beta_slow));
                let (low, high) = if truncate { (low.floor(), high.ceil()) } else { (low, high) };
                let (low, mut high) = (low.max(0.0), high.min(dims - 1.0));
                if low == high {
                    high += 0.001;
                }
                let ramp =
                    |i: usize| ((i as f32 - low as f32) / (high - low) as f32).clamp(0.0, 1.0);
                powers
                    .iter()
                    .enumerate()
                    .map(|(i, p)| {
                        let kept = 1.0 - ramp(i);
                        1.0 / (factor as f32 * p) * (1.0 - kept) + 1.0 / p * kept
                    })
                    .collect()
            }
        }
    }

    fn scale(&self) -> f32 {
        match self.scaling {
            RopeScaling::Yarn { attention_factor, .. } => attention_factor as f32,
            _ => 1.0,
        }
    }
}

/// Cosines and sines of all angles, position by position.
///
/// In f32 from the frequencies on, as the reference computes them: exact angles would differ from those the weights were
/// trained with by 1e-4 in the logits at position 1,500.
#[derive(Clone, Debug)]
pub(super) struct Angles {
    length: usize,
    half: usize,
    /// [positions, width / 2] each.
    pub(super) cos: Vec<f32>,
    pub(super) sin: Vec<f32>,
}

impl Angles {
    fn positions(&self) -> usize {
        self.cos.len() / self.half
    }

    /// Cosines and sines of one position.
    pub(super) fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let range = position * self.half..(position + 1) * self.half;
        (&self.cos[range.clone()], &self.sin[range])
    }

    /// Rotates a head: pairs are the columns of its two halves.
    pub(super) fn rotate(&self, head: &mut [f32], position: usize) {
        let (cos, sin) = self.at(position);
        let (first, second) = head.split_at_mut(self.half);
        for (((x, y), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            (*x, *y) = (*x * cos - *y * sin, *y * cos + *x * sin);
        }
    }
}

/// Angles that were computed lately, shared by all sequences.
#[derive(Debug)]
pub(super) struct RopeTable {
    rope: Rope,
    angles: Arc<Angles>,
}

impl RopeTable {
    pub(super) fn new(rope: Rope) -> Self {
        let length = rope.deciding_length(0);
        let angles = Arc::new(angles(&rope, length, FIRST_POSITIONS));
        Self { rope, angles }
    }

    /// Another table of the same rule.
    pub(super) fn fresh(&self) -> Self {
        Self { rope: self.rope.clone(), angles: Arc::clone(&self.angles) }
    }

    /// The angles for a call that reads tokens from `begin` to `end`.
    pub(super) fn angles(&mut self, end: usize) -> Arc<Angles> {
        let length = self.rope.deciding_length(end);
        if length != self.angles.length || end > self.angles.positions() {
            let positions = end.next_power_of_two().max(FIRST_POSITIONS);
            self.angles = Arc::new(angles(&self.rope, length, positions));
        }
        Arc::clone(&self.angles)
    }
}

fn angles(rope: &Rope, length: usize, positions: usize) -> Angles {
    let (frequencies, scale) = (rope.frequencies(length), rope.scale());
    let angles = || {
        let frequencies = &frequencies;
        (0..positions).flat_map(move |at| frequencies.iter().map(move |f| at as f32 * f))
    };
    Angles {
        length,
        half: rope.width / 2,
        cos: angles().map(|a| a.cos() * scale).collect(),
        sin: angles().map(|a| a.sin() * scale).collect(),
    }
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
    }

    #[test]
    fn rules_change_a_configuration() {
        let plain = Config::qwen3_0_6b();
        assert_eq!(RopeRule::Model.of(&plain), plain);
        assert_eq!(RopeRule::NtkByParts { limit: 32_768 }.of(&plain), plain);
        let ntk = RopeRule::NtkByParts { limit: 40_960 }.of(&plain);
        assert_eq!(ntk.rope_theta, scaled_base(1e6, 40_960));
        let yarn = RopeRule::Yarn { factor: 4.0, original: Some(32_768) }.of(&plain);
        assert_eq!(yarn.rope_scaling, RopeScaling::yarn(4.0, 32_768));
        let own = RopeRule::Yarn { factor: 2.0, original: None }.of(&plain);
        assert_eq!(own.rope_scaling, RopeScaling::yarn(2.0, 40_960));
        let dynamic = RopeRule::Dynamic { factor: 2.0, original: Some(1000) }.of(&plain);
        assert_eq!(dynamic.rope_scaling.context(dynamic.max_position_embeddings), 2000);
        let linear = RopeRule::Linear { factor: 2.0 }.of(&plain);
        assert_eq!(linear.rope_scaling, RopeScaling::Linear { factor: 2.0 });
    }

    #[test]
    fn a_grown_table_agrees_with_itself() {
        let mut table = RopeTable::new(Rope::new(1e4, 8, 4096, RopeScaling::None));
        let before = table.angles(512);
        let grown = table.angles(1500);
        for at in 500..512 {
            assert_eq!(before.at(at), grown.at(at));
        }
        assert_eq!(before.at(500).0[0], 500f32.cos());
    }

    #[test]
    fn scaled_contexts_are_longer() {
        assert_eq!(RopeScaling::None.context(40_960), 40_960);
        assert_eq!(RopeScaling::Dynamic { factor: 2.0 }.context(1000), 2000);
        let yarn = RopeScaling::Yarn {
            factor: 4.0,
            original: 32_768,
            attention_factor: 1.0,
            beta_fast: 32.0,
            beta_slow: 1.0,
            truncate: true,
        };
        assert_eq!(yarn.context(40_960), 131_072);
    }
}
