//! The log as it is at one moment, seen beside whoever writes it.

use std::{
    io,
    path::{Path, PathBuf},
};

use kernel::Position;
use rusqlite::Connection;

use super::{
    Failure,
    fact::fact,
    inspect::{Damage, Seen, record, statement, walk},
    names::Names,
    schema::{self, OpenError},
    snapshot,
};
use crate::{
    RecordedEvent, StreamId,
    raw::{Content, Record, StreamName},
};

/// The log at one moment. It may be in use by this or another process, which goes on beside it, and
/// whose write-ahead log grows until this is dropped.
pub struct Moment {
    log: Connection,
    path: PathBuf,
    format: i64,
    head: Position,
}

impl Moment {
    /// The log of the store in that folder, now.
    ///
    /// # Errors
    /// When there is no store, newer software wrote it, or it cannot be read.
    pub fn of(folder: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
        let file = schema::log_file(folder);
        if !file.try_exists().map_err(failed)? {
            return Err(failed(io::ErrorKind::NotFound.into()));
        }
        let refused = |source: rusqlite::Error| OpenError::Database {
            path: folder.to_owned(),
            source: source.into(),
        };
        let log = snapshot::open(&file, false).map_err(refused)?;
        let format = snapshot::known(&log, folder)?;
        log.execute_batch("BEGIN").map_err(refused)?;
        let head = schema::newest(&log).map(Position).map_err(refused)?;
        Ok(Self { log, path: folder.to_owned(), format, head })
    }

    /// The position of the newest record.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    /// Shows everything in the log, in order, and what is wrong with it; goes on after damage as
    /// far as it can.
    ///
    /// # Errors
    /// When the log cannot be read on, or what `see` says.
    pub fn walk(
        &self,
        see: &mut dyn FnMut(Seen<'_>) -> Result<(), Damage>,
    ) -> Result<Position, Damage> {
        walk(&self.log, self.format, &self.path, see)
    }

    /// Shows the facts after a position of the streams that are wanted, in order.
    ///
    /// # Errors
    /// [`Damage`]: when one of them was deleted or cannot be read, or what `see` says.
    pub fn each(
        &self,
        after: Position,
        wanted: &dyn Fn(&StreamId) -> bool,
        see: &mut dyn FnMut(&RecordedEvent) -> Result<(), Damage>,
    ) -> Result<(), Damage> {
        let mut names = Names::new();
        let failed = |source: rusqlite::Error| Damage::Open(self.refused(source));
        let mut select = self.log.prepare(statement(self.format)).map_err(failed)?;
        let mut rows = select.query([schema::integer(after.0)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let at = Position(row.get::<_, i64>(0).map_err(failed)?.cast_unsigned());
            let broken = |error| Damage::Record(at, error);
            let number = row.get(1).map_err(failed)?;
            let stream = names.stream(&self.log, number).map_err(broken)?;
            let Some(stream) = stream.ours().filter(|stream| wanted(stream)) else { continue };
            let record = record(row, &self.log, &mut names).map_err(broken)?;
            match fact(&record) {
                Some(fact) if !fact.id.is_nil() => see(&fact)?,
                _ => return Err(Damage::Gap(format!("facts of {stream} were deleted"))),
            }
        }
        Ok(())
    }

    /// Streams of facts whose category and id are these, whoever's they are; at most ten.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn streams(&self, category: &str, id: &str) -> Result<Vec<StreamId>, OpenError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut select = self.log.prepare(
                "SELECT name FROM streams WHERE substr(name, 1, length(?1)) = ?1
                 AND substr(name, -length(?2)) = ?2 ORDER BY id LIMIT 10",
            )?;
            let names =
                select.query_map([format!("{category}-"), format!(".{id}")], |row| row.get(0));
            names?.collect()
        };
        let names = read().map_err(|error| self.refused(error))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Whether any stream has a name that begins so.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn has(&self, prefix: &str) -> Result<bool, OpenError> {
        let select = "SELECT EXISTS (SELECT 1 FROM streams WHERE substr(name, 1, length(?1)) = ?1)";
        let found = self.log.query_row(select, [prefix], |row| row.get(0));
        found.map_err(|error| self.refused(error))
    }

    /// The facts of a stream, at most a thousand.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn facts(&self, stream: &StreamId) -> Result<Vec<RecordedEvent>, OpenError> {
        let read = || -> Result<Vec<RecordedEvent>, Failure> {
            let mut names = Names::new();
            let mut select = self.log.prepare_cached(
                "SELECT pos, rev, kind, id, meta, data FROM events
                 WHERE stream = (SELECT id FROM streams WHERE name = ?1) ORDER BY rev LIMIT 1000",
            )?;
            let mut rows = select.query([stream.as_str()])?;
            let mut facts = Vec::new();
            while let Some(row) = rows.next()? {
                let record = Record {
                    id: uuid::Uuid::from_slice(row.get_ref(3)?.as_blob()?)?,
                    stream: StreamName::Ours(stream.clone()),
                    revision: row.get::<_, i64>(1)?.cast_unsigned(),
                    position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
                    kind: names.kind(&self.log, row.get(2)?)?,
                    content: Content::Json,
                    created: 0,
                    data: row.get(5)?,
                    metadata: row.get(4)?,
                };
                facts.extend(fact(&record).filter(|fact| !fact.id.is_nil()));
            }
            Ok(facts)
        };
        read().map_err(|source| OpenError::Database { path: self.path.clone(), source })
    }

    fn refused(&self, source: rusqlite::Error) -> OpenError {
        OpenError::Database { path: self.path.clone(), source: source.into() }
    }
}
