//! Copies of the log that are whole and consistent, taken while others write.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use kernel::Position;
use rusqlite::{Connection, OpenFlags};

use super::{
    Failure,
    schema::{self, APPLICATION, OpenError, PATIENCE, VERSION},
};

/// Copies the log of the store in that folder into a new file, flushed to stable storage, and says
/// the position of the newest fact in it. The store may be open in this or another process: every
/// write that it acknowledged before the call is in the copy. The index is left out, for it is
/// made again from the log.
///
/// The copy is one read transaction, so that it is the log of one moment; writers go on beside it
/// and their write-ahead log grows until it ends. SQLite writes the rows anew, without free pages
/// and without slack, so that nothing is in the copy that was deleted from the log. Its online
/// backup would start over at each write of another process and never end under load.
///
/// # Errors
/// When there is no store, newer software wrote it, the file is there already, or a disk fails.
pub fn copy_log(folder: &Path, file: &Path) -> Result<Position, OpenError> {
    let source = schema::log_file(folder);
    let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
    let refused = |source: Failure| OpenError::Database { path: folder.to_owned(), source };
    if !source.try_exists().map_err(failed)? {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    if file.try_exists().map_err(failed)? {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let log = open(&source, false).map_err(|error| refused(error.into()))?;
    known(&log, folder)?;
    let into = file.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    log.execute("VACUUM INTO ?1", [into]).map_err(|error| refused(error.into()))?;
    drop(log);
    File::open(file).and_then(|copy| copy.sync_all()).map_err(failed)?;
    let copy = open(file, true).map_err(|error| refused(error.into()))?;
    schema::newest(&copy).map(Position).map_err(|error| refused(error.into()))
}

/// What can be told of a log at a glance, in use or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The format of its file.
    pub format: i64,
    /// The position of the newest record.
    pub head: Position,
    /// When that was written, in milliseconds since 1970; zero when nobody knows.
    pub written: u64,
}

/// Looks at the log of the store in that folder, which may be in use, and changes nothing.
///
/// # Errors
/// When there is no store, newer software wrote it, or it cannot be read.
pub fn glance(folder: &Path) -> Result<Glance, OpenError> {
    let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
    let refused = |source: rusqlite::Error| OpenError::Database {
        path: folder.to_owned(),
        source: source.into(),
    };
    let file = schema::log_file(folder);
    if !file.try_exists().map_err(failed)? {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    let log = open(&file, false).map_err(refused)?;
    let format = known(&log, folder)?;
    let head = schema::newest(&log).map(Position).map_err(refused)?;
    let written = if format == 1 {
        0
    } else {
        let newest = "SELECT coalesce((SELECT created FROM events ORDER BY pos DESC LIMIT 1), 0)";
        schema::number(&log, newest).map_err(refused)?.cast_unsigned()
    };
    Ok(Glance { format, head, written })
}

/// A connection that changes nothing; to a file that nobody else changes, it makes no files beside
/// it either.
pub(super) fn open(file: &Path, still: bool) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = if still {
        let flags = flags | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(format!("file:{}?immutable=1", escaped(file)), flags)?
    } else {
        Connection::open_with_flags(file, flags)?
    };
    conn.busy_timeout(PATIENCE)?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;")?;
    Ok(conn)
}

/// Refuses what is no log, or one that this software does not know; the format.
pub(super) fn known(log: &Connection, path: &Path) -> Result<i64, OpenError> {
    let failed = |source: rusqlite::Error| OpenError::Database {
        path: path.to_owned(),
        source: source.into(),
    };
    let found = schema::number(log, "PRAGMA user_version").map_err(failed)?;
    match schema::number(log, "PRAGMA application_id").map_err(failed)? {
        APPLICATION if (1..=VERSION).contains(&found) => Ok(found),
        APPLICATION => Err(OpenError::Newer { path: path.to_owned(), found, known: VERSION }),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// A path as it stands in a URI.
fn escaped(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let text = absolute.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
