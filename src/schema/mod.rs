//! JSON Schema: which JSON texts does a schema allow?

pub(crate) mod fuel;
pub(crate) mod text;
//! JSON Schema.
#[allow(dead_code, reason = "what reads schemas and walks values comes with the other parts")]
pub(crate) mod number;
