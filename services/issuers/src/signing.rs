//! The signer: signs what a credential's proof asks to be signed, for other roles only.

use auth::{Denied, Kind, Permission};
use issuers_domain::{IssuerId, IssuerRejection, KeyId};
use kernel::Class;
use proto::issuers::v1::{SignRequest, SignResponse};
use runtime::{call, status};
use tonic::{Request, Status};

use crate::{grpc::Service, input};

/// Most payloads of one call.
const MOST: usize = 1_024;
/// The most bytes of a payload.
const LARGEST: usize = 64 * 1024;

pub(crate) async fn sign(
    service: &Service,
    call: Request<SignRequest>,
) -> Result<SignResponse, Status> {
    let caller = call::principal(&call)?;
    if caller.kind != Kind::Service {
        return Err(status::denied(Denied { permission: Permission::ManageKeys }));
    }
    let request = call.into_inner();
    let issuer: IssuerId = input::id(&request.issuer_id, "/issuerId")?;
    let key: KeyId = input::id(&request.key_id, "/keyId")?;
    let sized = request.payloads.iter().all(|payload| payload.len() <= LARGEST);
    if !(1..=MOST).contains(&request.payloads.len()) || !sized {
        let message = "one call signs 1 to 1,024 payloads of at most 64 KiB each: split it";
        let path = Some("/payloads");
        return Err(status::rejected("LIMIT_EXCEEDED", Class::Exhausted, message, path, &[]));
    }
    let events = &*service.context.stores.events;
    let mut held = service.keys.signing(events, caller.tenant, issuer).await?;
    if held.id != key {
        // The caller may know of a newer key than this process does.
        service.keys.forget(caller.tenant, issuer);
        held = service.keys.signing(events, caller.tenant, issuer).await?;
    }
    if held.id != key {
        return Err(status::of_rejection(&IssuerRejection::KeyRetired));
    }
    Ok(SignResponse { signatures: held.sign(request.payloads).await? })
}
