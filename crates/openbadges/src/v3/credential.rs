//! The badge as a credential: the Open Badges `OpenBadgeCredential`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::endorsement::EndorsementCredential;
use super::evidence::Evidence;
use super::image::Image;
use super::profile::Issuer;
use super::service::{CredentialStatus, Service, TermsOfUse};
use super::set;
use super::subject::AchievementSubject;

/// The context of Verifiable Credentials 2.0, always first.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// The context of Verifiable Credentials 1.1, under which badges are verified and not issued.
pub const CREDENTIALS_V1: &str = "https://www.w3.org/2018/credentials/v1";
/// The context of Open Badges 3.0, always second.
pub const OPEN_BADGES_V3: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/// The context that defines the `1EdTech…` types, needed as soon as one is used.
pub const EXTENSIONS: &str = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json";

const SCHEMA_URL: &str =
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json";

/// An Open Badges 3.0 `OpenBadgeCredential` (`AchievementCredential`).
///
/// Sets are arrays even when they hold one member, because the published JSON Schema wants it.
/// Members serialise in the order in which they stand here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBadgeCredential {
    /// Verifiable Credentials 2.0 first, Open Badges 3.0 second.
    #[serde(rename = "@context")]
    pub context: Vec<Value>,
    /// The absolute URI of this credential.
    pub id: String,
    /// Always an array; `OpenBadgeCredential` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A picture of this very credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Who issues.
    pub issuer: Issuer,
    /// From when on it is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it is valid (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// When it was given first; it survives re-issuing (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awarded_date: Option<String>,
    /// Who earned what.
    pub credential_subject: AchievementSubject,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub evidence: Vec<Evidence>,
    /// Where its revocation can be looked up. Open Badges has room for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_status: Option<CredentialStatus>,
    /// The schemas that it follows.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub credential_schema: Vec<Service>,
    /// Where a newer version can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_service: Option<Service>,
    /// Under which terms it was issued.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub terms_of_use: Vec<TermsOfUse>,
    /// What others say of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub endorsement: Vec<EndorsementCredential>,
    /// The same, as compact JWS.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub endorsement_jwt: Vec<String>,
    /// The proofs, when it is signed; the standard says little of what is in them.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub proof: Vec<Map<String, Value>>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl OpenBadgeCredential {
    /// Makes a credential with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        issuer: impl Into<Issuer>,
        valid_from: impl Into<String>,
        credential_subject: AchievementSubject,
    ) -> Self {
        Self {
            context: vec![CREDENTIALS_V2.into(), OPEN_BADGES_V3.into()],
            id: id.into(),
            types: vec!["VerifiableCredential".to_owned(), "OpenBadgeCredential".to_owned()],
            name: None,
            description: None,
            image: None,
            issuer: issuer.into(),
            valid_from: valid_from.into(),
            valid_until: None,
            awarded_date: None,
            credential_subject,
            evidence: Vec::new(),
            credential_status: None,
            credential_schema: Vec::new(),
            refresh_service: None,
            terms_of_use: Vec::new(),
            endorsement: Vec::new(),
            endorsement_jwt: Vec::new(),
            proof: Vec::new(),
            extra: Map::new(),
        }
    }

    /// States that it follows the JSON Schema that 1EdTech publishes, with the context this needs.
    #[must_use]
    pub fn with_published_schema(mut self) -> Self {
        if !self.credential_schema.iter().any(|schema| schema.id == SCHEMA_URL) {
            if !self.context.iter().any(|context| context == EXTENSIONS) {
                self.context.push(EXTENSIONS.into());
            }
            self.credential_schema.push(Service::new(SCHEMA_URL, "1EdTechJsonSchemaValidator2019"));
        }
        self
    }
}
