//! What one credential costs, step by step, beside the raw signature that nothing can undercut.

#[path = "../tests/sample/badge.rs"]
mod badge;
#[path = "../tests/sample/web.rs"]
mod web;

use std::hint::black_box;
use std::sync::Arc;

use badge::{full_fill, issue, key, plain_fill, suite, template};
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::Signer;
use jsonld::{Budget, Contexts, Processor, canonicalize};
use openbadges::data_integrity::{Cryptosuite, prepare, verify_proof};
use openbadges::jose::{Jws, UnsignedJws, credential_in_jwt};
use openbadges::verify::{Options, Verifier};
use openbadges::{ProofOptions, Purpose, SecretKey, parse_timestamp};
use serde_json::Value;
use web::Web;

fn credential(criterion: &mut Criterion) {
    let suite = suite();
    let template = template();
    let key = key();
    let fill = plain_fill();
    let signed = issue(&template, &suite, &fill);

    let mut group = criterion.benchmark_group("credential");
    let message = [7; 64];
    let signature = key.sign(&message);
    let public = key.verifying_key();
    group.bench_function("limit: ed25519 sign", |b| b.iter(|| key.sign(black_box(&message))));
    group.bench_function("limit: ed25519 verify", |b| {
        b.iter(|| public.verify_strict(black_box(&message), &signature));
    });

    let processor = Arc::new(Processor::new(Contexts::bundled()));
    let mut document: Value = serde_json::from_slice(&signed).expect("it was just written");
    document.as_object_mut().expect("a credential is an object").remove("proof");
    let dataset = processor.to_quads(&document).expect("it was just signed");
    group.bench_function("json-ld to quads", |b| {
        b.iter(|| processor.to_quads(black_box(&document)));
    });
    group.bench_function("quads to canonical text", |b| {
        b.iter(|| canonicalize(black_box(&dataset), Budget::default()));
    });
    for (name, fill) in [("plain", plain_fill()), ("full", full_fill())] {
        group.bench_function(format!("prepare, {name}"), |b| {
            b.iter(|| template.prepare(&suite, black_box(&fill)));
        });
    }
    for (name, fill) in [("plain", plain_fill()), ("full", full_fill())] {
        group.bench_function(format!("issue from a template, {name}"), |b| {
            b.iter(|| issue(&template, &suite, black_box(&fill)));
        });
    }
    let proof_options =
        ProofOptions::new(template.verification_method(), fill.proof_created.as_str());
    group.bench_function("issue the general way, plain", |b| {
        b.iter(|| {
            let prepared = suite.prepare(black_box(&document).clone(), &proof_options);
            let prepared = prepared.expect("the sample is good");
            let signature = key.sign(prepared.hash_data()).to_bytes();
            serde_json::to_vec(&prepared.finish(&signature))
        });
    });

    let web = Web::with_revoked(&suite, &[]);
    let now = parse_timestamp("2026-01-01T00:00:00Z").expect("it is well-formed");
    let multikey = badge::multikey();
    let verifier = Verifier::new(processor.clone());
    let options = Options::default();
    let proof = serde_json::from_slice::<Value>(&signed).expect("it was just written");
    group.bench_function("verify the proof", |b| {
        b.iter(|| {
            let signed: Value = serde_json::from_slice(black_box(&signed)).expect("json");
            suite.verify(&signed, &proof["proof"][0], &multikey)
        });
    });
    let key = SecretKey::ed25519(&key.to_bytes());
    let jcs = ProofOptions { cryptosuite: Cryptosuite::EddsaJcs2022, ..proof_options };
    let prepared = prepare(&processor, document.clone(), &jcs).expect("the sample is good");
    let signature = key.sign(prepared.hash_data()).expect("it signs");
    let in_jcs = serde_json::to_vec(&prepared.finish(&signature)).expect("it becomes json");
    group.bench_function("verify the proof, eddsa-jcs-2022", |b| {
        b.iter(|| {
            let signed: Value = serde_json::from_slice(black_box(&in_jcs)).expect("json");
            let proof = &signed["proof"][0];
            verify_proof(&processor, &signed, proof, key.public_key(), Purpose::Assertion)
        });
    });
    let token = UnsignedJws::credential(&document, key.algorithm(), "k").expect("an object");
    let token = token.sign(&key).expect("it signs");
    group.bench_function("verify the token", |b| {
        b.iter(|| {
            let jws = Jws::parse(black_box(&token)).expect("it was just written");
            jws.verify(key.public_key()).expect("it was just signed");
            credential_in_jwt(&jws)
        });
    });
    group.bench_function("verify with status list and issuer document", |b| {
        b.iter(|| verifier.verify_with(black_box(&signed), |url| web.get(url), &options, now));
    });
    group.finish();
}

criterion_group!(benches, credential);
criterion_main!(benches);
