//! The correspondence of what is taught or measured with outside frameworks.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::set::{self, one_type};

/// The terms that the standard has for [`Alignment::target_type`], beside `ext:…`.
pub const TARGET_TYPES: [&str; 7] = [
    "ceasn:Competency",
    "ceterms:Credential",
    "CFItem",
    "CFRubric",
    "CFRubricCriterion",
    "CFRubricCriterionLevel",
    "CTDL",
];

/// An Open Badges 3.0 `Alignment`: the correspondence with an entry of an outside framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    /// Always an array; `Alignment` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name of the entry.
    pub target_name: String,
    /// The URL of the entry.
    pub target_url: String,
    /// The entry's code within its framework.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_code: Option<String>,
    /// What the entry means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_description: Option<String>,
    /// The name of the framework.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_framework: Option<String>,
    /// One of [`TARGET_TYPES`], or `ext:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Alignment {
    /// Makes an alignment with the members that the standard requires.
    pub fn new(target_name: impl Into<String>, target_url: impl Into<String>) -> Self {
        Self {
            types: one_type("Alignment"),
            target_name: target_name.into(),
            target_url: target_url.into(),
            target_code: None,
            target_description: None,
            target_framework: None,
            target_type: None,
            extra: Map::new(),
        }
    }
}
