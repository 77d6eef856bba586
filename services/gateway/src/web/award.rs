//! The page of one award, and its signed credential.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use proto::awarding::v1::{Award, AwardStatus, GetPublicAwardRequest};
use qrcode::{EcLevel, QrCode, render::svg};

use super::{
    Web,
    assets::{self, Shell},
    catalogue::{BadgeView, IssuerView},
    headers::{self, ASK_AGAIN, BY_ACCEPT, FOR_ANYONE},
    linkedin::Certification,
    markdown,
    negotiate::{self, Wants},
    page,
    problem::Problem,
    schema_org,
    status::{self, StatusLine},
    words::{self, Date},
};
use crate::shelf::Shown;

/// The media types of a credential, the first being the one given by default.
const CREDENTIAL: [&str; 4] =
    ["application/vc+ld+json", "application/vc", "application/ld+json", "application/json"];

/// What is about a person is not for search engines.
pub(super) const NO_INDEX: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

#[derive(Template)]
#[template(path = "award.html")]
struct AwardPage<'a> {
    shell: Shell,
    id: &'a str,
    url: &'a str,
    badge: &'a BadgeView,
    issuer: &'a IssuerView,
    status: StatusLine,
    holder: Option<&'a str>,
    achieved: Option<Date>,
    issued: Option<Date>,
    expires: Option<Date>,
    narrative: String,
    evidence: Vec<EvidenceView<'a>>,
    linkedin: Option<String>,
    schema: String,
}

/// A page, and what else it was made of.
struct Made {
    badge: Arc<BadgeView>,
    issuer: Arc<IssuerView>,
    body: Bytes,
    etag: HeaderValue,
}

struct EvidenceView<'a> {
    name: &'a str,
    link: Option<String>,
    description: &'a str,
}

pub(super) async fn show(
    State(web): State<Web>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (id, wanted) = match name.strip_suffix(".json") {
        Some(id) => (id, Some(Wants::Data(CREDENTIAL[0]))),
        None => (name.as_str(), negotiate::wants(&headers, &CREDENTIAL)),
    };
    let is_get = method == Method::GET;
    match wanted {
        Some(Wants::Page) => {
            let shown = page(&web, id, is_get, &headers).await;
            shown.unwrap_or_else(|problem| (headers_of_page(), problem.page()).into_response())
        }
        Some(Wants::Data(media_type)) => {
            let given = credential(&web, id, media_type, is_get, &headers).await;
            given
                .unwrap_or_else(|problem| ([FOR_ANYONE, BY_ACCEPT], problem.json()).into_response())
        }
        None => not_acceptable(&CREDENTIAL),
    }
}

/// Refuses a client that accepts none of the forms that there are.
pub(super) fn not_acceptable(offered: &[&str]) -> Response {
    let detail = format!("this is here as text/html, {}", offered.join(", "));
    let problem = Problem::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", detail);
    ([BY_ACCEPT], problem.json()).into_response()
}

fn headers_of_page() -> [(HeaderName, HeaderValue); 3] {
    [(header::CACHE_CONTROL, ASK_AGAIN), BY_ACCEPT, NO_INDEX]
}

/// An award and, unless a `summary` is enough, its signed credential.
pub(super) async fn find(web: &Web, id: &str, summary: bool) -> Result<Arc<Shown>, Problem> {
    let shelf = &web.0.shelf;
    if let Some(shown) = shelf.award(id, web.now()) {
        return Ok(shown);
    }
    // What is kept serves whoever comes next.
    let summary = summary && !shelf.is_live();
    let request = GetPublicAwardRequest { award_id: id.to_owned(), summary };
    let reply = web.awarding().get_public_award(request).await;
    let reply = reply.map_err(|status| Problem::of_lookup(&status))?.into_inner();
    let position = reply.position;
    let shown = Arc::new(Shown::of(reply).ok_or_else(Problem::missing)?);
    shelf.keep_award(&shown, position);
    Ok(shown)
}

/// The person whom the award was for had it erased.
pub(super) fn withdrawn() -> Problem {
    let detail = "this award was withdrawn at the holder's wish";
    Problem::new(StatusCode::GONE, "EARNER_ERASED", detail)
}

async fn credential(
    web: &Web,
    id: &str,
    media_type: &'static str,
    is_get: bool,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let shown = find(web, id, false).await?;
    let Shown { award, credential, tag, .. } = &*shown;
    if award.status() == AwardStatus::Erased || credential.is_empty() {
        return Err(withdrawn());
    }
    if is_get {
        web.verified(&award.tenant_id, &award.badge_id);
    }
    let etag = tag.get_or_init(|| headers::etag(&assets::digest(credential))).clone();
    let held = headers::is_held(headers, &etag);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::ETAG, etag),
        BY_ACCEPT,
        FOR_ANYONE,
        NO_INDEX,
    ];
    Ok(if held {
        (StatusCode::NOT_MODIFIED, fields).into_response()
    } else {
        (fields, credential.clone()).into_response()
    })
}

async fn page(web: &Web, id: &str, is_get: bool, headers: &HeaderMap) -> Result<Response, Problem> {
    let shown = find(web, id, true).await?;
    let award = &shown.award;
    if award.status() == AwardStatus::Erased {
        let heading = "This award was withdrawn";
        let sentence = "It was withdrawn at the holder’s wish. Nothing about the holder is kept.";
        let notice = page::notice(StatusCode::GONE, heading, sentence);
        return Ok((headers_of_page(), notice).into_response());
    }
    let (badge, issuer) = tokio::try_join!(
        web.badge(&award.badge_id, award.badge_version),
        web.issuer(&award.issuer_id)
    )?;
    if is_get {
        web.viewed(badge.tenant, badge.key);
    }
    let same =
        |made: &Arc<Made>| Arc::ptr_eq(&made.badge, &badge) && Arc::ptr_eq(&made.issuer, &issuer);
    let made = if let Some(made) = shown.page::<Made>().filter(same) {
        made
    } else {
        let body = render(web, award, &badge, &issuer)?;
        let etag = headers::etag(&assets::digest(body.as_bytes()));
        let made = Arc::new(Made { badge, issuer, body: body.into(), etag });
        shown.keep_page(Arc::clone(&made));
        made
    };
    let fields = [(header::ETAG, made.etag.clone())];
    if headers::is_held(headers, &made.etag) {
        return Ok((StatusCode::NOT_MODIFIED, fields, headers_of_page()).into_response());
    }
    let html = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    Ok((fields, html, headers_of_page(), made.body.clone()).into_response())
}

fn render(
    web: &Web,
    award: &Award,
    badge: &BadgeView,
    issuer: &IssuerView,
) -> Result<String, Problem> {
    let url = format!("{}/c/{}", web.public_url(), award.id);
    let (since, until) = (words::date(&award.issued_at), words::date(&award.expires_at));
    let stands = matches!(award.status(), AwardStatus::Active | AwardStatus::PendingClaim);
    let certification = Certification {
        name: &badge.name,
        organization: &issuer.name,
        issued: since.as_ref(),
        expires: until.as_ref(),
        url: &url,
        id: &award.id,
    };
    let declined = award.status() == AwardStatus::Declined;
    let name = award.recipient.as_ref().map(|recipient| recipient.name.as_str());
    let evidence = award.evidence.iter().map(|item| EvidenceView {
        name: if item.name.is_empty() { "Evidence" } else { &item.name },
        link: words::link(&item.url),
        description: &item.description,
    });
    let template = AwardPage {
        shell: Shell::get(),
        id: &award.id,
        url: &url,
        badge,
        issuer,
        status: status::line(award),
        holder: name.filter(|name| !name.is_empty() && !declined),
        achieved: words::date(&award.achieved_at).filter(|date| Some(date) != since.as_ref()),
        linkedin: stands.then(|| certification.link()),
        schema: schema_org::badge(badge, issuer, until.as_ref().map(|date| &*date.machine)),
        issued: since,
        expires: until,
        narrative: markdown::html(&award.narrative),
        evidence: evidence.collect(),
    };
    template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "this page cannot be shown")
    })
}

/// The address of an award's page as a QR code, for those that exist.
pub(super) async fn qr(State(web): State<Web>, Path(id): Path<String>) -> Response {
    if let Err(problem) = find(&web, &id, true).await {
        return problem.json();
    }
    let url = format!("{}/c/{id}", web.public_url());
    let Ok(code) = QrCode::with_error_correction_level(url, EcLevel::M) else {
        return Problem::missing().json();
    };
    let picture = code.render::<svg::Color>().quiet_zone(true).min_dimensions(192, 192).build();
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        NO_INDEX,
    ];
    (fields, picture).into_response()
}
