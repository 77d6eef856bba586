//! Every event shape ever written reads today, and writes as it did.

use std::{collections::BTreeSet, fs, path::Path};

use awarding_domain::{
    AwardEvent, BatchEvent, PersonEvent, StatusListEvent, SubmissionEvent, TemplateEvent,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Today's shape of each variant: the compiler asks for a line here when one is added.
fn kinds() -> BTreeSet<&'static str> {
    let award = |event: &AwardEvent| match event {
        AwardEvent::Created(_) => "award-created.v1",
        AwardEvent::Accepted(_) => "award-accepted.v1",
        AwardEvent::Declined(_) => "award-declined.v1",
        AwardEvent::Revoked(_) => "award-revoked.v1",
        AwardEvent::Notified(_) => "award-notified.v1",
    };
    let batch = |event: &BatchEvent| match event {
        BatchEvent::Submitted(_) => "batch-submitted.v1",
        BatchEvent::Continued(_) => "batch-continued.v1",
        BatchEvent::Progressed(_) => "batch-progressed.v1",
        BatchEvent::Finished(_) => "batch-finished.v1",
    };
    let submission = |event: &SubmissionEvent| match event {
        SubmissionEvent::Submitted(_) => "credential-submitted.v1",
        SubmissionEvent::Signed(_) => "credential-signed.v1",
        SubmissionEvent::Revoked(_) => "credential-revoked.v1",
    };
    let mut kinds =
        BTreeSet::from(["status-range-reserved.v1", "person-erased.v1", "template-recorded.v1"]);
    for text in goldens().into_iter().map(|(_, text)| text) {
        if let Ok(event) = serde_json::from_str::<AwardEvent>(&text) {
            kinds.insert(award(&event));
        } else if let Ok(event) = serde_json::from_str::<BatchEvent>(&text) {
            kinds.insert(batch(&event));
        } else if let Ok(event) = serde_json::from_str::<SubmissionEvent>(&text) {
            kinds.insert(submission(&event));
        }
    }
    kinds
}

fn goldens() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut goldens = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path.file_stem().expect("named").to_string_lossy().into_owned();
        goldens.push((name, fs::read_to_string(path).expect("readable")));
    }
    goldens
}

fn survives<E: Serialize + DeserializeOwned>(value: &Value) -> Option<bool> {
    let event: E = serde_json::from_value(value.clone()).ok()?;
    Some(serde_json::to_value(event).expect("events are json") == *value)
}

#[test]
fn every_stored_shape_reads_and_writes_as_it_did() {
    for (name, text) in goldens() {
        let value: Value = serde_json::from_str(&text).expect("goldens are json");
        if name == "particulars" {
            // No event: what is sealed in one.
            continue;
        }
        assert!(value.get(&name).is_some(), "{name} holds another event");
        let read = survives::<AwardEvent>(&value)
            .or_else(|| survives::<BatchEvent>(&value))
            .or_else(|| survives::<PersonEvent>(&value))
            .or_else(|| survives::<StatusListEvent>(&value))
            .or_else(|| survives::<SubmissionEvent>(&value))
            .or_else(|| survives::<TemplateEvent>(&value));
        assert_eq!(read, Some(true), "{name}");
    }
}

#[test]
fn every_event_has_a_golden() {
    let known = [
        "award-created.v1",
        "award-accepted.v1",
        "award-declined.v1",
        "award-revoked.v1",
        "award-notified.v1",
        "batch-submitted.v1",
        "batch-continued.v1",
        "batch-progressed.v1",
        "batch-finished.v1",
        "status-range-reserved.v1",
        "person-erased.v1",
        "template-recorded.v1",
        "credential-submitted.v1",
        "credential-signed.v1",
        "credential-revoked.v1",
    ];
    assert_eq!(kinds(), BTreeSet::from(known));
    let stored: BTreeSet<String> = goldens().into_iter().map(|(name, _)| name).collect();
    for kind in known {
        assert!(stored.contains(kind), "{kind} has no golden");
    }
}
