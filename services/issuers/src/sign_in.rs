//! How members get access tokens.

use auth::{AuthError, ExternalError, Kind, SignInClaims};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use eventstore::Execution;
use issuers_domain::{IdentityId, Member, MemberId, SignIn, SignInCommand, SignInId, Tenant};
use kernel::{Actor, Class, EmailAddress, TenantId};
use proto::issuers::v1 as wire;
use readmodel::tables;
use runtime::{Refusal, call, command, lookup, status};
use serde::Deserialize;
use tonic::{Code, Request, Status};

use crate::{
    access::{self, Holder, MEMBER_MILLIS},
    grants,
    grpc::Service,
    input, letters, member,
    members::{self, MemberRow},
};

/// How long a link works, in milliseconds.
const LINK_MILLIS: i64 = 15 * 60 * 1000;
/// The longest ID token that is looked at, in bytes.
const LONGEST_ID_TOKEN: usize = 16 * 1024;

/// Answers before it is known whose address it is: neither the answer nor its time tells.
pub(crate) fn request(
    service: &Service,
    call: &Request<wire::RequestMemberSignInRequest>,
) -> Result<wire::RequestMemberSignInResponse, Status> {
    let address = input::email(&call.get_ref().email, "/email")?;
    let context = service.context.clone();
    let (members, lately) = (service.members.clone(), service.lately.clone());
    // When very many letters are on their way already, this one is not begun.
    if let Ok(permit) = service.letters.clone().try_acquire_owned() {
        service.context.tasks.spawn("member-sign-in", async move {
            let _permit = permit;
            let letter = link(&context, &members, &lately, address);
            match letter.await {
                Ok(Some(mail)) => letters::send(&context, mail).await,
                Ok(None) => {}
                Err(status) => tracing::warn!(code = ?status.code(), "no sign-in link was made"),
            }
        });
    }
    Ok(wire::RequestMemberSignInResponse {})
}

/// The letter with a link, if a member has the address and was not sent one a moment ago.
async fn link(
    context: &runtime::Context,
    view: &readmodel::View,
    lately: &moka::sync::Cache<IdentityId, ()>,
    address: EmailAddress,
) -> Result<Option<runtime::Mail>, Status> {
    let identity = member::identity(context, &address).await?;
    call::caught_up(context, view).await?;
    let Some(member) = first_active(view, identity).await? else { return Ok(None) };
    if !lately.entry(identity).or_insert(()).is_fresh() {
        return Ok(None);
    }
    let now = context.stores.clock.now();
    let claims = SignInClaims {
        kind: Kind::Member,
        organization: None,
        tenant: TenantId::PLATFORM,
        return_to: None,
    };
    let times = (now, now.plus_millis(LINK_MILLIS));
    let id = context.stores.ids.uuid();
    let token = context.tokens.issue(&identity.to_string(), &claims, times, id);
    Ok(Some(letters::sign_in(context, address, member, &token)))
}

async fn first_active(
    view: &readmodel::View,
    identity: IdentityId,
) -> Result<Option<MemberId>, Status> {
    for (home, member) in members::memberships(view, identity).await? {
        let row: Option<MemberRow> = lookup::row(view, &tables::row_key(home, member)).await?;
        if row.is_some_and(|row| row.removed_at.is_none()) {
            return Ok(Some(member));
        }
    }
    Ok(None)
}

pub(crate) async fn redeem(
    service: &Service,
    call: Request<wire::RedeemMemberSignInRequest>,
) -> Result<wire::RedeemMemberSignInResponse, Status> {
    let context = &service.context;
    let now = context.stores.clock.now();
    let link = context.verifier.verify::<SignInClaims>(&call.get_ref().token, now);
    let link = link.map_err(|error| match error {
        AuthError::ExpiredToken => {
            let message = "this sign-in link is too old: ask for a new one";
            let code = "SIGN_IN_LINK_EXPIRED";
            status::rejected(code, Class::Conflict, message, None, &[])
        }
        error => status::unauthenticated(error),
    })?;
    let identity: IdentityId = match (link.claims.kind, link.subject.parse()) {
        (Kind::Member, Ok(identity)) => identity,
        _ => return Err(status::unauthenticated(AuthError::WrongKind)),
    };
    let execution = Execution {
        tenant: TenantId::PLATFORM,
        actor: Actor::of(identity),
        // A command of its own each time, so that the second of two at once is refused.
        command: context.stores.ids.command(),
        fingerprint: None,
        causation: None,
        traceparent: call::traceparent(&call),
        at: now,
    };
    let id = SignInId::from_uuid(link.token_id);
    let events = &*context.stores.events;
    eventstore::execute::<SignIn>(events, &execution, &id, SignInCommand::Redeem)
        .await
        .map_err(command::refusal)?;
    let access_tokens = tokens(service, identity).await?;
    Ok(wire::RedeemMemberSignInResponse { access_tokens })
}

/// A token for each organisation that the identity is a member of.
async fn tokens(service: &Service, identity: IdentityId) -> Result<Vec<wire::AccessToken>, Status> {
    let context = &service.context;
    let events = &*context.stores.events;
    call::caught_up(context, &service.members).await?;
    let expires_at = context.stores.clock.now().plus_millis(MEMBER_MILLIS);
    let mut tokens = Vec::new();
    for (home, id) in members::memberships(&service.members, identity).await? {
        let member = command::state::<Member>(events, home, &id).await?;
        let Member::Active { organization, grants } = member else { continue };
        let holder =
            Holder { subject: id.to_string(), kind: Kind::Member, organization, grants: &grants };
        tokens.push(access::token(context, holder, home, expires_at));
    }
    Ok(tokens)
}

pub(crate) async fn exchange(
    service: &Service,
    call: Request<wire::ExchangeIdTokenRequest>,
) -> Result<wire::ExchangeIdTokenResponse, Status> {
    let id_token = &call.get_ref().id_token;
    let malformed = || status::unauthenticated(AuthError::MalformedToken);
    let issuer = claimed_issuer(id_token).ok_or_else(malformed)?;
    let now = service.context.stores.clock.now();
    let vouched = service.external.verify(&issuer, id_token, None, now).await;
    let person = vouched.map_err(|error| match error {
        ExternalError::Token(error) => status::unauthenticated(error),
        ExternalError::UnknownIssuer => {
            Refusal::new("UNAUTHENTICATED", error.to_string()).status(Code::Unauthenticated)
        }
        ExternalError::Keys(error) => status::unavailable(&error),
    })?;
    let Some(address) = person.verified_email else {
        let message = "the sign-in provider has not verified your e-mail address: verify it there";
        return Err(Refusal::new("UNAUTHENTICATED", message).status(Code::Unauthenticated));
    };
    let identity = member::identity(&service.context, &address).await?;
    Ok(wire::ExchangeIdTokenResponse { access_tokens: tokens(service, identity).await? })
}

/// Whom the token says it is from: only to know whose keys must prove it.
fn claimed_issuer(id_token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }
    if id_token.len() > LONGEST_ID_TOKEN {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claimed>(&payload).ok().map(|claimed| claimed.iss)
}

/// A token for another tenant, good no longer than the one that asks for it.
pub(crate) async fn enter_tenant(
    service: &Service,
    call: Request<wire::EnterTenantRequest>,
) -> Result<wire::EnterTenantResponse, Status> {
    let (caller, organization) = input::colleague(&call)?;
    let tenant: TenantId = input::id(&call.get_ref().tenant_id, "/tenantId")?;
    let context = &service.context;
    let home = organization.home();
    let events = &*context.stores.events;
    let is_ours =
        tenant == home || command::state::<Tenant>(events, home, &tenant).await? != Tenant::Absent;
    let granted = access::granted(service, &caller, organization).await?;
    let Some(granted) = granted.filter(|granted| {
        is_ours && (tenant == home || !grants::in_tenant(granted, tenant).is_empty())
    }) else {
        return Err(status::missing());
    };
    let holder =
        Holder { subject: caller.subject, kind: caller.kind, organization, grants: &granted };
    let access_token = Some(access::token(context, holder, tenant, caller.expires_at));
    Ok(wire::EnterTenantResponse { access_token })
}
