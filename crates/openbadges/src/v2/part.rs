//! Parts that several classes share: pictures and evidence.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A picture with what can be said about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// The URL of a PNG or SVG, or a data URL.
    pub id: String,
    /// What it shows, for those who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caption: Option<String>,
    /// The profile of who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub author: Option<String>,
    /// Members that the standard does not name, and its type.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Image {
    /// Makes a picture with a caption.
    pub fn new(id: impl Into<String>, caption: Option<String>) -> Self {
        Self { id: id.into(), caption, author: None, other: Map::new() }
    }
}

/// What shows that a badge was earned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The address of a page that presents it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// How it came to be, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
    /// Its kind: `Poetry`, `Film`, ….
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub genre: Option<String>,
    /// Whom it is meant for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub audience: Option<String>,
    /// Members that the standard does not name, and its type.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
