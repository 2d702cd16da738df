//! The right side of products: hidden states of some tokens, as numbers and, for quantised weights, as bytes.

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
    fn new(rows: &[f32]) -> Self {
        let groups = rows.len() / GROUP;
        let mut bytes = Self {
            values: Vec::with_capacity(rows.len()),
            scales: Vec::with_capacity(groups),
            sums: Vec::with_capacity(groups),
        };
        for group in rows.as_chunks::<GROUP>().0 {
            let most = group.iter().fold(0.0f32, |most, x| most.max(x.abs()));
            let scale = most / 127.0;
            let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
            // Nearest, halves away from zero. What is no number becomes 0 here, and its scale tells.
            let rounded = group.map(|x| {
                let x = x * inverse;
                (x + 0.5f32.copysign(x)) as i32
            });
            bytes.values.extend(rounded.map(|x| x as i8));
            bytes.scales.push(scale);
            bytes.sums.push(scale * rounded.iter().sum::<i32>() as f32);
        }
        bytes
    }
}
