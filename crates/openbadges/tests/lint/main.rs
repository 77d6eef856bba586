//! What is refused before anything is signed: each malformed credential with its own code.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod corpus;
mod template;

use std::collections::BTreeSet;

use corpus::corpus;
use openbadges::lint::{Code, Finding, LintContext, ListInUse, check};
use openbadges::{CredentialTemplate, Evidence, Fill, parse_timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

const ISSUER: &str = "https://school.example/issuers/1";
const METHOD: &str =
    "https://school.example/issuers/1#z6MkgAnvkP45uNxwCKeNdt6wrYkEjpYX4f7Nrd8MQqFL8Fbn";
const LIST: ListInUse<'_> = ListInUse { url: "https://badges.example/status/1", entries: 131_072 };

fn now() -> OffsetDateTime {
    parse_timestamp("2025-01-31T12:00:30Z").unwrap()
}

fn context() -> LintContext<'static> {
    LintContext {
        issuer: ISSUER,
        verification_method: METHOD,
        cryptosuite: "eddsa-rdfc-2022",
        status_list: Some(LIST),
        origin: None,
        now: now(),
    }
}

/// A badge with every property, ready to be signed.
fn good() -> Value {
    let mut credential: Value =
        serde_json::from_str(include_str!("../sample/complete.json")).unwrap();
    let members = credential.as_object_mut().unwrap();
    members.remove("proof");
    let identifiers = &mut members["credentialSubject"]["identifier"];
    identifiers.as_array_mut().unwrap().pop();
    identifiers[0]["salt"] = json!("b2xkIHNhbHQgaXMgZ29vZA");
    credential
}

/// The good badge with a member added, replaced or, by null, removed. Items are replaced or, at `-`,
/// appended.
fn with(pointer: &str, value: &Value) -> Value {
    let mut credential = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match credential.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => {
            members.remove(name);
        }
        Value::Object(members) => {
            members.insert(name.to_owned(), value.clone());
        }
        Value::Array(items) if name == "-" => items.push(value.clone()),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
        _ => panic!("{pointer}"),
    }
    credential
}

fn codes(findings: &[Finding]) -> BTreeSet<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_good_badge_may_be_signed() {
    assert_eq!(check(&good(), &context()), []);
}

#[test]
fn each_malformed_badge_is_refused_with_its_code() {
    let corpus = corpus();
    assert!(corpus.len() >= 150, "{}", corpus.len());
    let missed: Vec<_> = corpus
        .iter()
        .map(|(pointer, value, code)| (pointer, code, check(&with(pointer, value), &context())))
        .filter(|(_, code, findings)| !codes(findings).contains(code))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn each_code_is_told_of_something_and_is_stable_text() {
    let mut told: BTreeSet<Code> = corpus().into_iter().map(|(.., code)| code).collect();
    told.extend([Code::KeyForeign, Code::KeyMalformed, Code::KeySuite, Code::StatusUnexpected]);
    assert_eq!(told, Code::ALL.iter().copied().collect());
    let texts: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), Code::ALL.len());
    assert!(texts.iter().all(|text| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')));
}

#[test]
fn a_key_that_is_not_the_issuer_s_or_not_the_suite_s_does_not_sign() {
    let with = |verification_method: &str, cryptosuite: &str| {
        codes(&check(&good(), &LintContext { verification_method, cryptosuite, ..context() }))
    };
    let edwards = "#z6MkgAnvkP45uNxwCKeNdt6wrYkEjpYX4f7Nrd8MQqFL8Fbn";
    let curve = format!("{ISSUER}#zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP");
    assert_eq!(with(&curve, "ecdsa-rdfc-2019"), BTreeSet::new());
    assert_eq!(with(&curve, "eddsa-rdfc-2022"), [Code::KeySuite].into());
    assert_eq!(with(METHOD, "ecdsa-rdfc-2019"), [Code::KeySuite].into());
    assert_eq!(with(METHOD, "none"), [Code::KeySuite].into());
    let foreign = format!("https://school.example/issuers/2{edwards}");
    assert_eq!(with(&foreign, "eddsa-rdfc-2022"), [Code::KeyForeign].into());
    for malformed in [ISSUER.to_owned(), format!("{ISSUER}#key-1"), format!("{ISSUER}#z6Mk")] {
        assert_eq!(with(&malformed, "eddsa-rdfc-2022"), [Code::KeyMalformed].into());
    }
}

#[test]
fn a_status_entry_needs_a_list_and_a_list_an_entry() {
    let without = LintContext { status_list: None, ..context() };
    assert_eq!(codes(&check(&good(), &without)), [Code::StatusUnexpected].into());
    let mut credential = good();
    credential.as_object_mut().unwrap().remove("credentialStatus");
    assert_eq!(check(&credential, &without), []);
}

#[test]
fn where_the_platform_itself_is_reached_ids_may_be_http() {
    let own = with("/id", &json!("http://127.0.0.1:8080/c/7"));
    let origin = Some("http://127.0.0.1:8080");
    assert_eq!(check(&own, &LintContext { origin, ..context() }), []);
    for other in ["http://127.0.0.1:80801/c", "http://127.0.0.1:8080@evil.example/", "http://x/"] {
        let findings = check(&with("/id", &json!(other)), &LintContext { origin, ..context() });
        assert_eq!(codes(&findings), [Code::IdUnsafe].into(), "{other}");
    }
}

#[test]
fn what_is_no_object_is_refused_and_findings_are_bounded() {
    for nonsense in [json!(null), json!([]), json!("x"), json!(7), json!({})] {
        assert!(!check(&nonsense, &context()).is_empty());
    }
    let many = with("/evidence", &json!(vec![json!({"name": ""}); 2_000]));
    assert_eq!(check(&many, &context()).len(), 100);
}

#[test]
fn findings_never_quote_what_stands_there() {
    for (pointer, ..) in corpus() {
        for finding in check(&with(pointer, &json!("zq9 \u{202e}<b>x</b>")), &context()) {
            assert!(!finding.fault.message.contains("zq9"), "{finding:?}");
        }
    }
}

fn template(issuer: &str, list: &str) -> CredentialTemplate {
    CredentialTemplate::new(&template::terms(issuer, METHOD, list)).unwrap()
}

/// What is found, and where.
fn places(findings: Vec<Finding>) -> BTreeSet<(Code, String)> {
    findings.into_iter().map(|finding| (finding.code, finding.fault.pointer)).collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        prop::sample::select(vec![
            "",
            " ",
            "a\nb",
            "\u{7}",
            "\u{202e}",
            "\u{fdd0}",
            "<b>x</b>",
            "[x](javascript:y)",
            "é",
        ])
        .prop_map(str::to_owned),
    ]
}

fn url() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "https://e.example/1",
        "https://e.example/2",
        "http://e.example/",
        "javascript:x",
        "",
        "https://a@b.example/",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "x y",
        "did:x:y",
        template::ACHIEVEMENT,
        ISSUER,
        "https://badges.example/c/1",
    ])
    .prop_map(str::to_owned)
}

fn moment() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "2025-01-31T12:00:00Z",
        "2025-01-31T12:00:00",
        "2025-01-31T13:00:00Z",
        "x",
        "2024-01-31T12:00:00Z",
        "1800-01-31T12:00:00Z",
        "2030-01-31T12:00:00+01:00",
    ])
    .prop_map(str::to_owned)
}

prop_compose! {
    fn evidence()(
        id in prop::option::of(url()),
        name in prop::option::of(text()),
        narrative in prop::option::of(text()),
        description in prop::option::of(text()),
        types in prop::sample::select(vec!["Evidence", "Evidence", "Evidence", "Proof"]),
        extra in prop::option::weighted(0.1, prop::sample::select(vec!["@context", "more", "url"])),
    ) -> Evidence {
        let mut evidence = Evidence::new();
        evidence.types = vec![types.to_owned()];
        evidence.id = id;
        evidence.name = name;
        evidence.narrative = narrative;
        evidence.description = description;
        if let Some(name) = extra {
            evidence.extra.insert(name.to_owned(), Value::Null);
        }
        evidence
    }
}

prop_compose! {
    fn fill()(
        ids in (url(), 0..200_000u32),
        dates in (moment(), prop::option::of(moment()), prop::option::of(moment())),
        identity in (any::<bool>(), prop::sample::select(vec!["0123456789abcdef", "short", "", "é0123456789abcdef"])),
        narrative in prop::option::of(text()),
        evidence in prop::collection::vec(evidence(), 0..3),
    ) -> Fill {
        Fill {
            credential_id: ids.0,
            proof_created: dates.0.clone(),
            valid_from: dates.0,
            valid_until: dates.1,
            awarded_date: dates.2,
            identity_hash: if identity.0 { template::hash() } else { "x".to_owned() },
            salt: identity.1.to_owned(),
            status_list_index: Some(ids.1),
            narrative,
            evidence,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn linting_a_fill_finds_what_linting_its_whole_credential_finds(fill in fill()) {
        let template = template(ISSUER, LIST.url);
        prop_assert_eq!(template.lint(&context()), vec![]);
        let mut credential: Value =
            serde_json::from_slice(&template.fill(&fill, &[0; 64])).unwrap();
        credential.as_object_mut().unwrap().remove("proof");
        prop_assert_eq!(
            places(template.lint_fill(&fill, &context())),
            places(check(&credential, &context()))
        );
    }
}

#[test]
fn a_template_is_linted_once_for_all_its_awards() {
    let good = template(ISSUER, LIST.url);
    assert_eq!(good.lint(&context()), []);
    let foreign = template("https://mallory.example/", LIST.url);
    assert_eq!(codes(&foreign.lint(&context())), [Code::IssuerForeign].into());
    let elsewhere = template(ISSUER, "https://other.example/status/1");
    let found = codes(&elsewhere.lint(&context()));
    assert_eq!(found, [Code::StatusForeign, Code::StatusId].into());
    let late = LintContext { now: now() + Duration::days(400), ..context() };
    assert_eq!(good.lint(&late), [], "a template does not age");
}
