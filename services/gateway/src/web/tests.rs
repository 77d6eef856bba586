//! The public web with fake roles behind it.

mod baked;
mod documents;
mod engagement;
mod fake;
mod ob2;
mod pages;
mod scene;
mod signing_in;
mod tokens;
mod vc_api;
mod verify;
