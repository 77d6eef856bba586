//! The page of a badge, its Open Badges achievement, and its picture.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use openbadges::{Achievement, Alignment, Criteria, Image, OPEN_BADGES_V3};
use proto::design::v1::GetPublicArtworkRequest;
use serde::Serialize;

use super::{
    Web,
    assets::{self, FOR_EVER, Shell},
    award::not_acceptable,
    catalogue::{BadgeView, IssuerView},
    headers::{self, ASK_AGAIN, BY_ACCEPT, FOR_ANYONE, PICTURE_POLICY},
    negotiate::{self, Wants},
    page,
    problem::Problem,
    schema_org,
    status::StatusLine,
};

/// The media types of documents that are no credentials, the first being given by default.
pub(super) const DOCUMENT: [&str; 2] = ["application/ld+json", "application/json"];

#[derive(Template)]
#[template(path = "badge.html")]
struct BadgePage<'a> {
    shell: Shell,
    badge: &'a BadgeView,
    issuer: &'a IssuerView,
    archived: bool,
    status: StatusLine,
    schema: String,
}

/// A document with the JSON-LD context that gives its members a meaning.
#[derive(Serialize)]
pub(super) struct InContext<T> {
    #[serde(rename = "@context")]
    context: [&'static str; 2],
    #[serde(flatten)]
    document: T,
}

impl<T> InContext<T> {
    /// In the context of Open Badges 3.0.
    pub(super) fn of(document: T) -> Self {
        Self { context: [openbadges::CREDENTIALS_V2, OPEN_BADGES_V3], document }
    }
}

pub(super) async fn newest(
    State(web): State<Web>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    show(&web, &name, None, &method, &headers).await
}

pub(super) async fn version(
    State(web): State<Web>,
    Path((id, version)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    show(&web, &id, Some(&version), &method, &headers).await
}

async fn show(
    web: &Web,
    id: &str,
    version: Option<&str>,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let last = version.unwrap_or(id);
    let (last, wanted) = match last.strip_suffix(".json") {
        Some(rest) => (rest, Some(Wants::Data(DOCUMENT[0]))),
        None => (last, negotiate::wants(headers, &DOCUMENT)),
    };
    let found = match version {
        None => web.badge(last, 0).await,
        Some(_) => match number(last) {
            Some(number) => web.badge(id, number).await,
            None => Err(Problem::missing()),
        },
    };
    match (wanted, found) {
        (Some(Wants::Page), Ok(badge)) => {
            let shown = badge_page(web, &badge, *method == Method::GET).await;
            shown.unwrap_or_else(|problem| problem.page())
        }
        (Some(Wants::Page), Err(problem)) => problem.page(),
        (Some(Wants::Data(media_type)), Ok(badge)) => {
            document(media_type, headers, &InContext::of(achievement(&badge)))
        }
        (Some(Wants::Data(_)), Err(problem)) => {
            ([FOR_ANYONE, BY_ACCEPT], problem.json()).into_response()
        }
        (None, _) => not_acceptable(&DOCUMENT),
    }
}

/// A version number as it stands in addresses: from 1, without leading zeros.
pub(super) fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == text)
}

async fn badge_page(web: &Web, badge: &BadgeView, is_get: bool) -> Result<Response, Problem> {
    let issuer = web.issuer(&badge.issuer).await?;
    if is_get {
        web.viewed(badge.tenant, badge.key);
    }
    let status = StatusLine {
        class: "other",
        word: "Archived",
        sentence: "This badge is no longer awarded. Awards of it stay valid.".to_owned(),
        reason: None,
    };
    let schema = schema_org::badge(badge, &issuer, None);
    let archived = badge.archived;
    let page = BadgePage { shell: Shell::get(), badge, issuer: &issuer, archived, status, schema };
    let html = page::html(StatusCode::OK, page.render());
    Ok(([(header::CACHE_CONTROL, ASK_AGAIN), BY_ACCEPT], html).into_response())
}

fn achievement(badge: &BadgeView) -> Achievement {
    let content = &badge.content;
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let criteria = Criteria {
        id: given(&content.criteria_url),
        narrative: given(&content.criteria_narrative),
        ..Criteria::default()
    };
    let mut achievement =
        Achievement::new(&badge.url, &content.name, &content.description, criteria);
    achievement.achievement_type = given(&content.achievement_type);
    achievement.tag.clone_from(&content.tags);
    achievement.image = badge.has_artwork.then(|| {
        let mut image = Image::new(format!("{}/artwork.png", badge.url));
        image.caption = given(&content.artwork_caption);
        image
    });
    let alignment = |from: &proto::design::v1::Alignment| {
        let mut alignment = Alignment::new(&from.target_name, &from.target_url);
        alignment.target_code = given(&from.target_code);
        alignment.target_framework = given(&from.target_framework);
        alignment.target_description = given(&from.target_description);
        alignment
    };
    achievement.alignment = content.alignments.iter().map(alignment).collect();
    achievement
}

/// A JSON document that anyone may read.
pub(super) fn document(
    media_type: &'static str,
    headers: &HeaderMap,
    document: &impl Serialize,
) -> Response {
    let body = match serde_json::to_vec(document) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a document could not be written");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let etag = headers::etag(&assets::digest(&body));
    let held = headers::is_held(headers, &etag);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::ETAG, etag),
        BY_ACCEPT,
        FOR_ANYONE,
    ];
    if held {
        (StatusCode::NOT_MODIFIED, fields).into_response()
    } else {
        (fields, body).into_response()
    }
}

pub(super) async fn artwork(
    State(web): State<Web>,
    Path((id, version, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let picture = picture(&web, &id, &version, &file, &headers).await;
    picture.unwrap_or_else(|problem| ([FOR_ANYONE], problem.json()).into_response())
}

async fn picture(
    web: &Web,
    id: &str,
    version: &str,
    file: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let version = number(version).ok_or_else(Problem::missing)?;
    let (vector, media_type) = match file {
        "artwork.svg" => (true, "image/svg+xml"),
        "artwork.png" => (false, "image/png"),
        _ => return Err(Problem::missing()),
    };
    let media_type = media_type.to_owned();
    let request = GetPublicArtworkRequest { badge_id: id.to_owned(), version, media_type };
    let reply = web.design().get_public_artwork(request).await;
    let artwork = match reply.map_err(|status| Problem::of_lookup(&status)) {
        Ok(reply) => reply.into_inner(),
        // A picture that was given as PNG has no other form.
        Err(problem) if vector && problem.status == StatusCode::NOT_FOUND => {
            let png = format!("/b/{id}/v/{version}/artwork.png");
            let known = web.badge(id, version).await?;
            return if known.has_artwork {
                Ok(([(header::CACHE_CONTROL, FOR_EVER)], Redirect::temporary(&png)).into_response())
            } else {
                Err(problem)
            };
        }
        Err(problem) => return Err(problem),
    };
    let served = match artwork.media_type.as_str() {
        "image/svg+xml" => "image/svg+xml",
        "image/png" => "image/png",
        _ => return Err(Problem::missing()),
    };
    let etag =
        HeaderValue::try_from(format!("\"{}\"", artwork.digest)).map_err(|_| Problem::missing())?;
    let held = headers::is_held(headers, &etag);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(served)),
        (header::CACHE_CONTROL, FOR_EVER),
        (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        (header::ETAG, etag),
        FOR_ANYONE,
    ];
    Ok(if held {
        (StatusCode::NOT_MODIFIED, fields).into_response()
    } else {
        (fields, artwork.content).into_response()
    })
}
