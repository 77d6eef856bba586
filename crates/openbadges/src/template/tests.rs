//! The compiled form beside the general algorithm, which says what is right.

use std::sync::LazyLock;

use jsonld::{Contexts, Processor};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::v3::{Alignment, Criteria, Image};

fn suite() -> EddsaRdfc2022 {
    static SUITE: LazyLock<EddsaRdfc2022> =
        LazyLock::new(|| EddsaRdfc2022::new(Arc::new(Processor::new(Contexts::bundled()))));
    SUITE.clone()
}

fn achievement() -> Achievement {
    let criteria =
        Criteria { narrative: Some("Weld three joints.".to_owned()), ..Criteria::default() };
    Achievement::new("https://b.example/b/1", "Welding", "Can weld.", criteria)
}

fn terms(achievement: Achievement) -> TemplateTerms {
    TemplateTerms {
        issuer: Profile::new("did:web:b.example", "Acme"),
        achievement,
        verification_method: "did:web:b.example#z6Mk".to_owned(),
        identity_type: "emailAddress".to_owned(),
        status_list: Some("https://b.example/status/1".to_owned()),
    }
}

fn fill() -> Fill {
    Fill {
        credential_id: "https://b.example/c/1".to_owned(),
        valid_from: "2025-01-31T12:00:00Z".to_owned(),
        identity_hash: "sha256$00".to_owned(),
        salt: "salt".to_owned(),
        status_list_index: Some(1),
        proof_created: "2025-01-31T12:00:00Z".to_owned(),
        ..Fill::default()
    }
}

fn evidence(id: Option<&str>, name: Option<&str>, narrative: Option<&str>) -> Evidence {
    let mut evidence = Evidence::new();
    evidence.id = id.map(str::to_owned);
    evidence.name = name.map(str::to_owned);
    evidence.narrative = narrative.map(str::to_owned);
    evidence
}

/// What the compiled form says; it must be what the general algorithm says, or nothing.
fn fast(template: &CredentialTemplate, suite: &EddsaRdfc2022, fill: &Fill) -> Option<[u8; 32]> {
    let compiled = template.compiled(suite).and_then(|compiled| compiled.credential.as_ref());
    let fast = compiled?.hash(fill);
    let general = template.general_hash(suite, fill);
    if let Some(fast) = fast {
        assert_eq!(Some(fast), general.ok(), "{fill:?}");
    }
    fast
}

#[test]
fn usual_awards_take_the_compiled_path() {
    let suite = suite();
    let template = CredentialTemplate::new(&terms(achievement())).unwrap();
    assert!(fast(&template, &suite, &fill()).is_some());
    let everything = Fill {
        valid_until: Some("2030-01-31T12:00:00Z".to_owned()),
        awarded_date: Some("2025-01-30T12:00:00Z".to_owned()),
        narrative: Some("\u{0}\u{8}\t\n\u{c}\r \"quoted\" \\o/ \u{7f} \u{fdd0} 溶接".to_owned()),
        evidence: vec![
            evidence(Some("https://e.example/2"), Some(""), None),
            evidence(Some("https://e.example/1"), Some("a"), Some("b")),
            evidence(None, Some("a"), Some("b")),
            evidence(None, Some("a"), None),
            evidence(None, None, None),
        ],
        ..fill()
    };
    assert!(fast(&template, &suite, &everything).is_some());
    let mut without_list = terms(achievement());
    without_list.status_list = None;
    let template = CredentialTemplate::new(&without_list).unwrap();
    assert!(fast(&template, &suite, &Fill { status_list_index: None, ..fill() }).is_some());
}

#[test]
fn stored_templates_are_compiled_too() {
    let text: String =
        serde_json::from_str(include_str!("../../tests/golden/template.json")).unwrap();
    let template = CredentialTemplate::try_from(text).unwrap();
    let fill: Fill = serde_json::from_str(include_str!("../../tests/golden/fill.json")).unwrap();
    assert!(fast(&template, &suite(), &fill).is_some());
}

#[test]
fn whatever_is_odd_is_left_to_the_general_algorithm() {
    let suite = suite();
    let template = CredentialTemplate::new(&terms(achievement())).unwrap();
    let with = |evidence: Vec<Evidence>| Fill { evidence, ..fill() };
    let story = || evidence(None, Some("a"), None);
    let page = |id: &str| evidence(Some(id), None, None);
    for odd in [
        with(vec![story(), story()]),
        with(vec![page("https://e.example/1"), page("https://e.example/1")]),
        with(vec![page("https://b.example/c/1")]),
        with(vec![page("https://b.example/b/1")]),
        with(vec![page("https://b.example/status/1#1")]),
        with(vec![page("urn:uuid:00000000-0000-0000-0000-000000000000")]),
        with(vec![page("_:b0")]),
        with(vec![page("relative")]),
        with(vec![page("")]),
        with(vec![page("https://e.example/<1>")]),
        with((0..100).map(|at| page(&format!("https://e.example/{at}"))).collect()),
        Fill { credential_id: "https://b.example/b/1".to_owned(), ..fill() },
        Fill { credential_id: "did:web:b.example".to_owned(), ..fill() },
        Fill { credential_id: "https://b.example/c 1".to_owned(), ..fill() },
        Fill { credential_id: "_:c".to_owned(), ..fill() },
        Fill { credential_id: "VerifiableCredential".to_owned(), ..fill() },
    ] {
        assert_eq!(fast(&template, &suite, &odd), None, "{odd:?}");
    }
}

#[test]
fn templates_whose_blank_nodes_tie_are_not_compiled() {
    let suite = suite();
    let mut tied = achievement();
    tied.alignment = vec![Alignment::new("a", "https://f.example/"); 2];
    let template = CredentialTemplate::new(&terms(tied)).unwrap();
    assert_eq!(fast(&template, &suite, &fill()), None);
    assert!(template.prepare(&suite, &fill()).is_ok());
}

#[test]
fn a_template_whose_text_repeats_a_member_is_not_compiled() {
    let template = CredentialTemplate::new(&terms(achievement())).unwrap();
    let text = template.text().replace(
        "\"credentialSubject\":{",
        "\"credentialSubject\":{\"narrative\":\"for those who have none\",",
    );
    let template = CredentialTemplate::try_from(text).unwrap();
    assert_eq!(fast(&template, &suite(), &fill()), None);
}

#[test]
fn what_was_compiled_for_other_contexts_is_not_used() {
    let template = CredentialTemplate::new(&terms(achievement())).unwrap();
    let first = suite();
    template.prepare(&first, &fill()).unwrap();
    let narrower = EddsaRdfc2022::new(Arc::new(Processor::new(Contexts::default())));
    assert!(template.prepare(&narrower, &fill()).is_err());
    assert!(template.prepare(&first.clone(), &fill()).is_ok());
}

#[test]
fn the_suite_stands_in_the_text_and_in_what_is_signed() {
    let suite = suite();
    let edwards = CredentialTemplate::new(&terms(achievement())).unwrap();
    let curve = CredentialTemplate::for_suite(&terms(achievement()), "ecdsa-rdfc-2019").unwrap();
    assert_eq!(curve.text(), edwards.text().replace("eddsa-rdfc-2022", "ecdsa-rdfc-2019"));
    let read = CredentialTemplate::try_from(curve.text().to_owned()).unwrap();
    assert_eq!(read.cryptosuite(), "ecdsa-rdfc-2019");
    let prepared = curve.prepare(&suite, &fill()).unwrap();
    assert_eq!(prepared, read.prepare(&suite, &fill()).unwrap());
    let other = edwards.prepare(&suite, &fill()).unwrap();
    assert_eq!(prepared[32..], other[32..]);
    assert_ne!(prepared[..32], other[..32]);
    for unknown in ["", "eddsa-jcs-2022", "ecdsa-sd-2023"] {
        let made = CredentialTemplate::for_suite(&terms(achievement()), unknown);
        assert!(matches!(made, Err(TemplateError::UnknownSuite(_))), "{unknown}");
        let text = edwards.text().replace("eddsa-rdfc-2022", unknown);
        assert!(CredentialTemplate::try_from(text).is_err(), "{unknown}");
    }
}

/// Few different texts, so that they meet often, and any others.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "a", "b", "Welding", "Can weld.", "\"\\\n\r\t", "_:a"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => any::<String>().prop_map(|text| text.replace(MARK, "")),
    ]
}

fn web_id() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec![
            "https://b.example/b/1", "https://b.example/c/1", "https://b.example/c/",
            "https://b.example/c/1/2", "https://b.example/status/1", "https://b.example/status/1#7",
            "did:web:b.example", "https://a.example/", "https://z.example/é", "http://z.example/",
            "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
        ])
            .prop_map(str::to_owned),
        3 => "https://[a-z]\\.example/[0-9a-z#/.~!]{0,4}",
        1 => prop::sample::select(vec![
            "urn:uuid:1", "_:b0", "", "x", "https:", "https://", "https://a b", "a:b", "@id", "id",
            "Achievement", "xsd:string", "mailto:a@b.example", "https://a/\u{7f}", "HTTPS://A/",
        ])
            .prop_map(str::to_owned),
    ]
}

fn moment() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "2025-01-31T12:00:00Z",
        "2025-01-31T12:00:00",
        "1999-12-31T23:59:59.5+14:00",
        "2030-01-01T00:00:00-05:00",
    ])
    .prop_map(str::to_owned)
}

prop_compose! {
    fn any_evidence()(
        id in option::of(web_id()),
        name in option::of(text()),
        narrative in option::of(text()),
        description in option::of(text()),
    ) -> Evidence {
        let mut evidence = evidence(id.as_deref(), name.as_deref(), narrative.as_deref());
        evidence.description = description;
        evidence
    }
}

prop_compose! {
    fn any_alignment()(
        name in text(),
        url in web_id(),
        code in option::of(text()),
        description in option::of(text()),
    ) -> Alignment {
        let mut alignment = Alignment::new(name, url);
        alignment.target_code = code;
        alignment.target_description = description;
        alignment
    }
}

prop_compose! {
    fn any_achievement()(
        id in web_id(),
        name in text(),
        description in text(),
        criteria in (option::of(web_id()), option::of(text())),
        image in option::of((web_id(), option::of(text()))),
        tag in vec(text(), 0..3),
        alignment in vec(any_alignment(), 0..12),
        alignments in 0usize..12,
    ) -> Achievement {
        let criteria =
            Criteria { id: criteria.0, narrative: criteria.1, ..Criteria::default() };
        let mut achievement = Achievement::new(id, name, description, criteria);
        achievement.image = image.map(|(id, caption)| {
            let mut image = Image::new(id);
            image.caption = caption;
            image
        });
        achievement.tag = tag;
        achievement.alignment = alignment.into_iter().take(alignments).collect();
        achievement
    }
}

prop_compose! {
    fn any_terms()(
        achievement in any_achievement(),
        issuer in (web_id(), text(), option::of(web_id()), option::of(text())),
        method in web_id(),
        identity_type in text(),
        status_list in option::of(web_id()),
    ) -> TemplateTerms {
        let mut profile = Profile::new(issuer.0, issuer.1);
        profile.url = issuer.2;
        profile.description = issuer.3;
        TemplateTerms {
            issuer: profile,
            achievement,
            verification_method: method,
            identity_type,
            status_list,
        }
    }
}

prop_compose! {
    fn any_fill()(
        ids in (web_id(), prop::sample::select(vec![0, 1, 7, 131_071, u32::MAX])),
        dates in (moment(), option::of(moment()), option::of(moment()), moment()),
        identity in (text(), text()),
        narrative in option::of(text()),
        evidence in vec(any_evidence(), 0..4),
    ) -> Fill {
        Fill {
            credential_id: ids.0,
            valid_from: dates.0,
            valid_until: dates.1,
            awarded_date: dates.2,
            identity_hash: identity.0,
            salt: identity.1,
            status_list_index: Some(ids.1),
            narrative,
            evidence,
            proof_created: dates.3,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn the_compiled_form_gives_what_the_general_algorithm_gives(
        terms in any_terms(),
        fills in vec(any_fill(), 1..6),
    ) {
        let suite = suite();
        let template = CredentialTemplate::new(&terms).unwrap();
        for mut fill in fills {
            fill.status_list_index = fill.status_list_index.filter(|_| template.has_status);
            fast(&template, &suite, &fill);
            let options =
                ProofOptions::new(terms.verification_method.as_str(), fill.proof_created.as_str());
            let document = unsigned(&template.render(&fill, "")).unwrap();
            let general = suite.prepare(document, &options);
            let general = general.ok().map(|unsigned| unsigned.hash_data().to_vec());
            prop_assert_eq!(template.prepare(&suite, &fill).ok().map(|h| h.to_vec()), general);
        }
    }
}
