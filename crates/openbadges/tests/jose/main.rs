//! Tokens: those that must be refused, each for its own reason, and credentials in those that are
//! good.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod credentials;
mod keys;
mod refusals;
mod world;
