use std::path::Path;

use kernel::TenantId;

use crate::{
    RootKey, Secret, VaultError, embedded::unavailable, rows, snapshot::beside_others, wrap,
};

/// Reads a secret of the embedded vault in that file, which another process may have open: nothing
/// is written, locked or remembered. None when there is no such vault or no such secret. For the
/// command line; a process that goes on would not learn of what is destroyed.
///
/// # Errors
/// [`VaultError::Unavailable`]; [`VaultError::Corrupt`], also when it was made under another root
/// key.
pub fn glance(
    path: &Path,
    root: &RootKey,
    tenant: TenantId,
    name: &str,
) -> Result<Option<Secret>, VaultError> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = beside_others(path).map_err(unavailable)?;
    let Some(wrapped) = rows::secret(&connection, tenant, name).map_err(unavailable)? else {
        return Ok(None);
    };
    let key = rows::tenant(&connection, tenant).map_err(unavailable)?;
    let key = wrap::unwrap_tenant(root, tenant, &key.unwrap_or_default())?;
    let secret = wrap::unwrap_secret(&key, tenant, name, &wrapped)?;
    Ok(Some(Secret::new(secret.to_vec())))
}
