//! What an award costs in this role, on embedded stores with a signer beside it: one at a time, 64
//! at once, and a batch of one chunk.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set up has nothing to measure")]

#[path = "../tests/role/world.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod world;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kernel::Position;
use proto::awarding::v1::CreateBatchRequest;
use tokio::runtime::{Builder, Runtime};

use world::World;

fn runtime() -> Runtime {
    Builder::new_multi_thread().enable_all().build().unwrap()
}

fn single(criterion: &mut Criterion) {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let mut group = criterion.benchmark_group("award");
    let mut next = 0_u64;
    for at_once in [1, 64] {
        group.throughput(Throughput::Elements(at_once));
        group.bench_function(format!("single, {at_once} in flight"), |bencher| {
            bencher.iter(|| {
                let requests = (next..next + at_once).map(|n| {
                    let email = format!("p{n}@example.org");
                    world.award(world.award_request(&email, &email, "Ada Lovelace"))
                });
                next += at_once;
                let made = runtime.block_on(futures_util::future::join_all(requests));
                assert!(made.iter().all(Result::is_ok));
            });
        });
    }
    group.finish();
}

const ROWS: usize = 256;

fn chunk(criterion: &mut Criterion) {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let mut group = criterion.benchmark_group("award");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    let (mut next, mut seen) = (0, Position::START);
    group.bench_function("batch of 256 rows", |bencher| {
        let file = || {
            next += 1;
            let rows = (0..ROWS).map(|row| format!("b{next}r{row}@example.org,Ada Lovelace\n"));
            (next, format!("email,name\n{}", rows.collect::<String>()))
        };
        let award = |(key, csv): (usize, String)| {
            let request = CreateBatchRequest {
                idempotency_key: key.to_string(),
                badge_id: world.badge.to_string(),
                csv: csv.into(),
                notify: false,
            };
            seen = runtime.block_on(async {
                world.client.clone().create_batch(world.call(request)).await.unwrap();
                world.until("batch-finished.v1", seen).await
            });
        };
        bencher.iter_batched(file, award, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, single, chunk);
criterion_main!(benches);
