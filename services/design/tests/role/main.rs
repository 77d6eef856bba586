//! The role through its routes, on the stores that a deployment has.

mod badge;
mod picture;
mod world;
