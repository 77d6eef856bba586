use std::{collections::HashSet, sync::Arc};

use eventstore::{Done, ExecuteError, Execution, execute, load};
use kernel::{Actor, Aggregate, Class, CommandId, Rejection, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{folder, open};

/// Counts, and hands out each number once.
#[derive(Default)]
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
    let folder = folder();
    let store = Arc::new(open(folder.path()));
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
