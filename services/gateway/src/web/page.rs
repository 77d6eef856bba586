//! Pages that say one thing, and what all pages share.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    assets::Shell,
    headers::KEEP_NOTHING,
    negotiate::{self, Wants},
    problem::Problem,
};

#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct Notice<'a> {
    pub shell: Shell,
    pub heading: &'a str,
    pub sentence: &'a str,
    pub link: Option<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm<'a> {
    pub shell: Shell,
    pub heading: &'a str,
    pub sentence: &'a str,
    pub action: &'a str,
    pub fields: &'a [(&'a str, &'a str)],
    pub class: &'a str,
    pub button: &'a str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
}

/// A rendered template as an answer that no cache keeps.
pub(super) fn html(status: StatusCode, rendered: askama::Result<String>) -> Response {
    match rendered {
        Ok(body) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CACHE_CONTROL, KEEP_NOTHING),
            ];
            (status, headers, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A short message as a page.
pub(super) fn notice(status: StatusCode, heading: &str, sentence: &str) -> Response {
    html(status, Notice { shell: Shell::get(), heading, sentence, link: None }.render())
}

/// A message for programs (lower case, no full stop) as a sentence.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

pub(super) async fn home() -> Response {
    html(StatusCode::OK, Home { shell: Shell::get() }.render())
}

pub(super) async fn missing(headers: HeaderMap) -> Response {
    in_kind(&headers, &Problem::missing())
}

pub(super) async fn not_allowed(method: Method, headers: HeaderMap) -> Response {
    let detail = format!("{method} is not possible at this address");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail);
    in_kind(&headers, &problem)
}

/// A page for those who ask for one, a problem document for all others.
fn in_kind(headers: &HeaderMap, problem: &Problem) -> Response {
    match negotiate::wants(headers, &["application/problem+json", "application/json"]) {
        Some(Wants::Page) if headers.contains_key(header::ACCEPT) => problem.page(),
        _ => problem.json(),
    }
}
