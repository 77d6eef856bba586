//! Whether a copy of the log is whole and can be read to its end.

use std::path::Path;

use kernel::Position;
use rusqlite::{Connection, Row};
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::{Failure, fact::fact, names::Names, schema::OpenError, snapshot};
use crate::{
    RecordedEvent, Unreadable,
    raw::{Content, Record},
};

/// What an inspection found in a sound log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspected {
    /// The position of the newest record.
    pub head: Position,
    /// Facts that can be read.
    pub facts: u64,
    /// Records that were deleted, and are zeros.
    pub deleted: u64,
    /// Records that are no facts of tenants, such as the metadata of streams.
    pub others: u64,
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The pages of the file do not fit together.
    #[error("the file of the log is damaged: {0}")]
    Pages(String),
    /// A record is missing.
    #[error("the log has a gap: {0}")]
    Gap(String),
    /// A record cannot be read.
    #[error("the record at position {0} cannot be read")]
    Record(Position, #[source] Failure),
    /// A fact cannot be read.
    #[error(transparent)]
    Fact(#[from] Unreadable),
    /// Whoever looks at the facts refused one.
    #[error("the fact at position {0} is refused: {1}")]
    Refused(Position, String),
}

const V1: &str = "SELECT pos, stream, rev, kind, id, 0, 1, meta, data FROM events
    WHERE pos > ?1 ORDER BY pos";
const V2: &str = "SELECT pos, stream, rev, kind, id, created, content, meta, data FROM events
    WHERE pos > ?1 ORDER BY pos";
/// What selects every record after a position from a file of that format.
pub(super) fn statement(format: i64) -> &'static str {
    if format == 1 { V1 } else { V2 }
}

/// Streams with fewer records than their newest revision says; a tombstone counts for nothing.
const GAPS: &str = "
    SELECT s.name FROM streams s
    JOIN (SELECT stream, count(*) AS n, max(rev) AS newest FROM events
          WHERE rev < 9223372036854775807 GROUP BY stream) e ON e.stream = s.id
    WHERE e.n <> e.newest + 1 LIMIT 100";

/// What is met on a walk through a log.
pub enum Seen<'a> {
    /// A fact that can be read, with its envelope and JSON.
    Fact(&'a RecordedEvent),
    /// A record that was deleted, and is zeros.
    Deleted(Position),
    /// A record that is no fact of a tenant.
    Other(&'a Record),
    /// Something that is wrong.
    Damage(Damage),
}

/// Reads a copy of the log from end to end, in a file that nobody changes meanwhile: the pages of
/// the database, positions and revisions without gaps, each fact with its envelope and JSON; shows
/// each fact to `see`, whose refusal ends it.
///
/// # Errors
/// The first [`Damage`].
pub fn inspect_log(
    file: &Path,
    mut see: impl FnMut(&RecordedEvent) -> Result<(), String>,
) -> Result<Inspected, Damage> {
    let log = snapshot::open(file, true).map_err(|source| {
        Damage::Open(OpenError::Database { path: file.to_owned(), source: source.into() })
    })?;
    let version = snapshot::known(&log, file)?;
    let mut found = Inspected::default();
    found.head = walk(&log, version, file, &mut |seen| {
        match seen {
            Seen::Damage(damage) => return Err(damage),
            Seen::Deleted(_) => found.deleted += 1,
            Seen::Other(_) => found.others += 1,
            Seen::Fact(fact) => {
                see(fact).map_err(|why| Damage::Refused(fact.position, why))?;
                found.facts += 1;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// Reads a log from end to end and shows what is there, and what is wrong; goes on as far as it can.
/// The position of the newest record.
pub(super) fn walk(
    log: &Connection,
    version: i64,
    file: &Path,
    see: &mut dyn FnMut(Seen<'_>) -> Result<(), Damage>,
) -> Result<Position, Damage> {
    let failed = |source: rusqlite::Error| {
        Damage::Open(OpenError::Database { path: file.to_owned(), source: source.into() })
    };
    let pages = log.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    match pages {
        Ok(pages) if pages == "ok" => {}
        Ok(pages) => see(Seen::Damage(Damage::Pages(pages)))?,
        Err(error) => see(Seen::Damage(Damage::Pages(error.to_string())))?,
    }
    let mut gaps = log.prepare(GAPS).map_err(failed)?;
    for stream in gaps.query_map([], |row| row.get::<_, String>(0)).map_err(failed)? {
        let gap = format!("revisions of {} are missing", stream.map_err(failed)?);
        see(Seen::Damage(Damage::Gap(gap)))?;
    }
    let mut names = Names::new();
    let mut head = Position::START;
    let mut select = log.prepare(statement(version)).map_err(failed)?;
    let mut rows = select.query([0]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let next = Position(head.0 + 1);
        head = Position(row.get::<_, i64>(0).map_err(failed)?.cast_unsigned());
        if head != next {
            see(Seen::Damage(Damage::Gap(format!("position {next} is missing"))))?;
        }
        let record = match record(row, log, &mut names) {
            Ok(record) => record,
            Err(error) => {
                see(Seen::Damage(Damage::Record(head, error)))?;
                continue;
            }
        };
        if record.id.is_nil() {
            see(Seen::Deleted(head))?;
        } else if let Some(fact) = fact(&record) {
            match readable(&fact) {
                Ok(()) => see(Seen::Fact(&fact))?,
                Err(unreadable) => see(Seen::Damage(unreadable.into()))?,
            }
        } else {
            see(Seen::Other(&record))?;
        }
    }
    Ok(head)
}

fn readable(fact: &RecordedEvent) -> Result<(), Unreadable> {
    fact.envelope()?;
    serde_json::from_slice::<IgnoredAny>(&fact.data)
        .map(drop)
        .map_err(|source| Unreadable::of(fact, source))
}

pub(super) fn record(
    row: &Row<'_>,
    log: &Connection,
    names: &mut Names,
) -> Result<Record, Failure> {
    Ok(Record {
        id: Uuid::from_slice(row.get_ref(4)?.as_blob()?)?,
        stream: names.stream(log, row.get(1)?)?,
        revision: row.get::<_, i64>(2)?.cast_unsigned(),
        position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
        kind: names.kind(log, row.get(3)?)?,
        content: Content::numbered(row.get(6)?),
        created: row.get::<_, i64>(5)?.cast_unsigned(),
        data: row.get_ref(8)?.as_blob()?.to_vec(),
        metadata: row.get_ref(7)?.as_blob()?.to_vec(),
    })
}
