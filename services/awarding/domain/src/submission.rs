use issuers_domain::{IssuerId, KeyId};
use kernel::{Aggregate, Class, Rejection, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Digest, StatusListId};

/// A credential that the tenant's own software wrote and gave to one of its issuers to sign; known
/// by the id that the credential states. What it says is not kept: only that it was signed, and
/// whether it was revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// Who signed it, and where each one's revocation will be found.
    pub signers: Vec<Signer>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// An issuer that signed a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Who.
    pub issuer: IssuerId,
    /// The place in a status list that is stated in what it signed, if any is.
    pub place: Option<StatusPlace>,
}

/// Where a revocation will be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusPlace {
    /// In which list.
    pub list: StatusListId,
    /// Which entry.
    pub index: u32,
}

/// What can be asked of a submitted credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmissionCommand {
    /// Records that it is going to be signed.
    Submit(CredentialSubmitted),
    /// Records what was signed.
    Sign(CredentialSigned),
    /// States whether it is revoked; a revocation is for ever.
    SetRevoked {
        /// Whether it is.
        revoked: bool,
        /// Now.
        at: Timestamp,
    },
}

/// What can happen to a submitted credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubmissionEvent {
    /// It is going to be signed.
    #[serde(rename = "credential-submitted.v1")]
    Submitted(CredentialSubmitted),
    /// It was signed.
    #[serde(rename = "credential-signed.v1")]
    Signed(CredentialSigned),
    /// One place at which it states its status says revoked.
    #[serde(rename = "credential-revoked.v1")]
    Revoked(CredentialRevoked),
}

/// A credential is going to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSubmitted {
    /// By whom.
    pub issuer: IssuerId,
    /// With which key.
    pub key: KeyId,
    /// The digest of the bytes to be signed.
    pub document: Digest,
    /// Where it states its status, if it does so in a list of ours.
    #[serde(default)]
    pub place: Option<StatusPlace>,
}

/// A credential was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSigned {
    /// By whom.
    pub issuer: IssuerId,
    /// The digest of the exact bytes that were given out.
    pub credential: Digest,
}

/// A credential was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialRevoked {
    /// Whose it was.
    pub issuer: IssuerId,
    /// Where that will be found.
    pub place: StatusPlace,
    /// When.
    pub at: Timestamp,
}

/// Why a submitted credential does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionRejection {
    /// No issuer of the tenant signed it.
    #[error("no credential with this id was issued here: check it")]
    Missing,
    /// It was revoked.
    #[error("this credential was revoked, and that is for ever: issue another under another id")]
    Revoked,
    /// It was issued without a status.
    #[error("this credential was issued without a status: it cannot be revoked")]
    NoStatus,
    /// It states its status elsewhere.
    #[error("this credential has another place in the status lists: try again")]
    OtherPlace,
}

impl Rejection for SubmissionRejection {
    fn code(&self) -> &'static str {
        match self {
            SubmissionRejection::Missing => "NOT_FOUND",
            SubmissionRejection::Revoked => "CREDENTIAL_REVOKED",
            SubmissionRejection::NoStatus => "CREDENTIAL_HAS_NO_STATUS",
            SubmissionRejection::OtherPlace => "CONFLICT",
        }
    }

    fn class(&self) -> Class {
        match self {
            SubmissionRejection::Missing => Class::Missing,
            SubmissionRejection::Revoked
            | SubmissionRejection::NoStatus
            | SubmissionRejection::OtherPlace => Class::Conflict,
        }
    }
}

impl Submission {
    /// Gives the place that an issuer has stated before: it states the same again.
    #[must_use]
    pub fn place(&self, issuer: IssuerId) -> Option<StatusPlace> {
        self.signers.iter().find(|signer| signer.issuer == issuer)?.place
    }
}

impl Aggregate for Submission {
    const CATEGORY: &'static str = "submission";
    type Id = crate::SubmissionId;
    type Command = SubmissionCommand;
    type Event = SubmissionEvent;
    type Rejection = SubmissionRejection;

    fn decide(
        &self,
        command: SubmissionCommand,
    ) -> Result<Vec<SubmissionEvent>, SubmissionRejection> {
        use SubmissionCommand::{SetRevoked, Sign, Submit};
        match command {
            Submit(_) | Sign(_) if self.revoked => Err(SubmissionRejection::Revoked),
            Submit(new) => match (self.place(new.issuer), new.place) {
                (Some(known), Some(stated)) if known != stated => {
                    Err(SubmissionRejection::OtherPlace)
                }
                _ => Ok(vec![SubmissionEvent::Submitted(new)]),
            },
            Sign(signed) if self.signers.iter().any(|it| it.issuer == signed.issuer) => {
                Ok(vec![SubmissionEvent::Signed(signed)])
            }
            Sign(_) => Err(SubmissionRejection::Missing),
            SetRevoked { .. } if self.signers.is_empty() => Err(SubmissionRejection::Missing),
            SetRevoked { revoked, .. } if revoked == self.revoked => Ok(vec![]),
            SetRevoked { revoked: false, .. } => Err(SubmissionRejection::Revoked),
            SetRevoked { at, .. } => {
                let placed = self.signers.iter().filter_map(|it| Some((it.issuer, it.place?)));
                let revoked = |(issuer, place)| CredentialRevoked { issuer, place, at };
                let events: Vec<_> = placed.map(revoked).map(SubmissionEvent::Revoked).collect();
                if events.is_empty() { Err(SubmissionRejection::NoStatus) } else { Ok(events) }
            }
        }
    }

    fn evolve(mut self, event: SubmissionEvent) -> Self {
        match event {
            SubmissionEvent::Submitted(CredentialSubmitted { issuer, place, .. }) => {
                match self.signers.iter_mut().find(|signer| signer.issuer == issuer) {
                    Some(signer) => signer.place = signer.place.or(place),
                    None => self.signers.push(Signer { issuer, place }),
                }
            }
            SubmissionEvent::Signed(_) => {}
            SubmissionEvent::Revoked(_) => self.revoked = true,
        }
        self
    }
}
