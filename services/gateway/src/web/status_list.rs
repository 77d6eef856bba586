//! The signed list of what was revoked.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use proto::awarding::v1::{GetStatusListRequest, GetStatusListResponse};
use tonic::Status;

use super::{
    Web,
    headers::{self, ASK_AGAIN, FOR_ANYONE},
    problem::Problem,
};

pub(super) async fn show(
    State(web): State<Web>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let id = name.strip_suffix(".json").unwrap_or(&name).to_owned();
    let list = match find(&web, id).await {
        Ok(list) => list,
        Err(status) => return ([FOR_ANYONE], Problem::of_lookup(&status).json()).into_response(),
    };
    let mut fields = HeaderMap::with_capacity(8);
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vc+ld+json"));
    let kept = format!("public, max-age={}", list.max_age_seconds);
    fields.insert(header::CACHE_CONTROL, HeaderValue::try_from(kept).unwrap_or(ASK_AGAIN));
    fields.insert(FOR_ANYONE.0, FOR_ANYONE.1);
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", list.etag.trim_matches('"'))) {
        let held = headers::is_held(&headers, &etag);
        fields.insert(header::ETAG, etag);
        if held {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
    }
    (fields, list.credential.clone()).into_response()
}

async fn find(web: &Web, id: String) -> Result<Arc<GetStatusListResponse>, Status> {
    if let Some(list) = web.0.shelf.list(&id) {
        return Ok(list);
    }
    let request = GetStatusListRequest { status_list_id: id.clone() };
    let list = Arc::new(web.awarding().get_status_list(request).await?.into_inner());
    web.0.shelf.keep_list(&id, &list);
    Ok(list)
}
