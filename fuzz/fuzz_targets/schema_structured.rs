#![no_main]
#![allow(missing_docs, unsafe_code, reason = "the macro exports a C function")]
libfuzzer_sys::fuzz_target!(|data: &[u8]| constrained_gen_fuzz::schema_structured(data));
