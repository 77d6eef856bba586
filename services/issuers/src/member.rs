//! The calls about members.

use auth::{Permission, Principal};
use eventstore::Execution;
use issuers_domain::{
    Grants, IdentityId, Invitation, Member, MemberCommand, MemberEvent, MemberId, Organization,
};
use kernel::{EmailAddress, Fact, OrganizationId, TenantId};
use keyvault::{Owner, subject_of, unseal};
use proto::issuers::v1 as wire;
use readmodel::tables;
use runtime::{
    Context, call,
    command::{self, Ran},
    lookup,
    page::{List, Window},
    status,
};
use tonic::{Request, Status};

use crate::{grants, grpc::Service, input, members::MemberRow, owners};

/// What an address is sealed for.
const EMAIL: &str = "email";

/// A person as an organisation and as sign-in know them.
pub(crate) struct Person {
    pub(crate) member: MemberId,
    pub(crate) identity: IdentityId,
}

/// The person with this address: the same ids for the same address, and nothing to be read from
/// them without the vault.
pub(crate) async fn identify(
    context: &Context,
    organization: OrganizationId,
    address: &EmailAddress,
) -> Result<Person, Status> {
    let secret = context.stores.vault.secret(organization.home(), "member-id").await;
    let known_here = subject_of(&secret.map_err(status::of_vault)?, address);
    let identity = identity(context, address).await?;
    Ok(Person { member: MemberId::from_uuid(known_here.uuid()), identity })
}

/// Who signs in with this address.
pub(crate) async fn identity(
    context: &Context,
    address: &EmailAddress,
) -> Result<IdentityId, Status> {
    let secret = context.stores.vault.secret(TenantId::PLATFORM, "member-sign-in").await;
    let known = subject_of(&secret.map_err(status::of_vault)?, address);
    Ok(IdentityId::from_uuid(known.uuid()))
}

/// Makes a person a member, the address sealed under the member's own key.
pub(crate) async fn invite_person(
    context: &Context,
    execution: &Execution,
    organization: OrganizationId,
    person: &Person,
    address: &EmailAddress,
    grants: Grants,
) -> Result<Ran<MemberEvent>, Status> {
    let owner = Owner::new(organization.home(), person.member);
    let vault = &context.stores.vault;
    let keys = vault.ensure(std::slice::from_ref(&owner)).await.map_err(status::of_vault)?;
    let key = keys.first().ok_or_else(|| status::of_vault(keyvault::VaultError::Closed))?;
    let email = key.seal(&owner, EMAIL, address.as_str().as_bytes(), rand::random());
    let (member, identity) = (person.member, person.identity);
    let invitation = Invitation { member, organization, identity, email, grants };
    let events = &*context.stores.events;
    command::run::<Member>(events, execution, &member, MemberCommand::Invite(invitation)).await
}

pub(crate) async fn invite(
    service: &Service,
    call: Request<wire::InviteMemberRequest>,
) -> Result<wire::InviteMemberResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::ManageMembers).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let mut request = call.into_inner();
    let address = input::email(&request.email, "/email")?;
    let grants = grants::read(&request.grants)?;
    grants::require(&caller, Permission::ManageMembers, &grants)?;
    let context = &service.context;
    grants::check_places(&*context.stores.events, organization, &grants).await?;
    let person = identify(context, organization, &address).await?;
    // The address is taken out before the request leaves its mark on a fact.
    request.email = person.member.to_string();
    let key = &request.idempotency_key;
    let asked = call::execution(context, &caller, "InviteMember", key, &request)?;
    let execution = Execution { tenant: organization.home(), traceparent, ..asked };
    let ran = invite_person(context, &execution, organization, &person, &address, grants).await?;
    owners::settle(context, &execution, organization, person.member).await?;
    if !ran.written.replayed {
        let home = organization.home();
        let events = &*context.stores.events;
        if let Organization::Active { name, .. } =
            command::state::<Organization>(events, home, &organization).await?
        {
            let command = execution.command;
            service.send_invitation(organization, &name, person.member, address, command);
        }
    }
    let member = after(service, &caller, organization, &ran.facts, person.member).await?;
    Ok(wire::InviteMemberResponse { member, written: Some(ran.written) })
}

pub(crate) async fn change(
    service: &Service,
    call: Request<wire::ChangeMemberRequest>,
) -> Result<wire::ChangeMemberResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let member: MemberId = input::id(&request.member_id, "/memberId")?;
    let new = grants::read(&request.grants)?;
    grants::require(&caller, Permission::ManageMembers, &new)?;
    let context = &service.context;
    grants::check_places(&*context.stores.events, organization, &new).await?;
    let key = &request.idempotency_key;
    let asked = call::execution(context, &caller, "ChangeMember", key, &request)?;
    let execution = Execution { tenant: organization.home(), traceparent, ..asked };
    let ran = if let Some(ran) = already(context, &execution, member).await? {
        ran
    } else {
        let keeps_owning = new.own();
        let command = MemberCommand::Change(new);
        alter(context, &caller, &execution, (organization, member), command, keeps_owning).await?
    };
    let member = after(service, &caller, organization, &ran.facts, member).await?;
    Ok(wire::ChangeMemberResponse { member, written: Some(ran.written) })
}

pub(crate) async fn remove(
    service: &Service,
    call: Request<wire::RemoveMemberRequest>,
) -> Result<wire::RemoveMemberResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::ManageMembers).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let member: MemberId = input::id(&request.member_id, "/memberId")?;
    let (context, key) = (&service.context, &request.idempotency_key);
    let asked = call::execution(context, &caller, "RemoveMember", key, &request)?;
    let execution = Execution { tenant: organization.home(), traceparent, ..asked };
    let ran = if let Some(ran) = already(context, &execution, member).await? {
        ran
    } else {
        let (whom, command) = ((organization, member), MemberCommand::Remove);
        alter(context, &caller, &execution, whom, command, false).await?
    };
    let member = after(service, &caller, organization, &ran.facts, member).await?;
    Ok(wire::RemoveMemberResponse { member, written: Some(ran.written) })
}

/// What the command did when it ran before.
async fn already(
    context: &Context,
    execution: &Execution,
    member: MemberId,
) -> Result<Option<Ran<MemberEvent>>, Status> {
    let events = &*context.stores.events;
    let facts = command::history::<Member>(events, execution.tenant, &member).await?;
    let written = command::ran_before(&facts, execution)?;
    Ok(written.map(|written| Ran { facts, written }))
}

/// Changes or removes a member whose present grants the caller may take away; an owner leaves the
/// organisation's set of owners first.
async fn alter(
    context: &Context,
    caller: &Principal,
    execution: &Execution,
    (organization, member): (OrganizationId, MemberId),
    command: MemberCommand,
    keeps_owning: bool,
) -> Result<Ran<MemberEvent>, Status> {
    let events = &*context.stores.events;
    let before = command::state::<Member>(events, execution.tenant, &member).await?;
    if let Member::Active { grants, .. } = &before {
        grants::require(caller, Permission::ManageMembers, grants)?;
        if grants.own() && !keeps_owning {
            owners::release(context, execution, organization, member).await?;
        }
    }
    let ran = command::run::<Member>(events, execution, &member, command).await;
    owners::settle(context, execution, organization, member).await?;
    ran
}

pub(crate) async fn get(
    service: &Service,
    call: Request<wire::GetMemberRequest>,
) -> Result<wire::GetMemberResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::Read).map_err(status::denied)?;
    let member: MemberId = input::id(&call.get_ref().member_id, "/memberId")?;
    call::consistent(&call, &service.members).await?;
    let key = tables::row_key(organization.home(), member);
    let row: Option<MemberRow> = lookup::row(&service.members, &key).await?;
    let row = row.ok_or_else(status::missing)?;
    let member = shown(service, &caller, organization, member, row).await?;
    Ok(wire::GetMemberResponse { member: Some(member) })
}

pub(crate) async fn list(
    service: &Service,
    call: Request<wire::ListMembersRequest>,
) -> Result<wire::ListMembersResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    caller.require(Permission::Read).map_err(status::denied)?;
    let window = Window::by_time(call.get_ref().page.clone())?;
    call::consistent(&call, &service.members).await?;
    let home = organization.home();
    let (found, page) = List::by_time(&service.members, home).rows::<_, MemberRow>(&window).await?;
    let mut members = Vec::with_capacity(found.len());
    for (id, row) in found {
        members.push(shown(service, &caller, organization, id, row).await?);
    }
    Ok(wire::ListMembersResponse { members, page: Some(page) })
}

async fn after(
    service: &Service,
    caller: &Principal,
    organization: OrganizationId,
    facts: &[Fact<MemberEvent>],
    id: MemberId,
) -> Result<Option<wire::Member>, Status> {
    match facts.iter().fold(None, MemberRow::after) {
        None => Ok(None),
        Some(row) => shown(service, caller, organization, id, row).await.map(Some),
    }
}

/// The member, with the address for those who may see people where the member works.
async fn shown(
    service: &Service,
    caller: &Principal,
    organization: OrganizationId,
    id: MemberId,
    row: MemberRow,
) -> Result<wire::Member, Status> {
    let near = grants::everywhere(caller, Permission::ReadPeople)
        || row.grants.as_slice().iter().any(|grant| grant.scope.tenant() == Some(caller.tenant));
    let email = if near && caller.require(Permission::ReadPeople).is_ok() {
        let vault = &*service.context.stores.vault;
        let address = unseal(vault, organization.home(), EMAIL, &row.email).await;
        let address = address.map_err(status::of_vault)?.unwrap_or_default();
        String::from_utf8(address).unwrap_or_default()
    } else {
        String::new()
    };
    Ok(row.shown(id, email))
}
