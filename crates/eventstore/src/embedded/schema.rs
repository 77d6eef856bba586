//! The files of a store and what is in them.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else has it open.
    #[error("the event store in {} is in use: stop the process that uses it first", .0.display())]
    InUse(PathBuf),
    /// Newer software wrote it.
    #[error(
        "the event store in {} has format {found} and this software knows up to {known}: upgrade it",
        path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that can be read here.
        known: i64,
    },
    /// The file is something else.
    #[error("{} is no event store: choose another folder", .0.display())]
    Foreign(PathBuf),
    /// The folder or a file cannot be used.
    #[error("the event store in {} cannot be opened: check the folder and its permissions", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: std::io::Error,
    },
    /// The database refused.
    #[error(
        "the event store in {} cannot be read: check the disk, or restore it from a backup",
        path.display()
    )]
    Database {
        /// The folder.
        path: PathBuf,
        #[source]
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The format written here. The first one had neither `created` nor `content`.
pub(super) const VERSION: i64 = 2;
/// Marks our files for `file(1)` and against mistakes: "Lrel".
pub(super) const APPLICATION: i64 = 0x4c72_656c;

/// Rows of `events` are never removed: deleting a fact overwrites its content with zeros in place,
/// and a nil id says so. Thus positions and revisions have no holes, and no page of the log is
/// ever merged with another, which would leave copies of content in the slack.
const TABLES: &str = "
    CREATE TABLE store (id BLOB NOT NULL) STRICT;
    INSERT INTO store VALUES (randomblob(16));
    CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        first INTEGER NOT NULL DEFAULT 0,
        tombstoned INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE events (
        pos INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL,
        rev INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        id BLOB NOT NULL,
        created INTEGER NOT NULL DEFAULT 0,
        content INTEGER NOT NULL DEFAULT 1,
        meta BLOB NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (stream, rev)
    ) STRICT;
";

/// What a file of the first format lacks; the rows that are there take the defaults, unwritten.
const FROM_FIRST: &str = "
    ALTER TABLE events ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE events ADD COLUMN content INTEGER NOT NULL DEFAULT 1;
";

const WRITING: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 8192;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";

const READING: &str = "
    PRAGMA query_only = ON;
    PRAGMA mmap_size = 16777216;
    PRAGMA cache_size = -8192;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";

/// How long a statement waits for a reader that is in its way.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn log_file(folder: &Path) -> PathBuf {
    folder.join("log.sqlite")
}

pub(super) fn index_file(folder: &Path) -> PathBuf {
    folder.join("index.sqlite")
}

/// Makes the folder when there is none, and takes it for this process until the file is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
    if !folder.exists() {
        fs::create_dir_all(folder).map_err(failed)?;
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
    }
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The one connection that writes the log; makes the tables in an empty file.
pub(super) fn open_log(folder: &Path) -> Result<Connection, OpenError> {
    let failed = |source: rusqlite::Error| OpenError::Database {
        path: folder.to_owned(),
        source: source.into(),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(log_file(folder), flags).map_err(failed)?;
    conn.busy_timeout(PATIENCE).map_err(failed)?;
    plan_once(&conn).map_err(failed)?;
    let version = number(&conn, "PRAGMA user_version").map_err(failed)?;
    let application = number(&conn, "PRAGMA application_id").map_err(failed)?;
    match (application, version) {
        (APPLICATION, VERSION) => conn.execute_batch(WRITING).map_err(failed)?,
        (APPLICATION, 1) => {
            conn.execute_batch(WRITING).map_err(failed)?;
            let upgrade =
                format!("BEGIN IMMEDIATE; {FROM_FIRST} PRAGMA user_version = {VERSION}; COMMIT;");
            conn.execute_batch(&upgrade).map_err(failed)?;
        }
        (APPLICATION, found) => {
            return Err(OpenError::Newer { path: folder.to_owned(), found, known: VERSION });
        }
        (0, 0) if number(&conn, "SELECT count(*) FROM sqlite_schema").map_err(failed)? == 0 => {
            conn.execute_batch("PRAGMA page_size = 8192").map_err(failed)?;
            conn.execute_batch(WRITING).map_err(failed)?;
            let create = format!(
                "BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION};
                 PRAGMA user_version = {VERSION}; COMMIT;"
            );
            conn.execute_batch(&create).map_err(failed)?;
        }
        _ => return Err(OpenError::Foreign(folder.to_owned())),
    }
    Ok(conn)
}

/// A connection that reads one of the files.
pub(super) fn open_reader(file: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(PATIENCE)?;
    plan_once(&conn)?;
    conn.execute_batch(READING)?;
    Ok(conn)
}

/// Has SQLite keep the plan of a prepared statement: by default it compiles it again whenever a
/// parameter is bound that might suit another plan, at the cost of half the read.
pub(super) fn plan_once(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// What tells this store from every other.
pub(super) fn store_id(log: &Connection) -> Result<Vec<u8>, rusqlite::Error> {
    log.query_row("SELECT id FROM store", [], |row| row.get(0))
}

/// The position of the newest fact.
pub(super) fn newest(log: &Connection) -> Result<u64, rusqlite::Error> {
    let newest = number(log, "SELECT coalesce(max(pos), 0) FROM events")?;
    Ok(newest.cast_unsigned())
}

/// The one number that this statement gives.
pub(super) fn number(conn: &Connection, sql: &str) -> Result<i64, rusqlite::Error> {
    conn.query_row(sql, [], |row| row.get(0))
}

/// A number as the database has it; what is too large for it is larger than anything stored.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
