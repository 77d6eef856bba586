//! Replies: what every transport sends back, in one shape.

use async_graphql::{PathSegment, Pos, Value};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::{
    call::docs,
    endpoint::{Endpoint, NotPrepared, Receipt},
    failure::Failure,
};

/// What came of an operation.
pub struct Reply {
    /// The data; none when nothing was executed.
    pub data: Option<Value>,
    /// What went wrong.
    pub errors: Vec<ReplyError>,
    /// How many user errors the data carries.
    pub user_errors: u32,
    /// What it cost.
    pub receipt: Option<Receipt>,
    /// The status in `application/graphql-response+json`.
    pub status: StatusCode,
}

/// What went wrong, and where.
pub struct ReplyError {
    /// What.
    pub failure: Failure,
    /// Where in the document.
    pub positions: Vec<Pos>,
    /// Where in the data.
    pub path: Vec<PathSegment>,
}

/// The most errors that one reply tells.
const MOST_ERRORS: usize = 20;

#[derive(Serialize)]
struct Body<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ErrorBody<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'r Value>,
    extensions: Extensions<'r>,
}

#[derive(Serialize)]
struct ErrorBody<'r> {
    message: &'r str,
    #[serde(skip_serializing_if = "<[Pos]>::is_empty")]
    locations: &'r [Pos],
    #[serde(skip_serializing_if = "<[PathSegment]>::is_empty")]
    path: &'r [PathSegment],
    extensions: ErrorExtensions<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorExtensions<'r> {
    code: &'r str,
    request_id: &'r str,
    retryable: bool,
    docs: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extensions<'r> {
    user_error_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    request_id: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    requested: u32,
    remaining: u32,
    limit: u32,
    restore_per_second: u32,
}

impl From<NotPrepared> for Reply {
    fn from(NotPrepared { failure, receipt }: NotPrepared) -> Self {
        Self { receipt, ..Self::failed(failure) }
    }
}

impl Reply {
    /// Nothing was executed, for this reason.
    pub fn failed(failure: Failure) -> Self {
        let status = failure.status;
        let positions = failure.positions.to_vec();
        Self {
            data: None,
            errors: vec![ReplyError { failure, positions, path: Vec::new() }],
            user_errors: 0,
            receipt: None,
            status,
        }
    }

    /// The same, after it was paid.
    pub fn paid(self, receipt: Receipt) -> Self {
        Self { receipt: Some(receipt), ..self }
    }

    fn body<'r>(&'r self, endpoint: &Endpoint, request_id: &'r str) -> Body<'r> {
        let errors = self.errors.iter().take(MOST_ERRORS).map(|error| ErrorBody {
            message: &error.failure.message,
            locations: &error.positions,
            path: &error.path,
            extensions: ErrorExtensions {
                code: &error.failure.code,
                request_id,
                retryable: error.failure.retryable,
                docs: docs(&endpoint.public_url, &error.failure.code),
                limit: error.failure.limit,
                requested: error.failure.requested,
                retry_after_ms: error.failure.retry_after_ms,
            },
        });
        Body {
            errors: (!self.errors.is_empty()).then(|| errors.collect()),
            data: self.data.as_ref(),
            extensions: Extensions {
                user_error_count: self.user_errors,
                cost: self.receipt.map(|receipt| Cost {
                    requested: receipt.cost,
                    remaining: receipt.balance.remaining,
                    limit: endpoint.limits.bucket,
                    restore_per_second: endpoint.limits.restore_per_second,
                }),
                request_id,
            },
        }
    }

    /// The reply as JSON.
    pub fn json(&self, endpoint: &Endpoint, request_id: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        let written = serde_json::to_writer(&mut bytes, &self.body(endpoint, request_id));
        written.expect("a reply has text keys only, and memory does not fail");
        bytes
    }

    /// The same as a value, to stand in a message.
    pub fn value(&self, endpoint: &Endpoint, request_id: &str) -> serde_json::Value {
        let value = serde_json::to_value(self.body(endpoint, request_id));
        value.expect("a reply has text keys only")
    }

    /// The errors alone, as WebSocket messages want them.
    pub fn errors_value(&self, endpoint: &Endpoint, request_id: &str) -> serde_json::Value {
        let mut value = self.value(endpoint, request_id);
        value.get_mut("errors").map_or(serde_json::Value::Null, serde_json::Value::take)
    }
}

impl Endpoint {
    /// The headers that say what can still be spent: the syntax of the `RateLimit` draft.
    pub fn rate_headers(&self, receipt: Receipt, headers: &mut HeaderMap) {
        let (limit, restore) = (self.limits.bucket, self.limits.restore_per_second.max(1));
        let remaining = receipt.balance.remaining;
        let window = limit.div_ceil(restore);
        let reset = limit.saturating_sub(remaining).div_ceil(restore);
        let policy = format!("\"cost\";q={limit};w={window}");
        let rate = format!("\"cost\";r={remaining};t={reset}");
        let all = [("ratelimit-policy", policy), ("ratelimit", rate)];
        for (name, value) in all {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if !receipt.balance.granted {
            let seconds = receipt.balance.retry_after_ms.div_ceil(1000);
            headers.insert(http::header::RETRY_AFTER, seconds.max(1).into());
        }
    }
}
