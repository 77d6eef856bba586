mod appending;
mod channel;
mod deleting;
mod examine;
mod link;
mod links;
mod news;
mod reading;
mod sessions;
mod settings;
mod subscription;
mod tail;
mod wire;

#[allow(dead_code, clippy::all, clippy::pedantic, reason = "generated")]
mod protos {
    include!(concat!(env!("OUT_DIR"), "/called/kurrent.rs"));
}

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use kernel::{Position, Revision};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};

use self::{appending::Unsure, links::Links, settings::Settings, tail::Tail};
pub use self::{
    examine::{
        KurrentLeader, KurrentMember, KurrentRight, KurrentSeen, examine_kurrent, kurrent_places,
    },
    links::KurrentHealth,
    settings::ConnectError,
};
use crate::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signals,
    StoreError, StreamId, Write, embedded::limits,
};

/// Where a KurrentDB is, and how patient to be with it.
#[derive(Clone)]
pub struct KurrentOptions {
    /// As KurrentDB's clients take it: `kurrentdb://user:password@host1:2113,host2:2113?tls=true`.
    pub connection: String,
    /// How long a call may wait for a connection and an answer.
    pub patience: Duration,
}

impl KurrentOptions {
    /// The usual patience with the store at that connection string.
    #[must_use]
    pub fn at(connection: impl Into<String>) -> Self {
        Self { connection: connection.into(), patience: Duration::from_secs(10) }
    }
}

impl std::fmt::Debug for KurrentOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connection string may hold a password.
        f.debug_struct("KurrentOptions").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// The log in a KurrentDB, or in anything that speaks its protocol.
///
/// It is written through the official client, whose defects it works around, and read through a
/// connection of its own. It finds the leader by itself, connects when it is needed and again when
/// the connection is lost; what was sent meanwhile is sent again with the same event ids.
///
/// Positions are those of KurrentDB: places in its log, not counts of facts. What is deleted is out
/// of sight of [`EventStore::read`] at once, but goes from the log and from the disk only with the
/// server's next scavenge.
pub struct Kurrent {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

struct Shared {
    links: Arc<Links>,
    tail: Tail,
    unsure: Unsure,
    waiting: Semaphore,
    patience: Duration,
    closing: watch::Sender<bool>,
    /// Somebody follows the log.
    following: watch::Sender<bool>,
    authentication: Option<kurrentdb::Authentication>,
}

/// What waits is counted in units of so many bytes.
const UNIT: usize = 1024;
/// Bytes of one write with all that surrounds it: a server takes messages of 16 MiB.
const WRITE: usize = 15 << 20;

impl Kurrent {
    /// Reads the connection string and begins to connect. That nobody answers yet is no error:
    /// see [`Kurrent::health`]. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`]: the connection string is wrong, or names files that cannot be used.
    pub fn connect(options: &KurrentOptions) -> Result<Self, ConnectError> {
        let settings = Settings::parse(&options.connection)?;
        let authentication = settings.authentication();
        let links = Arc::new(Links::new(settings));
        let shared = Arc::new(Shared {
            links: Arc::clone(&links),
            tail: Tail::default(),
            unsure: Unsure::default(),
            waiting: Semaphore::new(limits::WAITING / UNIT),
            patience: options.patience,
            closing: watch::channel(false).0,
            following: watch::channel(false).0,
            authentication,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(links.keep());
        let (tail, mut wanted) = (Arc::clone(&shared), shared.following.subscribe());
        tasks.spawn(async move {
            if wanted.wait_for(|wanted| *wanted).await.is_ok() {
                tail.follow().await;
            }
        });
        Ok(Self { shared, tasks: Mutex::new(tasks) })
    }

    /// How the connection is.
    #[must_use]
    pub fn health(&self) -> KurrentHealth {
        self.shared.links.health()
    }

    /// Ends all subscriptions and takes no more calls.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl Drop for Kurrent {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn start_tail(&self) {
        self.following.send_if_modified(|following| !std::mem::replace(following, true));
    }

    fn open(&self) -> Result<(), StoreError> {
        if *self.closing.borrow() { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn unavailable(&self) -> StoreError {
        let reason = match self.links.health() {
            KurrentHealth::Unreachable { reason, .. } => reason,
            KurrentHealth::Connected { node } => format!("{node} gave no subscription in time"),
        };
        StoreError::Unavailable(reason.into())
    }

    async fn admit_if(&self, write: &Write, wanted: bool) -> Option<Result<Appended, AppendError>> {
        if wanted { Some(self.admit(write).await) } else { None }
    }

    /// Appends one write when there is room for it.
    async fn admit(&self, write: &Write) -> Result<Appended, AppendError> {
        if let Some(refusal) = refusal(write) {
            return Err(refusal);
        }
        let units = u32::try_from(limits::weight(write) / UNIT + 1).unwrap_or(u32::MAX);
        let permit = tokio::time::timeout_at(
            Instant::now() + self.patience,
            self.waiting.acquire_many(units),
        );
        match permit.await {
            Ok(Ok(_permit)) => self.append(write).await,
            _ => Err(AppendError::Unavailable("too many writes wait".into())),
        }
    }
}

/// Why a write cannot be taken, whatever the server says.
fn refusal(write: &Write) -> Option<AppendError> {
    let malformed = if write.events.is_empty() {
        Some("a write needs at least one fact")
    } else if write.events.iter().any(|event| event.id.is_nil()) {
        Some("a fact needs an id")
    } else if write.stream.as_str().parse::<StreamId>().as_ref() != Ok(&write.stream) {
        Some("the stream has no proper name")
    } else {
        None
    };
    if let Some(reason) = malformed {
        return Some(AppendError::Unavailable(reason.into()));
    }
    let large = limits::weight(write) + 256 * write.events.len() > WRITE;
    (large || !limits::admits(write)).then_some(AppendError::TooLarge)
}

#[async_trait::async_trait]
impl EventStore for Kurrent {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        if let Err(closed) = self.shared.open() {
            let reason = closed.to_string();
            let refused = |_| Err(AppendError::Unavailable(reason.clone().into()));
            return writes.iter().map(refused).collect();
        }
        let whole: usize = writes.iter().map(limits::weight).sum();
        if writes.len() > limits::WRITES || whole > limits::WAITING {
            return writes.iter().map(|_| Err(AppendError::TooLarge)).collect();
        }
        let mut named = HashSet::new();
        let first: Vec<bool> = writes.iter().map(|write| named.insert(&write.stream)).collect();
        let append = |(write, first)| self.shared.admit_if(write, first);
        let answers = join_all(writes.iter().zip(first).map(append)).await;
        let mut all = Vec::with_capacity(writes.len());
        for (answer, write) in answers.into_iter().zip(&writes) {
            all.push(match answer {
                Some(answer) => answer,
                None => Err(self.shared.conflict_at(&write.stream, write.expected).await),
            });
        }
        all
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.shared.open()?;
        self.shared.stream(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.shared.open()?;
        match self.shared.tail.page(after, filter, max) {
            // What was appended through this adapter must be in it.
            Some(page) if page.next >= self.shared.links.seen() || !page.at_head => Ok(page),
            _ => self.shared.page(after, filter, max).await,
        }
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        subscription::subscribe(Arc::clone(&self.shared), after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.shared.open()?;
        self.shared.newest().await
    }

    fn stride(&self) -> u64 {
        self.shared.links.stride()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.shared.delete(stream, expected, how).await
    }
}
