//! The GraphQL endpoint with pretended roles behind it.

mod limits;
mod operations;
mod streams;
mod transport;
mod watches;
