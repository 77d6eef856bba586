use auth::{Grant, Kind, Principal, Role, Scope};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use kernel::{OrganizationId, TenantId};
use openbadges::{
    ProofOptions, Purpose, SecretKey,
    data_integrity::prepare,
    did_key,
    jsonld::{Contexts, Processor},
};
use serde_json::{Value, json};

use super::scene::{Got, Scene};

fn tenant() -> TenantId {
    TenantId::derived([1; 16])
}

/// A token of an API client of that tenant.
fn token(scene: &Scene, tenant: TenantId, kind: Kind) -> String {
    let now = scene.rig.context.stores.clock.now();
    scene.rig.context.tokens.access(&Principal {
        subject: "client_01h455vb4pex5vsknk084sn02q".into(),
        kind,
        organization: Some(OrganizationId::derived([1; 16])),
        tenant,
        grants: vec![Grant { role: Role::Awarder, scope: Scope::Tenant }],
        issued_at: now,
        expires_at: now.plus_millis(60_000),
        token_id: scene.rig.context.stores.ids.uuid(),
    })
}

async fn post(scene: &Scene, path: &str, token: Option<&str>, body: impl Into<Body>) -> Got {
    let mut request =
        Request::post(format!("/vc/{}{path}", tenant())).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    scene.send(request.body(body.into()).unwrap()).await
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": issuer(),
        "credentialSubject": { "id": "did:example:ada" },
    })
}

fn key() -> SecretKey {
    SecretKey::ed25519(&[7; 32])
}

fn issuer() -> String {
    did_key(&key().public_key().multikey().unwrap())
}

/// The document with a proof by that key.
fn signed(document: Value, options: ProofOptions) -> Value {
    let key = key();
    let multikey = key.public_key().multikey().unwrap();
    let options = ProofOptions {
        verification_method: format!("{}#{multikey}", issuer()),
        created: "2025-01-01T00:00:00Z".into(),
        ..options
    };
    let processor = Processor::new(Contexts::bundled());
    let unsigned = prepare(&processor, document, &options).unwrap();
    let signature = key.sign(unsigned.hash_data()).unwrap();
    unsigned.finish(&signature)
}

#[tokio::test]
async fn a_credential_is_issued_for_whoever_has_a_token_of_the_tenant() {
    let scene = Scene::new();
    let token = token(&scene, tenant(), Kind::Client);
    let body = json!({ "credential": credential() }).to_string();
    let got = post(&scene, "/credentials/issue", Some(&token), body).await;
    assert_eq!(got.status, StatusCode::CREATED, "{}", got.text());
    assert_eq!(got.text(), "{\"verifiableCredential\":{ \"signed\":\texactly }}", "as signed");
    assert_eq!(got.header("cache-control"), "no-store");
    let options = json!({ "cryptosuite": "eddsa-jcs-2022", "credentialStatus": true });
    let body = json!({ "credential": credential(), "options": options }).to_string();
    post(&scene, "/credentials/issue", Some(&token), body).await;
    let submitted = scene.state().submitted.clone();
    assert!(submitted.iter().all(|(bearer, _)| *bearer == token), "the caller's own token");
    let (first, second) = (&submitted[0].1, &submitted[1].1);
    assert_eq!(serde_json::from_slice::<Value>(&first.credential).unwrap(), credential());
    assert_eq!((first.cryptosuite.as_str(), first.with_status), ("", false));
    assert_eq!((second.cryptosuite.as_str(), second.with_status), ("eddsa-jcs-2022", true));
}

#[tokio::test]
async fn nobody_else_issues_anything_and_strangers_learn_nothing_of_tenants() {
    let scene = Scene::new();
    let body = || json!({ "credential": credential() }).to_string();
    let other = token(&scene, TenantId::derived([2; 16]), Kind::Client);
    let service = scene.rig.context.tokens.service("gateway", tenant(), scene.web.now());
    for (token, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("nonsense"), StatusCode::UNAUTHORIZED),
        (Some(service.as_str()), StatusCode::UNAUTHORIZED),
        (Some(other.as_str()), StatusCode::NOT_FOUND),
    ] {
        for path in ["/credentials/issue", "/credentials/status"] {
            let got = post(&scene, path, token, body()).await;
            assert_eq!(got.status, status, "{path} {token:?}");
            assert_eq!(got.header("content-type"), "application/problem+json");
        }
    }
    let nowhere = Request::post("/vc/tenant_none/credentials/issue")
        .header("authorization", format!("Bearer {other}"))
        .body(Body::from(body()));
    let absent = scene.send(nowhere.unwrap()).await;
    let foreign = post(&scene, "/credentials/issue", Some(&other), body()).await;
    assert_eq!(absent.body, foreign.body, "a foreign tenant and an absent one answer alike");
    assert!(scene.state().submitted.is_empty());
}

#[tokio::test]
async fn the_sandbox_is_open_to_everybody_and_shows_a_status() {
    let scene = Scene::new();
    let body =
        |options: Value| json!({ "credential": credential(), "options": options }).to_string();
    scene.sandbox.open(tenant());
    scene.sandbox.open(TenantId::derived([2; 16]));
    for options in [json!({}), json!({ "credentialStatus": false }), Value::Null] {
        let got = post(&scene, "/credentials/issue", None, body(options)).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.text());
    }
    let submitted = scene.state().submitted.clone();
    let with_status: Vec<bool> = submitted.iter().map(|(_, asked)| asked.with_status).collect();
    assert_eq!(with_status, [true, false, true]);
    let verifier = &scene.rig.context.verifier;
    let principal = verifier.access(&submitted[0].0, scene.web.now()).unwrap();
    assert_eq!((principal.kind, principal.tenant), (Kind::Service, tenant()));
    let wrong = post(&scene, "/credentials/issue", Some("nonsense"), body(Value::Null)).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "a wrong token is no token");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_type_and_place() {
    let scene = Scene::new();
    scene.sandbox.open(tenant());
    let model = "https://www.w3.org/TR/vc-data-model#";
    for (body, kind, pointer) in [
        ("", "PARSING_ERROR", Value::Null),
        ("[]", "PARSING_ERROR", Value::Null),
        ("{\"credential\":{},\"credential\":{}}", "PARSING_ERROR", Value::Null),
        ("{}", "PARSING_ERROR", json!("/credential")),
        ("{\"credential\":\"eyJ\"}", "PARSING_ERROR", json!("/credential")),
        ("{\"credential\":{},\"options\":1}", "MALFORMED_VALUE_ERROR", json!("/options")),
        (
            "{\"credential\":{},\"options\":{\"credentialStatus\":{\"type\":\"Other\"}}}",
            "MALFORMED_VALUE_ERROR",
            json!("/options/credentialStatus"),
        ),
        (
            "{\"credential\":{\"issuer\":\"wrong\"}}",
            "MALFORMED_VALUE_ERROR",
            json!("/credential/issuer"),
        ),
    ] {
        let got = post(&scene, "/credentials/issue", None, body).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(got.header("content-type"), "application/problem+json");
        let problem = got.json();
        assert_eq!(problem["type"], format!("{model}{kind}"), "{body}: {problem}");
        assert_eq!(problem["pointer"], pointer, "{body}: {problem}");
    }
    let large = format!("{{\"credential\":\"{}\"}}", "a".repeat((1 << 20) + (64 << 10)));
    let got = post(&scene, "/credentials/issue", None, large).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_status_is_set_in_every_form_that_callers_know() {
    let scene = Scene::new();
    scene.sandbox.open(tenant());
    let entry = |more: Value| {
        let mut entry = json!({ "type": "BitstringStatusListEntry" });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let body = |id: &str, status: Value| {
        json!({ "credentialId": id, "credentialStatus": status }).to_string()
    };
    for (status, revoked) in [
        (json!([entry(json!({ "status": "1" }))]), true),
        (entry(json!({ "status": "0" })), false),
        (entry(json!({ "status": true, "statusPurpose": "revocation" })), true),
        (entry(json!({})), true),
    ] {
        let got = post(&scene, "/credentials/status", None, body("urn:uuid:known", status)).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text());
        assert_eq!(scene.state().revoked.pop().unwrap().1.revoked, revoked);
    }
    let known = json!([entry(json!({}))]);
    let absent = post(&scene, "/credentials/status", None, body("urn:uuid:x", known.clone())).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    scene.state().revoked.clear();
    for wrong in [
        json!([]),
        json!([entry(json!({})), entry(json!({}))]),
        json!({ "type": "RevocationList2020Status" }),
        entry(json!({ "statusPurpose": "suspension" })),
        entry(json!({ "status": "2" })),
        Value::Null,
    ] {
        let got = post(&scene, "/credentials/status", None, body("urn:uuid:known", wrong)).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{}", got.text());
    }
    assert!(scene.state().revoked.is_empty());
}

async fn verify(scene: &Scene, document: Value, options: Value) -> Got {
    let body = json!({ "verifiableCredential": document, "options": options });
    post(scene, "/credentials/verify", None, body.to_string()).await
}

#[tokio::test]
async fn a_credential_is_verified_without_a_token() {
    let scene = Scene::new();
    let good = signed(credential(), ProofOptions::default());
    for options in [json!({}), json!({ "checks": ["proof"] }), Value::Null] {
        let got = verify(&scene, good.clone(), options).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text());
        let answer = got.json();
        assert_eq!(answer["verified"], true);
        assert_eq!((&answer["errors"], &answer["warnings"]), (&json!([]), &json!([])));
        assert!(answer["checks"].as_array().unwrap().contains(&json!("proof")), "{answer}");
    }
    let mut forged = good.clone();
    forged["credentialSubject"]["id"] = json!("did:example:eve");
    let mut untyped = good.clone();
    untyped["evidence"] = json!({});
    let mut unknown = good.clone();
    unknown["credentialSubject"]["unknownTerm"] = json!("x");
    for (document, kind) in [
        (forged, "CRYPTOGRAPHIC_SECURITY_ERROR"),
        (untyped, "MALFORMED_VALUE_ERROR"),
        (unknown, "CRYPTOGRAPHIC_SECURITY_ERROR"),
        (credential(), "CRYPTOGRAPHIC_SECURITY_ERROR"),
        (json!({ "type": ["Other"] }), "PARSING_ERROR"),
        (json!("eyJ.eyJ.x"), "PARSING_ERROR"),
        (json!(null), "PARSING_ERROR"),
    ] {
        let got = verify(&scene, document.clone(), json!({ "checks": ["proof"] })).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{document}");
        let problem = got.json();
        let kind = format!("https://www.w3.org/TR/vc-data-model#{kind}");
        assert_eq!(problem["type"], kind, "{document}: {problem}");
    }
}

#[tokio::test]
async fn the_checks_that_a_caller_names_decide_and_the_rest_is_told() {
    let scene = Scene::new();
    let mut expired = credential();
    expired["validUntil"] = json!("2020-01-01T00:00:00Z");
    let expired = signed(expired, ProofOptions::default());
    assert_eq!(verify(&scene, expired.clone(), json!({})).await.status, StatusCode::BAD_REQUEST);
    let got = verify(&scene, expired.clone(), json!({ "checks": ["proof"] })).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text());
    assert_eq!(got.json()["warnings"][0]["detail"], "it has expired");
    let checks = json!({ "checks": ["proof", "validityPeriod"] });
    assert_eq!(verify(&scene, expired, checks).await.status, StatusCode::BAD_REQUEST);

    // The list is out of reach: nobody can say whether it was revoked.
    let mut unknown = credential();
    unknown["credentialStatus"] = json!({
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://127.0.0.1/status/1",
    });
    let unknown = signed(unknown, ProofOptions::default());
    let got = verify(&scene, unknown.clone(), json!({})).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.text());
    assert_eq!(got.json()["warnings"].as_array().unwrap().len(), 1);
    let checks = json!({ "checks": ["proof", "credentialStatus"] });
    let got = verify(&scene, unknown, checks).await;
    assert_eq!(got.status, StatusCode::BAD_REQUEST, "{}", got.text());
}

#[tokio::test]
async fn a_presentation_answers_the_challenge_for_the_domain() {
    let scene = Scene::new();
    let presentation = |credential: Value| {
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"],
            "holder": issuer(),
            "verifiableCredential": [credential],
        })
    };
    let options = ProofOptions {
        purpose: Purpose::Authentication,
        challenge: Some("c".into()),
        domain: vec!["d".into()],
        ..ProofOptions::default()
    };
    let credential = signed(credential(), ProofOptions::default());
    let good = signed(presentation(credential.clone()), options.clone());
    let mut forged = credential.clone();
    forged["credentialSubject"]["id"] = json!("did:example:eve");
    let assertion = ProofOptions { purpose: Purpose::Assertion, ..options.clone() };
    let asked = json!({ "challenge": "c", "domain": "d" });
    for (document, options, status) in [
        (good.clone(), asked.clone(), 200),
        (good.clone(), json!({}), 200),
        (good.clone(), json!({ "challenge": "other", "domain": "d" }), 400),
        (good, json!({ "challenge": "c", "domain": "other" }), 400),
        (signed(presentation(forged.clone()), options), asked.clone(), 400),
        (signed(presentation(credential.clone()), assertion), asked.clone(), 400),
        (presentation(credential.clone()), json!({}), 200),
        (presentation(credential), asked, 400),
        (presentation(forged), json!({}), 400),
    ] {
        let body = json!({ "verifiablePresentation": document, "options": options });
        let got = post(&scene, "/presentations/verify", None, body.to_string()).await;
        assert_eq!(got.status.as_u16(), status, "{body}: {}", got.text());
        assert_eq!(got.json()["verified"], status == 200);
    }
}
