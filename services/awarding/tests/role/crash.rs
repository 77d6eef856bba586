use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use eventstore::{
    AppendError, Appended, Deletion, EventStore, Expected, Filter, Page, RecordedEvent, Signals,
    StoreError, StreamId, Write,
};
use kernel::{Position, Revision};
use tokio::sync::Notify;

use crate::world::World;

/// A log from the point of view of a process that dies at its n-th append: before it reached the
/// log, or after, but before anybody heard of it.
struct Mortal {
    log: Arc<dyn EventStore>,
    left: AtomicUsize,
    reached: bool,
    died: Notify,
}

impl Mortal {
    fn new(log: &Arc<dyn EventStore>, left: usize, reached: bool) -> Arc<Self> {
        let (log, left) = (Arc::clone(log), AtomicUsize::new(left));
        Arc::new(Self { log, left, reached, died: Notify::new() })
    }
}

#[async_trait]
impl EventStore for Mortal {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        let count = writes.len();
        let alive = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, alive).is_ok() {
            return self.log.append(writes).await;
        }
        if self.reached {
            self.log.append(writes).await;
        }
        self.died.notify_one();
        std::future::pending::<()>().await;
        (0..count).map(|_| Err(AppendError::Unavailable("dead".into()))).collect()
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.log.read(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.log.read_all(after, filter, max).await
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        self.log.subscribe(after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.log.head().await
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.log.delete(stream, expected, how).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_survives_a_crash_at_every_step() {
    let world = World::idle().await;
    let rows = 600;
    let mut csv = String::from("email,name\n");
    for n in 0..rows {
        writeln!(csv, "p{n}@example.org,Person {n}").unwrap();
    }
    let made = world.submit("b", &csv).await.unwrap();
    let log = Arc::clone(&world.rig.context.stores.events);
    // Reserving places, awarding, keeping the outcomes: each step of a chunk is an append.
    for death in 0..8 {
        let mortal = Mortal::new(&log, death / 2 % 4, death % 2 == 1);
        let context = world.apart(Arc::clone(&mortal) as Arc<dyn EventStore>);
        world.start(&context);
        let finished = world.until("batch-finished.v1", Position::START);
        tokio::select! {
            () = mortal.died.notified() => {}
            _ = finished => {}
        }
        context.tasks.shutdown(Duration::from_secs(30)).await.unwrap();
    }
    world.start(&world.rig.context.clone());
    let position = world.until("batch-finished.v1", Position::START).await;
    let awards = Filter::tenant(world.tenant, &["award"]);
    let facts = log.read_all(Position::START, &awards, 5_000).await.unwrap().facts;
    let streams: BTreeSet<&str> = facts.iter().map(|fact| fact.stream.as_str()).collect();
    assert_eq!((facts.len(), streams.len()), (rows, rows), "each row is one award, once");
    let batch = made.batch.unwrap().id;
    let page = world.rows(&batch, position.0, false).await.page.unwrap();
    assert_eq!(page.total, i64::try_from(rows).unwrap());
    let refused = world.rows(&batch, position.0, true).await;
    assert_eq!(refused.rows, []);
    let places: BTreeSet<(String, u32)> = facts
        .iter()
        .map(|fact| match fact.event().unwrap() {
            awarding_domain::AwardEvent::Created(created) => {
                (created.list.to_string(), created.index)
            }
            _ => panic!("nothing else happened"),
        })
        .collect();
    assert_eq!(places.len(), rows, "no two awards share a place");
}
