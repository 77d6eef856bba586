use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use proto::{awarding::v1::AwardStatus, design::v1::BadgeStatus};

use super::scene::{AWARD, BADGE, CREDENTIAL, ISSUER, Scene, URL};

fn award() -> String {
    format!("/c/{AWARD}")
}

#[tokio::test]
async fn an_award_page_says_all_that_there_is_to_say() {
    let scene = Scene::new();
    let got = scene.page(&award()).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(got.header("x-robots-tag"), "noindex");
    let page = got.text();
    for part in [
        "<html lang=\"en\">",
        "<h1 dir=\"auto\">Analytical Engines</h1>",
        "Ada Lovelace",
        "The Royal Institution",
        "<strong>Valid.</strong>",
        "accepted by its holder on 5 February 2026",
        "<time datetime=\"2026-02-04\">4 February 2026</time>",
        "<time datetime=\"2028-02-04\">4 February 2028</time>",
        "3 February 2026",
        "alt=\"A brass cogwheel in a wreath\"",
        "Writes programs for machines",
        "<strong>one</strong> program",
        "https://example.org/criteria",
        "Notes on the engine",
        "She wrote <em>the first program</em>.",
        "Software development",
        "ESCO · S5",
        "badges.example.org",
        "issueYear=2026&#38;issueMonth=2&#38;expirationYear=2028&#38;expirationMonth=2",
        "property=\"og:title\" content=\"Analytical Engines\"",
        "name=\"twitter:card\" content=\"summary_large_image\"",
        "\"@type\":\"EducationalOccupationalCredential\"",
        "type=\"application/vc+ld+json\"",
        "mailto:badges@royal.example.org",
        "Microcredential",
        "name=\"robots\" content=\"noindex\"",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    let canonical = format!("<link rel=\"canonical\" href=\"{URL}/c/{AWARD}\">");
    assert!(page.contains(&canonical));
}

#[tokio::test]
async fn a_page_is_small_and_needs_no_script_and_nobody_else() {
    let scene = Scene::new();
    let got = scene.page(&award()).await;
    let page = got.text();
    let start = page.find("/assets/laurel.").expect("a style sheet");
    let sheet = page[start..].split('"').next().unwrap();
    let style = scene.get(sheet, "text/css").await;
    assert_eq!(style.status, StatusCode::OK);
    assert!(style.header("cache-control").contains("immutable"));
    assert!(got.body.len() + style.body.len() < 60 * 1024);
    assert!(!page.contains("style=\"") && !page.contains("<style") && !page.contains("onclick"));
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, page.matches("<script type=\"application/ld+json\">").count());
    for loaded in ["src=\"http", "src=\"//", "@import", "url(http"] {
        assert!(!page.contains(loaded) && !style.text().contains(loaded), "{loaded}");
    }
}

#[tokio::test]
async fn every_state_is_told_in_words() {
    let scene = Scene::new();
    for (status, word, shows_holder) in [
        (AwardStatus::Active, "Valid.", true),
        (AwardStatus::PendingClaim, "Valid, awaiting acceptance.", true),
        (AwardStatus::Expired, "Expired.", true),
        (AwardStatus::Revoked, "Revoked.", true),
        (AwardStatus::Declined, "Declined.", false),
    ] {
        scene.state().award.status = status.into();
        scene.state().award.revocation_reason = "awarded by mistake".into();
        scene.state().award.revoked_at = "2026-02-20T00:00:00Z".into();
        let got = scene.page(&award()).await;
        assert_eq!(got.status, StatusCode::OK);
        assert!(got.text().contains(&format!("<strong>{word}</strong>")), "{word}");
        assert_eq!(got.text().contains("Ada Lovelace"), shows_holder, "{word}");
        let revoked = status == AwardStatus::Revoked;
        assert_eq!(got.text().contains("Reason: awarded by mistake"), revoked);
        assert_eq!(got.text().contains("on 20 February 2026"), revoked);
        let stands = matches!(status, AwardStatus::Active | AwardStatus::PendingClaim);
        assert_eq!(got.text().contains("Add to LinkedIn"), stands, "{word}");
    }
}

#[tokio::test]
async fn a_revocation_shows_at_once_while_the_badge_is_remembered() {
    let scene = Scene::new();
    assert!(scene.page(&award()).await.text().contains("<strong>Valid.</strong>"));
    scene.state().award.status = AwardStatus::Revoked.into();
    assert!(scene.page(&award()).await.text().contains("<strong>Revoked.</strong>"));
    assert_eq!(scene.state().asked, ["badge"]);
}

#[tokio::test]
async fn an_erased_award_is_withdrawn_at_the_holders_wish() {
    let scene = Scene::new();
    scene.state().award.status = AwardStatus::Erased.into();
    scene.state().award.recipient = None;
    let got = scene.page(&award()).await;
    assert_eq!(got.status, StatusCode::GONE);
    assert!(got.text().contains("It was withdrawn at the holder’s wish."));
    let got = scene.get(&format!("/c/{AWARD}.json"), "*/*").await;
    assert_eq!(got.status, StatusCode::GONE);
    assert_eq!(got.header("content-type"), "application/problem+json");
    assert_eq!(got.json()["code"], "EARNER_ERASED");
    assert_eq!(got.json()["status"], 410);
}

#[tokio::test]
async fn text_from_people_is_text() {
    let scene = Scene::new();
    let evil = "<script>alert(1)</script>\"'&";
    let (right_to_left, emoji) = ("محمد بن موسى", "👩🏽‍🚀");
    {
        let mut state = scene.state();
        state.award.recipient.as_mut().unwrap().name = format!("{evil} {right_to_left} {emoji}");
        state.award.narrative = evil.into();
        state.award.evidence[0].name = evil.into();
        state.award.evidence[0].url = "javascript:alert(1)".into();
        state.award.evidence[0].description = evil.into();
        state.issuer.name = evil.into();
        state.issuer.url = "javascript:alert(2)".into();
        state.issuer.description = evil.into();
        let content = state.badge.content.as_mut().unwrap();
        content.name = evil.into();
        content.description = evil.into();
        content.criteria_narrative = format!("{evil} [x](javascript:alert(3))");
        content.criteria_url = "data:text/html,x".into();
        content.artwork_caption = evil.into();
        content.tags = vec![evil.into()];
        content.alignments[0].target_name = evil.into();
        content.alignments[0].target_url = "javascript:alert(4)".into();
        content.achievement_type = format!("ext:{evil}");
    }
    for path in [award(), format!("/b/{BADGE}/v/2"), format!("/i/{ISSUER}")] {
        let got = scene.page(&path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert!(!got.text().contains("<script>alert"), "{path}");
        assert!(!got.text().contains("href=\"javascript:"), "{path}");
        assert!(!got.text().contains("href=\"data:"), "{path}");
        let data = got.text().split("<script type=\"application/ld+json\">").nth(1).unwrap();
        let data = data.split("</script>").next().unwrap();
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON in the page");
        assert_eq!(data["name"], evil);
        assert!(!data.to_string().contains(right_to_left), "nothing personal for search engines");
    }
    let got = scene.page(&award()).await;
    assert!(got.text().contains(right_to_left) && got.text().contains(emoji));
    assert!(got.text().contains("<b dir=\"auto\">"));
}

#[tokio::test]
async fn nothing_personal_stands_where_robots_look() {
    let scene = Scene::new();
    let got = scene.page(&award()).await;
    let head = got.text().split("</head>").next().unwrap();
    assert!(!head.contains("Ada"), "{head}");
}

#[tokio::test]
async fn every_answer_carries_the_careful_headers() {
    let scene = Scene::new();
    let svg = format!("/b/{BADGE}/v/2/artwork.svg");
    for path in [award(), "/nothing".into(), "/-/live".into(), "/sign-in".into(), svg] {
        let got = scene.page(&path).await;
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(got.header("referrer-policy"), "same-origin");
        assert_eq!(got.header("strict-transport-security"), "max-age=31536000");
        let policy = got.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        let picture = path.ends_with("svg");
        assert_eq!(policy.contains("unsafe-inline"), picture, "{path}");
        assert_eq!(policy.contains("sandbox"), picture, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_no_id_answer_alike() {
    let scene = Scene::new();
    let other = "01h455vb4pex5vsknk084sn02r";
    for (prefix, kind) in
        [("/c/", "award"), ("/b/", "badge"), ("/i/", "issuer"), ("/status/", "list")]
    {
        for accept in ["text/html", "application/json"] {
            let absent = scene.get(&format!("{prefix}{kind}_{other}"), accept).await;
            let malformed = scene.get(&format!("{prefix}nonsense"), accept).await;
            assert_eq!(absent.status, StatusCode::NOT_FOUND, "{prefix}");
            assert_eq!(malformed.status, StatusCode::NOT_FOUND, "{prefix}");
            assert_eq!(absent.body, malformed.body, "{prefix}");
        }
    }
    for path in ["/b/x/v/0", "/b/x/v/02", "/b/x/v/two", "/assets/laurel.0.css", "/c/x/qr.svg"] {
        assert_eq!(scene.page(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_for_people_and_problems_for_programs() {
    let scene = Scene::new();
    let page = scene.get("/nothing", "text/html,*/*;q=0.8").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text().contains("<h1>There is nothing here</h1>"));
    for accept in ["application/json", "*/*;q=0.1, application/problem+json"] {
        let problem = scene.get("/nothing", accept).await;
        assert_eq!(problem.header("content-type"), "application/problem+json");
        let document = problem.json();
        assert_eq!(document["title"], "Not Found");
        assert_eq!(document["status"], 404);
        assert_eq!(document["code"], "NOT_FOUND");
        assert_eq!(document["type"], "about:blank");
    }
    let request = Request::builder().method(Method::DELETE).uri(award()).body(Body::empty());
    let got = scene.send(request.unwrap()).await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(got.json()["code"], "METHOD_NOT_ALLOWED");
    assert!(got.header(header::ALLOW).contains("GET"));
}

#[tokio::test]
async fn a_page_that_the_browser_holds_is_not_sent_again() {
    let scene = Scene::new();
    let first = scene.page(&award()).await;
    let again = async |etag: &str| {
        let request =
            Request::get(award()).header("accept", "text/html").header("if-none-match", etag);
        scene.send(request.body(Body::empty()).unwrap()).await
    };
    let held = again(first.header("etag")).await;
    assert_eq!((held.status, held.body.len()), (StatusCode::NOT_MODIFIED, 0));
    scene.state().award.status = AwardStatus::Revoked.into();
    assert_eq!(again(first.header("etag")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_panic_is_an_answer_without_its_inside() {
    let scene = Scene::new();
    let got = scene.get("/status/panic", "*/*").await;
    assert_eq!(got.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(got.json()["code"], "INTERNAL");
    assert!(!got.text().contains("on purpose"));
    assert_eq!(got.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn badges_and_issuers_have_pages() {
    let scene = Scene::new();
    for path in [format!("/b/{BADGE}"), format!("/b/{BADGE}/v/2")] {
        let got = scene.page(&path).await;
        assert!(got.text().contains("Microcredential, version 2"));
        assert!(!got.text().contains("Archived."));
        assert!(got.text().contains("A brass cogwheel in a wreath"));
    }
    scene.state().badge.status = BadgeStatus::Archived.into();
    let newest = scene.page(&format!("/b/{BADGE}")).await;
    assert!(newest.text().contains("<strong>Archived.</strong>"));
    let issuer = scene.page(&format!("/i/{ISSUER}")).await;
    for part in
        ["The Royal Institution", "Science for everybody.", super::scene::MULTIKEY, "In use"]
    {
        assert!(issuer.text().contains(part), "{part}");
    }
    assert_eq!(scene.page("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn each_client_gets_the_form_that_it_accepts() {
    let scene = Scene::new();
    let vc = "application/vc+ld+json";
    for (path, accept, status, media_type) in [
        (award(), "text/html", 200, "text/html; charset=utf-8"),
        (award(), "*/*", 200, "text/html; charset=utf-8"),
        (award(), vc, 200, vc),
        (award(), "application/vc", 200, "application/vc"),
        (award(), "application/ld+json", 200, "application/ld+json"),
        (award(), "application/json", 200, "application/json"),
        (award(), "application/json;q=0.9, text/html;q=0.8", 200, "application/json"),
        (award(), "application/pdf", 406, "application/problem+json"),
        (format!("/c/{AWARD}.json"), "text/html", 200, vc),
        (format!("/b/{BADGE}"), "application/json", 200, "application/json"),
        (format!("/b/{BADGE}"), "application/ld+json", 200, "application/ld+json"),
        (format!("/b/{BADGE}.json"), "*/*", 200, "application/ld+json"),
        (format!("/b/{BADGE}/v/2"), "*/*", 200, "text/html; charset=utf-8"),
        (format!("/b/{BADGE}/v/2.json"), "text/html", 200, "application/ld+json"),
        (format!("/i/{ISSUER}"), "application/ld+json", 200, "application/ld+json"),
        (format!("/i/{ISSUER}"), "image/png", 406, "application/problem+json"),
        (format!("/i/{ISSUER}.json"), "*/*", 200, "application/ld+json"),
    ] {
        let got = scene.get(&path, accept).await;
        assert_eq!(got.status.as_u16(), status, "{path} {accept}");
        assert_eq!(got.header("content-type"), media_type, "{path} {accept}");
        assert_eq!(got.header("vary"), "accept", "{path} {accept}");
        let data = media_type != "text/html; charset=utf-8" && status == 200;
        assert_eq!(got.header("access-control-allow-origin") == "*", data, "{path} {accept}");
        if path.starts_with("/c/") && data {
            assert_eq!(got.body, CREDENTIAL, "{path} {accept}");
        }
    }
}
