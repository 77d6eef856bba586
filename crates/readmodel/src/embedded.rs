//! The read models on one machine, in fjall.
//!
//! A slot is a keyspace of its own: dropping a build is dropping a folder. Rows, counters, counted
//! members, table names and the checkpoint of a slot are written in one atomic batch.
//!
//! `apply` does not wait for stable storage (but for bulk, see [`EmbeddedOptions::bulk`]). The checkpoint is in the same batch as the rows, and
//! the journal is one sequence: after a power cut a tail may be missing, checkpoint included, and
//! is projected again from the log.
//!
//! Nothing is written where the disk is full or the folder takes nothing: fjall takes no more writes
//! after one that failed, until it is opened again. Where it happens all the same, the store is opened
//! again as soon as the folder takes something.

mod fold;
mod house;
mod housekeeping;
mod keys;
mod room;
mod slot;
mod write;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use kernel::Position;

pub use self::room::{NoRoom, Room};
use self::{house::House, housekeeping::Housekeeper, slot::SlotStore};
use crate::{
    Applied, Change, Key, ModelState, ReadModelError, ReadModels, Row, Scan, Slot,
    at_length::{MANY, at_length},
};

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder; made when absent. One process at a time holds it.
    pub path: PathBuf,
    /// Bytes of blocks kept in memory, for all models together.
    pub cache: u64,
    /// Bytes of a slot's newest rows kept in memory until they are written out sorted. Holds for
    /// slots made from now on.
    pub memtable: u64,
    /// From so many rows of one `apply` on, they go into a sorted file of their own rather than
    /// through journal and memory: half the CPU a row, for the fixed cost of some flushes to disk.
    pub bulk: usize,
    /// Threads that write out and merge. With more than one, fjall lets one spin while another
    /// merges.
    pub workers: usize,
    /// Bytes that the disk has to have free for anything to be written: what waits in memory finds
    /// room all the same.
    pub reserve: u64,
}

impl EmbeddedOptions {
    /// The store in this folder, with modest memory: 16 MiB of blocks, 8 MiB a slot while it is
    /// being written to, one thread. 32 MiB of the disk stay free.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (cache, memtable, reserve) = (16 << 20, 8 << 20, 32 << 20);
        Self { path: path.into(), cache, memtable, bulk: 4000, workers: 1, reserve }
    }
}

/// The store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "the read models in {path} cannot be opened: end the other process that holds the folder, or remove it to have them rebuilt"
)]
pub struct OpenError {
    /// Where.
    pub path: PathBuf,
    #[source]
    source: fjall::Error,
}

/// The smallest journal that fjall allows: reopening reads it.
const JOURNAL: u64 = 64 << 20;
/// The keyspace of the models' states; no slot is called so.
const STATES: &str = "states";

/// The read models on one machine.
pub struct Embedded {
    /// First, so that its thread ends before the store closes.
    _housekeeper: Housekeeper,
    house: Arc<House>,
}

struct Store {
    database: Database,
    states: Keyspace,
    /// Held while a state is compared and changed.
    changing: Mutex<()>,
    options: EmbeddedOptions,
    slots: RwLock<HashMap<Slot, Arc<SlotStore>>>,
}

impl Embedded {
    /// Opens the store, making it when absent.
    ///
    /// # Errors
    /// [`OpenError`] when the folder cannot be used or another process holds it.
    pub fn open(options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let failed = |source| OpenError { path: options.path.clone(), source };
        let store = Arc::new(Store::open(options).map_err(failed)?);
        let house = Arc::new(House::of(store, options.clone()));
        let housekeeper =
            Housekeeper::start(&house).map_err(|source| failed(fjall::Error::Io(source)))?;
        Ok(Self { _housekeeper: housekeeper, house })
    }
}

impl Store {
    fn open(options: &EmbeddedOptions) -> fjall::Result<Self> {
        let database = Database::builder(&options.path)
            .cache_size(options.cache)
            .worker_threads(options.workers.max(1))
            .max_journaling_size(JOURNAL)
            .open()?;
        let small = || KeyspaceCreateOptions::default().max_memtable_size(1 << 20);
        let states = database.keyspace(STATES, small)?;
        let (slots, changing) = (RwLock::default(), Mutex::default());
        Ok(Self { database, states, changing, options: options.clone(), slots })
    }

    /// Whether it does: after a write that failed, fjall refuses all others.
    fn takes_writes(&self) -> bool {
        self.database.persist(PersistMode::Buffer).is_ok()
    }

    /// The slot, when anything was ever applied to it.
    fn slot(&self, slot: Slot) -> Result<Option<Arc<SlotStore>>, ReadModelError> {
        let known = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&slot).cloned();
        if known.is_some() || !self.database.keyspace_exists(&name(slot)) {
            return Ok(known);
        }
        self.slot_or_new(slot).map(Some)
    }

    fn slot_or_new(&self, slot: Slot) -> Result<Arc<SlotStore>, ReadModelError> {
        if let Some(known) = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&slot) {
            return Ok(known.clone());
        }
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slots.get(&slot) {
            return Ok(known.clone());
        }
        let store = SlotStore::open(&self.database, &name(slot), slot.model.name, &self.options)?;
        let store = Arc::new(store);
        slots.insert(slot, store.clone());
        Ok(store)
    }

    fn all_slots(&self) -> Vec<Arc<SlotStore>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn apply(
        &self,
        slot: Slot,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Applied, ReadModelError> {
        loop {
            let store = self.slot_or_new(slot)?;
            if let Some(applied) = store.apply(&self.database, changes, expected, next)? {
                return Ok(applied);
            }
            // Cleared in between: `clear` is about to take it off the list.
            std::thread::yield_now();
        }
    }

    fn clear(&self, slot: Slot) -> Result<(), ReadModelError> {
        let Some(store) = self.slot(slot)? else { return Ok(()) };
        store.drop_rows(&self.database)?;
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        if slots.get(&slot).is_some_and(|listed| Arc::ptr_eq(listed, &store)) {
            slots.remove(&slot);
        }
        Ok(())
    }

    fn state(&self, name: &'static str) -> Result<ModelState, ReadModelError> {
        let Some(bytes) = self.states.get(name).map_err(unavailable)? else {
            return Ok(ModelState::default());
        };
        let (active, building): (Build, Build) =
            postcard::from_bytes(&bytes).map_err(|_| ReadModelError::Unreadable(name))?;
        Ok(ModelState { active, building })
    }

    fn set_state(&self, name: &'static str, state: ModelState) -> Result<(), ReadModelError> {
        let bytes = postcard::to_stdvec(&(state.active, state.building)).map_err(unavailable)?;
        self.states.insert(name, bytes).map_err(unavailable)?;
        // Before what it no longer names may be cleared.
        self.database.persist(PersistMode::SyncAll).map_err(unavailable)
    }

    fn flush(&self) -> Result<(), ReadModelError> {
        // A store that takes no writes would be waited for in vain.
        self.database.persist(PersistMode::Buffer).map_err(unavailable)?;
        for slot in self.all_slots() {
            slot.write_out()?;
        }
        self.database.persist(PersistMode::SyncAll).map_err(unavailable)
    }
}

fn name(slot: Slot) -> String {
    format!("{}.v{}.{}", slot.model.name, slot.model.version, slot.generation)
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ReadModelError {
    ReadModelError::Unavailable(error.into())
}

type Build = Option<(u32, u32)>;

#[async_trait::async_trait]
impl ReadModels for Embedded {
    async fn get(&self, slot: Slot, key: &Key) -> Result<Option<Vec<u8>>, ReadModelError> {
        self.house.store()?.slot(slot)?.map_or(Ok(None), |store| store.get(key))
    }

    async fn get_many(
        &self,
        slot: Slot,
        keys: &[Key],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadModelError> {
        let store = self.house.store()?;
        let Some(rows) = store.slot(slot)? else { return Ok(vec![None; keys.len()]) };
        rows.get_many(&store.database.snapshot(), keys)
    }

    async fn scan(&self, slot: Slot, scan: &Scan) -> Result<Vec<Row>, ReadModelError> {
        let store = self.house.store()?;
        let Some(rows) = store.slot(slot)? else { return Ok(Vec::new()) };
        rows.scan(&store.database.snapshot(), scan)
    }

    async fn count(&self, slot: Slot, key: &Key) -> Result<i64, ReadModelError> {
        self.house.store()?.slot(slot)?.map_or(Ok(0), |store| store.count(key))
    }

    async fn apply(
        &self,
        slot: Slot,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Applied, ReadModelError> {
        let store = self.house.store_with_room()?;
        let work = || store.apply(slot, changes, expected, next);
        if changes.len() < MANY { work() } else { at_length(work) }
    }

    async fn checkpoint(&self, slot: Slot) -> Result<Position, ReadModelError> {
        Ok(self.house.store()?.slot(slot)?.map_or(Position::START, |store| store.checkpoint()))
    }

    async fn state(&self, name: &'static str) -> Result<ModelState, ReadModelError> {
        self.house.store()?.state(name)
    }

    async fn set_state(&self, name: &'static str, state: ModelState) -> Result<(), ReadModelError> {
        let store = self.house.store_with_room()?;
        at_length(|| store.set_state(name, state))
    }

    async fn change_state(
        &self,
        name: &'static str,
        before: ModelState,
        after: ModelState,
    ) -> Result<bool, ReadModelError> {
        let store = self.house.store_with_room()?;
        at_length(|| {
            let _changing = store.changing.lock().unwrap_or_else(PoisonError::into_inner);
            let unchanged = store.state(name)? == before;
            if unchanged {
                store.set_state(name, after)?;
            }
            Ok(unchanged)
        })
    }

    async fn clear(&self, slot: Slot) -> Result<(), ReadModelError> {
        let store = self.house.store_with_room()?;
        at_length(|| store.clear(slot))
    }

    async fn flush(&self) -> Result<(), ReadModelError> {
        let store = self.house.store_with_room()?;
        at_length(|| store.flush())
    }
}
