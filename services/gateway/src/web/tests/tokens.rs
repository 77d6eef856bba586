use auth::{AccessClaims, Grant, Role, Scope};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::TenantId;

use super::scene::{BADGE, Got, Scene};
use crate::upload::{UploadClaims, UploadPurpose};

const EXCHANGE: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
                        &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token";

#[tokio::test]
async fn a_client_gets_a_token_by_header_or_by_body() {
    let scene = Scene::new();
    let basic = format!("Basic {}", STANDARD.encode("client_1:pass+word%3A%26"));
    let by_header = ("grant_type=client_credentials", vec![("authorization", basic.as_str())]);
    let body = "grant_type=client_credentials&client_id=client_1&client_secret=pass+word%3A%26";
    for (form, headers) in [by_header, (body, vec![])] {
        let got = scene.post("/oauth/token", form, &headers).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text());
        let given = got.json();
        assert_eq!(given["access_token"], "token-1");
        assert_eq!(given["token_type"], "Bearer");
        assert_eq!(given["expires_in"], 3600);
        assert_eq!(given["tenant_id"], "tenant_1");
        assert_eq!(got.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn an_id_token_is_exchanged() {
    let scene = Scene::new();
    let one =
        scene.post("/oauth/token", &format!("{EXCHANGE}&subject_token=one"), &[]).await.json();
    assert_eq!(one["access_token"], "token-1");
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    assert_eq!(one["issued_token_type"], kind);
    let named = format!("{EXCHANGE}&subject_token=two&audience=tenant_2");
    assert_eq!(scene.post("/oauth/token", &named, &[]).await.json()["access_token"], "token-2");
}

#[tokio::test]
async fn every_refusal_is_one_of_the_standards() {
    let scene = Scene::new();
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let credentials = "grant_type=client_credentials";
    for (form, authorization, status, error) in [
        (String::new(), None, 400, "invalid_request"),
        ("grant_type=password".into(), None, 400, "unsupported_grant_type"),
        (credentials.into(), None, 401, "invalid_client"),
        (credentials.into(), Some(basic("client_1:wrong")), 401, "invalid_client"),
        (credentials.into(), Some(basic("nocolon")), 401, "invalid_client"),
        (credentials.into(), Some("Basic ???".into()), 401, "invalid_client"),
        (credentials.into(), Some("Bearer x".into()), 401, "invalid_client"),
        (format!("{credentials}&{credentials}"), None, 400, "invalid_request"),
        (
            format!("{credentials}&client_secret=x"),
            Some(basic("client_1:x")),
            400,
            "invalid_request",
        ),
        (
            format!("{credentials}&client_id=client_2"),
            Some(basic("client_1:x")),
            400,
            "invalid_request",
        ),
        (EXCHANGE.into(), None, 400, "invalid_request"),
        (format!("{EXCHANGE}&subject_token=two"), None, 400, "invalid_request"),
        (format!("{EXCHANGE}&subject_token=one&audience=tenant_9"), None, 400, "invalid_target"),
        (
            format!("{EXCHANGE}&subject_token=one&requested_token_type=x"),
            None,
            400,
            "invalid_request",
        ),
        (
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=one".into(),
            None,
            400,
            "invalid_request",
        ),
    ] {
        let headers: Vec<_> =
            authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let got = scene.post("/oauth/token", &form, &headers).await;
        assert_eq!(got.status.as_u16(), status, "{form}");
        assert_eq!(got.json()["error"], error, "{form}");
        assert!(got.json()["error_description"].is_string());
        assert_eq!(got.header("www-authenticate").starts_with("Basic"), status == 401, "{form}");
    }
    let json = Request::post("/oauth/token").header("content-type", "application/json");
    let got = scene.send(json.body(Body::from("{}")).unwrap()).await;
    assert_eq!(got.json()["error"], "invalid_request");
    let large = scene.post("/oauth/token", &"x".repeat(40_000), &[]).await;
    assert_eq!(large.json()["error"], "invalid_request");
}

fn ticket(scene: &Scene, purpose: UploadPurpose) -> String {
    let grants = vec![Grant { role: Role::Designer, scope: Scope::Tenant }];
    let tenant = TenantId::derived([1; 16]);
    let access = AccessClaims { kind: auth::Kind::Member, organization: None, tenant, grants };
    let claims = UploadClaims { access, purpose, max_bytes: 100 };
    let times = (scene.rig.now(), scene.rig.now().plus_millis(60_000));
    let id = scene.rig.context.stores.ids.uuid();
    scene.rig.context.tokens.issue("member_1", &claims, times, id)
}

async fn put(scene: &Scene, token: &str, media_type: &str, content: &[u8]) -> Got {
    let request = Request::put(format!("/uploads/{token}")).header("content-type", media_type);
    scene.send(request.body(Body::from(content.to_vec())).unwrap()).await
}

#[tokio::test]
async fn files_go_where_their_ticket_says() {
    let scene = Scene::new();
    let token = ticket(&scene, UploadPurpose::BadgeArtwork);
    for (declared, content, media_type) in [
        ("image/svg+xml; charset=utf-8", &b"<svg/>"[..], "image/svg+xml"),
        ("application/octet-stream", b"\x89PNG\r\n", "image/png"),
        ("", b"<svg/>", "image/svg+xml"),
    ] {
        let got = put(&scene, &token, declared, content).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.text());
        assert!(got.json()["artworkId"].is_string());
        let stored = scene.state().stored.take().unwrap();
        assert_eq!((stored.media_type.as_str(), stored.content.as_slice()), (media_type, content));
    }
    let (badge, key) = (BADGE.to_owned(), "batch-1".to_owned());
    let token = ticket(&scene, UploadPurpose::AwardCsv { badge, notify: true, key });
    let got = put(&scene, &token, "text/csv", b"email\nada@example.org\n").await;
    assert!(got.json()["batchId"].is_string());
    let batch = scene.state().batch.take().unwrap();
    assert_eq!((batch.badge_id.as_str(), batch.idempotency_key.as_str()), (BADGE, "batch-1"));
    assert!(batch.notify && batch.csv.starts_with(b"email"));
}

#[tokio::test]
async fn files_without_leave_or_out_of_bounds_are_refused() {
    let scene = Scene::new();
    let token = ticket(&scene, UploadPurpose::BadgeArtwork);
    for (token, content, status, code) in [
        (token.as_str(), &[b'x'; 101][..], 413, "ARTWORK_TOO_LARGE"),
        (token.as_str(), b"", 400, "INVALID_INPUT"),
        ("nonsense", b"x", 401, "UNAUTHENTICATED"),
    ] {
        let got = put(&scene, token, "image/png", content).await;
        assert_eq!((got.status.as_u16(), got.json()["code"].as_str()), (status, Some(code)));
    }
    scene.rig.clock.advance(61_000);
    let got = put(&scene, &token, "image/png", b"x").await;
    assert_eq!(got.json()["code"], "TOKEN_EXPIRED");
    assert!(scene.state().stored.is_none());
}
