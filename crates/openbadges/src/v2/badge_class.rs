//! What is awarded.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::link::{Linked, one_as_itself, one_or_many};
use super::part::Image;
use super::profile::Profile;
use super::version::CONTEXT;

/// An Open Badges 2.0 `BadgeClass`: the same for all who earn it.
///
/// Made with [`BadgeClass::new`]; optional members are set on the value and left out when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadgeClass {
    /// The context, on the outermost document.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none", default)]
    pub context: Option<Value>,
    /// The address at which it is published.
    pub id: String,
    /// `BadgeClass`, and whatever else it is.
    #[serde(rename = "type", serialize_with = "one_as_itself", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// The language of its texts (BCP 47).
    #[serde(rename = "@language", skip_serializing_if = "Option::is_none", default)]
    pub language: Option<String>,
    /// The name that people read.
    pub name: String,
    /// A short description, plain text.
    pub description: String,
    /// Its picture: a PNG or SVG by URL or data URL.
    pub image: Linked<Image>,
    /// How it is earned: a page, a text, or both.
    pub criteria: Linked<Criteria>,
    /// Who awards it.
    pub issuer: Linked<Profile>,
    /// What it corresponds to elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub alignment: Vec<Alignment>,
    /// Keywords.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub tags: Vec<String>,
    /// Which edition of the badge this is, a text or a number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Value>,
    /// Other editions and languages of it, by id or as objects with `id` and `@language`.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "one_or_many")]
    pub related: Vec<Value>,
    /// Members that this struct does not name: `endorsement`, extensions, ….
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl BadgeClass {
    /// Makes a badge class with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        description: impl Into<String>,
        image: Linked<Image>,
        criteria: Linked<Criteria>,
        issuer: Linked<Profile>,
    ) -> Self {
        Self {
            context: Some(CONTEXT.into()),
            id: id.into(),
            types: vec!["BadgeClass".to_owned()],
            language: None,
            name: name.into(),
            description: description.into(),
            image,
            criteria,
            issuer,
            alignment: Vec::new(),
            tags: Vec::new(),
            version: None,
            related: Vec::new(),
            other: Map::new(),
        }
    }
}

/// How a badge is earned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    /// The address of a page that states the criteria.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The criteria in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
    /// Members that the standard does not name, and its type.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The correspondence of a badge with an entry of an outside framework.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// The name of the entry.
    pub target_name: String,
    /// The URL of the entry.
    pub target_url: String,
    /// What the entry means.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_description: Option<String>,
    /// The name of the framework.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_framework: Option<String>,
    /// The entry's code within its framework.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_code: Option<String>,
    /// Members that the standard does not name, and its type.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Alignment {
    /// Makes an alignment with the members that the standard requires.
    pub fn new(target_name: impl Into<String>, target_url: impl Into<String>) -> Self {
        Self {
            target_name: target_name.into(),
            target_url: target_url.into(),
            target_description: None,
            target_framework: None,
            target_code: None,
            other: Map::new(),
        }
    }
}
