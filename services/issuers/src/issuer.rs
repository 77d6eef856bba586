//! The calls about issuer profiles.

use auth::Permission;
use eventstore::Execution;
use issuers_domain::{Issuer, IssuerCommand, IssuerCreated, IssuerEvent, IssuerId, KeyId, Profile};
use kernel::{Class, Fact, TenantId};
use openbadges::{
    did_web_from_url,
    lint::{Text, check_text},
};
use proto::issuers::v1 as wire;
use readmodel::tables;
use runtime::{
    call,
    command::{self, Ran},
    lookup,
    page::{List, Window},
    status,
};
use tonic::{Request, Status};

use crate::{grpc::Service, input, issuers::IssuerRow, signing_key};

pub(crate) async fn create(
    service: &Service,
    call: Request<wire::CreateIssuerRequest>,
) -> Result<wire::CreateIssuerResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    caller.require(Permission::ManageIssuers).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let profile = profile(&request.name, &request.url, &request.description, &request.email)?;
    let kind = signing_key::kind(request.key_kind, "/keyKind")?.unwrap_or_default();
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "CreateIssuer", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let issuer: IssuerId = command::made(execution.command);
    let id: KeyId = command::made(execution.command);
    let new = service.keys.make(caller.tenant, id, kind).await?;
    let did = match wire::DidMethod::try_from(request.did_method) {
        Ok(wire::DidMethod::Unspecified | wire::DidMethod::Web) => {
            did_web(&context.public_url, issuer)?
        }
        Ok(wire::DidMethod::Key) => format!("did:key:{}", new.multikey),
        Err(_) => {
            let message = "there is no such method of identifiers: choose web or key";
            return Err(status::rejected(
                "INVALID_INPUT",
                Class::Invalid,
                message,
                Some("/didMethod"),
                &[],
            ));
        }
    };
    let created = IssuerCreated { issuer, did, profile };
    let command = IssuerCommand::Create(created, new);
    let events = &*context.stores.events;
    let ran = command::run::<Issuer>(events, &execution, &issuer, command).await?;
    let Ran { facts, written } = ran;
    let issuer = shown(&facts, issuer, caller.tenant);
    Ok(wire::CreateIssuerResponse { issuer, written: Some(written) })
}

pub(crate) async fn update(
    service: &Service,
    call: Request<wire::UpdateIssuerRequest>,
) -> Result<wire::UpdateIssuerResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    caller.require_at(Permission::ManageIssuers, &issuer.to_string()).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let profile = profile(&request.name, &request.url, &request.description, &request.email)?;
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "UpdateIssuer", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let (events, command) = (&*context.stores.events, IssuerCommand::Update(profile));
    let ran = command::run::<Issuer>(events, &execution, &issuer, command).await?;
    let issuer = shown(&ran.facts, issuer, caller.tenant);
    Ok(wire::UpdateIssuerResponse { issuer, written: Some(ran.written) })
}

pub(crate) async fn get(
    service: &Service,
    call: Request<wire::GetIssuerRequest>,
) -> Result<wire::GetIssuerResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    caller.require_at(Permission::Read, &issuer.to_string()).map_err(status::denied)?;
    call::consistent(&call, &service.issuers).await?;
    let issuer = find(service, caller.tenant, issuer).await?;
    Ok(wire::GetIssuerResponse { issuer: Some(issuer) })
}

pub(crate) async fn list(
    service: &Service,
    call: Request<wire::ListIssuersRequest>,
) -> Result<wire::ListIssuersResponse, Status> {
    let (caller, _) = input::colleague(&call)?;
    let window = Window::by_time(call.get_ref().page.clone())?;
    call::consistent(&call, &service.issuers).await?;
    let (view, tenant) = (&service.issuers, caller.tenant);
    let (shown, page) = if caller.require(Permission::Read).is_ok() {
        List::by_time(view, tenant).rows::<_, IssuerRow>(&window).await?
    } else {
        // Whoever works for single issuers sees these.
        let mut found = Vec::new();
        for grant in &caller.grants {
            let auth::Scope::Issuer(issuer) = &grant.scope else { continue };
            let Ok(issuer) = issuer.parse::<IssuerId>() else { continue };
            let row: Option<IssuerRow> =
                lookup::row(view, &tables::row_key(tenant, issuer)).await?;
            found.extend(row.map(|row| (tables::place(row.created_at, issuer), (issuer, row))));
        }
        if found.is_empty() {
            caller.require(Permission::Read).map_err(status::denied)?;
        }
        found.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        found.dedup_by(|(one, _), (other, _)| one == other);
        window.cut(found)
    };
    let issuers = shown.into_iter().map(|(id, row)| row.shown(id, tenant)).collect();
    Ok(wire::ListIssuersResponse { issuers, page: Some(page) })
}

pub(crate) async fn get_public(
    service: &Service,
    call: Request<wire::GetPublicIssuerRequest>,
) -> Result<wire::GetPublicIssuerResponse, Status> {
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    call::consistent(&call, &service.issuers).await?;
    let tenant = lookup::tenant_of(&service.context, &service.issuers, issuer)
        .await?
        .ok_or_else(status::missing)?;
    let mut issuer = find(service, tenant, issuer).await?;
    for key in &mut issuer.keys {
        key.revocation_reason.clear();
    }
    Ok(wire::GetPublicIssuerResponse { issuer: Some(issuer) })
}

async fn find(
    service: &Service,
    tenant: TenantId,
    issuer: IssuerId,
) -> Result<wire::Issuer, Status> {
    let row: Option<IssuerRow> =
        lookup::row(&service.issuers, &tables::row_key(tenant, issuer)).await?;
    Ok(row.ok_or_else(status::missing)?.shown(issuer, tenant))
}

pub(crate) fn shown(
    facts: &[Fact<IssuerEvent>],
    id: IssuerId,
    tenant: TenantId,
) -> Option<wire::Issuer> {
    facts.iter().fold(None, IssuerRow::after).map(|row| row.shown(id, tenant))
}

fn profile(name: &str, url: &str, description: &str, email: &str) -> Result<Profile, Status> {
    let profile = Profile::new(name, url, description, email);
    let profile = profile.map_err(|error| status::of_rejection(&error))?;
    let described = profile.description.as_deref().map(|text| ("/description", text, Text::Plain));
    let named = ("/name", profile.name.as_str(), Text::Line);
    // What no credential may hold is refused to its author and not when a badge is awarded.
    for (path, text, expected) in [named].into_iter().chain(described) {
        if let Some(finding) = check_text(path, text, expected).into_iter().next() {
            let message = format!("the text {}", finding.fault.message);
            let invalid = Class::Invalid;
            return Err(status::rejected("INVALID_INPUT", invalid, &message, Some(path), &[]));
        }
    }
    Ok(profile)
}

/// The issuer's did:web. A public URL without TLS (a trial on one machine) gets the same id that
/// it would have with it.
fn did_web(public_url: &str, issuer: IssuerId) -> Result<String, Status> {
    let host = public_url.trim_start_matches("https://").trim_start_matches("http://");
    did_web_from_url(&format!("https://{host}/i/{issuer}"))
        .map_err(|error| status::internal(&error))
}
