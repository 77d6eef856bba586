//! What shows that the achievement was earned.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::set::{self, one_type};

/// An Open Badges 3.0 `Evidence` of one award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The URL of the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Always an array; `Evidence` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// A name that people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The story of the evidence, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What kind of evidence it is, such as `Poetry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// For whom it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Evidence {
    /// Makes evidence that has no member yet but its type.
    pub fn new() -> Self {
        Self {
            id: None,
            types: one_type("Evidence"),
            name: None,
            narrative: None,
            description: None,
            genre: None,
            audience: None,
            extra: Map::new(),
        }
    }

    /// Whether it is of the usual type and has no members but those that a template knows.
    pub(crate) fn is_plain(&self) -> bool {
        self.types == ["Evidence"]
            && self.genre.is_none()
            && self.audience.is_none()
            && self.extra.is_empty()
    }
}

impl Default for Evidence {
    fn default() -> Self {
        Self::new()
    }
}
