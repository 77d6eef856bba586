//! Verdicts on whatever a person can hand over: pictures, tokens, addresses, presentations.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "sample/badge.rs"]
mod badge;
#[path = "sample/web.rs"]
mod web;

use badge::{LIST, full_fill, issue, key, multikey, plain_fill, suite, template, terms};
use ed25519_dalek::Signer;
use jsonld::{Contexts, Processor};
use openbadges::baking::{self, Keyword};
use openbadges::data_integrity::{self, ProofOptions};
use openbadges::jose::UnsignedJws;
use openbadges::key::{Algorithm, SecretKey};
use openbadges::verify::{
    Budget, CheckKind, Container, Document, Options, Outcome, Report, Standard, TrustedIssuer,
    Unreachable, Verdict, Verifier,
};
use openbadges::{CredentialTemplate, DidDocument, Fill, Multikey, Purpose, parse_timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use time::OffsetDateTime;
use web::{DID_URL, Web};

fn now() -> OffsetDateTime {
    parse_timestamp("2026-01-01T00:00:00Z").unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(Arc::new(Processor::new(Contexts::bundled())))
}

fn good() -> (Vec<u8>, Web) {
    (issue(&template(), &suite(), &plain_fill()), Web::with_revoked(&suite(), &[]))
}

fn ask(handed: &[u8], web: &Web, options: &Options) -> Report {
    verifier().verify_with(handed, |url| web.get(url), options, now())
}

/// Signs any document as the sample issuer.
fn sign(document: Value, options: &ProofOptions) -> Value {
    let processor = Processor::new(Contexts::bundled());
    let unsigned = data_integrity::prepare(&processor, document, options).unwrap();
    let signature = key().sign(unsigned.hash_data()).to_bytes();
    unsigned.finish(&signature)
}

fn bytes(document: &Value) -> Vec<u8> {
    serde_json::to_vec(document).unwrap()
}

fn unsigned(fill: &Fill) -> Value {
    let mut document: Value = serde_json::from_slice(&issue(&template(), &suite(), fill)).unwrap();
    document.as_object_mut().unwrap().remove("proof");
    document
}

fn assertion() -> ProofOptions {
    ProofOptions::new(terms().verification_method, "2025-06-01T00:00:00Z")
}

#[test]
fn a_badge_is_judged_in_whatever_it_is_wrapped() {
    let (_, mut web) = good();
    let credential = issue(&template(), &suite(), &full_fill());
    let text = String::from_utf8(credential.clone()).unwrap();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"></svg>";
    let svg = baking::bake_svg(svg, &[(Keyword::OpenBadgeCredential, &text)]).unwrap();
    let address = b"https://badges.example/c/0190b2c4";
    web.0.insert(String::from_utf8(address.to_vec()).unwrap(), credential.clone());
    for (handed, container) in [
        (credential.as_slice(), Container::Json),
        (svg.as_slice(), Container::Svg),
        (address.as_slice(), Container::Json),
    ] {
        let report = ask(handed, &web, &Options::default());
        assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
        assert_eq!(report.container, Some(container));
        assert_eq!(report.standard, Some(Standard::OpenBadges3));
        assert_eq!(report.claims.name.as_deref(), Some("Welding, level 1"));
    }
    let padded = [b"\xef\xbb\xbf \n".as_slice(), &credential].concat();
    assert!(ask(&padded, &web, &Options::default()).is_valid());
}

#[test]
fn a_good_verdict_says_what_it_does_not_prove() {
    let (credential, web) = good();
    let report = ask(&credential, &web, &Options::default());
    let open = |report: &Report, what: &str| report.does_not_prove.iter().any(|l| l.contains(what));
    assert!(open(&report, "person who earned it") && open(&report, "organisation whose name"));
    assert_eq!(report.outcome(CheckKind::IssuerTrust), Outcome::Undetermined);

    let known = TrustedIssuer { issuer: "badges.example".to_owned(), name: "Acme".to_owned() };
    let options = Options {
        trusted: vec![known],
        recipient: Some("ada@example.org".to_owned()),
        ..Options::default()
    };
    let report = ask(&credential, &web, &options);
    assert_eq!(report.outcome(CheckKind::IssuerTrust), Outcome::Valid);
    assert_eq!(report.outcome(CheckKind::Recipient), Outcome::Valid);
    assert!(!open(&report, "person who earned it") && !open(&report, "organisation whose name"));

    let options = Options { recipient: Some("eve@example.org".to_owned()), ..options };
    let report = ask(&credential, &web, &options);
    assert_eq!(report.summary, "invalid: it is for somebody else");
}

#[test]
fn what_it_refers_to_and_nobody_compared_is_told() {
    let (_, web) = good();
    let mut document = unsigned(&plain_fill());
    document["relatedResource"] = json!([{
        "id": "https://badges.example/rubric.pdf",
        "digestSRI": "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=",
    }]);
    let report = ask(&bytes(&sign(document, &assertion())), &web, &Options::default());
    assert!(report.is_valid(), "{report:#?}");
    assert!(report.does_not_prove.iter().any(|limit| limit.contains("rubric.pdf")));
}

#[test]
fn without_the_web_it_is_told_whether_the_file_is_unchanged() {
    let (credential, _) = good();
    let report = ask(&credential, &Web::default(), &Options::default());
    assert_eq!(report.verdict, Verdict::Undetermined);
    let proof = report.check(CheckKind::Proof).unwrap();
    assert!(proof.reason.contains("unchanged since it was signed"), "{proof:?}");

    let mut changed: Value = serde_json::from_slice(&credential).unwrap();
    changed["name"] = json!("Welding, level 9");
    let report = ask(&bytes(&changed), &Web::default(), &Options::default());
    assert_eq!(report.verdict, Verdict::Invalid, "{report:#?}");
}

/// Four states of a key, three dates of a signature.
#[test]
fn a_key_is_good_for_what_it_signed_before_its_end() {
    let end = "2025-07-01T00:00:00Z";
    for (state, member) in
        [("active", None), ("retired", Some("expires")), ("revoked", Some("revoked"))]
    {
        for (signed, before) in
            [("2025-06-30T23:59:59Z", true), (end, false), ("2025-12-01T00:00:00Z", false)]
        {
            let mut document = serde_json::to_value(badge::did_document()).unwrap();
            if let Some(member) = member {
                document["verificationMethod"][0][member] = json!(end);
            }
            let mut web = Web::with_revoked(&suite(), &[]);
            web.0.insert(DID_URL.to_owned(), bytes(&document));
            let fill = Fill { status_list_index: None, ..plain_fill() };
            let terms = openbadges::TemplateTerms { status_list: None, ..terms() };
            let template = CredentialTemplate::new(&terms).unwrap();
            let fill = Fill { proof_created: signed.to_owned(), ..fill };
            let report = ask(&issue(&template, &suite(), &fill), &web, &Options::default());
            let good = before || member.is_none();
            assert_eq!(report.is_valid(), good, "{state} key, signed {signed}: {report:#?}");
        }
    }
    // A key that its controller's document no longer names speaks for nobody.
    let (credential, mut web) = good();
    let empty = DidDocument::new(badge::ISSUER, vec![], Vec::<Multikey>::new());
    web.0.insert(DID_URL.to_owned(), serde_json::to_vec(&empty).unwrap());
    assert_eq!(ask(&credential, &web, &Options::default()).verdict, Verdict::Invalid);
}

#[test]
fn an_endorsement_in_it_is_judged_and_told_apart() {
    let endorsement = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "https://badges.example/e/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "A good badge",
        "issuer": {"id": badge::ISSUER, "type": ["Profile"]},
        "validFrom": "2025-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "https://badges.example/b/welding/1", "type": ["EndorsementSubject"],
            "endorsementComment": "It says what it is.",
        },
    });
    let web = Web::with_revoked(&suite(), &[]);
    let endorsed = |endorsement: Value| {
        let mut document = unsigned(&plain_fill());
        document["credentialSubject"]["achievement"]["endorsement"] = json!([endorsement]);
        ask(&bytes(&sign(document, &assertion())), &web, &Options::default())
    };
    let signed = sign(endorsement.clone(), &assertion());
    let report = endorsed(signed.clone());
    assert!(report.is_valid(), "{report:#?}");
    assert_eq!(report.enclosed.len(), 1);
    assert_eq!(report.outcome(CheckKind::Enclosed), Outcome::Valid, "{report:#?}");

    let mut forged = signed;
    forged["credentialSubject"]["endorsementComment"] = json!("The best there is.");
    let report = endorsed(forged);
    assert!(report.is_valid(), "its own verdict stands: {report:#?}");
    assert_eq!(report.outcome(CheckKind::Enclosed), Outcome::Invalid);
    assert_eq!(report.enclosed[0].verdict, Verdict::Invalid);
}

#[test]
fn a_newer_edition_takes_its_place_and_another_credential_does_not() {
    let service = "https://badges.example/refresh/1";
    let edition = |from: &str, name: &str, id: &str| {
        let mut document = unsigned(&plain_fill());
        document["refreshService"] = json!({"id": service, "type": "1EdTechCredentialRefresh"});
        document["validFrom"] = json!(from);
        document["id"] = json!(id);
        document["credentialSubject"]["achievement"]["name"] = json!(name);
        bytes(&sign(document, &assertion()))
    };
    let id = "https://badges.example/c/1";
    let old = edition("2025-01-01T00:00:00Z", "Welding", id);
    let mut web = Web::with_revoked(&suite(), &[]);
    let mut refreshed = |answer: Option<Vec<u8>>| {
        web.0.remove(service);
        if let Some(answer) = answer {
            web.0.insert(service.to_owned(), answer);
        }
        let report = ask(&old, &web, &Options::default());
        assert!(report.is_valid(), "{report:#?}");
        (report.outcome(CheckKind::Refresh), report.claims.name.unwrap())
    };
    let newer = edition("2025-02-01T00:00:00Z", "Welding 2", id);
    let foreign = edition("2025-02-01T00:00:00Z", "Welding 3", "https://badges.example/c/2");
    let welding = "Welding".to_owned();
    assert_eq!(refreshed(Some(newer)), (Outcome::Invalid, "Welding 2".to_owned()));
    assert_eq!(refreshed(Some(old.clone())), (Outcome::Valid, welding.clone()));
    assert_eq!(refreshed(Some(foreign)), (Outcome::Undetermined, welding.clone()));
    assert_eq!(
        refreshed(Some(service.as_bytes().to_vec())),
        (Outcome::Undetermined, welding.clone())
    );
    assert_eq!(refreshed(None), (Outcome::Undetermined, welding));
}

#[test]
fn a_presentation_must_answer_its_challenge_and_hold_what_holds() {
    let (credential, web) = good();
    let credential: Value = serde_json::from_slice(&credential).unwrap();
    let did = openbadges::did_key(&multikey());
    let presentation = |credential: &Value| {
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": did,
            "verifiableCredential": [credential],
        })
    };
    let options = ProofOptions {
        purpose: Purpose::Authentication,
        challenge: Some("c1".to_owned()),
        domain: vec!["verifier.example".to_owned()],
        ..ProofOptions::new(format!("{did}#{}", multikey()), "2025-06-01T00:00:00Z")
    };
    let asked = Options {
        challenge: Some("c1".to_owned()),
        domain: Some("verifier.example".to_owned()),
        ..Options::default()
    };
    let signed = sign(presentation(&credential), &options);
    let report = ask(&bytes(&signed), &web, &asked);
    assert!(report.is_valid(), "{report:#?}");
    assert_eq!(report.enclosed.len(), 1);

    let other = Options { challenge: Some("c2".to_owned()), ..asked.clone() };
    assert_eq!(ask(&bytes(&signed), &web, &other).verdict, Verdict::Invalid);
    let unsigned = bytes(&presentation(&credential));
    assert_eq!(ask(&unsigned, &web, &asked).verdict, Verdict::Invalid);
    let report = ask(&unsigned, &web, &Options::default());
    assert!(report.is_valid() && report.does_not_prove[0].contains("who presents it"));

    let mut forged = credential;
    forged["name"] = json!("Better");
    let report = ask(&bytes(&sign(presentation(&forged), &options)), &web, &asked);
    assert_eq!(report.outcome(CheckKind::Credentials), Outcome::Invalid, "{report:#?}");
    // An assertion of the holder is no answer to a challenge.
    let assertion = ProofOptions { purpose: Purpose::Assertion, ..options };
    let report = ask(&bytes(&sign(presentation(&json!({})), &assertion)), &web, &asked);
    assert_eq!(report.outcome(CheckKind::Proof), Outcome::Invalid);
}

#[test]
fn a_wrong_proof_spoils_a_set_and_an_unknown_one_does_not() {
    let (credential, web) = good();
    let mut credential: Value = serde_json::from_slice(&credential).unwrap();
    let mut unknown = credential["proof"][0].clone();
    unknown["cryptosuite"] = json!("bbs-2023");
    credential["proof"].as_array_mut().unwrap().insert(0, unknown);
    assert!(ask(&bytes(&credential), &web, &Options::default()).is_valid());
    let mut wrong = credential["proof"][1].clone();
    wrong["created"] = json!("2025-02-01T00:00:00Z");
    credential["proof"].as_array_mut().unwrap().push(wrong);
    assert_eq!(ask(&bytes(&credential), &web, &Options::default()).verdict, Verdict::Invalid);
}

#[test]
fn a_proof_is_worth_no_more_than_those_that_it_continues() {
    let (_, web) = good();
    let id = "urn:uuid:0190b2c4-0000-7000-8000-000000000001";
    let first = ProofOptions { id: Some(id.to_owned()), ..assertion() };
    let mut document = sign(unsigned(&plain_fill()), &first);
    document["proof"][0]["cryptosuite"] = json!("bbs-2023");
    let beside = sign(document.clone(), &assertion());
    assert!(ask(&bytes(&beside), &web, &Options::default()).is_valid());
    let next = ProofOptions { previous_proof: vec![id.to_owned()], ..assertion() };
    let report = ask(&bytes(&sign(document, &next)), &web, &Options::default());
    assert_eq!(report.outcome(CheckKind::Proof), Outcome::Undetermined, "{report:#?}");
}

#[test]
fn whoever_signs_as_well_neither_helps_nor_harms() {
    let (credential, web) = good();
    let witness = SecretKey::ed25519(&[77; 32]);
    let multikey = witness.public_key().multikey().unwrap();
    let method = format!("{}#{multikey}", openbadges::did_key(&multikey));
    let sign = |document: Value| {
        let processor = Processor::new(Contexts::bundled());
        let options = ProofOptions::new(method.clone(), "2025-06-01T00:00:00Z");
        let unsigned = data_integrity::prepare(&processor, document, &options).unwrap();
        let signature = witness.sign(unsigned.hash_data()).unwrap();
        unsigned.finish(&signature)
    };
    let both =
        ask(&bytes(&sign(serde_json::from_slice(&credential).unwrap())), &web, &Options::default());
    assert!(both.is_valid(), "{both:#?}");
    assert_eq!(both.check(CheckKind::Proof).unwrap().evidence.len(), 2);
    let alone = ask(&bytes(&sign(unsigned(&plain_fill()))), &web, &Options::default());
    assert_eq!(alone.outcome(CheckKind::Proof), Outcome::Invalid);
}

#[test]
fn no_verdict_fetches_more_than_its_budget() {
    // Each of these credentials asks for a list of its own.
    let (credential, _) = good();
    let credential: Value = serde_json::from_slice(&credential).unwrap();
    let many: Vec<Value> = (0..30)
        .map(|n| {
            let mut one = credential.clone();
            one["proof"][0]["verificationMethod"] = json!(format!("did:web:h{n}.example#k"));
            one
        })
        .collect();
    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": many,
    });
    let mut asked = 0;
    let lookup = |_: &str| {
        asked += 1;
        Err::<Document, _>(Unreachable::Failed("nothing here".to_owned()))
    };
    let options = Options { budget: Budget { fetches: 20, bytes: 1 << 20 }, ..Options::default() };
    let report = verifier().verify_with(&bytes(&presentation), lookup, &options, now());
    assert_eq!(report.verdict, Verdict::Undetermined, "{report:#?}");
    assert_eq!(asked, 20);
}

#[test]
fn a_token_is_judged_by_the_key_that_its_issuer_publishes() {
    let secret = SecretKey::ed25519(&[42; 32]);
    let did = openbadges::did_key(&multikey());
    let web_issuer = "https://badges.example/i/1";
    let badge = |issuer: &str| {
        let mut document = unsigned(&plain_fill());
        document.as_object_mut().unwrap().remove("credentialStatus");
        document["issuer"] = json!({"id": issuer, "type": ["Profile"], "name": "Acme"});
        document["credentialSubject"]["id"] =
            json!("urn:uuid:7c9e6679-7425-40de-944b-e07fc1f90ae7");
        document
    };
    let token = |issuer: &str, kid: &str| {
        UnsignedJws::open_badge(&badge(issuer), Algorithm::EdDsa, kid)
            .unwrap()
            .sign(&secret)
            .unwrap()
    };
    let jwk = |kid: &str, issuer: Option<&str>| {
        let mut jwk = serde_json::to_value(secret.public_key().to_jwk()).unwrap();
        jwk["kid"] = json!(kid);
        if let Some(issuer) = issuer {
            jwk["iss"] = json!(issuer);
        }
        jwk
    };
    let set = |jwk: Value| bytes(&json!({"keys": [jwk]}));
    let judge = |token: &str, documents: &[(&str, Vec<u8>)]| {
        let known = documents.iter().map(|(url, body)| ((*url).to_owned(), body.clone()));
        ask(token.as_bytes(), &Web(known.collect()), &Options::default())
    };
    let key_set = "https://badges.example/.well-known/jwks.json";
    let own = "https://badges.example/i/1/keys/1";
    let beside = "https://badges.example/i/2/keys/1";
    let alone = || bytes(&jwk(own, None));

    let report = judge(&token(&did, &format!("{did}#{}", multikey())), &[]);
    assert!(report.is_valid(), "{report:#?}");
    assert_eq!(report.container, Some(Container::Jwt));
    assert!(judge(&token(web_issuer, own), &[(own, alone())]).is_valid());
    assert!(judge(&token(web_issuer, "k"), &[(key_set, set(jwk("k", None)))]).is_valid());
    let theirs = set(jwk("k", Some(web_issuer)));
    assert!(judge(&token(web_issuer, "k"), &[(key_set, theirs)]).is_valid());
    // Others may share the host: a key of theirs, wherever it is, is none of this issuer.
    let others = set(jwk("k", Some("https://badges.example/i/2")));
    let verdict = |token: &str, documents: &[(&str, Vec<u8>)]| judge(token, documents).verdict;
    assert_eq!(verdict(&token(web_issuer, "k"), &[(key_set, others)]), Verdict::Invalid);
    let beside_alone = [(beside, alone())];
    assert_eq!(verdict(&token(web_issuer, beside), &beside_alone), Verdict::Undetermined);
    let listed = [(beside, alone()), (key_set, set(jwk("k", None)))];
    assert!(judge(&token(web_issuer, beside), &listed).is_valid());
    let elsewhere = "https://evil.example/i/1/keys/1";
    assert_eq!(verdict(&token(web_issuer, elsewhere), &[(elsewhere, alone())]), Verdict::Invalid);
    assert_eq!(verdict(&token(web_issuer, own), &[]), Verdict::Undetermined);
    let mut forged = token(web_issuer, own);
    forged.replace_range(forged.len() - 6..forged.len() - 5, "A");
    forged.replace_range(forged.len() - 5..forged.len() - 4, "B");
    assert_eq!(verdict(&forged, &[(own, alone())]), Verdict::Invalid);
}

#[test]
fn an_address_that_is_gone_was_taken_back_and_one_that_leads_on_leads_nowhere() {
    let web = Web(std::collections::HashMap::from([(
        "https://a.example/2".to_owned(),
        b"https://a.example/3".to_vec(),
    )]));
    let gone = |url: &str| match url {
        "https://a.example/1" => {
            Err(Unreachable::Gone(br#"{"revocationReason":"by mistake"}"#.to_vec()))
        }
        other => web.get(other),
    };
    let judge = |url: &[u8]| verifier().verify_with(url, gone, &Options::default(), now());
    let gone_for = judge(b"https://a.example/1");
    assert_eq!(gone_for.verdict, Verdict::Invalid);
    assert!(gone_for.summary.contains("by mistake"), "{}", gone_for.summary);
    assert_eq!(judge(b"https://a.example/2").verdict, Verdict::Invalid);
    assert_eq!(judge(b"https://a.example/4").verdict, Verdict::Undetermined);
}

#[test]
fn a_list_for_another_purpose_or_by_someone_else_says_nothing() {
    let (credential, mut web) = good();
    let list: Value = serde_json::from_slice(&web.0[LIST]).unwrap();
    let again = |list: &Value| {
        let mut list = list.clone();
        list.as_object_mut().unwrap().remove("proof");
        list
    };
    let mut suspension = again(&list);
    suspension["credentialSubject"]["statusPurpose"] = json!("suspension");
    let did = openbadges::did_key(&multikey());
    let mut foreign = again(&list);
    foreign["issuer"] = json!(did);
    let theirs = ProofOptions::new(format!("{did}#{}", multikey()), "2025-06-01T00:00:00Z");
    let mut stale = again(&list);
    stale["validUntil"] = json!("2025-12-31T00:00:00Z");
    for signed in [
        sign(suspension, &assertion()),
        sign(foreign, &theirs),
        sign(stale, &assertion()),
        again(&list),
    ] {
        web.0.insert(LIST.to_owned(), bytes(&signed));
        let report = ask(&credential, &web, &Options::default());
        assert_eq!(report.outcome(CheckKind::Status), Outcome::Undetermined, "{report:#?}");
    }
}
