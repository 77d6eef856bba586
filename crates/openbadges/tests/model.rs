//! The Open Badges 3.0 data model: what is read is written again, whole.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;

use openbadges::v3::{CredentialStatus, Issuer, OpenBadgeCredential};
use proptest::prelude::*;
use serde_json::{Value, json};

fn complete() -> Value {
    serde_json::from_str(include_str!("sample/complete.json")).unwrap()
}

fn written_again(value: &Value) -> Value {
    let read: OpenBadgeCredential = serde_json::from_value(value.clone()).unwrap();
    serde_json::to_value(read).unwrap()
}

/// The pointers of all objects in a document.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            for (name, value) in members {
                objects(value, &format!("{at}/{}", name.replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                objects(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_badge_with_every_property_of_the_standard_survives() {
    assert_eq!(written_again(&complete()), complete());
    let read: OpenBadgeCredential = serde_json::from_value(complete()).unwrap();
    // All of it was understood: nothing fell among the unknown.
    assert!(read.extra.is_empty());
    assert!(read.credential_subject.extra.is_empty());
    assert!(read.credential_subject.achievement.extra.is_empty());
    assert!(matches!(read.credential_status, Some(CredentialStatus::Bitstring(_))));
    let Issuer::Profile(issuer) = read.issuer else { panic!("the issuer is a profile") };
    assert!(issuer.extra.is_empty());
    assert!(issuer.address.unwrap().extra.is_empty());
    assert!(issuer.endorsement[0].extra.is_empty());
}

#[test]
fn single_values_are_read_as_sets_of_one() {
    let mut compact = complete();
    compact["proof"] = compact["proof"][0].take();
    compact["termsOfUse"] = compact["termsOfUse"][0].take();
    compact["credentialSchema"] = compact["credentialSchema"][0].take();
    compact["issuer"]["type"] = json!("Profile");
    compact["credentialSubject"]["achievement"]["type"] = json!("Achievement");
    assert_eq!(written_again(&compact), complete());
}

#[test]
fn an_issuer_may_be_an_id_and_a_status_of_any_kind() {
    let mut other = complete();
    other["issuer"] = json!("did:web:school.example");
    other["credentialStatus"] =
        json!({"id": "https://b.example/r", "type": "1EdTechRevocationList"});
    assert_eq!(written_again(&other), other);
    let mut entry = complete();
    entry["credentialStatus"]["unknownMember"] = json!(true);
    assert_eq!(written_again(&entry), entry);
}

#[test]
fn the_example_of_the_implementation_guide_survives() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/1edtech-obv3-impl/linked-data-proof-ob.html"
    );
    let Ok(page) = std::fs::read_to_string(PathBuf::from(path)) else {
        return eprintln!("not run: {path} is not beside the checkout");
    };
    let mut read = 0;
    for example in page.split("<pre class=\"example json\"").skip(1) {
        let text = example.split_once('>').unwrap().1.split("</pre").next().unwrap();
        let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
        if value.get("credentialSubject").is_some() {
            let mut expected = value.clone();
            if expected.get("proof").is_some_and(Value::is_object) {
                expected["proof"] = json!([expected["proof"].take()]);
            }
            assert_eq!(written_again(&value), expected);
            read += 1;
        }
    }
    assert!(read > 0);
}

/// Any JSON that may stand under a name of which the standard knows nothing.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// These have no room for further members.
fn is_closed(object: &Value) -> bool {
    ["Image", "IdentityObject", "IdentifierEntry"].iter().any(|name| object["type"] == *name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_the_standard_does_not_know_survives_wherever_it_stands(
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
        name in "x[a-zA-Z]{1,8}",
        value in any_json(),
    ) {
        let mut credential = complete();
        let mut all = Vec::new();
        objects(&credential, "", &mut all);
        for place in places {
            let object = credential.pointer_mut(place.get(&all).as_str()).unwrap();
            if !is_closed(object) {
                object[&name] = value.clone();
            }
        }
        prop_assert_eq!(written_again(&credential), credential);
    }

    #[test]
    fn whatever_is_left_out_what_can_be_read_is_written_again(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
    ) {
        let mut credential = complete();
        for (place, member) in places {
            let mut all = Vec::new();
            objects(&credential, "", &mut all);
            let object = credential.pointer_mut(place.get(&all).as_str()).unwrap();
            let object = object.as_object_mut().unwrap();
            if object.is_empty() {
                continue;
            }
            let name = member.get(&object.keys().cloned().collect::<Vec<_>>()).clone();
            object.remove(&name);
        }
        if let Ok(read) = serde_json::from_value::<OpenBadgeCredential>(credential.clone()) {
            prop_assert_eq!(serde_json::to_value(read).unwrap(), credential);
        }
    }
}
