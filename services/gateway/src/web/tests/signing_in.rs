use axum::http::StatusCode;
use proto::{awarding::v1::AwardStatus, backpack::v1::Holding};

use super::scene::{AWARD, BADGE, ISSUER, Scene};

const OTHER_SITE: [(&str, &str); 1] = [("sec-fetch-site", "cross-site")];

#[tokio::test]
async fn a_link_is_asked_for_by_address() {
    let scene = Scene::new();
    let form = scene.page("/sign-in").await;
    assert!(form.text().contains("Sign in to your backpack"));
    assert!(form.text().contains("autocomplete=\"email\""));
    let organization = scene.page("/sign-in?to=organization").await;
    assert!(organization.text().contains("Sign in for an organisation"));
    let sent = scene.post("/sign-in", "email=ada%40example.org&to=backpack", &[]).await;
    assert!(sent.text().contains("Look into your mailbox"));
    assert_eq!(scene.state().asked, ["link"]);
    let sent = scene.post("/sign-in", "email=ada%40example.org&to=organization", &[]).await;
    assert!(sent.text().contains("Look into your mailbox"));
    let wrong = scene.post("/sign-in", "email=%3Cada%3E", &[]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("This is no e-mail address.") && !wrong.text().contains("ada"));
}

#[tokio::test]
async fn opening_the_link_burns_nothing_and_the_button_signs_in() {
    let scene = Scene::new();
    let shown = scene.page("/sign-in/good.to.ken?to=backpack").await;
    assert!(shown.text().contains("action=\"/sign-in/good.to.ken\""));
    assert_eq!(shown.header("cache-control"), "no-store");
    assert!(scene.state().asked.is_empty(), "a mail scanner opens links, too");
    let got = scene.post("/sign-in/good.to.ken", "to=backpack", &[]).await;
    assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/backpack"));
    let cookie = got.header("set-cookie");
    for part in ["laurel_session=", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=3600"] {
        assert!(cookie.contains(part), "{part}");
    }
    let used = scene.post("/sign-in/other", "to=backpack", &[]).await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    assert!(used.text().contains("Used before."));
    let strange = scene.page("/sign-in/%3Cscript%3E").await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_member_gets_tokens_to_call_the_api_with() {
    let scene = Scene::new();
    let got = scene.post("/sign-in/good.to.ken", "to=organization", &[]).await;
    assert!(got.text().contains("token-1") && got.text().contains("tenant_1"));
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(got.header("set-cookie"), "");
}

#[tokio::test]
async fn a_members_link_leads_to_the_organisation_by_itself() {
    let scene = Scene::new();
    let claims = auth::SignInClaims {
        kind: auth::Kind::Member,
        organization: None,
        tenant: kernel::TenantId::PLATFORM,
        return_to: None,
    };
    let times = (scene.rig.now(), scene.rig.now().plus_millis(60_000));
    let id = scene.rig.context.stores.ids.uuid();
    let token = scene.rig.context.tokens.issue("member_1", &claims, times, id);
    let shown = scene.page(&format!("/sign-in/{token}")).await;
    assert!(shown.text().contains("name=\"to\" value=\"organization\""));
    let got = scene.post(&format!("/sign-in/{token}"), "to=backpack", &[]).await;
    assert!(got.text().contains("token-1"), "the token's type counts, not the form");
}

#[tokio::test]
async fn forms_from_other_sites_do_nothing() {
    let scene = Scene::new();
    let cookie = scene.signed_in().await;
    scene.state().asked.clear();
    for path in [
        "/sign-in".to_owned(),
        "/sign-in/good.to.ken".into(),
        "/sign-out".into(),
        format!("/backpack/{AWARD}/accept"),
        format!("/backpack/{AWARD}/decline"),
        "/backpack/erase".into(),
    ] {
        for foreign in [
            OTHER_SITE[0],
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let headers = [foreign, ("cookie", cookie.as_str())];
            let form = "key=once&to=backpack&email=ada%40example.org";
            let got = scene.post(&path, form, &headers).await;
            assert_eq!(got.status, StatusCode::FORBIDDEN, "{path} {foreign:?}");
            assert_eq!(got.header("set-cookie"), "");
        }
    }
    assert!(scene.state().asked.is_empty());
    let ours = [("origin", "https://badges.example.org"), ("cookie", cookie.as_str())];
    let got = scene.post("/sign-out", "", &ours).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    assert!(got.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn a_backpack_needs_a_session() {
    let scene = Scene::new();
    let access = scene.signed_in().await.replace("laurel_session=", "");
    for cookie in ["", "laurel_session=x", "other=1; laurel_session="] {
        let got = scene
            .send(
                axum::http::Request::get("/backpack")
                    .header("cookie", cookie)
                    .body(axum::body::Body::empty())
                    .unwrap(),
            )
            .await;
        assert_eq!((got.status, got.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    }
    let token = scene.rig.context.verifier.access(&access, scene.rig.now());
    assert!(token.is_err(), "what stands in a cookie is no access token");
}

#[tokio::test]
async fn a_backpack_lists_what_is_held_and_takes_the_earners_word() {
    let scene = Scene::new();
    let held = |status: AwardStatus| Holding {
        award_id: AWARD.into(),
        badge_id: BADGE.into(),
        badge_version: 2,
        issuer_id: ISSUER.into(),
        status: status.into(),
        issued_at: "2026-02-04T10:00:00Z".into(),
        ..Holding::default()
    };
    scene.state().holdings = vec![held(AwardStatus::PendingClaim)];
    let cookie = scene.signed_in().await;
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let request = axum::http::Request::get("/backpack").header("cookie", &cookie);
    let got = scene.send(request.body(axum::body::Body::empty()).unwrap()).await;
    for part in [
        "Analytical Engines",
        "The Royal Institution",
        "4 February 2026",
        "Waiting for your answer",
        "1 badge,",
        "older=BwcHBwcHBwc",
        "Sign out",
    ] {
        assert!(got.text().contains(part), "{part}");
    }
    assert!(!got.text().contains("?newer="));
    let got = scene.post(&format!("/backpack/{AWARD}/accept"), "key=once", &headers).await;
    assert_eq!(got.header("location"), "/backpack?seen=99");
    let got = scene.post(&format!("/backpack/{AWARD}/decline"), "key=once", &headers).await;
    assert!(got.text().contains("This award was revoked."));
    let got = scene.post("/backpack/erase", "key=once", &headers).await;
    assert!(got.text().contains("You are erased"));
    assert!(got.header("set-cookie").contains("Max-Age=0"));
}
