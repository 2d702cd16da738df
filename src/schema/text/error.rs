//! What the text sets refuse.

use thiserror::Error;

use crate::{
    Limits,
    fuel::Exhausted,
    schema::{SchemaErrorKind, error::Cause},
};

/// Why there is no text set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TextError {
    /// The pattern is no regular expression of ECMA-262.
    #[error("at character {at} of the pattern: {reason}")]
    Syntax {
        /// Characters before the fault.
        at: usize,
        /// What is wrong.
        reason: String,
    },
    /// A construct that no automaton decides, or that means different things in different dialects.
    #[error("at character {at} of the pattern: {what} not supported")]
    Unsupported {
        /// Characters before the construct.
        at: usize,
        /// The construct, with its verb: "back-references are".
        what: &'static str,
    },
    /// A limit was reached.
    #[error("{what}: more than the limit of {limit} ({name})")]
    Limit {
        /// The limit's field in [`Limits`](crate::Limits).
        name: &'static str,
        /// Its value.
        limit: u64,
        /// What would have grown beyond it.
        what: &'static str,
    },
    /// Making the automaton takes too many steps.
    #[error("making the automaton of the pattern takes more work than is allowed: {0}")]
    Exhausted(Exhausted),
}

impl TextError {
    /// A limit was reached.
    pub(super) fn limit(name: &'static str, limit: u64, what: &'static str) -> Self {
        Self::Limit { name, limit, what }
    }

    /// Whether a limit refused the set (and not a mistake in a pattern).
    #[cfg(test)]
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Self::Limit { .. } | Self::Exhausted(_))
    }
}

impl From<Exhausted> for TextError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl Cause for TextError {
    fn kind(&self, limits: &Limits) -> SchemaErrorKind {
        match *self {
            Self::Syntax { .. } => SchemaErrorKind::NotASchema,
            Self::Unsupported { .. } => SchemaErrorKind::Unsupported,
            Self::Limit { name, limit, .. } => SchemaErrorKind::Limit { name, value: limit },
            // Steps of determinisation go by the states that there may be.
            Self::Exhausted(Exhausted::Work) => {
                SchemaErrorKind::Limit { name: "dfa_states", value: limits.dfa_states as u64 }
            }
            Self::Exhausted(Exhausted::Time) => {
                let value = limits.compile_milliseconds();
                SchemaErrorKind::Limit { name: "compile_time", value }
            }
        }
    }
}
