//! The vault's hot steps: sealing, the keys of 256 new people in one flush, a key from the memory of
//! a remote, and the keys of 1,000 people over the wire. `-- --cpu` prints what the last two cost in
//! CPU time of both sides instead.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, Throughput};
use kernel::TenantId;
use keyvault::{
    Embedded, EmbeddedOptions, KeyVault, Owner, RootKey,
    remote::{Remote, RemoteOptions},
    server::{LEASE, Service, Shared},
};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tonic::transport::{Endpoint, Server, server::TcpIncoming};

fn main() {
    if std::env::args().any(|argument| argument == "--cpu") {
        return cpu();
    }
    let mut criterion = Criterion::default().configure_from_args();
    embedded(&mut criterion);
    remote(&mut criterion);
    criterion.final_summary();
}

fn open(folder: &tempfile::TempDir) -> Embedded {
    let path = folder.path().join("keys.sqlite");
    let root_key = RootKey::from_bytes([7; 32]);
    Embedded::open(EmbeddedOptions { path, root_key }).expect("opens")
}

fn person(n: u64) -> Owner {
    let subject = format!("person_{:026x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Owner::new(TenantId::PLATFORM, subject)
}

fn embedded(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let vault = open(&folder);
    let owner = person(0);
    let keys = runtime.block_on(vault.ensure(std::slice::from_ref(&owner))).expect("a key");

    c.bench_function("seal 40 bytes", |b| {
        b.iter(|| keys[0].seal(&owner, "email", black_box(&[1; 40]), [2; 24]));
    });
    c.bench_function("find a held key", |b| {
        b.iter(|| runtime.block_on(vault.key(black_box(&owner), 1)));
    });
    let mut next = 0_u64;
    let mut group = c.benchmark_group("bulk");
    group.throughput(Throughput::Elements(256)).sample_size(20);
    group.bench_function("make the keys of 256 people", |b| {
        let mut people = || -> Vec<Owner> {
            next += 256;
            (next..next + 256).map(person).collect()
        };
        let ensure = |people: Vec<Owner>| runtime.block_on(vault.ensure(&people)).map(|k| k.len());
        b.iter_batched(&mut people, ensure, BatchSize::PerIteration);
    });
    group.finish();
}

/// A vault, its server and two remotes: one that keeps keys in memory, one that asks for each.
struct Wire {
    runtime: Runtime,
    remote: Remote,
    forgetful: Remote,
    _folder: tempfile::TempDir,
}

fn wire() -> Wire {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (shared, caretaker) = Shared::new(Arc::new(open(&folder)), LEASE);
    let service = Service::new(shared).admitting(|_, _| true).into_server();
    let listening = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listening.expect("a port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(caretaker.run(std::future::pending()));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    runtime.spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let new = || {
        let _within = runtime.enter();
        Remote::new(endpoint.connect_lazy(), RemoteOptions::default())
    };
    let ((remote, keeper), (forgetful, _)) = (new(), new());
    runtime.spawn(keeper.run(std::future::pending()));
    let mut whole = remote.whole();
    runtime.block_on(whole.wait_for(|whole| *whole)).expect("the keeper runs");
    Wire { runtime, remote, forgetful, _folder: folder }
}

fn remote(c: &mut Criterion) {
    let Wire { runtime, remote, forgetful, _folder } = wire();
    let people: Vec<Owner> = (0..1_000).map(person).collect();
    runtime.block_on(remote.ensure(&people)).expect("keys");
    c.bench_function("find a key in the memory of a remote", |b| {
        b.iter(|| runtime.block_on(remote.key(black_box(&people[7]), 1)));
    });
    c.bench_function("ask for a key over the wire", |b| {
        b.iter(|| runtime.block_on(forgetful.key(black_box(&people[7]), 1)));
    });
    let mut group = c.benchmark_group("wire");
    group.throughput(Throughput::Elements(1_000)).sample_size(20);
    group.bench_function("the keys of 1,000 people over the wire", |b| {
        b.iter(|| runtime.block_on(forgetful.ensure(black_box(&people))).map(|keys| keys.len()));
    });
    group.finish();
}

fn cpu() {
    let Wire { runtime, remote, forgetful, _folder } = wire();
    let people: Vec<Owner> = (0..1_000).map(person).collect();
    runtime.block_on(remote.ensure(&people)).expect("keys");
    let measure = |what: &str, count: u32, run: &dyn Fn(u32)| {
        let start = spent();
        (0..count).for_each(run);
        println!("{what}: {:?} of CPU time", spent().saturating_sub(start) / count);
    };
    measure("a key from memory", 1_000_000, &|n| {
        let owner = &people[n as usize % people.len()];
        assert!(runtime.block_on(remote.key(owner, 1)).expect("a key").is_some());
    });
    measure("a key over the wire", 20_000, &|n| {
        let owner = &people[n as usize % people.len()];
        assert!(runtime.block_on(forgetful.key(owner, 1)).expect("a key").is_some());
    });
    measure("the keys of 1,000 known people over the wire", 500, &|_| {
        runtime.block_on(forgetful.ensure(&people)).expect("keys");
    });
    measure("the keys of 1,000 new people over the wire", 50, &|n| {
        let new: Vec<_> = (1..=1_000).map(|m| person(u64::from(n + 1) * 1_000 + m)).collect();
        runtime.block_on(forgetful.ensure(&new)).expect("keys");
    });
}

/// What this process has spent on all its threads.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
