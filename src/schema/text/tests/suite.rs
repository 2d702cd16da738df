//! The JSON Schema Test Suite's strings.
