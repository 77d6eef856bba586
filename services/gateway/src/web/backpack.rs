//! What the signed-in earner holds: the list, accepting, declining, and being erased.

use askama::Template;
use auth::Principal;
use axum::{
    Form,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::{
    awarding::v1::AwardStatus,
    backpack::v1::{
        AcceptAwardRequest, DeclineAwardRequest, EraseMeRequest, Holding, ListHoldingsRequest,
        ListHoldingsResponse,
    },
    page::v1::PageRequest,
    write::v1::Written,
};
use serde::Deserialize;
use tonic::Request;

use super::{
    Web,
    assets::Shell,
    page::{self, Confirm},
    problem::Problem,
    words::{self, Date},
};

const PAGE: u32 = 24;

#[derive(Template)]
#[template(path = "backpack.html")]
struct BackpackPage {
    shell: Shell,
    refusal: Option<String>,
    total: i64,
    holdings: Vec<HoldingView>,
    newer: Option<String>,
    older: Option<String>,
}

struct HoldingView {
    id: String,
    name: String,
    issuer: String,
    caption: String,
    picture: Option<String>,
    issued: Option<Date>,
    status: &'static str,
    downloadable: bool,
    can_accept: bool,
    can_decline: bool,
    key: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Place {
    older: Option<String>,
    newer: Option<String>,
    /// The position that the list must include.
    seen: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Key {
    key: String,
}

impl Web {
    /// A request of the signed-in earner.
    fn as_earner<T>(&self, earner: &Principal, message: T) -> Request<T> {
        super::with_token(message, &self.0.context.tokens.access(earner))
    }
}

fn to_sign_in() -> Response {
    Redirect::to("/sign-in").into_response()
}

/// A refusal for somebody whose session has ended leads to the sign-in page.
fn refused(web: &Web, problem: &Problem) -> Response {
    match problem.status {
        StatusCode::UNAUTHORIZED => {
            ([(header::SET_COOKIE, web.no_cookie())], to_sign_in()).into_response()
        }
        _ => problem.page(),
    }
}

pub(super) async fn show(
    State(web): State<Web>,
    headers: HeaderMap,
    place: Result<Query<Place>, QueryRejection>,
) -> Response {
    let Some(earner) = web.signed_in(&headers) else { return to_sign_in() };
    let place = place.map_or_else(|_| Place::default(), |Query(place)| place);
    list(&web, &earner, &place, None).await.unwrap_or_else(|problem| refused(&web, &problem))
}

async fn list(
    web: &Web,
    earner: &Principal,
    place: &Place,
    refusal: Option<String>,
) -> Result<Response, Problem> {
    let cursor = |text: &Option<String>| {
        text.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default()
    };
    let page = match &place.newer {
        Some(_) => PageRequest { last: PAGE, before: cursor(&place.newer), ..Default::default() },
        None => PageRequest { first: PAGE, after: cursor(&place.older), ..Default::default() },
    };
    let mut request = web.as_earner(earner, ListHoldingsRequest { page: Some(page) });
    if let Some(seen) = place.seen {
        request.metadata_mut().insert(runtime::call::CONSISTENCY, seen.into());
    }
    let reply = web.backpack().list_holdings(request).await;
    let ListHoldingsResponse { holdings, page } =
        reply.map_err(|status| Problem::of(&status))?.into_inner();
    let page = page.unwrap_or_default();
    let mut views = Vec::with_capacity(holdings.len());
    for holding in holdings {
        views.push(view(web, holding).await);
    }
    let cursor = |cursor: Option<&Vec<u8>>| cursor.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let template = BackpackPage {
        shell: Shell::get(),
        refusal,
        total: page.total,
        holdings: views,
        newer: cursor(page.cursors.first()).filter(|_| page.has_previous),
        older: cursor(page.cursors.last()).filter(|_| page.has_next),
    };
    Ok(page::html(StatusCode::OK, template.render()))
}

/// A badge that cannot be looked up now does not keep the others from being shown.
async fn view(web: &Web, holding: Holding) -> HoldingView {
    let badge = web.badge(&holding.badge_id, holding.badge_version).await.ok();
    let issuer = web.issuer(&holding.issuer_id).await.ok();
    let status = holding.status();
    let picture = badge.as_ref().filter(|badge| badge.has_artwork);
    HoldingView {
        name: badge.as_ref().map_or_else(|| "Badge".to_owned(), |badge| badge.name.clone()),
        issuer: issuer.map_or_else(String::new, |issuer| issuer.name.clone()),
        caption: badge.as_ref().map_or_else(String::new, |badge| badge.caption.clone()),
        picture: picture.map(|badge| format!("{}/artwork.svg", badge.path)),
        issued: words::date(&holding.issued_at),
        status: word(status),
        downloadable: picture.is_some() && status != AwardStatus::Erased,
        can_accept: status == AwardStatus::PendingClaim,
        can_decline: matches!(status, AwardStatus::PendingClaim | AwardStatus::Active),
        key: web.0.context.stores.ids.uuid().to_string(),
        id: holding.award_id,
    }
}

fn word(status: AwardStatus) -> &'static str {
    match status {
        AwardStatus::PendingClaim => "Waiting for your answer",
        AwardStatus::Active => "Accepted",
        AwardStatus::Declined => "Declined",
        AwardStatus::Revoked => "Revoked by its issuer",
        AwardStatus::Expired => "Expired",
        AwardStatus::Erased => "Withdrawn at your wish",
        AwardStatus::Unspecified => "State unknown",
    }
}

pub(super) async fn accept(
    State(web): State<Web>,
    Path(award_id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Key>, FormRejection>,
) -> Response {
    answer(&web, &headers, form, async |earner, idempotency_key| {
        let request = AcceptAwardRequest { idempotency_key, award_id };
        let reply = web.backpack().accept_award(web.as_earner(earner, request)).await?;
        Ok(reply.into_inner().written)
    })
    .await
}

pub(super) async fn decline(
    State(web): State<Web>,
    Path(award_id): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Key>, FormRejection>,
) -> Response {
    answer(&web, &headers, form, async |earner, idempotency_key| {
        let request = DeclineAwardRequest { idempotency_key, award_id };
        let reply = web.backpack().decline_award(web.as_earner(earner, request)).await?;
        Ok(reply.into_inner().written)
    })
    .await
}

/// The earner's word on an award: back to the list as it is afterwards, or with what stood in the
/// way.
async fn answer(
    web: &Web,
    headers: &HeaderMap,
    form: Result<Form<Key>, FormRejection>,
    send: impl AsyncFnOnce(&Principal, String) -> Result<Option<Written>, tonic::Status>,
) -> Response {
    if let Err(problem) = web.require_same_origin(headers) {
        return problem.page();
    }
    let Some(earner) = web.signed_in(headers) else { return to_sign_in() };
    let Ok(Form(Key { key })) = form else {
        let detail = "the form cannot be read: open your backpack and try again";
        return Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail).page();
    };
    let problem = match send(&earner, key).await {
        Ok(written) => {
            let seen = written.unwrap_or_default().position;
            web.0.shelf.wrote(seen);
            return Redirect::to(&format!("/backpack?seen={seen}")).into_response();
        }
        Err(status) => Problem::of(&status),
    };
    if problem.status != StatusCode::CONFLICT {
        return refused(web, &problem);
    }
    let words = page::sentence(&problem.detail);
    let listed = list(web, &earner, &Place::default(), Some(words)).await;
    listed.unwrap_or_else(|problem| refused(web, &problem))
}

pub(super) async fn confirm_erasure(State(web): State<Web>, headers: HeaderMap) -> Response {
    if web.signed_in(&headers).is_none() {
        return to_sign_in();
    }
    let key = web.0.context.stores.ids.uuid().to_string();
    let confirm = Confirm {
        shell: Shell::get(),
        heading: "Erase everything about you?",
        sentence: "Your address, your name and every award of yours become unreadable for good, \
                   here and with every issuer. Links to your awards will say that they were \
                   withdrawn at your wish. This cannot be undone.",
        action: "/backpack/erase",
        fields: &[("key", &key)],
        class: "grave",
        button: "Erase me for good",
    };
    page::html(StatusCode::OK, confirm.render())
}

pub(super) async fn erase(
    State(web): State<Web>,
    headers: HeaderMap,
    form: Result<Form<Key>, FormRejection>,
) -> Response {
    if let Err(problem) = web.require_same_origin(&headers) {
        return problem.page();
    }
    let Some(earner) = web.signed_in(&headers) else { return to_sign_in() };
    let Ok(Form(Key { key })) = form else {
        return Redirect::to("/backpack/erase").into_response();
    };
    let request = web.as_earner(&earner, EraseMeRequest { idempotency_key: key });
    match web.backpack().erase_me(request).await {
        Ok(_) => {
            let heading = "You are erased";
            let sentence = "Nothing about you can be read any more. The last copies disappear \
                            within a few minutes.";
            let notice = page::notice(StatusCode::OK, heading, sentence);
            ([(header::SET_COOKIE, web.no_cookie())], notice).into_response()
        }
        Err(status) => refused(&web, &Problem::of(&status)),
    }
}
