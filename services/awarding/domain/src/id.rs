use issuers_domain::IssuerId;
use kernel::{Id, Kind, TenantId};
use sha2::{Digest, Sha256};

/// Marks ids of awards.
pub enum AwardKind {}
impl Kind for AwardKind {
    const PREFIX: &'static str = "award";
}

/// One badge given to one person; derived from badge, person and generation under the tenant's
/// secret, so that a person holds a badge once.
pub type AwardId = Id<AwardKind>;

/// Marks ids of batches.
pub enum BatchKind {}
impl Kind for BatchKind {
    const PREFIX: &'static str = "batch";
}

/// The rows of one CSV; derived from the command that submitted them.
pub type BatchId = Id<BatchKind>;

/// Marks ids of status lists.
pub enum StatusListKind {}
impl Kind for StatusListKind {
    const PREFIX: &'static str = "list";
}

/// One Bitstring Status List of an issuer.
pub type StatusListId = Id<StatusListKind>;

/// Marks ids of submitted credentials.
pub enum SubmissionKind {}
impl Kind for SubmissionKind {
    const PREFIX: &'static str = "submission";
}

/// A credential that the tenant's own software wrote: the keyed hash of the id that it states under
/// the tenant's secret, or derived from the command when it states none.
pub type SubmissionId = Id<SubmissionKind>;

/// Marks ids of earners across tenants.
pub enum EarnerKind {}
impl Kind for EarnerKind {
    const PREFIX: &'static str = "earner";
}

/// A person as the backpack knows them across tenants: the keyed hash of their address under the
/// platform's secret.
pub type EarnerId = Id<EarnerKind>;

/// The `number`-th status list of an issuer, from zero: every process finds the same one.
#[must_use]
pub fn status_list(tenant: TenantId, issuer: IssuerId, number: u32) -> StatusListId {
    let digest = Sha256::new()
        .chain_update(b"status-list")
        .chain_update(tenant.bytes())
        .chain_update(issuer.bytes())
        .chain_update(number.to_be_bytes())
        .finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    StatusListId::derived(first)
}
