//! What others say of an achievement, an issuer or a badge: the Open Badges `EndorsementCredential`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::credential::{CREDENTIALS_V2, OPEN_BADGES_V3};
use super::profile::Issuer;
use super::service::{CredentialStatus, Service, TermsOfUse};
use super::set::{self, one_type};

/// An Open Badges 3.0 `EndorsementCredential`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndorsementCredential {
    /// Verifiable Credentials 2.0 first, Open Badges 3.0 second.
    #[serde(rename = "@context")]
    pub context: Vec<Value>,
    /// The absolute URI of this credential.
    pub id: String,
    /// Always an array; `EndorsementCredential` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who endorses.
    pub issuer: Issuer,
    /// From when on it is valid (`xsd:dateTimeStamp`).
    pub valid_from: String,
    /// Until when it is valid (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// When it was given first; it survives re-issuing (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awarded_date: Option<String>,
    /// What is endorsed, and how.
    pub credential_subject: EndorsementSubject,
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
    /// The proofs, when it is signed; the standard says little of what is in them.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub proof: Vec<Map<String, Value>>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl EndorsementCredential {
    /// Makes an endorsement with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        issuer: impl Into<Issuer>,
        valid_from: impl Into<String>,
        credential_subject: EndorsementSubject,
    ) -> Self {
        Self {
            context: vec![CREDENTIALS_V2.into(), OPEN_BADGES_V3.into()],
            id: id.into(),
            types: vec!["VerifiableCredential".to_owned(), "EndorsementCredential".to_owned()],
            name: name.into(),
            description: None,
            issuer: issuer.into(),
            valid_from: valid_from.into(),
            valid_until: None,
            awarded_date: None,
            credential_subject,
            credential_status: None,
            credential_schema: Vec::new(),
            refresh_service: None,
            terms_of_use: Vec::new(),
            proof: Vec::new(),
            extra: Map::new(),
        }
    }
}

/// The Open Badges `EndorsementSubject`: what is endorsed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndorsementSubject {
    /// The id of what is endorsed: an achievement, a profile, a credential.
    pub id: String,
    /// Always an array; `EndorsementSubject` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// What is said of it, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endorsement_comment: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl EndorsementSubject {
    /// Makes a subject without comment.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            types: one_type("EndorsementSubject"),
            endorsement_comment: None,
            extra: Map::new(),
        }
    }
}
