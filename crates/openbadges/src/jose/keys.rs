//! Finding a key by its name where an issuer publishes keys: a JWK Set, or one JWK.

use serde_json::Value;

use super::JoseError;
use crate::did::{MAX_BYTES, MAX_KEYS};
use crate::json;
use crate::key::{Jwk, PublicKey};

/// What RFC 9278 writes before a thumbprint to make it a URI.
const THUMBPRINT_URI: &str = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";

/// Finds a key in a JWK Set (RFC 7517, 5) or in a lone JWK, as [`jwk_in_document`] does.
///
/// # Errors
/// As [`jwk_in_document`].
pub fn key_in_document(document: &[u8], key_id: Option<&str>) -> Result<PublicKey, JoseError> {
    Ok(jwk_in_document(document, key_id)?.key)
}

/// Finds a key in a JWK Set (RFC 7517, 5) or in a lone JWK, which is the key whatever its name.
///
/// In a set the key is the one with that `kid`, or that thumbprint; without a name it must be the
/// only one. On hosts that many issuers share, the member `iss` of the key tells whose it is.
///
/// # Errors
/// When the document is none of these, has more than 256 keys, or does not name exactly one key
/// that can be used.
pub fn jwk_in_document(document: &[u8], key_id: Option<&str>) -> Result<Jwk, JoseError> {
    let document = json::parse(document, MAX_BYTES).map_err(JoseError::Keys)?;
    let read = |jwk: &Value| Jwk::parse(jwk).map_err(JoseError::PublishedKey);
    let Some(keys) = document.get("keys").and_then(Value::as_array) else {
        return if document.get("kty").is_some() {
            read(&document)
        } else {
            Err(JoseError::NotPublished)
        };
    };
    if keys.len() > MAX_KEYS {
        return Err(JoseError::TooManyKeys(MAX_KEYS));
    }
    let Some(key_id) = key_id else {
        let [only] = &keys[..] else { return Err(JoseError::NotPublished) };
        return read(only);
    };
    let named = |jwk: &&Value| jwk.get("kid").and_then(Value::as_str) == Some(key_id);
    let mut found = keys.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(jwk), None) => read(jwk),
        (Some(_), Some(_)) => Err(JoseError::NotPublished),
        (None, _) => {
            let thumbprint = key_id.strip_prefix(THUMBPRINT_URI).unwrap_or(key_id);
            let is_it = |jwk: &Jwk| jwk.thumbprint() == thumbprint;
            let mut found = keys.iter().filter_map(|jwk| Jwk::parse(jwk).ok()).filter(is_it);
            found.next().ok_or(JoseError::NotPublished)
        }
    }
}
