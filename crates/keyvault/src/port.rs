use std::fmt;

use kernel::{Sealed, TenantId};

use crate::{DataKey, Secret, texts};

/// Whose key it is: a person as one tenant knows them, or another thing with a key of its own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// In which tenant.
    pub tenant: TenantId,
    /// Who, in text form, such as `person_01h4…`; 1 to 200 bytes, never an address or a name.
    pub subject: String,
}

impl Owner {
    /// The owner of that text form in that tenant.
    #[must_use]
    pub fn new(tenant: TenantId, subject: impl fmt::Display) -> Self {
        Self { tenant, subject: subject.to_string() }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.subject)
    }
}

/// The keys. An adapter keeps these promises, which [`crate::conformance`] tests:
///
/// * A key that was given out is on stable storage first: what it seals can be unsealed after any
///   crash.
/// * Each owner has at most one live key; destroyed keys are gone from the adapter's files, and
///   their version numbers are never used again.
/// * Keys are bound to tenant and owner: a row moved to another place opens nothing.
#[async_trait::async_trait]
pub trait KeyVault: Send + Sync + 'static {
    /// The current key of each owner, in their order; made where there is none. One call is one
    /// flush, so send many owners at once (at most 10,000).
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for an owner out of bounds, [`VaultError::Unavailable`],
    /// [`VaultError::Corrupt`].
    async fn ensure(&self, owners: &[Owner]) -> Result<Vec<DataKey>, VaultError>;

    /// The key of that version; none when it was destroyed or never made. Cheap: held in memory.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`], [`VaultError::Corrupt`].
    async fn key(&self, owner: &Owner, version: u32) -> Result<Option<DataKey>, VaultError>;

    /// Destroys every key of the owner for good: when this returns, no file of the vault holds a
    /// copy, and no call of [`KeyVault::key`] or [`KeyVault::ensure`] that begins afterwards, in
    /// whatever process, gives one out. Nothing happens when there is none. The next
    /// [`KeyVault::ensure`] makes a key of the next version.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`], [`VaultError::Closed`]: call again until it succeeds.
    async fn destroy(&self, owner: &Owner) -> Result<(), VaultError>;

    /// 32 bytes that follow from the tenant's key for one purpose (1 to 200 bytes), such as
    /// `email-lookup`: always the same, and of no use for another purpose or tenant.
    ///
    /// # Errors
    /// [`VaultError::Invalid`], [`VaultError::Unavailable`], [`VaultError::Corrupt`].
    async fn secret(&self, tenant: TenantId, purpose: &str) -> Result<Secret, VaultError>;

    /// Keeps a secret of the tenant (at most 64 KiB) under a name (1 to 200 bytes), sealed and
    /// durable. Putting the same again changes nothing.
    ///
    /// # Errors
    /// [`VaultError::Taken`] when the name holds another secret, [`VaultError::Invalid`],
    /// [`VaultError::Unavailable`].
    async fn put(&self, tenant: TenantId, name: &str, secret: &[u8]) -> Result<(), VaultError>;

    /// The secret of that name, if there is one.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`], [`VaultError::Corrupt`].
    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, VaultError>;
}

/// Why the vault did not do it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It cannot be reached or failed; what was asked may have happened.
    #[error("the key vault cannot be reached: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is shutting down.
    #[error("the key vault is shutting down")]
    Closed,
    /// Something stored does not open with the keys there are: it was altered, moved, or belongs to
    /// another root key.
    #[error("{0} in the key vault does not open: restore the vault and its root key together")]
    Corrupt(&'static str),
    /// Another secret stands under this name; secrets are put once.
    #[error("the key vault holds another secret of this name: choose another name")]
    Taken,
    /// The request is out of bounds.
    #[error("{0}")]
    Invalid(&'static str),
}

/// Finds the key and unseals; none when the key was destroyed, which is how erased data reads.
///
/// # Errors
/// As [`KeyVault::key`]; [`VaultError::Corrupt`] when the key does not fit the data.
pub async fn unseal(
    vault: &dyn KeyVault,
    tenant: TenantId,
    purpose: &str,
    sealed: &Sealed,
) -> Result<Option<Vec<u8>>, VaultError> {
    let owner = Owner { tenant, subject: sealed.subject.clone() };
    let Some(key) = vault.key(&owner, sealed.key_version).await? else { return Ok(None) };
    match key.unseal(&owner, purpose, sealed) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(_) => Err(VaultError::Corrupt(texts::SEALED)),
    }
}
