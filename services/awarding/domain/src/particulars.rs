use std::fmt;

use kernel::Base64;
use openbadges::Fill;
use serde::{Deserialize, Serialize};

/// What of an award is about the person: sealed as JSON under their key, in the fact and wherever
/// it is copied. With the template it writes the credential, byte for byte as it was signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Particulars {
    /// The canonical address.
    pub email: String,
    /// The name as it is to be shown; empty when none was given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What fills the template.
    pub fill: Fill,
    /// The Ed25519 signature, 64 bytes.
    pub signature: Base64,
}

impl Particulars {
    /// What the bytes are sealed for, bound into them.
    pub const PURPOSE: &'static str = "award";

    /// The signature as the template wants it; zeros, which verify nowhere, when it was damaged.
    #[must_use]
    pub fn signature(&self) -> [u8; 64] {
        self.signature.0.as_slice().try_into().unwrap_or([0; 64])
    }
}

impl fmt::Debug for Particulars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Particulars(…)")
    }
}
