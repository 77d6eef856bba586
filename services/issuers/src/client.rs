//! The calls about API clients.

use std::hint::black_box;

use auth::{Kind, Permission};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use eventstore::Execution;
use hmac::{Hmac, KeyInit, Mac};
use issuers_domain::{Client, ClientCommand, ClientCreated, ClientEvent, ClientId};
use kernel::{Base64, Class, CommandId, Fact, TenantId};
use keyvault::Secret;
use proto::issuers::v1 as wire;
use readmodel::tables;
use runtime::{
    call, command, lookup,
    page::{List, Window},
    status,
};
use sha2::{Digest, Sha256};
use tonic::{Request, Status};

use crate::{
    access::{self, CLIENT_MILLIS, Holder},
    clients::ClientRow,
    grants,
    grpc::Service,
    input,
};

pub(crate) async fn create(
    service: &Service,
    call: Request<wire::CreateClientRequest>,
) -> Result<wire::CreateClientResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::ManageClients).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let name = input::name(&request.name)?;
    let grants = grants::read(&request.grants)?;
    grants::require(&caller, Permission::ManageClients, &grants)?;
    let context = &service.context;
    let events = &*context.stores.events;
    grants::check_places(events, organization, &grants).await?;
    let key = &request.idempotency_key;
    let asked = call::execution(context, &caller, "CreateClient", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let client: ClientId = command::made(execution.command);
    let keyed = context.stores.vault.secret(caller.tenant, "client-secret").await;
    let secret = secret(&keyed.map_err(status::of_vault)?, execution.command);
    let secret_sha256 = Base64(Sha256::digest(&secret).to_vec());
    let created = ClientCreated { client, organization, name, secret_sha256, grants };
    let command = ClientCommand::Create(created);
    let ran = command::run::<Client>(events, &execution, &client, command).await?;
    let client = shown(&ran.facts, client);
    Ok(wire::CreateClientResponse { client, secret, written: Some(ran.written) })
}

/// The secret that goes with a command: 32 bytes that follow from the command and the vault, so
/// that a repeat shows the same, in text that secret scanners can recognise.
fn secret(keyed: &Secret, command: CommandId) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(keyed.expose()).expect("HMAC takes a key of any length");
    mac.update(command.uuid().as_bytes());
    format!("laurel_{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

pub(crate) async fn revoke(
    service: &Service,
    call: Request<wire::RevokeClientRequest>,
) -> Result<wire::RevokeClientResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    caller.require(Permission::ManageClients).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let client: ClientId = input::id(&request.client_id, "/clientId")?;
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "RevokeClient", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let events = &*context.stores.events;
    let ran = command::run::<Client>(events, &execution, &client, ClientCommand::Revoke).await?;
    let client = shown(&ran.facts, client);
    Ok(wire::RevokeClientResponse { client, written: Some(ran.written) })
}

pub(crate) async fn get(
    service: &Service,
    call: Request<wire::GetClientRequest>,
) -> Result<wire::GetClientResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    caller.require(Permission::Read).map_err(status::denied)?;
    let client: ClientId = input::id(&call.get_ref().client_id, "/clientId")?;
    call::consistent(&call, &service.clients).await?;
    let row: Option<ClientRow> =
        lookup::row(&service.clients, &tables::row_key(caller.tenant, client)).await?;
    let row = row.ok_or_else(status::missing)?;
    Ok(wire::GetClientResponse { client: Some(row.shown(client)) })
}

pub(crate) async fn list(
    service: &Service,
    call: Request<wire::ListClientsRequest>,
) -> Result<wire::ListClientsResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    caller.require(Permission::Read).map_err(status::denied)?;
    let window = Window::by_time(call.get_ref().page.clone())?;
    call::consistent(&call, &service.clients).await?;
    let (view, tenant) = (&service.clients, caller.tenant);
    let (found, page) = List::by_time(view, tenant).rows::<_, ClientRow>(&window).await?;
    let clients = found.into_iter().map(|(id, row)| row.shown(id)).collect();
    Ok(wire::ListClientsResponse { clients, page: Some(page) })
}

/// An access token for an id and its secret. Unknown id and wrong secret are refused alike; that a
/// client was revoked is told to the holder of its secret only.
pub(crate) async fn authenticate(
    service: &Service,
    call: Request<wire::AuthenticateClientRequest>,
) -> Result<wire::AuthenticateClientResponse, Status> {
    call::consistent(&call, &service.clients).await?;
    let request = call.into_inner();
    let known = match request.client_id.parse::<ClientId>() {
        Ok(client) => find(service, client).await?,
        Err(_) => None,
    };
    let (tenant, client) = match &known {
        Some((tenant, Client::Active(client) | Client::Revoked(client))) => (tenant, Some(client)),
        Some((_, Client::Absent)) | None => (&TenantId::PLATFORM, None),
    };
    let expected = client.map_or(&[0; 32][..], |client| &client.secret_sha256.0);
    let right = same(&Sha256::digest(request.secret.as_bytes()), expected);
    let Some(client) = client.filter(|_| right) else {
        let message = "the client id or its secret is wrong: check both";
        let refusal = runtime::Refusal::new("UNAUTHENTICATED", message);
        return Err(refusal.status(tonic::Code::Unauthenticated));
    };
    if let Some((_, Client::Revoked(_))) = known {
        let message = "this client was revoked: use another";
        return Err(status::rejected("CLIENT_REVOKED", Class::Forbidden, message, None, &[]));
    }
    let context = &service.context;
    let expires_at = context.stores.clock.now().plus_millis(CLIENT_MILLIS);
    let holder = Holder {
        subject: client.client.to_string(),
        kind: Kind::Client,
        organization: client.organization,
        grants: &client.grants,
    };
    let access_token = Some(access::token(context, holder, *tenant, expires_at));
    Ok(wire::AuthenticateClientResponse { access_token })
}

async fn find(service: &Service, client: ClientId) -> Result<Option<(TenantId, Client)>, Status> {
    let Some(tenant) = lookup::tenant_of(&service.context, &service.clients, client).await? else {
        return Ok(None);
    };
    let events = &*service.context.stores.events;
    Ok(Some((tenant, command::state::<Client>(events, tenant, &client).await?)))
}

/// Compares without telling by its time where the first difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    one.len() == other.len() && difference == 0
}

fn shown(facts: &[Fact<ClientEvent>], id: ClientId) -> Option<wire::Client> {
    facts.iter().fold(None, ClientRow::after).map(|row| row.shown(id))
}
