//! Compact JSON Web Signatures (RFC 7515), as far as Open Badges 2.0 goes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::found::MAX_BYTES;
use crate::json;
use crate::key::{Algorithm, BadSignature, PublicKey, UnknownAlgorithm};

/// Why a text is no signature that can be checked.
#[derive(Debug, thiserror::Error)]
pub(super) enum JwsError {
    #[error("it is not a compact json web signature")]
    Malformed,
    #[error("its header demands something that is not supported")]
    Critical,
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
}

/// A message and its signature. Keys that the header brings along count for nothing.
pub(super) struct Jws<'a> {
    algorithm: Algorithm,
    message: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, JwsError> {
        let text = text.trim();
        if text.len() > MAX_BYTES * 2 {
            return Err(JwsError::Malformed);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(JwsError::Malformed)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed);
        let header = json::parse(&decoded(header)?, 8 << 10).map_err(|_| JwsError::Malformed)?;
        if header.get("crit").is_some() {
            return Err(JwsError::Critical);
        }
        let name = header.get("alg").and_then(|name| name.as_str()).ok_or(JwsError::Malformed)?;
        let (payload, signature) = (decoded(payload)?, decoded(signature)?);
        Ok(Self { algorithm: name.parse()?, message, payload, signature })
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), BadSignature> {
        key.verify(self.algorithm, self.message.as_bytes(), &self.signature)
    }
}
