//! How messages are signed (RFC 7518, RFC 8037).

use std::fmt;
use std::str::FromStr;

/// A signature algorithm.
///
/// There is no `none`, nothing with a shared secret and no PSS: what does not exist here cannot be
/// confused with what does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 over the message itself.
    EdDsa,
    /// ECDSA over P-256 and SHA-256.
    Es256,
    /// ECDSA over P-384 and SHA-384.
    Es384,
    /// ECDSA over P-521 and SHA-512.
    Es512,
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    Rs256,
}

/// A text names no algorithm that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "could not use the algorithm {0:?}: only EdDSA, ES256, ES384, ES512 and RS256 are accepted"
)]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// Gives the name that JOSE has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        match name {
            // RFC 9864 gives EdDSA over this one curve a name of its own.
            "EdDSA" | "Ed25519" => Ok(Self::EdDsa),
            "ES256" => Ok(Self::Es256),
            "ES384" => Ok(Self::Es384),
            "ES512" => Ok(Self::Es512),
            "RS256" => Ok(Self::Rs256),
            other => Err(UnknownAlgorithm(other.chars().take(32).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_the_dangerous_ones_do_not_exist() {
        for name in ["EdDSA", "ES256", "ES384", "ES512", "RS256"] {
            assert_eq!(name.parse::<Algorithm>().unwrap().as_str(), name);
        }
        for name in ["none", "None", "nOnE", "", "HS256", "PS256", "RS1", "es256", "ES256K"] {
            assert!(name.parse::<Algorithm>().is_err(), "{name}");
        }
    }
}
