//! Who issues, endorses or assesses: the Open Badges `Profile`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::Address;
use super::endorsement::EndorsementCredential;
use super::identifier::IdentifierEntry;
use super::image::Image;
use super::set::{self, one_type};

/// An Open Badges 3.0 `Profile`: an organization or a person as a credential states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The identifier: for an issuer a `did:web`, or an HTTPS URL. It controls the signing keys.
    pub id: String,
    /// Always an array; `Profile` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A public address of the issuer, never of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// A phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What it is called elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub other_identifier: Vec<IdentifierEntry>,
    /// Who speaks for an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub official: Option<String>,
    /// The organization of which it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_org: Option<Box<Profile>>,
    /// A person's family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// A person's given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// A further name, such as a middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_name: Option<String>,
    /// A name after the father's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patronymic_name: Option<String>,
    /// What is said before the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// What is said after the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
    /// What belongs before the family name, such as `de`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name_prefix: Option<String>,
    /// A day (`xsd:date`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    /// What others say of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub endorsement: Vec<EndorsementCredential>,
    /// The same, as compact JWS.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub endorsement_jwt: Vec<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Profile {
    /// Makes a profile with an id and a name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            types: one_type("Profile"),
            name: Some(name.into()),
            url: None,
            description: None,
            email: None,
            image: None,
            phone: None,
            address: None,
            other_identifier: Vec::new(),
            official: None,
            parent_org: None,
            family_name: None,
            given_name: None,
            additional_name: None,
            patronymic_name: None,
            honorific_prefix: None,
            honorific_suffix: None,
            family_name_prefix: None,
            date_of_birth: None,
            endorsement: Vec::new(),
            endorsement_jwt: Vec::new(),
            extra: Map::new(),
        }
    }
}

/// Who issues: its id alone, or its profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Issuer {
    /// The id.
    Id(String),
    /// The profile, with the id.
    Profile(Box<Profile>),
}

impl Issuer {
    /// Gives the id of the issuer.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Profile(profile) => &profile.id,
        }
    }
}

impl From<Profile> for Issuer {
    fn from(profile: Profile) -> Self {
        Self::Profile(Box::new(profile))
    }
}
