//! Every event shape ever written, as it was written.

use backpack_domain::{EarnerEvent, SignInEvent};
use serde_json::Value;

fn goldens() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("readable");
        (name, serde_json::from_str(&text).expect("JSON"))
    };
    std::fs::read_dir(folder).expect("the golden folder").map(read).collect()
}

/// Stops compiling when a variant is added: give it a type here and a golden file.
fn kind_of_earner(event: &EarnerEvent) -> &'static str {
    match event {
        EarnerEvent::SignedIn(_) => "earner-signed-in.v1",
        EarnerEvent::Erased(_) => "earner-erased.v1",
        EarnerEvent::ErasureCompleted(_) => "earner-erasure-completed.v1",
    }
}

fn kind_of_sign_in(event: &SignInEvent) -> &'static str {
    match event {
        SignInEvent::Redeemed(_) => "earnersignin-redeemed.v1",
    }
}

#[test]
fn every_golden_reads_and_is_written_again_as_it_was() {
    let goldens = goldens();
    for (name, value) in &goldens {
        let (kind, again) = if name.starts_with("earnersignin") {
            let event: SignInEvent = serde_json::from_value(value.clone()).expect("reads");
            (kind_of_sign_in(&event), serde_json::to_value(&event))
        } else {
            let event: EarnerEvent = serde_json::from_value(value.clone()).expect("reads");
            (kind_of_earner(&event), serde_json::to_value(&event))
        };
        assert_eq!(kind, name);
        assert_eq!(&again.expect("writes"), value, "{name}");
    }
}

#[test]
fn every_event_has_a_golden() {
    let names: Vec<String> = goldens().into_iter().map(|(name, _)| name).collect();
    for kind in [
        "earner-signed-in.v1",
        "earner-erased.v1",
        "earner-erasure-completed.v1",
        "earnersignin-redeemed.v1",
    ] {
        assert!(names.iter().any(|name| name == kind), "golden/{kind}.json is missing");
    }
}
