//! What it costs to apply the changes of award facts, everything included: CPU time of all threads,
//! until everything is written out and merged; with Redis, that of the server as well.
//!
//! `cargo bench -p readmodel [--features redis] -- [redis|tables] [facts] [facts a batch]`; with
//! Redis, the variables `BUCKETS` and `REDIS_OPTIONS` (of redis-server) say how; `tables` measures
//! what each table takes in its memory.

#[path = "replay/awards.rs"]
mod awards;
#[path = "replay/meter.rs"]
mod meter;

use std::time::Instant;

use kernel::Position;
use readmodel::{Change, Direction, Embedded, EmbeddedOptions, Key, Model, ReadModels, Scan, Slot};

use crate::{
    awards::MODELS,
    meter::{Meter, per},
};

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let number = |n: usize, default| numbers.get(n).copied().unwrap_or(default);
    let (facts, batch) = (number(0, 200_000), number(1, 10_000));
    #[cfg(feature = "redis")]
    for text in std::env::args() {
        match &*text {
            "redis" => return in_redis(facts, batch).await,
            "tables" => return by_table(facts, batch).await,
            _ => {}
        }
    }
    let folder = tempfile::TempDir::new().expect("a folder for temporary files");
    let options = EmbeddedOptions::new(folder.path());
    let store = Embedded::open(&options).expect("a fresh store");
    let meter = Meter::new(None);
    replay(&store, facts, batch, &meter).await;
    store.flush().await.expect("it can be written");
    meter.settle();
    meter.report("applied, written out and merged", facts);
    let size = meter::size(folder.path());
    println!("  {} MiB resident, {} bytes on disk an award", meter::resident_mib(), size / facts);
    pages(&store, facts, &Meter::new(None)).await;
    drop(store);
    let meter = Meter::new(None);
    let store = Embedded::open(&options).expect("it was there before");
    let at = store.checkpoint(slots()[0]).await.expect("it can be read");
    assert_eq!(at, Position(facts));
    meter.report("reopening", 1);
}

/// The same with a server of its own; what its memory grows by is what the rows take.
#[cfg(feature = "redis")]
async fn in_redis(facts: u64, batch: u64) {
    let server = meter::Server::start();
    let buckets = std::env::var("BUCKETS").unwrap_or_else(|_| "1".into());
    let url = format!("redis://127.0.0.1:{}?buckets={buckets}", server.port);
    let store = readmodel::Redis::open(&readmodel::RedisOptions::new(url)).expect("a good URL");
    store.check().await.expect("the server can be used");
    let before = server.memory();
    let meter = Meter::new(Some(server.id()));
    replay(&store, facts, batch, &meter).await;
    println!("  {} bytes of memory an award", (server.memory() - before) / facts);
    pages(&store, facts, &Meter::new(Some(server.id()))).await;
}

/// What the rows of each table take, alone on a server of its own.
#[cfg(feature = "redis")]
async fn by_table(facts: u64, batch: u64) {
    let of = |change: &Change| match change {
        Change::Put { key, .. }
        | Change::Delete { key }
        | Change::Add { key, .. }
        | Change::Distinct { key, .. } => key.table,
    };
    for (slot, made) in slots().into_iter().zip(awards::award(0, facts)) {
        for table in made.iter().map(of).collect::<std::collections::BTreeSet<_>>() {
            let server = meter::Server::start();
            let url = format!("redis://127.0.0.1:{}", server.port);
            let options = readmodel::RedisOptions::new(url);
            let store = readmodel::Redis::open(&options).expect("a good URL");
            store.check().await.expect("the server can be used");
            let before = server.memory();
            for first in (0..facts).step_by(usize::try_from(batch).unwrap_or(1)) {
                let next = (first + batch).min(facts);
                let of_slot = |n| MODELS.into_iter().zip(awards::award(n, facts));
                let all = (first..next).flat_map(of_slot).filter(|(it, _)| *it == slot.model.name);
                let changes: Vec<Change> =
                    all.flat_map(|(_, made)| made).filter(|change| of(change) == table).collect();
                let applied = store.apply(slot, &changes, Position(first), Position(next)).await;
                applied.expect("a fresh store takes it");
            }
            let each = per(server.memory() - before, facts);
            println!("{each:6.1} bytes an award: {} {table}", slot.model.name);
        }
    }
}

fn slots() -> [Slot; 4] {
    MODELS.map(|name| Slot { model: Model { name, version: 1 }, generation: 1 })
}

async fn replay(store: &dyn ReadModels, facts: u64, batch: u64, meter: &Meter) {
    let (slots, mut making, mut count, mut longest) = (slots(), 0, 0, 0);
    for first in (0..facts).step_by(usize::try_from(batch).unwrap_or(1)) {
        let next = (first + batch).min(facts);
        let start = meter::cpu("self");
        let mut changes: [Vec<Change>; 4] = Default::default();
        for n in first..next {
            for (all, more) in changes.iter_mut().zip(awards::award(n, facts)) {
                all.extend(more);
            }
        }
        making += meter::cpu("self") - start;
        for (slot, changes) in slots.iter().zip(&changes) {
            count += changes.len() as u64;
            let start = Instant::now();
            let applied = store.apply(*slot, changes, Position(first), Position(next)).await;
            applied.expect("a fresh store takes it");
            longest = longest.max(start.elapsed().as_millis());
        }
    }
    meter.report("applied", facts);
    let used = meter.used() - making;
    println!(
        "  without making the changes ({:.2} us): {:.2} us an award",
        per(making, facts),
        per(used, facts)
    );
    println!("  {:.0} changes a second of CPU time", 1e6 / per(used, count));
    println!("  the longest batch: {longest} ms");
}

/// Pages of an index, and the rows that they point to.
async fn pages(store: &dyn ReadModels, facts: u64, meter: &Meter) {
    let slot = slots()[0];
    for n in 0..2000_u64 {
        let (tenant, prefix) = (awards::tenant(n, facts), awards::badge(n, facts));
        let (direction, after, before) = (Direction::Backward, None, None);
        let scan = Scan { tenant, table: "badge", prefix, after, before, direction, limit: 50 };
        let page = store.scan(slot, &scan).await.expect("it can be read");
        assert!(!page.is_empty());
        let keys: Vec<Key> =
            page.into_iter().map(|(id, _)| Key::new(tenant, "award", &id[24..])).collect();
        let rows = store.get_many(slot, &keys).await.expect("it can be read");
        assert!(rows.iter().all(Option::is_some));
    }
    meter.report("pages of 50 (index and rows)", 2000);
}
