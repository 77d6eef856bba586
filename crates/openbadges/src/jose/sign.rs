//! Writing a token: prepare, sign elsewhere, finish.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::JoseError;
use crate::key::{Algorithm, SecretKey};
use crate::timestamp::parse_timestamp;

/// A token that waits for its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedJws {
    algorithm: Algorithm,
    signed: String,
}

impl UnsignedJws {
    /// Prepares a credential as Open Badges 3.0 has it (8.2): its claims beside its properties.
    ///
    /// `key_id` is a URI at which the key can be had, or its name in the issuer's key set.
    ///
    /// # Errors
    /// When the credential has no id, issuer, `validFrom` or id of one subject, which become claims.
    pub fn open_badge(
        credential: &Value,
        algorithm: Algorithm,
        key_id: &str,
    ) -> Result<Self, JoseError> {
        let text = |pointer: &str| credential.pointer(pointer).and_then(Value::as_str);
        let seconds = |at: &str| Ok::<_, JoseError>(parse_timestamp(at)?.unix_timestamp());
        let mut payload = credential.as_object().ok_or(JoseError::Missing("members"))?.clone();
        let issuer = text("/issuer").or_else(|| text("/issuer/id"));
        let subject = text("/credentialSubject/id").or_else(|| text("/credentialSubject/0/id"));
        let from = text("/validFrom").ok_or(JoseError::Missing("validFrom"))?;
        let mut claim = |name: &str, value: Value| payload.insert(name.to_owned(), value);
        claim("iss", issuer.ok_or(JoseError::Missing("issuer"))?.into());
        claim("jti", text("/id").ok_or(JoseError::Missing("id"))?.into());
        claim("sub", subject.ok_or(JoseError::Missing("credentialSubject.id"))?.into());
        claim("nbf", seconds(from)?.into());
        if let Some(until) = text("/validUntil") {
            claim("exp", seconds(until)?.into());
        }
        // Open Badges 3.0 allows no header members but these (and `jwk`).
        let header = json!({"alg": algorithm.as_str(), "kid": key_id, "typ": "JWT"});
        Self::new(&header, algorithm, &payload)
    }

    /// Prepares a credential as VC-JOSE-COSE has it: the payload is the credential and no more.
    ///
    /// # Errors
    /// When the credential is no object.
    pub fn credential(
        credential: &Value,
        algorithm: Algorithm,
        key_id: &str,
    ) -> Result<Self, JoseError> {
        Self::enveloping(credential, algorithm, key_id, "vc")
    }

    /// Prepares a presentation as VC-JOSE-COSE has it.
    ///
    /// # Errors
    /// When the presentation is no object.
    pub fn presentation(
        presentation: &Value,
        algorithm: Algorithm,
        key_id: &str,
    ) -> Result<Self, JoseError> {
        Self::enveloping(presentation, algorithm, key_id, "vp")
    }

    fn enveloping(
        document: &Value,
        algorithm: Algorithm,
        key_id: &str,
        content: &str,
    ) -> Result<Self, JoseError> {
        let payload = document.as_object().ok_or(JoseError::Missing("members"))?;
        if payload.contains_key("vc") || payload.contains_key("vp") {
            return Err(JoseError::Placement);
        }
        let typ = format!("{content}+jwt");
        let header = json!({"alg": algorithm.as_str(), "kid": key_id, "typ": typ, "cty": content});
        Self::new(&header, algorithm, payload)
    }

    fn new(
        header: &Value,
        algorithm: Algorithm,
        payload: &Map<String, Value>,
    ) -> Result<Self, JoseError> {
        // Values and maps always become JSON.
        let payload = serde_json::to_vec(payload).map_err(|_| JoseError::Missing("members"))?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&payload));
        Ok(Self { algorithm, signed })
    }

    /// Gives the bytes to sign.
    pub fn signing_input(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// Writes the token with the signature of [`UnsignedJws::signing_input`], in the form of
    /// [`SecretKey::sign`].
    pub fn finish(self, signature: &[u8]) -> String {
        format!("{}.{}", self.signed, URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs with a key that is at hand.
    ///
    /// # Errors
    /// When the key is of another algorithm than the header says, or cannot sign.
    pub fn sign(self, key: &SecretKey) -> Result<String, JoseError> {
        if key.algorithm() != self.algorithm {
            return Err(JoseError::WrongKey { token: self.algorithm, key: key.algorithm() });
        }
        let signature = key.sign(self.signing_input())?;
        Ok(self.finish(&signature))
    }
}
