//! What a status is about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The purpose of a status (Bitstring Status List 1.0, 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Purpose {
    /// Its validity is cancelled, for good.
    Revocation,
    /// It is not to be accepted for the time being.
    Suspension,
    /// A newer credential can be had from its refresh service; it stays valid.
    Refresh,
    /// Its issuer says something about it; what, is told by the messages of the entry.
    Message,
    /// Something else that its issuer and some verifiers agree upon.
    Other(String),
}

impl Purpose {
    /// Gives the purpose as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Refresh => "refresh",
            Self::Message => "message",
            Self::Other(purpose) => purpose,
        }
    }
}

impl From<&str> for Purpose {
    fn from(text: &str) -> Self {
        match text {
            "revocation" => Self::Revocation,
            "suspension" => Self::Suspension,
            "refresh" => Self::Refresh,
            "message" => Self::Message,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl From<String> for Purpose {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.as_str().to_owned()
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
