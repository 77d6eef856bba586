use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kernel::Position;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Statement, params};

use super::{
    failure::{Malformed, Refusal},
    heads::{Head, Heads},
    schema::{self, integer},
};
use crate::{AppendError, Appended, Deletion, Expected, NewEvent, RecordedEvent, StreamId, Write};

pub(super) type Answer = Result<Appended, AppendError>;

/// The writing side of the log, on the writer's own connection.
pub(super) struct Log<'c> {
    conn: &'c Connection,
    begin: Statement<'c>,
    commit: Statement<'c>,
    find: Statement<'c>,
    create: Statement<'c>,
    insert: Statement<'c>,
    stored: Statement<'c>,
    heads: Heads,
    kinds: HashMap<Arc<str>, i64>,
    newest: u64,
    facts: Vec<Arc<RecordedEvent>>,
    halted: Option<Refusal>,
}

impl<'c> Log<'c> {
    pub fn on(conn: &'c Connection) -> Result<Self, rusqlite::Error> {
        let mut log = Self {
            conn,
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            find: conn.prepare(
                "SELECT id, first, tombstoned, (SELECT max(rev) FROM events WHERE stream = s.id)
                 FROM streams s WHERE name = ?1",
            )?,
            create: conn.prepare("INSERT INTO streams (name) VALUES (?1)")?,
            insert: conn.prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?,
            stored: conn.prepare("SELECT pos, id FROM events WHERE stream = ?1 AND rev = ?2")?,
            heads: Heads::default(),
            kinds: HashMap::new(),
            newest: 0,
            facts: Vec::new(),
            halted: None,
        };
        log.recall()?;
        Ok(log)
    }

    /// The position of the newest fact.
    pub fn newest(&self) -> Position {
        Position(self.newest)
    }

    /// Appends what can be appended in one transaction. The answers may be given to the callers:
    /// what they say is on the disk. The facts are the new ones, in order.
    pub fn append(
        &mut self,
        calls: Vec<Vec<Write>>,
    ) -> (Vec<Vec<Answer>>, Vec<Arc<RecordedEvent>>) {
        let lengths: Vec<usize> = calls.iter().map(Vec::len).collect();
        let refused = |failure: &Refusal| {
            let call = |n: &usize| (0..*n).map(|_| Err(failure.unavailable())).collect();
            (lengths.iter().map(call).collect(), Vec::new())
        };
        if let Some(failure) = &self.halted {
            return refused(failure);
        }
        let mut answers = match self.insert_all(calls) {
            Ok(answers) => answers,
            Err(error) => {
                tracing::error!(%error, "the event store could not write");
                self.undo();
                return refused(&error.into());
            }
        };
        if let Err(error) = self.commit.execute([]) {
            tracing::error!(%error, "the event store could not commit");
            let failure = self.fail_commit(error);
            for answer in answers.iter_mut().flatten() {
                match answer {
                    Ok(_) => *answer = Err(failure.unknown()),
                    Err(AppendError::Conflict { .. }) => *answer = Err(failure.unavailable()),
                    Err(_) => {}
                }
            }
        }
        (answers, std::mem::take(&mut self.facts))
    }

    /// Overwrites a stream's facts with zeros. The old bytes may still be in the write-ahead log:
    /// see [`Log::scrub`].
    pub fn delete(
        &mut self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        if let Some(failure) = &self.halted {
            return Err(failure.unavailable());
        }
        match self.overwrite(stream, expected, how) {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                self.undo();
                return Err(refusal);
            }
            Err(error) => {
                tracing::error!(%error, "the event store could not delete");
                self.undo();
                return Err(Refusal::from(error).unavailable());
            }
        }
        self.commit.execute([]).map_err(|error| {
            tracing::error!(%error, "the event store could not commit a deletion");
            self.fail_commit(error).unknown()
        })?;
        Ok(())
    }

    /// Moves everything from the write-ahead log to its place and empties it; whether that was
    /// possible, which a reader may prevent.
    pub fn scrub(&self) -> Result<bool, rusqlite::Error> {
        let busy = schema::number(self.conn, "PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(busy == 0)
    }

    /// Moves what it can from the write-ahead log to its place, in the way of nobody.
    pub fn checkpoint(&self) -> Result<(), rusqlite::Error> {
        schema::number(self.conn, "PRAGMA wal_checkpoint(PASSIVE)").map(drop)
    }

    fn insert_all(&mut self, calls: Vec<Vec<Write>>) -> Result<Vec<Vec<Answer>>, rusqlite::Error> {
        self.begin.execute([])?;
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let mut seen = (call.len() > 1).then(HashSet::new);
            let mut answered = Vec::with_capacity(call.len());
            for write in call {
                let again = seen.as_mut().is_some_and(|seen| !seen.insert(write.stream.clone()));
                answered.push(if again { self.again(&write)? } else { self.write(write)? });
            }
            answers.push(answered);
        }
        Ok(answers)
    }

    fn again(&mut self, write: &Write) -> Result<Answer, rusqlite::Error> {
        let actual = self.head(&write.stream)?.map_or(Expected::NoStream, Head::standing);
        Ok(Err(AppendError::Conflict { expected: write.expected, actual }))
    }

    fn write(&mut self, write: Write) -> Result<Answer, rusqlite::Error> {
        if write.events.is_empty() {
            return Ok(Err(Malformed::NoFacts.into()));
        }
        if write.events.iter().any(|event| event.id.is_nil()) {
            return Ok(Err(Malformed::NilId.into()));
        }
        let Write { stream, expected, events } = write;
        let Some(head) = self.head(&stream)? else {
            if expected != Expected::NoStream {
                let actual = Expected::NoStream;
                return Ok(Err(AppendError::Conflict { expected, actual }));
            }
            if stream.as_str().parse::<StreamId>().as_ref() != Ok(&stream) {
                return Ok(Err(Malformed::StreamName.into()));
            }
            let head = self.create(&stream)?;
            return self.insert(&stream, head, events).map(Ok);
        };
        if head.tombstoned {
            return Ok(Err(AppendError::Deleted));
        }
        let meant = head.meant(expected);
        if meant == Some(head.next) {
            return self.insert(&stream, head, events).map(Ok);
        }
        let repeated = match meant {
            Some(first) if first < head.next => self.repeated(head.id, first, &events)?,
            _ => None,
        };
        let actual = head.standing();
        Ok(repeated.ok_or(AppendError::Conflict { expected, actual }))
    }

    fn insert(
        &mut self,
        stream: &StreamId,
        mut head: Head,
        events: Vec<NewEvent>,
    ) -> Result<Appended, rusqlite::Error> {
        for event in events {
            let (kind, kind_id) = self.kind(event.kind)?;
            self.newest += 1;
            let (position, revision) = (self.newest, head.next);
            head.next += 1;
            self.insert.execute(params![
                integer(position),
                head.id,
                integer(revision),
                kind_id,
                event.id.as_bytes().as_slice(),
                event.metadata,
                event.data,
            ])?;
            self.facts.push(Arc::new(RecordedEvent {
                decoded: crate::Decoded::default(),
                id: event.id,
                stream: stream.clone(),
                revision,
                position: Position(position),
                kind,
                data: event.data,
                metadata: event.metadata,
            }));
        }
        self.heads.put(stream, head);
        let (position, revision) = (Position(self.newest), head.next - 1);
        Ok(Appended { position, revision, repeated: false })
    }

    /// Where these very events stand from that revision on, if they do.
    fn repeated(
        &mut self,
        stream: i64,
        first: u64,
        events: &[NewEvent],
    ) -> Result<Option<Appended>, rusqlite::Error> {
        let mut found = None;
        for (event, revision) in events.iter().zip(first..) {
            let stored = self.stored.query_row(params![stream, integer(revision)], |row| {
                let same = row.get_ref(1)?.as_blob()? == event.id.as_bytes();
                Ok(same.then_some(row.get::<_, i64>(0)?))
            });
            let Some(position) = stored.optional()?.flatten() else { return Ok(None) };
            let position = Position(position.cast_unsigned());
            found = Some(Appended { position, revision, repeated: true });
        }
        Ok(found)
    }

    fn overwrite(
        &mut self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<Result<(), AppendError>, rusqlite::Error> {
        self.begin.execute([])?;
        let tombstone = how == Deletion::Tombstone;
        let head = match self.head(stream)? {
            Some(head) if head.tombstoned => return Ok(Err(AppendError::Deleted)),
            Some(head) if head.meant(expected) == Some(head.next) => head,
            None if expected == Expected::NoStream && !tombstone => return Ok(Ok(())),
            None if expected == Expected::NoStream => {
                if stream.as_str().parse::<StreamId>().as_ref() != Ok(stream) {
                    return Ok(Err(Malformed::StreamName.into()));
                }
                self.create(stream)?
            }
            head => {
                let actual = head.map_or(Expected::NoStream, Head::standing);
                return Ok(Err(AppendError::Conflict { expected, actual }));
            }
        };
        self.conn.execute(
            "UPDATE events SET id = zeroblob(length(id)), meta = zeroblob(length(meta)),
             data = zeroblob(length(data)) WHERE stream = ?1 AND rev >= ?2",
            params![head.id, integer(head.first)],
        )?;
        self.conn.execute(
            "UPDATE streams SET first = ?2, tombstoned = ?3 WHERE id = ?1",
            params![head.id, integer(head.next), tombstone],
        )?;
        self.heads.put(stream, Head { first: head.next, tombstoned: tombstone, ..head });
        Ok(Ok(()))
    }

    fn head(&mut self, stream: &StreamId) -> Result<Option<Head>, rusqlite::Error> {
        if let Some(head) = self.heads.get(stream) {
            return Ok(Some(head));
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

    fn create(&mut self, stream: &StreamId) -> Result<Head, rusqlite::Error> {
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

    /// After a failed commit nobody knows what a restart will find. A full disk is the one failure
    /// after which the next commit may be trusted: others may have lost what was to be flushed.
    fn fail_commit(&mut self, error: rusqlite::Error) -> Refusal {
        let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
        let failure = Refusal::from(error);
        self.undo();
        if !full {
            self.halted = Some(failure.clone());
        }
        failure
    }

    /// Takes back what was not committed, on the disk and in memory.
    fn undo(&mut self) {
        let open = !self.conn.is_autocommit();
        let undone = if open { self.conn.execute_batch("ROLLBACK") } else { Ok(()) };
        if let Err(error) = undone.and_then(|()| self.recall()) {
            tracing::error!(%error, "the event store takes no more writes until it is opened again");
            self.halted = Some(error.into());
        }
    }

    /// Brings memory in line with the file.
    fn recall(&mut self) -> Result<(), rusqlite::Error> {
        self.facts.clear();
        self.heads.clear();
        self.newest = schema::newest(self.conn)?;
        let mut kinds = self.conn.prepare("SELECT name, id FROM kinds")?;
        let kinds = kinds.query_map([], |row| Ok((row.get::<_, Arc<str>>(0)?, row.get(1)?)))?;
        self.kinds = kinds.collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kernel::TenantId;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;

    fn write(id: u128, bytes: usize) -> Vec<Write> {
        let stream = StreamId::named("thing", TenantId::PLATFORM, id);
        let (data, metadata) = (vec![b' '; bytes], Vec::new());
        let event = NewEvent { id: Uuid::from_u128(id), kind: "made.v1".into(), data, metadata };
        vec![Write { stream, expected: Expected::NoStream, events: vec![event] }]
    }

    fn outcome(log: &mut Log<'_>, calls: Vec<Vec<Write>>) -> Vec<Answer> {
        log.append(calls).0.into_iter().flatten().collect()
    }

    #[test]
    fn on_a_full_disk_nothing_is_written_until_there_is_room_again() {
        let folder = TempDir::new().expect("a folder");
        let conn = schema::open_log(folder.path()).expect("a store");
        let mut log = Log::on(&conn).expect("a log");
        assert!(outcome(&mut log, vec![write(1, 10)])[0].is_ok());

        schema::number(&conn, "PRAGMA max_page_count = 20").expect("a small disk");
        let answers = outcome(&mut log, vec![write(2, 10), write(3, 1 << 20), write(1, 10)]);
        for answer in answers {
            assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
        }
        assert_eq!(log.newest(), Position(1));

        let answers = outcome(&mut log, vec![write(2, 10), write(1, 10)]);
        let [Ok(new), Ok(old)] = &answers[..] else { panic!("small writes go on: {answers:?}") };
        assert_eq!((new.position, new.repeated), (Position(2), false));
        assert_eq!((old.position, old.repeated), (Position(1), true));
    }

    #[test]
    fn after_a_failed_commit_the_outcome_is_unknown_and_nothing_more_is_written() {
        let folder = TempDir::new().expect("a folder");
        let conn = schema::open_log(folder.path()).expect("a store");
        let mut log = Log::on(&conn).expect("a log");
        assert!(outcome(&mut log, vec![write(1, 10)])[0].is_ok());

        // A constraint that is checked at the commit, so that the commit is what fails.
        conn.execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER fail AFTER INSERT ON events BEGIN INSERT INTO child VALUES (7); END;",
        )
        .expect("a store that cannot commit");
        let mut conflict = write(1, 10);
        conflict[0].events[0].id = Uuid::from_u128(9);
        let answers = outcome(&mut log, vec![write(2, 10), conflict, write(3, 10)]);
        assert!(matches!(answers[0], Err(AppendError::Unknown(_))), "{answers:?}");
        assert!(matches!(answers[1], Err(AppendError::Unavailable(_))), "{answers:?}");
        assert!(matches!(answers[2], Err(AppendError::Unknown(_))), "{answers:?}");

        conn.execute_batch("DROP TRIGGER fail").expect("a sound store");
        let answers = outcome(&mut log, vec![write(2, 10)]);
        assert!(matches!(answers[0], Err(AppendError::Unavailable(_))), "{answers:?}");
        let stream = StreamId::named("thing", TenantId::PLATFORM, 1);
        let deleted = log.delete(&stream, Expected::Revision(0), Deletion::Soft);
        assert!(matches!(deleted, Err(AppendError::Unavailable(_))), "{deleted:?}");

        let mut log = Log::on(&conn).expect("opened again");
        assert_eq!(log.newest(), Position(1));
        assert!(outcome(&mut log, vec![write(2, 10)])[0].is_ok());
    }
}
