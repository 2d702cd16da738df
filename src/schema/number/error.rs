//! Why a set of numbers, or its automaton, is refused.

use crate::{
    Limits,
    schema::{SchemaErrorKind, error::Cause},
};

/// What cannot be computed exactly within the limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    /// `multipleOf` of zero or of a negative number, which JSON Schema forbids.
    #[error("a divisor must be greater than zero, not {0}")]
    Divisor(String),
    /// A common multiple has more digits than [`super::Decimal`] holds.
    #[error("a common multiple of the divisors has more than {0} digits")]
    Digits(usize),
    /// Divisors combined in more ways than a set keeps.
    #[error("the divisors combine in more than {0} ways")]
    Divisors(usize),
    /// More states than allowed: the field of [`crate::Limits`] and its value.
    #[error("the numbers need more than {1} states ({0})")]
    Limit(&'static str, u64),
}

impl Cause for NumberError {
    fn kind(&self, _: &Limits) -> SchemaErrorKind {
        match *self {
            Self::Divisor(_) => SchemaErrorKind::NotASchema,
            Self::Digits(_) | Self::Divisors(_) => SchemaErrorKind::Unsupported,
            Self::Limit(name, value) => SchemaErrorKind::Limit { name, value },
        }
    }
}
