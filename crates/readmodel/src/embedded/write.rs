//! Two ways into a keyspace, both atomic: a batch through the journal and memory, or, for many rows
//! at once, straight into a sorted file of their own, which costs half the CPU.

use std::{thread, time::Duration};

use fjall::{Database, Keyspace, OwnedWriteBatch, PersistMode, UserValue};

/// With so many files not yet merged, writing waits for merging.
const MOST_FILES: usize = 40;

/// A key and what it holds from now on; none when it goes.
pub(super) type KeyWrite<'a> = (&'a [u8], Option<UserValue>);

/// Makes all the writes or none, through the journal. Each key is there once. Returns the bytes that
/// now wait in memory.
pub(super) fn in_a_batch(
    database: &Database,
    keyspace: &Keyspace,
    writes: Vec<KeyWrite<'_>>,
) -> fjall::Result<u64> {
    let mut bytes = 0;
    let mut batch = OwnedWriteBatch::with_capacity(database.clone(), writes.len())
        .durability(Some(PersistMode::Buffer));
    for (key, value) in writes {
        bytes += key.len() + 64;
        match value {
            Some(value) => {
                bytes += value.len();
                batch.insert(keyspace, key, value);
            }
            None => batch.remove(keyspace, key),
        }
    }
    batch.commit()?;
    Ok(bytes as u64)
}

/// Makes all the writes or none, on stable storage. The keys ascend, each is there once, and nobody
/// else writes to the keyspace meanwhile.
pub(super) fn in_a_file(
    database: &Database,
    keyspace: &Keyspace,
    writes: Vec<KeyWrite<'_>>,
) -> fjall::Result<()> {
    while keyspace.l0_table_count() > MOST_FILES {
        // Where a write failed, nothing is merged any more.
        database.persist(PersistMode::Buffer)?;
        thread::sleep(Duration::from_millis(5));
    }
    let mut file = keyspace.start_ingestion()?;
    for (key, value) in writes {
        match value {
            Some(value) => file.write(key, value)?,
            None => file.write_tombstone(key)?,
        }
    }
    file.finish()
}
