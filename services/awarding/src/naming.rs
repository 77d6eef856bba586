use awarding_domain::{AwardId, EarnerId, SubmissionId};
use design_domain::BadgeId;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{EmailAddress, SubjectId, TenantId};
use keyvault::{KeyVault, Secret, VaultError, subject_of};
use sha2::Sha256;

/// The keyed hashes by which a tenant names people and awards: the same input has the same name,
/// and nobody without the secrets can tell the input.
pub(crate) struct Naming {
    people: Secret,
    earners: Secret,
    awards: Secret,
}

impl Naming {
    pub(crate) async fn of(vault: &dyn KeyVault, tenant: TenantId) -> Result<Self, VaultError> {
        Ok(Self {
            people: vault.secret(tenant, "email-lookup").await?,
            earners: vault.secret(TenantId::PLATFORM, "email-lookup").await?,
            awards: vault.secret(tenant, "award-id").await?,
        })
    }

    /// The holder of an address as the tenant knows them.
    pub(crate) fn person(&self, address: &EmailAddress) -> SubjectId {
        subject_of(&self.people, address)
    }

    /// The holder of an address as the backpack knows them.
    pub(crate) fn earner(&self, address: &EmailAddress) -> EarnerId {
        EarnerId::from_uuid(subject_of(&self.earners, address).uuid())
    }

    /// The award of that badge to that person after so many others that are over.
    pub(crate) fn award(&self, badge: BadgeId, person: SubjectId, generation: u32) -> AwardId {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.awards.expose())
            .expect("HMAC takes a key of any length");
        mac.update(&badge.bytes());
        mac.update(&person.bytes());
        mac.update(&generation.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        AwardId::derived(first)
    }
}

/// The name of a credential that the tenant's own software wrote, by the id that it states. That id
/// may be personal.
pub(crate) async fn submission(
    vault: &dyn KeyVault,
    tenant: TenantId,
    credential_id: &str,
) -> Result<SubmissionId, VaultError> {
    let secret = vault.secret(tenant, "credential-id").await?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes a key of any length");
    mac.update(credential_id.as_bytes());
    let mut first = [0; 16];
    first.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    Ok(SubmissionId::derived(first))
}
