use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::text;

/// Personal data at rest: ciphertext under one person's own key. The key lives in the key vault, and
/// erasing the person destroys it. Seal and unseal with the `keyvault` crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The owner of the key, in text form: a person, or another thing with a key of its own.
    pub subject: String,
    /// Which of the owner's keys: they are numbered from 1, and an erased owner who comes back gets
    /// the next.
    pub key_version: u32,
    /// The 24 bytes used once.
    pub nonce: Base64,
    /// The sealed bytes with their tag.
    pub ciphertext: Base64,
}

/// Bytes that stand in JSON as base64 without padding, and in binary formats as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD_NO_PAD.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            text::read(deserializer, |text| {
                STANDARD_NO_PAD.decode(text).map(Self).map_err(|error| error.to_string())
            })
        } else {
            Vec::<u8>::deserialize(deserializer).map(Self)
        }
    }
}
