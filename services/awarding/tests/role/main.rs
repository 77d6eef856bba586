//! The role through its gRPC routes, on embedded stores in a folder, with a signer that holds one
//! key.

mod awards;
mod batches;
mod crash;
mod people;
mod world;
