//! Choices that an input makes, a byte each.

use crate::schemas::Choices;

/// The choices of these bytes; after their end every choice is the first.
pub(crate) fn choices(bytes: &[u8]) -> Choices {
    Choices::new(&bytes.iter().map(|byte| u16::from(*byte)).collect::<Vec<_>>())
}

/// A number from the first bytes, and the others.
pub(crate) fn seed(data: &[u8]) -> Option<(u64, &[u8])> {
    let (seed, rest) = data.split_at_checked(4)?;
    Some((seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)), rest))
}
