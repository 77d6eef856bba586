pub(crate) mod clock;
mod direct;
mod erasing;
mod fact;
mod failure;
mod flushes;
mod heads;
mod index;
mod inspect;
pub(crate) mod limits;
mod log;
mod lookup;
mod metadata;
mod moment;
mod names;
mod placing;
mod port;
mod reader;
mod readers;
mod recent;
mod records;
mod schema;
mod snapshot;
mod subscription;
mod sweeping;
mod tail;
mod writer;

use std::{
    fs::File,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use kernel::{Position, Revision};
use tokio::sync::{Semaphore, watch};

use self::{
    index::Indexer,
    log::Erasure,
    reader::Known,
    readers::Readers,
    tail::Tail,
    writer::{Publication, Request},
};
use crate::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Scope,
    Signals, StoreError, StreamId, Write,
    raw::{Refused, StreamName},
};

pub use self::{
    direct::Submitted,
    flushes::Flushes,
    inspect::{Damage, Inspected, Seen, inspect_log},
    moment::Moment,
    schema::OpenError,
    snapshot::{Glance, copy_log, glance},
    sweeping::Sweep,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where and how a store on this machine keeps its files.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The folder, made when it does not exist. One process at a time can have it open.
    pub path: PathBuf,
    /// How many reads go on at the same time, at least one.
    pub readers: usize,
    /// How many of the newest facts are held in memory for those who follow the log.
    pub held: usize,
    /// Who is told how long flushes took.
    pub flushes: Option<Flushes>,
}

impl EmbeddedOptions {
    /// The usual settings for a store in that folder.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 8, held: 4096, flushes: None }
    }
}

/// The log in SQLite files on this machine. One thread writes, and flushes the writes of many
/// callers together; another keeps an index of tenants and categories behind the log.
///
/// Dropping it does what [`Embedded::close`] does, on the thread that drops it. After a failed
/// flush it takes no more writes until it is opened again, for nobody knows what the disk has.
pub struct Embedded {
    shared: Arc<Shared>,
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    waiting: Arc<Semaphore>,
    threads: Mutex<Option<Threads>>,
}

/// What reads need.
struct Shared {
    readers: Arc<Readers>,
    tail: Arc<Tail>,
    head: watch::Receiver<Position>,
    indexed: Arc<AtomicU64>,
}

/// The writer wakes the index, so that the index ends after it; then others may have the folder.
struct Threads {
    writer: JoinHandle<()>,
    index: JoinHandle<()>,
    lock: File,
}

impl Threads {
    fn join(self) {
        for thread in [self.writer, self.index] {
            if thread.join().is_err() {
                tracing::error!("a thread of the event store ended by panic");
            }
        }
        drop(self.lock);
    }
}

/// What waits is counted in units of so many bytes.
const UNIT: usize = 1024;
/// Up to so many facts, a read is quicker than handing it to another thread.
const FEW: usize = 64;

impl Embedded {
    /// Opens the store in that folder, or makes an empty one.
    ///
    /// # Errors
    /// [`OpenError`]: somebody else has it open, newer software wrote it, or it cannot be read.
    pub fn open(options: EmbeddedOptions) -> Result<Self, OpenError> {
        let EmbeddedOptions { path, readers, held, flushes } = options;
        let folder = || path.clone();
        let database = |source| OpenError::Database { path: folder(), source };
        let failed = |source| OpenError::Folder { path: folder(), source };

        let lock = schema::lock(&path)?;
        let log = schema::open_log(&path)?;
        let newest = schema::newest(&log).map_err(|error| database(error.into()))?;
        let reader = schema::open_reader(&schema::log_file(&path));
        let reader = reader.map_err(|error| database(error.into()))?;
        let (index, indexed) = index::open(&path, &reader).map_err(database)?;

        let indexed = Arc::new(AtomicU64::new(indexed));
        let (head, announced) = watch::channel(Position(newest));
        let (wake, woken) = mpsc::sync_channel(1);
        let (requests, requested) = mpsc::channel();
        let tail = Arc::new(Tail::of(held));
        // There is room for one call; whatever was not indexed before is indexed now.
        let _ = wake.try_send(());
        let work = Indexer { log: reader, index, indexed: Arc::clone(&indexed) };
        let index = thread::Builder::new()
            .name("eventstore-index".into())
            .spawn(move || index::run(work, &woken))
            .map_err(failed)?;
        let publication = Publication { tail: Arc::clone(&tail), head, index: wake, flushes };
        let writer = thread::Builder::new()
            .name("eventstore-writer".into())
            .spawn(move || writer::run(&log, &requested, &publication))
            .map_err(failed)?;

        let readers = Readers::new(path, readers);
        Ok(Self {
            shared: Arc::new(Shared { readers, tail, head: announced, indexed }),
            requests: Mutex::new(Some(requests)),
            waiting: Arc::new(Semaphore::new(limits::WAITING / UNIT)),
            threads: Mutex::new(Some(Threads { writer, index, lock })),
        })
    }

    /// Takes no more calls, finishes the writes under way, ends all subscriptions with
    /// [`StoreError::Closed`] and releases the folder. Closing twice is the same as once.
    pub async fn close(&self) {
        if let Some(threads) = self.shut() {
            // It fails only when the runtime itself is going down.
            let _ = tokio::task::spawn_blocking(move || threads.join()).await;
        }
    }

    fn shut(&self) -> Option<Threads> {
        self.shared.readers.close();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn send(&self, request: Request) -> bool {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.as_ref().is_some_and(|requests| requests.send(request).is_ok())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(threads) = self.shut() {
            threads.join();
        }
    }
}

/// It was never handed over.
fn closed() -> Refused {
    Refused::Unavailable(Box::new(StoreError::Closed))
}

/// The writer went away with it.
fn lost() -> Refused {
    Refused::Unknown(Box::new(StoreError::Closed))
}

impl Shared {
    async fn page(&self, after: Position, filter: &Filter, max: usize) -> Result<Page, StoreError> {
        let head = self.head()?;
        if let Some(page) = self.tail.page(after, filter, max) {
            return Ok(page);
        }
        let known = Known { head, indexed: self.indexed.load(Ordering::Acquire) };
        let everything = filter.scope == Scope::EveryTenant && filter.categories.is_empty();
        let few = head.0.saturating_sub(after.0) <= FEW as u64 || everything && max <= FEW;
        let mut reader = self.readers.lease().await?;
        let page = if few {
            reader.page(after, filter, max, known)
        } else {
            let filter = filter.clone();
            let read = move || reader.page(after, &filter, max, known);
            tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Closed)?
        };
        page.map_err(StoreError::Unavailable)
    }

    async fn stream(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.head()?;
        let mut reader = self.readers.lease().await?;
        let read = reader.stream(stream, from, max.min(FEW));
        let mut facts = read.map_err(StoreError::Unavailable)?.ok_or(StoreError::Deleted)?;
        if facts.len() < FEW || max <= FEW {
            return Ok(facts);
        }
        let (stream, from) = (stream.clone(), facts.last().map_or(from, |last| last.revision + 1));
        let read = move || reader.stream(&stream, from, max - FEW);
        let rest = tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Closed)?;
        facts.extend(rest.map_err(StoreError::Unavailable)?.ok_or(StoreError::Deleted)?);
        Ok(facts)
    }

    fn head(&self) -> Result<Position, StoreError> {
        self.head.has_changed().map_err(|_| StoreError::Closed)?;
        Ok(*self.head.borrow())
    }
}

#[async_trait::async_trait]
impl EventStore for Embedded {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let expected: Vec<Option<Expected>> =
            writes.iter().map(|write| limits::admits(write).then_some(write.expected)).collect();
        let admitted = writes.into_iter().zip(&expected).filter(|(_, expected)| expected.is_some());
        let batches = admitted.map(|(write, _)| port::batch(write)).collect();
        let mut answers = self.hand_over(batches).await.into_iter();
        let answer = |expected: Option<Expected>| match expected {
            None => Some(Err(AppendError::TooLarge)),
            Some(expected) => answers.next().map(|answer| port::answer(answer, expected)),
        };
        expected.into_iter().filter_map(answer).collect()
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.shared.stream(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.shared.page(after, filter, max).await
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        subscription::follow(Arc::clone(&self.shared), after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.shared.head()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        let (stream, standing) = (StreamName::Ours(stream.clone()), port::standing(expected));
        let deleted = self.delete_as(Erasure { stream, standing, how, recorded: false }).await;
        deleted.map(drop).map_err(|refused| port::refusal(refused, expected))
    }
}
