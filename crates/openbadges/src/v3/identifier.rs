//! What things and people are called in other systems.

use serde::{Deserialize, Serialize};

/// The terms that the standard has for the kind of an identifier, beside `ext:…`.
pub const IDENTIFIER_TYPES: [&str; 19] = [
    "name",
    "sourcedId",
    "systemId",
    "productId",
    "userName",
    "accountId",
    "emailAddress",
    "nationalIdentityNumber",
    "isbn",
    "issn",
    "lisSourcedId",
    "oneRosterSourcedId",
    "sisSourcedId",
    "ltiContextId",
    "ltiDeploymentId",
    "ltiToolId",
    "ltiPlatformId",
    "ltiUserId",
    "identifier",
];

/// An Open Badges 3.0 `IdentifierEntry`. The standard allows no further member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentifierEntry {
    /// Always `IdentifierEntry`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The identifier.
    pub identifier: String,
    /// One of [`IDENTIFIER_TYPES`], or `ext:…`.
    pub identifier_type: String,
}

impl IdentifierEntry {
    /// Makes an entry of an identifier and its kind.
    pub fn new(identifier: impl Into<String>, identifier_type: impl Into<String>) -> Self {
        Self {
            kind: "IdentifierEntry".to_owned(),
            identifier: identifier.into(),
            identifier_type: identifier_type.into(),
        }
    }
}
