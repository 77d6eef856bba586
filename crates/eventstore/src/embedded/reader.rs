use std::path::{Path, PathBuf};

use kernel::{Position, Revision};
use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::{
    Failure,
    fact::is_remark,
    index,
    lookup::{self, Found},
    names::Names,
    schema::{self, integer},
};
use crate::{Filter, Page, RecordedEvent, Scope, StreamId, raw::StreamName};

/// One connection that reads the log, and another for the index once it is needed.
pub(super) struct Reader {
    pub(super) log: Connection,
    index: Option<Connection>,
    folder: PathBuf,
    pub(super) names: Names,
}

/// What is known about the log from outside it.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// The position of the newest fact.
    pub head: Position,
    /// Up to which position the index is complete.
    pub indexed: u64,
}

/// The most facts that one page looks at, and the most bytes that it holds, about.
const CONSIDERED: u16 = 20_000;
const BYTES: usize = 32 << 20;
/// Up to so many facts to skip for each that is wanted, reading on is cheaper than looking up.
const DENSE: u64 = 8;

impl Reader {
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let log = schema::open_reader(&schema::log_file(folder))?;
        Ok(Self { log, index: None, folder: folder.to_owned(), names: Names::new() })
    }

    /// The facts of a stream from that revision on; nothing when it is tombstoned.
    pub fn stream(
        &mut self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Option<Vec<RecordedEvent>>, Failure> {
        let Self { log, names, .. } = self;
        let mut find =
            log.prepare_cached("SELECT id, first, tombstoned FROM streams WHERE name = ?1")?;
        let mut found = find.query([stream.as_str()])?;
        let Some(row) = found.next()? else { return Ok(Some(Vec::new())) };
        if row.get(2)? {
            return Ok(None);
        }
        let from = integer(from).max(row.get(1)?);
        let mut select = log.prepare_cached(
            "SELECT pos, stream, rev, kind, id, meta, data FROM events
             WHERE stream = ?1 AND rev >= ?2 ORDER BY rev LIMIT ?3",
        )?;
        let mut rows = select.query((row.get::<_, i64>(0)?, from, integer(max as u64)))?;
        let mut facts = Vec::new();
        while let Some(row) = rows.next()? {
            facts.extend(recorded(row, log, names, stream.clone())?);
        }
        Ok(Some(facts))
    }

    /// At most `max` facts after that position that the filter lets through.
    pub fn page(
        &mut self,
        after: Position,
        filter: &Filter,
        max: usize,
        known: Known,
    ) -> Result<Page, Failure> {
        let mut page = Page { facts: Vec::new(), next: after, at_head: false };
        let narrow = matches!(filter.scope, Scope::Tenant(_)) || !filter.categories.is_empty();
        let through = narrow && known.indexed > after.0 + index::CHUNK;
        let go_on = !through || self.look_up(&mut page, filter, max, known.indexed)?;
        if go_on {
            self.scan(&mut page, filter, max, u64::MAX)?;
        }
        page.at_head = page.next >= known.head;
        Ok(page)
    }

    /// Extends the page with the help of the index; whether all that is indexed was considered.
    fn look_up(
        &mut self,
        page: &mut Page,
        filter: &Filter,
        max: usize,
        indexed: u64,
    ) -> Result<bool, Failure> {
        let index = match &self.index {
            Some(index) => index,
            None => self.index.insert(schema::open_reader(&schema::index_file(&self.folder))?),
        };
        let Found { positions, upto } = lookup::find(index, filter, page.next, indexed, max)?;
        let complete = upto == indexed;
        if upto - page.next.0 <= DENSE * positions.len() as u64 {
            return Ok(self.scan(page, filter, max, upto)? && complete);
        }
        let Self { log, names, .. } = self;
        let mut select = log.prepare_cached(
            "SELECT pos, stream, rev, kind, id, meta, data FROM events WHERE pos = ?1",
        )?;
        let mut bytes = 0;
        for position in positions {
            let mut rows = select.query([position])?;
            let Some(row) = rows.next()? else { continue };
            page.next = Position(position.cast_unsigned());
            let StreamName::Ours(stream) = names.stream(log, row.get(1)?)? else { continue };
            if let Some(fact) = recorded(row, log, names, stream)? {
                bytes += fact.data.len() + fact.metadata.len();
                page.facts.push(fact);
            }
            if bytes > BYTES {
                return Ok(false);
            }
        }
        page.next = Position(upto);
        Ok(complete && page.facts.len() < max)
    }

    /// Extends the page by reading on up to that position; whether that, or the head, was reached.
    fn scan(
        &mut self,
        page: &mut Page,
        filter: &Filter,
        max: usize,
        upto: u64,
    ) -> Result<bool, Failure> {
        let Self { log, names, .. } = self;
        let mut select = log.prepare_cached(
            "SELECT pos, stream, rev, kind, id, meta, data FROM events
             WHERE pos > ?1 AND pos <= ?2 ORDER BY pos LIMIT ?3",
        )?;
        let limits = (integer(page.next.0), integer(upto), CONSIDERED);
        let mut rows = select.query(limits)?;
        let (mut considered, mut bytes) = (0, 0);
        while page.facts.len() < max && bytes < BYTES {
            let Some(row) = rows.next()? else { return Ok(considered < CONSIDERED) };
            considered += 1;
            page.next = Position(row.get::<_, i64>(0)?.cast_unsigned());
            let StreamName::Ours(stream) = names.stream(log, row.get(1)?)? else { continue };
            if !filter.admits(&stream) {
                continue;
            }
            if let Some(fact) = recorded(row, log, names, stream)? {
                bytes += fact.data.len() + fact.metadata.len();
                page.facts.push(fact);
            }
        }
        Ok(false)
    }
}

/// The fact in a row of pos, stream, rev, kind, id, meta, data; nothing when it was deleted or is
/// a remark of the store.
fn recorded(
    row: &Row<'_>,
    log: &Connection,
    names: &mut Names,
    stream: StreamId,
) -> Result<Option<RecordedEvent>, Failure> {
    let id = Uuid::from_slice(row.get_ref(4)?.as_blob()?)?;
    let kind = names.kind(log, row.get(3)?)?;
    if id.is_nil() || is_remark(&kind) {
        return Ok(None);
    }
    Ok(Some(RecordedEvent {
        decoded: crate::Decoded::default(),
        id,
        stream,
        revision: row.get::<_, i64>(2)?.cast_unsigned(),
        position: Position(row.get::<_, i64>(0)?.cast_unsigned()),
        kind,
        data: row.get(6)?,
        metadata: row.get(5)?,
    }))
}
