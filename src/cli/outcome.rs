//! Exit codes.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All is well.
    Done = 0,
    /// A text was refused by the grammar.
    Refused = 1,
    /// The command could not be carried out.
    Misuse = 2,
    /// The answer was not finished.
    #[cfg(feature = "candle")]
    Unfinished = 3,
    /// Strict validation refused the answer.
    #[cfg(feature = "candle")]
    Invalid = 4,
    /// The user stopped it.
    #[cfg(feature = "candle")]
    Interrupted = super::interrupt::CODE as isize,
}

#[cfg(feature = "candle")]
impl Outcome {
    /// Of two outcomes that which says more.
    pub(super) fn worse(self, other: Self) -> Self {
        if (other as u8) > self as u8 { other } else { self }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(outcome as u8)
    }
}
