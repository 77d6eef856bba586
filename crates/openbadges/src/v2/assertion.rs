//! The award of a badge to one recipient.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::badge_class::BadgeClass;
use super::identity::IdentityObject;
use super::link::{Linked, one_as_itself, one_or_many};
use super::part::{Evidence, Image};
use super::version::CONTEXT;

/// An Open Badges 2.0 `Assertion`.
///
/// Made with [`Assertion::new`]; optional members are set on the value and left out when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    /// The context, on the outermost document.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none", default)]
    pub context: Option<Value>,
    /// The address at which it is hosted; a signed one may have a `urn:uuid:`.
    pub id: String,
    /// `Assertion`, and whatever else it is.
    #[serde(rename = "type", serialize_with = "one_as_itself", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// Whom it is for.
    pub recipient: IdentityObject,
    /// What was awarded.
    pub badge: Linked<BadgeClass>,
    /// How it is verified.
    #[serde(alias = "verify")]
    pub verification: Verification,
    /// When it was awarded: ISO 8601 with a zone.
    pub issued_on: String,
    /// Until when it is valid: ISO 8601 with a zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
    /// The baked picture of this assertion.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Linked<Image>>,
    /// How it was earned, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
    /// What shows it.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub evidence: Vec<Linked<Evidence>>,
    /// Members that this struct does not name: `related`, `version`, extensions, ….
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Assertion {
    /// Makes an assertion with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        recipient: IdentityObject,
        badge: Linked<BadgeClass>,
        verification: Verification,
        issued_on: impl Into<String>,
    ) -> Self {
        Self {
            context: Some(CONTEXT.into()),
            id: id.into(),
            types: vec!["Assertion".to_owned()],
            recipient,
            badge,
            verification,
            issued_on: issued_on.into(),
            expires: None,
            image: None,
            narrative: None,
            evidence: Vec::new(),
            other: Map::new(),
        }
    }

    /// Gives what is published with status 410 in place of a revoked, hosted assertion.
    pub fn revoked(id: &str, reason: Option<&str>) -> Value {
        let mut gone = serde_json::json!({
            "@context": CONTEXT,
            "id": id,
            "type": "Assertion",
            "revoked": true,
        });
        if let Some(reason) = reason {
            gone["revocationReason"] = reason.into();
        }
        gone
    }
}

/// How an assertion or an endorsement is verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// `HostedBadge` or `SignedBadge`, or their short names `hosted` and `signed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id of the key that signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub creator: Option<String>,
    /// Members that the standard does not name.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Verification {
    /// The truth stands at the assertion's own address.
    pub fn hosted() -> Self {
        Self { kind: "HostedBadge".to_owned(), creator: None, other: Map::new() }
    }

    /// The truth is signed with the key that has this id.
    pub fn signed(key: impl Into<String>) -> Self {
        Self { kind: "SignedBadge".to_owned(), creator: Some(key.into()), other: Map::new() }
    }
}
