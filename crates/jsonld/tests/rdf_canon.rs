//! The official RDFC-1.0 test suite, read from beside the checkout.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonld::{Budget, CanonError, HashAlgorithm, canonicalize_with, parse_nquads};
use serde_json::Value;

fn suite() -> Option<(PathBuf, Vec<Value>)> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/rdf-canon"));
    let Ok(manifest) = std::fs::read(folder.join("manifest.jsonld")) else {
        eprintln!("not run: {} is not beside the checkout", folder.display());
        return None;
    };
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    Some((folder, manifest["entries"].as_array().unwrap().clone()))
}

#[test]
fn the_official_rdfc10_suite_passes() {
    let Some((folder, entries)) = suite() else { return };
    let (mut evaluations, mut maps, mut negatives) = (0, 0, 0);
    for entry in &entries {
        let id = entry["id"].as_str().unwrap();
        let read = |member: &str| {
            std::fs::read_to_string(folder.join(entry[member].as_str().unwrap())).unwrap()
        };
        let algorithm = match entry["hashAlgorithm"].as_str() {
            Some("SHA384") => HashAlgorithm::Sha384,
            None | Some("SHA256") => HashAlgorithm::Sha256,
            Some(other) => panic!("{id}: unknown hash {other}"),
        };
        let (dataset, labels) = parse_nquads(&read("action")).unwrap();
        let canonical = canonicalize_with(&dataset, algorithm, Budget::default());
        match entry["type"].as_str().unwrap() {
            "rdfc:RDFC10EvalTest" => {
                assert_eq!(canonical.expect(id).nquads, read("result"), "{id}");
                evaluations += 1;
            }
            "rdfc:RDFC10MapTest" => {
                let expected: BTreeMap<String, String> =
                    serde_json::from_str(&read("result")).unwrap();
                let canonical = canonical.expect(id).labels;
                let found: BTreeMap<String, String> = labels
                    .into_iter()
                    .zip(canonical)
                    .filter_map(|(label, number)| Some((label, format!("c14n{}", number?))))
                    .collect();
                assert_eq!(found, expected, "{id}");
                maps += 1;
            }
            "rdfc:RDFC10NegativeEvalTest" => {
                assert_eq!(canonical, Err(CanonError::BudgetExceeded), "{id}");
                negatives += 1;
            }
            other => panic!("{id}: unknown kind {other}"),
        }
    }
    assert_eq!((evaluations, negatives), (64, 1));
    assert!(maps >= 20, "{maps} map tests");
}
