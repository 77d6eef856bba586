//! Public keys as text: Multikey (Controlled Identifiers 1.0, 2.2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::curve::{Curve, ed25519};
use super::{KeyError, PublicKey};

/// The multicodec prefixes of the public keys that are supported.
const ED25519: [u8; 2] = [0xed, 0x01];
const P256: [u8; 2] = [0x80, 0x24];
const P384: [u8; 2] = [0x81, 0x24];

/// How long the text of a key may be; that of a P-384 key has 70 characters.
const MAX_TEXT: usize = 100;

/// A public key whose text form is multibase: `z6Mk…`, `zDna…` or `z82L…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Multikey {
    /// A point of edwards25519: `z6Mk…`.
    Ed25519([u8; 32]),
    /// A compressed point of P-256: `zDna…`.
    P256([u8; 33]),
    /// A compressed point of P-384: `z82L…`.
    P384([u8; 49]),
}

impl Multikey {
    /// Wraps the 32 bytes of an Ed25519 public key.
    pub fn ed25519(public_key: [u8; 32]) -> Self {
        Self::Ed25519(public_key)
    }

    /// Gives the bytes of the key, without the prefix that tells its kind.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key,
            Self::P256(point) => point,
            Self::P384(point) => point,
        }
    }
}

impl fmt::Display for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self {
            Self::Ed25519(_) => ED25519,
            Self::P256(_) => P256,
            Self::P384(_) => P384,
        };
        let bytes = [&prefix, self.as_bytes()].concat();
        write!(f, "z{}", bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for Multikey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multikey({self})")
    }
}

impl FromStr for Multikey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (prefix, key) = decode(text)?;
        let key = match prefix {
            ED25519 => ed25519(key.try_into().map_err(|_| KeyError::Length)?)?,
            P256 if key.len() == 33 => Curve::P256.key(&key)?,
            P384 if key.len() == 49 => Curve::P384.key(&key)?,
            P256 | P384 => return Err(KeyError::Length),
            [first, second] => {
                let kind = format!("a key with the prefix {first:02x}{second:02x}");
                return Err(KeyError::Unsupported(kind));
            }
        };
        // Only these three kinds were made above.
        key.multikey().ok_or(KeyError::Length)
    }
}

/// Takes the text of a Multikey, public or secret, apart: its prefix and the rest.
pub(super) fn decode(text: &str) -> Result<([u8; 2], Vec<u8>), KeyError> {
    let encoded = text.strip_prefix('z').ok_or(KeyError::NotMultibase)?;
    // Decoding takes quadratic time.
    if encoded.len() > MAX_TEXT {
        return Err(KeyError::TooLong);
    }
    let bytes = bs58::decode(encoded).into_vec().map_err(|_| KeyError::NotMultibase)?;
    let (prefix, key) = bytes.split_first_chunk().ok_or(KeyError::Length)?;
    Ok((*prefix, key.to_vec()))
}

impl TryFrom<PublicKey> for Multikey {
    type Error = KeyError;

    fn try_from(key: PublicKey) -> Result<Self, KeyError> {
        let unsupported = || KeyError::Unsupported(format!("a multikey for {}", key.algorithm()));
        key.multikey().ok_or_else(unsupported)
    }
}

impl TryFrom<String> for Multikey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
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
    fn the_keys_of_the_w3c_vectors_read_and_write() {
        for (text, length) in [
            ("z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", 32),
            ("zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP", 33),
            ("z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ", 49),
        ] {
            let key: Multikey = text.parse().unwrap();
            assert_eq!(key.as_bytes().len(), length);
            assert_eq!(key.to_string(), text);
            assert_eq!(serde_json::to_value(key).unwrap(), text);
            assert_eq!(PublicKey::from(key).multikey(), Some(key));
        }
    }

    #[test]
    fn other_keys_and_other_text_are_refused() {
        let text = |prefix: [u8; 2], key: &[u8]| {
            format!("z{}", bs58::encode([&prefix, key].concat()).into_string())
        };
        for (text, error) in [
            (String::new(), KeyError::NotMultibase),
            ("z".to_owned(), KeyError::Length),
            ("u6Mk".to_owned(), KeyError::NotMultibase),
            ("z0OIl".to_owned(), KeyError::NotMultibase),
            (format!("z{}", "1".repeat(100_000)), KeyError::TooLong),
            (text(ED25519, &[7; 31]), KeyError::Length),
            (text(ED25519, &[0; 32]), KeyError::SmallOrder),
            (text(P256, &[2; 32]), KeyError::Length),
            (text(P384, &[2; 33]), KeyError::Length),
            (text(P256, &[0xff; 33]), KeyError::NotOnCurve),
        ] {
            assert_eq!(text.parse::<Multikey>(), Err(error), "{text}");
        }
        let secp256k1 = text([0xe7, 0x01], &[2; 33]).parse::<Multikey>();
        assert!(matches!(secp256k1, Err(KeyError::Unsupported(_))));
        // An uncompressed point is a key, but not in the form that Multikey wants.
        assert_eq!(text(P256, &[4; 65]).parse::<Multikey>(), Err(KeyError::Length));
    }
}
