//! What canonicalising a badge costs, step by step, beside the raw signature that nothing can
//! undercut.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use ed25519_dalek::{Signer, SigningKey};
use jsonld::{Budget, Contexts, Processor, canonicalize};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A badge with little in it and one with a status, a hashed recipient, a result and alignments.
const BADGES: [(&str, &str); 2] = [
    ("simple", include_str!("../tests/sample/simple.json")),
    ("realistic", include_str!("../tests/sample/realistic.json")),
];

fn hash(processor: &Processor, document: &Value) -> [u8; 32] {
    let dataset = processor.to_quads(document).expect("the sample is good");
    let text = canonicalize(&dataset, Budget::default()).expect("the sample is cheap");
    Sha256::digest(text).into()
}

/// The bytes that `eddsa-rdfc-2022` signs.
fn hash_data(processor: &Processor, proof: &Value, document: &Value) -> [u8; 64] {
    let mut joined = [0; 64];
    joined[..32].copy_from_slice(&hash(processor, proof));
    joined[32..].copy_from_slice(&hash(processor, document));
    joined
}

/// The time that this thread spent computing, whatever else the machine does.
struct ThreadTime;

impl Measurement for ThreadTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::try_from(time).expect("the time spent is not negative")
    }

    fn end(&self, start: Duration) -> Duration {
        self.start().saturating_sub(start)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn canonicalization(criterion: &mut Criterion<ThreadTime>) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = key.verifying_key();
    let message = [7; 64];
    let signature = key.sign(&message);
    let mut limits = criterion.benchmark_group("limit");
    limits.bench_function("ed25519 sign", |b| b.iter(|| key.sign(black_box(&message))));
    limits.bench_function("ed25519 verify", |b| {
        b.iter(|| public.verify_strict(black_box(&message), &signature));
    });
    limits.finish();

    let processor = Processor::new(Contexts::bundled());
    for (name, text) in BADGES {
        let text = serde_json::from_str::<Value>(text).expect("the sample is json").to_string();
        let document: Value = serde_json::from_str(&text).expect("it was just written");
        let dataset = processor.to_quads(&document).expect("the sample is good");
        let canonical = canonicalize(&dataset, Budget::default()).expect("the sample is cheap");
        let proof = json!({
            "@context": document["@context"],
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "created": "2026-03-01T09:00:00Z",
            "verificationMethod": "did:web:badges.example:t:harbour#z6MkrHKzgsahxBLyNAbLQyB1pcWNYC9",
            "proofPurpose": "assertionMethod"
        });
        let mut group = criterion.benchmark_group(name);
        group.bench_function("parse the json", |b| {
            b.iter(|| serde_json::from_str::<Value>(black_box(&text)));
        });
        group.bench_function("json-ld to quads", |b| {
            b.iter(|| processor.to_quads(black_box(&document)));
        });
        group.bench_function("quads to canonical text", |b| {
            b.iter(|| canonicalize(black_box(&dataset), Budget::default()));
        });
        group.bench_function("hash the text", |b| {
            b.iter(|| Sha256::digest(black_box(&canonical)));
        });
        group.bench_function("hash the proof", |b| {
            b.iter(|| hash(&processor, black_box(&proof)));
        });
        group.bench_function("canonicalise and sign", |b| {
            b.iter(|| key.sign(&hash_data(&processor, &proof, black_box(&document))));
        });
        let signature = key.sign(&hash_data(&processor, &proof, &document));
        group.bench_function("parse and verify", |b| {
            b.iter(|| {
                let document = serde_json::from_str(black_box(&text)).expect("json");
                public.verify_strict(&hash_data(&processor, &proof, &document), &signature)
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = canonicalization
}
criterion_main!(benches);
