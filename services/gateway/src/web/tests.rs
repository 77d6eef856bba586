//! The public web with fake roles behind it.

mod documents;
mod engagement;
mod fake;
mod pages;
mod scene;
mod signing_in;
mod tokens;
