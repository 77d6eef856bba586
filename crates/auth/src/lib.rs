//! Tokens to principals: who calls, and what they may.
//!
//! [`Tokens`] signs what this deployment gives out, [`Verifier`] checks it by RFC 8725,
//! [`AuthLayer`] puts the [`Principal`] before every gRPC route, and [`ExternalIssuers`] checks ID
//! tokens of configured `OpenID` providers. To add a kind of token, implement [`Claims`] with a `typ`
//! of its own.

mod claims;
mod error;
mod external;
mod jwks;
mod layer;
mod parts;
mod principal;
mod revocations;
mod role;
mod tokens;
mod verifier;

pub use claims::{AccessClaims, Claims, SessionClaims, SignInClaims, UploadClaims};
pub use error::AuthError;
pub use external::{
    ExternalError, ExternalIssuer, ExternalIssuers, Identity, JwksSource, JwksUnavailable,
};
pub use layer::{AuthLayer, AuthService, PUBLIC_ALWAYS};
pub use principal::{Denied, Kind, Principal};
pub use revocations::Revocations;
pub use role::{Grant, Permission, Role, Scope};
pub use tokens::{InvalidSeed, Tokens};
pub use verifier::{Verified, Verifier};
