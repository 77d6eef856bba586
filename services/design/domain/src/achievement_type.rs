use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What kind of achievement a badge is: a term of Open Badges 3.0 (`AchievementType`), or `ext:`
/// and a term of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AchievementType(String);

/// The text is no such term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an achievement type of Open Badges 3.0 such as Badge or MicroCredential, nor ext: and a term of letters, digits, dots, hyphens and underscores"
)]
pub struct InvalidAchievementType;

/// Open Badges 3.0, B.3.2 `AchievementType` Enumeration.
const TERMS: [&str; 31] = [
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

impl AchievementType {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AchievementType {
    type Err = InvalidAchievementType;

    fn from_str(text: &str) -> Result<Self, InvalidAchievementType> {
        let own = |term: &str| {
            (1..=100).contains(&term.len())
                && term.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        };
        if TERMS.contains(&text) || text.strip_prefix("ext:").is_some_and(own) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAchievementType)
        }
    }
}

impl fmt::Display for AchievementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_of_the_standard_and_extensions_are_accepted() {
        for text in ["Badge", "MicroCredential", "CoCurricular", "ext:Hackathon_2026"] {
            assert_eq!(text.parse::<AchievementType>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_terms_are_refused() {
        for text in ["", "badge", "Medal", "ext:", "ext:two words", "Badge "] {
            assert!(text.parse::<AchievementType>().is_err(), "{text}");
        }
    }
}
