//! Conformance to the Open Badges 3.0 data model, by the schema and by the prose.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use openbadges::Fault;
use openbadges::v3::{endorsement_faults, faults, issuing_faults, schema_faults};
use serde_json::{Value, json};

fn complete() -> Value {
    serde_json::from_str(include_str!("sample/complete.json")).unwrap()
}

/// The complete badge with one value changed, or with a member removed (null).
fn with(pointer: &str, value: Value) -> Value {
    let mut credential = complete();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match (credential.pointer_mut(parent).unwrap(), value) {
        (Value::Object(members), Value::Null) => {
            members.remove(name);
        }
        (Value::Object(members), value) => {
            members.insert(name.to_owned(), value);
        }
        (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    credential
}

fn places(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.pointer.as_str()).collect()
}

#[test]
fn a_badge_with_every_property_conforms() {
    assert_eq!(schema_faults(&complete()), []);
    assert_eq!(issuing_faults(&complete()), []);
    assert_eq!(faults(&complete()), []);
    assert_eq!(endorsement_faults(&complete()["issuer"]["endorsement"][0]), []);
}

#[test]
fn what_the_schema_refuses_is_refused_with_its_place() {
    for (pointer, value, place) in [
        ("/@context", json!("https://www.w3.org/ns/credentials/v2"), "/@context"),
        ("/@context/1", json!("https://w3id.org/openbadges/v3"), "/@context/1"),
        ("/id", json!(null), ""),
        ("/type", json!(["VerifiableCredential"]), "/type"),
        ("/issuer", json!(7), "/issuer"),
        ("/issuer/id", json!(null), "/issuer"),
        ("/issuer/address/geo/latitude", json!("47"), "/issuer/address/geo/latitude"),
        ("/issuer/parentOrg/type", json!(["School"]), "/issuer/parentOrg/type"),
        ("/issuer/endorsement/0/name", json!(null), "/issuer/endorsement/0"),
        ("/validFrom", json!("yesterday"), "/validFrom"),
        ("/credentialSubject/achievement", json!(null), "/credentialSubject"),
        ("/credentialSubject/creditsEarned", json!("7"), "/credentialSubject/creditsEarned"),
        ("/credentialSubject/image/alt", json!("x"), "/credentialSubject/image/alt"),
        (
            "/credentialSubject/identifier/0/a~1b",
            json!("x"),
            "/credentialSubject/identifier/0/a~01b",
        ),
        (
            "/credentialSubject/achievement/achievementType",
            json!("Medal"),
            "/credentialSubject/achievement/achievementType",
        ),
        (
            "/credentialSubject/achievement/inLanguage",
            json!("german"),
            "/credentialSubject/achievement/inLanguage",
        ),
        ("/credentialSubject/result/2/status", json!("Done"), "/credentialSubject/result/2/status"),
        ("/endorsementJwt/0", json!("a.b"), "/endorsementJwt/0"),
        ("/credentialStatus/id", json!(null), "/credentialStatus"),
        ("/refreshService/type", json!(null), "/refreshService"),
    ] {
        let changed = with(pointer, value);
        assert_eq!(places(&schema_faults(&changed)), [place], "{pointer}");
        assert!(places(&faults(&changed)).contains(&place), "{pointer}");
        assert!(places(&issuing_faults(&changed)).contains(&place), "{pointer}");
    }
}

#[test]
fn what_only_the_prose_refuses_is_refused_with_its_place() {
    let level = "/credentialSubject/achievement/resultDescription/1/requiredLevel";
    for (pointer, value, place) in [
        ("/id", json!("0190b2c4"), "/id"),
        ("/issuer/id", json!("school"), "/issuer/id"),
        ("/validUntil", json!("2020-01-01T00:00:00Z"), "/validUntil"),
        (
            "/issuer/endorsement/0/validUntil",
            json!("2019-01-01T00:00:00Z"),
            "/issuer/endorsement/0/validUntil",
        ),
        (
            "/credentialSubject/activityEndDate",
            json!("2020-01-01T00:00:00Z"),
            "/credentialSubject/activityEndDate",
        ),
        (
            "/credentialSubject/result/0/resultDescription",
            json!("https://b.example/other"),
            "/credentialSubject/result/0/resultDescription",
        ),
        (
            "/credentialSubject/result/1/achievedLevel",
            json!("https://b.example/other"),
            "/credentialSubject/result/1/achievedLevel",
        ),
        ("/credentialSubject/result/2/status", json!(null), "/credentialSubject/result/2"),
        (level, json!("https://b.example/other"), level),
        ("/proof/0/proofPurpose", json!("authentication"), "/proof/0/proofPurpose"),
    ] {
        let changed = with(pointer, value);
        assert_eq!(schema_faults(&changed), [], "{pointer}");
        assert_eq!(places(&faults(&changed)), [place], "{pointer}");
        assert_eq!(places(&issuing_faults(&changed)), [place], "{pointer}");
    }
    let mut nobody = with("/credentialSubject/id", json!(null));
    nobody["credentialSubject"]["identifier"] = json!([]);
    assert_eq!(schema_faults(&nobody), []);
    assert_eq!(places(&faults(&nobody)), ["/credentialSubject"]);
}

#[test]
fn only_issuing_refuses_what_readers_forgive() {
    let hash = "/credentialSubject/identifier/0/identityHash";
    for (pointer, value) in [
        ("/proof", complete()["proof"][0].clone()),
        ("/issuer/type", json!("Profile")),
        ("/credentialSubject", json!([complete()["credentialSubject"]])),
        ("/image/type", json!(["Image"])),
        (
            "/credentialStatus",
            json!([complete()["credentialStatus"], {"id": "urn:x", "type": "X"}]),
        ),
        ("/termsOfUse", complete()["termsOfUse"][0].clone()),
        ("/validFrom", json!("2025-01-31T12:00:00")),
        (hash, json!("b5809d8a")),
        ("/issuer/url", json!("www.school.example")),
    ] {
        let changed = with(pointer, value);
        assert_eq!(faults(&changed), [], "{pointer}");
        assert_ne!(issuing_faults(&changed), [], "{pointer}");
    }
    let two = with("/credentialSubject", json!([{}, {}]));
    assert_eq!(places(&faults(&two)), ["/credentialSubject"]);
}

#[test]
fn credentials_of_the_older_data_model_can_be_read_but_not_issued() {
    let mut old = complete();
    old["@context"] = json!([
        "https://www.w3.org/2018/credentials/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"
    ]);
    let members = old.as_object_mut().unwrap();
    members.remove("validFrom");
    members.remove("validUntil");
    assert_eq!(faults(&old)[0].message, "must have issuanceDate");
    old["issuanceDate"] = json!("2022-01-01T00:00:00Z");
    old["expirationDate"] = json!("2032-01-01T00:00:00Z");
    assert_eq!(faults(&old), []);
    assert_ne!(issuing_faults(&old), []);
    old["expirationDate"] = json!("2021-01-01T00:00:00Z");
    assert_eq!(places(&faults(&old)), ["/expirationDate"]);
}

#[test]
fn the_number_of_faults_and_the_depth_are_bounded() {
    let many = with("/credentialSubject/result", json!(vec![json!({}); 1_000]));
    assert_eq!(faults(&many).len(), 100);
    let mut deep = json!({"id": "urn:x", "type": ["Profile"]});
    for _ in 0..60 {
        deep = json!({"id": "urn:x", "type": ["Profile"], "parentOrg": deep});
    }
    let told = faults(&with("/issuer", deep));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message, "is nested too deep");
    for nonsense in [json!(null), json!([]), json!(7), json!({}), json!("x")] {
        assert!(!faults(&nonsense).is_empty());
        assert!(!endorsement_faults(&nonsense).is_empty());
    }
}
