//! Boolean laws, and patterns against another engine of ECMA-262, on random input.
