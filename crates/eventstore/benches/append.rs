//! What the embedded store can do: appends by few and many writers, replay, reading a stream.
//!
//! Beside each figure of time stands the processor time of the whole process, all threads included.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventstore::{
    Embedded, EmbeddedOptions, EventStore, Expected, Filter, NewEvent, Signal, StreamId, Write,
};
use futures_util::{StreamExt, future::join_all};
use kernel::{Position, TenantId};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinSet};
use uuid::Uuid;

/// Streams of five facts, as most are.
const STREAM: u64 = 5;
const REPLAYED: u64 = 1_000_000;

static IDS: AtomicU64 = AtomicU64::new(1);

fn stream(n: u64) -> StreamId {
    StreamId::named("award", TenantId::from_uuid(Uuid::from_u128(u128::from(n % 100))), n)
}

/// A fact of about 300 bytes with metadata of about 150.
fn event() -> NewEvent {
    let id = u128::from(IDS.fetch_add(1, Ordering::Relaxed));
    NewEvent {
        id: Uuid::from_u128(id << 64 | id),
        kind: "award-created.v1".into(),
        data: format!(r#"{{"badge":"{id:026}","note":"{}"}}"#, "x".repeat(250)).into_bytes(),
        metadata: format!(r#"{{"command":"{id:036}","at":"{}"}}"#, "y".repeat(90)).into_bytes(),
    }
}

fn open(folder: &TempDir) -> Arc<Embedded> {
    Arc::new(Embedded::open(EmbeddedOptions::at(folder.path())).expect("the store opens"))
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("the processor time is not negative")
}

fn say(what: &str, count: u64, wall: Duration, processor: Duration) {
    let each = |time: Duration| time.as_nanos() / u128::from(count);
    println!("{what}: {} ns each, {} ns of processor time", each(wall), each(processor));
}

/// So many appends of one fact each by so many writers, each in its own streams, one after another.
async fn appends(store: &Arc<Embedded>, writers: u64, count: u64) {
    let mut running = JoinSet::new();
    for writer in 0..writers {
        let store = Arc::clone(store);
        let count = count / writers + u64::from(writer < count % writers);
        running.spawn(async move {
            let mut name = 0;
            for n in 0..count {
                if n % STREAM == 0 {
                    name = IDS.fetch_add(1, Ordering::Relaxed);
                }
                let expected = Expected::after(n % STREAM);
                let write = Write { stream: stream(name), expected, events: vec![event()] };
                let answers = store.append(vec![write]).await;
                assert!(answers[0].is_ok(), "{answers:?}");
            }
        });
    }
    running.join_all().await;
}

fn append(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("append");
    group.sample_size(10).throughput(Throughput::Elements(1));
    for writers in [1, 64, 512] {
        let folder = TempDir::new().expect("a folder");
        let store = open(&folder);
        group.bench_function(format!("{writers} writers"), |bencher| {
            bencher.iter_custom(|count| {
                // Enough for every writer to take part.
                let scale = if writers > 1 { 20 } else { 1 };
                let (processor, start) = (processor_time(), Instant::now());
                runtime.block_on(appends(&store, writers, count * scale));
                let wall = start.elapsed();
                let processor = processor_time().saturating_sub(processor);
                if count * scale >= 10 * writers {
                    say(&format!("{writers} writers"), count * scale, wall, processor);
                }
                wall / u32::try_from(scale).expect("small")
            });
        });
    }
}

fn read(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder);
    let start = Instant::now();
    runtime.block_on(async {
        for first in (0..REPLAYED / STREAM).step_by(1000) {
            let write = |n| Write {
                stream: stream(n),
                expected: Expected::NoStream,
                events: (0..STREAM).map(|_| event()).collect(),
            };
            let calls = (0..2).map(|half| {
                let first = first + half * 500;
                store.append((first..first + 500).map(write).collect())
            });
            join_all(calls).await;
        }
    });
    say("load", REPLAYED, start.elapsed(), Duration::ZERO);
    drop(store);
    let start = Instant::now();
    let store = open(&folder);
    let head = runtime.block_on(store.head()).expect("a head");
    println!("open with {head} facts: {:?}", start.elapsed());

    let mut group = criterion.benchmark_group("read");
    group.sample_size(10).throughput(Throughput::Elements(REPLAYED));
    group.bench_function("replay", |bencher| {
        bencher.iter_custom(|count| {
            let (processor, start) = (processor_time(), Instant::now());
            for _ in 0..count {
                runtime.block_on(async {
                    let mut facts = 0;
                    let mut signals = store.subscribe(Position::START, Filter::every_tenant(&[]));
                    while let Some(Ok(signal)) = signals.next().await {
                        match signal {
                            Signal::Facts(page) => facts += black_box(page).len() as u64,
                            Signal::CaughtUp(_) => break,
                            Signal::Checkpoint(_) => {}
                        }
                    }
                    assert_eq!(facts, REPLAYED);
                });
            }
            let wall = start.elapsed();
            let processor = processor_time().saturating_sub(processor);
            say("replay", count * REPLAYED, wall, processor);
            wall
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("stream of five", |bencher| {
        let mut n = 0;
        bencher.iter(|| {
            n = (n + 7919) % (REPLAYED / STREAM);
            let facts = runtime.block_on(store.read(&stream(n), 0, 500)).expect("facts");
            assert_eq!(facts.len() as u64, STREAM);
        });
    });
}

criterion_group!(benches, append, read);
criterion_main!(benches);
