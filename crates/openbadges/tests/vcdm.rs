//! The normative statements of the Verifiable Credentials Data Model 2.0, one case each: a document
//! that keeps it is taken, one that breaks it is refused at the place where it does. The cases are
//! in `corpus/vcdm.json`, each as what it changes in the smallest conforming document.

use openbadges::Fault;
use openbadges::vcdm::{credential_faults, issuing_faults, presentation_faults, unknown_resources};
use serde_json::{Value, json};

const V2: &str = "https://www.w3.org/ns/credentials/v2";
const SHA256_OF_V2: &str = "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=";

/// The smallest conforming credential.
fn credential() -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "credentialSubject": { "id": "did:example:subject" },
    })
}

fn presentation() -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": "did:example:holder",
        "verifiableCredential": [credential()],
    })
}

/// The document with members replaced, or removed where the new value is null.
fn with(mut document: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().expect("members") {
        let object = document.as_object_mut().expect("a document");
        match value {
            Value::Null => drop(object.remove(name)),
            value => drop(object.insert(name.clone(), value.clone())),
        }
    }
    document
}

fn corpus() -> Value {
    serde_json::from_str(include_str!("corpus/vcdm.json")).expect("the corpus is json")
}

#[test]
fn documents_that_keep_every_statement_are_taken() {
    let corpus = corpus();
    for members in corpus["credential"]["taken"].as_array().expect("a list") {
        assert_eq!(credential_faults(&with(credential(), members)), [], "{members}");
    }
    for members in corpus["presentation"]["taken"].as_array().expect("a list") {
        assert_eq!(presentation_faults(&with(presentation(), members)), [], "{members}");
    }
}

#[test]
fn documents_that_break_a_statement_are_refused_where_they_do() {
    let corpus = corpus();
    let judge = |kind: &str, faults: &dyn Fn(&Value) -> Vec<Fault>| {
        for case in corpus[kind]["refused"].as_array().expect("a list") {
            let faults = faults(&case["with"]);
            let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(places, [case["at"].as_str().expect("a pointer")], "{case}: {faults:?}");
        }
    };
    judge("credential", &|members| credential_faults(&with(credential(), members)));
    judge("presentation", &|members| presentation_faults(&with(presentation(), members)));
}

#[test]
fn null_is_no_value_and_no_related_resource_comes_twice() {
    let mut no_id = credential();
    no_id["id"] = Value::Null;
    assert_eq!(
        credential_faults(&no_id)[0].to_string(),
        "at /id: must be a single url, written as a text"
    );
    let twice = json!({ "id": V2, "digestSRI": SHA256_OF_V2 });
    let document = with(credential(), &json!({ "relatedResource": [twice, twice] }));
    assert_eq!(credential_faults(&document)[0].pointer, "/relatedResource/1/id");
}

#[test]
fn what_is_no_credential_at_all_is_refused() {
    for document in [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!({ "type": ["NonconformingDocument"] }),
    ] {
        assert_ne!(credential_faults(&document), [], "{document}");
        assert_ne!(presentation_faults(&document), [], "{document}");
    }
}

#[test]
fn envelopes_need_context_type_and_a_data_url() {
    let envelope = |kind: &str| json!({ "@context": V2, "type": kind, "id": "data:application/jwt,eyJ.eyJ.x" });
    let (credential, presentation) =
        (envelope("EnvelopedVerifiableCredential"), envelope("EnvelopedVerifiablePresentation"));
    assert_eq!(credential_faults(&credential), []);
    assert_eq!(presentation_faults(&presentation), []);
    for members in [
        json!({ "@context": [] }),
        json!({ "@context": null }),
        json!({ "@context": "https://www.w3.org/ns/credentials/examples/v2" }),
        json!({ "id": "eyJ.eyJ.x" }),
        json!({ "id": "data:application/jwt" }),
        json!({ "id": "data:application/jwt," }),
        json!({ "type": null }),
        json!({ "type": ["VerifiablePresentation"] }),
        json!({ "type": "VerifiableCredential" }),
    ] {
        assert_ne!(credential_faults(&with(credential.clone(), &members)), [], "{members}");
        assert_ne!(presentation_faults(&with(presentation.clone(), &members)), [], "{members}");
    }
}

#[test]
fn credentials_of_version_1_1_are_judged_by_its_rules() {
    let document = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": "https://example.edu/issuers/1",
        "issuanceDate": "2010-01-01T19:23:24Z",
        "credentialSubject": { "id": "did:example:1" },
    });
    assert_eq!(credential_faults(&document), []);
    assert_ne!(issuing_faults(&document), [], "it is not issued any more");
    for (members, pointer) in [
        (json!({ "issuanceDate": null }), ""),
        (json!({ "issuanceDate": "2010" }), "/issuanceDate"),
        (json!({ "expirationDate": "2009-01-01T00:00:00Z" }), "/expirationDate"),
        (json!({ "credentialStatus": { "type": "A" } }), "/credentialStatus"),
        (json!({ "refreshService": { "type": "A" } }), "/refreshService"),
        (json!({ "evidence": { "id": "https://a.example" } }), "/evidence"),
    ] {
        let faults = credential_faults(&with(document.clone(), &members));
        assert_eq!(
            faults.first().map(|fault| fault.pointer.as_str()),
            Some(pointer),
            "{members}: {faults:?}"
        );
    }
    let presented = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [credential()],
    });
    assert_eq!(presentation_faults(&presented)[0].pointer, "/verifiableCredential/0");
}

#[test]
fn writers_are_held_to_what_readers_forgive() {
    assert_eq!(issuing_faults(&credential()), []);
    let zoneless = with(credential(), &json!({ "validFrom": "2023-02-26T01:21:23" }));
    assert_eq!(credential_faults(&zoneless), []);
    assert_eq!(issuing_faults(&zoneless)[0].pointer, "/validFrom");
    let zoned = with(credential(), &json!({ "validFrom": "2023-02-26T01:21:23.5-06:00" }));
    assert_eq!(issuing_faults(&zoned), []);
    let enveloped = json!({ "@context": V2, "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,eyJ" });
    assert_eq!(issuing_faults(&enveloped)[0].pointer, "/type");
}

#[test]
fn resources_that_are_not_known_are_named_for_whoever_can_fetch_them() {
    let members = json!({ "relatedResource": [
        { "id": V2, "digestSRI": SHA256_OF_V2 },
        { "id": "https://example.org/picture.png", "digestMultibase": "uEiC6eBa_vWPwGgFBAkTqU09ZFKAcULd_rmGJbSMWjGFkrQ" },
    ] });
    let document = with(credential(), &members);
    assert_eq!(credential_faults(&document), []);
    let unknown = unknown_resources(&document);
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].id, "https://example.org/picture.png");
    assert!(!unknown[0].is(b"another picture"));
}

#[test]
fn a_document_made_of_faults_costs_no_more_than_it_weighs() {
    let many: Vec<Value> = (0..20_000).map(|_| json!({})).collect();
    let document = with(
        credential(),
        &json!({ "evidence": many, "credentialSubject": many, "relatedResource": many }),
    );
    assert_eq!(credential_faults(&document).len(), 64);
}
