//! The keys of a tenant on their way from one vault into another.
//!
//! A tenant's key is wrapped under a transport key while it travels and under the other root key
//! when it has arrived. What is wrapped under the tenant's key travels as it is.

use std::{collections::HashMap, io, path::Path};

use kernel::TenantId;
use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::{
    Embedded, EmbeddedOptions, OpenError, Owner, RootKey, VaultError,
    embedded::{adopted, connect, derived},
    key::{bound, decrypt, encrypt},
    rows,
    snapshot::beside_others,
    wrap::{self, TenantKey},
};

/// A key as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The key of a tenant, under the transport key; it comes before what is wrapped under it.
    Tenant {
        /// Whose.
        tenant: TenantId,
        /// The wrapped key.
        wrapped: Vec<u8>,
    },
    /// The newest key of an owner, under the tenant's.
    Owner {
        /// Whose.
        owner: Owner,
        /// Which of the owner's keys.
        version: u32,
        /// The wrapped key; none when it was destroyed.
        wrapped: Option<Vec<u8>>,
    },
    /// A secret of a tenant, such as a signing key, under the tenant's key.
    Secret {
        /// Whose.
        tenant: TenantId,
        /// Its name.
        name: String,
        /// The sealed secret.
        wrapped: Vec<u8>,
    },
    /// A secret that the platform's key yields for one purpose, under the transport key: what is
    /// made with it is known in both vaults.
    Lookup {
        /// For what.
        purpose: String,
        /// The wrapped 32 bytes.
        wrapped: Vec<u8>,
    },
}

/// How many keys came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// Keys of owners that are live.
    pub live: u64,
    /// Owners whose key was destroyed.
    pub destroyed: u64,
    /// Secrets of tenants.
    pub secrets: u64,
}

/// Why keys do not move.
#[derive(Debug, thiserror::Error)]
pub enum MovingError {
    /// The database refused.
    #[error("the key vault cannot be read or written: check the disk")]
    Database(#[from] rusqlite::Error),
    /// The vault was made under another root key.
    #[error("the root key is not the one that this key vault was made with: find the right one")]
    WrongRootKey,
    /// A key does not open.
    #[error("{0} does not open: it is damaged, or made with another key")]
    Closed(String),
    /// Another key is here.
    #[error("{0} is here already with another key: the two vaults grew apart")]
    Other(String),
    /// The people of the two vaults have different names.
    #[error(
        "this vault knows people by other lookup keys: tenants move between cells that know people \
         alike, and a cell takes over these keys only while it knows nobody"
    )]
    Strangers,
    /// Whoever gives or takes the keys failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Shows the keys of these tenants as they travel, and what the platform's key yields for these
/// purposes. The vault may be in use; it is seen as it is at one moment, and nothing is written.
///
/// # Errors
/// When the vault cannot be read, was made under another root key, or `see` fails.
pub fn hand_over(
    path: &Path,
    (root, transport): (&RootKey, &RootKey),
    tenants: &[TenantId],
    purposes: &[&str],
    see: &mut dyn FnMut(Moved) -> io::Result<()>,
) -> Result<(), MovingError> {
    let vault = beside_others(path)?;
    vault.execute_batch("BEGIN")?;
    if !rows::proof(&vault)?.is_some_and(|proof| wrap::proves(root, &proof)) {
        return Err(MovingError::WrongRootKey);
    }
    if let Some(platform) = open_tenant(&vault, root, TenantId::PLATFORM)? {
        for purpose in purposes {
            let secret = lookup(&vault, &platform, purpose)?;
            let bound = bound("lookup", &[purpose.as_bytes()]);
            let wrapped = wrap::wrap(transport.bytes(), &bound, &secret);
            see(Moved::Lookup { purpose: (*purpose).to_owned(), wrapped })?;
        }
    }
    for tenant in tenants.iter().copied() {
        let Some(key) = open_tenant(&vault, root, tenant)? else { continue };
        see(Moved::Tenant { tenant, wrapped: wrap::wrap_tenant(transport, tenant, &key) })?;
        let mut owners = vault.prepare_cached(
            "SELECT o.subject, o.version, CASE o.live WHEN 1 THEN k.wrapped END FROM owners o
             JOIN wrapped_keys k ON k.id = o.key WHERE o.tenant = ?1 ORDER BY o.subject",
        )?;
        let mut owners = owners.query([tenant.bytes()])?;
        while let Some(row) = owners.next()? {
            let owner = Owner::new(tenant, row.get::<_, String>(0)?);
            see(Moved::Owner { owner, version: row.get(1)?, wrapped: row.get(2)? })?;
        }
        let mut secrets = vault
            .prepare_cached("SELECT name, wrapped FROM secrets WHERE tenant = ?1 ORDER BY name")?;
        let mut secrets = secrets.query([tenant.bytes()])?;
        while let Some(row) = secrets.next()? {
            see(Moved::Secret { tenant, name: row.get(0)?, wrapped: row.get(1)? })?;
        }
    }
    Ok(())
}

/// Says that whoever holds this key saw something with that digest.
#[must_use]
pub fn vouch(key: &RootKey, digest: &[u8; 32]) -> Vec<u8> {
    let nonce: [u8; 24] = rand::random();
    [&nonce[..], &encrypt(key.bytes(), &nonce, &bound("vouch", &[digest]), b"")].concat()
}

/// Whether [`vouch`] said it with this key.
#[must_use]
pub fn vouched(key: &RootKey, digest: &[u8; 32], said: &[u8]) -> bool {
    let Some((nonce, sealed)) = said.split_first_chunk::<24>() else { return false };
    decrypt(key.bytes(), nonce, &bound("vouch", &[digest]), sealed).is_ok()
}

/// Keys whose wrapping was opened, to be sure that it can be.
#[derive(Default)]
pub struct Opening {
    tenants: HashMap<TenantId, TenantKey>,
}

impl Opening {
    /// Opens a key with the transport key, and with the tenant's that came before it.
    ///
    /// # Errors
    /// [`MovingError::Closed`].
    pub fn open(&mut self, transport: &RootKey, moved: &Moved) -> Result<(), MovingError> {
        self.try_open(transport, moved).map_err(|_| MovingError::Closed(named(moved)))
    }

    fn try_open(&mut self, transport: &RootKey, moved: &Moved) -> Result<(), VaultError> {
        let under = |tenant| self.tenants.get(tenant).ok_or(VaultError::Closed);
        match moved {
            Moved::Tenant { tenant, wrapped } => {
                let key = wrap::unwrap_tenant(transport, *tenant, wrapped)?;
                self.tenants.insert(*tenant, key);
            }
            Moved::Owner { owner, version, wrapped } => {
                let tenant = under(&owner.tenant)?;
                if let Some(wrapped) = wrapped {
                    wrap::unwrap_owner(tenant, owner, *version, wrapped)?;
                }
            }
            Moved::Secret { tenant, name, wrapped } => {
                wrap::unwrap_secret(under(tenant)?, *tenant, name, wrapped)?;
            }
            Moved::Lookup { purpose, wrapped } => {
                open_lookup(transport, purpose, wrapped).ok_or(VaultError::Closed)?;
            }
        }
        Ok(())
    }
}

/// A vault that takes in the keys of tenants, and that nobody else has open meanwhile.
pub struct Admission {
    vault: Connection,
    root: RootKey,
    /// Keeps others out, and has nothing to do.
    _open: Embedded,
}

impl Admission {
    /// Opens the vault; makes it where there is none.
    ///
    /// # Errors
    /// As [`crate::Embedded::open`].
    pub fn open(options: EmbeddedOptions) -> Result<Self, OpenError> {
        let (path, root) = (options.path.clone(), options.root_key.clone());
        let open = Embedded::open(options)?;
        Ok(Self { vault: connect(&path)?, root, _open: open })
    }

    /// Whether the vault has a key of that tenant.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub fn knows(&self, tenant: TenantId) -> Result<bool, MovingError> {
        Ok(rows::tenant(&self.vault, tenant)?.is_some())
    }

    /// Takes in all of these keys or none. Keys that are here already, the same, change nothing;
    /// lookup keys other than those of this vault are taken over only when it knows `nobody`.
    ///
    /// # Errors
    /// When one does not open, another is here, or the vault cannot be written; then nothing was.
    pub fn admit(
        &mut self,
        transport: &RootKey,
        nobody: bool,
        keys: impl Iterator<Item = io::Result<Moved>>,
    ) -> Result<Admitted, MovingError> {
        let root = self.root.clone();
        let vault = self.vault.transaction()?;
        let (mut admitted, mut opening) = (Admitted::default(), Opening::default());
        for moved in keys {
            let moved = moved?;
            opening.open(transport, &moved)?;
            let other = || MovingError::Other(named(&moved));
            match &moved {
                Moved::Tenant { tenant, .. } => {
                    let key = &opening.tenants[tenant];
                    match open_tenant(&vault, &root, *tenant)? {
                        Some(here) if here == *key => {}
                        Some(_) => return Err(other()),
                        None => {
                            let wrapped = wrap::wrap_tenant(&root, *tenant, key);
                            rows::add_tenant(&vault, *tenant, &wrapped)?;
                        }
                    }
                }
                Moved::Owner { owner, version, wrapped } => {
                    match rows::known(&vault, owner)? {
                        Some(here) if here.version == *version && here.wrapped == *wrapped => {}
                        Some(_) => return Err(other()),
                        None => {
                            let gone = vec![0; wrap::WRAPPED as usize];
                            rows::add(&vault, owner, *version, wrapped.as_ref().unwrap_or(&gone))?;
                            if wrapped.is_none() {
                                rows::destroy(&vault, owner)?;
                            }
                        }
                    }
                    let count = if wrapped.is_some() {
                        &mut admitted.live
                    } else {
                        &mut admitted.destroyed
                    };
                    *count += 1;
                }
                Moved::Secret { tenant, name, wrapped } => {
                    match rows::secret(&vault, *tenant, name)? {
                        Some(here) if here == *wrapped => {}
                        Some(_) => return Err(other()),
                        None => rows::add_secret(&vault, *tenant, name, wrapped)?,
                    }
                    admitted.secrets += 1;
                }
                Moved::Lookup { purpose, wrapped } => {
                    let secret = open_lookup(transport, purpose, wrapped);
                    let secret = secret.ok_or_else(|| MovingError::Closed(named(&moved)))?;
                    adopt(&vault, &root, purpose, &secret, nobody)?;
                }
            }
        }
        vault.commit()?;
        Ok(admitted)
    }
}

fn named(moved: &Moved) -> String {
    match moved {
        Moved::Tenant { tenant, .. } => format!("the key of {tenant}"),
        Moved::Owner { owner, .. } => format!("the key of {owner:?}"),
        Moved::Secret { tenant, name, .. } => format!("the secret {name} of {tenant}"),
        Moved::Lookup { purpose, .. } => format!("the lookup key {purpose}"),
    }
}

fn open_tenant(
    vault: &Connection,
    root: &RootKey,
    tenant: TenantId,
) -> Result<Option<TenantKey>, MovingError> {
    let Some(wrapped) = rows::tenant(vault, tenant)? else { return Ok(None) };
    let key = wrap::unwrap_tenant(root, tenant, &wrapped);
    key.map(Some).map_err(|_| MovingError::Closed(format!("the key of {tenant}")))
}

/// What the platform's key yields for a purpose, unless another secret was taken over for it.
fn lookup(
    vault: &Connection,
    platform: &TenantKey,
    purpose: &str,
) -> Result<Zeroizing<Vec<u8>>, MovingError> {
    let name = adopted(purpose);
    match rows::secret(vault, TenantId::PLATFORM, &name)? {
        None => Ok(derived(platform, purpose)),
        Some(wrapped) => wrap::unwrap_secret(platform, TenantId::PLATFORM, &name, &wrapped)
            .map_err(|_| MovingError::Closed(format!("the lookup key {purpose}"))),
    }
}

fn open_lookup(transport: &RootKey, purpose: &str, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let bound = bound("lookup", &[purpose.as_bytes()]);
    wrap::unwrap(transport.bytes(), &bound, wrapped).filter(|secret| secret.len() == 32)
}

fn adopt(
    vault: &Connection,
    root: &RootKey,
    purpose: &str,
    secret: &Zeroizing<Vec<u8>>,
    nobody: bool,
) -> Result<(), MovingError> {
    let platform = if let Some(key) = open_tenant(vault, root, TenantId::PLATFORM)? {
        key
    } else {
        let key = TenantKey::new(rand::random());
        rows::add_tenant(
            vault,
            TenantId::PLATFORM,
            &wrap::wrap_tenant(root, TenantId::PLATFORM, &key),
        )?;
        key
    };
    if lookup(vault, &platform, purpose)? == *secret {
        return Ok(());
    }
    if !nobody {
        return Err(MovingError::Strangers);
    }
    let name = adopted(purpose);
    rows::remove_secret(vault, TenantId::PLATFORM, &name)?;
    let wrapped = wrap::wrap_secret(&platform, TenantId::PLATFORM, &name, secret);
    Ok(rows::add_secret(vault, TenantId::PLATFORM, &name, &wrapped)?)
}
