//! Who sends a request: by bearer token, or by the session cookie of our own pages.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use auth::{AuthError, Kind, Principal};
use axum::extract::ConnectInfo;
use http::{HeaderMap, StatusCode, header, request::Parts};
use kernel::TenantId;
use tonic::metadata::AsciiMetadataValue;

use crate::{endpoint::Endpoint, failure::Failure, limits::Spender};

/// The header that a page sends with the session cookie; other sites cannot set it.
const CSRF: &str = "x-laurel-csrf";
const SESSION: &str = "laurel_session";
const MINUTES_5: i64 = 5 * 60 * 1000;

/// Who sends a request, and what came with it.
#[derive(Clone, Default)]
pub struct Caller {
    /// Who, if there is a token.
    pub principal: Option<Arc<Principal>>,
    /// How the roles are told.
    pub authorization: Option<AsciiMetadataValue>,
    /// The token itself, to check again on long streams.
    pub token: Option<Arc<str>>,
    /// `X-Consistency-Token`, as received.
    pub consistency: Option<String>,
    /// The request's id: received, or made.
    pub request_id: String,
    /// W3C trace context, as received.
    pub traceparent: Option<AsciiMetadataValue>,
    /// From where.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Whose bucket is drawn from.
    pub fn spender(&self) -> Spender {
        if let Some(principal) = &self.principal {
            Spender { tenant: principal.tenant, subject: principal.subject.clone() }
        } else {
            let subject = self.address.map_or_else(String::new, |a| a.to_string());
            Spender { tenant: TenantId::PLATFORM, subject }
        }
    }
}

impl Endpoint {
    /// The request's id: the caller's if it has a plain form, else a new one.
    pub fn request_id(&self, headers: &HeaderMap) -> String {
        let plain = |id: &&str| {
            (1..=100).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let given = headers.get("x-request-id").and_then(|id| id.to_str().ok()).filter(plain);
        given.map_or_else(|| self.ids.uuid().to_string(), str::to_owned)
    }

    /// What stands in the headers, before any token is looked at.
    fn stranger(parts: &Parts, request_id: String) -> Caller {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Caller {
            consistency: text("x-consistency-token").map(str::to_owned),
            traceparent: text("traceparent").filter(|t| t.len() <= 64).and_then(|t| t.parse().ok()),
            request_id,
            address,
            ..Caller::default()
        }
    }

    /// Who sends these headers.
    pub fn caller(&self, parts: &Parts, request_id: String) -> Result<Caller, Failure> {
        let stranger = Self::stranger(parts, request_id);
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let value = value.to_str().map_err(|_| malformed())?;
            return self.bearer(stranger, value);
        }
        match session_of(&parts.headers) {
            Some(token) if parts.headers.contains_key(CSRF) => {
                if !self.is_same_origin(&parts.headers) {
                    return Err(cross_site());
                }
                self.session(stranger, token)
            }
            _ => Ok(stranger),
        }
    }

    /// The caller with `Bearer …`.
    pub fn bearer(&self, stranger: Caller, value: &str) -> Result<Caller, Failure> {
        let (scheme, token) = value.split_once(' ').ok_or_else(malformed)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(malformed());
        }
        let principal = self.verifier.access(token, self.clock.now()).map_err(Failure::token)?;
        // Roles speak to each other over their own wires, never through the front door.
        if principal.kind == Kind::Service {
            return Err(Failure::token(AuthError::WrongKind));
        }
        let authorization = format!("Bearer {token}").parse().map_err(|_| malformed())?;
        Ok(Caller {
            principal: Some(principal),
            authorization: Some(authorization),
            token: Some(token.into()),
            ..stranger
        })
    }

    /// The caller with a session. Roles take no session tokens: they get an access token that says
    /// the same for five minutes.
    fn session(&self, stranger: Caller, token: &str) -> Result<Caller, Failure> {
        let now = self.clock.now();
        let session = self.verifier.session(token, now).map_err(Failure::token)?;
        let principal = Principal {
            issued_at: now,
            expires_at: session.expires_at.min(now.plus_millis(MINUTES_5)),
            ..Principal::clone(&session)
        };
        let access = self.tokens.access(&principal);
        self.bearer(stranger, &format!("Bearer {access}"))
    }

    /// Whether the caller may go on: tokens end and are revoked while streams last.
    pub fn still(&self, caller: &Caller) -> Result<(), Failure> {
        match &caller.token {
            None => Ok(()),
            Some(token) => {
                self.verifier.access(token, self.clock.now()).map(|_| ()).map_err(Failure::token)
            }
        }
    }

    /// Whether a browser says that one of our own pages sends it.
    pub fn is_same_origin(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or_default());
        match (text("sec-fetch-site"), text("origin")) {
            (Some(site), origin) => {
                site == "same-origin" && origin.is_none_or(|origin| self.is_ours(origin))
            }
            (None, Some(origin)) => self.is_ours(origin),
            (None, None) => false,
        }
    }

    /// Whether an origin is that of our own pages.
    pub fn is_ours(&self, origin: &str) -> bool {
        origin == &*self.public_url
    }
}

fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
    pairs.find_map(|pair| pair.strip_prefix(SESSION)?.strip_prefix('='))
}

fn malformed() -> Failure {
    Failure::token(auth::AuthError::MalformedToken)
}

/// A browser says that another site sends it.
pub fn cross_site() -> Failure {
    let message = "this request came from another site: send it from our own pages";
    Failure::transport(StatusCode::FORBIDDEN, "CROSS_SITE_REQUEST", message)
}
