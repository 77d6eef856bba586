//! Who issues, endorses or earns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::key::CryptographicKey;
use super::link::{Linked, one_as_itself, one_or_many};
use super::part::Image;
use super::version::CONTEXT;

/// An Open Badges 2.0 `Profile`. An issuer must have a name, a URL and an e-mail address.
///
/// Made with [`Profile::issuer`]; optional members are set on the value and left out when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The context, on the outermost document.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none", default)]
    pub context: Option<Value>,
    /// The address at which it is published.
    pub id: String,
    /// `Issuer` or `Profile`, and whatever else it is.
    #[serde(rename = "type", serialize_with = "one_as_itself", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Its web site.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// Its public e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// Its telephone number in the form of E.164.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub telephone: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Linked<Image>>,
    /// The keys that it signs with.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub public_key: Vec<Linked<CryptographicKey>>,
    /// Where its hosted assertions may be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<VerificationPolicy>,
    /// The address of its list of signed assertions that it revoked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revocation_list: Option<String>,
    /// Members that this struct does not name: `related`, `endorsement`, extensions, ….
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Profile {
    /// Makes the profile of an issuer with the members that the standard requires.
    pub fn issuer(
        id: impl Into<String>,
        name: impl Into<String>,
        url: impl Into<String>,
        email: impl Into<String>,
    ) -> Self {
        Self {
            context: Some(CONTEXT.into()),
            id: id.into(),
            types: vec!["Issuer".to_owned()],
            name: Some(name.into()),
            url: Some(url.into()),
            email: Some(email.into()),
            telephone: None,
            description: None,
            image: None,
            public_key: Vec::new(),
            verification: None,
            revocation_list: None,
            other: Map::new(),
        }
    }
}

/// Where the hosted assertions of an issuer may be; see [`in_scope`](super::in_scope).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationPolicy {
    #[serde(rename = "type")]
    kind: String,
    /// How their ids begin.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub starts_with: Vec<String>,
    /// Which hosts they are at.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub allowed_origins: Vec<String>,
    /// Members that the standard does not name, and `verificationProperty`.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl VerificationPolicy {
    /// Makes a policy that lets ids begin in one way, at the issuer's own origin.
    pub fn starts_with(prefix: impl Into<String>) -> Self {
        Self {
            kind: "VerificationObject".to_owned(),
            starts_with: vec![prefix.into()],
            allowed_origins: Vec::new(),
            other: Map::new(),
        }
    }
}
