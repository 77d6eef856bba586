//! The VC-API of each tenant: other software has credentials issued, verified and revoked.
//!
//! The base URL is `/vc/{tenant}`. Issuing and status need an access token of that tenant, unless it
//! is the sandbox; verifying needs none. Requests and answers have the shapes that other issuers
//! and verifiers know; what goes wrong is told as a problem (RFC 9457) of the types that VC Data
//! Model 2.0 names.

mod answer;
mod request;

use std::sync::{Arc, OnceLock};

use auth::Kind;
use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kernel::TenantId;
use openbadges::verify::{Options, Report};
use proto::awarding::v1::{IssueCredentialRequest, SetCredentialStatusRequest};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::{
    answer::{Asked, Detail, answer},
    request::{Body, Revocation},
};
use super::{Web, headers::KEEP_NOTHING, problem::Problem, with_token};

/// Most bytes of a request: a credential of 1 MiB and a little around it.
pub(super) const LARGEST: usize = (1 << 20) + (64 << 10);
/// How many credentials of the sandbox are issued at once; whoever comes then is told to come again.
const AT_ONCE: usize = 32;

/// The tenant whose credentials anybody may have issued, while this process opens one: for trying
/// things out, and for test suites.
#[derive(Clone)]
pub struct Sandbox(Arc<Opened>);

struct Opened {
    tenant: OnceLock<TenantId>,
    turns: Semaphore,
}

impl Default for Sandbox {
    /// Closed.
    fn default() -> Self {
        Self(Arc::new(Opened { tenant: OnceLock::new(), turns: Semaphore::new(AT_ONCE) }))
    }
}

impl Sandbox {
    /// Opens that tenant to everybody who reaches this process, for as long as it runs. Only the
    /// first tenant is opened.
    pub fn open(&self, tenant: TenantId) {
        // Whoever opens a second one gets the first: there is one sandbox at most.
        let _ = self.0.tenant.set(tenant);
    }
}

/// What a handler comes to: an answer, or a problem with its type.
type Outcome = Result<Response, Detail>;

/// `POST /vc/{tenant}/credentials/issue`
pub(super) async fn issue(
    State(web): State<Web>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    told(issued(&web, &tenant, &headers, body).await)
}

async fn issued(
    web: &Web,
    tenant: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Outcome {
    let token = token(web, tenant, headers)?;
    let body = Body::read(body)?;
    let credential = body.object("credential")?;
    let (cryptosuite, status) = (body.cryptosuite()?, body.with_status()?);
    let _turn = match &token {
        Token::Sandbox(_) => Some(web.0.sandbox.0.turns.try_acquire().map_err(|_| busy())?),
        Token::Own(_) => None,
    };
    let sandbox = matches!(token, Token::Sandbox(_));
    let request = IssueCredentialRequest {
        credential: serde_json::to_vec(credential).unwrap_or_default(),
        cryptosuite,
        // The sandbox shows all that there is, and signs what test suites still send.
        with_status: status.unwrap_or(sandbox),
        any_version: sandbox,
    };
    let issued = web.awarding().issue_credential(with_token(request, token.text())).await;
    let credential = issued.map_err(|status| Detail::of(Problem::of(&status)))?.into_inner();
    // The exact bytes that were signed.
    let answer = [b"{\"verifiableCredential\":", &credential.credential[..], b"}"].concat();
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok((StatusCode::CREATED, [kind], answer).into_response())
}

/// `POST /vc/{tenant}/credentials/verify`
pub(super) async fn verify_credential(
    State(web): State<Web>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    told(verified(&web, body, "verifiableCredential").await)
}

/// `POST /vc/{tenant}/presentations/verify`
pub(super) async fn verify_presentation(
    State(web): State<Web>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    told(verified(&web, body, "verifiablePresentation").await)
}

async fn verified(web: &Web, body: Result<Bytes, BytesRejection>, member: &'static str) -> Outcome {
    let body = Body::read(body)?;
    let document = body.object(member)?;
    let asked = Asked {
        presentation: member == "verifiablePresentation",
        checks: body.checks()?,
        challenge: body.text("challenge")?,
        domain: body.text("domain")?,
    };
    let options = Options {
        challenge: asked.challenge.clone(),
        domain: asked.domain.clone(),
        refresh: false,
        ..Options::default()
    };
    let handed = serde_json::to_vec(document).unwrap_or_default();
    let report: Report = web.0.verification.judge(&handed, options).await.map_err(|_| busy())?;
    Ok(answer(&report, document, &asked))
}

/// `POST /vc/{tenant}/credentials/status`
pub(super) async fn set_status(
    State(web): State<Web>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    told(status_set(&web, &tenant, &headers, body).await)
}

async fn status_set(
    web: &Web,
    tenant: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Outcome {
    let token = token(web, tenant, headers)?;
    let body = Body::read(body)?;
    let Revocation { credential_id, revoked } = body.revocation()?;
    let request = SetCredentialStatusRequest { credential_id, revoked };
    let set = web.awarding().set_credential_status(with_token(request, token.text())).await;
    let set = set.map_err(|status| Detail::of(Problem::of(&status)))?.into_inner();
    web.0.shelf.wrote(set.written.unwrap_or_default().position);
    Ok(axum::Json(json!({})).into_response())
}

/// With which token the roles are asked.
enum Token {
    /// The caller's own.
    Own(String),
    /// One of ours, in the sandbox.
    Sandbox(String),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Token::Own(token) | Token::Sandbox(token) => token,
        }
    }
}

/// Who may have credentials issued in that tenant: whoever has a token of it, or anybody if it is
/// the sandbox. Of other tenants nobody learns whether they are there.
fn token(web: &Web, tenant: &str, headers: &HeaderMap) -> Result<Token, Detail> {
    let context = &web.0.context;
    let presented = headers.get(header::AUTHORIZATION);
    if let Some(sandbox) = web.0.sandbox.0.tenant.get()
        && sandbox.to_string() == tenant
        && presented.is_none()
    {
        return Ok(Token::Sandbox(context.tokens.service("gateway", *sandbox, web.now())));
    }
    let refused =
        |code: &str, detail: &str| Detail::of(Problem::new(StatusCode::UNAUTHORIZED, code, detail));
    let bearer = presented
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            let detail = "send an access token of this tenant: Authorization: Bearer …";
            refused("UNAUTHENTICATED", detail)
        })?;
    let principal = context
        .verifier
        .access(bearer, web.now())
        .map_err(|error| refused(error.code(), &error.to_string()))?;
    // Roles speak to each other over their own wires, never through the front door.
    if principal.kind == Kind::Service {
        return Err(refused("UNAUTHENTICATED", "this token is not for this door"));
    }
    if principal.tenant.to_string() != tenant {
        return Err(Detail::of(Problem::missing()));
    }
    Ok(Token::Own(bearer.to_owned()))
}

fn busy() -> Detail {
    let detail = "too much is asked for at the moment: try again in a second";
    Detail::of(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail))
}

/// Nothing of this is kept by anybody on the way.
fn told(outcome: Outcome) -> Response {
    let response = outcome.unwrap_or_else(|problem| problem.json(&Value::Null));
    ([(header::CACHE_CONTROL, KEEP_NOTHING)], response).into_response()
}
