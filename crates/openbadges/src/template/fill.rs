//! What fills the holes of a template: one award.

use serde::{Deserialize, Serialize};

use crate::v3::Evidence;

/// What one award adds to the template: all that is needed, with it, to write the credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fill {
    /// The absolute URI of the credential.
    pub credential_id: String,
    /// From when on it is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it is valid (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<String>,
    /// When it was awarded first (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub awarded_date: Option<String>,
    /// `sha256$…`, see [`crate::identity_hash`].
    pub identity_hash: String,
    /// The salt of the hash.
    pub salt: String,
    /// The award's entry in the status list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status_list_index: Option<u32>,
    /// How this person earned it, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Evidence>,
    /// When it is signed (`xsd:dateTimeStamp`).
    pub proof_created: String,
}
