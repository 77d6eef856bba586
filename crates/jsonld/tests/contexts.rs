//! The bundled contexts are the published ones.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use jsonld::{Contexts, Problem, Processor};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contexts"))
}

/// URL to file and digest, from the table in the README.
fn table() -> BTreeMap<String, (String, String)> {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    readme
        .lines()
        .filter(|line| line.starts_with("| https://"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].into(), (cells[2].into(), cells[3].trim_matches('`').into()))
        })
        .collect()
}

#[test]
fn every_bundled_context_has_the_digest_on_record() {
    let table = table();
    let contexts = Contexts::bundled();
    let mut urls: Vec<&str> = contexts.urls().collect();
    urls.sort_unstable();
    assert_eq!(urls, table.keys().map(String::as_str).collect::<Vec<_>>());
    for (url, (file, digest)) in &table {
        let bytes = std::fs::read(folder().join(file)).unwrap();
        assert_eq!(&hex::encode(Sha256::digest(&bytes)), digest, "{file}");
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(contexts.get(url), Some(&document), "{url} is bundled from another file");
    }
}

#[test]
fn bundled_contexts_equal_the_reference_copies() {
    let reference = folder().join("../../../../shared/contexts");
    let Ok(index) = std::fs::read(reference.join("index.json")) else {
        eprintln!("not compared: {} is not beside the checkout", reference.display());
        return;
    };
    let index: Vec<(String, String)> = serde_json::from_slice(&index).unwrap();
    let contexts = Contexts::bundled();
    let mut compared = 0;
    for (url, file) in index {
        // The reference copy of this one is older than what its URL serves: see the README.
        if url == "https://w3id.org/security/suites/ed25519-2020/v1" {
            continue;
        }
        if let Some(bundled) = contexts.get(&url) {
            let bytes = std::fs::read(reference.join(file)).unwrap();
            assert_eq!(bundled, &serde_json::from_slice::<Value>(&bytes).unwrap(), "{url}");
            compared += 1;
        }
    }
    assert!(compared >= 23, "only {compared} contexts were compared");
}

/// A context that no document could name would be dead weight, and a bad one would fail only there.
#[test]
fn every_bundled_context_can_be_compiled() {
    let contexts = Contexts::bundled();
    let urls: Vec<String> = contexts.urls().map(str::to_owned).collect();
    let processor = Processor::new(contexts);
    for url in urls {
        let document = json!({"@context": [url], "@id": "urn:x"});
        assert!(processor.to_quads(&document).is_ok(), "{url}");
    }
}

#[test]
fn the_vocabulary_of_examples_holds_for_documents_that_name_it_only() {
    let processor = Processor::new(Contexts::bundled());
    let base = "https://www.w3.org/ns/credentials/v2";
    let examples = "https://www.w3.org/ns/credentials/examples/v2";
    let document = |contexts: &[&str]| {
        let subject = json!({"made": "up"});
        json!({"@context": contexts, "type": "VerifiableCredential", "credentialSubject": subject})
    };
    assert!(processor.to_quads(&document(&[base, examples])).is_ok());
    let error = processor.to_quads(&document(&[base])).unwrap_err();
    assert_eq!(error.problem, Problem::UndefinedTerm("made".into()));
}
