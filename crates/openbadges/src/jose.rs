//! Signatures around a document: compact JWS (RFC 7515) and the credentials in it.
//!
//! [`Jws::parse`] reads a token and refuses what has no place in a credential, [`Jws::verify`]
//! checks it with a key that the caller found and trusts, and [`credential_in_jwt`] gives the
//! credential or presentation in it. Signing is [`UnsignedJws`], a signature, and
//! [`UnsignedJws::finish`]. What a token says of keys is a hint for finding one, never a reason to
//! believe it.

mod claims;
mod error;
mod jws;
mod keys;
mod sign;

pub use claims::{credential_in_jwt, valid_at};
pub use error::JoseError;
pub use jws::Jws;
pub use keys::{jwk_in_document, key_in_document};
pub use sign::UnsignedJws;

/// How many bytes a token or its payload may have.
pub(crate) const MAX_BYTES: usize = 1 << 20;
