//! The key that an issuer signs with, as a document of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pem::{PemError, from_pem, to_pem};
use super::version::CONTEXT;
use crate::key::PublicKey;

/// An Open Badges 2.0 `CryptographicKey`: linked from its owner's `publicKey`, and linking back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CryptographicKey {
    /// The context, on the outermost document.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none", default)]
    pub context: Option<Value>,
    /// The address at which it is published.
    pub id: String,
    /// `CryptographicKey`.
    #[serde(rename = "type", default = "kind")]
    pub kind: Value,
    /// The id of the issuer that signs with it.
    pub owner: String,
    /// The key as PEM, `-----BEGIN PUBLIC KEY-----`.
    pub public_key_pem: String,
    /// Members that the standard does not name.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn kind() -> Value {
    "CryptographicKey".into()
}

impl CryptographicKey {
    /// Makes the document of a key.
    pub fn new(id: impl Into<String>, owner: impl Into<String>, key: &PublicKey) -> Self {
        Self {
            context: Some(CONTEXT.into()),
            id: id.into(),
            kind: kind(),
            owner: owner.into(),
            public_key_pem: to_pem(key),
            other: Map::new(),
        }
    }

    /// Gives the key itself.
    ///
    /// # Errors
    /// When it is no PEM of an RSA, elliptic curve or Ed25519 key.
    pub fn public_key(&self) -> Result<PublicKey, PemError> {
        from_pem(&self.public_key_pem)
    }
}
