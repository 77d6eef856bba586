use awarding_domain::{AwardCreated, AwardId, Claim, Digest, Made, StatusListId};
use design_domain::BadgeId;
use issuers_domain::IssuerId;
use kernel::{Base64, Position, Sealed, SubjectId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// An award as it stands. What awards of one badge share stands together, so that it packs well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AwardRow {
    pub(crate) badge: BadgeId,
    pub(crate) badge_version: u32,
    pub(crate) issuer: IssuerId,
    pub(crate) template: Digest,
    pub(crate) list: StatusListId,
    pub(crate) index: u32,
    pub(crate) person: SubjectId,
    pub(crate) achieved_at: Millis,
    pub(crate) issued_at: Millis,
    pub(crate) expires_at: Option<Millis>,
    pub(crate) claim: ClaimRow,
    pub(crate) revoked: Option<(Millis, Option<SealedRow>)>,
    /// None when the person was erased.
    pub(crate) particulars: Option<SealedRow>,
}

/// What is sealed under a person's key; whose, the row tells that it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedRow {
    key_version: u32,
    nonce: Base64,
    ciphertext: Base64,
}

impl From<Sealed> for SealedRow {
    fn from(Sealed { key_version, nonce, ciphertext, .. }: Sealed) -> Self {
        Self { key_version, nonce, ciphertext }
    }
}

impl SealedRow {
    /// As it was sealed under the key of that person.
    pub(crate) fn under(&self, person: SubjectId) -> Sealed {
        let Self { key_version, nonce, ciphertext } = self.clone();
        Sealed { subject: person.to_string(), key_version, nonce, ciphertext }
    }
}

/// A moment in milliseconds: smaller than its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Millis(i64);

impl From<Timestamp> for Millis {
    fn from(at: Timestamp) -> Self {
        Self(at.unix_millis())
    }
}

impl From<Millis> for Timestamp {
    fn from(at: Millis) -> Self {
        Timestamp::from_unix_millis(at.0)
    }
}

/// The earner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClaimRow {
    Pending,
    Accepted(Millis),
    Declined(Millis),
}

/// A person as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EarnerRow {
    /// How many awards, whatever became of them.
    pub(crate) awards: u32,
    pub(crate) first_awarded_at: Millis,
    /// The award that tells the newest name.
    pub(crate) newest: Option<AwardId>,
    /// The newest key version in use.
    pub(crate) key_version: u32,
    /// Key versions up to this one are destroyed.
    pub(crate) erased_through: u32,
    pub(crate) erased_at: Option<Millis>,
}

impl EarnerRow {
    /// When the person was erased, if nothing was awarded to them since.
    pub(crate) fn erasure(&self) -> Option<Timestamp> {
        let erased = self.key_version <= self.erased_through;
        self.erased_at.filter(|_| erased).map(Timestamp::from)
    }
}

/// Whose status list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListRow {
    pub(crate) tenant: TenantId,
    pub(crate) issuer: IssuerId,
    pub(crate) since: Millis,
}

/// When a status list changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListChange {
    pub(crate) at: Millis,
    pub(crate) position: Position,
}

impl AwardRow {
    /// The row of an award that was just made.
    pub(crate) fn new(created: AwardCreated) -> Self {
        Self {
            badge: created.badge,
            badge_version: created.badge_version,
            issuer: created.issuer,
            person: created.person,
            achieved_at: created.achieved_at.into(),
            issued_at: created.issued_at.into(),
            expires_at: created.expires_at.map(Millis::from),
            claim: ClaimRow::Pending,
            revoked: None,
            template: created.template,
            list: created.list,
            index: created.index,
            particulars: Some(created.particulars.into()),
        }
    }

    /// The row of an award as its stream tells it.
    pub(crate) fn of(made: Made) -> Self {
        let claim = match made.claim {
            Claim::Pending => ClaimRow::Pending,
            Claim::Accepted { at } => ClaimRow::Accepted(at.into()),
            Claim::Declined { at } => ClaimRow::Declined(at.into()),
        };
        let revoked = made
            .revocation
            .map(|revocation| (revocation.at.into(), revocation.reason.map(SealedRow::from)));
        Self { claim, revoked, ..Self::new(made.created) }
    }
}
