//! A vault in another process, over a real socket: the port's promises, also while something fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod destruction;
mod errors;
mod faults;
mod port;
mod proxy;
mod spy;
mod world;
