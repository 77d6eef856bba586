//! Tenants that stand still in a build, or in a policy, each at a fact that cannot be read, while the
//! others go on. They are kept among the rows, so that every process knows them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use eventstore::{EventStore, RecordedEvent, StoreError, StreamId};
use kernel::{Position, Revision, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Change, Direction, Key, Model, ReadModelError, ReadModels, Scan, Slot, row};

/// No table of a projection has that name.
const TABLE: &str = "log-standing";

/// A fact that cannot be read. Nothing of its tenant is applied to the model from there on; where the
/// model is the memory of a policy, the policy does nothing about the tenant's facts from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In which model.
    pub model: Model,
    /// The fact's stream, which tells the tenant.
    pub stream: StreamId,
    /// Where in the stream.
    pub revision: Revision,
    /// Where in the log.
    pub position: Position,
    /// The fact's id.
    pub fact: Uuid,
    /// Its type.
    pub kind: String,
}

#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    stream: &'a str,
    revision: u64,
    position: u64,
    fact: [u8; 16],
    kind: &'a str,
}

impl Standing {
    /// So many tenants may stand still in a model; one more, and all do: then it is not a fact that is
    /// wrong, but the software.
    pub const MOST: usize = 100;

    /// At that fact.
    #[must_use]
    pub fn at(model: Model, fact: &RecordedEvent) -> Self {
        Self {
            model,
            stream: fact.stream.clone(),
            revision: fact.revision,
            position: fact.position,
            fact: fact.id,
            kind: fact.kind.to_string(),
        }
    }

    /// Whose facts stand still.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.stream.tenant()
    }

    fn key(&self) -> Key {
        Key::new(TenantId::PLATFORM, TABLE, self.tenant().bytes())
    }

    /// What keeps it among the rows: one a tenant.
    #[must_use]
    pub fn put(&self) -> Change {
        let (revision, position) = (self.revision, self.position.0);
        let (stream, fact, kind) = (self.stream.as_str(), self.fact.into_bytes(), &*self.kind);
        row::put(self.key(), &Stored { stream, revision, position, fact, kind })
    }

    /// What takes it out of the rows: the tenant goes on.
    #[must_use]
    pub fn delete(&self) -> Change {
        Change::Delete { key: self.key() }
    }

    /// Those that are kept among the rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn all(models: &dyn ReadModels, slot: Slot) -> Result<Vec<Self>, ReadModelError> {
        let scan = Scan {
            tenant: TenantId::PLATFORM,
            table: TABLE,
            prefix: Vec::new(),
            after: None,
            before: None,
            direction: Direction::Forward,
            limit: Self::MOST + 1,
        };
        let rows = models.scan(slot, &scan).await?;
        rows.iter().map(|(_, row)| Self::read(slot.model, row)).collect()
    }

    fn read(model: Model, row: &[u8]) -> Result<Self, ReadModelError> {
        let Stored { stream, revision, position, fact, kind } = row::read(model, row)?;
        let stream = stream.parse().map_err(|_| ReadModelError::Unreadable(model.name))?;
        let (fact, kind) = (Uuid::from_bytes(fact), kind.to_owned());
        Ok(Self { model, stream, revision, position: Position(position), fact, kind })
    }

    /// The fact as it is in the log now.
    ///
    /// # Errors
    /// When the log cannot be read, or the stream was deleted.
    pub async fn look_up(&self, log: &dyn EventStore) -> Result<Option<RecordedEvent>, StoreError> {
        Ok(log.read(&self.stream, self.revision, 1).await?.pop())
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream, position, kind, .. } = self;
        write!(f, "the fact {kind} at position {position} in {stream} cannot be read")
    }
}

/// Those of one build.
pub(super) type Stands = Arc<BTreeMap<TenantId, Standing>>;

/// What this process knows of who stands still.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<BTreeMap<Slot, Stands>>);

impl Standings {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Slot, Stands>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, slot: Slot) -> Stands {
        self.all().get(&slot).cloned().unwrap_or_default()
    }

    pub(super) fn forget(&self, slot: Slot) {
        self.all().remove(&slot);
    }

    pub(super) fn add(&self, slot: Slot, standing: Standing) {
        let mut all = self.all();
        let stands = all.entry(slot).or_default();
        Arc::make_mut(stands).insert(standing.tenant(), standing);
    }

    /// Learns what other processes found.
    pub(super) async fn learn(
        &self,
        models: &dyn ReadModels,
        slot: Slot,
    ) -> Result<(), ReadModelError> {
        let all = Standing::all(models, slot).await?;
        let read = all.into_iter().map(|it| (it.tenant(), it)).collect();
        self.all().insert(slot, Arc::new(read));
        Ok(())
    }
}
