//! Any bytes as the document of a request of operations.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| etag_fairing_fuzz::operations(input));
