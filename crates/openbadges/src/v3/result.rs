//! What was measured, and how well it went.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alignment::Alignment;
use super::set::{self, one_type};

/// The terms that the standard has for [`ResultDescription::result_type`], beside `ext:…`.
pub const RESULT_TYPES: [&str; 12] = [
    "GradePointAverage",
    "LetterGrade",
    "Percent",
    "PerformanceLevel",
    "PredictedScore",
    "RawScore",
    "Result",
    "RubricCriterion",
    "RubricCriterionLevel",
    "RubricScore",
    "ScaledScore",
    "Status",
];

/// The terms that the standard has for [`AchievementResult::status`].
pub const RESULT_STATUSES: [&str; 7] =
    ["Completed", "Enrolled", "Failed", "InProgress", "OnHold", "Provisional", "Withdrew"];

/// An Open Badges 3.0 `Result` of one award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AchievementResult {
    /// Always an array; `Result` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The id of the rubric level that was achieved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achieved_level: Option<String>,
    /// What outside frameworks it corresponds to.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub alignment: Vec<Alignment>,
    /// The id of what it is a result of, within this achievement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_description: Option<String>,
    /// One of [`RESULT_STATUSES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The value, such as a grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl AchievementResult {
    /// Makes a result that has no member yet but its type.
    pub fn new() -> Self {
        Self {
            types: one_type("Result"),
            achieved_level: None,
            alignment: Vec::new(),
            result_description: None,
            status: None,
            value: None,
            extra: Map::new(),
        }
    }
}

impl Default for AchievementResult {
    fn default() -> Self {
        Self::new()
    }
}

/// An Open Badges 3.0 `ResultDescription`: what an achievement measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultDescription {
    /// The absolute URI that names it.
    pub id: String,
    /// Always an array; `ResultDescription` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// One of [`RESULT_TYPES`], or `ext:…`.
    pub result_type: String,
    /// What outside frameworks it corresponds to.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub alignment: Vec<Alignment>,
    /// The values there are, from low to high.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub allowed_value: Vec<String>,
    /// The id of the rubric level that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_level: Option<String>,
    /// The value that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_value: Option<String>,
    /// The levels there are.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub rubric_criterion_level: Vec<RubricCriterionLevel>,
    /// The highest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_max: Option<String>,
    /// The lowest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_min: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ResultDescription {
    /// Makes a description with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        result_type: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            types: one_type("ResultDescription"),
            name: name.into(),
            result_type: result_type.into(),
            alignment: Vec::new(),
            allowed_value: Vec::new(),
            required_level: None,
            required_value: None,
            rubric_criterion_level: Vec::new(),
            value_max: None,
            value_min: None,
            extra: Map::new(),
        }
    }
}

/// An Open Badges 3.0 `RubricCriterionLevel`: one level of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RubricCriterionLevel {
    /// The absolute URI that names it.
    pub id: String,
    /// Always an array; `RubricCriterionLevel` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// What outside frameworks it corresponds to.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub alignment: Vec<Alignment>,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its rank among the levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How many points it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl RubricCriterionLevel {
    /// Makes a level with the members that the standard requires.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            types: one_type("RubricCriterionLevel"),
            name: name.into(),
            alignment: Vec::new(),
            description: None,
            level: None,
            points: None,
            extra: Map::new(),
        }
    }
}
