//! Which facts are of which tenant and category: a second file that a thread of its own writes
//! behind the log, out of the way of appends. It can be lost and is then made again.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
};

use kernel::TenantId;
use rusqlite::Connection;

use super::{
    Failure,
    lookup::{number_of_category, number_of_tenant},
    names::Names,
    schema::{self, integer},
};
/// So many facts are indexed together. Fewer at the end of the log are scanned instead.
pub(super) const CHUNK: u64 = 4096;

const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE progress (store BLOB NOT NULL, pos INTEGER NOT NULL) STRICT;
    CREATE TABLE tenants (id INTEGER PRIMARY KEY, tenant BLOB NOT NULL UNIQUE) STRICT;
    CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE by_tenant (
        tenant INTEGER, pos INTEGER, category INTEGER NOT NULL, PRIMARY KEY (tenant, pos)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE by_category (
        category INTEGER, pos INTEGER, PRIMARY KEY (category, pos)
    ) STRICT, WITHOUT ROWID;
";

const WRITING: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -16384;
    PRAGMA trusted_schema = OFF;
";

/// Opens the index of this store, or makes an empty one when there is none, or none that fits.
pub(super) fn open(folder: &Path, log: &Connection) -> Result<(Connection, u64), Failure> {
    let store = schema::store_id(log)?;
    if let Ok((index, indexed)) = open_existing(folder, &store)
        && indexed <= schema::newest(log)?
    {
        return Ok((index, indexed));
    }
    let file = schema::index_file(folder);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        match fs::remove_file(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let index = Connection::open(&file)?;
    schema::plan_once(&index)?;
    index.execute_batch(WRITING)?;
    index.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION};"))?;
    index.execute("INSERT INTO progress VALUES (?1, 0)", [&store])?;
    index.execute_batch("COMMIT")?;
    Ok((index, 0))
}

fn open_existing(folder: &Path, store: &[u8]) -> Result<(Connection, u64), Failure> {
    let index = Connection::open(schema::index_file(folder))?;
    if schema::number(&index, "PRAGMA user_version")? != VERSION {
        return Err("an index of another version".into());
    }
    schema::plan_once(&index)?;
    index.execute_batch(WRITING)?;
    let indexed: i64 =
        index.query_row("SELECT pos FROM progress WHERE store = ?1", [store], |row| row.get(0))?;
    Ok((index, indexed.cast_unsigned()))
}

/// What the index's thread works with.
pub(super) struct Indexer {
    /// A connection that reads the log.
    pub log: Connection,
    /// The connection that writes the index.
    pub index: Connection,
    /// Up to where the index is complete.
    pub indexed: Arc<AtomicU64>,
}

/// The index's thread: catches up when woken, until nobody can wake it any more.
pub(super) fn run(indexer: Indexer, wake: &Receiver<()>) {
    let Indexer { log, index, indexed } = indexer;
    let (mut names, mut numbers) = (Names::new(), Numbers::default());
    let mut at = indexed.load(Ordering::Acquire);
    while wake.recv().is_ok() {
        loop {
            match next_chunk(&log, &index, &mut names, &mut numbers, at) {
                Ok(reached) if reached == at => break,
                Ok(reached) => {
                    at = reached;
                    indexed.store(at, Ordering::Release);
                }
                Err(error) => {
                    numbers = Numbers::default();
                    tracing::warn!(%error, "the index of the event store could not be extended");
                    break;
                }
            }
            if wake.try_recv() == Err(TryRecvError::Disconnected) {
                return;
            }
        }
    }
}

/// Indexes one whole chunk, when there is one, and says how far the index now goes.
fn next_chunk(
    log: &Connection,
    index: &Connection,
    names: &mut Names,
    numbers: &mut Numbers,
    at: u64,
) -> Result<u64, Failure> {
    let upto = at + CHUNK;
    if schema::newest(log)? < upto {
        return Ok(at);
    }
    let transaction = index.unchecked_transaction()?;
    {
        let mut by_tenant = index.prepare_cached("INSERT INTO by_tenant VALUES (?1, ?2, ?3)")?;
        let mut by_category = index.prepare_cached("INSERT INTO by_category VALUES (?1, ?2)")?;
        let mut facts =
            log.prepare_cached("SELECT pos, stream FROM events WHERE pos > ?1 AND pos <= ?2")?;
        let mut rows = facts.query((integer(at), integer(upto)))?;
        while let Some(row) = rows.next()? {
            let (position, stream): (i64, i64) = (row.get(0)?, row.get(1)?);
            let stream = names.stream(log, stream)?;
            let Some(stream) = stream.ours() else { continue };
            let tenant = numbers.tenant(index, stream.tenant())?;
            let category = numbers.category(index, stream.category())?;
            by_tenant.execute((tenant, position, category))?;
            by_category.execute((category, position))?;
        }
    }
    index.execute("UPDATE progress SET pos = ?1", [integer(upto)])?;
    transaction.commit()?;
    Ok(upto)
}

/// The numbers of tenants and categories in the index.
#[derive(Default)]
struct Numbers {
    tenants: HashMap<TenantId, i64>,
    categories: HashMap<String, i64>,
}

/// The most tenants remembered at a time.
const TENANTS: usize = 100_000;

impl Numbers {
    fn tenant(&mut self, index: &Connection, tenant: TenantId) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.tenants.get(&tenant) {
            return Ok(*number);
        }
        if self.tenants.len() >= TENANTS {
            self.tenants.clear();
        }
        let bytes = tenant.bytes();
        index.execute("INSERT OR IGNORE INTO tenants (tenant) VALUES (?1)", [bytes.as_slice()])?;
        let number =
            number_of_tenant(index, tenant)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        self.tenants.insert(tenant, number);
        Ok(number)
    }

    fn category(&mut self, index: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.categories.get(name) {
            return Ok(*number);
        }
        index.execute("INSERT OR IGNORE INTO categories (name) VALUES (?1)", [name])?;
        let number =
            number_of_category(index, name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        self.categories.insert(name.to_owned(), number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use kernel::Position;
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::{
        super::{
            fact::fact,
            log::Log,
            port,
            reader::{Known, Reader},
        },
        *,
    };
    use crate::{Expected, Filter, NewEvent, RecordedEvent, StreamId, Write};

    fn tenant(n: u64) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n.into()))
    }

    /// Three chunks and a tail: a busy tenant, and one fact in 500 of a quiet tenant and category.
    fn fill(log: &mut Log<'_>) -> Vec<RecordedEvent> {
        let write = |n: u64| {
            let quiet = n % 500 == 7;
            let (category, tenant) = if quiet { ("rare", tenant(2)) } else { ("many", tenant(1)) };
            let kind = "made.v1".to_owned();
            let id = Uuid::from_u128(u128::from(n) + 1);
            let events = vec![NewEvent { id, kind, data: vec![b' '; 10], metadata: Vec::new() }];
            let stream = StreamId::named(category, tenant, n);
            port::batch(Write { stream, expected: Expected::NoStream, events })
        };
        let (answers, facts) = log.append(vec![(0..3 * CHUNK + 1000).map(write).collect()]);
        assert!(answers.iter().flatten().all(Result::is_ok));
        facts.iter().filter_map(|record| fact(record)).collect()
    }

    #[test]
    fn a_read_finds_the_same_with_the_index_as_without() {
        let folder = TempDir::new().expect("a folder");
        let conn = schema::open_log(folder.path()).expect("a store");
        let mut log = Log::on(&conn).expect("a log");
        let facts = fill(&mut log);
        let head = log.newest();

        let (index, indexed) = open(folder.path(), &conn).expect("an index");
        assert_eq!(indexed, 0);
        let (mut names, mut numbers) = (Names::new(), Numbers::default());
        let mut at = 0;
        while let Ok(reached) = next_chunk(&conn, &index, &mut names, &mut numbers, at)
            && reached > at
        {
            at = reached;
        }
        assert_eq!(at, 3 * CHUNK, "whole chunks are indexed");
        drop(index);
        let (_index, indexed) = open(folder.path(), &conn).expect("the index again");
        assert_eq!(indexed, at, "the index is kept");

        let mut reader = Reader::open(folder.path()).expect("a reader");
        for filter in [
            Filter::every_tenant(&["rare"]),
            Filter::every_tenant(&["many", "rare"]),
            Filter::every_tenant(&["none"]),
            Filter::tenant(tenant(1), &[]),
            Filter::tenant(tenant(2), &[]),
            Filter::tenant(tenant(2), &["rare", "none"]),
            Filter::tenant(tenant(2), &["many"]),
            Filter::tenant(tenant(3), &[]),
        ] {
            let admitted = facts.iter().filter(|fact| filter.admits(&fact.stream));
            let wanted: Vec<u64> = admitted.map(|fact| fact.position.0).collect();
            for (indexed, size) in [(0, 100), (at, 1), (at, 10), (at, 1000)] {
                let size = if wanted.len() > 1000 { size.max(100) } else { size };
                let (mut found, mut after, mut pages) = (Vec::new(), Position(0), 0);
                loop {
                    let known = Known { head, indexed };
                    let page = reader.page(after, &filter, size, known).expect("a page");
                    assert!(page.facts.len() <= size);
                    found.extend(page.facts.iter().map(|fact| fact.position.0));
                    (after, pages) = (page.next, pages + 1);
                    if page.at_head {
                        break;
                    }
                }
                assert_eq!(found, wanted, "{filter:?}, indexed to {indexed}, pages of {size}");
                assert!(pages <= wanted.len() / size + 3, "{filter:?} in {pages} pages");
                assert_eq!(after, head);
            }
        }
    }

    #[test]
    fn the_thread_indexes_when_woken_and_ends_when_nobody_can_wake_it() {
        let folder = TempDir::new().expect("a folder");
        let conn = schema::open_log(folder.path()).expect("a store");
        fill(&mut Log::on(&conn).expect("a log"));
        let (index, _) = open(folder.path(), &conn).expect("an index");
        let indexed = Arc::new(AtomicU64::new(0));
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        wake.send(()).expect("there is room");
        drop(wake);
        run(Indexer { log: conn, index, indexed: Arc::clone(&indexed) }, &woken);
        assert_eq!(
            indexed.load(Ordering::Acquire),
            CHUNK,
            "one chunk, and then it was told to end"
        );
    }

    #[test]
    fn an_index_that_does_not_belong_to_the_log_is_made_again() {
        let folder = TempDir::new().expect("a folder");
        let conn = schema::open_log(folder.path()).expect("a store");
        let fresh = || open(folder.path(), &conn).expect("an index");
        let (index, _) = fresh();
        index.execute("UPDATE progress SET pos = 5", []).expect("ahead of the log");
        drop(index);
        assert_eq!(fresh().1, 0, "the log was restored to before the index");

        let (index, _) = fresh();
        index.execute("UPDATE progress SET store = x'00'", []).expect("of another store");
        drop(index);
        assert_eq!(fresh().1, 0, "the index came from elsewhere");

        fs::write(schema::index_file(folder.path()), vec![7; 9000]).expect("damaged");
        assert_eq!(fresh().1, 0, "the index is damaged");
    }
}
