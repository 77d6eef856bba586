//! What one party says of another, or of a badge.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assertion::Verification;
use super::link::{Linked, one_as_itself, one_or_many};
use super::profile::Profile;
use super::version::CONTEXT;

/// An Open Badges 2.0 `Endorsement`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endorsement {
    /// The context, on the outermost document.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none", default)]
    pub context: Option<Value>,
    /// The address at which it is hosted; a signed one may have a `urn:uuid:`.
    pub id: String,
    /// `Endorsement`, and whatever else it is.
    #[serde(rename = "type", serialize_with = "one_as_itself", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// What is said, and of what.
    pub claim: Claim,
    /// Who says it.
    pub issuer: Linked<Profile>,
    /// When it was said: ISO 8601 with a zone.
    pub issued_on: String,
    /// How it is verified.
    #[serde(alias = "verify")]
    pub verification: Verification,
    /// Members that this struct does not name.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Endorsement {
    /// Makes an endorsement with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        claim: Claim,
        issuer: Linked<Profile>,
        verification: Verification,
        issued_on: impl Into<String>,
    ) -> Self {
        Self {
            context: Some(CONTEXT.into()),
            id: id.into(),
            types: vec!["Endorsement".to_owned()],
            claim,
            issuer,
            issued_on: issued_on.into(),
            verification,
            other: Map::new(),
        }
    }
}

/// What an endorsement says of the entity with that id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// The badge, profile or assertion that is endorsed.
    pub id: String,
    /// The endorser's words, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub endorsement_comment: Option<String>,
    /// What else is claimed of it.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
