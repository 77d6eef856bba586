//! Members: the people who work for an organization, and roles.

use async_graphql::{Context, Enum, ID, InputObject, Object};
use proto::issuers::v1 as wire;

use crate::{
    award::some,
    call::{Call, found},
    cost,
    failure::Failure,
    issuer::Issuer,
    node::Type,
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
    tenant::Tenant,
    user_error::Refused,
};

/// A person who works for the organization.
#[derive(Clone)]
pub struct Member(pub wire::Member);

/// What somebody may do.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything but changing the organization itself.
    Admin,
    /// Reads the figures.
    Analyst,
    /// Awards badges and revokes awards.
    Awarder,
    /// Designs badges.
    Designer,
    /// Everything.
    Owner,
    /// A role newer than this schema.
    Unknown,
    /// Reads what holds no personal data.
    Viewer,
}

impl Role {
    fn of(role: i32) -> Self {
        match wire::Role::try_from(role) {
            Ok(wire::Role::Owner) => Self::Owner,
            Ok(wire::Role::Admin) => Self::Admin,
            Ok(wire::Role::Designer) => Self::Designer,
            Ok(wire::Role::Awarder) => Self::Awarder,
            Ok(wire::Role::Analyst) => Self::Analyst,
            Ok(wire::Role::Viewer) => Self::Viewer,
            Ok(wire::Role::Unspecified) | Err(_) => Self::Unknown,
        }
    }

    fn wire(self) -> wire::Role {
        match self {
            Self::Owner => wire::Role::Owner,
            Self::Admin => wire::Role::Admin,
            Self::Designer => wire::Role::Designer,
            Self::Awarder => wire::Role::Awarder,
            Self::Analyst => wire::Role::Analyst,
            Self::Viewer => wire::Role::Viewer,
            Self::Unknown => wire::Role::Unspecified,
        }
    }

    /// As tokens say it.
    pub fn of_token(role: auth::Role) -> wire::Role {
        match role {
            auth::Role::Owner => wire::Role::Owner,
            auth::Role::Admin => wire::Role::Admin,
            auth::Role::Designer => wire::Role::Designer,
            auth::Role::Awarder => wire::Role::Awarder,
            auth::Role::Analyst => wire::Role::Analyst,
            auth::Role::Viewer => wire::Role::Viewer,
        }
    }
}

/// How far a role reaches.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantScope {
    /// One issuer.
    Issuer,
    /// Every tenant of the organization.
    Organization,
    /// Every issuer of a tenant.
    Tenant,
}

/// A role and where it holds.
pub struct Grant(pub wire::Grant);

/// A role and where it holds.
#[Object]
impl Grant {
    /// What may be done.
    async fn role(&self) -> Role {
        Role::of(self.0.role)
    }

    /// How far it reaches.
    async fn scope(&self) -> GrantScope {
        match (self.0.tenant_id.is_empty(), self.0.issuer_id.is_empty()) {
            (_, false) => GrantScope::Issuer,
            (false, true) => GrantScope::Tenant,
            (true, true) => GrantScope::Organization,
        }
    }

    /// The tenant that it holds at, or that its issuer is of; null when it holds at the organization.
    async fn tenant(&self, ctx: &Context<'_>) -> Option<Result<Tenant, Failure>> {
        let id = some(&self.0.tenant_id)?;
        Call::of(ctx).tenant(id).await.transpose()
    }

    /// The one issuer that it holds at.
    async fn issuer(&self, ctx: &Context<'_>) -> Option<Result<Issuer, Failure>> {
        let id = some(&self.0.issuer_id)?;
        Call::of(ctx).issuer(id).await.transpose()
    }
}

/// A role to give, and where.
///
/// At the organization when neither tenant nor issuer is named, at a tenant, or at one issuer of a
/// tenant.
#[derive(InputObject)]
pub struct GrantInput {
    /// What may be done.
    role: Role,
    /// At this tenant.
    tenant_id: Option<ID>,
    /// At this issuer of it.
    issuer_id: Option<ID>,
}

/// Grants of an input as the role takes them.
pub fn grants_of(call: &Call, grants: Vec<GrantInput>) -> Result<Vec<wire::Grant>, Refused> {
    let optional = |of, id: Option<ID>, path: String| match id {
        Some(id) => call.id(of, &id, &path),
        None => Ok(String::new()),
    };
    let grants = grants.into_iter().enumerate().map(|(n, grant)| {
        Ok(wire::Grant {
            role: grant.role.wire().into(),
            tenant_id: optional(Type::Tenant, grant.tenant_id, format!("/grants/{n}/tenantId"))?,
            issuer_id: optional(Type::Issuer, grant.issuer_id, format!("/grants/{n}/issuerId"))?,
        })
    });
    grants.collect()
}

/// A person who works for the organization.
#[Object]
impl Member {
    /// Opaque and stable.
    pub async fn id(&self, ctx: &Context<'_>) -> ID {
        Call::of(ctx).global(Type::Member, &self.0.id)
    }

    /// The address; null without the right to see people, and once removed.
    async fn email(&self) -> Option<String> {
        some(&self.0.email)
    }

    /// What the member may do, and where.
    #[graphql(directive = cost::cost::apply(0))]
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().cloned().map(Grant).collect()
    }

    /// When the member was invited.
    async fn invited_at(&self) -> DateTime {
        DateTime(self.0.invited_at.clone())
    }

    /// When the member was removed; null while a member.
    async fn removed_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.removed_at.clone())
    }
}

connection!(MemberConnection, MemberEdge, Member);

impl Call {
    /// A member by the role's id.
    pub async fn member(&self, member_id: String) -> Result<Option<Member>, Failure> {
        let request = self.request(wire::GetMemberRequest { member_id });
        let reply = found(self.issuers().get_member(request).await)?;
        Ok(reply.and_then(|r| r.member).map(Member))
    }
}

/// Reads of members.
#[derive(Default, Clone)]
pub struct MemberQuery;

/// Reads of members.
#[Object]
impl MemberQuery {
    /// The members of the organization, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<MemberConnection, Failure> {
        let call = Call::of(ctx);
        let all = List::new("members", &[]);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListMembersRequest { page });
        let reply = call.issuers().list_members(request).await?.into_inner();
        let nodes = reply.members.into_iter().map(Member).collect();
        Ok(MemberConnection::given(call, &all, nodes, reply.page))
    }
}

/// A person to invite.
#[derive(InputObject)]
pub struct MemberInviteInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// The address; a sign-in link goes there.
    email: String,
    /// What the member may do, and where; at least one.
    grants: Vec<GrantInput>,
}

/// Other roles for a member.
#[derive(InputObject)]
pub struct MemberChangeInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Whose.
    member_id: ID,
    /// In place of the present ones; at least one.
    grants: Vec<GrantInput>,
}

/// A member to remove.
#[derive(InputObject)]
pub struct MemberRemoveInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Whom.
    member_id: ID,
}

payload_type! {
    /// What came of `memberInvite`.
    MemberInvitePayload, MemberInviteUserError {
        /// The member.
        member: Member
    }
}
payload_type! {
    /// What came of `memberChange`.
    MemberChangePayload, MemberChangeUserError {
        /// The member as it is now.
        member: Member
    }
}
payload_type! {
    /// What came of `memberRemove`.
    MemberRemovePayload, MemberRemoveUserError {
        /// The member, removed.
        member: Member
    }
}

/// Writes of members.
#[derive(Default)]
pub struct MemberMutation;

/// Writes of members.
#[Object]
impl MemberMutation {
    /// Invites a person to the organization.
    #[graphql(directive = cost::cost::apply(10))]
    async fn member_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MemberInviteInput,
    ) -> Result<MemberInvitePayload, Failure> {
        let call = Call::of(ctx);
        let MemberInviteInput { idempotency_key, client_mutation_id, email, grants } = input;
        let outcome = async {
            let grants = grants_of(call, grants)?;
            let idempotency_key = idempotency_key.0;
            let request = wire::InviteMemberRequest { idempotency_key, email, grants };
            let reply = call.issuers().invite_member(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.member.map(Member), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Gives a member other roles in place of the present ones.
    #[graphql(directive = cost::cost::apply(10))]
    async fn member_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MemberChangeInput,
    ) -> Result<MemberChangePayload, Failure> {
        let call = Call::of(ctx);
        let MemberChangeInput { idempotency_key, client_mutation_id, member_id, grants } = input;
        let outcome = async {
            let request = wire::ChangeMemberRequest {
                idempotency_key: idempotency_key.0,
                member_id: call.id(Type::Member, &member_id, "/memberId")?,
                grants: grants_of(call, grants)?,
            };
            let reply = call.issuers().change_member(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.member.map(Member), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Removes a member; tokens given before are refused from then on.
    #[graphql(directive = cost::cost::apply(10))]
    async fn member_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: MemberRemoveInput,
    ) -> Result<MemberRemovePayload, Failure> {
        let call = Call::of(ctx);
        let MemberRemoveInput { idempotency_key, client_mutation_id, member_id } = input;
        let outcome = async {
            let member_id = call.id(Type::Member, &member_id, "/memberId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::RemoveMemberRequest { idempotency_key, member_id };
            let reply = call.issuers().remove_member(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.member.map(Member), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
