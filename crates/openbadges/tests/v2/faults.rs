//! What documents of Open Badges 2.0 may do and what they may not.

use openbadges::v2::{
    Alignment, Assertion, BadgeClass, CONTEXT, Claim, Class, Criteria, Endorsement, Evidence,
    IdentityObject, Image, Linked, Profile, RevocationList, Revoked, Verification,
    VerificationPolicy, class_faults, faults, recipient_profile,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn assertion() -> Assertion {
    let mut assertion = Assertion::new(
        "https://example.org/beths-robotics-badge.json",
        IdentityObject::email("beth@example.org", "deadsea"),
        Linked::id("https://example.org/robotics-badge.json"),
        Verification::hosted(),
        "2016-12-31T23:59:59Z",
    );
    assertion.image = Some(Linked::id("https://example.org/beths-robot-badge.png"));
    assertion.expires = Some("2017-06-30T23:59+00:00".to_owned());
    let name = Some("A robot".to_owned());
    let evidence =
        Evidence { id: Some("https://example.org/work".to_owned()), name, ..Evidence::default() };
    assertion.evidence =
        vec![Linked::id("https://example.org/work.html"), Linked::document(evidence)];
    let (member, extension) = recipient_profile("Beth");
    assertion.other.insert(member, serde_json::to_value(extension).unwrap());
    assertion
}

fn issuer() -> Profile {
    let mut issuer = Profile::issuer(
        "https://example.org/organization.json",
        "An Example Badge Issuer",
        "https://example.org",
        "contact@example.org",
    );
    issuer.verification = Some(VerificationPolicy::starts_with("https://example.org/"));
    issuer.telephone = Some("+16175551212".to_owned());
    issuer
}

fn badge() -> BadgeClass {
    let criteria = Criteria { narrative: Some("Build *one*.".to_owned()), ..Criteria::default() };
    let mut badge = BadgeClass::new(
        "https://example.org/robotics-badge.json",
        "Awesome Robotics Badge",
        "For doing awesome things with robots.",
        Linked::document(Image::new("https://example.org/badge.png", Some("A robot".to_owned()))),
        Linked::document(criteria),
        Linked::document(issuer()),
    );
    badge.language = Some("en-US".to_owned());
    badge.version = Some(json!(2));
    badge.related = vec![
        json!({"id": "https://example.org/robotics-badge-es.json", "@language": "es"}),
        json!("https://example.org/robotics-badge-1.json"),
    ];
    badge.alignment = vec![Alignment::new("Robots", "https://framework.example/robots")];
    badge.tags = vec!["robots".to_owned()];
    badge
}

fn endorsement() -> Endorsement {
    let claim = Claim {
        id: "https://example.org/robotics-badge.json".to_owned(),
        endorsement_comment: Some("Splendid.".to_owned()),
        other: serde_json::Map::new(),
    };
    Endorsement::new(
        "https://endorser.example/1",
        claim,
        Linked::id("https://endorser.example/profile"),
        Verification::hosted(),
        "2016-12-31T23:59:59Z",
    )
}

fn list() -> RevocationList {
    let revoked = |id: &str| Revoked { id: id.to_owned(), revocation_reason: None };
    RevocationList::new(
        "https://example.org/revoked.json",
        "https://example.org/organization.json",
        vec![revoked("https://example.org/1"), revoked("https://example.org/2")],
    )
}

fn to_value(document: impl serde::Serialize) -> Value {
    serde_json::to_value(document).unwrap()
}

#[test]
fn what_is_built_here_has_no_faults_and_reads_back() {
    for document in [
        to_value(assertion()),
        to_value(badge()),
        to_value(issuer()),
        to_value(endorsement()),
        to_value(list()),
    ] {
        assert_eq!(faults(&document), [], "{document:#}");
    }
    assert_eq!(serde_json::from_value::<Assertion>(to_value(assertion())).unwrap(), assertion());
    assert_eq!(serde_json::from_value::<BadgeClass>(to_value(badge())).unwrap(), badge());
    assert_eq!(serde_json::from_value::<Profile>(to_value(issuer())).unwrap(), issuer());
    assert_eq!(
        serde_json::from_value::<Endorsement>(to_value(endorsement())).unwrap(),
        endorsement()
    );
    assert_eq!(faults(&Assertion::revoked("https://example.org/1", Some("in error"))), []);
}

#[test]
fn members_that_nobody_knows_are_kept() {
    let mut document = to_value(badge());
    document["schema:comment"] = json!({"anything": [1, 2, {"at": "all"}]});
    document["issuer"]["https://example.org/x"] = json!(true);
    document["alignment"][0]["targetType"] = json!("CFItem");
    let read: BadgeClass = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(to_value(read), document);
}

#[test]
fn a_single_value_and_an_array_of_it_mean_the_same() {
    let mut document = to_value(assertion());
    document["evidence"] = json!("https://example.org/work.html");
    document["type"] = json!(["Assertion", "https://example.org/Special"]);
    document["recipient"] = json!([document["recipient"]]);
    document["badge"] = json!([document["badge"]]);
    assert_eq!(faults(&document), []);
    let mut document = to_value(badge());
    document["tags"] = json!("one");
    document["alignment"] = document["alignment"][0].clone();
    document["criteria"] = json!({"id": "https://example.org/criteria"});
    assert_eq!(faults(&document), []);
    assert_eq!(serde_json::from_value::<BadgeClass>(document).unwrap().tags, ["one"]);
}

/// What is changed (by pointer and value; null removes), and where the fault is.
fn changed(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let member = member.replace("~1", "/");
    let parent = document.pointer_mut(parent).unwrap();
    match value {
        Value::Null => parent.as_object_mut().unwrap().remove(&member),
        value => parent.as_object_mut().unwrap().insert(member, value),
    };
    document
}

fn refuses(class: Class, document: &Value, cases: &[(&str, Value, &str)]) {
    assert_eq!(class_faults(class, document), []);
    for (pointer, value, place) in cases {
        let document = changed(document, pointer, value.clone());
        let told = class_faults(class, &document);
        assert!(
            told.iter().any(|fault| fault.pointer == *place),
            "{pointer} = {value}: no fault at {place:?} among {told:?}"
        );
    }
}

#[test]
fn an_assertion_is_refused_for_each_of_its_faults() {
    refuses(
        Class::Assertion,
        &to_value(assertion()),
        &[
            ("/@context", json!(null), "/@context"),
            ("/@context", json!("https://w3id.org/openbadges/v1"), "/@context"),
            ("/@context", json!([CONTEXT, {"recipient": "https://evil.example/"}]), "/@context"),
            ("/@id", json!("https://example.org/2"), ""),
            ("/id", json!(null), ""),
            ("/id", json!("beths-badge"), "/id"),
            ("/id", json!(["https://example.org/1", "https://example.org/2"]), "/id"),
            ("/type", json!("BadgeClass"), "/type"),
            ("/type", json!(["Assertion", "Wonder"]), "/type/1"),
            ("/recipient", json!(null), ""),
            ("/recipient", json!("beth@example.org"), "/recipient"),
            ("/recipient", json!([]), ""),
            ("/recipient/type", json!("name"), "/recipient/type"),
            ("/recipient/hashed", json!("true"), "/recipient/hashed"),
            ("/recipient/hashed", json!(false), "/recipient/identity"),
            ("/recipient/hashed", json!(null), "/recipient"),
            ("/recipient/identity", json!("sha256$28d5"), "/recipient/identity"),
            ("/recipient/identity", json!("beth@example.org"), "/recipient/identity"),
            ("/recipient/identity", json!(null), "/recipient"),
            ("/recipient/salt", json!(7), "/recipient/salt"),
            ("/badge", json!(null), ""),
            ("/badge", json!("badge.json"), "/badge"),
            ("/verification", json!(null), ""),
            ("/verification", json!({"type": "blockchain"}), "/verification/type"),
            ("/verification", json!({"type": "signed", "creator": 1}), "/verification/creator"),
            ("/issuedOn", json!(null), ""),
            ("/issuedOn", json!(1_483_228_799), "/issuedOn"),
            ("/issuedOn", json!("2016-12-31"), "/issuedOn"),
            ("/issuedOn", json!("2016-12-31T23:59:59"), "/issuedOn"),
            ("/expires", json!("2016-01-01T00:00:00Z"), "/expires"),
            ("/expires", json!("never"), "/expires"),
            ("/image", json!("data:image/png;base64,AAAA"), "/image"),
            ("/evidence", json!(["work.html"]), "/evidence/0"),
            ("/evidence/1/name", json!(1), "/evidence/1/name"),
            ("/narrative", json!({"text": "x"}), "/narrative"),
            ("/related", json!(["https://example.org/2", {"@language": "es"}]), "/related/1"),
            ("/endorsement", json!("no address"), "/endorsement"),
        ],
    );
}

#[test]
fn an_extension_needs_a_context_and_a_type_of_its_own() {
    let place = "/extensions:recipientProfile";
    refuses(
        Class::Assertion,
        &to_value(assertion()),
        &[
            (&format!("{place}/@context"), json!(null), &format!("{place}/@context")),
            (&format!("{place}/@context"), json!(["context.json"]), &format!("{place}/@context")),
            (&format!("{place}/type"), json!(["Extension"]), &format!("{place}/type")),
            (&format!("{place}/name"), json!({"first": "Beth"}), &format!("{place}/name")),
        ],
    );
}

#[test]
fn a_badge_class_is_refused_for_each_of_its_faults() {
    refuses(
        Class::BadgeClass,
        &to_value(badge()),
        &[
            ("/name", json!(null), ""),
            ("/name", json!(["one", "two"]), "/name"),
            ("/description", json!(null), ""),
            ("/image", json!(null), ""),
            ("/image", json!("data:image/gif;base64,AAAA"), "/image"),
            ("/image", json!({"caption": "no id"}), "/image"),
            ("/criteria", json!(null), ""),
            ("/criteria", json!({}), "/criteria"),
            ("/criteria", json!("urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b"), "/criteria"),
            ("/issuer", json!(null), ""),
            ("/issuer", json!("us"), "/issuer"),
            ("/issuer/email", json!("nobody"), "/issuer/email"),
            ("/alignment", json!("https://framework.example/"), "/alignment"),
            ("/alignment", json!([{"targetName": "x"}]), "/alignment/0"),
            (
                "/alignment",
                json!([{"targetName": "x", "targetUrl": "y"}]),
                "/alignment/0/targetUrl",
            ),
            ("/tags", json!(["a", 1]), "/tags/1"),
            ("/@language", json!("english!"), "/@language"),
            ("/version", json!(true), "/version"),
        ],
    );
}

#[test]
fn an_issuer_needs_a_name_a_url_and_an_email_and_another_profile_does_not() {
    refuses(
        Class::Issuer,
        &to_value(issuer()),
        &[
            ("/name", json!(null), ""),
            ("/url", json!(null), ""),
            ("/url", json!("example.org"), "/url"),
            ("/email", json!(null), ""),
            ("/telephone", json!("(617) 555-1212"), "/telephone"),
            ("/type", json!("Person"), "/type"),
            ("/publicKey", json!(["key 1"]), "/publicKey/0"),
            ("/revocationList", json!("urn:x"), "/revocationList"),
            ("/verification/startsWith", json!("a.org"), "/verification/startsWith"),
            (
                "/verification/allowedOrigins",
                json!("https://a.org"),
                "/verification/allowedOrigins",
            ),
            (
                "/verification/verificationProperty",
                json!("url"),
                "/verification/verificationProperty",
            ),
        ],
    );
    let profile = json!({"@context": CONTEXT, "id": "https://example.org/beth", "type": "Profile"});
    assert_eq!(faults(&profile), []);
    assert_eq!(class_faults(Class::Issuer, &profile).len(), 3);
}

#[test]
fn lists_and_endorsements_are_refused_for_each_of_their_faults() {
    refuses(
        Class::RevocationList,
        &to_value(list()),
        &[
            ("/type", json!(null), ""),
            ("/revokedAssertions", json!(null), ""),
            (
                "/revokedAssertions",
                json!([{"revocationReason": "x"}, "https://a.org"]),
                "/revokedAssertions/0",
            ),
            ("/revokedAssertions", json!(["abc"]), "/revokedAssertions/0"),
            ("/revokedAssertions", json!([{"uid": 7}]), "/revokedAssertions/0/uid"),
        ],
    );
    refuses(
        Class::Endorsement,
        &to_value(endorsement()),
        &[
            ("/claim", json!(null), ""),
            ("/claim", json!("https://example.org/"), "/claim"),
            ("/claim/id", json!(null), "/claim"),
            ("/issuer", json!(null), ""),
            ("/issuedOn", json!("today"), "/issuedOn"),
            ("/verification", json!(null), ""),
        ],
    );
}

#[test]
fn a_document_of_no_class_is_refused() {
    for document in [json!({"@context": CONTEXT}), json!({"type": "Poem"}), json!([]), json!(1)] {
        assert_eq!(faults(&document).len(), 1, "{document}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let member = prop::sample::select(vec![
        "@context",
        "id",
        "@id",
        "type",
        "recipient",
        "identity",
        "hashed",
        "badge",
        "issuer",
        "verification",
        "verify",
        "issuedOn",
        "related",
        "criteria",
        "alignment",
        "claim",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            CONTEXT,
            "Assertion",
            "BadgeClass",
            "Issuer",
            "Extension",
            "hosted",
            "signed",
            "email",
            "https://a.org/1",
            "2016-12-31T23:59:59Z",
            "urn:uuid:",
            "sha256$",
            "data:,",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((member.clone(), inner), 0..8).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_makes_the_judge_panic(document in any_json()) {
        prop_assert!(faults(&document).len() <= 64);
        for class in [Class::Assertion, Class::BadgeClass, Class::Issuer, Class::RevocationList] {
            prop_assert!(class_faults(class, &document).len() <= 64);
        }
    }
}
