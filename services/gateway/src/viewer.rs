//! The viewer: who calls, and what that caller may still spend.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use auth::{Kind, Principal, Scope};
use proto::issuers::v1 as wire;

use crate::{
    call::Call,
    client::ApiClient,
    cost,
    failure::Failure,
    limits::{Balance, Limits},
    member::{Grant, Member, Role},
    organization::Organization,
    scalar::DateTime,
    tenant::Tenant,
};

/// Who calls, by the token.
pub struct Viewer(Arc<Principal>);

/// What kind of caller it is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewerKind {
    /// A program of an organization.
    ApiClient,
    /// Who holds awards.
    Earner,
    /// Who works for an organization.
    Member,
    /// Who runs this installation.
    Operator,
    /// A part of the system.
    Service,
}

/// Who calls, by the token.
#[Object]
impl Viewer {
    /// What kind of caller it is.
    async fn kind(&self) -> ViewerKind {
        match self.0.kind {
            Kind::Operator => ViewerKind::Operator,
            Kind::Member => ViewerKind::Member,
            Kind::Client => ViewerKind::ApiClient,
            Kind::Earner => ViewerKind::Earner,
            Kind::Service => ViewerKind::Service,
        }
    }

    /// The member; null for others.
    async fn member(&self, ctx: &Context<'_>) -> Option<Result<Member, Failure>> {
        if self.0.kind != Kind::Member {
            return None;
        }
        Call::of(ctx).member(self.0.subject.clone()).await.transpose()
    }

    /// The API client; null for others.
    async fn api_client(&self, ctx: &Context<'_>) -> Option<Result<ApiClient, Failure>> {
        if self.0.kind != Kind::Client {
            return None;
        }
        Call::of(ctx).api_client(self.0.subject.clone()).await.transpose()
    }

    /// The organization that the token is for.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Result<Organization, Failure>> {
        self.0.organization?;
        Call::of(ctx).organization().await.transpose()
    }

    /// The tenant that the token works in; null when there is none yet.
    async fn tenant(&self, ctx: &Context<'_>) -> Option<Result<Tenant, Failure>> {
        let organization = self.0.organization?;
        if self.0.tenant == organization.home() {
            return None;
        }
        Call::of(ctx).tenant(self.0.tenant.to_string()).await.transpose()
    }

    /// What the token lets do, and where.
    #[graphql(directive = cost::cost::apply(0))]
    async fn grants(&self) -> Vec<Grant> {
        let grants = self.0.grants.iter().map(|grant| {
            let (tenant_id, issuer_id) = match &grant.scope {
                Scope::Organization => (String::new(), String::new()),
                Scope::Tenant => (self.0.tenant.to_string(), String::new()),
                Scope::Issuer(issuer) => (self.0.tenant.to_string(), issuer.clone()),
            };
            Grant(wire::Grant { role: Role::of_token(grant.role).into(), tenant_id, issuer_id })
        });
        grants.collect()
    }

    /// Until when the token is good.
    async fn token_expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at.to_string())
    }
}

/// What this client may still spend, and the limits of one operation.
#[derive(SimpleObject)]
pub struct RateLimit {
    /// What can be spent at once.
    pub limit: u32,
    /// What can be spent now.
    pub remaining: u32,
    /// What is regained each second.
    pub restore_per_second: u32,
    /// When `remaining` is `limit` again if nothing is spent.
    pub resets_at: DateTime,
    /// The most that one operation may cost.
    pub max_query_cost: u32,
    /// How deep fields may nest.
    pub max_depth: u32,
    /// How many aliases an operation may have.
    pub max_aliases: u32,
    /// How many fields of the root an operation may ask.
    pub max_root_fields: u32,
    /// How many tokens a document may have.
    pub max_tokens: u32,
}

/// What the request was granted from.
pub struct Allowance {
    /// What is left.
    pub balance: Balance,
    /// The limits.
    pub limits: Arc<Limits>,
    /// Now.
    pub now: kernel::Timestamp,
}

/// Who calls.
#[derive(Default, Clone)]
pub struct ViewerQuery;

/// Who calls.
#[Object]
impl ViewerQuery {
    /// Who calls, by the token; null without one.
    #[graphql(directive = cost::cost::apply(0))]
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Viewer> {
        Call::of(ctx).principal().cloned().map(Viewer)
    }

    /// What this client may still spend. Asking costs nothing.
    #[graphql(directive = cost::cost::apply(0))]
    async fn rate_limit(&self, ctx: &Context<'_>) -> RateLimit {
        let Allowance { balance, limits, now } = ctx.data_unchecked::<Allowance>();
        let int = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let missing = limits.bucket.saturating_sub(balance.remaining);
        let millis = u64::from(missing) * 1000 / u64::from(limits.restore_per_second.max(1));
        RateLimit {
            limit: limits.bucket,
            remaining: balance.remaining,
            restore_per_second: limits.restore_per_second,
            resets_at: DateTime(
                now.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX)).to_string(),
            ),
            max_query_cost: limits.cost,
            max_depth: int(limits.depth),
            max_aliases: int(limits.aliases),
            max_root_fields: int(limits.root_fields),
            max_tokens: int(limits.tokens),
        }
    }
}
