//! The tables of the vault.
//!
//! Wrapped keys stand in a table of their own that only grows: rows of one size, appended, never
//! moved. So the pages of SQLite's tree hold one copy of each, and overwriting a row in place
//! leaves none; a row that moves when a page splits could leave a stale copy behind in the gap.

use kernel::TenantId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Owner, wrap::WRAPPED};

type Rows<T> = rusqlite::Result<T>;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS proof (id INTEGER PRIMARY KEY CHECK (id = 1), wrapped BLOB NOT NULL);
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

pub(crate) fn proof(connection: &Connection) -> Rows<Option<Vec<u8>>> {
    connection.query_row("SELECT wrapped FROM proof", [], |row| row.get(0)).optional()
}

pub(crate) fn add_proof(connection: &Connection, wrapped: &[u8]) -> Rows<()> {
    connection.execute("INSERT INTO proof (id, wrapped) VALUES (1, ?1)", params![wrapped]).map(drop)
}
