//! The OAuth 2.0 token endpoint: client credentials (RFC 6749 4.4) and the exchange of an ID
//! token (`OpenID` Connect) for an access token (RFC 8693).

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::Timestamp;
use proto::issuers::v1::{AccessToken, AuthenticateClientRequest, ExchangeIdTokenRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tonic::{Code, Status};

use super::{Web, headers::KEEP_NOTHING, words};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What a client sends; a parameter that comes twice makes the form unreadable, as it should.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    subject_token: Option<String>,
    subject_token_type: Option<String>,
    requested_token_type: Option<String>,
    /// The tenant wanted, when the ID token opens several.
    audience: Option<String>,
}

#[derive(Serialize)]
struct Given {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    tenant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

/// An error as RFC 6749 5.2 says it.
struct Refused {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

impl Refused {
    fn bad(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description }
    }

    fn client() -> Self {
        let description = "the client is unknown, its secret is wrong, or it was revoked";
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description }
    }

    fn later(status: &Status) -> Self {
        tracing::warn!(code = ?status.code(), "tokens cannot be given at the moment");
        let (status, error) = (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        Self { status, error, description: "tokens cannot be given at the moment: try again" }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"laurel\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

pub(super) async fn token(
    State(web): State<Web>,
    headers: HeaderMap,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    let answer = match asked {
        Ok(Form(asked)) => give(&web, &headers, asked).await,
        Err(_) => Err(Refused::bad(
            "invalid_request",
            "send one form (application/x-www-form-urlencoded) with each parameter at most once",
        )),
    };
    let answer = answer.map_or_else(Refused::into_response, |given| Json(given).into_response());
    let fields = [
        (header::CACHE_CONTROL, KEEP_NOTHING),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    (fields, answer).into_response()
}

async fn give(web: &Web, headers: &HeaderMap, asked: Asked) -> Result<Given, Refused> {
    match asked.grant_type.as_deref() {
        Some("client_credentials") => by_secret(web, headers, asked).await,
        Some(EXCHANGE) => by_id_token(web, asked).await,
        Some(_) => Err(Refused::bad(
            "unsupported_grant_type",
            "use client_credentials or urn:ietf:params:oauth:grant-type:token-exchange",
        )),
        None => Err(Refused::bad("invalid_request", "grant_type is missing")),
    }
}

async fn by_secret(web: &Web, headers: &HeaderMap, asked: Asked) -> Result<Given, Refused> {
    let (client_id, secret) = match headers.get(header::AUTHORIZATION) {
        Some(_) if asked.client_secret.is_some() => {
            let description = "authenticate in one way: by header or by body";
            return Err(Refused::bad("invalid_request", description));
        }
        Some(value) => {
            let (id, secret) = basic(value).ok_or_else(Refused::client)?;
            if asked.client_id.is_some_and(|named| named != id) {
                let description = "client_id differs from the one in the header";
                return Err(Refused::bad("invalid_request", description));
            }
            (id, secret)
        }
        None => match (asked.client_id, asked.client_secret) {
            (Some(id), Some(secret)) => (id, secret),
            _ => return Err(Refused::client()),
        },
    };
    let request = AuthenticateClientRequest { client_id, secret };
    match web.issuers().authenticate_client(request).await {
        Ok(reply) => {
            let token = reply.into_inner().access_token.unwrap_or_default();
            Ok(given(web, token, None))
        }
        Err(status) if is_accident(&status) => Err(Refused::later(&status)),
        Err(_) => Err(Refused::client()),
    }
}

/// Id and secret from a Basic header; both are form-encoded within (RFC 6749 2.3.1).
fn basic(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((words::decode(id, true)?, words::decode(secret, true)?))
}

async fn by_id_token(web: &Web, asked: Asked) -> Result<Given, Refused> {
    let Some(id_token) = asked.subject_token else {
        return Err(Refused::bad("invalid_request", "subject_token is missing"));
    };
    if asked.subject_token_type.as_deref() != Some(ID_TOKEN) {
        let description = "subject_token_type must be urn:ietf:params:oauth:token-type:id_token";
        return Err(Refused::bad("invalid_request", description));
    }
    if asked.requested_token_type.is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(Refused::bad("invalid_request", "only access tokens are given"));
    }
    let tokens = match web.issuers().exchange_id_token(ExchangeIdTokenRequest { id_token }).await {
        Ok(reply) => reply.into_inner().access_tokens,
        Err(status) if is_accident(&status) => return Err(Refused::later(&status)),
        Err(_) => return Err(Refused::bad("invalid_grant", "the ID token is not accepted here")),
    };
    let wanted =
        |token: &AccessToken| asked.audience.as_ref().is_none_or(|a| *a == token.tenant_id);
    let mut fitting = tokens.into_iter().filter(wanted);
    match (fitting.next(), fitting.next()) {
        (Some(token), None) => Ok(given(web, token, Some(ACCESS_TOKEN))),
        (Some(_), Some(_)) => Err(Refused::bad(
            "invalid_request",
            "this person works for several organisations: name the tenant as audience",
        )),
        (None, _) if asked.audience.is_some() => {
            Err(Refused::bad("invalid_target", "this person has no role in that tenant"))
        }
        (None, _) => Err(Refused::bad("invalid_grant", "this person is no member here")),
    }
}

fn given(web: &Web, token: AccessToken, issued_token_type: Option<&'static str>) -> Given {
    let expires: Timestamp = token.expires_at.parse().unwrap_or_default();
    let expires_in = (expires.unix_seconds() - web.now().unix_seconds()).max(0);
    let AccessToken { token: access_token, tenant_id, .. } = token;
    Given { access_token, token_type: "Bearer", expires_in, tenant_id, issued_token_type }
}

fn is_accident(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unknown
            | Code::Cancelled
    )
}
