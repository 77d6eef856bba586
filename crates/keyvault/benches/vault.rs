//! The vault's hot steps: sealing, and the keys of 256 new people in one flush.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kernel::TenantId;
use keyvault::{Embedded, EmbeddedOptions, KeyVault, Owner, RootKey};

fn vault(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.sqlite");
    let root_key = RootKey::from_bytes([7; 32]);
    let vault = Embedded::open(EmbeddedOptions { path, root_key }).expect("opens");
    let owner = Owner::new(TenantId::PLATFORM, "person_00000000000000000000000000");
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
            let subjects = (0..256).map(|_| {
                next += 1;
                format!("person_{:026x}", next.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            });
            subjects.map(|subject| Owner::new(TenantId::PLATFORM, subject)).collect()
        };
        let ensure = |people: Vec<Owner>| runtime.block_on(vault.ensure(&people)).map(|k| k.len());
        b.iter_batched(&mut people, ensure, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, vault);
criterion_main!(benches);
