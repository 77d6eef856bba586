#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| openbadges_fuzz::status_list(bytes));
