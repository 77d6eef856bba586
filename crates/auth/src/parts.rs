use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};

use crate::AuthError;

/// Longest token that is looked at, in bytes.
pub(crate) const LONGEST: usize = 8 * 1024;

/// A JWS in compact form (RFC 7515 7.1), split but not yet believed.
pub(crate) struct Parts<'t> {
    pub(crate) header: Vec<u8>,
    pub(crate) signed: &'t [u8],
    pub(crate) payload: &'t str,
    pub(crate) signature: &'t str,
}

impl<'t> Parts<'t> {
    pub(crate) fn split(token: &'t str) -> Result<Self, AuthError> {
        if token.is_empty() {
            return Err(AuthError::MissingToken);
        }
        if token.len() > LONGEST {
            return Err(AuthError::MalformedToken);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(AuthError::MalformedToken)?;
        let (header, payload) = signed.split_once('.').ok_or(AuthError::MalformedToken)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(AuthError::MalformedToken);
        }
        Ok(Self { header: decode(header)?, signed: signed.as_bytes(), payload, signature })
    }

    pub(crate) fn header<H: DeserializeOwned>(&self) -> Result<H, AuthError> {
        serde_json::from_slice(&self.header).map_err(|_| AuthError::MalformedToken)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, AuthError> {
        decode(self.payload)
    }
}

/// The header of our own tokens: these members and no other, so that no key can be brought along
/// (`jwk`, `jku`, `x5u`), nothing critical overlooked (`crit`), nothing compressed (`zip`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OurHeader {
    pub(crate) alg: String,
    pub(crate) typ: String,
    pub(crate) kid: String,
}

fn decode(text: &str) -> Result<Vec<u8>, AuthError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| AuthError::MalformedToken)
}
