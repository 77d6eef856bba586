//! What the vault's errors say. Errors hold nothing that was sent, only these; so they can cross the
//! wire and be the same on the other side.

pub(crate) const MANY_OWNERS: &str = "at most 10,000 owners at once: ask in several calls";
pub(crate) const NAME: &str = "an owner, secret or purpose has a name of 1 to 200 bytes";
pub(crate) const LARGE: &str = "a secret has at most 64 KiB";

pub(crate) const TENANT_KEY: &str = "a tenant's key";
pub(crate) const OWNER_KEY: &str = "an owner's key";
pub(crate) const SECRET: &str = "a secret";
pub(crate) const SEALED: &str = "data sealed under a key";

#[cfg(any(feature = "server", feature = "remote"))]
pub(crate) use wired::*;

#[cfg(any(feature = "server", feature = "remote"))]
mod wired {
    pub(crate) const MALFORMED: &str = "a tenant is 16 bytes, and an owner has a tenant";
    /// Another vault answers than the one that answered before.
    pub(crate) const ANOTHER_VAULT: &str = "what was sealed before";
}

/// The text as it is known here; some other text when it is not.
#[cfg(feature = "remote")]
pub(crate) fn known(text: &str, or: &'static str) -> &'static str {
    const ALL: [&str; 9] =
        [MANY_OWNERS, NAME, LARGE, TENANT_KEY, OWNER_KEY, SECRET, SEALED, MALFORMED, ANOTHER_VAULT];
    ALL.into_iter().find(|known| *known == text).unwrap_or(or)
}
