use std::ops::Bound;

use kernel::{Position, TenantId};

/// The name and the shape of a read model, such as `awards` in version 1. Raise the version when
/// the shape of its rows or what they are made of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Model {
    /// Lower case, unique in the system.
    pub name: &'static str,
    /// From 1.
    pub version: u32,
}

/// One build of a model: a rebuild makes the next one, beside the one that readers see.
pub type Generation = u32;

/// Where a model's rows live: the model and which build of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Which model.
    pub model: Model,
    /// Which build.
    pub generation: Generation,
}

/// What the store knows of a model's builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelState {
    /// What readers see: version and build. None before the first build has caught up.
    pub active: Option<(u32, Generation)>,
    /// What is being built beside it, if anything.
    pub building: Option<(u32, Generation)>,
}

/// The longest id of a row, in bytes.
pub(crate) const LONGEST_ID: usize = 512;

/// Names a row. Rows of one tenant and table sort by `id`, byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Whose row.
    pub tenant: TenantId,
    /// Which table of the model: a short lower-case name.
    pub table: &'static str,
    /// Which row; at most 512 bytes. For an index: the sort key, then the id of what it points to.
    pub id: Vec<u8>,
}

impl Key {
    /// The row of that tenant, table and id.
    #[must_use]
    pub fn new(tenant: TenantId, table: &'static str, id: impl Into<Vec<u8>>) -> Self {
        Self { tenant, table, id: id.into() }
    }
}

/// What a fact does to a read model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sets a row.
    Put {
        /// Which.
        key: Key,
        /// To what; compact bytes, by convention postcard.
        row: Vec<u8>,
    },
    /// Removes a row; nothing happens when there is none.
    Delete {
        /// Which.
        key: Key,
    },
    /// Adds to a counter: a row of eight bytes, signed, most significant first; absent is zero.
    Add {
        /// Which.
        key: Key,
        /// How much.
        by: i64,
    },
    /// Counts a member once: the counter named by the key grows by one if it never saw the member.
    Distinct {
        /// Which counter.
        key: Key,
        /// Who is counted.
        member: [u8; 16],
    },
}

/// A row and its id.
pub type Row = (Vec<u8>, Vec<u8>);

/// A walk over the rows of one tenant and table whose ids start with a prefix.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Whose rows.
    pub tenant: TenantId,
    /// Of which table.
    pub table: &'static str,
    /// Only ids that start so; empty for all.
    pub prefix: Vec<u8>,
    /// Only ids beyond this one, in the direction of the walk.
    pub after: Option<Vec<u8>>,
    /// Only ids short of this one, in the direction of the walk.
    pub before: Option<Vec<u8>>,
    /// Which way.
    pub direction: Direction,
    /// At most so many rows; at most 1,000.
    pub limit: usize,
}

/// From where to where (not included) a walk goes.
pub(crate) type Stretch = (Bound<Vec<u8>>, Vec<u8>);

impl Scan {
    /// From where to where this walk goes among keys that are an id after `start`; none when nothing
    /// can lie between.
    pub(crate) fn stretch(&self, start: &[u8]) -> Option<Stretch> {
        let at = |id: &[u8]| [start, id].concat();
        let (above, below) = match self.direction {
            Direction::Forward => (&self.after, &self.before),
            Direction::Backward => (&self.before, &self.after),
        };
        let mut low = Bound::Included(at(&self.prefix));
        if let Some(above) = above.as_ref().filter(|id| **id >= self.prefix) {
            low = Bound::Excluded(at(above));
        }
        let end = successor(at(&self.prefix))?;
        let high = below.as_ref().map(|id| at(id)).map_or(end.clone(), |below| below.min(end));
        match &low {
            Bound::Included(low) | Bound::Excluded(low) if *low >= high => None,
            _ => Some((low, high)),
        }
    }
}

/// The first bytes that come after everything with this prefix.
fn successor(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// Which way to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the lowest id up.
    Forward,
    /// From the highest id down.
    Backward,
}

/// What [`ReadModels::apply`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All of it.
    Done,
    /// None of it: the checkpoint is elsewhere, because somebody else applied, or this was applied
    /// before.
    Stale {
        /// Where the checkpoint is.
        current: Position,
    },
}

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadModelError {
    /// It cannot be reached or failed.
    #[error("the read models cannot be reached: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The model has never caught up: there is nothing whole to show.
    #[error("the read model {0} is being built: try again later")]
    Building(&'static str),
    /// Rows that were there are gone, or are older than what was seen before. The runner builds the
    /// model anew, or goes on from where it was left.
    #[error("rows of the read model {0} were lost and it is being built anew: try again later")]
    Lost(&'static str),
    /// A row is not what its model wrote.
    #[error("a row of the read model {0} cannot be read: rebuild it")]
    Unreadable(&'static str),
}

/// The read side's store. An adapter keeps these promises, which [`crate::conformance`] tests:
///
/// * `apply` makes all changes and moves the checkpoint, or does neither; on another checkpoint
///   than the expected one it changes nothing and says so. That makes a projection exactly-once
///   and fences a second projector.
/// * Rows of different slots, tenants and tables never meet.
/// * A scan gives rows in byte order of their ids; splitting it into pages changes nothing.
///
/// Rows may lag behind the log and may be lost: they are rebuilt from it. Nothing else may. An adapter
/// that can lose rows while it runs answers [`ReadModelError::Lost`] rather than with what is left.
#[async_trait::async_trait]
pub trait ReadModels: Send + Sync + 'static {
    /// The row, if there is one.
    async fn get(&self, slot: Slot, key: &Key) -> Result<Option<Vec<u8>>, ReadModelError>;

    /// The rows, in the order of the keys.
    async fn get_many(
        &self,
        slot: Slot,
        keys: &[Key],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadModelError>;

    /// The rows of a walk.
    async fn scan(&self, slot: Slot, scan: &Scan) -> Result<Vec<Row>, ReadModelError>;

    /// A counter ([`Change::Add`] or [`Change::Distinct`]); zero when nothing was counted.
    async fn count(&self, slot: Slot, key: &Key) -> Result<i64, ReadModelError>;

    /// Makes the changes in order and moves the checkpoint from `expected` to `next`, or neither.
    async fn apply(
        &self,
        slot: Slot,
        changes: &[Change],
        expected: Position,
        next: Position,
    ) -> Result<Applied, ReadModelError>;

    /// How far the slot has applied the log, as it is now. An adapter that remembers what it saw of a
    /// slot forgets it here; a build that a state names as active and that is gone is
    /// [`ReadModelError::Lost`].
    async fn checkpoint(&self, slot: Slot) -> Result<Position, ReadModelError>;

    /// How far the slot has applied the log, for who asks often: as [`ReadModels::checkpoint`], without
    /// looking whether every row is still there.
    async fn position(&self, slot: Slot) -> Result<Position, ReadModelError> {
        self.checkpoint(slot).await
    }

    /// What is known of a model's builds.
    async fn state(&self, name: &'static str) -> Result<ModelState, ReadModelError>;

    /// Remembers a model's builds.
    async fn set_state(&self, name: &'static str, state: ModelState) -> Result<(), ReadModelError>;

    /// Remembers a model's builds if they are still what they were; tells whether it did.
    async fn change_state(
        &self,
        name: &'static str,
        before: ModelState,
        after: ModelState,
    ) -> Result<bool, ReadModelError>;

    /// Drops every row and the checkpoint of a slot.
    async fn clear(&self, slot: Slot) -> Result<(), ReadModelError>;

    /// Puts what was applied on stable storage, before an orderly shutdown.
    async fn flush(&self) -> Result<(), ReadModelError>;
}
