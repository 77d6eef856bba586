//! Hosted badges: the honest ones and the corpus of those that are not.

use openbadges::v2::Outcome;
use openbadges::v2::{
    Assertion, Class, Examination, Fetched, Found, IdentityObject, Presented, Version,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{ASSERTION, BADGE, ISSUER, World, now, reason};

#[test]
fn a_hosted_badge_is_valid_by_its_address_and_by_its_document() {
    let world = World::good();
    let by_address = world.hosted();
    assert!(by_address.is_valid(), "{by_address:#?}");
    assert_eq!(by_address.version, Some(Version::V2_0));
    assert_eq!(by_address.issuer.unwrap()["name"], "Good");
    let by_document = world.examine(Presented::Document(&world.get(ASSERTION)));
    assert!(by_document.is_valid() && by_document.notes.is_empty(), "{by_document:#?}");
}

#[test]
fn needs_are_told_one_after_another_and_outcomes_stay_open_until_then() {
    let world = World::good();
    let mut found = Found::default();
    let mut order = Vec::new();
    loop {
        let examination = Examination::of(Presented::Address(ASSERTION), &found, None, now());
        let Some(need) = examination.needs.first().cloned() else { break };
        assert!(matches!(examination.proof, Outcome::Undetermined(_)), "{examination:#?}");
        assert!(!examination.is_valid());
        order.push((need.class, need.url.clone()));
        let body = world.0[&need.url].1.clone();
        found.insert(need.url, Fetched::Body(body));
    }
    let expected = [
        (Class::Assertion, ASSERTION.to_owned()),
        (Class::BadgeClass, BADGE.to_owned()),
        (Class::Issuer, ISSUER.to_owned()),
    ];
    assert_eq!(order, expected);
}

#[test]
fn without_a_network_what_stands_in_the_document_is_judged() {
    let mut document = World::good().get(ASSERTION);
    let examine = |document: &Value| {
        Examination::of(Presented::Document(document), &Found::default(), None, now())
    };
    let good = examine(&document);
    assert!(matches!(good.conformance, Outcome::Undetermined(_)), "{good:#?}");
    assert_eq!(good.validity_period, Outcome::Valid);
    assert!(matches!(good.status, Outcome::Undetermined(_)), "{good:#?}");
    document["issuedOn"] = json!("yesterday");
    assert!(matches!(examine(&document).conformance, Outcome::Invalid(_)));
}

#[test]
fn what_was_handed_over_counts_for_nothing_beside_what_is_published() {
    let world = World::good();
    let mut tampered = world.get(ASSERTION);
    tampered["badge"] = json!("https://good.org/b/phd");
    tampered["recipient"] = json!({"type": "email", "hashed": false, "identity": "eve@evil.org"});
    let examination = world.examine(Presented::Document(&tampered));
    assert_eq!(examination.badge.unwrap()["name"], "Goodness");
    assert_eq!(examination.recipient, Some(Outcome::Valid));
    assert_eq!(examination.notes.len(), 1);
}

#[test]
fn an_assertion_must_be_where_its_issuer_answers_for_it() {
    // The attacker's assertion says that it awards the good badge of the good issuer.
    for host in [
        "https://good.org.evil",
        "https://evil.org",
        "https://evil.good.org",
        "http://good.org",
        "https://good.org:8443",
    ] {
        let mut world = World::good();
        let forged = format!("{host}/a/1");
        let mut assertion = world.get(ASSERTION);
        assertion["id"] = json!(forged);
        world.put(&forged, &assertion);
        for policy in [json!(null), json!({"startsWith": "https://good.org"})] {
            world.change(ISSUER, |issuer| issuer["verification"] = policy.clone());
            let examination = world.examine(Presented::Address(&forged));
            assert!(matches!(examination.proof, Outcome::Invalid(_)), "{host} {policy}");
        }
    }
}

#[test]
fn an_embedded_issuer_or_badge_is_not_believed() {
    let mut world = World::good();
    let forged = "https://evil.org/a/1";
    let mut issuer = world.get(ISSUER);
    issuer["verification"] = json!({"allowedOrigins": ["evil.org"]});
    let mut badge = world.get(BADGE);
    badge["issuer"] = issuer;
    let mut assertion = world.get(ASSERTION);
    assertion["id"] = json!(forged);
    assertion["badge"] = badge.clone();
    world.put(forged, &assertion);
    let examination = world.examine(Presented::Address(forged));
    assert!(matches!(examination.proof, Outcome::Invalid(_)), "{examination:#?}");

    // Nor does it help to publish the badge class elsewhere, with the good issuer in it.
    badge["id"] = json!("https://evil.org/b/1");
    world.put("https://evil.org/b/1", &badge);
    world.change(ASSERTION, |assertion| assertion["badge"] = json!("https://evil.org/b/1"));
    let examination = world.hosted();
    assert!(reason(&examination.proof).contains("badge class"), "{examination:#?}");
}

#[test]
fn an_issuer_without_a_web_address_fails_rather_than_passes() {
    for id in ["urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b", "did:web:good.org", "_:b0"] {
        let mut world = World::good();
        let mut issuer = world.get(ISSUER);
        issuer["id"] = json!(id);
        issuer["verification"] = json!({"allowedOrigins": ["good.org"]});
        world.change(BADGE, |badge| badge["issuer"] = issuer.clone());
        let examination = world.hosted();
        assert!(matches!(examination.proof, Outcome::Invalid(_)), "{id} {examination:#?}");
        world.change(BADGE, |badge| badge["issuer"] = json!(id));
        let examination = world.hosted();
        assert!(matches!(examination.proof, Outcome::Invalid(_)), "{id} {examination:#?}");
    }
}

#[test]
fn a_document_with_another_id_than_its_address_is_not_it() {
    for url in [BADGE, ISSUER] {
        let mut world = World::good();
        world.change(url, |document| document["id"] = json!("https://evil.org/x"));
        let examination = world.hosted();
        assert!(matches!(examination.proof, Outcome::Invalid(_)), "{examination:#?}");
    }
    // An assertion may say where it lives, and must say the same of itself there.
    let mut world = World::good();
    let copy = world.get(ASSERTION);
    world.put("https://mirror.org/1", &copy);
    let examination = world.examine(Presented::Address("https://mirror.org/1"));
    assert!(examination.is_valid(), "{examination:#?}");
    world.change(ASSERTION, |assertion| assertion["id"] = json!("https://good.org/a/2"));
    let examination = world.examine(Presented::Address("https://mirror.org/1"));
    assert!(matches!(examination.proof, Outcome::Invalid(_)), "{examination:#?}");
}

#[test]
fn a_revoked_badge_is_invalid_by_status_410_or_by_what_it_says() {
    let gone = Assertion::revoked(ASSERTION, Some("in error"));
    let mut world = World::good();
    world.put_status(ASSERTION, 410, &gone);
    let invalid = Outcome::Invalid("it was revoked: in error".to_owned());
    assert_eq!(world.hosted().status, invalid);
    let copy = World::good().get(ASSERTION);
    assert_eq!(world.examine(Presented::Document(&copy)).status, invalid);
    world.put(ASSERTION, &gone);
    assert_eq!(world.hosted().status, invalid);
    world.0.insert(ASSERTION.to_owned(), (410, b"<html>".to_vec()));
    assert_eq!(reason(&world.hosted().status), "it was revoked");
    let mut world = World::good();
    world.change(ASSERTION, |assertion| assertion["revoked"] = json!(true));
    assert!(matches!(world.hosted().status, Outcome::Invalid(_)));
}

#[test]
fn what_is_not_there_is_invalid_and_what_cannot_be_reached_is_undetermined() {
    for url in [ASSERTION, BADGE, ISSUER] {
        let mut world = World::good();
        world.put_status(url, 404, &json!({}));
        assert!(matches!(world.hosted().proof, Outcome::Invalid(_)), "{url}");
        world.put_status(url, 503, &json!({}));
        assert!(matches!(world.hosted().proof, Outcome::Undetermined(_)), "{url}");
        world.0.remove(url);
        assert!(matches!(world.hosted().proof, Outcome::Undetermined(_)), "{url}");
        world.0.insert(url.to_owned(), (200, b"<html>".to_vec()));
        assert!(matches!(world.hosted().proof, Outcome::Invalid(_)), "{url}");
        world.0.insert(url.to_owned(), (200, vec![b' '; (1 << 20) + 1]));
        assert!(matches!(world.hosted().proof, Outcome::Invalid(_)), "{url}");
    }
}

#[test]
fn time_and_recipient_are_judged() {
    let mut world = World::good();
    world.change(ASSERTION, |assertion| assertion["expires"] = json!("2025-05-31T23:59:59Z"));
    assert_eq!(reason(&world.hosted().validity_period), "it has expired");
    world.change(ASSERTION, |assertion| {
        assertion["expires"] = json!("2027-01-01T00:00Z");
        assertion["issuedOn"] = json!("2025-06-01T00:00:01Z");
    });
    assert_eq!(reason(&world.hosted().validity_period), "it is not issued yet");
    let other = IdentityObject::email("eve@example.org", "deadsea");
    world.change(ASSERTION, |assertion| {
        assertion["issuedOn"] = json!("2025-01-01T00:00Z");
        assertion["recipient"] = serde_json::to_value(&other).unwrap();
    });
    let examination = world.hosted();
    assert!(matches!(examination.recipient, Some(Outcome::Invalid(_))), "{examination:#?}");
    assert!(!examination.is_valid());
}

#[test]
fn a_fault_in_any_of_the_three_documents_is_told() {
    for (url, member, part) in [
        (ASSERTION, "issuedOn", "the assertion"),
        (BADGE, "criteria", "its badge class"),
        (ISSUER, "email", "its issuer"),
    ] {
        let mut world = World::good();
        world.change(url, |document| {
            document.as_object_mut().unwrap().remove(member);
        });
        let examination = world.hosted();
        assert!(reason(&examination.conformance).contains(part), "{examination:#?}");
        assert!(reason(&examination.conformance).contains(member), "{examination:#?}");
    }
}

#[test]
fn an_endorsement_is_examined_as_an_assertion_is() {
    let mut world = World::good();
    let url = "https://good.org/e/1";
    let endorsement = json!({
        "@context": "https://w3id.org/openbadges/v2",
        "id": url,
        "type": "Endorsement",
        "issuer": ISSUER,
        "claim": {"id": "https://other.org/b/1", "endorsementComment": "Good."},
        "issuedOn": "2025-01-01T00:00:00Z",
        "verification": {"type": "hosted"},
    });
    world.put(url, &endorsement);
    let mut examination = world.examine(Presented::Address(url));
    examination.recipient = None;
    assert!(examination.is_valid(), "{examination:#?}");
    world.change(url, |endorsement| endorsement["issuer"] = json!("https://other.org/i"));
    world.put("https://other.org/i", &{
        let mut issuer = world.get(ISSUER);
        issuer["id"] = json!("https://other.org/i");
        issuer
    });
    assert!(matches!(world.examine(Presented::Address(url)).proof, Outcome::Invalid(_)));
}

#[test]
fn an_edition_that_is_too_old_is_undetermined() {
    for (old, version) in [
        (json!({"recipient": "a@example.org", "badge": {}}), Version::V0_5),
        (json!({"uid": "1", "recipient": {"type": "email"}, "verify": {}}), Version::V1_0),
        (json!({"@context": "https://w3id.org/openbadges/v1", "type": "Assertion"}), Version::V1_1),
    ] {
        let examination = World::default().examine(Presented::Document(&old));
        assert_eq!(examination.version, Some(version));
        assert!(reason(&examination.proof).contains(version.as_str()), "{examination:#?}");
        assert!(matches!(examination.conformance, Outcome::Undetermined(_)));
    }
    let foreign = json!({"@context": ["https://www.w3.org/ns/credentials/v2"]});
    let examination = World::default().examine(Presented::Document(&foreign));
    assert!(matches!(examination.conformance, Outcome::Invalid(_)));
}

#[test]
fn the_model_of_2_1_is_that_of_2_0() {
    let mut world = World::good();
    for url in [ASSERTION, BADGE, ISSUER] {
        world.change(url, |document| {
            document["@context"] = json!("https://purl.imsglobal.org/spec/ob/v2p1/ob_v2p1.jsonld");
        });
    }
    let examination = world.hosted();
    assert!(examination.is_valid(), "{examination:#?}");
    assert_eq!(examination.version, Some(Version::V2_1));
}

proptest! {
    #[test]
    fn no_web_makes_the_examination_panic_or_go_on_for_ever(
        documents in prop::collection::vec((0..4usize, 0..6usize, "\\PC{0,16}"), 3),
    ) {
        // Each document has one member replaced by something from a short list of troubles.
        let mut world = World::good();
        let members = ["id", "type", "badge", "issuer", "verification", "recipient"];
        for (url, (kind, member, text)) in [ASSERTION, BADGE, ISSUER].into_iter().zip(documents) {
            let value = match kind {
                0 => json!(text),
                1 => json!([text, {"id": ASSERTION}]),
                2 => json!({"id": BADGE, "type": [text], "issuer": ISSUER}),
                _ => json!(url),
            };
            world.change(url, |document| document[members[member]] = value);
        }
        let _ = world.hosted();
        let _ = world.examine(Presented::Document(&world.get(ASSERTION)));
    }
}
