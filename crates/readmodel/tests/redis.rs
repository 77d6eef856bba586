//! The Redis adapter keeps the promises of the port on one server, a cluster and behind sentinels;
//! and runners keep theirs on it, also while servers fail, are emptied and change their roles.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

#[path = "../benches/replay/awards.rs"]
mod awards;
#[path = "runner/cases.rs"]
mod cases;
#[path = "redis/crashes.rs"]
mod crashes;
#[path = "redis/examining.rs"]
mod examining;
#[path = "redis/faults.rs"]
mod faults;
#[path = "redis/leading.rs"]
mod leading;
#[path = "runner/log.rs"]
mod log;
#[path = "redis/memory.rs"]
mod memory;
#[path = "redis/refusals.rs"]
mod refusals;
#[path = "redis/servers.rs"]
mod servers;
#[path = "embedded/steps.rs"]
mod steps;
#[path = "runner/tally.rs"]
mod tally;
#[path = "runner/world.rs"]
mod world;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use kernel::TenantId;
use readmodel::{Key, Model, ReadModels, Redis, RedisOptions, Slot, conformance};

use crate::servers::{CALM, Cluster, Server, Watched, installed};

const SLOT: Slot = Slot { model: Model { name: "steps", version: 1 }, generation: 1 };

/// An empty store: under a prefix that nothing else uses.
fn fresh(url: &str) -> Redis {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, next) = (std::process::id(), NEXT.fetch_add(1, Relaxed));
    let and = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{and}prefix=laurel-test-{process}-{next}");
    Redis::open(&RedisOptions::new(url)).unwrap()
}

/// A key that the steps change.
fn steps_key() -> Key {
    Key::new(TenantId::PLATFORM, "counts", 0_u64.to_be_bytes())
}

/// The name of the head of the slot of the steps.
fn head(server: &Server) -> String {
    let found = server.tell_all("KEYS *:steps.v1.g1:head");
    found.into_iter().next().unwrap_or_else(|| "none".into())
}

async fn keeps_the_promises(url: &str) {
    conformance::all(async || Arc::new(fresh(url)) as Arc<dyn ReadModels>).await;
    conformance::leases(&fresh(url)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_keeps_the_promises_of_the_port() {
    if installed() {
        keeps_the_promises(&Server::start(&[]).url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_keeps_the_promises_over_many_buckets() {
    if installed() {
        let server = Server::start(&[]);
        keeps_the_promises(&format!("{}?buckets=7", server.url())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_the_promises_of_the_port() {
    if installed() {
        keeps_the_promises(&Cluster::start(CALM).url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_sentinels_keeps_the_promises_of_the_port() {
    if installed() {
        keeps_the_promises(&Watched::start().url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_redis_keeps_the_promises_of_the_port() {
    match std::env::var("LAUREL_TEST_REDIS_URL") {
        Ok(url) => keeps_the_promises(&url).await,
        Err(_) => eprintln!("NOT RUN: LAUREL_TEST_REDIS_URL names no Redis to test against"),
    }
}

mod store {
    use std::sync::Arc;

    use readmodel::{Redis, RedisOptions};

    use crate::{
        servers::{Server, installed},
        world::World,
    };

    /// Each runner has connections of its own.
    pub fn world() -> Option<World> {
        if !installed() {
            return None;
        }
        let server = Server::start(&[]);
        let url = server.url();
        Some(World::on(server, move || Arc::new(Redis::open(&RedisOptions::new(&*url)).unwrap())))
    }
}
