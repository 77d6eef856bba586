//! The headers that every answer carries, and small ones that several share.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;

use super::{Web, problem::Problem};

const CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);
/// For pictures that people sent: nothing may run or load in them.
pub(super) const PICTURE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'",
);
/// Ask again before showing it from a cache.
pub(super) const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Keep no copy.
pub(super) const KEEP_NOTHING: HeaderValue = HeaderValue::from_static("no-store");

/// Answers even when a handler panics, and adds what a careful browser wants to know, unless the
/// handler said otherwise. `same-origin` as the referrer policy keeps sign-in links from other sites
/// and `Origin` in our own forms.
pub(super) async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = handled.unwrap_or_else(|_| {
        tracing::error!("a request made a handler panic");
        let detail = "something went wrong here: try again in a minute";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail).json()
    });
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CONTENT_POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if web.0.secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// A strong entity tag of the content's digest.
pub(super) fn etag(digest: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\"")).expect("digests are hexadecimal")
}

/// Whether the client holds this very content (RFC 9110 13.1.2, weak comparison).
pub(super) fn is_held(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    let names = |value: &HeaderValue| {
        value.to_str().is_ok_and(|tags| {
            let opaque = |tag: &str| tag.trim().trim_start_matches("W/") == etag;
            tags.trim() == "*" || tags.split(',').any(opaque)
        })
    };
    headers.get_all(header::IF_NONE_MATCH).iter().any(names)
}

/// Lets scripts of other sites read what anyone may read.
pub(super) const FOR_ANYONE: (HeaderName, HeaderValue) =
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));

/// The answer depends on what the client accepts.
pub(super) const BY_ACCEPT: (HeaderName, HeaderValue) =
    (header::VARY, HeaderValue::from_static("accept"));
