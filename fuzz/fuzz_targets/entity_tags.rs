//! Any bytes as lines of conditional fields.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| etag_fairing_fuzz::entity_tags(input));
