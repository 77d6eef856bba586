//! What other implementations are asked about, and what they ask about.
//!
//! `cargo run -p openbadges --example oracle -- issue FOLDER` writes one badge in every form that
//! this crate signs, each under the `did:key` or `did:jwk` of its key: `rdfc.json`, `jcs.json`,
//! `ecdsa.json`, `eddsa.jwt`, `es256.jwt` and, with the RSA key of `FOLDER/rsa.jwk`, `rs256.jwt`.
//! `… -- judge FILE…` prints a verdict for each file, one JSON object a line, offline.

#[path = "../tests/sample/badge.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod badge;

use std::path::PathBuf;
use std::sync::Arc;

use openbadges::data_integrity::{self, Cryptosuite, ProofOptions};
use openbadges::jose::UnsignedJws;
use openbadges::jsonld::{Contexts, Processor};
use openbadges::key::SecretKey;
use openbadges::verify::{Options, Unreachable, Verifier};
use openbadges::{did, json, parse_timestamp};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn std::error::Error>>;

const SIGNED_AT: &str = "2026-01-01T00:00:00Z";

fn main() -> Outcome {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    match (command.to_str(), files.first()) {
        (Some("issue"), Some(folder)) => issue(folder),
        (Some("judge"), Some(_)) => judge(&files),
        _ => Err("issue FOLDER, or judge FILE…".into()),
    }
}

fn issue(folder: &std::path::Path) -> Outcome {
    let processor = Processor::new(Contexts::bundled());
    let (ed25519, p256) = (SecretKey::ed25519(&[42; 32]), SecretKey::p256(&[43; 32])?);
    for (file, cryptosuite, key) in [
        ("rdfc.json", Cryptosuite::EddsaRdfc2022, &ed25519),
        ("jcs.json", Cryptosuite::EddsaJcs2022, &ed25519),
        ("ecdsa.json", Cryptosuite::EcdsaRdfc2019, &p256),
    ] {
        let multikey = key.public_key().multikey().ok_or("a key without multikey")?;
        let did = did::did_key(&multikey);
        let options = ProofOptions {
            cryptosuite,
            algorithm: key.algorithm(),
            ..ProofOptions::new(format!("{did}#{multikey}"), SIGNED_AT)
        };
        let unsigned = data_integrity::prepare(&processor, document(&did)?, &options)?;
        let signature = key.sign(unsigned.hash_data())?;
        std::fs::write(folder.join(file), serde_json::to_vec(&unsigned.finish(&signature))?)?;
    }
    let mut keys = vec![("eddsa.jwt", ed25519), ("es256.jwt", p256)];
    if let Ok(rsa) = std::fs::read(folder.join("rsa.jwk")) {
        keys.push(("rs256.jwt", SecretKey::from_jwk(&json::parse(&rsa, 16 << 10)?)?));
    }
    for (file, key) in keys {
        let did = did::did_jwk(key.public_key());
        let unsigned =
            UnsignedJws::open_badge(&document(&did)?, key.algorithm(), &format!("{did}#0"))?;
        std::fs::write(folder.join(file), unsigned.sign(&key)?)?;
    }
    Ok(())
}

/// The sample badge of an issuer, for a recipient with an id.
fn document(issuer: &str) -> Result<Value, serde_json::Error> {
    let signed = badge::issue(&badge::template(), &badge::suite(), &badge::full_fill());
    let mut document: Value = serde_json::from_slice(&signed)?;
    if let Some(members) = document.as_object_mut() {
        members.remove("proof");
        members.remove("credentialStatus");
    }
    document["issuer"]["id"] = json!(issuer);
    document["credentialSubject"]["id"] = json!("urn:uuid:7c9e6679-7425-40de-944b-e07fc1f90ae7");
    Ok(document)
}

fn judge(files: &[PathBuf]) -> Outcome {
    let verifier = Verifier::new(Arc::new(Processor::new(Contexts::bundled())));
    let now = parse_timestamp("2026-06-01T00:00:00Z")?;
    let nothing = |_: &str| Err(Unreachable::Failed("nothing is fetched".to_owned()));
    for file in files {
        let handed = std::fs::read(file)?;
        let report = verifier.verify_with(&handed, nothing, &Options::default(), now);
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}
