use design_domain::BadgeId;
use issuers_domain::IssuerId;
use kernel::{Aggregate, Class, Rejection, Sealed, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AwardId, Digest, EarnerId, StatusListId};

/// One badge given to one person.
///
/// A declined award stays valid and verifiable: declining is the earner's word to the issuer, not
/// the issuer's word to the world. Revoking takes back the issuer's word.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Award {
    /// Nothing was awarded.
    #[default]
    Absent,
    /// It was awarded, and this is what became of it.
    Made(Box<Made>),
}

/// An award and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// As it was made.
    pub created: AwardCreated,
    /// The earner's word on it.
    pub claim: Claim,
    /// The issuer's taking it back, if so.
    pub revocation: Option<Revocation>,
    /// When the earner was mailed, if so.
    pub notified_at: Option<Timestamp>,
}

/// What the earner said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing yet.
    Pending,
    /// Yes.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// No.
    Declined {
        /// When.
        at: Timestamp,
    },
}

/// That the issuer took it back.
#[derive(Clone, Debug, PartialEq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why, sealed under the person's key, for it may tell of them.
    pub reason: Option<Sealed>,
}

/// What can be asked of an award.
#[derive(Clone, Debug, PartialEq)]
pub enum AwardCommand {
    /// Make it, signed as it is.
    Create(Box<AwardCreated>),
    /// The earner wants it.
    Accept {
        /// Now.
        at: Timestamp,
    },
    /// The earner does not want it.
    Decline {
        /// Now.
        at: Timestamp,
    },
    /// The issuer takes it back.
    Revoke {
        /// Now.
        at: Timestamp,
        /// Why, sealed.
        reason: Option<Sealed>,
    },
    /// The earner was mailed.
    Notify {
        /// Now.
        at: Timestamp,
    },
}

/// What can happen to an award.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AwardEvent {
    /// It was made.
    #[serde(rename = "award-created.v1")]
    Created(Box<AwardCreated>),
    /// The earner accepted it.
    #[serde(rename = "award-accepted.v1")]
    Accepted(AwardAccepted),
    /// The earner declined it.
    #[serde(rename = "award-declined.v1")]
    Declined(AwardDeclined),
    /// The issuer took it back.
    #[serde(rename = "award-revoked.v1")]
    Revoked(AwardRevoked),
    /// The earner was mailed.
    #[serde(rename = "award-notified.v1")]
    Notified(AwardNotified),
}

/// A badge was given to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwardCreated {
    /// Which badge.
    pub badge: BadgeId,
    /// Which published version of it.
    pub badge_version: u32,
    /// Who awards.
    pub issuer: IssuerId,
    /// To whom, as the tenant knows them.
    pub person: SubjectId,
    /// To whom, as the backpack knows them.
    pub earner: EarnerId,
    /// How many awards of this badge to this person came before and are over.
    #[serde(default)]
    pub generation: u32,
    /// When it was earned.
    pub achieved_at: Timestamp,
    /// When it was signed; the credential is valid from here on.
    pub issued_at: Timestamp,
    /// When it expires, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The template of the credential: the SHA-256 of its text.
    pub template: Digest,
    /// The SHA-256 of the credential's exact bytes.
    pub credential: Digest,
    /// The status list in which its revocation will be found.
    pub list: StatusListId,
    /// Its place there.
    pub index: u32,
    /// Whether the earner is to be mailed.
    #[serde(default)]
    pub notify: bool,
    /// [`crate::Particulars`] under the person's key.
    pub particulars: Sealed,
}

/// The earner accepted an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwardAccepted {
    /// Of which badge.
    pub badge: BadgeId,
    /// From which issuer.
    pub issuer: IssuerId,
    /// Who.
    pub earner: EarnerId,
    /// When.
    pub at: Timestamp,
}

/// The earner declined an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwardDeclined {
    /// Of which badge.
    pub badge: BadgeId,
    /// From which issuer.
    pub issuer: IssuerId,
    /// Who.
    pub earner: EarnerId,
    /// When.
    pub at: Timestamp,
}

/// The issuer took an award back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwardRevoked {
    /// Of which badge.
    pub badge: BadgeId,
    /// Which issuer.
    pub issuer: IssuerId,
    /// From whom.
    pub earner: EarnerId,
    /// When.
    pub at: Timestamp,
    /// Why, sealed under the person's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Sealed>,
}

/// The earner was mailed about an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwardNotified {
    /// When.
    pub at: Timestamp,
}

/// Why an award does not do what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwardRejection {
    /// There is none.
    #[error("there is nothing with this id")]
    Missing,
    /// The person holds this badge.
    #[error("this person already holds this badge: revoke that award first to award it anew")]
    Duplicate,
    /// The issuer took it back.
    #[error("this award was revoked")]
    Revoked,
    /// The earner declined it.
    #[error("this award was declined")]
    Declined,
}

impl Rejection for AwardRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "NOT_FOUND",
            Self::Duplicate => "DUPLICATE_AWARD",
            Self::Revoked => "AWARD_REVOKED",
            Self::Declined => "AWARD_DECLINED",
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Missing => Class::Missing,
            Self::Duplicate | Self::Revoked | Self::Declined => Class::Conflict,
        }
    }
}

impl Made {
    /// Whether the badge may be given to the person anew.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.revocation.is_some() || matches!(self.claim, Claim::Declined { .. })
    }

    fn decide(&self, command: AwardCommand) -> Result<Vec<AwardEvent>, AwardRejection> {
        use AwardCommand::{Accept, Create, Decline, Notify, Revoke};
        let AwardCreated { badge, issuer, earner, .. } = self.created;
        match (command, self.claim, &self.revocation) {
            (Create(_), ..) => Err(AwardRejection::Duplicate),
            (Revoke { at, reason }, _, None) => {
                Ok(vec![AwardEvent::Revoked(AwardRevoked { badge, issuer, earner, at, reason })])
            }
            (Notify { at }, ..) if self.notified_at.is_none() => {
                Ok(vec![AwardEvent::Notified(AwardNotified { at })])
            }
            (Accept { .. } | Decline { .. }, _, Some(_)) => Err(AwardRejection::Revoked),
            (Revoke { .. }, _, Some(_))
            | (Notify { .. }, ..)
            | (Accept { .. }, Claim::Accepted { .. }, None)
            | (Decline { .. }, Claim::Declined { .. }, None) => Ok(vec![]),
            (Accept { .. }, Claim::Declined { .. }, None) => Err(AwardRejection::Declined),
            (Accept { at }, Claim::Pending, None) => {
                Ok(vec![AwardEvent::Accepted(AwardAccepted { badge, issuer, earner, at })])
            }
            (Decline { at }, Claim::Pending | Claim::Accepted { .. }, None) => {
                Ok(vec![AwardEvent::Declined(AwardDeclined { badge, issuer, earner, at })])
            }
        }
    }

    fn apply(&mut self, event: AwardEvent) {
        match event {
            AwardEvent::Created(_) => {}
            AwardEvent::Accepted(AwardAccepted { at, .. }) => self.claim = Claim::Accepted { at },
            AwardEvent::Declined(AwardDeclined { at, .. }) => self.claim = Claim::Declined { at },
            AwardEvent::Revoked(AwardRevoked { at, reason, .. }) => {
                self.revocation = Some(Revocation { at, reason });
            }
            AwardEvent::Notified(AwardNotified { at }) => self.notified_at = Some(at),
        }
    }
}

impl Aggregate for Award {
    const CATEGORY: &'static str = "award";
    type Id = AwardId;
    type Command = AwardCommand;
    type Event = AwardEvent;
    type Rejection = AwardRejection;

    fn decide(&self, command: AwardCommand) -> Result<Vec<AwardEvent>, AwardRejection> {
        match (self, command) {
            (Award::Absent, AwardCommand::Create(terms)) => Ok(vec![AwardEvent::Created(terms)]),
            (Award::Absent, _) => Err(AwardRejection::Missing),
            (Award::Made(made), command) => made.decide(command),
        }
    }

    fn evolve(self, event: AwardEvent) -> Self {
        match (self, event) {
            (Award::Absent, AwardEvent::Created(created)) => Award::Made(Box::new(Made {
                created: *created,
                claim: Claim::Pending,
                revocation: None,
                notified_at: None,
            })),
            (Award::Absent, _) => Award::Absent,
            (Award::Made(mut made), event) => {
                made.apply(event);
                Award::Made(made)
            }
        }
    }
}
