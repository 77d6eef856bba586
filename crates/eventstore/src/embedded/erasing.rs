//! What a deletion does, and what becomes of it when the stream goes on.

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{
    heads::Head,
    log::{Erasure, Log},
    metadata::Metadata,
    placing::{EVERYTHING, FORM, well_formed},
    schema::integer,
};
use crate::{
    Deletion,
    raw::{Content, Found, LAST, METADATA, NewRecord, Refused, Standing, StreamName, TOMBSTONE},
};

impl Log<'_> {
    /// Overwrites a stream's records with zeros.
    pub(super) fn erase(
        &mut self,
        erasure: &Erasure,
    ) -> Result<Result<(), Refused>, rusqlite::Error> {
        let Erasure { stream, standing, how, recorded } = erasure;
        let tombstone = *how == Deletion::Tombstone;
        let head = self.head(stream)?;
        if head.is_some_and(|head| head.tombstoned) {
            return Ok(Err(Refused::Tombstoned { stream: 0 }));
        }
        let found = head.map_or(Found { next: 0, first: 0 }, Head::found);
        let as_expected = match standing {
            Standing::Any => true,
            Standing::NoStream => found.first == found.next,
            Standing::Revision(revision) => Some(*revision) == found.newest(),
            Standing::Exists if found.deleted() => {
                return Ok(Err(Refused::Tombstoned { stream: 0 }));
            }
            Standing::Exists => self.exists(stream, found)?,
        };
        let something = tombstone
            || !recorded
            || found.next > 0
            || self.exists(stream, Found { next: 0, first: 0 })?;
        if !as_expected || !something {
            return Ok(Err(Refused::Conflict { stream: 0, found }));
        }
        let head = match head {
            Some(head) => head,
            None if !tombstone && !recorded => return Ok(Ok(())),
            None if !well_formed(stream) => return Ok(Err(Refused::Malformed(FORM))),
            None => self.create(stream)?,
        };
        // What metadata alone has hidden is still there.
        let from = if *recorded { 0 } else { head.first };
        self.conn.execute(
            "UPDATE events SET id = zeroblob(length(id)), meta = zeroblob(length(meta)),
             data = zeroblob(length(data)) WHERE stream = ?1 AND rev >= ?2",
            params![head.id, integer(from)],
        )?;
        self.conn.execute(
            "UPDATE streams SET first = ?2, tombstoned = ?3 WHERE id = ?1",
            params![head.id, integer(head.next), tombstone],
        )?;
        self.heads.put(stream, Head { first: head.next, tombstoned: tombstone, ..head });
        match (recorded, tombstone) {
            (false, _) => {}
            (true, true) => {
                let content = Content::Binary;
                let kind = TOMBSTONE.to_owned();
                let id = self.fresh_id()?;
                let record =
                    NewRecord { id, kind, content, data: Vec::new(), metadata: Vec::new() };
                self.put(stream, head.id, LAST, record)?;
            }
            (true, false) => self.truncate(stream, EVERYTHING)?,
        }
        Ok(Ok(()))
    }

    /// Makes the metadata of a deleted stream say that it begins anew, when it has metadata.
    pub(super) fn revive(
        &mut self,
        stream: &StreamName,
        head: Head,
    ) -> Result<(), rusqlite::Error> {
        let Some(metadata) = stream.metadata() else { return Ok(()) };
        match self.head(&metadata)? {
            Some(described) if described.next > described.first => self.truncate(stream, head.next),
            _ => Ok(()),
        }
    }

    /// Makes everything that a stream holds unreadable, because its metadata says so.
    pub(super) fn hide(&mut self, stream: &StreamName) -> Result<(), rusqlite::Error> {
        let Some(head) = self.head(stream)?.filter(|head| head.first < head.next) else {
            return Ok(());
        };
        self.conn.execute(
            "UPDATE streams SET first = ?2 WHERE id = ?1",
            params![head.id, integer(head.next)],
        )?;
        self.heads.put(stream, Head { first: head.next, ..head });
        Ok(())
    }

    /// Writes metadata that is as before but for its `$tb`.
    fn truncate(&mut self, stream: &StreamName, before: u64) -> Result<(), rusqlite::Error> {
        let Some(name) = stream.metadata() else { return Ok(()) };
        let mut head = match self.head(&name)? {
            Some(head) => head,
            None => self.create(&name)?,
        };
        let newest = params![head.id, integer(head.next.saturating_sub(1))];
        let before_that = self
            .conn
            .prepare_cached("SELECT data FROM events WHERE stream = ?1 AND rev = ?2")?
            .query_row(newest, |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        let data = Metadata::truncating(&before_that.unwrap_or_default(), before);
        let (kind, content) = (METADATA.to_owned(), Content::Json);
        let id = self.fresh_id()?;
        let record = NewRecord { id, kind, content, data, metadata: Vec::new() };
        self.put(&name, head.id, head.next, record)?;
        head.next += 1;
        self.heads.put(&name, head);
        Ok(())
    }

    /// An id for a record of the store's own; SQLite draws it from the system's randomness.
    fn fresh_id(&self) -> Result<Uuid, rusqlite::Error> {
        let bytes: [u8; 16] = self.conn.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}
