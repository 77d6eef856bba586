use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use kernel::Position;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use super::{
    Flushes, index,
    log::{Answer, Erasure, Log},
    sweeping::Sweep,
    tail::Tail,
};
use crate::raw::{Batch, Record, Refused};

/// What callers ask of the writer. The permit bounds what waits.
pub(super) enum Request {
    Append {
        batches: Vec<Batch>,
        permit: OwnedSemaphorePermit,
        reply: oneshot::Sender<Vec<Answer>>,
    },
    Delete(Delete),
    Sweep {
        sweep: Sweep,
        reply: oneshot::Sender<Result<Sweep, Refused>>,
    },
}

/// A stream to be deleted.
pub(super) struct Delete {
    pub erasure: Erasure,
    pub reply: oneshot::Sender<Result<Position, Refused>>,
}

/// Where the writer makes known what it wrote. When it ends, so do those who listen.
pub(super) struct Publication {
    pub tail: Arc<Tail>,
    pub head: watch::Sender<Position>,
    pub index: SyncSender<()>,
    pub flushes: Option<Flushes>,
}

/// Writes that share a flush.
const GROUP: usize = 1024;
/// How often and how long to wait for a group that is much shorter than the last.
const NAPS: u32 = 3;
const NAP: Duration = Duration::from_micros(100);
/// After so long without work the write-ahead log is moved to its place.
const IDLE: Duration = Duration::from_millis(250);

/// The writer's thread: takes requests until nobody can send any more.
pub(super) fn run(conn: &Connection, requests: &Receiver<Request>, publication: &Publication) {
    let mut writer = match Log::on(conn) {
        // A deletion may have been the last thing before a crash.
        Ok(log) => {
            let log = log.telling(publication.flushes.clone());
            Writer { log, publication, last: 1, untidy: true, unscrubbed: true }
        }
        Err(error) => {
            tracing::error!(%error, "the event store cannot write");
            return;
        }
    };
    while let Some(request) = writer.next(requests) {
        match request {
            append @ Request::Append { .. } => {
                let (calls, after) = writer.gather(append, requests);
                writer.append(calls);
                if let Some(after) = after {
                    writer.alone(after);
                }
            }
            other => writer.alone(other),
        }
    }
    writer.scrub();
}

struct Writer<'a, 'c> {
    log: Log<'c>,
    publication: &'a Publication,
    /// How many writes the last group had.
    last: usize,
    /// Whether there is something to move from the write-ahead log.
    untidy: bool,
    /// Whether deleted bytes may still be in the write-ahead log.
    unscrubbed: bool,
}

struct Calls {
    batches: Vec<Vec<Batch>>,
    replies: Vec<oneshot::Sender<Vec<Answer>>>,
    permits: Vec<OwnedSemaphorePermit>,
    count: usize,
}

impl Calls {
    /// Adds an append, or gives back what has to come after.
    fn add(&mut self, request: Request) -> Option<Request> {
        match request {
            other @ (Request::Delete(_) | Request::Sweep { .. }) => Some(other),
            Request::Append { batches, permit, reply } => {
                self.count += batches.len();
                self.batches.push(batches);
                self.replies.push(reply);
                self.permits.push(permit);
                None
            }
        }
    }
}

impl Writer<'_, '_> {
    /// The next request; tidies up while there is none.
    fn next(&mut self, requests: &Receiver<Request>) -> Option<Request> {
        while self.untidy || self.unscrubbed {
            match requests.recv_timeout(IDLE) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.unscrubbed => self.scrub(),
                Err(RecvTimeoutError::Timeout) => self.checkpoint(),
            }
        }
        requests.recv().ok()
    }

    /// What is committed together: all that waits, and when the last group was much larger, what
    /// comes within a moment, because its callers are about to send again. Who writes alone does
    /// not wait.
    fn gather(&self, first: Request, requests: &Receiver<Request>) -> (Calls, Option<Request>) {
        let mut calls =
            Calls { batches: Vec::new(), replies: Vec::new(), permits: Vec::new(), count: 0 };
        calls.add(first);
        let mut naps = if self.last > 1 { NAPS } else { 0 };
        while calls.count < GROUP {
            match requests.try_recv() {
                Ok(request) => {
                    if let Some(after) = calls.add(request) {
                        return (calls, Some(after));
                    }
                }
                Err(_) if naps > 0 && calls.count < self.last.min(GROUP) * 3 / 4 => {
                    naps -= 1;
                    thread::sleep(NAP);
                }
                Err(_) => break,
            }
        }
        (calls, None)
    }

    fn append(&mut self, calls: Calls) {
        self.last = calls.count;
        let (answers, records) = self.log.append(calls.batches);
        drop(calls.permits);
        self.publish(records);
        for (reply, answers) in calls.replies.into_iter().zip(answers) {
            // Whoever asked may have gone.
            let _ = reply.send(answers);
        }
    }

    /// What shares its flush with nothing else.
    fn alone(&mut self, request: Request) {
        match request {
            Request::Delete(delete) => self.delete(delete),
            Request::Sweep { sweep, reply } => {
                // Whoever asked may have gone.
                let _ = reply.send(self.sweep(sweep));
            }
            // None is handed here.
            Request::Append { .. } => {}
        }
    }

    fn sweep(&mut self, sweep: Sweep) -> Result<Sweep, Refused> {
        let before = sweep.erased;
        let swept = self.log.sweep(sweep)?;
        if swept.erased > before {
            self.publication.tail.clear();
            self.unscrubbed = true;
        }
        if swept.done && self.unscrubbed {
            self.scrub();
        }
        Ok(swept)
    }

    fn delete(&mut self, delete: Delete) {
        let Delete { erasure, reply } = delete;
        let deleted = self.log.delete(&erasure).map(|records| {
            self.publication.tail.clear();
            self.publish(records);
            self.scrub();
            self.log.newest()
        });
        let _ = reply.send(deleted);
    }

    fn publish(&mut self, records: Vec<Arc<Record>>) {
        if records.is_empty() {
            return;
        }
        self.untidy = true;
        let (count, head) = (records.len() as u64, self.log.newest());
        self.publication.tail.extend(records);
        self.publication.head.send_replace(head);
        if head.0 % index::CHUNK < count {
            // Full means that the index has yet to take note of an earlier call.
            let _ = self.publication.index.try_send(());
        }
    }

    fn checkpoint(&mut self) {
        self.untidy = false;
        if let Err(error) = self.log.checkpoint() {
            tracing::warn!(%error, "the write-ahead log could not be moved to its place");
        }
    }

    fn scrub(&mut self) {
        match self.log.scrub() {
            Ok(done) => self.unscrubbed = !done,
            Err(error) => {
                self.unscrubbed = true;
                tracing::warn!(%error, "deleted bytes could not be removed yet: trying again");
            }
        }
        self.untidy = self.unscrubbed;
    }
}
