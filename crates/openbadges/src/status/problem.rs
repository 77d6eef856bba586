//! What the standards call a failure to learn a status.

/// The type of a problem, for problem details (RFC 9457).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The list could not be fetched.
    StatusRetrieval,
    /// The list could not be trusted, or is not the one that the credential means.
    StatusVerification,
    /// The list is too short to hide anyone.
    StatusListLength,
    /// A property breaks a rule of the standard.
    MalformedValue,
    /// The list ends before the entry.
    Range,
}

impl Problem {
    /// Gives the URL that stands for the problem in `type`.
    ///
    /// Three belong to Bitstring Status List (3.5); it takes the other two from VCDM 2.0 (7.3).
    pub fn url(self) -> &'static str {
        match self {
            Self::StatusRetrieval => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"
            }
            Self::StatusVerification => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR"
            }
            Self::StatusListLength => {
                "https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"
            }
            Self::MalformedValue => "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR",
            Self::Range => "https://www.w3.org/TR/vc-data-model#RANGE_ERROR",
        }
    }

    /// Gives a short title for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::StatusRetrieval => "the status list could not be retrieved",
            Self::StatusVerification => "the status could not be verified",
            Self::StatusListLength => "the status list is too short",
            Self::MalformedValue => "a value is malformed",
            Self::Range => "a value is out of range",
        }
    }
}
