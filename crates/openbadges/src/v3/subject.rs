//! Who earned what: the Open Badges `AchievementSubject`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::achievement::Achievement;
use super::identity::IdentityObject;
use super::image::Image;
use super::profile::Profile;
use super::result::AchievementResult;
use super::set::{self, one_type};

/// Who earned what: the Open Badges `AchievementSubject`, known by hashed identifiers or a URI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AchievementSubject {
    /// A URI of the earner; without it `identifier` must not be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Always an array; `AchievementSubject` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The earner's identifiers, best hashed.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub identifier: Vec<IdentityObject>,
    /// What was earned.
    pub achievement: Achievement,
    /// How this person earned it, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
    /// When the activity began (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_start_date: Option<String>,
    /// When the activity ended (`xsd:dateTimeStamp`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity_end_date: Option<String>,
    /// How many credits were earned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_earned: Option<Number>,
    /// A picture of this very award.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// The number of a licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_number: Option<String>,
    /// How well it went.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub result: Vec<AchievementResult>,
    /// In which role: `author`, `mentor`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Who assessed or recommended the earner, if not the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Box<Profile>>,
    /// The academic term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl AchievementSubject {
    /// Makes a subject known by one hashed identifier.
    pub fn new(identity: IdentityObject, achievement: Achievement) -> Self {
        Self {
            id: None,
            types: one_type("AchievementSubject"),
            identifier: vec![identity],
            achievement,
            narrative: None,
            activity_start_date: None,
            activity_end_date: None,
            credits_earned: None,
            image: None,
            license_number: None,
            result: Vec::new(),
            role: None,
            source: None,
            term: None,
            extra: Map::new(),
        }
    }
}
