//! The role through its gRPC routes, on embedded stores in a folder, with a signer that holds one
//! key.

#![expect(clippy::unwrap_used, reason = "what cannot be had here fails the test")]

mod awards;
mod batches;
mod crash;
mod hygiene;
mod lanes;
mod people;
mod submissions;
mod world;
