//! JSON Schema: which JSON texts does a schema allow?

pub(crate) mod fuel;
pub(crate) mod text;
