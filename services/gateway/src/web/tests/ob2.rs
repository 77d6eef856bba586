use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use openbadges::v2::{Examination, Fetched, Found, Outcome, Presented, Recipient, faults};
use openbadges::{identity_hash, parse_timestamp};
use proto::awarding::v1::AwardStatus;
use serde_json::json;

use super::scene::{AWARD, BADGE, ISSUER, Scene, URL};

/// A scene whose award has a credential that can be read.
fn scene() -> Scene {
    let scene = Scene::new();
    let credential = json!({
        "awardedDate": "2026-02-03T10:00:00Z",
        "validFrom": "2026-02-04T10:00:00Z",
        "validUntil": "2028-02-04T10:00:00Z",
        "credentialSubject": {
            "identifier": [{
                "hashed": true,
                "identityHash": identity_hash("ada@example.org", "Kosher"),
                "identityType": "emailAddress",
                "salt": "Kosher",
            }],
            "narrative": "She wrote *the first program*.",
        },
        "evidence": [{"id": "https://example.org/notes", "name": "Notes on the engine"}],
    });
    scene.state().credential = credential.to_string().into_bytes();
    scene
}

fn assertion() -> String {
    format!("/c/{AWARD}/ob2.json")
}

/// Examines the award by its address, as a stranger would.
async fn examine(scene: &Scene, email: &str) -> Examination {
    let now = parse_timestamp("2026-06-01T00:00:00Z").unwrap();
    let address = format!("{URL}{}", assertion());
    let recipient = Recipient { kind: "email", identifier: email };
    let mut found = Found::default();
    loop {
        let presented = Presented::Address(&address);
        let examination = Examination::of(presented, &found, Some(recipient), now);
        if examination.needs.is_empty() {
            return examination;
        }
        for need in examination.needs {
            let path = need.url.strip_prefix(URL).expect("an address here").to_owned();
            let got = scene.get(&path, "application/ld+json, application/json").await;
            found.insert(need.url, Fetched::from_http(got.status.as_u16(), got.body));
        }
    }
}

#[tokio::test]
async fn an_award_is_a_valid_hosted_badge_of_its_recipient() {
    let scene = scene();
    let examination = examine(&scene, "ada@example.org").await;
    assert!(examination.is_valid(), "{examination:#?}");
    let assertion = examination.assertion.unwrap();
    assert_eq!(assertion["issuedOn"], "2026-02-03T10:00:00Z");
    assert_eq!(assertion["expires"], "2028-02-04T10:00:00Z");
    assert_eq!(assertion["evidence"][0]["id"], "https://example.org/notes");
    let badge = examination.badge.unwrap();
    assert_eq!(badge["image"], format!("{URL}/b/{BADGE}/v/2/artwork.png"));
    assert_eq!(badge["criteria"]["id"], "https://example.org/criteria");
    assert_eq!(badge["alignment"][0]["targetCode"], "S5");
    assert_eq!(badge["related"][0]["id"], format!("{URL}/b/{BADGE}/v/1/ob2.json"));
    let issuer = examination.issuer.unwrap();
    assert_eq!(issuer["email"], "badges@royal.example.org");
    assert_eq!(issuer["url"], "https://royal.example.org");
    let examination = examine(&scene, "eve@example.org").await;
    assert!(matches!(examination.recipient, Some(Outcome::Invalid(_))));
}

#[tokio::test]
async fn the_documents_are_for_anyone_and_are_sent_once() {
    let scene = scene();
    for path in [assertion(), format!("/b/{BADGE}/v/2/ob2.json"), format!("/i/{ISSUER}/ob2.json")] {
        let got = scene.get(&path, "*/*").await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert_eq!(got.header("content-type"), "application/ld+json");
        assert_eq!(got.header("access-control-allow-origin"), "*");
        assert_eq!(faults(&got.json()), [], "{path}");
        let again = scene.get(&path, "application/json").await;
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.body, got.body, "{path}");
        let request = Request::get(&path).header("if-none-match", got.header("etag"));
        let held = scene.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(held.status, StatusCode::NOT_MODIFIED, "{path}");
    }
    assert_eq!(scene.get(&assertion(), "*/*").await.header("x-robots-tag"), "noindex");
    let page = scene.page(&format!("/c/{AWARD}")).await;
    assert!(page.text().contains("ob2.json"));
}

#[tokio::test]
async fn a_revoked_award_is_gone_and_says_why() {
    let scene = scene();
    scene.state().award.status = AwardStatus::Revoked.into();
    scene.state().award.revocation_reason = "awarded in error".into();
    let got = scene.get(&assertion(), "*/*").await;
    assert_eq!(got.status, StatusCode::GONE);
    assert_eq!(got.header("content-type"), "application/ld+json");
    assert_eq!(got.header("access-control-allow-origin"), "*");
    let gone = got.json();
    assert_eq!(gone["id"], format!("{URL}{}", assertion()));
    assert_eq!(gone["revoked"], true);
    assert_eq!(gone["revocationReason"], "awarded in error");
    assert!(gone.get("recipient").is_none());
    let revoked = Outcome::Invalid("it was revoked: awarded in error".to_owned());
    assert_eq!(examine(&scene, "ada@example.org").await.status, revoked);
}

#[tokio::test]
async fn an_erased_award_is_gone_like_its_credential() {
    let scene = scene();
    scene.state().award.status = AwardStatus::Erased.into();
    let got = scene.get(&assertion(), "*/*").await;
    let credential = scene.get(&format!("/c/{AWARD}.json"), "*/*").await;
    assert_eq!((got.status, got.body), (StatusCode::GONE, credential.body));
}

#[tokio::test]
async fn without_an_address_of_the_issuer_nothing_is_published_and_the_reason_is_told() {
    let scene = scene();
    scene.state().issuer.email = String::new();
    for path in [assertion(), format!("/b/{BADGE}/v/2/ob2.json"), format!("/i/{ISSUER}/ob2.json")] {
        let got = scene.get(&path, "*/*").await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(got.json()["code"], "ISSUER_EMAIL_MISSING");
    }
    for page in [format!("/c/{AWARD}"), format!("/b/{BADGE}"), format!("/i/{ISSUER}")] {
        assert!(!scene.page(&page).await.text().contains("ob2.json"), "{page}");
    }
}

#[tokio::test]
async fn an_issuer_without_a_site_and_a_badge_without_a_picture_have_ours() {
    let scene = scene();
    scene.state().issuer.url = String::new();
    scene.state().badge.content.as_mut().unwrap().artwork_id = String::new();
    let issuer = scene.get(&format!("/i/{ISSUER}/ob2.json"), "*/*").await.json();
    assert_eq!(issuer["url"], format!("{URL}/i/{ISSUER}"));
    let badge = scene.get(&format!("/b/{BADGE}/v/2/ob2.json"), "*/*").await.json();
    assert!(badge["image"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert!(examine(&scene, "ada@example.org").await.is_valid());
}

#[tokio::test]
async fn what_is_not_there_is_missing_as_everywhere() {
    let scene = scene();
    for path in [
        "/c/award_00000000000000000000000000/ob2.json".to_owned(),
        format!("/b/{BADGE}/v/7/ob2.json"),
        format!("/b/{BADGE}/v/02/ob2.json"),
        "/i/nobody/ob2.json".to_owned(),
    ] {
        let got = scene.get(&path, "*/*").await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(got.json()["code"], "NOT_FOUND", "{path}");
    }
}
