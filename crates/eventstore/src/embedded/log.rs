use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use kernel::Position;
use rusqlite::{Connection, ErrorCode, Statement};

use super::{
    Flushes, clock, failure::Refusal, heads::Heads, recent::Recent, schema, sweeping::Sweep,
};
use crate::{
    Deletion,
    raw::{Batch, Record, Refused, Standing, StreamName, Written},
};

/// What became of a batch: what was written to each of its streams.
pub(super) type Answer = Result<Vec<Written>, Refused>;

/// The writing side of the log, on the writer's own connection. Where a batch may be written is
/// decided in `placing`, what a deletion does in `erasing`.
pub(super) struct Log<'c> {
    pub(super) conn: &'c Connection,
    begin: Statement<'c>,
    commit: Statement<'c>,
    pub(super) find: Statement<'c>,
    pub(super) create: Statement<'c>,
    pub(super) insert: Statement<'c>,
    pub(super) stored: Statement<'c>,
    pub(super) heads: Heads,
    pub(super) kinds: HashMap<Arc<str>, i64>,
    pub(super) recent: Recent,
    pub(super) newest: u64,
    /// What the transaction under way writes.
    pub(super) records: Vec<Arc<Record>>,
    /// When, in milliseconds since 1970.
    pub(super) now: u64,
    halted: Option<Refusal>,
    flushes: Option<Flushes>,
}

/// A stream to be deleted.
pub(super) struct Erasure {
    pub stream: StreamName,
    pub standing: Standing,
    pub how: Deletion,
    /// Whether the log says so, by a record of metadata or a tombstone.
    pub recorded: bool,
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
            insert: conn.prepare(
                "INSERT INTO events (pos, stream, rev, kind, id, created, content, meta, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            stored: conn.prepare("SELECT pos, id FROM events WHERE stream = ?1 AND rev = ?2")?,
            heads: Heads::default(),
            kinds: HashMap::new(),
            recent: Recent::default(),
            newest: 0,
            records: Vec::new(),
            now: 0,
            halted: None,
            flushes: None,
        };
        log.recall()?;
        Ok(log)
    }

    /// Tells how long flushes take.
    pub fn telling(self, flushes: Option<Flushes>) -> Self {
        Self { flushes, ..self }
    }

    /// Puts on the disk what the transaction wrote.
    fn flush(&mut self) -> Result<(), rusqlite::Error> {
        let began = self.flushes.as_ref().map(|_| Instant::now());
        self.commit.execute([])?;
        if let (Some(flushes), Some(began)) = (&self.flushes, began) {
            flushes.took(began.elapsed());
        }
        Ok(())
    }

    /// The position of the newest record.
    pub fn newest(&self) -> Position {
        Position(self.newest)
    }

    /// Appends what can be appended in one transaction. The answers may be given to the callers:
    /// what they say is on the disk. The records are the new ones, in order.
    pub fn append(&mut self, calls: Vec<Vec<Batch>>) -> (Vec<Vec<Answer>>, Vec<Arc<Record>>) {
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
        if let Err(error) = self.flush() {
            tracing::error!(%error, "the event store could not commit");
            let failure = self.fail_commit(error);
            for answer in answers.iter_mut().flatten() {
                match answer {
                    Ok(_) => *answer = Err(failure.unknown()),
                    Err(Refused::Conflict { .. }) => *answer = Err(failure.unavailable()),
                    Err(_) => {}
                }
            }
        }
        (answers, std::mem::take(&mut self.records))
    }

    /// Overwrites a stream's records with zeros, and gives those that say so. The old bytes may
    /// still be in the write-ahead log: see [`Log::scrub`].
    pub fn delete(&mut self, erasure: &Erasure) -> Result<Vec<Arc<Record>>, Refused> {
        self.change(|log| log.erase(erasure))?;
        Ok(std::mem::take(&mut self.records))
    }

    /// Goes on with a sweep for one step; old bytes as with [`Log::delete`].
    pub fn sweep(&mut self, mut sweep: Sweep) -> Result<Sweep, Refused> {
        self.change(|log| {
            log.step(&mut sweep)?;
            Ok(Ok(sweep))
        })
    }

    /// Changes what is there in a transaction of its own.
    fn change<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<Result<T, Refused>, rusqlite::Error>,
    ) -> Result<T, Refused> {
        if let Some(failure) = &self.halted {
            return Err(failure.unavailable());
        }
        self.now = clock::now();
        let changed = match self.begin.execute([]) {
            Ok(_) => act(self),
            Err(error) => Err(error),
        };
        let changed = match changed {
            Ok(Ok(changed)) => changed,
            Ok(Err(refusal)) => {
                self.undo();
                return Err(refusal);
            }
            Err(error) => {
                tracing::error!(%error, "the event store could not delete");
                self.undo();
                return Err(Refusal::from(error).unavailable());
            }
        };
        self.flush().map_err(|error| {
            tracing::error!(%error, "the event store could not commit a deletion");
            self.fail_commit(error).unknown()
        })?;
        Ok(changed)
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

    fn insert_all(&mut self, calls: Vec<Vec<Batch>>) -> Result<Vec<Vec<Answer>>, rusqlite::Error> {
        self.begin.execute([])?;
        self.now = clock::now();
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let mut seen = (call.len() > 1).then(HashSet::new);
            let mut answered = Vec::with_capacity(call.len());
            for batch in call {
                let streams = batch.streams.iter();
                let again = seen.as_mut().is_some_and(|seen| {
                    streams.fold(false, |again, (stream, _)| !seen.insert(stream.clone()) || again)
                });
                answered.push(if again { self.again(&batch)? } else { self.place(batch)? });
            }
            answers.push(answered);
        }
        Ok(answers)
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
        self.records.clear();
        self.heads.clear();
        self.recent.clear();
        self.newest = schema::newest(self.conn)?;
        let mut kinds = self.conn.prepare("SELECT name, id FROM kinds")?;
        let kinds = kinds.query_map([], |row| Ok((row.get::<_, Arc<str>>(0)?, row.get(1)?)))?;
        self.kinds = kinds.collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::raw::{Content, NewRecord};

    fn write(id: u128, bytes: usize) -> Vec<Batch> {
        let stream = StreamName::new(&format!("thing-{id}"));
        let (data, metadata) = (vec![b' '; bytes], Vec::new());
        let (id, kind) = (Uuid::from_u128(id), "made.v1".into());
        let record = NewRecord { id, kind, content: Content::Json, data, metadata };
        vec![Batch::one(stream, Standing::NoStream, vec![record])]
    }

    fn outcome(log: &mut Log<'_>, calls: Vec<Vec<Batch>>) -> Vec<Result<Written, Refused>> {
        let answers = log.append(calls).0.into_iter().flatten();
        answers.map(|answer| answer.map(|written| written[0])).collect()
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
            assert!(matches!(answer, Err(Refused::Unavailable(_))), "{answer:?}");
        }
        assert_eq!(log.newest(), Position(1));

        let answers = outcome(&mut log, vec![write(2, 10), write(1, 10)]);
        let [Ok(new), Ok(old)] = &answers[..] else { panic!("small writes go on: {answers:?}") };
        assert_eq!((new.position, new.repeated), (Some(Position(2)), false));
        assert_eq!((old.position, old.repeated), (Some(Position(1)), true));
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
        conflict[0].records[0].1.id = Uuid::from_u128(9);
        let answers = outcome(&mut log, vec![write(2, 10), conflict, write(3, 10)]);
        assert!(matches!(answers[0], Err(Refused::Unknown(_))), "{answers:?}");
        assert!(matches!(answers[1], Err(Refused::Unavailable(_))), "{answers:?}");
        assert!(matches!(answers[2], Err(Refused::Unknown(_))), "{answers:?}");

        conn.execute_batch("DROP TRIGGER fail").expect("a sound store");
        let answers = outcome(&mut log, vec![write(2, 10)]);
        assert!(matches!(answers[0], Err(Refused::Unavailable(_))), "{answers:?}");
        let deleted = log.delete(&Erasure {
            stream: StreamName::new("thing-1"),
            standing: Standing::Revision(0),
            how: Deletion::Soft,
            recorded: false,
        });
        assert!(matches!(deleted, Err(Refused::Unavailable(_))), "{deleted:?}");

        let mut log = Log::on(&conn).expect("opened again");
        assert_eq!(log.newest(), Position(1));
        assert!(outcome(&mut log, vec![write(2, 10)])[0].is_ok());
    }
}
