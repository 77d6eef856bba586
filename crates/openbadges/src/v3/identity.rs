//! Whom a badge is for, without saying it: the salted hash of an identifier.

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An Open Badges 3.0 `IdentityObject`. The standard allows no further member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityObject {
    /// Always `IdentityObject`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether what follows is a hash, or the identifier itself.
    pub hashed: bool,
    /// `sha256$` and 64 hexadecimal digits, or `md5$` and 32; the identifier if it is not hashed.
    pub identity_hash: String,
    /// What was hashed: one of [`super::IDENTIFIER_TYPES`], or `ext:…`.
    pub identity_type: String,
    /// The salt that was appended before hashing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

impl IdentityObject {
    /// Makes the identity of the holder of an e-mail address.
    ///
    /// The address is hashed as given: bring it to its canonical form first. The salt should be
    /// random and new for every award.
    pub fn email(address: &str, salt: impl Into<String>) -> Self {
        let salt = salt.into();
        Self::new(identity_hash(address, &salt), "emailAddress", salt)
    }

    /// Makes an identity from a hash that was computed before.
    pub fn new(
        identity_hash: impl Into<String>,
        identity_type: impl Into<String>,
        salt: impl Into<String>,
    ) -> Self {
        Self {
            kind: "IdentityObject".to_owned(),
            hashed: true,
            identity_hash: identity_hash.into(),
            identity_type: identity_type.into(),
            salt: Some(salt.into()),
        }
    }

    /// Tells whether this identity is that of `identifier`; hexadecimal case does not matter.
    pub fn matches(&self, identifier: &str) -> bool {
        if !self.hashed {
            return self.identity_hash == identifier;
        }
        let salt = self.salt.as_deref().unwrap_or_default();
        let expected = match self.identity_hash.split_once('$') {
            Some(("md5", _)) => {
                let digest = Md5::new().chain_update(identifier).chain_update(salt).finalize();
                format!("md5${}", hex::encode(digest))
            }
            _ => identity_hash(identifier, salt),
        };
        self.identity_hash.eq_ignore_ascii_case(&expected)
    }
}

/// Computes `sha256$` and the hexadecimal SHA-256 of the identifier followed by the salt.
pub fn identity_hash(identifier: &str, salt: &str) -> String {
    let digest = Sha256::new().chain_update(identifier).chain_update(salt).finalize();
    format!("sha256${}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_standard_s_example_comes_out() {
        assert_eq!(
            identity_hash("a@example.com", "Kosher"),
            "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
        );
    }

    #[test]
    fn an_identity_matches_its_own_address_only() {
        let identity = IdentityObject::email("a@example.com", "Kosher");
        assert!(identity.matches("a@example.com"));
        assert!(!identity.matches("b@example.com"));
        let upper = IdentityObject {
            identity_hash: identity.identity_hash.to_uppercase(),
            ..identity.clone()
        };
        assert!(upper.matches("a@example.com"));
    }
}
