//! What went wrong: RFC 9457 problem documents for programs, pages for people.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use prost::Message;
use proto::write::v1::Refusal;
use serde::Serialize;
use tonic::{Code, Status};

use super::{
    assets::Shell,
    headers::KEEP_NOTHING,
    page::{self, Notice},
};

/// An answer that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code.
    pub code: String,
    /// What stands in the way and what to do, for people.
    pub detail: String,
    /// The field of the request that it is about; empty for none.
    pub path: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pointer: &'a str,
}

impl Problem {
    /// A problem that is found here rather than by a role.
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), detail: detail.into(), path: String::new() }
    }

    /// Nothing is there, or nothing that the caller may know of.
    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this address")
    }

    /// What a role's refusal of a public look-up means: an id that is none leads nowhere, like one
    /// that nothing has.
    pub(super) fn of_lookup(status: &Status) -> Self {
        let problem = Self::of(status);
        match problem.status {
            StatusCode::NOT_FOUND => Self::missing(),
            _ if problem.code == "INVALID_ID" => Self::missing(),
            _ => problem,
        }
    }

    /// What a role's refusal means. Accidents keep their detail to the log.
    pub(super) fn of(status: &Status) -> Self {
        let refusal = Refusal::decode(status.details()).ok().filter(|r| !r.code.is_empty());
        let (http, code) = match status.code() {
            Code::InvalidArgument | Code::OutOfRange => (StatusCode::BAD_REQUEST, "INVALID_INPUT"),
            Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Code::PermissionDenied => (StatusCode::FORBIDDEN, "NOT_PERMITTED"),
            Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => {
                (StatusCode::CONFLICT, "CONFLICT")
            }
            Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "LIMIT_EXCEEDED"),
            Code::Unavailable | Code::DeadlineExceeded => {
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        };
        if http.is_server_error() {
            tracing::warn!(code = ?status.code(), message = status.message(), "a role failed");
            let detail = "this cannot be shown at the moment: try again in a minute";
            return Self::new(http, code, detail);
        }
        match refusal {
            Some(refusal) => Self {
                status: http,
                code: refusal.code,
                detail: refusal.message,
                path: refusal.path,
            },
            None => Self::new(http, code, status.message()),
        }
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    /// As `application/problem+json`.
    pub(super) fn json(&self) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            pointer: &self.path,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
            (header::CACHE_CONTROL, KEEP_NOTHING),
        ];
        (self.status, headers, body).into_response()
    }

    /// As a page.
    pub(super) fn page(&self) -> Response {
        let heading = match self.status {
            StatusCode::NOT_FOUND => "There is nothing here",
            StatusCode::UNAUTHORIZED => "Please sign in",
            StatusCode::METHOD_NOT_ALLOWED => "That does not work here",
            status if status.is_server_error() => "Something went wrong",
            _ => "That did not work",
        };
        let link = match self.status {
            StatusCode::UNAUTHORIZED => Some(("/sign-in", "Sign in")),
            _ => None,
        };
        let sentence = page::sentence(&self.detail);
        let notice = Notice { shell: Shell::get(), heading, sentence: &sentence, link };
        page::html(self.status, notice.render())
    }
}
