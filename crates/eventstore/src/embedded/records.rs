//! Reading the log as it is.

use std::sync::Arc;

use kernel::{Position, Revision};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::{Failure, clock, metadata::Metadata, names::Names, reader::Reader, schema::integer};
use crate::raw::{Content, Direction, LogPage, Query, Record, StreamName, Stretch};

/// The most records that one page looks at, and the most bytes that it holds, about.
const CONSIDERED: u16 = 20_000;
const BYTES: usize = 4 << 20;

/// What the log knows about a stream.
struct Standing {
    id: i64,
    first: Revision,
    newest: Revision,
}

impl Reader {
    /// Records of a stream, from that revision on, or from its end; at most `max`.
    pub fn stretch(
        &mut self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        max: usize,
    ) -> Result<Stretch, Failure> {
        let Some((standing, metadata)) = self.standing(stream)? else {
            return Ok(Stretch::NotFound);
        };
        let Some(Standing { id, first, newest }) = standing else { return Ok(Stretch::Tombstoned) };
        let backwards = direction == Direction::Backwards;
        let from = match from {
            Some(from) if backwards => from.min(newest),
            Some(from) => from.max(first),
            None if backwards => newest,
            None => newest + 1,
        };
        let youngest =
            metadata.max_age.map(|age| clock::now().saturating_sub(age.saturating_mul(1000)));
        let (low, high) = if backwards { (first, from) } else { (from, newest) };
        let Self { log, names, .. } = self;
        let mut select = log.prepare_cached(if backwards {
            "SELECT pos, stream, rev, kind, id, created, content, meta, data FROM events
             WHERE stream = ?1 AND rev BETWEEN ?2 AND ?3 ORDER BY rev DESC LIMIT ?4"
        } else {
            "SELECT pos, stream, rev, kind, id, created, content, meta, data FROM events
             WHERE stream = ?1 AND rev BETWEEN ?2 AND ?3 ORDER BY rev LIMIT ?4"
        })?;
        let most = max.min(usize::from(CONSIDERED));
        let mut rows = select.query((id, integer(low), integer(high), integer(most as u64)))?;
        let (mut records, mut bytes, mut seen, mut at) = (Vec::new(), 0, 0, None);
        while bytes < BYTES {
            let Some(row) = rows.next()? else { break };
            seen += 1;
            at = Some(row.get::<_, i64>(2)?.cast_unsigned());
            let created = row.get::<_, i64>(5)?.cast_unsigned();
            if youngest.is_some_and(|youngest| created < youngest) {
                continue;
            }
            if let Some(record) = record(row, log, names, stream.clone())? {
                bytes += record.data.len() + record.metadata.len() + 64;
                records.push(Arc::new(record));
            }
        }
        let left = seen == most || bytes >= BYTES;
        let next = at.filter(|_| left).and_then(|at| match direction {
            Direction::Forwards => Some(at + 1).filter(|next| *next <= newest),
            Direction::Backwards => at.checked_sub(1).filter(|next| *next >= first),
        });
        Ok(Stretch::Of { records, first, last: newest, next })
    }

    /// What the log answers.
    pub fn log_page(&mut self, query: &Query) -> Result<LogPage, Failure> {
        let Self { log, names, .. } = self;
        let mut select = log.prepare_cached(match query.direction {
            Direction::Forwards => {
                "SELECT pos, stream, rev, kind, id, created, content, meta, data FROM events
                 WHERE pos > ?1 ORDER BY pos LIMIT ?2"
            }
            Direction::Backwards => {
                "SELECT pos, stream, rev, kind, id, created, content, meta, data FROM events
                 WHERE pos < ?1 ORDER BY pos DESC LIMIT ?2"
            }
        })?;
        let mut rows = select.query((integer(query.from.0), CONSIDERED))?;
        let mut page = LogPage::empty(query.from, query.counted);
        let (mut considered, mut bytes) = (0, 0);
        while page.records.len() < query.max && bytes < BYTES {
            let Some(row) = rows.next()? else {
                page.at_end = considered < CONSIDERED;
                break;
            };
            considered += 1;
            let stream = names.stream(log, row.get(1)?)?;
            if query.wanted.is_none() || query.wants(&stream, &names.kind(log, row.get(3)?)?) {
                let record = record(row, log, names, stream)?;
                bytes += record.as_ref().map_or(0, |record| record.data.len() + 64);
                page.records.extend(record.map(Arc::new));
            }
            page.considered(Position(row.get::<_, i64>(0)?.cast_unsigned()), query.every);
        }
        Ok(page)
    }

    /// Where a stream stands and what its metadata says, when it holds something; where it stands
    /// is nothing when it was deleted for good.
    fn standing(
        &mut self,
        stream: &StreamName,
    ) -> Result<Option<(Option<Standing>, Metadata)>, Failure> {
        let found = |name: &str| {
            self.log
                .prepare_cached(
                    "SELECT id, first, tombstoned,
                     (SELECT max(rev) FROM events WHERE stream = s.id) FROM streams s
                     WHERE name = ?1",
                )?
                .query_row([name], |row| {
                    let newest = row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned);
                    let first = row.get::<_, i64>(1)?.cast_unsigned();
                    Ok((row.get::<_, i64>(0)?, first, row.get::<_, bool>(2)?, newest))
                })
                .optional()
        };
        let mut metadata = Metadata::default();
        if let Some(described) = stream.described() {
            metadata.max_count = Some(1);
            if found(described.as_str())?.is_some_and(|(_, _, tombstoned, _)| tombstoned) {
                return Ok(Some((None, metadata)));
            }
        }
        let Some((id, mut first, tombstoned, newest)) = found(stream.as_str())? else {
            return Ok(None);
        };
        if tombstoned {
            return Ok(Some((None, metadata)));
        }
        let Some(newest) = newest.filter(|newest| *newest >= first) else { return Ok(None) };
        if let Some(name) = stream.metadata()
            && let Some((id, first, _, Some(newest))) = found(name.as_str())?
            && newest >= first
        {
            let mut data = self
                .log
                .prepare_cached("SELECT data FROM events WHERE stream = ?1 AND rev = ?2")?;
            metadata = data
                .query_row((id, integer(newest)), |row| {
                    Ok(Metadata::of(row.get_ref(0)?.as_blob()?))
                })
                .optional()?
                .unwrap_or_default();
        }
        if let Some(before) = metadata.truncate_before {
            // What hides everything was taken note of when it was written.
            first = first.max(before.min(newest + 1));
        }
        if let Some(count) = metadata.max_count {
            first = first.max((newest + 1).saturating_sub(count));
        }
        Ok(Some((Some(Standing { id, first, newest }), metadata)))
    }
}

/// The record in a row; nothing when it was deleted.
fn record(
    row: &Row<'_>,
    log: &Connection,
    names: &mut Names,
    stream: StreamName,
) -> Result<Option<Record>, Failure> {
    let id = Uuid::from_slice(row.get_ref(4)?.as_blob()?)?;
    if id.is_nil() {
        return Ok(None);
    }
    Ok(Some(Record {
        id,
        stream,
        revision: row.get::<_, i64>(2)?.cast_unsigned(),
        position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
        kind: names.kind(log, row.get(3)?)?,
        content: Content::numbered(row.get(6)?),
        created: row.get::<_, i64>(5)?.cast_unsigned(),
        data: row.get(8)?,
        metadata: row.get(7)?,
    }))
}
