//! What was achieved: the Open Badges `Achievement` and its parts.

use serde::{Deserialize, Serialize};

use super::profile::{Image, one_type};

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

/// Tells whether a term is one of those that the standard lists, or an extension `ext:…`.
fn is_known(term: &str, known: &[&str]) -> bool {
    let extends = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    known.contains(&term) || term.strip_prefix("ext:").is_some_and(extends)
}

/// An Open Badges 3.0 `Achievement`: what a badge stands for, the same for all who earn it.
///
/// Made with [`Achievement::new`]; optional members are set on the value and left out when empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Achievement {
    /// The absolute URI that names this achievement (and this version of it).
    pub id: String,
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The name that people read.
    pub name: String,
    /// A short description, plain text.
    pub description: String,
    /// How it is earned.
    pub criteria: Criteria,
    /// The picture of the badge.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image: Option<Image>,
    /// One of the terms of the standard (`Badge`, `Certificate`, `Course`, …) or `ext:…`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub achievement_type: Option<String>,
    /// Keywords.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tag: Vec<String>,
    /// What outside frameworks it corresponds to.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alignment: Vec<Alignment>,
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
        }
    }

    /// Finds a type, of the achievement or of an alignment's target, that the standard does not
    /// know. The published JSON Schema refuses such a credential.
    pub fn unknown_term(&self) -> Option<&str> {
        let kind = self.achievement_type.as_deref();
        let targets =
            self.alignment.iter().filter_map(|alignment| alignment.target_type.as_deref());
        kind.filter(|term| !is_known(term, &ACHIEVEMENT_TYPES))
            .or_else(|| targets.into_iter().find(|term| !is_known(term, &TARGET_TYPES)))
    }
}

/// How an achievement is earned: a page, a Markdown text, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criteria {
    /// The URI of a page that states the criteria.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
    /// The criteria in Markdown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub narrative: Option<String>,
}

/// The correspondence of an achievement with an entry of an outside framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alignment {
    #[serde(rename = "type")]
    types: Vec<String>,
    /// The name of the entry.
    pub target_name: String,
    /// The URL of the entry.
    pub target_url: String,
    /// The entry's code within its framework.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_code: Option<String>,
    /// What the entry means.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_description: Option<String>,
    /// The name of the framework.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_framework: Option<String>,
    /// One of the terms of the standard (`CFItem`, `ceterms:Credential`, …) or `ext:…`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_type: Option<String>,
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
        }
    }
}
