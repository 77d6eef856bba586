//! The calls about the organisation and its tenants.

use auth::{Denied, Kind, Permission};
use eventstore::Execution;
use issuers_domain::{
    Grants, Organization, OrganizationCommand, OrganizationCreated, Tenant, TenantCommand,
    TenantCreated,
};
use kernel::{OrganizationId, TenantId};
use proto::{
    issuers::v1::{
        CreateOrganizationRequest, CreateOrganizationResponse, CreateTenantRequest,
        CreateTenantResponse, GetOrganizationRequest, GetOrganizationResponse, GetTenantRequest,
        GetTenantResponse, ListTenantsRequest, ListTenantsResponse,
    },
    write::v1::Written,
};
use readmodel::tables;
use runtime::{
    call, command, lookup,
    page::{List, Window},
    status,
};
use tonic::{Request, Status};

use crate::{
    access, grants,
    grpc::Service,
    input, member,
    organizations::{OrganizationRow, TenantRow},
    owners,
};

/// Makes the organisation, then its first owner. A repeat completes what a crash cut short.
pub(crate) async fn create(
    service: &Service,
    call: Request<CreateOrganizationRequest>,
) -> Result<CreateOrganizationResponse, Status> {
    let operator = call::principal(&call)?;
    if operator.kind != Kind::Operator {
        return Err(status::denied(Denied { permission: Permission::ManageOrganization }));
    }
    let traceparent = call::traceparent(&call);
    let mut request = call.into_inner();
    let name = input::name(&request.name)?;
    let owner = input::email(&request.owner_email, "/ownerEmail")?;
    let context = &service.context;
    // The address is taken out before the request leaves its mark on a fact.
    request.owner_email.clear();
    let key = request.idempotency_key.clone();
    let asked = call::execution(context, &operator, "CreateOrganization", &key, &request)?;
    let organization: OrganizationId = command::made(asked.command);
    let person = member::identify(context, organization, &owner).await?;
    request.owner_email = person.member.to_string();
    let execution = Execution {
        tenant: organization.home(),
        fingerprint: Some(call::fingerprint(context, &request)),
        traceparent,
        ..asked
    };
    let created = OrganizationCreated { organization, name: name.clone() };
    let command = OrganizationCommand::Create(created);
    let events = &*context.stores.events;
    let made = command::run::<Organization>(events, &execution, &organization, command).await?;
    let invited =
        member::invite_person(context, &execution, organization, &person, &owner, Grants::owner())
            .await?;
    owners::settle(context, &execution, organization, person.member).await?;
    if !invited.written.replayed {
        service.send_invitation(organization, &name, person.member, owner, execution.command);
    }
    let position = events.head().await.map_err(status::of_store)?.0;
    let replayed = made.written.replayed && invited.written.replayed;
    let row = made.facts.iter().fold(None, OrganizationRow::after);
    Ok(CreateOrganizationResponse {
        organization: row.map(|row| row.shown(organization)),
        written: Some(Written { position, replayed }),
    })
}

pub(crate) async fn get(
    service: &Service,
    call: Request<GetOrganizationRequest>,
) -> Result<GetOrganizationResponse, Status> {
    let (_, organization) = input::colleague(&call)?;
    call::consistent(&call, &service.organizations).await?;
    let key = OrganizationRow::key(organization);
    let row: Option<OrganizationRow> = lookup::row(&service.organizations, &key).await?;
    let row = row.ok_or_else(status::missing)?;
    Ok(GetOrganizationResponse { organization: Some(row.shown(organization)) })
}

pub(crate) async fn create_tenant(
    service: &Service,
    call: Request<CreateTenantRequest>,
) -> Result<CreateTenantResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::ManageTenants).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let name = input::name(&request.name)?;
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "CreateTenant", key, &request)?;
    let execution = Execution { tenant: organization.home(), traceparent, ..asked };
    let tenant: TenantId = command::made(execution.command);
    let command = TenantCommand::Create(TenantCreated { tenant, organization, name });
    let events = &*context.stores.events;
    let ran = command::run::<Tenant>(events, &execution, &tenant, command).await?;
    let tenant = ran.facts.first().map(|fact| TenantRow::of(fact).shown(tenant));
    Ok(CreateTenantResponse { tenant, written: Some(ran.written) })
}

pub(crate) async fn get_tenant(
    service: &Service,
    call: Request<GetTenantRequest>,
) -> Result<GetTenantResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    let tenant: TenantId = input::id(&call.get_ref().tenant_id, "/tenantId")?;
    call::consistent(&call, &service.organizations).await?;
    if !grants::everywhere(&caller, Permission::Read) {
        let granted = access::still_granted(service, &caller, organization).await?;
        if grants::in_tenant(&granted, tenant).is_empty() {
            return Err(status::missing());
        }
    }
    let key = tables::row_key(organization.home(), tenant);
    let row: Option<TenantRow> = lookup::row(&service.organizations, &key).await?;
    let row = row.ok_or_else(status::missing)?;
    Ok(GetTenantResponse { tenant: Some(row.shown(tenant)) })
}

pub(crate) async fn list_tenants(
    service: &Service,
    call: Request<ListTenantsRequest>,
) -> Result<ListTenantsResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    let window = Window::by_time(call.get_ref().page.clone())?;
    call::consistent(&call, &service.organizations).await?;
    let (view, home) = (&service.organizations, organization.home());
    let (shown, page) = if grants::everywhere(&caller, Permission::Read) {
        List::by_time(view, home).rows::<_, TenantRow>(&window).await?
    } else {
        let granted = access::still_granted(service, &caller, organization).await?;
        let mut reached: Vec<TenantId> =
            granted.as_slice().iter().filter_map(|grant| grant.scope.tenant()).collect();
        reached.sort_unstable();
        reached.dedup();
        let mut found = Vec::with_capacity(reached.len());
        for tenant in reached {
            let row: Option<TenantRow> = lookup::row(view, &tables::row_key(home, tenant)).await?;
            found.extend(row.map(|row| (tables::place(row.created_at, tenant), (tenant, row))));
        }
        found.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        window.cut(found)
    };
    let tenants = shown.into_iter().map(|(id, row)| row.shown(id)).collect();
    Ok(ListTenantsResponse { tenants, page: Some(page) })
}
