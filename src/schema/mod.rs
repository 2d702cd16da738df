//! JSON Schema.

#[allow(dead_code, reason = "what reads schemas and walks values comes with the other parts")]
pub(crate) mod number;
