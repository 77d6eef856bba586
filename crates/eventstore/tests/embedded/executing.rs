//! Commands on a store: whichever one `super::fresh` gives.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use eventstore::{
    AppendError, Appended, Deletion, Done, EventStore, ExecuteError, Execution, Expected, Filter,
    Page, RecordedEvent, Signals, StoreError, StreamId, Write, carry_out, execute, load, load_for,
};
use kernel::{
    Actor, Aggregate, Class, CommandId, Position, Rejection, Revision, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::fresh;

/// Counts, and hands out each number once.
#[derive(Debug, Default)]
struct Counter(u32);

#[derive(Serialize, Deserialize)]
enum Counted {
    #[serde(rename = "counter-advanced.v1")]
    Advanced { to: u32 },
}

#[derive(Debug, thiserror::Error)]
#[error("the counter is full")]
struct Full;

impl Rejection for Full {
    fn code(&self) -> &'static str {
        "FULL"
    }

    fn class(&self) -> Class {
        Class::Conflict
    }
}

impl Aggregate for Counter {
    const CATEGORY: &'static str = "counter";
    type Id = u8;
    type Command = ();
    type Event = Counted;
    type Rejection = Full;

    fn decide(&self, (): ()) -> Result<Vec<Counted>, Full> {
        if self.0 == 32 { Err(Full) } else { Ok(vec![Counted::Advanced { to: self.0 + 1 }]) }
    }

    fn evolve(self, Counted::Advanced { to }: Counted) -> Self {
        Self(to)
    }
}

fn execution(n: u32) -> Execution {
    Execution {
        tenant: TenantId::PLATFORM,
        actor: Actor::system("test"),
        command: CommandId::derived(&[&n.to_be_bytes()]),
        fingerprint: None,
        causation: None,
        traceparent: None,
        at: Timestamp::from_unix_millis(0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_contend_for_one_aggregate_all_happen_once() {
    let (store, _keep) = fresh().await;
    let mut commands = JoinSet::new();
    for n in 0..32 {
        let store = Arc::clone(&store);
        commands.spawn(async move { execute::<Counter>(&*store, &execution(n), &1, ()).await });
    }
    let mut positions = HashSet::new();
    while let Some(done) = commands.join_next().await {
        let Done { position, repeated } = done.expect("no panic").expect("every command succeeds");
        assert!(!repeated && positions.insert(position), "each has its own fact");
    }
    let (counter, count) = load::<Counter>(&*store, TenantId::PLATFORM, &1).await.expect("loads");
    assert_eq!((counter.0, count), (32, 32));
    let full = execute::<Counter>(&*store, &execution(32), &1, ()).await;
    assert!(matches!(full, Err(ExecuteError::Rejected(Full))));
}

#[tokio::test]
async fn a_command_sent_again_happens_once_whatever_came_between() {
    let (store, _keep) = fresh().await;
    let store = &*store;
    let first = execute::<Counter>(store, &execution(1), &1, ()).await.expect("succeeds");
    execute::<Counter>(store, &execution(2), &1, ()).await.expect("succeeds");
    let again = execute::<Counter>(store, &execution(1), &1, ()).await.expect("succeeds");
    assert_eq!(again, Done { repeated: true, ..first });
    let (counter, _) = load::<Counter>(store, TenantId::PLATFORM, &1).await.expect("loads");
    assert_eq!(counter.0, 2);
    let other = execute::<Counter>(store, &execution(1), &2, ()).await.expect("succeeds");
    assert!(!other.repeated, "what it does to another aggregate is another matter");
}

#[tokio::test]
async fn a_command_id_is_good_for_one_request_only() {
    let (store, _keep) = fresh().await;
    let store = &*store;
    let asked =
        |print: u128| Execution { fingerprint: Some(uuid::Uuid::from_u128(print)), ..execution(1) };
    let (counter, done) = carry_out::<Counter>(store, &asked(1), &1, ()).await.expect("succeeds");
    assert_eq!((counter.0, done.repeated), (1, false));
    let known = load_for::<Counter>(store, &asked(1), &1).await.expect("loads");
    assert_eq!((known.state.0, known.count, known.done), (1, 1, Some(done.position)));
    let (counter, again) = carry_out::<Counter>(store, &asked(1), &1, ()).await.expect("succeeds");
    assert_eq!((counter.0, again), (1, Done { repeated: true, ..done }));
    let other = execute::<Counter>(store, &asked(2), &1, ()).await;
    assert!(matches!(other, Err(ExecuteError::Mismatch)));
    let other = load_for::<Counter>(store, &asked(2), &1).await;
    assert!(matches!(other, Err(ExecuteError::Mismatch)));
    let new = load_for::<Counter>(store, &execution(2), &1).await.expect("loads");
    assert_eq!((new.count, new.done), (1, None));
}

/// A store whose answers to the first appends are lost on the way, after the fact or before it.
struct Unsure {
    store: Arc<dyn EventStore>,
    lost: AtomicUsize,
    happens: bool,
}

#[async_trait::async_trait]
impl EventStore for Unsure {
    async fn append(&self, writes: Vec<Write>) -> Vec<Result<Appended, AppendError>> {
        if self.lost.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.lost.store(0, Ordering::Relaxed);
            return self.store.append(writes).await;
        }
        let count = writes.len();
        if self.happens {
            self.store.append(writes).await;
        }
        (0..count).map(|_| Err(AppendError::Unknown("the line was cut".into()))).collect()
    }

    async fn read(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.store.read(stream, from, max).await
    }

    async fn read_all(
        &self,
        after: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, StoreError> {
        self.store.read_all(after, filter, max).await
    }

    fn subscribe(&self, after: Position, filter: Filter) -> Signals {
        self.store.subscribe(after, filter)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.store.head().await
    }

    fn stride(&self) -> u64 {
        self.store.stride()
    }

    async fn delete(
        &self,
        stream: &StreamId,
        expected: Expected,
        how: Deletion,
    ) -> Result<(), AppendError> {
        self.store.delete(stream, expected, how).await
    }
}

#[tokio::test]
async fn a_command_whose_answer_was_lost_happens_once() {
    for happens in [true, false] {
        let (store, _keep) = fresh().await;
        let store = Unsure { store, lost: AtomicUsize::new(2), happens };
        let done = execute::<Counter>(&store, &execution(1), &1, ()).await.expect("succeeds");
        let position = store.head().await.expect("a head");
        assert_eq!(done, Done { position, repeated: happens });
        let (counter, _) = load::<Counter>(&store, TenantId::PLATFORM, &1).await.expect("loads");
        assert_eq!(counter.0, 1);
    }
}
