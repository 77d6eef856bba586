//! A fact that a build was made of, kept among its rows: by it the log is known again. A log that
//! was restored from an older backup, or is another one, does not have it.

use eventstore::{EventStore, RecordedEvent, StoreError, StreamId};
use kernel::{Position, Revision, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Change, Key, Model, row};

/// A fact and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    stream: StreamId,
    revision: Revision,
    position: Position,
    id: Uuid,
}

/// The same as a row.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    stream: &'a str,
    revision: u64,
    position: u64,
    id: [u8; 16],
}

impl Anchor {
    pub(super) fn of(fact: &RecordedEvent) -> Self {
        let (stream, revision) = (fact.stream.clone(), fact.revision);
        Self { stream, revision, position: fact.position, id: fact.id }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// The row in which it is kept: no table of a projection has that name.
    pub(super) fn key() -> Key {
        Key::new(TenantId::PLATFORM, "log-anchor", "fact")
    }

    pub(super) fn put(&self) -> Change {
        let (revision, position) = (self.revision, self.position.0);
        let stream = self.stream.as_str();
        row::put(Self::key(), &Stored { stream, revision, position, id: self.id.into_bytes() })
    }

    /// What was put; none when it is no such row.
    pub(super) fn read(model: Model, row: &[u8]) -> Option<Self> {
        let Stored { stream, revision, position, id } = row::read(model, row).ok()?;
        let (stream, position) = (stream.parse().ok()?, Position(position));
        Some(Self { stream, revision, position, id: Uuid::from_bytes(id) })
    }

    /// Whether the log has it.
    pub(super) async fn is_in(&self, log: &dyn EventStore) -> Result<bool, StoreError> {
        match log.read(&self.stream, self.revision, 1).await {
            Ok(facts) => Ok(facts.first().map(Self::of).as_ref() == Some(self)),
            // It had a stream of that name, whose facts are nobody's any more.
            Err(StoreError::Deleted) => Ok(true),
            Err(error) => Err(error),
        }
    }
}
