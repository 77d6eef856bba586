//! Every shape of fact ever written reads back and writes the same again.

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{ClientEvent, IssuerEvent, MemberEvent, OrganizationEvent, SignInEvent, TenantEvent};

/// The types of an event and how its stored form is read and written again.
struct Shapes {
    types: BTreeSet<String>,
    rewrite: fn(&Value) -> Result<Value, serde_json::Error>,
}

fn shapes<E: Serialize + DeserializeOwned>() -> Shapes {
    let rewrite =
        |stored: &Value| serde_json::to_value(serde_json::from_value::<E>(stored.clone())?);
    // Serde names every type that it knows when it is asked for one that it does not know.
    let unknown = rewrite(&serde_json::json!({ "?": {} })).expect_err("no such type").to_string();
    let types = unknown.split('`').skip(1).step_by(2).filter(|name| *name != "?");
    Shapes { types: types.map(str::to_owned).collect(), rewrite }
}

#[test]
fn every_stored_shape_reads_and_writes_as_it_was() {
    let all = [
        shapes::<OrganizationEvent>(),
        shapes::<TenantEvent>(),
        shapes::<IssuerEvent>(),
        shapes::<MemberEvent>(),
        shapes::<ClientEvent>(),
        shapes::<SignInEvent>(),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut types: BTreeSet<String> = all.iter().flat_map(|shapes| shapes.types.clone()).collect();
    assert_eq!(types.len(), 15, "{types:?}");
    for entry in fs::read_dir(folder).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        let stored: Value =
            serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        assert!(stored.get(&name).is_some(), "{name} holds another type");
        let shapes = all.iter().find(|shapes| shapes.types.contains(&name)).expect("a known type");
        assert_eq!((shapes.rewrite)(&stored).expect("readable"), stored, "{name}");
        types.remove(&name);
    }
    assert!(types.is_empty(), "no golden file for {types:?}");
}
