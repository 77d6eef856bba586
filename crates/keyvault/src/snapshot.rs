//! Copies of the vault that are whole and consistent, taken while others use it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use kernel::TenantId;
use rusqlite::{Connection, OpenFlags};

use crate::{DataKey, Owner, RootKey, rows, wrap};

/// What is wrong with a vault or its copy.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("the key vault in {} cannot be copied or read", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// The database refused.
    #[error("the key vault in {} cannot be read: check the disk, or take another backup", .0.display())]
    Database(PathBuf, #[source] rusqlite::Error),
    /// The pages of the file do not fit together.
    #[error("the file of the key vault is damaged: {0}")]
    Pages(String),
    /// It was made under another root key.
    #[error("the root key is not the one that this key vault was made with: find the right one")]
    WrongRootKey,
    /// A key does not open.
    #[error("{0} does not open: the key vault is damaged, take another backup")]
    Corrupt(String),
}

/// What the keys of a sound vault are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Keys of tenants.
    pub tenants: u64,
    /// Keys of people and other owners that are live.
    pub live: u64,
    /// Owners whose key was destroyed.
    pub destroyed: u64,
    /// Secrets of tenants, such as signing keys.
    pub secrets: u64,
}

/// What a vault says to a key of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Live,
    /// It was destroyed, and what it sealed is erased.
    Destroyed,
    /// Nobody ever made it.
    Unknown,
}

/// Copies the vault in that file into a new file, flushed to stable storage. The vault may be open
/// in this or another process: every key that it made before the call is in the copy, and no key
/// that it destroyed before, for SQLite writes the rows anew, without free pages and without what
/// the write-ahead log still holds. Nothing in the copy opens without the root key, which is
/// elsewhere.
///
/// The copy is one read transaction, and a destruction waits for its end since it cuts the
/// write-ahead log: seconds, even for millions of keys.
///
/// # Errors
/// When there is no vault, the file is there already, or a disk fails.
pub fn copy_vault(path: &Path, file: &Path) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Io(path.to_owned(), source);
    let refused = |source| SnapshotError::Database(path.to_owned(), source);
    if !path.try_exists().map_err(failed)? {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    if file.try_exists().map_err(failed)? {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let into = file.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    let vault = beside_others(path).map_err(refused)?;
    vault.execute("VACUUM INTO ?1", [into]).map_err(refused)?;
    drop(vault);
    File::open(file).and_then(|copy| copy.sync_all()).map_err(failed)
}

/// Opens a vault for reading that others may use: nothing is written or locked, and whoever destroys
/// a key is waited for.
pub(crate) fn beside_others(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let vault = Connection::open_with_flags(path, flags)?;
    vault.busy_timeout(Duration::from_secs(10))?;
    Ok(vault)
}

/// Whether the vault in that file, which may be in use, was made with that root key. Changes
/// nothing.
///
/// # Errors
/// When it cannot be read.
pub fn fits(path: &Path, root: &RootKey) -> Result<bool, SnapshotError> {
    let refused = |source| SnapshotError::Database(path.to_owned(), source);
    let vault = beside_others(path).map_err(refused)?;
    let proof = rows::proof(&vault).map_err(refused)?;
    Ok(proof.is_some_and(|proof| wrap::proves(root, &proof)))
}

/// A copy of a vault, to be looked at.
pub struct Snapshot {
    path: PathBuf,
    rows: Connection,
}

impl Snapshot {
    /// Opens a copy that nobody changes meanwhile; it is left as it is. Its pages fit together.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn open(file: &Path) -> Result<Self, SnapshotError> {
        let refused = |source| SnapshotError::Database(file.to_owned(), source);
        let absolute = std::path::absolute(file);
        let absolute = absolute.map_err(|source| SnapshotError::Io(file.to_owned(), source))?;
        let text = absolute.to_string_lossy();
        let text = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let rows = Connection::open_with_flags(format!("file:{text}?immutable=1"), flags);
        let rows = rows.map_err(refused)?;
        let pages: String = rows
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| SnapshotError::Pages(error.to_string()))?;
        if pages != "ok" {
            return Err(SnapshotError::Pages(pages));
        }
        Ok(Self { path: file.to_owned(), rows })
    }

    /// Opens a vault that may be in use, as it is at this moment. Whoever destroys a key waits,
    /// seconds at most, and then fails: keep it open for no longer than it takes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_moment(path: &Path) -> Result<Self, SnapshotError> {
        let refused = |source| SnapshotError::Database(path.to_owned(), source);
        Ok(Self { path: path.to_owned(), rows: beside_others(path).map_err(refused)? })
    }

    /// The key of that version, opened; none when it was destroyed.
    ///
    /// # Errors
    /// When the file cannot be read, the key does not open, or nobody ever made it.
    pub fn key(
        &self,
        root: &RootKey,
        owner: &Owner,
        version: u32,
    ) -> Result<Option<DataKey>, SnapshotError> {
        let known = rows::known(&self.rows, owner).map_err(|error| self.refused(error))?;
        let wrapped = match known {
            Some(rows::Known { version: newest, wrapped: Some(wrapped) }) if newest == version => {
                wrapped
            }
            Some(rows::Known { version: newest, .. }) if (1..=newest).contains(&version) => {
                return Ok(None);
            }
            _ => {
                return Err(SnapshotError::Corrupt(format!(
                    "the key of {owner:?}, which is missing,"
                )));
            }
        };
        let tenant = rows::tenant(&self.rows, owner.tenant).map_err(|error| self.refused(error))?;
        let closed = || SnapshotError::Corrupt(format!("the key of {owner:?}"));
        let tenant = wrap::unwrap_tenant(root, owner.tenant, &tenant.unwrap_or_default());
        let key = wrap::unwrap_owner(&tenant.map_err(|_| closed())?, owner, version, &wrapped);
        key.map(Some).map_err(|_| closed())
    }

    /// Whether the vault has that key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing(&self, owner: &Owner, version: u32) -> Result<Standing, SnapshotError> {
        let known = rows::known(&self.rows, owner);
        Ok(match known.map_err(|error| self.refused(error))? {
            Some(known) if known.version == version && known.wrapped.is_some() => Standing::Live,
            // Keys are numbered from one, and the next is made when the one before is destroyed.
            Some(known) if (1..=known.version).contains(&version) => Standing::Destroyed,
            _ => Standing::Unknown,
        })
    }

    /// Opens every key with the root key, and counts them.
    ///
    /// # Errors
    /// When one of them does not open.
    pub fn open_all(&self, root: &RootKey) -> Result<Opened, SnapshotError> {
        let refused = |error| self.refused(error);
        let proof = rows::proof(&self.rows).map_err(refused)?;
        if !proof.is_some_and(|proof| wrap::proves(root, &proof)) {
            return Err(SnapshotError::WrongRootKey);
        }
        let mut opened = Opened::default();
        let destroyed = "SELECT count(*) FROM owners WHERE live = 0";
        let destroyed: i64 =
            self.rows.query_row(destroyed, [], |row| row.get(0)).map_err(refused)?;
        opened.destroyed = destroyed.cast_unsigned();
        let mut tenants =
            self.rows.prepare("SELECT tenant, wrapped FROM tenants").map_err(refused)?;
        let mut tenants = tenants.query([]).map_err(refused)?;
        while let Some(row) = tenants.next().map_err(refused)? {
            let bytes: [u8; 16] = row.get(0).map_err(refused)?;
            let wrapped: Vec<u8> = row.get(1).map_err(refused)?;
            let tenant = TenantId::from_uuid(uuid::Uuid::from_bytes(bytes));
            let key = wrap::unwrap_tenant(root, tenant, &wrapped)
                .map_err(|_| SnapshotError::Corrupt(format!("the key of {tenant}")))?;
            opened.tenants += 1;
            self.open_tenant(tenant, &key, &mut opened)?;
        }
        for (table, count) in [("owners WHERE live = 1", opened.live), ("secrets", opened.secrets)]
        {
            let all: i64 = self
                .rows
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
                .map_err(refused)?;
            if all.cast_unsigned() != count {
                return Err(SnapshotError::Corrupt("a key whose tenant has none".into()));
            }
        }
        Ok(opened)
    }

    fn open_tenant(
        &self,
        tenant: TenantId,
        key: &wrap::TenantKey,
        opened: &mut Opened,
    ) -> Result<(), SnapshotError> {
        let refused = |error| self.refused(error);
        let mut owners = self
            .rows
            .prepare_cached(
                "SELECT o.subject, o.version, k.wrapped FROM owners o
                 JOIN wrapped_keys k ON k.id = o.key WHERE o.tenant = ?1 AND o.live = 1",
            )
            .map_err(refused)?;
        let mut owners = owners.query([tenant.bytes()]).map_err(refused)?;
        while let Some(row) = owners.next().map_err(refused)? {
            let owner = Owner::new(tenant, row.get::<_, String>(0).map_err(refused)?);
            let (version, wrapped): (u32, Vec<u8>) =
                (row.get(1).map_err(refused)?, row.get(2).map_err(refused)?);
            wrap::unwrap_owner(key, &owner, version, &wrapped)
                .map_err(|_| SnapshotError::Corrupt(format!("the key of {owner:?}")))?;
            opened.live += 1;
        }
        let mut secrets = self
            .rows
            .prepare_cached("SELECT name, wrapped FROM secrets WHERE tenant = ?1")
            .map_err(refused)?;
        let mut secrets = secrets.query([tenant.bytes()]).map_err(refused)?;
        while let Some(row) = secrets.next().map_err(refused)? {
            let (name, wrapped): (String, Vec<u8>) =
                (row.get(0).map_err(refused)?, row.get(1).map_err(refused)?);
            wrap::unwrap_secret(key, tenant, &name, &wrapped)
                .map_err(|_| SnapshotError::Corrupt(format!("the secret {name} of {tenant}")))?;
            opened.secrets += 1;
        }
        Ok(())
    }

    fn refused(&self, source: rusqlite::Error) -> SnapshotError {
        SnapshotError::Database(self.path.clone(), source)
    }
}
