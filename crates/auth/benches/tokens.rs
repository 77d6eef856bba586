//! Tokens: signing one, verifying one for the first time, and seeing it again.

use std::{hint::black_box, sync::Arc};

use auth::{Principal, Revocations, Tokens};
use criterion::{Criterion, criterion_group, criterion_main};
use kernel::{TenantId, Timestamp};
use uuid::Uuid;

fn tokens(c: &mut Criterion) {
    let now = Timestamp::from_unix_millis(1_772_000_000_000);
    let tokens = Tokens::from_seed(&[7; 32], "https://badges.example.org").expect("a seed");
    let until = now.plus_millis(3_600_000);
    let principal = Principal::operator(TenantId::PLATFORM, now, until, Uuid::nil());
    let token = tokens.access(&principal);
    let verifier = tokens.verifier(Arc::new(Revocations::new()));

    c.bench_function("sign", |b| b.iter(|| tokens.access(black_box(&principal))));
    c.bench_function("verify for the first time", |b| {
        b.iter(|| verifier.verify::<auth::AccessClaims>(black_box(&token), now).is_ok());
    });
    c.bench_function("verify again", |b| {
        b.iter(|| verifier.access(black_box(&token), now).is_ok());
    });
}

criterion_group!(benches, tokens);
criterion_main!(benches);
