//! Any text as the JSON of a filter.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| etag_fairing_fuzz::filter(input));
