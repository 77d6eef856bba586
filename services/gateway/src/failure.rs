//! What goes wrong outside of business rules: one type for all of it, and how it is said in
//! `errors`. What a role answered with a business code becomes a user error instead.

use std::borrow::Cow;

use async_graphql::{Pos, parser};
use http::StatusCode;
use runtime::Refusal;
use tonic::Status;

/// A request or field error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable, upper case.
    pub code: Cow<'static, str>,
    /// Fit to show to a person; tells nothing of the inside.
    pub message: Cow<'static, str>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// The limit that was exceeded.
    pub limit: Option<u32>,
    /// What was asked instead, when it is known.
    pub requested: Option<u32>,
    /// Milliseconds until a retry is worthwhile.
    pub retry_after_ms: Option<u32>,
    /// Where in the document.
    pub positions: Box<[Pos]>,
    /// The HTTP status when nothing was executed.
    pub status: StatusCode,
}

impl Failure {
    fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            retryable: false,
            limit: None,
            requested: None,
            retry_after_ms: None,
            positions: Box::default(),
            status,
        }
    }

    /// The request is wrong whatever the state is.
    pub fn request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The transport refuses the request with this status.
    pub fn transport(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(status, code, message)
    }

    /// There is more of something than is allowed.
    pub fn limit(code: &'static str, what: &str, limit: usize) -> Self {
        let message = format!("the document has more than {limit} {what}: ask for less at once");
        Self { limit: u32::try_from(limit).ok(), ..Self::request(code, message) }
    }

    /// The text is no document.
    pub fn parse(error: &parser::Error) -> Self {
        let positions = error.positions().take(2).collect();
        Self {
            positions,
            ..Self::request("GRAPHQL_PARSE_FAILED", "the document could not be parsed")
        }
    }

    /// An argument of a query has a wrong value.
    pub fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::request("INVALID_INPUT", message)
    }

    /// The token was not accepted.
    pub fn token(error: auth::AuthError) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error.code(), error.to_string())
    }

    /// Something that should work does not; the detail is in the log.
    pub fn busy() -> Self {
        let message = "too many badges are being verified at the moment: try again in a second";
        Self {
            retryable: true,
            retry_after_ms: Some(1_000),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        }
    }

    /// Something went wrong here.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "something went wrong on our side")
    }

    /// What a role answered, when it is not told as a user error.
    pub fn of_refusal(refusal: Refusal) -> Self {
        Self {
            retryable: refusal.retryable,
            ..Self::new(StatusCode::OK, refusal.code, refusal.message)
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::of_refusal(Refusal::of(&status))
    }
}

/// Whether a code is the system's rather than a rule's: it goes to `errors`, not to `userErrors`.
pub fn is_systemic(code: &str) -> bool {
    matches!(
        code,
        "UNAUTHENTICATED"
            | "TOKEN_EXPIRED"
            | "TOKEN_REVOKED"
            | "UNAVAILABLE"
            | "UNIMPLEMENTED"
            | "INTERNAL"
            | "CONSISTENCY_TIMEOUT"
    )
}

/// What each code of `errors` means: for the page of error codes.
pub const CODES: &[(&str, &str)] = &[
    (
        "BAD_REQUEST",
        "The request is not what GraphQL over HTTP asks for: its JSON, a parameter or a header.",
    ),
    ("BATCHING_UNSUPPORTED", "The body is a list. Send one operation per request."),
    ("UNSUPPORTED_MEDIA_TYPE", "The body is not application/json in UTF-8."),
    ("NOT_ACCEPTABLE", "None of the media types in Accept can be given."),
    (
        "METHOD_NOT_ALLOWED",
        "GET is for queries only; other methods than GET and POST are not known.",
    ),
    ("BODY_TOO_LARGE", "The body has more bytes than allowed. Use an upload for files."),
    (
        "CROSS_SITE_REQUEST",
        "A session cookie came without the header x-laurel-csrf or from another site.",
    ),
    ("UNAUTHENTICATED", "There is no token, or it is not valid. Sign in again."),
    ("TOKEN_EXPIRED", "The token is no longer good. Get a new one."),
    ("TOKEN_REVOKED", "The token was taken back."),
    ("GRAPHQL_PARSE_FAILED", "The document is not GraphQL."),
    ("GRAPHQL_VALIDATION_FAILED", "The document or its variables do not fit the schema."),
    ("OPERATION_UNKNOWN", "operationName is missing or names no operation of the document."),
    ("TOKENS_EXCEEDED", "The document is too long."),
    ("DEPTH_EXCEEDED", "Fields are nested too deep."),
    ("RECURSION_EXCEEDED", "Selections, with fragments, are nested too deep."),
    ("ALIASES_EXCEEDED", "There are too many aliases."),
    ("ROOT_FIELDS_EXCEEDED", "The operation asks for too many things at once."),
    ("FRAGMENTS_EXCEEDED", "There are too many fragments."),
    ("DIRECTIVES_EXCEEDED", "There are too many directives."),
    ("SELECTIONS_EXCEEDED", "The operation selects too much."),
    ("SUBSCRIPTIONS_EXCEEDED", "The WebSocket carries as many operations as it may."),
    ("COST_EXCEEDED", "The operation costs more than one operation may. Ask for smaller pages."),
    ("THROTTLED", "The client has spent its allowance. Wait as long as Retry-After says."),
    (
        "TIMEOUT",
        "The operation took too long and was stopped; a mutation may have happened: repeat it with the same idempotency key.",
    ),
    ("CONSISTENCY_TIMEOUT", "The write behind X-Consistency-Token is not visible yet. Try again."),
    ("UNAVAILABLE", "A part of the system does not answer. Try again."),
    ("UNIMPLEMENTED", "This installation does not offer it."),
    ("INTERNAL", "Something went wrong on our side. Tell us the requestId."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_broke_inside_is_not_told() {
        let failure = Failure::from(Status::unavailable("tcp connect error: 10.1.2.3:5000"));
        assert_eq!((failure.code.as_ref(), failure.retryable), ("UNAVAILABLE", true));
        assert!(!failure.message.contains("10.1"));
        let failure = Failure::from(Status::unknown("SELECT * FROM members"));
        assert_eq!(failure.code, "INTERNAL");
        assert!(!failure.message.contains("members"));
    }

    #[test]
    fn every_systemic_code_is_explained() {
        for (code, _) in CODES.iter().filter(|(code, _)| is_systemic(code)) {
            assert_eq!(CODES.iter().filter(|(other, _)| other == code).count(), 1);
        }
        for code in ["UNAUTHENTICATED", "CONSISTENCY_TIMEOUT", "INTERNAL", "UNAVAILABLE"] {
            assert!(is_systemic(code) && CODES.iter().any(|(known, _)| *known == code));
        }
    }
}
