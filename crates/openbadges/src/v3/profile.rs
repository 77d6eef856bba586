//! Who issues: the Open Badges `Profile`, and the `Image` that profiles and achievements share.

use serde::{Deserialize, Serialize};

/// An Open Badges 3.0 `Profile`: the issuer as a credential states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The issuer's identifier: a `did:web`, or an HTTPS URL. It controls the signing keys.
    pub id: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// The issuer's web site.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// A public address of the issuer, never of a person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// The issuer's picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Image>,
}

impl Profile {
    /// Makes a profile with an id and a name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            types: one_type("Profile"),
            name: name.into(),
            url: None,
            description: None,
            email: None,
            image: None,
        }
    }
}

/// A picture by reference. The standard allows no further member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The URL of the picture, or a data URL.
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
    /// What it shows, for those who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caption: Option<String>,
}

impl Image {
    /// Makes an image without caption.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: "Image".to_owned(), caption: None }
    }
}

/// The `type` member as the standard wants it: always an array.
pub(crate) fn one_type(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}
