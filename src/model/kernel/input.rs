//! The right side of products: hidden states of some tokens, as numbers and, for quantised weights, as bytes.

use super::level::{Level, ROUND, Task, dispatch};

/// Columns that share a scale.
pub(in crate::model) const GROUP: usize = 32;

/// Rows of hidden states.
#[derive(Debug)]
pub(in crate::model) struct Input<'a> {
    pub(super) tokens: usize,
    pub(super) columns: usize,
    /// [tokens, columns].
    pub(super) values: &'a [f32],
    pub(super) bytes: Option<Bytes>,
}

/// The rows as bytes from -127 to 127, with a scale for every [`GROUP`] columns.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) values: Vec<i8>,
    pub(super) scales: Vec<f32>,
    /// The sum of each group, scaled: what an offset of the weights is multiplied with.
    pub(super) sums: Vec<f32>,
}

/// A token as bytes, as formats with a scale for every 32 of 256 columns read it.
#[derive(Clone, Copy)]
pub(super) struct Supers<'a> {
    pub(super) values: &'a [[[i8; GROUP]; 8]],
    pub(super) scales: &'a [[f32; 8]],
    pub(super) sums: &'a [[f32; 8]],
}

impl<'a> Input<'a> {
    /// These rows; as bytes, too, if weights are `quantised`.
    pub(in crate::model) fn new(values: &'a [f32], columns: usize, quantised: bool) -> Self {
        let bytes = quantised.then(|| Bytes::new(values));
        Self { tokens: values.len() / columns, columns, values, bytes }
    }

    /// Some tokens as bytes. The input is one of quantised weights, and a row a multiple of 256 columns.
    #[inline(always)]
    pub(super) fn supers<const T: usize>(&self, tokens: [usize; T]) -> [Supers<'_>; T] {
        let Some(bytes) = &self.bytes else { unreachable!("the input of quantised rows") };
        let groups = self.columns / GROUP;
        tokens.map(|t| Supers {
            values: bytes.values[t * self.columns..][..self.columns].as_chunks().0.as_chunks().0,
            scales: bytes.scales[t * groups..][..groups].as_chunks().0,
            sums: bytes.sums[t * groups..][..groups].as_chunks().0,
        })
    }
}

impl Bytes {
    pub(super) fn new(rows: &[f32]) -> Self {
        let groups = rows.len() / GROUP;
        let mut bytes = Self {
            values: vec![0; groups * GROUP],
            scales: vec![0.0; groups],
            sums: vec![0.0; groups],
        };
        dispatch(Round { rows, bytes: &mut bytes });
        bytes
    }
}

/// Rounds rows to bytes. Loops without a condition: they become vectors.
struct Round<'a> {
    rows: &'a [f32],
    bytes: &'a mut Bytes,
}

impl Task for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _level: L) {
        let Bytes { values, scales, sums } = self.bytes;
        let places = scales.iter_mut().zip(sums).zip(values.as_chunks_mut::<GROUP>().0);
        for (group, ((scale, sum), bytes)) in self.rows.as_chunks::<GROUP>().0.iter().zip(places) {
            // Without its sign a number's bits have its order; what is no number is more than all, and its scale tells.
            let mut most = 0;
            for x in group {
                most = most.max(x.to_bits() & !(1 << 31));
            }
            let most = f32::from_bits(most);
            let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
            let mut all = 0;
            for (byte, x) in bytes.iter_mut().zip(group) {
                let rounded = (x * inverse + ROUND).to_bits() as i8;
                *byte = rounded;
                all += i32::from(rounded);
            }
            *scale = most / 127.0;
            *sum = *scale * all as f32;
        }
    }
}
