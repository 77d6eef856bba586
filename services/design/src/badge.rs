//! The calls about badges.

use auth::{Permission, Principal};
use design_domain::{
    Alignment, Badge, BadgeCommand, BadgeCreated, BadgeEvent, BadgeId, Content, Draft,
};
use eventstore::Execution;
use issuers_domain::IssuerId;
use kernel::{Fact, TenantId};
use prost::Message;
use proto::{design::v1 as wire, write::v1::Written};
use readmodel::tables;
use runtime::{
    call, command, input, lookup,
    page::{List, Window},
    status,
};
use tonic::{Request, Status};

use crate::{
    badges::{BadgeRow, VersionRow, part, version_key},
    grpc::Service,
    known_issuers, wording,
};

/// Most tags or alignments that are looked at; the domain says how many there may be.
const MOST_PARTS: usize = 1_000;

pub(crate) async fn create(
    service: &Service,
    call: Request<wire::CreateBadgeRequest>,
) -> Result<wire::CreateBadgeResponse, Status> {
    let caller = call::colleague(&call)?;
    let issuer: IssuerId = input::id(&call.get_ref().issuer_id, "/issuerId")?;
    let (permission, at) = (Permission::DesignBadges, issuer.to_string());
    caller.require_at(permission, &at).map_err(status::denied)?;
    let traceparent = call::traceparent(&call);
    let request = call.into_inner();
    let key = &request.idempotency_key;
    let asked = call::execution(&service.context, &caller, "CreateBadge", key, &request)?;
    let execution = Execution { traceparent, ..asked };
    let content = content(service, caller.tenant, request.content).await?;
    known_issuers::require(&service.context, &service.issuers, caller.tenant, issuer).await?;
    let badge: BadgeId = command::made(execution.command);
    let command = BadgeCommand::Create(BadgeCreated { badge, issuer, content });
    let events = &*service.context.stores.events;
    let ran = command::run::<Badge>(events, &execution, &badge, command).await?;
    let badge = shown(&ran.facts, badge, caller.tenant);
    Ok(wire::CreateBadgeResponse { badge, written: Some(ran.written) })
}

pub(crate) async fn update(
    service: &Service,
    call: Request<wire::UpdateBadgeRequest>,
) -> Result<wire::UpdateBadgeResponse, Status> {
    let caller = call::colleague(&call)?;
    let badge: BadgeId = input::id(&call.get_ref().badge_id, "/badgeId")?;
    require(service, &caller, badge, Permission::DesignBadges).await?;
    let content = content(service, caller.tenant, call.get_ref().content.clone()).await?;
    let key = call.get_ref().idempotency_key.clone();
    let command = BadgeCommand::Update(content);
    let (badge, written) =
        decide(service, &caller, &call, ("UpdateBadge", &key), badge, command).await?;
    Ok(wire::UpdateBadgeResponse { badge, written: Some(written) })
}

pub(crate) async fn publish(
    service: &Service,
    call: Request<wire::PublishBadgeRequest>,
) -> Result<wire::PublishBadgeResponse, Status> {
    let caller = call::colleague(&call)?;
    let badge: BadgeId = input::id(&call.get_ref().badge_id, "/badgeId")?;
    require(service, &caller, badge, Permission::DesignBadges).await?;
    let key = call.get_ref().idempotency_key.clone();
    let command = BadgeCommand::Publish;
    let (badge, written) =
        decide(service, &caller, &call, ("PublishBadge", &key), badge, command).await?;
    Ok(wire::PublishBadgeResponse { badge, written: Some(written) })
}

pub(crate) async fn archive(
    service: &Service,
    call: Request<wire::ArchiveBadgeRequest>,
) -> Result<wire::ArchiveBadgeResponse, Status> {
    let caller = call::colleague(&call)?;
    let badge: BadgeId = input::id(&call.get_ref().badge_id, "/badgeId")?;
    require(service, &caller, badge, Permission::DesignBadges).await?;
    let key = call.get_ref().idempotency_key.clone();
    let command = BadgeCommand::Archive;
    let (badge, written) =
        decide(service, &caller, &call, ("ArchiveBadge", &key), badge, command).await?;
    Ok(wire::ArchiveBadgeResponse { badge, written: Some(written) })
}

pub(crate) async fn get(
    service: &Service,
    call: Request<wire::GetBadgeRequest>,
) -> Result<wire::GetBadgeResponse, Status> {
    let caller = call::colleague(&call)?;
    let badge: BadgeId = input::id(&call.get_ref().badge_id, "/badgeId")?;
    call::consistent(&call, &service.badges).await?;
    let row = find(service, caller.tenant, badge).await?;
    // A badge out of the caller's reach is as absent as one that is not there.
    let at = row.as_ref().map(|row| row.issuer.to_string()).unwrap_or_default();
    let permitted = caller.require_at(Permission::Read, &at);
    match row {
        Some(row) if permitted.is_ok() => {
            Ok(wire::GetBadgeResponse { badge: Some(row.shown(badge, caller.tenant)) })
        }
        _ => Err(status::missing()),
    }
}

pub(crate) async fn list(
    service: &Service,
    call: Request<wire::ListBadgesRequest>,
) -> Result<wire::ListBadgesResponse, Status> {
    let caller = call::colleague(&call)?;
    let window = Window::by_time(call.get_ref().page.clone())?;
    let status = call.get_ref().status();
    call::consistent(&call, &service.badges).await?;
    let parts = match caller.require(Permission::Read) {
        Ok(()) => vec![part(None, status)],
        Err(denied) => {
            let issuers = issuers_of(&caller);
            if issuers.is_empty() {
                return Err(status::denied(denied));
            }
            issuers.into_iter().map(|issuer| part(Some(issuer), status)).collect()
        }
    };
    let list = List { parts, ..List::by_time(&service.badges, caller.tenant) };
    let (found, page) = list.rows::<_, BadgeRow>(&window).await?;
    let badges = found.into_iter().map(|(id, row)| row.shown(id, caller.tenant)).collect();
    Ok(wire::ListBadgesResponse { badges, page: Some(page) })
}

/// The single issuers that the caller works for.
fn issuers_of(caller: &Principal) -> Vec<IssuerId> {
    let scopes = caller.grants.iter().filter_map(|grant| match &grant.scope {
        auth::Scope::Issuer(issuer) => issuer.parse().ok(),
        auth::Scope::Organization | auth::Scope::Tenant => None,
    });
    let mut issuers: Vec<IssuerId> = scopes.collect();
    issuers.sort_unstable();
    issuers.dedup();
    issuers
}

pub(crate) async fn get_public(
    service: &Service,
    call: Request<wire::GetPublicBadgeRequest>,
) -> Result<wire::GetPublicBadgeResponse, Status> {
    let badge: BadgeId = input::id(&call.get_ref().badge_id, "/badgeId")?;
    call::consistent(&call, &service.badges).await?;
    let (tenant, row, version, content) = published(service, badge, call.get_ref().version).await?;
    let artwork = content.content.artwork.as_ref();
    let media_type = artwork.map_or("", |artwork| artwork.media_type.as_str());
    let artwork_media_type = media_type.to_owned();
    let badge = Some(row.shown_at(badge, tenant, content));
    Ok(wire::GetPublicBadgeResponse { badge, version, artwork_media_type })
}

/// A published version of a badge, the newest for 0: whose it is, the badge, which version, what it
/// says.
pub(crate) async fn published(
    service: &Service,
    badge: BadgeId,
    version: u32,
) -> Result<(TenantId, BadgeRow, u32, VersionRow), Status> {
    let view = &service.badges;
    let tenant =
        lookup::tenant_of(&service.context, view, badge).await?.ok_or_else(status::missing)?;
    let row = find(service, tenant, badge).await?.ok_or_else(status::missing)?;
    let newest = row.newest().ok_or_else(status::missing)?;
    let version = if version == 0 { newest } else { version };
    let content = lookup::row(view, &version_key(tenant, badge, version)).await?;
    Ok((tenant, row, version, content.ok_or_else(status::missing)?))
}

async fn find(
    service: &Service,
    tenant: TenantId,
    badge: BadgeId,
) -> Result<Option<BadgeRow>, Status> {
    lookup::row(&service.badges, &tables::row_key(tenant, badge)).await
}

/// Nothing when the caller may do that with the badge's issuer. Who may it nowhere is refused
/// before anything is looked up; who may it elsewhere only finds no such badge.
async fn require(
    service: &Service,
    caller: &Principal,
    badge: BadgeId,
    permission: Permission,
) -> Result<(), Status> {
    let Err(denied) = caller.require(permission) else { return Ok(()) };
    if !caller.grants.iter().any(|grant| grant.role.permits(permission)) {
        return Err(status::denied(denied));
    }
    let events = &*service.context.stores.events;
    let issuer = match command::state::<Badge>(events, caller.tenant, &badge).await? {
        Badge::Absent => return Err(status::missing()),
        Badge::Open(work) | Badge::Archived(work) => work.issuer,
    };
    caller.require_at(permission, &issuer.to_string()).map_err(|_| status::missing())
}

async fn decide<T: Message>(
    service: &Service,
    caller: &Principal,
    call: &Request<T>,
    (method, key): (&'static str, &str),
    badge: BadgeId,
    command: BadgeCommand,
) -> Result<(Option<wire::Badge>, Written), Status> {
    let context = &service.context;
    let asked = call::execution(context, caller, method, key, call.get_ref())?;
    let execution = Execution { traceparent: call::traceparent(call), ..asked };
    let events = &*context.stores.events;
    let ran = command::run::<Badge>(events, &execution, &badge, command).await?;
    Ok((shown(&ran.facts, badge, caller.tenant), ran.written))
}

fn shown(facts: &[Fact<BadgeEvent>], id: BadgeId, tenant: TenantId) -> Option<wire::Badge> {
    facts.iter().fold(None, BadgeRow::after).map(|row| row.shown(id, tenant))
}

/// The checked content of a request.
async fn content(
    service: &Service,
    tenant: TenantId,
    content: Option<wire::BadgeContent>,
) -> Result<Content, Status> {
    let content = content.unwrap_or_default();
    let artwork = service.picture(tenant, &content.artwork_id).await?;
    let given = |text: String| (!text.is_empty()).then_some(text);
    let alignments = content.alignments.into_iter().take(MOST_PARTS).map(|a| Alignment {
        target_name: a.target_name,
        target_url: a.target_url,
        target_code: given(a.target_code),
        target_framework: given(a.target_framework),
        target_description: given(a.target_description),
    });
    let draft = Draft {
        name: content.name,
        description: content.description,
        criteria_narrative: content.criteria_narrative,
        criteria_url: content.criteria_url,
        artwork,
        artwork_caption: content.artwork_caption,
        tags: content.tags,
        alignments: alignments.collect(),
        achievement_type: content.achievement_type,
        expires_after_days: content.expires_after_days,
    };
    let content = Content::check(draft).map_err(|rejection| status::of_rejection(&rejection))?;
    wording::check(&content)?;
    Ok(content)
}
