//! How what the port speaks of looks in messages.

use kernel::TenantId;
use proto::keyvault::v1 as message;
use uuid::Uuid;

use crate::{Owner, VaultError, texts};

/// The metadata that says which vault answers, and which one the caller knows: 16 bytes.
pub(crate) const VAULT: &str = "laurel-vault-bin";
/// Largest request, in bytes: 10,000 owners with subjects of 200 bytes take 2.3 MB.
pub(crate) const REQUEST: usize = 3 * 1024 * 1024;
/// Largest answer, in bytes: 10,000 keys take 0.4 MB.
pub(crate) const ANSWER: usize = 1024 * 1024;

pub(crate) fn tenant(tenant: TenantId) -> Vec<u8> {
    tenant.bytes().to_vec()
}

pub(crate) fn owner(owner: &Owner) -> message::Owner {
    message::Owner { tenant: tenant(owner.tenant), subject: owner.subject.clone() }
}

pub(crate) fn read_tenant(bytes: &[u8]) -> Result<TenantId, VaultError> {
    let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| VaultError::Invalid(texts::MALFORMED))?;
    Ok(TenantId::from_uuid(Uuid::from_bytes(bytes)))
}

pub(crate) fn read_owner(owner: Option<message::Owner>) -> Result<Owner, VaultError> {
    let owner = owner.ok_or(VaultError::Invalid(texts::MALFORMED))?;
    Ok(Owner { tenant: read_tenant(&owner.tenant)?, subject: owner.subject })
}
