//! Another root key above all others: every tenant's key is wrapped anew, in one transaction.
//!
//! A process that is killed meanwhile leaves the vault under one of the two keys, never under both;
//! the next that opens it, or rotates again, erases what the write-ahead log still holds.

use std::path::{Path, PathBuf};

use kernel::{TenantId, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    OpenError, RootKey,
    embedded::{connect, lock},
    rows,
    snapshot::beside_others,
    wrap,
};

/// What became of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The keys of so many tenants are under the next root key.
    Done {
        /// How many.
        tenants: u64,
    },
    /// An earlier call came to this point: the keys are under the next root key already.
    Already {
        /// How many.
        tenants: u64,
    },
}

/// Why the root key is not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// There is nothing to rotate.
    #[error("there is no key vault at {}: name the data folder that has it", .0.display())]
    NoVault(PathBuf),
    /// The vault is in use, or does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Both are the same.
    #[error("the next root key is the present one: name another file")]
    Same,
    /// The vault is under a third one.
    #[error("neither root key is the one that this key vault was made with: find the right one")]
    NeitherKey,
    /// A tenant's key does not open.
    #[error("the key of {0} does not open, nothing was changed: restore the vault from a backup")]
    Corrupt(TenantId),
    /// The file failed before anything was changed.
    #[error("the key vault cannot be changed: look at the disk, and rotate again")]
    Database(#[from] rusqlite::Error),
    /// Everything is under the next root key, and what was under the old one may be on the disk yet.
    #[error(
        "the keys are under the next root key, but what was under the old one is not erased yet: \
         end whatever reads the key vault, such as a backup, and rotate again"
    )]
    NotErased(#[source] rusqlite::Error),
}

/// Under which root key a vault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKeyState {
    /// The name of the root key; none when this software never opened the vault.
    pub name: Option<String>,
    /// When it took over from another; none when it was the first.
    pub since: Option<Timestamp>,
    /// How many tenants have a key.
    pub tenants: u64,
    /// When the oldest of these tenants came to be, as its id says.
    pub oldest: Option<Timestamp>,
}

/// Wraps the keys of all tenants under the next root key and erases what was under the old one. The
/// vault must not be open. The next key has to be on stable storage by now.
///
/// # Errors
/// [`RotateError`]; but for [`RotateError::NotErased`], all is as it was.
pub fn rotate(
    path: &Path,
    old: &RootKey,
    next: &RootKey,
    now: Timestamp,
) -> Result<Rotation, RotateError> {
    there(path)?;
    let _lock = lock(path)?;
    let mut vault = connect(path)?;
    let found = judge(&vault, old, next)?;
    if let Rotation::Done { .. } = found {
        let change = vault.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rows::renew_tenants(&change, |tenant, wrapped| {
            let key = wrap::unwrap_tenant(old, tenant, wrapped);
            let key = key.map_err(|_| RotateError::Corrupt(tenant))?;
            Ok::<_, RotateError>(wrap::wrap_tenant(next, tenant, &key))
        })?;
        rows::renew_proof(&change, &wrap::wrap_proof(next))?;
        rows::rename_root_key(&change, &next.name(), now.unix_millis())?;
        // Nothing is given up before the next key opens what it has to.
        opens(&change, next)?;
        change.commit()?;
    }
    rows::truncate_log(&vault).map_err(RotateError::NotErased)?;
    Ok(found)
}

/// What [`rotate`] would do; the vault may be open, and nothing changes. Without a next key, one
/// that is made for the purpose.
///
/// # Errors
/// [`RotateError`].
pub fn rehearse(
    path: &Path,
    old: &RootKey,
    next: Option<&RootKey>,
) -> Result<Rotation, RotateError> {
    there(path)?;
    let vault = beside_others(path)?;
    let fresh = RootKey::from_bytes(rand::random());
    judge(&vault, old, next.unwrap_or(&fresh))
}

/// Under which root key the vault in that file is, which may be open.
///
/// # Errors
/// [`RotateError`].
pub fn root_key_of(path: &Path) -> Result<RootKeyState, RotateError> {
    there(path)?;
    let vault = beside_others(path)?;
    let (name, since) = rows::root_key(&vault)?.unzip();
    let (mut tenants, mut oldest) = (0, None);
    rows::each_tenant(&vault, |tenant, _| {
        tenants += 1;
        // Ids are ordered by time, but for the platform's own.
        oldest = oldest.or_else(|| made_at(tenant));
        Ok::<(), rusqlite::Error>(())
    })?;
    let since = since.flatten().map(Timestamp::from_unix_millis);
    Ok(RootKeyState { name, since, tenants, oldest })
}

fn there(path: &Path) -> Result<(), RotateError> {
    if path.exists() { Ok(()) } else { Err(RotateError::NoVault(path.to_owned())) }
}

/// Which of the two keys opens the vault, and that it opens all of it.
fn judge(vault: &Connection, old: &RootKey, next: &RootKey) -> Result<Rotation, RotateError> {
    if old.bytes() == next.bytes() {
        return Err(RotateError::Same);
    }
    let proof = rows::proof(vault)?.unwrap_or_default();
    if wrap::proves(old, &proof) {
        return Ok(Rotation::Done { tenants: opens(vault, old)? });
    }
    if wrap::proves(next, &proof) {
        return Ok(Rotation::Already { tenants: opens(vault, next)? });
    }
    Err(RotateError::NeitherKey)
}

/// How many tenants' keys the root key opens, which must be all of them.
fn opens(vault: &Connection, root: &RootKey) -> Result<u64, RotateError> {
    let mut count = 0;
    rows::each_tenant(vault, |tenant, wrapped| {
        count += 1;
        let opened = wrap::unwrap_tenant(root, tenant, wrapped);
        opened.map(drop).map_err(|_| RotateError::Corrupt(tenant))
    })?;
    Ok(count)
}

fn made_at(tenant: TenantId) -> Option<Timestamp> {
    let (seconds, _) = tenant.uuid().get_timestamp()?.to_unix();
    Some(Timestamp::from_unix_millis(i64::try_from(seconds).ok()?.checked_mul(1000)?))
}
