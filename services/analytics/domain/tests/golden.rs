//! Every event shape ever written, as it was written.

use analytics_domain::EngagementEvent;
use serde_json::Value;

/// Stops compiling when a variant is added: give it a type here and a golden file.
fn kind(event: &EngagementEvent) -> &'static str {
    match event {
        EngagementEvent::Recorded(_) => "engagement-recorded.v1",
    }
}

#[test]
fn every_golden_reads_and_is_written_again_as_it_was() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let mut kinds = vec!["engagement-recorded.v1"];
    for entry in std::fs::read_dir(folder).expect("the golden folder") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let event: EngagementEvent = serde_json::from_value(value.clone()).expect("reads");
        assert_eq!(path.file_stem().and_then(|name| name.to_str()), Some(kind(&event)));
        assert_eq!(serde_json::to_value(&event).expect("writes"), value);
        kinds.retain(|missing| *missing != kind(&event));
    }
    assert!(kinds.is_empty(), "golden files are missing: {kinds:?}");
}
