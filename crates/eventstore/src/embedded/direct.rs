//! The raw level of the store.

use std::sync::Arc;

use kernel::{Position, Revision};
use tokio::sync::{oneshot, watch};

use super::{
    Embedded, FEW, Shared, UNIT, closed, limits,
    log::{Answer, Erasure},
    lost,
    sweeping::Sweep,
    writer::{Delete, Request},
};
use crate::{
    Deletion, StoreError,
    raw::{Batch, Direction, LogPage, Query, Refused, Standing, StreamName, Stretch, Written},
};

impl Embedded {
    /// Writes a batch wholly or not at all; what was done is in the order of its streams. Known to
    /// be on stable storage when it returns.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn write(&self, batch: Batch) -> Result<Vec<Written>, Refused> {
        self.submit(batch).await?.answer().await
    }

    /// Puts a batch in its place before all that is submitted later, without awaiting what becomes
    /// of it.
    ///
    /// # Errors
    /// [`Refused`], when it will not be written.
    pub async fn submit(&self, batch: Batch) -> Result<Submitted, Refused> {
        if !limits::takes(&batch) {
            return Err(Refused::TooLarge);
        }
        self.queue(vec![batch]).await.map(Submitted)
    }

    /// Deletes a stream where it stands as expected, and says so in the log; its bytes are
    /// overwritten in the store's own files. Gives the position of the record that says so.
    ///
    /// # Errors
    /// [`Refused`]; [`Refused::Tombstoned`] too when a stream must exist that was deleted.
    pub async fn erase(
        &self,
        stream: &StreamName,
        standing: Standing,
        how: Deletion,
    ) -> Result<Position, Refused> {
        self.delete_as(Erasure { stream: stream.clone(), standing, how, recorded: true }).await
    }

    /// Goes on with a sweep for one step of a few milliseconds: records that the metadata of their
    /// streams hides are overwritten in the store's own files and are gone from the log. Begin with
    /// the default and go on until it is done.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn sweep(&self, sweep: Sweep) -> Result<Sweep, Refused> {
        let (reply, swept) = oneshot::channel();
        if !self.send(Request::Sweep { sweep, reply }) {
            return Err(closed());
        }
        swept.await.unwrap_or_else(|_| Err(lost()))
    }

    /// At most `max` records of a stream from that revision on, or from its end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stretch(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        max: usize,
    ) -> Result<Stretch, StoreError> {
        self.shared.head()?;
        let mut reader = self.shared.readers.lease().await?;
        if max <= FEW {
            let stretch = reader.stretch(stream, from, direction, max);
            return stretch.map_err(StoreError::Unavailable);
        }
        let stream = stream.clone();
        let read = move || reader.stretch(&stream, from, direction, max);
        let stretch = tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Closed)?;
        stretch.map_err(StoreError::Unavailable)
    }

    /// What the log answers. What is not wanted is not even read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_page(&self, query: Query) -> Result<LogPage, StoreError> {
        self.shared.log_page(query).await
    }

    /// The position of the newest record, now and from now on; it closes with the store.
    pub fn newest(&self) -> watch::Receiver<Position> {
        self.shared.head.clone()
    }

    pub(super) async fn delete_as(&self, erasure: Erasure) -> Result<Position, Refused> {
        let (reply, deleted) = oneshot::channel();
        if !self.send(Request::Delete(Delete { erasure, reply })) {
            return Err(closed());
        }
        deleted.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Hands batches that are within the limits to the writer.
    pub(super) async fn hand_over(&self, batches: Vec<Batch>) -> Vec<Answer> {
        let count = batches.len();
        let bytes: usize = batches.iter().map(Batch::weight).sum();
        if count > limits::WRITES || bytes > limits::WAITING {
            return batches.iter().map(|_| Err(Refused::TooLarge)).collect();
        }
        let Ok(answers) = self.queue(batches).await else {
            return (0..count).map(|_| Err(closed())).collect();
        };
        match answers.await {
            Ok(answers) => answers,
            Err(_) => (0..count).map(|_| Err(lost())).collect(),
        }
    }

    /// Waits for room and queues the batches.
    async fn queue(&self, batches: Vec<Batch>) -> Result<oneshot::Receiver<Vec<Answer>>, Refused> {
        let bytes: usize = batches.iter().map(Batch::weight).sum();
        let units = u32::try_from((bytes / UNIT).max(1)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.waiting).acquire_many_owned(units).await;
        let permit = permit.map_err(|_| closed())?;
        let (reply, answers) = oneshot::channel();
        let queued = self.send(Request::Append { batches, permit, reply });
        if queued { Ok(answers) } else { Err(closed()) }
    }
}

/// A batch on its way to the disk.
pub struct Submitted(oneshot::Receiver<Vec<Answer>>);

impl Submitted {
    /// What became of it.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn answer(self) -> Result<Vec<Written>, Refused> {
        let answers = self.0.await.ok();
        answers.and_then(|mut answers| answers.pop()).unwrap_or_else(|| Err(lost()))
    }
}

impl Shared {
    async fn log_page(&self, query: Query) -> Result<LogPage, StoreError> {
        self.head()?;
        if query.direction == Direction::Forwards
            && let Some(page) = self.tail.records(&query)
        {
            return Ok(page);
        }
        let mut reader = self.readers.lease().await?;
        if query.max <= FEW && query.wanted.is_none() {
            return reader.log_page(&query).map_err(StoreError::Unavailable);
        }
        let read = move || reader.log_page(&query);
        let page = tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Closed)?;
        page.map_err(StoreError::Unavailable)
    }
}
