//! One build of one model: a keyspace, its table numbers and its checkpoint.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, Readable, Snapshot, UserValue,
    compaction::Leveled,
    config::{BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry},
};
use kernel::Position;

use super::{
    EmbeddedOptions, fold,
    keys::{self, Table},
    unavailable, write,
};
use crate::{
    Applied, Change, Direction, Key, ReadModelError, Row, Scan,
    effect::{Effect, count},
    port::LONGEST_ID,
};

/// Most rows of one scan.
const MOST_ROWS: usize = 1000;
/// So many files are merged at once.
const FILES_TO_MERGE: u8 = 10;
/// Rows in memory below this many bytes are left to the journal on an orderly shutdown.
const WORTH_WRITING_OUT: u64 = 256 << 10;

pub(super) struct SlotStore {
    model: &'static str,
    keyspace: Keyspace,
    tables: RwLock<BTreeMap<String, Table>>,
    /// Held while applying; none once the slot was cleared.
    checkpoint: Mutex<Option<Position>>,
    /// Bytes written since the rows in memory were last written out.
    written: AtomicU64,
    /// As in [`EmbeddedOptions::bulk`].
    bulk: usize,
}

/// Why a change cannot be stored.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the id of a row in {0} is longer than 512 bytes: shorten what it is made of")]
    LongId(&'static str),
    #[error("the read model has more than 127 tables: split it")]
    ManyTables,
}

impl SlotStore {
    pub(super) fn open(
        database: &Database,
        name: &str,
        model: &'static str,
        options: &EmbeddedOptions,
    ) -> Result<Self, ReadModelError> {
        let bits = FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(10.0));
        // Merging seldom makes a rebuild a third cheaper; a read looks into a few more filters.
        let merging = Leveled::default().with_l0_threshold(FILES_TO_MERGE);
        let create = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(options.memtable)
                .compaction_strategy(Arc::new(merging))
                .filter_policy(FilterPolicy::all(bits))
        };
        let keyspace = database.keyspace(name, create).map_err(unavailable)?;
        let checkpoint = match keyspace.get(keys::CHECKPOINT).map_err(unavailable)? {
            None => Position::START,
            Some(bytes) => {
                let bytes = bytes.as_ref().try_into();
                Position(u64::from_be_bytes(bytes.map_err(|_| ReadModelError::Unreadable(model))?))
            }
        };
        let mut tables = BTreeMap::new();
        for entry in keyspace.prefix(keys::TABLES) {
            let (key, number) = entry.into_inner().map_err(unavailable)?;
            let name = key.get(keys::TABLES.len()..).and_then(|name| str::from_utf8(name).ok());
            let (Some(name), [number]) = (name, &*number) else {
                return Err(ReadModelError::Unreadable(model));
            };
            tables.insert(name.to_owned(), *number);
        }
        let (tables, checkpoint) = (RwLock::new(tables), Mutex::new(Some(checkpoint)));
        Ok(Self {
            model,
            keyspace,
            tables,
            checkpoint,
            written: AtomicU64::new(0),
            bulk: options.bulk,
        })
    }

    fn table(&self, name: &str) -> Option<Table> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Position>> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn checkpoint(&self) -> Position {
        self.lock().unwrap_or(Position::START)
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        let Some(table) = self.table(key.table) else { return Ok(None) };
        let row = self.keyspace.get(keys::row(table, key)).map_err(unavailable)?;
        Ok(row.map(|row| row.to_vec()))
    }

    pub(super) fn get_many(
        &self,
        snapshot: &Snapshot,
        keys: &[Key],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        let get = |key: &Key| {
            let Some(table) = self.table(key.table) else { return Ok(None) };
            let row = snapshot.get(&self.keyspace, keys::row(table, key)).map_err(unavailable)?;
            Ok(row.map(|row| row.to_vec()))
        };
        keys.iter().map(get).collect()
    }

    pub(super) fn count(&self, key: &Key) -> Result<i64, ReadModelError> {
        let Some(table) = self.table(key.table) else { return Ok(0) };
        match self.keyspace.get(keys::row(table, key)).map_err(unavailable)? {
            None => Ok(0),
            Some(row) => row
                .as_ref()
                .try_into()
                .map(i64::from_be_bytes)
                .map_err(|_| ReadModelError::Unreadable(self.model)),
        }
    }

    pub(super) fn scan(
        &self,
        snapshot: &Snapshot,
        scan: &Scan,
    ) -> Result<Vec<Row>, ReadModelError> {
        let Some(table) = self.table(scan.table) else { return Ok(Vec::new()) };
        let Some(range) = keys::range(table, scan) else { return Ok(Vec::new()) };
        let rows = snapshot.range(&self.keyspace, range);
        let limit = scan.limit.min(MOST_ROWS);
        let read = |entry: fjall::Guard| {
            let (key, row) = entry.into_inner().map_err(unavailable)?;
            Ok((keys::id(&key).to_vec(), row.to_vec()))
        };
        match scan.direction {
            Direction::Forward => rows.take(limit).map(read).collect(),
            Direction::Backward => rows.rev().take(limit).map(read).collect(),
        }
    }

    /// None when the slot was cleared: the caller finds the slot anew.
    pub(super) fn apply(
        &self,
        database: &Database,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Option<Applied>, ReadModelError> {
        let mut checkpoint = self.lock();
        match *checkpoint {
            None => return Ok(None),
            Some(current) if current != expected => return Ok(Some(Applied::Stale { current })),
            Some(_) => {}
        }
        let fresh = self.number_new_tables(changes)?;
        let known = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        // Zero cannot come up: every table of the changes is known or fresh.
        let table = |name: &str| known.get(name).or_else(|| fresh.get(name)).copied().unwrap_or(0);

        let members = fold::members(changes, table);
        let mut new_members = Vec::new();
        for (key, index) in members.iter() {
            if !self.keyspace.contains_key(key).map_err(unavailable)? {
                new_members.push((index, key));
            }
        }
        let mut counted: Vec<usize> = new_members.iter().map(|(index, _)| *index).collect();
        counted.sort_unstable();
        let is_new = |index| counted.binary_search(&index).is_ok();
        let effects = fold::effects(changes, table, is_new);
        let names: Vec<_> =
            fresh.iter().map(|(name, number)| (keys::table(name), *number)).collect();

        // In the order of the keys.
        let mut writes = Vec::with_capacity(1 + names.len() + effects.len() + members.len());
        writes.push((keys::CHECKPOINT, Some(next.0.to_be_bytes().into())));
        writes.extend(names.iter().map(|(key, number)| (&key[..], Some([*number].into()))));
        for (key, effect) in effects.iter() {
            writes.push((key, self.outcome(key, effect)?));
        }
        writes.extend(new_members.iter().map(|(_, key)| (*key, Some(UserValue::default()))));
        let written = if writes.len() < self.bulk {
            write::in_a_batch(database, &self.keyspace, writes).map_err(unavailable)?
        } else {
            write::in_a_file(database, &self.keyspace, writes).map_err(unavailable)?;
            0
        };
        drop(known);
        if !fresh.is_empty() {
            let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
            tables.extend(fresh.into_iter().map(|(name, number)| (name.to_owned(), number)));
        }
        *checkpoint = Some(next);
        self.written.fetch_add(written, Relaxed);
        Ok(Some(Applied::Done))
    }

    /// What a row is after an effect; none when it is gone.
    fn outcome(&self, key: &[u8], effect: Effect) -> Result<Option<UserValue>, ReadModelError> {
        Ok(match effect {
            Effect::Put(row) => Some(row.into()),
            Effect::Delete => None,
            Effect::Count(count) => Some(count.to_be_bytes().into()),
            Effect::Add(by) => {
                let stored = self.keyspace.get(key).map_err(unavailable)?;
                let stored = stored.map_or(0, |row| count(&row));
                Some(stored.saturating_add(by).to_be_bytes().into())
            }
        })
    }

    /// Numbers for the tables that no batch has named before; refuses ids that are too long.
    fn number_new_tables(
        &self,
        changes: &[Change],
    ) -> Result<BTreeMap<&'static str, Table>, ReadModelError> {
        let known = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = BTreeMap::new();
        for change in changes {
            let (Change::Put { key, .. }
            | Change::Delete { key }
            | Change::Add { key, .. }
            | Change::Distinct { key, .. }) = change;
            if key.id.len() > LONGEST_ID {
                return Err(unavailable(Refused::LongId(key.table)));
            }
            if !known.contains_key(key.table) && !fresh.contains_key(key.table) {
                let number = Table::try_from(known.len() + fresh.len() + 1).ok();
                let number = number.filter(|number| *number <= keys::LAST_TABLE);
                fresh.insert(key.table, number.ok_or_else(|| unavailable(Refused::ManyTables))?);
            }
        }
        Ok(fresh)
    }

    /// Drops the keyspace; whoever still reads it finishes on what was there.
    pub(super) fn drop_rows(&self, database: &Database) -> Result<(), ReadModelError> {
        let mut checkpoint = self.lock();
        if checkpoint.is_some() {
            database.delete_keyspace(self.keyspace.clone()).map_err(unavailable)?;
            *checkpoint = None;
        }
        Ok(())
    }

    /// Bytes applied since the rows in memory were last written out.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// Writes out the rows in memory, so that reopening need not replay them; few are left to the
    /// journal. Returns when they are written.
    pub(super) fn write_out(&self) -> Result<(), ReadModelError> {
        if self.is_worth_writing_out() {
            self.keyspace.rotate_memtable_and_wait().map_err(unavailable)?;
            self.written.store(0, Relaxed);
        }
        Ok(())
    }

    /// Has the rows in memory written out, to give the memory back.
    pub(super) fn write_out_later(&self) -> Result<(), ReadModelError> {
        if self.is_worth_writing_out() {
            self.keyspace.rotate_memtable().map_err(unavailable)?;
            self.written.store(0, Relaxed);
        }
        Ok(())
    }

    fn is_worth_writing_out(&self) -> bool {
        self.lock().is_some() && self.written() >= WORTH_WRITING_OUT
    }
}
