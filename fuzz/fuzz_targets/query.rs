//! Any query string at every kind of URL.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| etag_fairing_fuzz::query(input));
