//! What every gRPC handler does first: who calls, which command it is, how fresh the answer must be.

use std::{sync::Arc, time::Duration};

use auth::{Denied, Kind, Permission, Principal};
use eventstore::Execution;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CommandId, Position};
use prost::Message;
use readmodel::View;
use sha2::Sha256;
use tonic::{Code, Request, Status, metadata::MetadataMap};
use uuid::Uuid;

use crate::{Context, Deadline, Refusal, status};

/// The metadata key of the position that an answer must include.
pub const CONSISTENCY: &str = "laurel-consistency-token";
/// The metadata key of W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// The metadata that travels from an incoming call to the calls that it makes.
pub const TRAVELLING: [&str; 4] = ["authorization", CONSISTENCY, TRACEPARENT, "x-request-id"];

const PATIENCE: Duration = Duration::from_secs(2);

/// Who calls.
///
/// # Errors
/// `UNAUTHENTICATED` on a public method that was called without a token.
pub fn principal<T>(request: &Request<T>) -> Result<Arc<Principal>, Status> {
    let principal = request.extensions().get::<Arc<Principal>>();
    principal.cloned().ok_or_else(|| status::unauthenticated(auth::AuthError::MissingToken))
}

/// The member or client who calls: those who work for an organisation.
///
/// # Errors
/// `NOT_PERMITTED` for others, and as [`principal`].
pub fn colleague<T>(request: &Request<T>) -> Result<Arc<Principal>, Status> {
    let principal = principal(request)?;
    match principal.kind {
        Kind::Member | Kind::Client => Ok(principal),
        _ => Err(status::denied(Denied { permission: Permission::Read })),
    }
}

/// The command that this call is: the same principal, method and key are the same command, however
/// often it is sent, and the fingerprint of the request tells a repeat from another request under
/// the same key. The key has 1 to 255 printable ASCII characters.
///
/// # Errors
/// `INVALID_INPUT`.
pub fn execution(
    context: &Context,
    principal: &Principal,
    method: &'static str,
    key: &str,
    request: &impl Message,
) -> Result<Execution, Status> {
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let message = "the idempotency key has 1 to 255 printable characters: send another";
        let refusal = Refusal::new("INVALID_INPUT", message).at("/idempotencyKey");
        return Err(refusal.status(Code::InvalidArgument));
    }
    let tenant = principal.tenant;
    let parts = [&tenant.bytes()[..], principal.subject.as_bytes(), method.as_bytes()];
    let command = CommandId::derived(&[parts[0], parts[1], parts[2], key.as_bytes()]);
    Ok(Execution {
        tenant,
        actor: principal.actor(),
        command,
        fingerprint: Some(fingerprint(context, request)),
        causation: None,
        traceparent: None,
        at: context.stores.clock.now(),
    })
}

/// What tells this request from another under the same key: the first 16 bytes of the HMAC-SHA256
/// of the encoded request. Keyed, because a request may hold an address, and a plain digest of it
/// would outlive the person's erasure.
///
/// # Panics
/// Never: HMAC takes keys of every length.
#[must_use]
pub fn fingerprint(context: &Context, request: &impl Message) -> Uuid {
    let mut mac = Hmac::<Sha256>::new_from_slice(context.fingerprint_key.expose())
        .expect("HMAC takes keys of every length");
    mac.update(&request.encode_to_vec());
    let mut first = [0; 16];
    first.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    uuid::Builder::from_custom_bytes(first).into_uuid()
}

/// The trace context that came with the call, if it has its form (W3C Trace Context 3.2).
#[must_use]
pub fn traceparent<T>(request: &Request<T>) -> Option<String> {
    let text = request.metadata().get(TRACEPARENT)?.to_str().ok()?;
    let lengths = text.split('-').map(str::len).eq([2, 32, 16, 2]);
    let hex = text.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (lengths && hex).then(|| text.to_owned())
}

/// Reads your own writes: waits until the model includes the position that came with the call, at
/// most two seconds. Nothing to wait for when none came.
///
/// # Errors
/// `INVALID_INPUT`; `CONSISTENCY_TIMEOUT`, which a retry heals.
pub async fn consistent<T>(request: &Request<T>, view: &View) -> Result<(), Status> {
    let Some(position) = position(request.metadata())? else { return Ok(()) };
    let waited = match request.extensions().get::<Arc<Principal>>() {
        Some(principal) => view.wait_for(principal.tenant, position, PATIENCE).await,
        None => view.wait(position, PATIENCE).await,
    };
    waited.map_err(status::of_wait)
}

/// Waits until the model includes all that has happened so far, at most two seconds: for lookups of
/// what may have been made a moment ago by somebody who could not hand on a consistency token.
///
/// # Errors
/// `CONSISTENCY_TIMEOUT`, which a retry heals.
pub async fn caught_up(context: &Context, view: &View) -> Result<(), Status> {
    let head = context.stores.events.head().await.map_err(status::of_store)?;
    view.wait(head, PATIENCE).await.map_err(status::of_wait)
}

/// The position that an answer must include, if the caller named one.
///
/// # Errors
/// `INVALID_INPUT`.
pub fn position(metadata: &MetadataMap) -> Result<Option<Position>, Status> {
    let Some(token) = metadata.get(CONSISTENCY) else { return Ok(None) };
    let position = token.to_str().ok().and_then(|text| text.parse().ok());
    position.map(Position).map(Some).ok_or_else(|| {
        let message = "not a consistency token that a command gave: send one, or none";
        Refusal::new("INVALID_INPUT", message).status(Code::InvalidArgument)
    })
}

/// A request that carries on what came with another: token, freshness, trace, request id, and what
/// is left of the time that its caller waits.
pub fn carry<T, U>(incoming: &Request<T>, message: U) -> Request<U> {
    let mut outgoing = Request::new(message);
    if let Some(deadline) = incoming.extensions().get::<Deadline>() {
        deadline.tell(&mut outgoing);
    }
    for key in TRAVELLING {
        if let Some(value) = incoming.metadata().get(key) {
            outgoing.metadata_mut().insert(key, value.clone());
        }
    }
    outgoing
}

/// A request with a token of its own, such as one of [`auth::Tokens::service`].
///
/// # Errors
/// When the token is no ASCII text.
pub fn with_token<T>(token: &str, message: T) -> Result<Request<T>, Status> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse();
    let value = value.map_err(|_| status::unauthenticated(auth::AuthError::MalformedToken))?;
    request.metadata_mut().insert("authorization", value);
    Ok(request)
}
