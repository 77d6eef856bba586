//! The cryptosuites: how a document becomes bytes, and which keys sign those.

use serde_json::{Map, Value};

use super::proof::ProofError;
use crate::key::Algorithm;

/// A way of securing a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cryptosuite {
    /// Ed25519 over RDFC-1.0: what Open Badges 3.0 asks for.
    #[default]
    EddsaRdfc2022,
    /// Ed25519 over JCS.
    EddsaJcs2022,
    /// ECDSA (P-256 or P-384) over RDFC-1.0.
    EcdsaRdfc2019,
    /// ECDSA (P-256 or P-384) over JCS.
    EcdsaJcs2019,
    /// What `eddsa-rdfc-2022` was called before. It is verified, not issued.
    Eddsa2022,
    /// Ed25519 over RDFC-1.0, from before Data Integrity. It is verified, not issued.
    Ed25519Signature2020,
}

/// Which text of a document is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its statements, as canonical N-Quads.
    Rdfc,
    /// Its JSON, in the canonical writing of RFC 8785.
    Jcs,
}

/// With which hash that text is shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
}

impl Cryptosuite {
    /// Gives the name of the suite in proofs; that of [`Self::Ed25519Signature2020`] is their type.
    pub fn name(self) -> &'static str {
        match self {
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::Eddsa2022 => "eddsa-2022",
            Self::Ed25519Signature2020 => "Ed25519Signature2020",
        }
    }

    /// Tells by which suite a proof was made.
    ///
    /// # Errors
    /// When the proof does not say, or names one that is not supported.
    pub(super) fn of(proof: &Map<String, Value>) -> Result<Self, ProofError> {
        let unsupported = |name: &str| {
            ProofError::Unsupported(format!(
                "the suite {:?}",
                name.chars().take(64).collect::<String>()
            ))
        };
        let member = |name| proof.get(name).and_then(Value::as_str);
        match member("type").ok_or(ProofError::Malformed("type"))? {
            "DataIntegrityProof" => {}
            "Ed25519Signature2020" => return Ok(Self::Ed25519Signature2020),
            other => return Err(unsupported(other)),
        }
        let name = member("cryptosuite").ok_or(ProofError::Malformed("cryptosuite"))?;
        [
            Self::EddsaRdfc2022,
            Self::EddsaJcs2022,
            Self::EcdsaRdfc2019,
            Self::EcdsaJcs2019,
            Self::Eddsa2022,
        ]
        .into_iter()
        .find(|suite| suite.name() == name)
        .ok_or_else(|| unsupported(name))
    }

    pub(super) fn form(self) -> Form {
        match self {
            Self::EddsaJcs2022 | Self::EcdsaJcs2019 => Form::Jcs,
            Self::EddsaRdfc2022
            | Self::EcdsaRdfc2019
            | Self::Eddsa2022
            | Self::Ed25519Signature2020 => Form::Rdfc,
        }
    }

    /// The hash of the suite with such a key.
    pub(super) fn hash(self, algorithm: Algorithm) -> Result<Hash, ProofError> {
        let ecdsa = matches!(self, Self::EcdsaRdfc2019 | Self::EcdsaJcs2019);
        match (ecdsa, algorithm) {
            (false, Algorithm::EdDsa) | (true, Algorithm::Es256) => Ok(Hash::Sha256),
            (true, Algorithm::Es384) => Ok(Hash::Sha384),
            _ => Err(ProofError::WrongKey { suite: self.name(), algorithm }),
        }
    }
}

impl Hash {
    /// How many bytes a signature under this hash has, whichever suite uses it.
    pub(super) fn signature_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
        }
    }
}
