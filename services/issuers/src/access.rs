//! Access tokens: for whom, where, how long.

use auth::{Kind, Principal};
use issuers_domain::{Client, ClientId, Grants, Member, MemberId};
use kernel::{OrganizationId, TenantId, Timestamp};
use proto::issuers::v1::AccessToken;
use runtime::{Context, command, lookup, status};
use tonic::Status;

use crate::{grants, grpc::Service};

/// How long a member's token is good, in milliseconds.
pub(crate) const MEMBER_MILLIS: i64 = 15 * 60 * 1000;
/// How long a client's token is good, in milliseconds.
pub(crate) const CLIENT_MILLIS: i64 = 60 * 60 * 1000;

/// Whose token it is.
pub(crate) struct Holder<'h> {
    pub(crate) subject: String,
    pub(crate) kind: Kind,
    pub(crate) organization: OrganizationId,
    pub(crate) grants: &'h Grants,
}

/// A token of the holder in that tenant.
pub(crate) fn token(
    context: &Context,
    holder: Holder<'_>,
    tenant: TenantId,
    expires_at: Timestamp,
) -> AccessToken {
    let principal = Principal {
        subject: holder.subject,
        kind: holder.kind,
        organization: Some(holder.organization),
        tenant,
        grants: grants::in_tenant(holder.grants, tenant),
        issued_at: context.stores.clock.now(),
        expires_at,
        token_id: context.stores.ids.uuid(),
    };
    AccessToken {
        token: context.tokens.access(&principal),
        expires_at: expires_at.to_string(),
        tenant_id: tenant.to_string(),
    }
}

/// What the caller was granted as of now, wherever it holds; none when that has ended. A token
/// carries only what holds in its own tenant.
///
/// # Errors
/// When the stores do not answer.
pub(crate) async fn granted(
    service: &Service,
    caller: &Principal,
    organization: OrganizationId,
) -> Result<Option<Grants>, Status> {
    let events = &*service.context.stores.events;
    if let Ok(member) = caller.subject.parse::<MemberId>() {
        let member = command::state::<Member>(events, organization.home(), &member).await?;
        return Ok(match member {
            Member::Active { grants, .. } => Some(grants),
            Member::Absent | Member::Removed => None,
        });
    }
    let Ok(client) = caller.subject.parse::<ClientId>() else { return Ok(None) };
    let Some(tenant) = lookup::tenant_of(&service.context, &service.clients, client).await? else {
        return Ok(None);
    };
    Ok(match command::state::<Client>(events, tenant, &client).await? {
        Client::Active(client) => Some(client.grants),
        Client::Absent | Client::Revoked(_) => None,
    })
}

/// As [`granted`], for a caller who must have something.
///
/// # Errors
/// `NOT_FOUND` when nothing is granted any more.
pub(crate) async fn still_granted(
    service: &Service,
    caller: &Principal,
    organization: OrganizationId,
) -> Result<Grants, Status> {
    granted(service, caller, organization).await?.ok_or_else(status::missing)
}
