//! Reading and checking a token, as strictly as security asks for (RFC 7515, RFC 8725).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{JoseError, MAX_BYTES};
use crate::json;
use crate::key::{Algorithm, BadSignature, Jwk, PublicKey};

/// How many bytes a header may have; one with an RSA key has about 2000.
const MAX_HEADER: usize = 16 << 10;

/// How many characters the name of a key may have.
const MAX_KEY_ID: usize = 4096;

/// A token whose form was checked, and whose signature was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jws {
    header: Map<String, Value>,
    algorithm: Algorithm,
    key_id: Option<String>,
    embedded_key: Option<PublicKey>,
    payload: Vec<u8>,
    /// What is signed: header and payload as they were written.
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    /// Reads a token in its compact form; white space around it does not count.
    ///
    /// # Errors
    /// When it is malformed, not signed with a key pair, or wants something that is not supported.
    pub fn parse(text: &str) -> Result<Self, JoseError> {
        let text = text.trim_ascii();
        if text.len() > MAX_BYTES {
            return Err(JoseError::TooLarge);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JoseError::Parts);
        };
        let decode =
            |text: &str, part| URL_SAFE_NO_PAD.decode(text).map_err(|_| JoseError::NotBase64(part));
        let parsed = json::parse(&decode(header, "header")?, MAX_HEADER);
        let Value::Object(members) = parsed.map_err(JoseError::Header)? else {
            return Err(JoseError::HeaderMember("alg"));
        };
        let algorithm = algorithm(&members)?;
        refuse_extensions(&members)?;
        let key_id = key_id(&members)?;
        let embedded_key = embedded_key(&members, algorithm)?;
        if payload.is_empty() {
            return Err(JoseError::Detached);
        }
        if signature.is_empty() {
            return Err(JoseError::EmptySignature);
        }
        Ok(Self {
            signed: text[..header.len() + 1 + payload.len()].to_owned(),
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
            header: members,
            algorithm,
            key_id,
            embedded_key,
        })
    }

    /// Gives the header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Gives the payload: bytes that nobody has vouched for before [`Jws::verify`].
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Gives the algorithm that the header names.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Gives the name of the key, to compare with and to look up, in the words of a stranger.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Gives the key in the header: the one to look for, not one to trust.
    pub fn embedded_key(&self) -> Option<&PublicKey> {
        self.embedded_key.as_ref()
    }

    /// Verifies the signature with a key that the caller has found elsewhere.
    ///
    /// Both r, s and r, n − s are signatures of ECDSA. JOSE knows no preferred one, `WebCrypto`
    /// makes either, and nothing here depends on a token having one writing only; so the larger s
    /// is accepted, too.
    ///
    /// # Errors
    /// When the key is of another algorithm than the header says, or the signature malformed or
    /// not of this token.
    pub fn verify(&self, key: &PublicKey) -> Result<(), JoseError> {
        if key.algorithm() != self.algorithm {
            return Err(JoseError::WrongKey { token: self.algorithm, key: key.algorithm() });
        }
        let length = match key {
            PublicKey::Ed25519(_) | PublicKey::P256(_) => 64,
            PublicKey::P384(_) => 96,
            PublicKey::P521(_) => 132,
            PublicKey::Rsa { n, .. } => n.len(),
        };
        if self.signature.len() != length {
            return Err(JoseError::SignatureLength(length));
        }
        let mut halves = self.signature.chunks(length.div_ceil(2));
        if halves.any(|half| half.iter().all(|byte| *byte == 0)) {
            return Err(JoseError::ZeroSignature);
        }
        key.verify(self.algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(|BadSignature| JoseError::Mismatch)
    }
}

/// The one place where a token chooses an algorithm, out of those with key pairs.
fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, JoseError> {
    let name = header.get("alg").and_then(Value::as_str).ok_or(JoseError::HeaderMember("alg"))?;
    if name.eq_ignore_ascii_case("none") {
        return Err(JoseError::Unsecured);
    }
    if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("hs")) {
        return Err(JoseError::SharedSecret);
    }
    Ok(name.parse()?)
}

fn refuse_extensions(header: &Map<String, Value>) -> Result<(), JoseError> {
    if header.contains_key("crit") {
        return Err(JoseError::Critical);
    }
    if header.contains_key("b64") {
        return Err(JoseError::Unencoded);
    }
    if let Some(name) = ["enc", "zip"].into_iter().find(|name| header.contains_key(*name)) {
        return Err(JoseError::Encrypted(name));
    }
    match ["jku", "x5u", "x5c"].into_iter().find(|name| header.contains_key(*name)) {
        Some(name) => Err(JoseError::ForeignKey(name)),
        None => Ok(()),
    }
}

/// The name of a key is a URI or a token of its characters. It is only ever compared and resolved;
/// what looks like a path out of a folder, or like code, is none.
fn key_id(header: &Map<String, Value>) -> Result<Option<String>, JoseError> {
    let name = match header.get("kid") {
        None => return Ok(None),
        Some(Value::String(name)) => name,
        Some(_) => return Err(JoseError::HeaderMember("kid")),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&()*+,;=%".contains(&byte);
    let climbs = name.split(['/', '?', '#']).any(|segment| matches!(segment, "." | ".."));
    if name.is_empty() || name.len() > MAX_KEY_ID || climbs || !name.bytes().all(fits) {
        return Err(JoseError::KeyId);
    }
    Ok(Some(name.clone()))
}

fn embedded_key(
    header: &Map<String, Value>,
    algorithm: Algorithm,
) -> Result<Option<PublicKey>, JoseError> {
    let Some(jwk) = header.get("jwk") else { return Ok(None) };
    let key = Jwk::parse(jwk).map_err(JoseError::EmbeddedKey)?.key;
    if key.algorithm() != algorithm {
        return Err(JoseError::EmbeddedAlgorithm(algorithm));
    }
    Ok(Some(key))
}
