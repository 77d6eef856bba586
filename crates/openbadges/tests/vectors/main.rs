//! The official vectors of W3C and 1EdTech for signatures, read from beside the checkout.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod chains;
mod obv3;
mod suites;
mod world;
