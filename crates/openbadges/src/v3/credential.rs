//! The badge as a credential: `OpenBadgeCredential` before it is signed.

use serde::{Deserialize, Serialize};

use super::achievement::Achievement;
use super::evidence::Evidence;
use super::identity::IdentityObject;
use super::profile::{Image, Profile, one_type};
use crate::status::StatusListEntry;

/// The context of Verifiable Credentials 2.0, always first.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// The context of Open Badges 3.0, always second.
pub const OPEN_BADGES_V3: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/// The context that defines the `1EdTech…` types, needed as soon as one is used.
pub const EXTENSIONS: &str = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json";

const SCHEMA_URL: &str =
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json";

/// An Open Badges 3.0 `OpenBadgeCredential` without proof.
///
/// Sets are arrays even when they hold one member, because the published JSON Schema wants it.
/// Members serialise in the order in which they stand here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBadgeCredential {
    #[serde(rename = "@context")]
    context: Vec<String>,
    /// The absolute URI of this credential.
    pub id: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// A picture of this very credential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Image>,
    /// Who issues.
    pub issuer: Profile,
    /// From when on it is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it is valid (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<String>,
    /// When the achievement was awarded first; it survives re-issuing (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub awarded_date: Option<String>,
    /// Who earned what.
    pub credential_subject: AchievementSubject,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<Evidence>,
    /// Where its revocation can be looked up. Open Badges has room for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential_status: Option<StatusListEntry>,
    /// The schema that it follows.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    credential_schema: Vec<CredentialSchema>,
}

impl OpenBadgeCredential {
    /// Makes a credential with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        issuer: Profile,
        valid_from: impl Into<String>,
        credential_subject: AchievementSubject,
    ) -> Self {
        Self {
            context: vec![CREDENTIALS_V2.to_owned(), OPEN_BADGES_V3.to_owned()],
            id: id.into(),
            types: vec!["VerifiableCredential".to_owned(), "OpenBadgeCredential".to_owned()],
            name: None,
            description: None,
            image: None,
            issuer,
            valid_from: valid_from.into(),
            valid_until: None,
            awarded_date: None,
            credential_subject,
            evidence: Vec::new(),
            credential_status: None,
            credential_schema: Vec::new(),
        }
    }

    /// States that it follows the JSON Schema that 1EdTech publishes, with the context this needs.
    #[must_use]
    pub fn with_published_schema(mut self) -> Self {
        if self.credential_schema.is_empty() {
            self.context.push(EXTENSIONS.to_owned());
            self.credential_schema.push(CredentialSchema {
                id: SCHEMA_URL.to_owned(),
                kind: "1EdTechJsonSchemaValidator2019".to_owned(),
            });
        }
        self
    }
}

/// Who earned what: the Open Badges `AchievementSubject`, known by hashed identifiers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AchievementSubject {
    /// A URI of the earner; without it `identifier` must not be empty.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The earner's hashed identifiers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub identifier: Vec<IdentityObject>,
    /// What was earned.
    pub achievement: Achievement,
    /// How this person earned it, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
}

impl AchievementSubject {
    /// Makes a subject known by one hashed identifier.
    pub fn new(identity: IdentityObject, achievement: Achievement) -> Self {
        Self {
            id: None,
            types: one_type("AchievementSubject"),
            identifier: vec![identity],
            achievement,
            narrative: None,
        }
    }
}

/// A schema that a credential says it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSchema {
    /// The URL of the schema.
    pub id: String,
    /// The kind of schema.
    #[serde(rename = "type")]
    pub kind: String,
}
