use std::{
    any::Any,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use futures_util::Stream;
use kernel::{Envelope, Fact, Id, InvalidId, Kind, Position, Revision, TenantId};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{StreamId, Unreadable, codec::decode};

/// The log. An adapter keeps these promises, which [`crate::conformance`] tests:
///
/// * An append is acknowledged after it is on stable storage, never before.
/// * A write touches one stream and happens wholly or not at all. Writes sent together may share a
///   flush; each has its own outcome and none depends on another.
/// * A write happens only on the revision that it expects. Sending the same event ids again on the
///   same expected revision is answered as the first time, with [`Appended::repeated`].
/// * Positions grow with each fact; whoever has seen a position has seen all before it. By how much
///   they grow is the store's own affair: see [`EventStore::stride`].
/// * No call without a scope: a stream name holds its tenant, and [`Filter`] says whose facts.
#[async_trait::async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Appends to one or more streams; the outcomes are in the order of the writes. No two writes
    /// of one call may name the same stream: the later one is answered as a conflict.
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>>;

    /// At most `max` facts of a stream from that revision on; none when it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Deleted`] for a tombstoned stream, [`StoreError::Unavailable`].
    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError>;

    /// At most `max` facts after that position that the filter lets through, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError>;

    /// Everything after that position that the filter lets through, now and from now on: batches of
    /// facts in order, checkpoints over what the filter left out, and a signal on catching up.
    /// Ends with an error when the store fails or shuts down; the caller subscribes again from its
    /// last position.
    fn subscribe(&self, after: Position, filter: Filter) -> Signals;

    /// The position of the newest fact.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn head(&self) -> Result<Position, StoreError>;

    /// About how many positions one fact takes: one where positions count facts, more where they
    /// are places in a file. For estimates, such as of a lag in facts.
    fn stride(&self) -> u64 {
        1
    }

    /// Deletes a stream at the revision expected: its facts are read no more. Positions of other
    /// facts do not change. When [`EventStore::read_all`] and the disk lose them is told by the
    /// adapter: at once, or when the store is next cleaned up.
    ///
    /// # Errors
    /// As for a write.
    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError>;
}

/// What [`EventStore::subscribe`] gives.
pub type Signals = Pin<Box<dyn Stream<Item = Result<Signal, StoreError>> + Send>>;

/// News from a subscription.
#[derive(Clone, Debug)]
pub enum Signal {
    /// The next facts, in order; never empty.
    Facts(Vec<RecordedEvent>),
    /// Everything up to here was considered, and what the filter lets through was given.
    Checkpoint(Position),
    /// The subscriber has seen all there was up to here; what follows happens from now on.
    CaughtUp(Position),
}

/// Which facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Whose.
    pub scope: Scope,
    /// Of which categories; of all when empty.
    pub categories: Vec<&'static str>,
}

impl Filter {
    /// The facts of one tenant in these categories.
    #[must_use]
    pub fn tenant(tenant: TenantId, categories: &[&'static str]) -> Self {
        Self { scope: Scope::Tenant(tenant), categories: categories.to_vec() }
    }

    /// The facts of all tenants in these categories: for projections and policies, which keep them
    /// apart again by [`RecordedEvent::stream`].
    #[must_use]
    pub fn every_tenant(categories: &[&'static str]) -> Self {
        Self { scope: Scope::EveryTenant, categories: categories.to_vec() }
    }

    /// Whether a fact of this stream passes.
    #[must_use]
    pub fn admits(&self, stream: &StreamId) -> bool {
        let ours = match self.scope {
            Scope::Tenant(tenant) => stream.tenant() == tenant,
            Scope::EveryTenant => true,
        };
        ours && (self.categories.is_empty() || self.categories.contains(&stream.category()))
    }
}

/// Whose facts a read concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One tenant's.
    Tenant(TenantId),
    /// Everybody's.
    EveryTenant,
}

/// Facts and how far was looked.
#[derive(Clone, Debug)]
pub struct Page {
    /// The facts, in order.
    pub facts: Vec<RecordedEvent>,
    /// Everything up to here was considered; read on after it. The head when nothing is left.
    pub next: Position,
    /// Whether the head was reached.
    pub at_head: bool,
}

/// Facts to append to one stream.
#[derive(Clone, Debug)]
pub struct Write {
    /// Where.
    pub stream: StreamId,
    /// On what.
    pub expected: Expected,
    /// What; at least one.
    pub events: Vec<NewEvent>,
}

/// What must be the newest revision of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The stream holds nothing.
    NoStream,
    /// Its newest fact has this revision.
    Revision(Revision),
}

impl Expected {
    /// The revision that the first new fact gets.
    #[must_use]
    pub fn next(self) -> Revision {
        match self {
            Expected::NoStream => 0,
            Expected::Revision(revision) => revision + 1,
        }
    }

    /// What a stream with so many facts expects next.
    #[must_use]
    pub fn after(count: u64) -> Self {
        count.checked_sub(1).map_or(Expected::NoStream, Expected::Revision)
    }
}

/// A fact to be.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Unique; derived from the command, so that a repeat has the same.
    pub id: Uuid,
    /// The type, `noun-verbed.vN`.
    pub kind: String,
    /// The payload: one JSON object, at most 1 MiB.
    pub data: Vec<u8>,
    /// The [`Envelope`] as JSON.
    pub metadata: Vec<u8>,
}

/// A fact as stored.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// As in [`NewEvent::id`].
    pub id: Uuid,
    /// Which stream.
    pub stream: StreamId,
    /// Where in the stream.
    pub revision: Revision,
    /// Where in the log.
    pub position: Position,
    /// The type, `noun-verbed.vN`.
    pub kind: Arc<str>,
    /// The payload as JSON.
    pub data: Vec<u8>,
    /// The [`Envelope`] as JSON.
    pub metadata: Vec<u8>,
    /// Empty at first; see [`RecordedEvent::shared`].
    pub decoded: Decoded,
}

/// A payload that was decoded once for all its readers.
#[derive(Clone, Debug, Default)]
pub struct Decoded(OnceLock<Arc<dyn Any + Send + Sync>>);

impl RecordedEvent {
    /// The payload in today's shape, decoded at the first call and shared by all later ones: for
    /// facts that several projections read.
    ///
    /// # Errors
    /// [`Unreadable`] when no shape known here fits.
    pub fn shared<E>(&self) -> Result<Arc<E>, Unreadable>
    where
        E: DeserializeOwned + Send + Sync + 'static,
    {
        let held = self.decoded.0.get().cloned();
        if let Some(event) = held.and_then(|held| held.downcast::<E>().ok()) {
            return Ok(event);
        }
        let event = Arc::new(self.event::<E>()?);
        // When readers disagree on the type, the first one's stays.
        let _ = self.decoded.0.set(event.clone());
        Ok(event)
    }

    /// The payload in today's shape.
    ///
    /// # Errors
    /// [`Unreadable`] when no shape known here fits.
    pub fn event<E: DeserializeOwned>(&self) -> Result<E, Unreadable> {
        decode(&self.kind, &self.data).map_err(|source| Unreadable::of(self, source))
    }

    /// The id of what it is about, from the name of its stream.
    ///
    /// # Errors
    /// [`Unreadable`] when the stream is not named after an id of that kind.
    pub fn subject<K: Kind>(&self) -> Result<Id<K>, Unreadable> {
        let id = self.stream.id().parse();
        id.map_err(|error: InvalidId| Unreadable::of(self, serde::de::Error::custom(error)))
    }

    /// What surrounds it.
    ///
    /// # Errors
    /// [`Unreadable`] when the metadata is no envelope.
    pub fn envelope(&self) -> Result<Envelope, Unreadable> {
        serde_json::from_slice(&self.metadata).map_err(|source| Unreadable::of(self, source))
    }

    /// Payload and envelope in one.
    ///
    /// # Errors
    /// [`Unreadable`] when either cannot be read.
    pub fn fact<E: DeserializeOwned>(&self) -> Result<Fact<E>, Unreadable> {
        Ok(Fact {
            id: self.stream.id().to_owned(),
            position: self.position,
            revision: self.revision,
            envelope: self.envelope()?,
            event: self.event()?,
        })
    }
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of the last fact of the write.
    pub position: Position,
    /// Its revision.
    pub revision: Revision,
    /// Whether these very events were there already.
    pub repeated: bool,
}

/// How a stream is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Its facts are gone; it may begin anew, with revisions going on from where they were.
    Soft,
    /// Its facts are gone and nothing can ever be appended to it again.
    Tombstone,
}

/// Why an append did not happen, or may not have happened.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Known not to have happened: somebody appended first.
    #[error("the stream stands at {actual:?}, not at {expected:?}: read it again and decide again")]
    Conflict {
        /// What the write expected.
        expected: Expected,
        /// What it found.
        actual: Expected,
    },
    /// Known not to have happened: the stream was deleted for good.
    #[error("the stream was deleted and takes no more facts")]
    Deleted,
    /// Known not to have happened.
    #[error("the write is larger than the store accepts: send less at once")]
    TooLarge,
    /// It may or may not have happened: send the same event ids again on the same revision.
    #[error("the event store did not confirm the write: send it again unchanged")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Known not to have happened; it may go through later.
    #[error("the event store takes no writes now: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The stream was deleted for good.
    #[error("the stream was deleted")]
    Deleted,
    /// The store cannot be reached or failed.
    #[error("the event store cannot be read: try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store is shutting down.
    #[error("the event store is shutting down")]
    Closed,
}
