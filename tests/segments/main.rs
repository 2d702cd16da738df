//! Does every accepted text of the corpora go through, token by token, however it is cut into tokens? As the tokenizer cuts it,
//! byte by byte, and at random; and is each of its prefixes the beginning of a sentence?
//!
//! `SEGMENTS=N` texts of each language instead of a few (`SEGMENTS=all`). The corpora lie beside the repository in `../shared`;
//! where they do not, this says so and checks nothing.

#![allow(clippy::print_stderr, reason = "says what was skipped and what was counted")]

mod cuts;
mod cypher;
mod sql;
mod typescript;
