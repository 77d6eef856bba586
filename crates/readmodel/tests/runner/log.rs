//! A log in memory, as far as a runner needs one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use eventstore::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signal,
    Signals, StoreError, StreamId, Write,
};
use futures_util::stream;
use kernel::{Actor, CommandId, Envelope, Position, Revision, TenantId, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

/// Facts in memory; what subscribers may see of them can be held back.
pub struct Log {
    facts: Arc<Mutex<Vec<RecordedEvent>>>,
    news: watch::Sender<News>,
    /// Facts have other ids in a log that was restored.
    ids: AtomicU64,
}

/// What subscribers react to.
#[derive(Clone, Copy)]
struct News {
    head: u64,
    /// Subscribers see nothing beyond, and so do not catch up when it is below the head.
    hold: u64,
    /// Counts the times that subscriptions were broken off.
    interruptions: u64,
}

const PAGE: usize = 100;

impl Log {
    pub fn new() -> Self {
        let news = News { head: 0, hold: u64::MAX, interruptions: 0 };
        Self { facts: Arc::default(), news: watch::channel(news).0, ids: AtomicU64::new(0) }
    }

    pub fn append(&self, category: &str, id: &str, kind: &str, data: &str) -> Position {
        self.append_of(TenantId::PLATFORM, category, id, kind, data)
    }

    pub fn append_of(
        &self,
        tenant: TenantId,
        category: &str,
        id: &str,
        kind: &str,
        data: &str,
    ) -> Position {
        let mut facts = self.facts.lock().unwrap();
        let position = Position(facts.len() as u64 + 1);
        let stream = StreamId::named(category, tenant, id);
        let before = facts.iter().rfind(|fact| fact.stream == stream);
        let revision = before.map_or(0, |fact| fact.revision + 1);
        facts.push(RecordedEvent {
            decoded: eventstore::Decoded::default(),
            id: Uuid::from_u128(self.ids.fetch_add(1, Relaxed).into()),
            stream,
            revision,
            position,
            kind: kind.into(),
            data: data.into(),
            metadata: serde_json::to_vec(&envelope(position)).unwrap(),
        });
        self.news.send_modify(|news| news.head = position.0);
        position
    }

    pub fn facts(&self) -> Vec<RecordedEvent> {
        self.facts.lock().unwrap().clone()
    }

    pub fn hold(&self, at: Position) {
        self.news.send_modify(|news| news.hold = at.0);
    }

    pub fn release(&self) {
        self.hold(Position(u64::MAX));
    }

    /// Goes back to what it was, as from a backup; subscriptions break off.
    pub fn restore(&self, to: Position) {
        self.facts.lock().unwrap().truncate(usize::try_from(to.0).unwrap());
        self.news.send_modify(|news| {
            news.head = to.0;
            news.interruptions += 1;
        });
    }

    pub fn interrupt(&self) {
        self.news.send_modify(|news| news.interruptions += 1);
    }
}

/// A fact happens at as many milliseconds as is its position.
fn envelope(position: Position) -> Envelope {
    Envelope {
        tenant: TenantId::PLATFORM,
        actor: Actor::system("test"),
        command: CommandId::from_uuid(Uuid::nil()),
        fingerprint: None,
        correlation: None,
        causation: None,
        traceparent: None,
        at: Timestamp::from_unix_millis(position.0.cast_signed()),
    }
}

struct Follower {
    facts: Arc<Mutex<Vec<RecordedEvent>>>,
    filter: Filter,
    at: u64,
    caught_up: bool,
    interruptions: u64,
    news: watch::Receiver<News>,
    ready: VecDeque<Signal>,
}

#[async_trait::async_trait]
impl EventStore for Log {
    /// A runner writes nothing; who decides something does.
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let append = |write: Write| {
            let (stream, event) = (write.stream, &write.events[0]);
            let (tenant, category) = (stream.tenant(), stream.category());
            let data = String::from_utf8_lossy(&event.data);
            let position = self.append_of(tenant, category, stream.id(), &event.kind, &data);
            Ok(Appended { position, revision: write.expected.next(), repeated: false })
        };
        writes.into_iter().map(append).collect()
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let of = |fact: &&RecordedEvent| fact.stream == *stream && fact.revision >= from;
        Ok(self.facts.lock().unwrap().iter().filter(of).take(max).cloned().collect())
    }

    async fn read_all(&self, _: Position, _: &Filter, _: usize) -> Result<Page, StoreError> {
        unreachable!("a runner subscribes")
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        let news = self.news.subscribe();
        let (at, interruptions, ready) = (after.0, news.borrow().interruptions, VecDeque::new());
        let facts = self.facts.clone();
        let follower = Follower { facts, filter, at, caught_up: false, interruptions, news, ready };
        Box::pin(stream::unfold(follower, |mut it| async {
            loop {
                if let Some(signal) = it.ready.pop_front() {
                    return Some((Ok(signal), it));
                }
                let news = *it.news.borrow_and_update();
                if news.interruptions > it.interruptions {
                    it.interruptions = u64::MAX;
                    return Some((Err(StoreError::Closed), it));
                }
                let end = news.head.min(news.hold);
                if it.at < end {
                    it.page(end);
                } else if it.at == news.head && !it.caught_up {
                    it.caught_up = true;
                    it.ready.push_back(Signal::CaughtUp(Position(it.at)));
                } else if it.news.changed().await.is_err() {
                    return None;
                }
            }
        }))
    }

    async fn head(&self) -> Result<Position, StoreError> {
        Ok(Position(self.news.borrow().head))
    }

    async fn delete(&self, _: &StreamId, _: Expected, _: Deletion) -> Result<(), AppendError> {
        unreachable!("a runner does not delete")
    }
}

impl Follower {
    fn page(&mut self, end: u64) {
        let to = end.min(self.at + PAGE as u64);
        let facts = self.facts.lock().unwrap();
        let page = &facts[usize::try_from(self.at).unwrap()..usize::try_from(to).unwrap()];
        let admitted: Vec<_> =
            page.iter().filter(|fact| self.filter.admits(&fact.stream)).cloned().collect();
        drop(facts);
        let reaches = admitted.last().map(|fact| fact.position.0);
        if !admitted.is_empty() {
            self.ready.push_back(Signal::Facts(admitted));
        }
        if reaches != Some(to) {
            self.ready.push_back(Signal::Checkpoint(Position(to)));
        }
        self.at = to;
    }
}
