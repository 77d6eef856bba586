use axum::{
    body::Body,
    http::{Request, StatusCode},
};

use proto::issuers::v1::SigningKey;
use serde_json::json;

use super::scene::{AWARD, BADGE, CREDENTIAL, ISSUER, LIST, MULTIKEY, PNG, SVG, Scene, URL};

#[tokio::test]
async fn a_credential_is_given_byte_for_byte_and_once() {
    let scene = Scene::new();
    let path = format!("/c/{AWARD}.json");
    let got = scene.get(&path, "*/*").await;
    assert_eq!(got.body, CREDENTIAL);
    assert_eq!(got.header("cache-control"), "no-cache");
    let etag = got.header("etag").to_owned();
    let request = Request::get(&path).header("if-none-match", format!("\"x\", W/{etag}"));
    let held = scene.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((held.status, held.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(held.header("etag"), etag);
}

#[tokio::test]
async fn a_badge_is_an_open_badges_achievement() {
    let scene = Scene::new();
    let achievement = scene.get(&format!("/b/{BADGE}/v/2.json"), "*/*").await.json();
    assert_eq!(achievement["id"], format!("{URL}/b/{BADGE}/v/2"));
    assert_eq!(achievement["type"][0], "Achievement");
    assert_eq!(achievement["name"], "Analytical Engines");
    assert_eq!(achievement["criteria"]["id"], "https://example.org/criteria");
    assert_eq!(achievement["achievementType"], "MicroCredential");
    assert_eq!(achievement["alignment"][0]["targetCode"], "S5");
    assert_eq!(achievement["image"]["caption"], "A brass cogwheel in a wreath");
    assert_eq!(achievement["@context"][1], openbadges::OPEN_BADGES_V3);
    let newest = scene.get(&format!("/b/{BADGE}.json"), "*/*").await.json();
    assert_eq!(newest, achievement);
}

#[tokio::test]
async fn an_issuer_is_a_profile_and_a_did_document() {
    let scene = Scene::new();
    let did = format!("did:web:badges.example.org:i:{ISSUER}");
    let profile = scene.get(&format!("/i/{ISSUER}.json"), "*/*").await.json();
    assert_eq!(profile["id"], did);
    assert_eq!(profile["type"][0], "Profile");
    assert_eq!(profile["url"], "https://royal.example.org");
    let got = scene.get(&format!("/i/{ISSUER}/did.json"), "*/*").await;
    assert_eq!(got.header("content-type"), "application/did+json");
    let document = got.json();
    assert_eq!(document["id"], did);
    let method = &document["verificationMethod"][0];
    assert_eq!(method["publicKeyMultibase"], MULTIKEY);
    assert_eq!(method["id"], format!("{did}#{MULTIKEY}"));
    assert_eq!(document["assertionMethod"][0], method["id"]);
}

#[tokio::test]
async fn a_compromised_key_is_published_with_its_date_and_is_no_jwk() {
    let scene = Scene::new();
    let (p256, since) =
        ("zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP", "2026-03-01T08:30:00Z");
    let lost = SigningKey { multikey: p256.into(), ..SigningKey::default() };
    scene.state().issuer.keys.insert(0, lost);
    let get = async |file: &str| scene.get(&format!("/i/{ISSUER}/{file}"), "*/*").await;
    let did = format!("did:web:badges.example.org:i:{ISSUER}");

    let set = get("jwks.json").await;
    assert_eq!(set.header("content-type"), "application/jwk-set+json");
    assert_eq!(set.header("access-control-allow-origin"), "*");
    let [first, second] = [0, 1].map(|at| set.json()["keys"][at].clone());
    assert_eq!(
        (&first["kty"], &first["crv"], &first["alg"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"))
    );
    assert_eq!((&second["kty"], &second["alg"]), (&json!("OKP"), &json!("EdDSA")));
    assert_eq!(second["kid"], format!("{did}#{MULTIKEY}"));
    assert_eq!(second["iss"], did);
    assert!(get("did.json").await.json()["verificationMethod"][0].get("revoked").is_none());

    scene.state().issuer.keys[0].compromised_since = since.into();
    let document = get("did.json").await.json();
    assert_eq!(document["verificationMethod"][0]["publicKeyMultibase"], p256);
    assert_eq!(document["verificationMethod"][0]["revoked"], since);
    assert!(document["verificationMethod"][1].get("revoked").is_none());
    assert_eq!(document["assertionMethod"].as_array().unwrap().len(), 2);
    assert_eq!(get("jwks.json").await.json()["keys"], json!([second]));
    assert_eq!(scene.get("/i/nobody/jwks.json", "*/*").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_status_list_is_given_as_signed() {
    let scene = Scene::new();
    let got = scene.get(&format!("/status/{LIST}"), "*/*").await;
    assert_eq!(got.body, b"{\"list\": 1}");
    assert_eq!(got.header("content-type"), "application/vc+ld+json");
    assert_eq!(got.header("cache-control"), "public, max-age=300");
    assert_eq!(got.header("etag"), "\"abc\"");
    assert_eq!(got.header("access-control-allow-origin"), "*");
    let request = Request::get(format!("/status/{LIST}")).header("if-none-match", "\"abc\"");
    let held = scene.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(held.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn pictures_are_given_in_the_form_that_there_is() {
    let scene = Scene::new();
    let path = |form: &str| format!("/b/{BADGE}/v/2/artwork.{form}");
    let forms = [("svg", "image/svg+xml", SVG.as_bytes()), ("png", "image/png", PNG)];
    for (form, media_type, content) in forms {
        let got = scene.get(&path(form), "*/*").await;
        assert_eq!((got.status, got.body.as_slice()), (StatusCode::OK, content));
        assert_eq!(got.header("content-type"), media_type);
        assert!(got.header("cache-control").contains("immutable"));
    }
    // The fake has no SVG of a badge without tags.
    scene.state().badge.content.as_mut().unwrap().tags.clear();
    let got = scene.get(&path("svg"), "*/*").await;
    assert_eq!(got.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(got.header("location"), path("png"));
    assert_eq!(scene.get(&path("gif"), "*/*").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_qr_code_is_a_picture_of_the_address() {
    let scene = Scene::new();
    let got = scene.get(&format!("/c/{AWARD}/qr.svg"), "*/*").await;
    assert_eq!(got.header("content-type"), "image/svg+xml");
    assert!(got.text().contains("<svg"));
}

#[tokio::test]
async fn keys_and_health_are_told() {
    let scene = Scene::new();
    let keys = scene.get("/.well-known/jwks.json", "*/*").await;
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert_eq!(keys.json()["keys"][0]["crv"], "Ed25519");
    assert!(keys.json()["keys"][0].get("d").is_none(), "nothing private");
    assert_eq!(scene.get("/-/live", "*/*").await.json()["status"], "live");
    let ready = scene.get("/-/ready", "*/*").await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.text());
    scene.rig.context.tasks.closing().cancel();
    let stopping = scene.get("/-/ready", "*/*").await;
    assert_eq!(stopping.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(stopping.json()["ready"], false);
}
