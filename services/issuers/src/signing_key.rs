//! The calls about signing keys.

use auth::Permission;
use eventstore::Execution;
use issuers_domain::{
    Issuer, IssuerCommand, IssuerId, IssuerRejection, KeyId, SigningKeyKind, SigningKeyRevoked,
};
use kernel::{Class, Timestamp};
use proto::issuers::v1 as wire;
use runtime::{call, command, status};
use tonic::{Request, Status};

use crate::{grpc::Service, input, issuer::shown};

/// The most characters of a reason.
const LONGEST_REASON: usize = 1_000;

pub(crate) async fn rotate(
    service: &Service,
    call: Request<wire::RotateSigningKeyRequest>,
) -> Result<wire::RotateSigningKeyResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    caller.require_at(Permission::ManageKeys, &issuer.to_string()).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let wanted = kind(request.kind, "/kind")?;
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "RotateSigningKey", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let events = &*context.stores.events;
    let state = command::state::<Issuer>(events, caller.tenant, &issuer).await?;
    // No key is made for an issuer that is not there.
    let Issuer::Active { kind: present, .. } = state else { return Err(status::missing()) };
    let id: KeyId = command::made(execution.command);
    let new = service.keys.make(caller.tenant, id, wanted.unwrap_or(present)).await?;
    let command = IssuerCommand::RotateKey(new);
    let ran = command::run::<Issuer>(events, &execution, &issuer, command).await?;
    service.keys.forget(caller.tenant, issuer);
    let issuer = shown(&ran.facts, issuer, caller.tenant);
    Ok(wire::RotateSigningKeyResponse { issuer, written: Some(ran.written) })
}

pub(crate) async fn revoke(
    service: &Service,
    call: Request<wire::RevokeSigningKeyRequest>,
) -> Result<wire::RevokeSigningKeyResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    caller.require_at(Permission::ManageKeys, &issuer.to_string()).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let lost: KeyId = input::id(&request.key_id, "/keyId")?;
    let since: Timestamp = request.compromised_since.parse().map_err(|error| {
        let message = format!("{error}: name the moment when the key may have been lost");
        invalid(&message, "/compromisedSince")
    })?;
    let reason = request.reason.trim();
    let control = |c: char| c.is_control() && c != '\n';
    if reason.chars().count() > LONGEST_REASON || reason.chars().any(control) {
        return Err(invalid("a reason is a text of at most 1,000 characters", "/reason"));
    }
    let revoked = SigningKeyRevoked {
        key: lost,
        // Proofs and DID documents tell the time in seconds.
        compromised_since: since.whole_second(),
        reason: reason.to_owned(),
    };
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "RevokeSigningKey", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let events = &*context.stores.events;
    let state = command::state::<Issuer>(events, caller.tenant, &issuer).await?;
    let Issuer::Active { kind, key: signing, retired, .. } = state else {
        return Err(status::missing());
    };
    // Nor for a key that is not.
    if signing != lost && !retired.contains(&lost) {
        return Err(status::of_rejection(&IssuerRejection::KeyUnknown));
    }
    let id: KeyId = command::made(execution.command);
    let new = service.keys.make(caller.tenant, id, kind).await?;
    let command = IssuerCommand::RevokeKey { revoked, new, at: execution.at };
    let ran = command::run::<Issuer>(events, &execution, &issuer, command).await?;
    service.keys.forget(caller.tenant, issuer);
    let issuer = shown(&ran.facts, issuer, caller.tenant);
    Ok(wire::RevokeSigningKeyResponse { issuer, written: Some(ran.written) })
}

/// The kind of key that is asked for, if any is.
pub(crate) fn kind(wanted: i32, path: &'static str) -> Result<Option<SigningKeyKind>, Status> {
    match wire::SigningKeyKind::try_from(wanted) {
        Ok(wire::SigningKeyKind::Unspecified) => Ok(None),
        Ok(wire::SigningKeyKind::Ed25519) => Ok(Some(SigningKeyKind::Ed25519)),
        Ok(wire::SigningKeyKind::P256) => Ok(Some(SigningKeyKind::P256)),
        Err(_) => {
            Err(invalid("there is no such kind of signing key: choose ed25519 or p256", path))
        }
    }
}

fn invalid(message: &str, path: &str) -> Status {
    status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[])
}
