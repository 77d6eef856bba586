//! Public keys as text: Multikey (Controlled Identifiers 1.0, 2.2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The multicodec prefix of an Ed25519 public key.
const ED25519: [u8; 2] = [0xed, 0x01];

/// An Ed25519 public key; its text form is `z6Mk…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Multikey([u8; 32]);

/// Why a text is no Multikey that can be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultikeyError {
    /// It is not base58btc multibase.
    #[error("could not read the key: it must be base58btc multibase, which begins with z")]
    NotMultibase,
    /// It is a key of another kind.
    #[error("could not use the key: only ed25519 public keys (z6Mk…) are supported")]
    NotEd25519,
}

impl Multikey {
    /// Wraps the 32 bytes of an Ed25519 public key.
    pub fn ed25519(public_key: [u8; 32]) -> Self {
        Self(public_key)
    }

    /// Gives the 32 bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 34];
        bytes[..2].copy_from_slice(&ED25519);
        bytes[2..].copy_from_slice(&self.0);
        write!(f, "z{}", bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multikey({self})")
    }
}

impl FromStr for Multikey {
    type Err = MultikeyError;

    fn from_str(text: &str) -> Result<Self, MultikeyError> {
        // The longest public key that Multikey knows (RSA aside) has 100 characters or so.
        let encoded = text.strip_prefix('z').filter(|rest| rest.len() <= 128);
        let bytes = bs58::decode(encoded.ok_or(MultikeyError::NotMultibase)?)
            .into_vec()
            .map_err(|_| MultikeyError::NotMultibase)?;
        let key = bytes.strip_prefix(&ED25519).ok_or(MultikeyError::NotEd25519)?;
        key.try_into().map(Self).map_err(|_| MultikeyError::NotEd25519)
    }
}

impl TryFrom<String> for Multikey {
    type Error = MultikeyError;

    fn try_from(text: String) -> Result<Self, MultikeyError> {
        text.parse()
    }
}

impl From<Multikey> for String {
    fn from(key: Multikey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_w3c_vectors_reads_and_writes() {
        let text = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
        assert_eq!(text.parse::<Multikey>().unwrap().to_string(), text);
    }

    #[test]
    fn other_keys_and_other_text_are_refused() {
        let p256 = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP";
        assert_eq!(p256.parse::<Multikey>(), Err(MultikeyError::NotEd25519));
        for text in ["", "z", "z6Mk", "u6Mk", "z0OIl"] {
            assert!(text.parse::<Multikey>().is_err(), "{text}");
        }
        assert!(format!("z{}", "1".repeat(100_000)).parse::<Multikey>().is_err());
    }
}
