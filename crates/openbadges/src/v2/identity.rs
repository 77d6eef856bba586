//! Whom an assertion is for: an identifier, plain or hashed.

use md5::Md5;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::term;

/// The recipient of an [`Assertion`](super::Assertion).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdentityObject {
    /// The property of a profile that identifies: `email`, `url`, `telephone` or `id`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether `identity` is a hash.
    #[serde(default)]
    pub hashed: bool,
    /// The identifier, or `sha256$` (`md5$`) and the hexadecimal hash of identifier and salt.
    pub identity: String,
    /// What was appended before hashing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub salt: Option<String>,
    /// Members that the standard does not name.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl IdentityObject {
    /// Makes the identity of the holder of an e-mail address, hashed with SHA-256.
    ///
    /// The address is hashed as given. The salt should be random and new for every assertion.
    pub fn email(address: &str, salt: impl Into<String>) -> Self {
        let salt = salt.into();
        Self::hashed("email", crate::identity_hash(address, &salt), salt)
    }

    /// Makes an identity from a hash (`sha256$…`) that was computed before.
    pub fn hashed(
        kind: impl Into<String>,
        identity: impl Into<String>,
        salt: impl Into<String>,
    ) -> Self {
        Self {
            kind: kind.into(),
            hashed: true,
            identity: identity.into(),
            salt: Some(salt.into()),
            other: Map::new(),
        }
    }

    /// Makes an identity that says in clear whom it is about.
    pub fn plain(kind: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            hashed: false,
            identity: identity.into(),
            salt: None,
            other: Map::new(),
        }
    }

    /// Tells whether this is the identity of `recipient`; hexadecimal case does not matter.
    ///
    /// # Errors
    /// When it is hashed with something else than SHA-256 or MD5.
    pub fn matches(&self, recipient: &Recipient<'_>) -> Result<bool, UnknownHash> {
        if self.kind != recipient.kind {
            return Ok(false);
        }
        let salt = self.salt.as_deref().unwrap_or_default();
        if !self.hashed {
            return Ok(self.identity == recipient.identifier);
        }
        let (algorithm, hash) = self.identity.split_once('$').ok_or(UnknownHash)?;
        let text = [recipient.identifier.as_bytes(), salt.as_bytes()].concat();
        let computed = match algorithm {
            "sha256" => hex::encode(Sha256::digest(&text)),
            "md5" => hex::encode(Md5::digest(&text)),
            _ => return Err(UnknownHash),
        };
        Ok(computed.eq_ignore_ascii_case(hash))
    }
}

/// Someone who says that a badge is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient<'a> {
    /// The property of their profile: `email`, `url`, `telephone` or `id`.
    pub kind: &'a str,
    /// Its value.
    pub identifier: &'a str,
}

/// A hash that the standard does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recipient is hashed in a way that the standard does not know: use sha256")]
pub struct UnknownHash;

/// Whether a text has the form of a hash that the standard knows.
pub(super) fn is_hash(text: &str) -> bool {
    let digits = match text.split_once('$') {
        Some(("sha256", digits)) if digits.len() == 64 => digits,
        Some(("md5", digits)) if digits.len() == 32 => digits,
        _ => return false,
    };
    digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The identity that stands in an assertion, if it has the form of one.
pub(super) fn of(assertion: &Value) -> Option<IdentityObject> {
    let recipient = term::get(assertion.as_object()?, "recipient")?;
    let object = term::each(recipient).first()?.as_object()?;
    let member = |name| term::get(object, name);
    Some(IdentityObject {
        kind: term::types(object).next()?.to_owned(),
        hashed: member("hashed").and_then(Value::as_bool).unwrap_or(false),
        identity: member("identity")?.as_str()?.to_owned(),
        salt: member("salt").and_then(Value::as_str).map(str::to_owned),
        other: Map::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(identifier: &str) -> Recipient<'_> {
        Recipient { kind: "email", identifier }
    }

    #[test]
    fn a_recipient_is_known_by_sha256_md5_or_in_clear() {
        let sha256 = IdentityObject::email("a@example.com", "Kosher");
        assert_eq!(
            sha256.identity,
            "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
        );
        let upper = sha256.identity.to_uppercase().replace("SHA", "sha");
        for identity in [
            sha256.clone(),
            IdentityObject { identity: upper, ..sha256.clone() },
            IdentityObject::plain("email", "a@example.com"),
        ] {
            assert_eq!(identity.matches(&email("a@example.com")), Ok(true), "{identity:?}");
            assert_eq!(identity.matches(&email("b@example.com")), Ok(false), "{identity:?}");
            let url = Recipient { kind: "url", identifier: "a@example.com" };
            assert_eq!(identity.matches(&url), Ok(false), "{identity:?}");
        }
        assert!(is_hash(&sha256.identity));
    }

    #[test]
    fn an_unsalted_md5_is_computed_as_its_rfc_says() {
        let mut identity =
            IdentityObject::hashed("email", "md5$900150983CD24FB0D6963F7D28E17F72", "");
        identity.salt = None;
        assert_eq!(identity.matches(&email("abc")), Ok(true));
        identity.salt = Some("x".to_owned());
        assert_eq!(identity.matches(&email("abc")), Ok(false));
    }

    #[test]
    fn another_hash_is_refused_by_name() {
        for hash in ["sha1$a9993e364706816aba3e25717850c26c9cd0d89d", "a9993e36"] {
            let identity = IdentityObject::hashed("email", hash, "");
            assert_eq!(identity.matches(&email("abc")), Err(UnknownHash));
            assert!(!is_hash(hash));
        }
    }
}
