use crate::{Owner, VaultError, texts};

/// Most owners in one call.
pub(crate) const OWNERS: usize = 10_000;
/// Longest subject, purpose or secret's name, in bytes.
pub(crate) const NAME: usize = 200;
/// Largest secret, in bytes.
pub(crate) const SECRET: usize = 64 * 1024;

pub(crate) fn owners(owners: &[Owner]) -> Result<(), VaultError> {
    if owners.len() > OWNERS {
        return Err(VaultError::Invalid(texts::MANY_OWNERS));
    }
    owners.iter().try_for_each(|owner| named(&owner.subject))
}

pub(crate) fn named(name: &str) -> Result<(), VaultError> {
    if name.is_empty() || name.len() > NAME {
        return Err(VaultError::Invalid(texts::NAME));
    }
    Ok(())
}

pub(crate) fn sized(secret: &[u8]) -> Result<(), VaultError> {
    if secret.len() > SECRET {
        return Err(VaultError::Invalid(texts::LARGE));
    }
    Ok(())
}
