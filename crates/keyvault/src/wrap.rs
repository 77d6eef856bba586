use kernel::TenantId;
use zeroize::Zeroizing;

use crate::{
    DataKey, Owner, RootKey, VaultError,
    key::{bound, decrypt, encrypt},
    texts,
};

/// A tenant's key, which wraps the keys of its owners and seals its secrets.
pub(crate) type TenantKey = Zeroizing<[u8; 32]>;

/// Length of a wrapped 32-byte key: nonce, key, tag.
pub(crate) const WRAPPED: u32 = 24 + 32 + 16;

pub(crate) fn wrap_tenant(root: &RootKey, tenant: TenantId, key: &TenantKey) -> Vec<u8> {
    wrap(root.bytes(), &bound("tenant", &[&tenant.bytes()]), key.as_slice())
}

pub(crate) fn unwrap_tenant(
    root: &RootKey,
    tenant: TenantId,
    wrapped: &[u8],
) -> Result<TenantKey, VaultError> {
    let bound = bound("tenant", &[&tenant.bytes()]);
    unwrap(root.bytes(), &bound, wrapped)
        .and_then(key)
        .ok_or(VaultError::Corrupt(texts::TENANT_KEY))
}

pub(crate) fn wrap_owner(tenant: &TenantKey, owner: &Owner, key: &DataKey) -> Vec<u8> {
    wrap(tenant, &owner_bound(owner, key.version), key.bytes())
}

pub(crate) fn unwrap_owner(
    tenant: &TenantKey,
    owner: &Owner,
    version: u32,
    wrapped: &[u8],
) -> Result<DataKey, VaultError> {
    unwrap(tenant, &owner_bound(owner, version), wrapped)
        .and_then(key)
        .map(|bytes| DataKey::new(version, *bytes))
        .ok_or(VaultError::Corrupt(texts::OWNER_KEY))
}

pub(crate) fn wrap_secret(key: &TenantKey, tenant: TenantId, name: &str, secret: &[u8]) -> Vec<u8> {
    wrap(key, &bound("secret", &[&tenant.bytes(), name.as_bytes()]), secret)
}

pub(crate) fn unwrap_secret(
    key: &TenantKey,
    tenant: TenantId,
    name: &str,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    unwrap(key, &bound("secret", &[&tenant.bytes(), name.as_bytes()]), wrapped)
        .ok_or(VaultError::Corrupt(texts::SECRET))
}

/// A fixed text under the root key: tells at once whether a vault and a root key belong together.
pub(crate) fn wrap_proof(root: &RootKey) -> Vec<u8> {
    wrap(root.bytes(), &bound("proof", &[]), b"laurel key vault")
}

pub(crate) fn proves(root: &RootKey, wrapped: &[u8]) -> bool {
    unwrap(root.bytes(), &bound("proof", &[]), wrapped).is_some()
}

fn owner_bound(owner: &Owner, version: u32) -> Vec<u8> {
    let version = version.to_be_bytes();
    bound("owner", &[&owner.tenant.bytes(), owner.subject.as_bytes(), &version])
}

pub(crate) fn wrap(key: &[u8; 32], bound: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; 24] = rand::random();
    let mut wrapped = nonce.to_vec();
    wrapped.extend_from_slice(&encrypt(key, &nonce, bound, plain));
    wrapped
}

pub(crate) fn unwrap(key: &[u8; 32], bound: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<24>()?;
    decrypt(key, nonce, bound, sealed).ok().map(Zeroizing::new)
}

#[expect(clippy::needless_pass_by_value, reason = "the unwrapped bytes are wiped here")]
fn key(bytes: Zeroizing<Vec<u8>>) -> Option<TenantKey> {
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}
