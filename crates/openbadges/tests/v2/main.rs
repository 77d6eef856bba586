//! Open Badges 2.0: what documents may do, and examinations of whole badges.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod faults;
mod hosted;
mod signed;
mod world;
