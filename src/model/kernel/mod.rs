//! Products of weights and hidden states on the processor.
//!
//! A product of one row and one token is always the same sequence of operations ([`formats`]): results do not depend on
//! how many tokens are read at once, on the rows asked for, or on threads. Each row is read once for all tokens of a
//! call, so a run of tokens costs little more than one.

mod formats;
mod input;
mod interleaved;
mod level;
mod low_rank;
mod matrix;
mod random;
mod rows;
mod stored;
mod threads;
mod vector;

pub(super) use input::Input;
pub(super) use low_rank::LowRank;
pub(super) use matrix::{Matrix, products};
pub(super) use random::Dice;
pub use random::WeightFormat;
pub(super) use threads::Threads;
pub(super) use vector::{attend, gate, rms_norm};
