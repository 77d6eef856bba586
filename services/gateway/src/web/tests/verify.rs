use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use openbadges::baking::{Keyword, bake_svg};
use serde_json::json;

use super::scene::{AWARD, Got, Scene, URL};

async fn hand_over(scene: &Scene, kind: &str, accept: &str, body: impl Into<Body>) -> Got {
    let request = Request::post("/verify").header("content-type", kind).header("accept", accept);
    scene.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn whatever_is_handed_over_gets_a_verdict() {
    let scene = Scene::new();
    for body in ["", "{}", "nonsense", "{\"a\":1,\"a\":2}", "<svg/>"] {
        let got = hand_over(&scene, "application/json", "*/*", body).await;
        assert_eq!(got.status, StatusCode::OK, "{body}");
        assert_eq!(got.header("access-control-allow-origin"), "*");
        let verdict = got.json();
        assert_eq!(verdict["verdict"], "invalid", "{body}: {verdict}");
        assert_eq!(verdict["checks"][0]["check"], "format");
    }
    let refused = hand_over(&scene, "text/plain", "*/*", "https://127.0.0.1/badge").await.json();
    assert_eq!(refused["verdict"], "undetermined");
    assert_eq!(refused["sources"][0]["url"], "https://127.0.0.1/badge");
}

#[tokio::test]
async fn a_form_hands_over_a_text_or_a_file_and_gets_a_page() {
    let scene = Scene::new();
    let evil = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "name": "<script>alert(1)</script>",
        "issuer": "javascript:alert(1)",
    });
    let form = format!(
        "--x\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\n{evil}\r\n\
         --x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n\
         --x\r\ncontent-disposition: form-data; name=\"recipient\"\r\n\r\na@example.org\r\n--x--\r\n"
    );
    let got = hand_over(&scene, "multipart/form-data; boundary=x", "text/html", form).await;
    let page = String::from_utf8(got.body).unwrap();
    assert_eq!(got.status, StatusCode::OK, "{page}");
    assert!(page.contains("Not valid") && page.contains("&#60;script&#62;"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("href=\"javascript:"), "{page}");

    let broken = hand_over(&scene, "multipart/form-data; boundary=x", "text/html", "--y").await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_page_shows_the_picture_and_what_the_badge_in_it_says() {
    let scene = Scene::new();
    let badge = json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "did:key:z6Mk", "name": "Example University"},
        "validFrom": "2024-01-01T00:00:00Z",
        "credentialSubject": {
            "achievement": {"name": "Teamwork", "description": "Works well with others."},
        },
    });
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"></svg>";
    let baked = bake_svg(svg, &[(Keyword::OpenBadgeCredential, &badge.to_string())]).unwrap();
    let got = hand_over(&scene, "image/svg+xml", "text/html", baked).await;
    assert!(got.header("content-security-policy").contains("img-src 'self' data:"));
    let page = String::from_utf8(got.body).unwrap();
    for shown in [
        "src=\"data:image/svg+xml;base64,",
        "Teamwork",
        "Works well with others.",
        "Example University",
        "2024-01-01T00:00:00Z",
        "Not valid",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let address = hand_over(&scene, "text/plain", "text/html", format!("{URL}/c/{AWARD}")).await;
    assert!(!address.header("content-security-policy").contains("data:"));
}

#[tokio::test]
async fn more_than_a_picture_holds_is_refused() {
    let scene = Scene::new();
    let got = hand_over(&scene, "image/png", "*/*", vec![0; (8 << 20) + 1]).await;
    assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE);
    let path = format!("/verify?recipient={}", "a".repeat(400));
    let request = Request::post(path).body(Body::from("{}")).unwrap();
    assert_eq!(scene.send(request).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn our_own_badges_are_looked_up_here_and_verdicts_are_not() {
    let scene = Scene::new();
    let ours = format!("{URL}/c/{AWARD}");
    let verdict = hand_over(&scene, "text/plain", "*/*", ours.clone()).await.json();
    assert_eq!(verdict["sources"][0]["url"], ours);
    assert!(verdict["sources"][0]["failure"].is_null(), "{verdict}");

    let nested = format!("{URL}/verify?url={URL}/verify");
    let verdict = hand_over(&scene, "text/plain", "*/*", nested).await.json();
    assert_eq!(verdict["verdict"], "undetermined", "{verdict}");
}

#[tokio::test]
async fn the_page_asks_for_a_badge_and_judges_the_one_in_its_address() {
    let scene = Scene::new();
    let page = String::from_utf8(scene.page("/verify").await.body).unwrap();
    assert!(page.contains("Verify a badge") && page.contains("enctype=\"multipart/form-data\""));
    let got = scene.page(&format!("/verify?url={URL}/c/{AWARD}")).await;
    assert_eq!(got.status, StatusCode::OK);
    assert!(String::from_utf8(got.body).unwrap().contains("What was checked"));
}
