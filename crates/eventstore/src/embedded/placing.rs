//! Where a batch may be written, by what it expects of its streams.

use std::sync::Arc;

use kernel::Position;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{
    heads::Head,
    log::{Answer, Log},
    recent::Place,
    schema::integer,
};
use crate::raw::{
    Batch, Found, METADATA, NewRecord, Record, Refused, Standing, StreamName, Written,
};

/// The most types of records that a store holds.
const KINDS: usize = 100_000;
/// `$tb` of a deleted stream.
pub(super) const EVERYTHING: u64 = i64::MAX.cast_unsigned();

/// What is to be done for one stream of a batch.
enum Verdict {
    Write(Option<Head>),
    Repeated(Written),
}

impl Log<'_> {
    /// Writes a batch, or says why not.
    pub(super) fn place(&mut self, batch: Batch) -> Result<Answer, rusqlite::Error> {
        if batch.records.iter().any(|(_, record)| record.id.is_nil()) {
            return Ok(Err(Refused::Malformed("the id of a record must not be nil")));
        }
        let Batch { streams, records, revives, thorough } = batch;
        if self.kinds.len() >= KINDS
            && records.iter().any(|(_, record)| !self.kinds.contains_key(record.kind.as_str()))
        {
            return Ok(Err(Refused::Malformed("there are too many types of records")));
        }
        let (mut verdicts, mut unmet) = (Vec::with_capacity(streams.len()), Vec::new());
        for (at, (stream, standing)) in streams.iter().enumerate() {
            let mut ids =
                records.iter().filter(|(of, _)| *of == at).map(|(_, record)| record.id).peekable();
            let checked_only = thorough && ids.peek().is_none();
            match self.judge(stream, *standing, ids)? {
                Ok(verdict) => verdicts.push(verdict),
                Err(Refused::Conflict { found, .. }) if thorough => unmet.push((at, found)),
                Err(Refused::Conflict { found, .. }) => {
                    return Ok(Err(Refused::Conflict { stream: at, found }));
                }
                Err(Refused::Tombstoned { .. }) if checked_only => {
                    if !matches!(standing, Standing::Any | Standing::NoStream) {
                        let found = self.head(stream)?.map_or(NOTHING, Head::found);
                        unmet.push((at, found));
                    }
                    verdicts.push(Verdict::Write(None));
                }
                Err(Refused::Tombstoned { .. }) => {
                    return Ok(Err(Refused::Tombstoned { stream: at }));
                }
                Err(refused) => return Ok(Err(refused)),
            }
        }
        if !unmet.is_empty() {
            return Ok(Err(Refused::Unmet(unmet)));
        }
        // Some were there already: of a batch that happened wholly, all would be.
        let new = |(at, verdict): (usize, &Verdict)| match verdict {
            Verdict::Write(_) => records.iter().any(|(of, _)| *of == at),
            Verdict::Repeated(_) => false,
        };
        let repeated = verdicts.iter().position(|verdict| matches!(verdict, Verdict::Repeated(_)));
        if let Some(stream) = repeated
            && verdicts.iter().enumerate().any(new)
        {
            let found = self.head(&streams[stream].0)?.map_or(NOTHING, Head::found);
            return Ok(Err(Refused::Conflict { stream, found }));
        }
        for (verdict, (stream, _)) in verdicts.iter().zip(&streams) {
            if matches!(verdict, Verdict::Write(None)) && !well_formed(stream) {
                return Ok(Err(Refused::Malformed(FORM)));
            }
        }
        self.write(&streams, verdicts, records, revives).map(Ok)
    }

    /// The answer to a second batch of one call that writes to the same stream.
    pub(super) fn again(&mut self, batch: &Batch) -> Result<Answer, rusqlite::Error> {
        let Some((stream, _)) = batch.streams.first() else { return Ok(Ok(Vec::new())) };
        let found = self.head(stream)?.map_or(NOTHING, Head::found);
        Ok(Err(Refused::Conflict { stream: 0, found }))
    }

    /// Whether records with these ids may be written, or are there already.
    fn judge(
        &mut self,
        stream: &StreamName,
        standing: Standing,
        mut ids: impl Iterator<Item = Uuid>,
    ) -> Result<Result<Verdict, Refused>, rusqlite::Error> {
        let head = self.head(stream)?;
        let found = head.map_or(NOTHING, Head::found);
        let conflict = || Ok(Err(Refused::Conflict { stream: 0, found }));
        if head.is_some_and(|head| head.tombstoned) {
            return Ok(Err(Refused::Tombstoned { stream: 0 }));
        }
        let first = match standing {
            Standing::NoStream => found.first,
            Standing::Revision(revision) if revision < found.next => revision + 1,
            Standing::Revision(_) => return conflict(),
            Standing::Any | Standing::Exists => {
                if standing == Standing::Exists && !self.exists(stream, found)? {
                    return conflict();
                }
                let Some(head) = head else { return Ok(Ok(Verdict::Write(None))) };
                return self.repeats(head, ids);
            }
        };
        if first == found.next {
            return Ok(Ok(Verdict::Write(head)));
        }
        let Some(head) = head else { return conflict() };
        let mut repeated = None;
        for revision in first.. {
            let Some(id) = ids.next() else { break };
            let stored = self.stored.query_row(params![head.id, integer(revision)], |row| {
                let same = row.get_ref(1)?.as_blob()? == id.as_bytes();
                Ok(same.then_some(row.get::<_, i64>(0)?))
            });
            let Some(position) = stored.optional()?.flatten() else { return conflict() };
            let position = Some(Position(position.cast_unsigned()));
            repeated = Some(Written { revision: Some(revision), position, repeated: true });
        }
        repeated.map_or_else(conflict, |written| Ok(Ok(Verdict::Repeated(written))))
    }

    /// For a write that does not say where it belongs: whether it was there lately.
    fn repeats(
        &mut self,
        head: Head,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<Result<Verdict, Refused>, rusqlite::Error> {
        let (mut last, mut new) = (None, false);
        for id in ids {
            match self.recent.get(self.conn, head.id, &id)? {
                Some(place) if !new && place.revision >= head.first => last = Some(place),
                _ if last.is_some() => {
                    return Ok(Err(Refused::Conflict { stream: 0, found: head.found() }));
                }
                _ => new = true,
            }
        }
        let Some(Place { revision, position, .. }) = last else {
            return Ok(Ok(Verdict::Write(Some(head))));
        };
        let (revision, position) = (Some(revision), Some(Position(position)));
        Ok(Ok(Verdict::Repeated(Written { revision, position, repeated: true })))
    }

    /// Whether a stream holds something, or at least has metadata.
    pub(super) fn exists(
        &mut self,
        stream: &StreamName,
        found: Found,
    ) -> Result<bool, rusqlite::Error> {
        if found.next > 0 {
            return Ok(!found.deleted());
        }
        let Some(metadata) = stream.metadata() else { return Ok(false) };
        Ok(self.head(&metadata)?.is_some_and(|head| head.next > head.first))
    }

    fn write(
        &mut self,
        streams: &[(StreamName, Standing)],
        verdicts: Vec<Verdict>,
        records: Vec<(usize, NewRecord)>,
        revives: bool,
    ) -> Result<Vec<Written>, rusqlite::Error> {
        let mut heads = Vec::with_capacity(streams.len());
        let mut written = Vec::with_capacity(streams.len());
        let touched: Vec<bool> =
            (0..streams.len()).map(|at| records.iter().any(|(of, _)| *of == at)).collect();
        for ((verdict, (stream, _)), touched) in verdicts.into_iter().zip(streams).zip(touched) {
            let (head, standing) = match verdict {
                Verdict::Repeated(repeated) => (None, repeated),
                Verdict::Write(head) => {
                    let revision = head.and_then(|head| head.found().newest());
                    let head = match head {
                        None if touched => Some(self.create(stream)?),
                        Some(head) if touched && revives && head.found().deleted() => {
                            self.revive(stream, head)?;
                            Some(head)
                        }
                        head => head,
                    };
                    (head, Written { revision, position: None, repeated: false })
                }
            };
            heads.push(head);
            written.push(standing);
        }
        for (at, record) in records {
            let Some(Some(head)) = heads.get_mut(at) else { continue };
            let stream = &streams[at].0;
            let revision = head.next;
            head.next += 1;
            let position = self.put(stream, head.id, revision, record)?;
            written[at].revision = Some(revision);
            written[at].position = Some(Position(position));
        }
        for (head, (stream, _)) in heads.into_iter().zip(streams) {
            if let Some(head) = head {
                self.heads.put(stream, head);
            }
        }
        Ok(written)
    }

    /// Writes one record and gives its position.
    pub(super) fn put(
        &mut self,
        stream: &StreamName,
        number: i64,
        revision: u64,
        record: NewRecord,
    ) -> Result<u64, rusqlite::Error> {
        let NewRecord { id, kind, content, data, metadata } = record;
        let (kind, kind_id) = self.kind(kind)?;
        self.newest += 1;
        let position = self.newest;
        self.insert.execute(params![
            integer(position),
            number,
            integer(revision),
            kind_id,
            id.as_bytes().as_slice(),
            integer(self.now),
            content.number(),
            metadata,
            data,
        ])?;
        self.recent.put(id, Place { stream: number, revision, position });
        if &*kind == METADATA
            && let Some(described) = stream.described()
            && super::metadata::Metadata::of(&data).truncate_before == Some(EVERYTHING)
        {
            self.hide(&described)?;
        }
        self.records.push(Arc::new(Record {
            id,
            stream: stream.clone(),
            revision,
            position: Position(position),
            kind,
            content,
            created: self.now,
            data,
            metadata,
        }));
        Ok(position)
    }

    pub(super) fn head(&mut self, stream: &StreamName) -> Result<Option<Head>, rusqlite::Error> {
        if let Some(head) = self.heads.get(stream) {
            return Ok(Some(head));
        }
        if !well_formed(stream) {
            return Ok(None);
        }
        let found = self.find.query_row([stream.as_str()], |row| {
            let newest: Option<i64> = row.get(3)?;
            Ok(Head {
                id: row.get(0)?,
                first: row.get::<_, i64>(1)?.cast_unsigned(),
                tombstoned: row.get(2)?,
                next: newest.map_or(0, |newest| newest.cast_unsigned() + 1),
            })
        });
        let found = found.optional()?;
        if let Some(head) = found {
            self.heads.put(stream, head);
        }
        Ok(found)
    }

    pub(super) fn create(&mut self, stream: &StreamName) -> Result<Head, rusqlite::Error> {
        let id = self.create.insert([stream.as_str()])?;
        Ok(Head { id, next: 0, first: 0, tombstoned: false })
    }

    fn kind(&mut self, kind: String) -> Result<(Arc<str>, i64), rusqlite::Error> {
        if let Some((kind, id)) = self.kinds.get_key_value(kind.as_str()) {
            return Ok((Arc::clone(kind), *id));
        }
        self.conn.execute("INSERT INTO kinds (name) VALUES (?1)", [&kind])?;
        let (kind, id) = (Arc::<str>::from(kind), self.conn.last_insert_rowid());
        self.kinds.insert(Arc::clone(&kind), id);
        Ok((kind, id))
    }
}

/// Why a name of ours cannot be used.
pub(super) const FORM: &str = "the stream name must have the form category-tenant.id";

const NOTHING: Found = Found { next: 0, first: 0 };

/// Whether it is what its text says: a name of ours has a form that is checked before its first
/// fact is stored.
pub(super) fn well_formed(stream: &StreamName) -> bool {
    match stream {
        StreamName::Ours(ours) => ours.as_str().parse().as_ref() == Ok(ours),
        StreamName::Foreign(_) => true,
    }
}
