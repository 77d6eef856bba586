//! The tables of the vault.
//!
//! Wrapped keys stand in a table of their own that only grows: rows of one size, appended, never
//! moved. So the pages of SQLite's tree hold one copy of each, and overwriting a row in place
//! leaves none; a row that moves when a page splits could leave a stale copy behind in the gap.

use kernel::TenantId;
use rusqlite::{Connection, OptionalExtension, config::DbConfig, params};

use crate::{Owner, wrap::WRAPPED};

type Rows<T> = rusqlite::Result<T>;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS proof (id INTEGER PRIMARY KEY CHECK (id = 1), wrapped BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS root_key (
        id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, since INTEGER);
    CREATE TABLE IF NOT EXISTS tenants (tenant BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS wrapped_keys (id INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS owners (
        tenant BLOB NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL,
        live INTEGER NOT NULL, key INTEGER NOT NULL,
        PRIMARY KEY (tenant, subject)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS secrets (
        tenant BLOB NOT NULL, name TEXT NOT NULL, wrapped BLOB NOT NULL,
        PRIMARY KEY (tenant, name)) WITHOUT ROWID;
";

/// Makes the connection durable, tidy and patient, and the tables where they are missing.
pub(crate) fn prepare(connection: &Connection) -> Rows<()> {
    // A statement keeps its plan, whatever is bound to it, and is not compiled again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(SCHEMA)
}

/// What is known of an owner: the newest version and the wrapped key, unless it was destroyed.
pub(crate) struct Known {
    pub(crate) version: u32,
    pub(crate) wrapped: Option<Vec<u8>>,
}

pub(crate) fn known(connection: &Connection, owner: &Owner) -> Rows<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT o.version, CASE o.live WHEN 1 THEN k.wrapped END
             FROM owners o JOIN wrapped_keys k ON k.id = o.key WHERE o.tenant = ?1 AND o.subject = ?2",
        )?
        .query_row(params![owner.tenant.bytes(), owner.subject], |row| {
            Ok(Known { version: row.get(0)?, wrapped: row.get(1)? })
        })
        .optional()
}

pub(crate) fn add(connection: &Connection, owner: &Owner, version: u32, key: &[u8]) -> Rows<()> {
    connection
        .prepare_cached("INSERT INTO wrapped_keys (wrapped) VALUES (?1)")?
        .execute(params![key])?;
    let id = connection.last_insert_rowid();
    connection
        .prepare_cached(
            "INSERT INTO owners (tenant, subject, version, live, key) VALUES (?1, ?2, ?3, 1, ?4)
             ON CONFLICT DO UPDATE SET version = ?3, live = 1, key = ?4",
        )?
        .execute(params![owner.tenant.bytes(), owner.subject, version, id])?;
    Ok(())
}

/// Overwrites the key with zeros, in its place.
pub(crate) fn destroy(connection: &Connection, owner: &Owner) -> Rows<()> {
    let (tenant, subject) = (owner.tenant.bytes(), &owner.subject);
    connection
        .prepare_cached(
            "UPDATE wrapped_keys SET wrapped = zeroblob(?3)
             WHERE id = (SELECT key FROM owners WHERE tenant = ?1 AND subject = ?2)",
        )?
        .execute(params![tenant, subject, WRAPPED])?;
    connection
        .prepare_cached("UPDATE owners SET live = 0 WHERE tenant = ?1 AND subject = ?2")?
        .execute(params![tenant, subject])?;
    Ok(())
}

/// Moves everything from the write-ahead log into the database and cuts the log to nothing.
pub(crate) fn truncate_log(connection: &Connection) -> Rows<()> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let why = "a reader keeps the write-ahead log from being cut";
        return Err(rusqlite::Error::SqliteFailure(code, Some(why.into())));
    }
    Ok(())
}

pub(crate) fn tenant(connection: &Connection, tenant: TenantId) -> Rows<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT wrapped FROM tenants WHERE tenant = ?1")?
        .query_row(params![tenant.bytes()], |row| row.get(0))
        .optional()
}

pub(crate) fn add_tenant(connection: &Connection, tenant: TenantId, key: &[u8]) -> Rows<()> {
    connection
        .prepare_cached("INSERT INTO tenants (tenant, wrapped) VALUES (?1, ?2)")?
        .execute(params![tenant.bytes(), key])
        .map(drop)
}

pub(crate) fn secret(
    connection: &Connection,
    tenant: TenantId,
    name: &str,
) -> Rows<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT wrapped FROM secrets WHERE tenant = ?1 AND name = ?2")?
        .query_row(params![tenant.bytes(), name], |row| row.get(0))
        .optional()
}

pub(crate) fn add_secret(
    connection: &Connection,
    tenant: TenantId,
    name: &str,
    wrapped: &[u8],
) -> Rows<()> {
    connection
        .prepare_cached("INSERT INTO secrets (tenant, name, wrapped) VALUES (?1, ?2, ?3)")?
        .execute(params![tenant.bytes(), name, wrapped])
        .map(drop)
}

pub(crate) fn remove_secret(connection: &Connection, tenant: TenantId, name: &str) -> Rows<()> {
    connection
        .prepare_cached("DELETE FROM secrets WHERE tenant = ?1 AND name = ?2")?
        .execute(params![tenant.bytes(), name])
        .map(drop)
}

pub(crate) fn proof(connection: &Connection) -> Rows<Option<Vec<u8>>> {
    connection.query_row("SELECT wrapped FROM proof", [], |row| row.get(0)).optional()
}

pub(crate) fn add_proof(connection: &Connection, wrapped: &[u8]) -> Rows<()> {
    connection.execute("INSERT INTO proof (id, wrapped) VALUES (1, ?1)", params![wrapped]).map(drop)
}

/// Proves the next root key from now on, and no other.
pub(crate) fn renew_proof(connection: &Connection, wrapped: &[u8]) -> Rows<()> {
    connection.execute("UPDATE proof SET wrapped = ?1", params![wrapped]).map(drop)
}

/// The name of the root key, and since when it is that one; none in a vault of before there were
/// names.
pub(crate) fn root_key(connection: &Connection) -> Rows<Option<(String, Option<i64>)>> {
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'root_key')";
    if !connection.query_row(there, [], |row| row.get::<_, bool>(0))? {
        return Ok(None);
    }
    connection
        .query_row("SELECT name, since FROM root_key", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Names the root key of a vault in which it has no name yet.
pub(crate) fn name_root_key(connection: &Connection, name: &str) -> Rows<()> {
    let statement = "INSERT INTO root_key (id, name) VALUES (1, ?1) ON CONFLICT DO NOTHING";
    connection.execute(statement, params![name]).map(drop)
}

/// Names the next root key.
pub(crate) fn rename_root_key(connection: &Connection, name: &str, since: i64) -> Rows<()> {
    let statement = "INSERT INTO root_key (id, name, since) VALUES (1, ?1, ?2)
                     ON CONFLICT DO UPDATE SET name = ?1, since = ?2";
    connection.execute(statement, params![name, since]).map(drop)
}

/// Shows every tenant with its wrapped key, in the order of their ids.
pub(crate) fn each_tenant<E: From<rusqlite::Error>>(
    connection: &Connection,
    mut see: impl FnMut(TenantId, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut tenants = connection.prepare("SELECT tenant, wrapped FROM tenants ORDER BY tenant")?;
    let mut tenants = tenants.query([])?;
    while let Some(row) = tenants.next()? {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_bytes(row.get(0)?));
        see(tenant, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
    }
    Ok(())
}

/// Writes the table of tenants anew, with what is made of each wrapped key. Rows there have moved
/// when pages split, so stale copies may lie in the gaps of its pages: dropping the table fills all
/// of them with zeros.
pub(crate) fn renew_tenants<E: From<rusqlite::Error>>(
    connection: &Connection,
    mut renew: impl FnMut(TenantId, &[u8]) -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    connection.execute_batch(
        "CREATE TABLE next_tenants (tenant BLOB PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID",
    )?;
    let mut add =
        connection.prepare("INSERT INTO next_tenants (tenant, wrapped) VALUES (?1, ?2)")?;
    each_tenant(connection, |tenant, wrapped| {
        add.execute(params![tenant.bytes(), renew(tenant, wrapped)?])?;
        Ok::<(), E>(())
    })?;
    drop(add);
    let renamed = "DROP TABLE tenants; ALTER TABLE next_tenants RENAME TO tenants";
    Ok(connection.execute_batch(renamed)?)
}
