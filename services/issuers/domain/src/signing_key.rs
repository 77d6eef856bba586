use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::KeyId;

/// How a key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningKeyKind {
    /// `EdDSA` over edwards25519, for proofs of `eddsa-rdfc-2022`.
    #[default]
    Ed25519,
    /// ECDSA over P-256 with SHA-256, for proofs of `ecdsa-rdfc-2019`.
    P256,
}

/// A key whose secret is in the vault already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// Which.
    pub key: KeyId,
    /// The public key as Multikey, z6Mk… or zDna….
    pub multikey: String,
}

impl NewKey {
    /// Tells how the key signs, by the beginning that all Multikeys of P-256 have in common.
    #[must_use]
    pub fn kind(&self) -> SigningKeyKind {
        if self.multikey.starts_with("zDn") {
            SigningKeyKind::P256
        } else {
            SigningKeyKind::Ed25519
        }
    }
}

/// A key that signs no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyRetired {
    /// Which.
    pub key: KeyId,
}

/// A key that others may have got hold of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyRevoked {
    /// Which.
    pub key: KeyId,
    /// What it signed before stays good; what it signed then or later is void.
    pub compromised_since: Timestamp,
    /// Why, in words for the record; may be empty.
    pub reason: String,
}
