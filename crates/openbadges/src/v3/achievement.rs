//! What was achieved: the Open Badges `Achievement` and its parts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::alignment::{Alignment, TARGET_TYPES};
use super::endorsement::EndorsementCredential;
use super::identifier::{IDENTIFIER_TYPES, IdentifierEntry};
use super::image::Image;
use super::profile::Profile;
use super::result::{RESULT_TYPES, ResultDescription};
use super::set::{self, one_type};

/// The terms that the standard has for [`Achievement::achievement_type`], beside `ext:…`.
pub const ACHIEVEMENT_TYPES: [&str; 31] = [
    "Achievement",
    "ApprenticeshipCertificate",
    "Assessment",
    "Assignment",
    "AssociateDegree",
    "Award",
    "Badge",
    "BachelorDegree",
    "Certificate",
    "CertificateOfCompletion",
    "Certification",
    "CommunityService",
    "Competency",
    "Course",
    "CoCurricular",
    "Degree",
    "Diploma",
    "DoctoralDegree",
    "Fieldwork",
    "GeneralEducationDevelopment",
    "JourneymanCertificate",
    "LearningProgram",
    "License",
    "Membership",
    "ProfessionalDoctorate",
    "QualityAssuranceCredential",
    "MasterCertificate",
    "MasterDegree",
    "MicroCredential",
    "ResearchDoctorate",
    "SecondarySchoolDiploma",
];

/// Tells whether a term is one of those that the standard lists, or an extension `ext:…`.
pub(crate) fn is_known(term: &str, known: &[&str]) -> bool {
    let extends = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    known.contains(&term) || term.strip_prefix("ext:").is_some_and(extends)
}

/// An Open Badges 3.0 `Achievement`: what a badge stands for, the same for all who earn it.
///
/// Made with [`Achievement::new`]; optional members are set on the value and left out when empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    /// The absolute URI that names this achievement (and this version of it).
    pub id: String,
    /// Always an array; `Achievement` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// A short description, plain text.
    pub description: String,
    /// How it is earned.
    pub criteria: Criteria,
    /// The picture of the badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// One of [`ACHIEVEMENT_TYPES`] (`Badge`, `Certificate`, `Course`, …), or `ext:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub achievement_type: Option<String>,
    /// Keywords.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub tag: Vec<String>,
    /// What outside frameworks it corresponds to.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub alignment: Vec<Alignment>,
    /// Who made it, if not the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator: Option<Box<Profile>>,
    /// How many credits it is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_available: Option<Number>,
    /// The field of study.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_of_study: Option<String>,
    /// The specialization within the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specialization: Option<String>,
    /// The code by which people know it, such as a course number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub human_code: Option<String>,
    /// Its language (`en`, `zh-Hans-CN`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_language: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is called elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub other_identifier: Vec<IdentifierEntry>,
    /// Achievements that it is a version or a translation of.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub related: Vec<Related>,
    /// What it measures.
    #[serde(skip_serializing_if = "Vec::is_empty", default, deserialize_with = "set::read")]
    pub result_description: Vec<ResultDescription>,
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

impl Achievement {
    /// Makes an achievement with the members that the standard requires.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        description: impl Into<String>,
        criteria: Criteria,
    ) -> Self {
        Self {
            id: id.into(),
            types: one_type("Achievement"),
            name: name.into(),
            description: description.into(),
            criteria,
            image: None,
            achievement_type: None,
            tag: Vec::new(),
            alignment: Vec::new(),
            creator: None,
            credits_available: None,
            field_of_study: None,
            specialization: None,
            human_code: None,
            in_language: None,
            version: None,
            other_identifier: Vec::new(),
            related: Vec::new(),
            result_description: Vec::new(),
            endorsement: Vec::new(),
            endorsement_jwt: Vec::new(),
            extra: Map::new(),
        }
    }

    /// Finds a type that the standard does not know: of the achievement, of an alignment's target, of
    /// a result or of an identifier. The published JSON Schema refuses such a credential.
    pub fn unknown_term(&self) -> Option<&str> {
        let described = self.result_description.iter();
        let alignments = self.alignment.iter().chain(described.clone().flat_map(|result| {
            let levels = result.rubric_criterion_level.iter();
            result.alignment.iter().chain(levels.flat_map(|level| &level.alignment))
        }));
        let kind = self.achievement_type.as_ref();
        let targets = alignments.filter_map(|alignment| alignment.target_type.as_ref());
        let results = described.map(|result| &result.result_type);
        let identifiers = self.other_identifier.iter().map(|entry| &entry.identifier_type);
        kind.into_iter()
            .map(|term| (term, &ACHIEVEMENT_TYPES[..]))
            .chain(targets.map(|term| (term, &TARGET_TYPES[..])))
            .chain(results.map(|term| (term, &RESULT_TYPES[..])))
            .chain(identifiers.map(|term| (term, &IDENTIFIER_TYPES[..])))
            .find(|(term, known)| !is_known(term, known))
            .map(|(term, _)| term.as_str())
    }
}

/// How an achievement is earned: a page, a Markdown text, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criteria {
    /// The URI of a page that states the criteria.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The criteria in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Another achievement: an older version, a translation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// The id of the other achievement.
    pub id: String,
    /// Always an array; `Related` is in it.
    #[serde(rename = "type", deserialize_with = "set::read")]
    pub types: Vec<String>,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_language: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What else was said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Related {
    /// Makes a reference with the members that the standard requires.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            types: one_type("Related"),
            in_language: None,
            version: None,
            extra: Map::new(),
        }
    }
}
