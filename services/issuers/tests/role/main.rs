//! The role through its routes, on the stores that a deployment has.

mod client;
mod issuer;
mod member;
mod organization;
mod sign_in;
mod signing_key;
mod world;
