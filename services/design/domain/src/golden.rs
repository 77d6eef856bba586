//! Every shape of fact ever written reads back and writes the same again.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::BadgeEvent;

#[test]
fn every_stored_shape_reads_and_writes_as_it_was() {
    // Serde names every type that it knows when it is asked for one that it does not know.
    let unknown = serde_json::from_str::<BadgeEvent>(r#"{"?":{}}"#).expect_err("no such type");
    let unknown = unknown.to_string();
    let types = unknown.split('`').skip(1).step_by(2).filter(|name| *name != "?");
    let mut types: BTreeSet<&str> = types.collect();
    assert_eq!(types.len(), 4, "{types:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    for entry in fs::read_dir(folder).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        let stored: Value =
            serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert!(stored.get(name).is_some(), "{name} holds another type");
        let event: BadgeEvent = serde_json::from_value(stored.clone()).expect("readable");
        assert_eq!(serde_json::to_value(event).expect("writable"), stored, "{name}");
        types.remove(name);
    }
    assert!(types.is_empty(), "no golden file for {types:?}");
}
