//! The page of an issuer, its Open Badges profile, and its DID document.

use std::fmt::Display;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use openbadges::{DidDocument, Multikey, Profile, did::PublishedKey, key::Jwk, parse_timestamp};
use proto::issuers::v1::SigningKey;

use super::{
    Web,
    assets::Shell,
    award::not_acceptable,
    badge::{DOCUMENT, InContext, document},
    catalogue::IssuerView,
    headers::{ASK_AGAIN, BY_ACCEPT, FOR_ANYONE},
    negotiate::{self, Wants},
    page,
    problem::Problem,
    schema_org,
    words::{self, Date},
};

#[derive(Template)]
#[template(path = "issuer.html")]
struct IssuerPage<'a> {
    shell: Shell,
    issuer: &'a IssuerView,
    url: String,
    keys: Vec<KeyView<'a>>,
    schema: String,
}

struct KeyView<'a> {
    multikey: &'a str,
    created: Option<Date>,
    retired: Option<Date>,
}

impl<'a> KeyView<'a> {
    fn of(key: &'a SigningKey) -> Self {
        let (created, retired) = (words::date(&key.created_at), words::date(&key.retired_at));
        Self { multikey: &key.multikey, created, retired }
    }
}

pub(super) async fn show(
    State(web): State<Web>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (id, wanted) = match name.strip_suffix(".json") {
        Some(id) => (id, Some(Wants::Data(DOCUMENT[0]))),
        None => (name.as_str(), negotiate::wants(&headers, &DOCUMENT)),
    };
    match (wanted, web.issuer(id).await) {
        (Some(Wants::Page), Ok(issuer)) => issuer_page(&web, &issuer),
        (Some(Wants::Page), Err(problem)) => problem.page(),
        (Some(Wants::Data(media_type)), Ok(issuer)) => {
            document(media_type, &headers, &InContext::of(profile(&issuer)))
        }
        (Some(Wants::Data(_)), Err(problem)) => {
            ([FOR_ANYONE, BY_ACCEPT], problem.json()).into_response()
        }
        (None, _) => not_acceptable(&DOCUMENT),
    }
}

fn issuer_page(web: &Web, issuer: &IssuerView) -> Response {
    let page = IssuerPage {
        shell: Shell::get(),
        issuer,
        url: format!("{}/i/{}", web.public_url(), issuer.id),
        keys: issuer.issuer.keys.iter().map(KeyView::of).collect(),
        schema: schema_org::issuer(issuer),
    };
    let html = page::html(StatusCode::OK, page.render());
    ([(header::CACHE_CONTROL, ASK_AGAIN), BY_ACCEPT], html).into_response()
}

fn profile(issuer: &IssuerView) -> Profile {
    let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let mut profile = Profile::new(&issuer.did, &issuer.name);
    profile.url = given(&issuer.issuer.url);
    profile.description = given(&issuer.description);
    profile.email.clone_from(&issuer.email);
    profile
}

pub(super) async fn did(
    State(web): State<Web>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let made = match web.issuer_now(&id).await {
        Ok(issuer) => did_document(&issuer),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(did) => document("application/did+json", &headers, &did),
        Err(problem) => ([FOR_ANYONE], problem.json()).into_response(),
    }
}

fn did_document(issuer: &IssuerView) -> Result<DidDocument, Problem> {
    Ok(DidDocument::new(issuer.did.clone(), Vec::new(), keys(issuer)?))
}

/// The keys; those that are compromised say since when.
fn keys(issuer: &IssuerView) -> Result<Vec<PublishedKey>, Problem> {
    let unreadable = |error: &dyn Display| {
        tracing::error!(%error, issuer.id = issuer.id, "a published key cannot be read");
        let detail = "the keys of this issuer cannot be read";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    };
    let mut keys = Vec::with_capacity(issuer.issuer.keys.len());
    for key in &issuer.issuer.keys {
        let multikey: Multikey = key.multikey.parse().map_err(|error| unreadable(&error))?;
        let since = key.compromised_since.as_str();
        let revoked = match since {
            "" => None,
            since => Some(parse_timestamp(since).map_err(|error| unreadable(&error))?),
        };
        keys.push(PublishedKey { revoked, ..multikey.into() });
    }
    Ok(keys)
}

/// The good keys as a JWK Set, for verifiers that know no DIDs. A set cannot tell since when a key
/// is compromised, so those that are do not stand in it.
pub(super) async fn jwks(
    State(web): State<Web>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let made = match web.issuer_now(&id).await {
        Ok(issuer) => jwk_set(&issuer),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(set) => document("application/jwk-set+json", &headers, &set),
        Err(problem) => ([FOR_ANYONE], problem.json()).into_response(),
    }
}

fn jwk_set(issuer: &IssuerView) -> Result<serde_json::Value, Problem> {
    let good = keys(issuer)?.into_iter().filter(|published| published.revoked.is_none());
    let keys: Vec<Jwk> = good
        .map(|published| {
            let mut jwk = published.key.to_jwk();
            let multikey = published.key.multikey();
            jwk.key_id = multikey.map(|key| DidDocument::verification_method_id(&issuer.did, &key));
            jwk.algorithm = Some(jwk.key.algorithm());
            jwk.issuer = Some(issuer.did.clone());
            jwk
        })
        .collect();
    Ok(serde_json::json!({ "keys": keys }))
}
