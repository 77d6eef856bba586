//! Where the awards of one badge differ, in the text of its template.

use serde::Serialize;

use super::fill::Fill;

/// Stands before and after the name of a hole.
pub(crate) const MARK: char = '\u{fdd0}';

/// A place that each award fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    CredentialId,
    ValidFrom,
    ValidUntil,
    AwardedDate,
    IdentityHash,
    Salt,
    StatusListIndex,
    Narrative,
    Evidence,
    ProofCreated,
    ProofValue,
}

impl Hole {
    const ALL: [(Self, &'static str); 11] = [
        (Self::CredentialId, "credentialId"),
        (Self::ValidFrom, "validFrom"),
        (Self::ValidUntil, "validUntil"),
        (Self::AwardedDate, "awardedDate"),
        (Self::IdentityHash, "identityHash"),
        (Self::Salt, "salt"),
        (Self::StatusListIndex, "statusListIndex"),
        (Self::Narrative, "narrative"),
        (Self::Evidence, "evidence"),
        (Self::ProofCreated, "proofCreated"),
        (Self::ProofValue, "proofValue"),
    ];

    /// The hole of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(hole, _)| *hole)
    }

    /// The name between its marks, as it stands in the text of a template.
    pub(crate) fn marked(self) -> String {
        let name = Self::ALL.iter().find(|(hole, _)| *hole == self).map_or("", |(_, name)| name);
        format!("{MARK}{name}{MARK}")
    }

    /// Appends what fills the hole; text within a JSON string, or a whole member or nothing.
    pub(crate) fn write(self, out: &mut Vec<u8>, fill: &Fill, proof_value: &str) {
        match self {
            Self::CredentialId => escape(out, &fill.credential_id),
            Self::ValidFrom => escape(out, &fill.valid_from),
            Self::ValidUntil => member(out, "validUntil", fill.valid_until.as_deref()),
            Self::AwardedDate => member(out, "awardedDate", fill.awarded_date.as_deref()),
            Self::IdentityHash => escape(out, &fill.identity_hash),
            Self::Salt => escape(out, &fill.salt),
            Self::StatusListIndex => {
                if let Some(index) = fill.status_list_index {
                    out.extend_from_slice(index.to_string().as_bytes());
                }
            }
            Self::Narrative => member(out, "narrative", fill.narrative.as_deref()),
            Self::Evidence => {
                if !fill.evidence.is_empty() {
                    out.extend_from_slice(b",\"evidence\":");
                    out.extend_from_slice(json_text(&fill.evidence).as_bytes());
                }
            }
            Self::ProofCreated => escape(out, &fill.proof_created),
            Self::ProofValue => escape(out, proof_value),
        }
    }
}

/// Adds an optional string member. It never stands first in its object.
fn member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":\"");
        escape(out, value);
        out.push(b'"');
    }
}

/// Adds the inside of a JSON string.
fn escape(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let quoted = json_text(text);
        out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

pub(crate) fn json_text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("structs of strings and lists always become json")
}
