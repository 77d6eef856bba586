//! What shows that the achievement was earned.

use serde::{Deserialize, Serialize};

use super::profile::one_type;

/// An Open Badges 3.0 `Evidence` of one award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The URL of the evidence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// A name that people read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The story of the evidence, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
    /// A short description, plain text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
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
        }
    }

    /// Whether it is of the usual type and has no members but those that a template knows.
    pub(crate) fn is_plain(&self) -> bool {
        self.types == ["Evidence"]
    }
}

impl Default for Evidence {
    fn default() -> Self {
        Self::new()
    }
}
