use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use openbadges::{
    baking::{Content, Keyword, Picture, extract},
    identity_hash,
};
use proto::awarding::v1::AwardStatus;
use serde_json::json;

use super::scene::{AWARD, CREDENTIAL, PNG, SVG, Scene, URL};

fn path(form: &str) -> String {
    format!("/c/{AWARD}/badge.{form}")
}

#[tokio::test]
async fn an_award_is_given_as_a_picture_with_its_credential_inside() {
    let scene = Scene::new();
    for (form, media_type, picture) in
        [("png", "image/png", Picture::Png), ("svg", "image/svg+xml", Picture::Svg)]
    {
        let got = scene.get(&path(form), "*/*").await;
        assert_eq!(got.status, StatusCode::OK, "{form}");
        let baked = extract(&got.body).unwrap();
        assert_eq!(baked.picture, picture);
        let [credential] = &baked.credentials[..] else { panic!("one is baked") };
        assert_eq!(credential.keyword, Keyword::OpenBadgeCredential);
        let exact = std::str::from_utf8(CREDENTIAL).unwrap();
        assert_eq!(credential.content, Content::Json(exact.to_owned()));

        assert_eq!(got.header("content-type"), media_type);
        let file = format!("attachment; filename=\"Analytical-Engines.{form}\"");
        assert_eq!(got.header("content-disposition"), file);
        assert_eq!(got.header("cache-control"), "no-cache");
        assert_eq!(got.header("access-control-allow-origin"), "*");
        assert_eq!(got.header("x-robots-tag"), "noindex");
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        let policy = got.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");

        let held = Request::get(path(form)).header("if-none-match", got.header("etag"));
        let held = scene.send(held.body(Body::empty()).unwrap()).await;
        assert_eq!((held.status, held.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    let got = scene.get(&path("png"), "*/*").await;
    let end = PNG.len() - 33;
    assert_eq!(got.body[got.body.len() - end..], PNG[33..], "the pixels are as they were");
    let got = scene.get(&path("svg"), "*/*").await;
    assert!(got.text().contains(&SVG[5..SVG.len() - 2]), "{}", got.text());
}

#[tokio::test]
async fn older_software_finds_the_hosted_assertion_beside_it() {
    let scene = Scene::new();
    let credential = json!({
        "validFrom": "2026-02-04T10:00:00Z",
        "credentialSubject": {"identifier": [{
            "hashed": true,
            "identityHash": identity_hash("ada@example.org", "Kosher"),
            "identityType": "emailAddress",
            "salt": "Kosher",
        }]},
    });
    scene.state().credential = credential.to_string().into_bytes();
    for form in ["png", "svg"] {
        let baked = extract(&scene.get(&path(form), "*/*").await.body).unwrap();
        let [credential, older] = &baked.credentials[..] else { panic!("two are baked") };
        assert_eq!(credential.keyword, Keyword::OpenBadgeCredential);
        let Content::Json(assertion) = &older.content else { panic!("it is JSON") };
        let assertion: serde_json::Value = serde_json::from_str(assertion).unwrap();
        let hosted = scene.get(&format!("/c/{AWARD}/ob2.json"), "application/json").await;
        assert_eq!(assertion, hosted.json());
    }
    let scene = Scene::new();
    scene.state().credential = credential.to_string().into_bytes();
    scene.state().issuer.email.clear();
    let baked = extract(&scene.get(&path("png"), "*/*").await.body).unwrap();
    assert_eq!(baked.credentials.len(), 1);
}

#[tokio::test]
async fn a_picture_that_is_not_there_is_refused_with_advice() {
    let scene = Scene::new();
    // The fake has no SVG of a badge without tags.
    scene.state().badge.content.as_mut().unwrap().tags.clear();
    assert_eq!(scene.get(&path("png"), "*/*").await.status, StatusCode::OK);
    let got = scene.get(&path("svg"), "*/*").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert_eq!(got.header("content-type"), "application/problem+json");
    assert_eq!(got.json()["code"], "NO_SUCH_PICTURE");
    let advice = got.json()["detail"].as_str().unwrap().to_owned();
    assert!(advice.contains(&format!("{URL}/c/{AWARD}/badge.png")), "{advice}");
    let page = scene.page(&format!("/c/{AWARD}")).await;
    assert!(page.text().contains("badge.png") && !page.text().contains("badge.svg"));

    let scene = Scene::new();
    scene.state().badge.content.as_mut().unwrap().artwork_id.clear();
    for form in ["png", "svg"] {
        let got = scene.get(&path(form), "*/*").await;
        assert_eq!(
            (got.status, &got.json()["code"]),
            (StatusCode::NOT_FOUND, &"NO_PICTURE".into())
        );
        let advice = got.json()["detail"].as_str().unwrap().to_owned();
        assert!(advice.contains(&format!("{URL}/c/{AWARD}.json")), "{advice}");
    }
    let page = scene.page(&format!("/c/{AWARD}")).await;
    assert!(!page.text().contains("badge.png") && !page.text().contains("badge.svg"));
}

#[tokio::test]
async fn a_withdrawn_award_leaves_no_picture() {
    let scene = Scene::new();
    scene.state().award.status = AwardStatus::Erased.into();
    for form in ["png", "svg"] {
        let got = scene.get(&path(form), "*/*").await;
        assert_eq!((got.status, &got.json()["code"]), (StatusCode::GONE, &"EARNER_ERASED".into()));
        let other = format!("/c/award_01h455vb4pex5vsknk084sn02r/badge.{form}");
        assert_eq!(scene.get(&other, "*/*").await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            scene.get(&format!("/c/x/badge.{form}"), "*/*").await.status,
            StatusCode::NOT_FOUND
        );
    }
    assert!(scene.state().recorded.is_empty(), "a download is no verification");
}
