//! Awards, badges and issuers as Open Badges 2.0, for software that knows nothing newer. All of it
//! is derived from what the 3.0 forms say; hosted assertions need no revocation list.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use openbadges::v2::{
    Alignment, Assertion, BadgeClass, Criteria, Linked, Profile, VerificationPolicy,
};
use proto::awarding::v1::{Award, AwardStatus};
use serde_json::{Value, json};

use super::{
    Web, award,
    badge::{DOCUMENT, document, number},
    catalogue::{BadgeView, IssuerView},
    headers::{ASK_AGAIN, BY_ACCEPT, FOR_ANYONE},
    negotiate::{self, Wants},
    problem::Problem,
    words,
};

/// The picture of badges that have none of their own.
const LEAF: &[u8] = include_bytes!("../../templates/laurel.svg");

pub(super) async fn assertion(
    State(web): State<Web>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    answer(hosted(&web, &id, method == Method::GET, &headers).await)
}

pub(super) async fn badge_class(
    State(web): State<Web>,
    Path((id, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(published(&web, &id, &version, &headers).await)
}

pub(super) async fn issuer(
    State(web): State<Web>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let profile = match web.issuer(&id).await {
        Ok(issuer) => web.ob2_profile(&issuer),
        Err(problem) => Err(problem),
    };
    answer(profile.map(|profile| document(media_type(&headers), &headers, &profile)))
}

fn answer(answer: Result<Response, Problem>) -> Response {
    answer.unwrap_or_else(|problem| ([FOR_ANYONE, BY_ACCEPT], problem.json()).into_response())
}

/// One of the media types of these documents: JSON-LD, unless only plain JSON is wanted.
fn media_type(headers: &HeaderMap) -> &'static str {
    match negotiate::wants(headers, &DOCUMENT) {
        Some(Wants::Data(media_type)) => media_type,
        _ => DOCUMENT[0],
    }
}

async fn hosted(
    web: &Web,
    id: &str,
    is_get: bool,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let shown = award::find(web, id, false).await?;
    let (award, credential) = (&shown.award, &shown.credential);
    if award.status() == AwardStatus::Erased || credential.is_empty() {
        return Err(award::withdrawn());
    }
    if award.status() == AwardStatus::Revoked {
        return Ok(revoked(web, award, headers));
    }
    let (_, issuer) = tokio::try_join!(
        web.badge(&award.badge_id, award.badge_version),
        web.issuer(&award.issuer_id)
    )?;
    email(&issuer)?;
    let assertion = web.ob2_assertion(award, credential)?;
    if is_get {
        web.verified(&award.tenant_id, &award.badge_id);
    }
    let answer = document(media_type(headers), headers, &assertion);
    Ok(([award::NO_INDEX], answer).into_response())
}

/// The standard says it with status 410 and as little else as possible.
fn revoked(web: &Web, award: &Award, headers: &HeaderMap) -> Response {
    let reason = Some(award.revocation_reason.as_str()).filter(|reason| !reason.is_empty());
    let gone = Assertion::revoked(&web.ob2_assertion_id(&award.id), reason);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(headers))),
        (header::CACHE_CONTROL, ASK_AGAIN),
        BY_ACCEPT,
        FOR_ANYONE,
        award::NO_INDEX,
    ];
    (StatusCode::GONE, fields, gone.to_string()).into_response()
}

async fn published(
    web: &Web,
    id: &str,
    version: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let version = number(version).ok_or_else(Problem::missing)?;
    let badge = web.badge(id, version).await?;
    let issuer = web.issuer(&badge.issuer).await?;
    email(&issuer)?;
    Ok(document(media_type(headers), headers, &web.ob2_badge_class(&badge)))
}

/// Open Badges 2.0 has no issuer without a contact address, and one is not made up here.
fn email(issuer: &IssuerView) -> Result<&str, Problem> {
    issuer.email.as_deref().ok_or_else(|| {
        let detail = "open badges 2.0 wants an e-mail address of the issuer, and this issuer has \
                      none: once its profile has one, this is published";
        Problem::new(StatusCode::NOT_FOUND, "ISSUER_EMAIL_MISSING", detail)
    })
}

impl Web {
    fn ob2_assertion_id(&self, award: &str) -> String {
        format!("{}/c/{award}/ob2.json", self.public_url())
    }

    /// An award as a hosted assertion, out of its signed credential.
    pub(super) fn ob2_assertion(
        &self,
        award: &Award,
        credential: &[u8],
    ) -> Result<Assertion, Problem> {
        let badge = format!(
            "{}/b/{}/v/{}/ob2.json",
            self.public_url(),
            award.badge_id,
            award.badge_version
        );
        let id = self.ob2_assertion_id(&award.id);
        let credential: Value = serde_json::from_slice(credential).unwrap_or_default();
        Assertion::of_credential(&credential, id, Linked::id(badge)).ok_or_else(|| {
            tracing::error!(award.id = award.id, "a credential has no form in open badges 2.0");
            let detail = "this award cannot be shown as open badges 2.0";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
        })
    }

    fn ob2_badge_class(&self, badge: &BadgeView) -> BadgeClass {
        let content = &badge.content;
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let image = if badge.has_artwork {
            format!("{}/artwork.png", badge.url)
        } else {
            format!("data:image/svg+xml;base64,{}", STANDARD.encode(LEAF))
        };
        let criteria = Criteria {
            id: badge.criteria_link.clone(),
            narrative: given(&content.criteria_narrative),
            ..Criteria::default()
        };
        let mut class = BadgeClass::new(
            format!("{}/ob2.json", badge.url),
            &content.name,
            &content.description,
            Linked::id(image),
            Linked::document(criteria),
            Linked::id(format!("{}/i/{}/ob2.json", self.public_url(), badge.issuer)),
        );
        class.tags.clone_from(&content.tags);
        class.alignment = content
            .alignments
            .iter()
            .filter_map(|from| {
                let mut alignment =
                    Alignment::new(&from.target_name, words::link(&from.target_url)?);
                alignment.target_code = given(&from.target_code);
                alignment.target_framework = given(&from.target_framework);
                alignment.target_description = given(&from.target_description);
                Some(alignment)
            })
            .collect();
        class.version = Some(badge.version.to_string().into());
        if let Some((versions, _)) = badge.url.rsplit_once('/').filter(|_| badge.version > 1) {
            let before = badge.version - 1;
            class.related = vec![json!({
                "type": "BadgeClass",
                "id": format!("{versions}/{before}/ob2.json"),
                "version": before.to_string(),
            })];
        }
        class
    }

    fn ob2_profile(&self, issuer: &IssuerView) -> Result<Profile, Problem> {
        let page = format!("{}/i/{}", self.public_url(), issuer.id);
        let mut profile = Profile::issuer(
            format!("{page}/ob2.json"),
            &issuer.name,
            issuer.site.clone().unwrap_or(page),
            email(issuer)?,
        );
        profile.description =
            Some(issuer.description.clone()).filter(|description| !description.is_empty());
        // Other things at this origin are not assertions, whatever they say.
        let awards = format!("{}/c/", self.public_url());
        profile.verification = Some(VerificationPolicy::starts_with(awards));
        Ok(profile)
    }
}
