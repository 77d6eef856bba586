//! Whether the process lives and can serve, and the keys of its tokens.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    Web,
    headers::{FOR_ANYONE, KEEP_NOTHING},
};

pub(super) async fn live() -> Response {
    ([(header::CACHE_CONTROL, KEEP_NOTHING)], Json(json!({ "status": "live" }))).into_response()
}

pub(super) async fn ready(State(web): State<Web>) -> Response {
    let report = web.0.readiness.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, KEEP_NOTHING)], Json(report.for_strangers())).into_response()
}

pub(super) async fn jwks(State(web): State<Web>) -> Response {
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        FOR_ANYONE,
    ];
    (fields, web.0.jwks.clone()).into_response()
}
