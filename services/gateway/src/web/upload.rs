//! Files that the API has given leave to send: artwork and CSVs of recipients.

use auth::Principal;
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use proto::{awarding::v1::CreateBatchRequest, design::v1::StoreArtworkRequest};
use serde_json::{Value, json};

use super::{Web, headers::KEEP_NOTHING, problem::Problem, with_token};
use crate::{
    node::{self, Type},
    upload::{UploadClaims, UploadPurpose},
};

/// How long the token made for the role call is good.
const MILLIS: i64 = 5 * 60 * 1000;

pub(super) async fn take(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match keep(&web, &token, &headers, body).await {
        Ok(kept) => ([(header::CACHE_CONTROL, KEEP_NOTHING)], Json(kept)).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn keep(web: &Web, token: &str, headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    let context = &web.0.context;
    let verified = context.verifier.verify::<UploadClaims>(token, web.now()).map_err(|error| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            error.code(),
            "this upload address is not valid: ask for a new one",
        )
    })?;
    let UploadClaims { access, purpose, max_bytes } = verified.claims;
    let principal = Principal {
        subject: verified.subject,
        kind: access.kind,
        organization: access.organization,
        tenant: access.tenant,
        grants: access.grants,
        issued_at: verified.issued_at,
        expires_at: web.now().plus_millis(MILLIS),
        token_id: context.stores.ids.uuid(),
    };
    let bearer = context.tokens.access(&principal);
    let file = bytes(body, max_bytes, &purpose).await?;
    match purpose {
        UploadPurpose::BadgeArtwork => {
            let media_type = media_type(headers.get(header::CONTENT_TYPE), &file);
            let request = with_token(StoreArtworkRequest { content: file, media_type }, &bearer);
            let reply = web.design().store_artwork(request).await;
            let artwork = reply.map_err(|status| Problem::of(&status))?.into_inner().artwork;
            let id = node::artwork_id(principal.tenant, &artwork.unwrap_or_default().id);
            Ok(json!({ "artworkId": id }))
        }
        UploadPurpose::AwardCsv { badge: badge_id, notify, key: idempotency_key } => {
            let request = CreateBatchRequest { idempotency_key, badge_id, csv: file, notify };
            let reply = web.awarding().create_batch(with_token(request, &bearer)).await;
            let batch = reply.map_err(|status| Problem::of(&status))?.into_inner().batch;
            let batch = batch.unwrap_or_default();
            let id = node::global_id(Type::AwardBatch, principal.tenant, &batch.id);
            Ok(json!({ "batchId": id }))
        }
    }
}

async fn bytes(body: Body, most: u64, purpose: &UploadPurpose) -> Result<Vec<u8>, Problem> {
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    let content = to_bytes(body, limit).await.map_err(|_| {
        let code = match purpose {
            UploadPurpose::BadgeArtwork => "ARTWORK_TOO_LARGE",
            UploadPurpose::AwardCsv { .. } => "CSV_TOO_LARGE",
        };
        let detail = format!("the file did not arrive whole: send at most {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    })?;
    if content.is_empty() {
        let detail = "the file is empty: send its bytes as the body";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail));
    }
    Ok(content.into())
}

/// What the client says it is; what it looks like when the client says nothing of use.
fn media_type(declared: Option<&HeaderValue>, content: &[u8]) -> String {
    let declared = declared.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "image/svg+xml" | "image/png" => essence,
        _ if content.starts_with(b"\x89PNG") => "image/png".to_owned(),
        _ => "image/svg+xml".to_owned(),
    }
}
