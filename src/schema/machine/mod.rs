//! Is a text a JSON instance of the schema, byte by byte? A push-down automaton whose states are made as they are visited.
//!
//! A text is read as a set of [`Hypothesis`]es: what is being read ([`Scan`]), and the open arrays and objects around it
//! ([`Stacks`]). Members come in any order: the frame of an object carries the set of names read. Every hypothesis can be
//! completed to an instance, so a text is a viable prefix exactly if a hypothesis is left.

mod counting;
mod differ;
mod distinct;
mod expected;
mod frame;
mod obligations;
mod prepare;
mod shape;
mod spelling;
mod step;
mod text;
mod words;

pub(crate) use frame::{Frame, StackId, Stacks};
pub(crate) use prepare::{Machine, Plan};
pub(crate) use shape::{Object, Obligation, Ready};
pub(crate) use spelling::{Spelled, Spelling};
pub(crate) use step::{Hypothesis, Look, SEALED, Scan, is_blank};
pub(crate) use text::{Language, Place, Step, View};
pub(crate) use words::Words;
