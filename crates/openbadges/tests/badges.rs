//! Badges from the template to the verifier, and what happens to those that were tampered with.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "sample/badge.rs"]
mod badge;
#[path = "sample/web.rs"]
mod web;

use std::sync::Arc;

use badge::{LIST, full_fill, issue, multikey, plain_fill, suite, template, terms};
use ed25519_dalek::Signer;
use jsonld::{Contexts, Processor};
use openbadges::verify::{CheckKind, Options, Outcome, Report, Verdict, Verifier};
use openbadges::{CredentialTemplate, Fill, StatusList, TemplateError, parse_timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use web::{DID_URL, Web};

fn now() -> OffsetDateTime {
    parse_timestamp("2026-01-01T00:00:00Z").unwrap()
}

fn verify(credential: &[u8], web: &Web) -> Report {
    verify_at(credential, web, now())
}

fn verify_at(credential: &[u8], web: &Web, now: OffsetDateTime) -> Report {
    let verifier = Verifier::new(Arc::new(Processor::new(Contexts::bundled())));
    verifier.verify_with(credential, |url| web.get(url), &Options::default(), now)
}

/// How a check came out and why.
fn why(report: &Report, kind: CheckKind) -> (Outcome, &str) {
    report.check(kind).map_or((Outcome::Undetermined, ""), |c| (c.outcome, c.reason.as_str()))
}

fn signed(fill: &Fill) -> Vec<u8> {
    issue(&template(), &suite(), fill)
}

#[test]
fn an_issued_badge_verifies() {
    let web = Web::with_revoked(&suite(), &[1, 94_566, 94_568]);
    for fill in [plain_fill(), full_fill()] {
        let report = verify(&signed(&fill), &web);
        assert!(report.is_valid(), "{report:?}");
        assert_eq!(report.checks.len(), 5);
    }
}

#[test]
fn a_credential_reads_as_the_published_schema_wants_it() {
    let credential: Value = serde_json::from_slice(&signed(&full_fill())).unwrap();
    let arrays = [
        "/@context",
        "/type",
        "/proof",
        "/evidence",
        "/evidence/0/type",
        "/credentialSchema",
        "/issuer/type",
        "/credentialSubject/type",
        "/credentialSubject/identifier",
        "/credentialSubject/achievement/type",
        "/credentialSubject/achievement/tag",
        "/credentialSubject/achievement/alignment",
        "/credentialSubject/achievement/alignment/0/type",
    ];
    for place in arrays {
        assert!(credential.pointer(place).is_some_and(Value::is_array), "{place}");
    }
    let objects = ["/credentialStatus", "/credentialSubject", "/issuer"];
    for place in objects {
        assert!(credential.pointer(place).is_some_and(Value::is_object), "{place}");
    }
    assert_eq!(credential["credentialSubject"]["achievement"]["image"]["type"], "Image");
    let identity = &credential["credentialSubject"]["identifier"][0];
    assert_eq!(identity["type"], "IdentityObject");
    assert_eq!(identity["hashed"], true);
    assert_eq!(credential["credentialStatus"]["id"], format!("{LIST}#94567"));
    assert_eq!(credential["credentialStatus"]["statusListIndex"], "94567");
}

/// The golden files are never edited: they stand for what is stored somewhere already.
#[test]
fn a_stored_template_and_fill_give_the_same_bytes_for_ever() {
    let template: CredentialTemplate =
        serde_json::from_str(include_str!("golden/template.json")).unwrap();
    assert_eq!(
        template.digest(),
        "1e2739cd3c0d51bb5357dbe35f581a2599801dfa4b06eb6502388dd6254f1ec9"
    );
    let fill: Fill = serde_json::from_str(include_str!("golden/fill.json")).unwrap();
    let credential = include_bytes!("golden/credential.json");
    assert_eq!(issue(&template, &suite(), &fill), credential);
    assert!(verify(credential, &Web::with_revoked(&suite(), &[])).is_valid());
}

#[test]
fn what_an_award_does_not_have_does_not_stand_in_its_credential() {
    let text = String::from_utf8(signed(&plain_fill())).unwrap();
    assert!(text.starts_with("{\"@context\":[\"https://www.w3.org/ns/credentials/v2\","));
    for absent in ["validUntil", "awardedDate", "evidence", "null", "[]", "\u{fdd0}"] {
        assert!(!text.contains(absent), "{absent}");
    }
}

#[test]
fn a_revoked_badge_is_invalid_and_an_unknown_status_is_said_to_be_unknown() {
    let credential = signed(&plain_fill());
    let report = verify(&credential, &Web::with_revoked(&suite(), &[94_567]));
    assert_eq!(why(&report, CheckKind::Status), (Outcome::Invalid, "its issuer has revoked it"));
    assert_eq!(report.outcome(CheckKind::Proof), Outcome::Valid);
    assert_eq!(report.summary, "invalid: its issuer has revoked it");

    let mut web = Web::with_revoked(&suite(), &[]);
    let list = web.0.remove(LIST).unwrap();
    let report = verify(&credential, &web);
    assert_eq!(report.outcome(CheckKind::Status), Outcome::Undetermined, "{report:?}");
    assert_eq!(report.verdict, Verdict::Undetermined);

    // A list that someone else filled in does not count.
    let mut forged: Value = serde_json::from_slice(&list).unwrap();
    forged["credentialSubject"]["encodedList"] = json!(StatusList::new(200_000).encode());
    web.0.insert(LIST.to_owned(), serde_json::to_vec(&forged).unwrap());
    let report = verify(&credential, &web);
    assert_eq!(report.outcome(CheckKind::Status), Outcome::Undetermined, "{report:?}");
    assert_eq!(report.verdict, Verdict::Undetermined);
}

#[test]
fn time_decides_about_validity() {
    let web = Web::with_revoked(&suite(), &[]);
    let at = |time: &str| {
        let report = verify_at(&signed(&full_fill()), &web, parse_timestamp(time).unwrap());
        let (outcome, reason) = why(&report, CheckKind::ValidityPeriod);
        (outcome, reason.to_owned())
    };
    let invalid = |reason: &str| (Outcome::Invalid, reason.to_owned());
    assert_eq!(at("2025-01-31T12:00:00Z").0, Outcome::Valid);
    assert_eq!(at("2030-01-31T12:00:00Z").0, Outcome::Valid);
    assert_eq!(at("2025-01-31T11:59:59Z"), invalid("it is not valid yet"));
    assert_eq!(at("2030-01-31T12:00:01Z"), invalid("it has expired"));
}

/// Every place in a document where a text, number or boolean stands.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    let inside = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, &inside(key), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| leaves(item, &inside(&n.to_string()), found));
        }
        _ => found.push(at.to_owned()),
    }
}

#[test]
fn whatever_is_changed_or_removed_the_proof_fails() {
    let web = Web::with_revoked(&suite(), &[]);
    let credential: Value = serde_json::from_slice(&signed(&full_fill())).unwrap();
    let mut places = Vec::new();
    leaves(&credential, "", &mut places);
    assert!(places.len() > 50, "{}", places.len());
    for place in places {
        let mut changed = credential.clone();
        let value = changed.pointer_mut(&place).unwrap();
        *value = match value.take() {
            Value::String(text) => json!(format!("{text}x")),
            Value::Bool(yes) => json!(!yes),
            other => panic!("{place}: {other}"),
        };
        let outcome =
            verify(&serde_json::to_vec(&changed).unwrap(), &web).outcome(CheckKind::Proof);
        assert_ne!(outcome, Outcome::Valid, "{place} was changed");

        let (parent, name) = place.rsplit_once('/').unwrap();
        let mut removed = credential.clone();
        match removed.pointer_mut(parent).unwrap() {
            Value::Object(members) => {
                members.remove(&name.replace("~1", "/").replace("~0", "~"));
            }
            Value::Array(items) => {
                items.remove(name.parse().unwrap());
            }
            _ => panic!("{parent}"),
        }
        // Without its type a proof is no proof; without the extensions nothing is defined.
        let outcome =
            verify(&serde_json::to_vec(&removed).unwrap(), &web).outcome(CheckKind::Proof);
        assert_ne!(outcome, Outcome::Valid, "{place} was removed");
    }
}

#[test]
fn an_added_claim_fails_the_proof() {
    let web = Web::with_revoked(&suite(), &[]);
    let credential: Value = serde_json::from_slice(&signed(&plain_fill())).unwrap();
    for (place, name, value) in [
        ("", "description", json!("more")),
        ("", "undefinedTerm", json!("more")),
        ("", "validUntil", json!("2099-01-01T00:00:00Z")),
        ("/credentialSubject", "narrative", json!("more")),
        ("/credentialSubject", "id", json!("did:example:mallory")),
        ("/credentialSubject/achievement", "humanCode", json!("more")),
        ("/issuer", "email", json!("m@example.org")),
        ("/proof/0", "domain", json!("elsewhere.example")),
    ] {
        let mut added = credential.clone();
        added.pointer_mut(place).unwrap()[name] = value;
        let outcome = verify(&serde_json::to_vec(&added).unwrap(), &web).outcome(CheckKind::Proof);
        assert_eq!(outcome, Outcome::Invalid, "{place}/{name}");
    }
}

#[test]
fn a_key_of_someone_else_does_not_speak_for_the_issuer() {
    let mut terms = terms();
    terms.issuer.id = "did:web:university.example".to_owned();
    let template = CredentialTemplate::new(&terms).unwrap();
    let credential = issue(&template, &suite(), &plain_fill());
    let report = verify(&credential, &Web::with_revoked(&suite(), &[]));
    let (outcome, reason) = why(&report, CheckKind::Proof);
    assert_eq!(outcome, Outcome::Invalid);
    assert!(reason.ends_with("which does not speak for its issuer"), "{reason}");
}

#[test]
fn an_expired_proof_does_not_hold() {
    let suite = suite();
    let web = Web::with_revoked(&suite, &[]);
    let mut credential: Value = serde_json::from_slice(&signed(&plain_fill())).unwrap();
    let reason = |credential: &Value| {
        let report = verify(&serde_json::to_vec(credential).unwrap(), &web);
        let (outcome, reason) = why(&report, CheckKind::Proof);
        assert_eq!(outcome, Outcome::Invalid);
        reason.to_owned()
    };
    credential["proof"][0]["expires"] = json!("2025-12-31T00:00:00Z");
    assert_eq!(reason(&credential), "its proof has expired");
    credential["proof"][0]["expires"] = json!("2026-12-31T00:00:00Z");
    assert_eq!(reason(&credential), "the signature does not match the document");
}

#[test]
fn a_did_key_issuer_needs_no_web() {
    let did = openbadges::did_key(&multikey());
    let mut terms = terms();
    terms.issuer.id.clone_from(&did);
    terms.verification_method = format!("{did}#{}", multikey());
    terms.status_list = None;
    let template = CredentialTemplate::new(&terms).unwrap();
    let fill = Fill { status_list_index: None, ..plain_fill() };
    let credential = issue(&template, &suite(), &fill);
    let report = verify(&credential, &Web::default());
    assert!(report.is_valid(), "{report:?}");
    assert_eq!(report.sources, []);
}

#[test]
fn a_report_tells_what_was_fetched() {
    let report = verify(&signed(&plain_fill()), &Web::with_revoked(&suite(), &[]));
    let urls: Vec<&str> = report.sources.iter().map(|source| source.url.as_str()).collect();
    assert_eq!(urls, [DID_URL, LIST]);
}

#[test]
fn bytes_that_are_no_badge_get_a_report_too() {
    let web = Web::with_revoked(&suite(), &[]);
    let deep = "[".repeat(100_000);
    for bytes in ["", "null", "[]", "{}", "{\"proof\":[]}", "{\"@context\":7,\"proof\":{}}", &deep]
    {
        let report = verify(bytes.as_bytes(), &web);
        assert!(!report.is_valid());
        assert_eq!(report.verdict, Verdict::Invalid, "{bytes:.40} {report:?}");
    }
    assert!(!verify(&vec![b' '; 2 << 20], &web).is_valid());
}

#[test]
fn bad_fills_and_terms_are_refused_before_they_are_signed() {
    let refused = |fill: Fill| template().prepare(&suite(), &fill).unwrap_err();
    let fill = Fill { valid_from: "yesterday".to_owned(), ..plain_fill() };
    assert!(matches!(refused(fill), TemplateError::Timestamp(_)));
    let fill = Fill { status_list_index: None, ..plain_fill() };
    assert!(matches!(refused(fill), TemplateError::StatusListIndex));
    let fill = Fill { credential_id: "0190b2c4".to_owned(), ..plain_fill() };
    assert!(refused(fill).to_string().contains("0190b2c4"));
    assert!(template().check(&suite()).is_ok());
    let mut unusual = terms();
    unusual.achievement.achievement_type = Some("Medal".to_owned());
    assert!(matches!(CredentialTemplate::new(&unusual), Err(TemplateError::UnknownType(_))));
    unusual.achievement.achievement_type = Some("ext:Medal".to_owned());
    assert!(CredentialTemplate::new(&unusual).unwrap().check(&suite()).is_ok());
    unusual.achievement.alignment[0].target_type = Some("Item".to_owned());
    assert!(matches!(CredentialTemplate::new(&unusual), Err(TemplateError::UnknownType(_))));
    let mut relative = terms();
    relative.achievement.image = Some(openbadges::Image::new("welding.png"));
    let error = CredentialTemplate::new(&relative).unwrap().check(&suite()).unwrap_err();
    assert!(error.to_string().contains("at /credentialSubject/achievement/image"), "{error}");
    let mut terms = terms();
    terms.achievement.name = "\u{fdd0}salt\u{fdd0}".to_owned();
    assert!(matches!(CredentialTemplate::new(&terms), Err(TemplateError::Mark)));
    for text in ["", "{}", "\u{fdd0}salt", "{\"a\":\"\u{fdd0}what\u{fdd0}\"}"] {
        assert!(CredentialTemplate::try_from(text.to_owned()).is_err(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_recipient_and_story_survives_the_template_and_verifies(
        salt in "\\PC{0,24}",
        narrative in any::<String>(),
        second in proptest::option::of(any::<String>()),
        index in 0..131_072u32,
    ) {
        let suite = suite();
        let web = Web::with_revoked(&suite, &[]);
        let fill = Fill {
            identity_hash: openbadges::identity_hash(&narrative, &salt),
            salt: salt.clone(),
            narrative: second,
            status_list_index: Some(index),
            evidence: vec![serde_json::from_value(
                json!({"type": ["Evidence"], "narrative": narrative}),
            ).unwrap()],
            ..plain_fill()
        };
        let template = template();
        let hash_data = template.prepare(&suite, &fill).unwrap();
        let bytes = template.fill(&fill, &badge::key().sign(&hash_data).to_bytes());
        let credential: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(&credential["evidence"][0]["narrative"], &json!(narrative));
        prop_assert_eq!(&credential["credentialSubject"]["identifier"][0]["salt"], &json!(salt));
        let report = verify(&bytes, &web);
        prop_assert!(report.is_valid(), "{:?}", report);
    }
}
