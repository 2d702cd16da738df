//! A model that wants something else at every step, and chance.

use constrained_gen::{
    TokenId, Vocabulary,
    decoding::{Logits, LogitsError},
};

/// Numbers by a seed (splitmix64, Steele and others 2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Random logits, which depend on the seed, the tokens read and the token alone.
pub(crate) struct Noise {
    state: u64,
    position: usize,
    width: usize,
    row: Vec<f32>,
}

impl Noise {
    pub(crate) fn new(seed: u64, vocabulary: &Vocabulary) -> Self {
        Self { state: seed, position: 0, width: vocabulary.width(), row: Vec::new() }
    }

    fn logit(&self, token: usize) -> f32 {
        let bits = mix(self.state ^ (token as u64).wrapping_mul(0xd605_1f35_4d1c_4e6b));
        // Like a model, it wants few things very much.
        let unit = (bits >> 11) as f32 / (1u64 << 53) as f32;
        12.0 * unit.powi(8)
    }
}

impl Logits for Noise {
    fn width(&self) -> usize {
        self.width
    }

    fn position(&self) -> usize {
        self.position
    }

    fn context(&self) -> usize {
        1 << 20
    }

    fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError> {
        for token in tokens {
            self.state = mix(self.state.rotate_left(7) ^ u64::from(token.0));
        }
        self.position += tokens.len();
        Ok(())
    }

    fn truncate(&mut self, _len: usize) {
        unreachable!("decoding never goes back");
    }

    fn logits(&mut self) -> Result<&[f32], LogitsError> {
        self.row = (0..self.width).map(|token| self.logit(token)).collect();
        Ok(&self.row)
    }

    fn logits_of(&mut self, tokens: &[TokenId], out: &mut Vec<f32>) -> Result<(), LogitsError> {
        out.clear();
        out.extend(tokens.iter().map(|token| self.logit(token.index())));
        Ok(())
    }
}
