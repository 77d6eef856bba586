//! Signing keys: made here, kept sealed in the vault, held unwrapped for a while in memory.

use std::{sync::Arc, time::Duration};

use eventstore::EventStore;
use issuers_domain::{Issuer, IssuerId, KeyId, NewKey, SigningKeyKind};
use kernel::TenantId;
use keyvault::{KeyVault, VaultError};
use moka::sync::Cache;
use openbadges::SecretKey;
use runtime::{command, status};
use tonic::Status;
use zeroize::Zeroizing;

/// How many issuers' keys are held at once.
const HELD: u64 = 1_000;
/// How long a key is used before it is looked up again: bounds how long a key that another process
/// retired could still sign here, should the news of it be lost.
const HELD_FOR: Duration = Duration::from_mins(1);
/// Batches larger than this leave the async threads.
const SMALL_BATCH: usize = 16;

/// The keys of the issuers that sign.
pub(crate) struct Keys {
    vault: Arc<dyn KeyVault>,
    held: Cache<(TenantId, IssuerId), Arc<Held>>,
}

/// A key that signs now.
pub(crate) struct Held {
    pub(crate) id: KeyId,
    key: SecretKey,
}

impl Keys {
    pub(crate) fn new(vault: Arc<dyn KeyVault>) -> Self {
        Self { vault, held: Cache::builder().max_capacity(HELD).time_to_live(HELD_FOR).build() }
    }

    /// Makes a key of that id, or finds the one that a cut-off attempt made, and keeps its secret.
    ///
    /// # Errors
    /// When the vault does not answer.
    pub(crate) async fn make(
        &self,
        tenant: TenantId,
        id: KeyId,
        kind: SigningKeyKind,
    ) -> Result<NewKey, Status> {
        let name = name(id);
        if self.vault.get(tenant, &name).await.map_err(status::of_vault)?.is_none() {
            match self.vault.put(tenant, &name, fresh(kind).as_slice()).await {
                // The same command is at work twice: the other's secret is as good.
                Ok(()) | Err(VaultError::Taken) => {}
                Err(error) => return Err(status::of_vault(error)),
            }
        }
        let key = self.unwrap(tenant, id, kind).await?;
        let multikey = key.public_key().multikey().ok_or_else(broken)?.to_string();
        Ok(NewKey { key: id, multikey })
    }

    /// The key that signs for an issuer.
    ///
    /// # Errors
    /// `NOT_FOUND`, or when the stores do not answer.
    pub(crate) async fn signing(
        &self,
        events: &dyn EventStore,
        tenant: TenantId,
        issuer: IssuerId,
    ) -> Result<Arc<Held>, Status> {
        if let Some(held) = self.held.get(&(tenant, issuer)) {
            return Ok(held);
        }
        let found = command::state::<Issuer>(events, tenant, &issuer).await?;
        let Issuer::Active { key: id, kind, .. } = found else { return Err(status::missing()) };
        let held = Arc::new(Held { id, key: self.unwrap(tenant, id, kind).await? });
        self.held.insert((tenant, issuer), Arc::clone(&held));
        Ok(held)
    }

    /// Looks the issuer's key up again when it next signs.
    pub(crate) fn forget(&self, tenant: TenantId, issuer: IssuerId) {
        self.held.invalidate(&(tenant, issuer));
    }

    /// Looks every key up again.
    pub(crate) fn forget_all(&self) {
        self.held.invalidate_all();
    }

    async fn unwrap(
        &self,
        tenant: TenantId,
        id: KeyId,
        kind: SigningKeyKind,
    ) -> Result<SecretKey, Status> {
        let secret = self.vault.get(tenant, &name(id)).await.map_err(status::of_vault)?;
        let secret = secret.ok_or_else(broken)?;
        let secret: &[u8; 32] = secret.expose().try_into().map_err(|_| broken())?;
        read(kind, secret).ok_or_else(broken)
    }
}

impl Held {
    /// Signs each payload, always alike: Ed25519 (RFC 8032), or ECDSA with SHA-256 (RFC 6979).
    ///
    /// # Errors
    /// When the process is ending.
    pub(crate) async fn sign(
        self: Arc<Self>,
        payloads: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, Status> {
        let few = payloads.len() <= SMALL_BATCH;
        let all = move || -> Result<Vec<Vec<u8>>, Status> {
            let sign = |payload: &Vec<u8>| self.key.sign(payload);
            let signed: Result<Vec<Vec<u8>>, _> = payloads.iter().map(sign).collect();
            signed.map_err(|error| status::internal(&error))
        };
        if few {
            return all();
        }
        tokio::task::spawn_blocking(all).await.map_err(|error| status::internal(&error))?
    }
}

/// 32 random bytes that are a secret key of that kind.
fn fresh(kind: SigningKeyKind) -> Zeroizing<[u8; 32]> {
    loop {
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        // One number in four billion is not below the order of P-256.
        if read(kind, &secret).is_some() {
            return secret;
        }
    }
}

fn read(kind: SigningKeyKind, secret: &[u8; 32]) -> Option<SecretKey> {
    match kind {
        SigningKeyKind::Ed25519 => Some(SecretKey::ed25519(secret)),
        SigningKeyKind::P256 => SecretKey::p256(secret).ok(),
    }
}

fn broken() -> Status {
    status::of_vault(VaultError::Corrupt("a signing key"))
}

fn name(id: KeyId) -> String {
    format!("signing-key:{id}")
}
