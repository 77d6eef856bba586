//! The backpack: what an earner holds, across all tenants. For tokens of earners.

use async_graphql::{Context, ID, InputObject, Object};
use auth::Kind;
use kernel::TenantId;
use proto::backpack::v1 as wire;

use crate::{
    award::AwardStatus,
    call::Call,
    cost,
    failure::Failure,
    node::{Type, global_id},
    page::{Connection, List, Page, connection},
    payload::{Done, payload, payload_type},
    scalar::{DateTime, IdempotencyKey},
};

/// What the signed-in earner holds.
pub struct Backpack;

/// An award in a backpack.
#[derive(Clone)]
pub struct Holding(wire::Holding);

/// An award in a backpack.
#[Object]
impl Holding {
    /// The award's id; for `awardAccept` and `awardDecline`.
    async fn award_id(&self) -> ID {
        let tenant = self.0.tenant_id.parse::<TenantId>().ok();
        let id = tenant.and_then(|tenant| global_id(Type::Award, tenant, &self.0.award_id));
        ID(id.unwrap_or_default())
    }

    /// Where it stands.
    async fn status(&self) -> AwardStatus {
        AwardStatus::of(self.0.status)
    }

    /// The version of the badge.
    async fn badge_version(&self) -> u32 {
        self.0.badge_version
    }

    /// When it was issued.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.issued_at.clone())
    }

    /// When it ends; null when it does not.
    async fn expires_at(&self) -> Option<DateTime> {
        DateTime::from_role(self.0.expires_at.clone())
    }

    /// The award's public page.
    async fn public_url(&self, ctx: &Context<'_>) -> String {
        Call::of(ctx).public(format_args!("/c/{}", self.0.award_id))
    }

    /// The badge's public page.
    async fn badge_url(&self, ctx: &Context<'_>) -> String {
        let wire::Holding { badge_id, badge_version, .. } = &self.0;
        Call::of(ctx).public(format_args!("/b/{badge_id}/v/{badge_version}"))
    }

    /// The badge's picture as PNG.
    async fn artwork_url(&self, ctx: &Context<'_>) -> String {
        let wire::Holding { badge_id, badge_version, .. } = &self.0;
        Call::of(ctx).public(format_args!("/b/{badge_id}/v/{badge_version}/artwork.png"))
    }

    /// The issuer's public page.
    async fn issuer_url(&self, ctx: &Context<'_>) -> String {
        Call::of(ctx).public(format_args!("/i/{}", self.0.issuer_id))
    }
}

connection!(HoldingConnection, HoldingEdge, Holding);

/// What the signed-in earner holds.
#[Object]
impl Backpack {
    /// The earner's awards, newest first.
    #[graphql(directive = cost::listSize::apply(100, 20, vec!["first".into(), "last".into()]))]
    async fn holdings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first so many, 1 to 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor.")] before: Option<String>,
    ) -> Result<HoldingConnection, Failure> {
        let call = Call::of(ctx);
        let subject = call.caller()?.subject.clone();
        let filter = [subject.as_str()];
        let all = List::new("holdings", &filter);
        let page = Some(all.request(call, &Page { first, after, last, before })?);
        let request = call.request(wire::ListHoldingsRequest { page });
        let reply = call.backpack().list_holdings(request).await?.into_inner();
        let nodes = reply.holdings.into_iter().map(Holding).collect();
        Ok(HoldingConnection::given(call, &all, nodes, reply.page))
    }
}

/// Reads of the backpack.
#[derive(Default, Clone)]
pub struct BackpackQuery;

/// Reads of the backpack.
#[Object]
impl BackpackQuery {
    /// What the signed-in earner holds; null for who is no earner.
    async fn backpack(&self, ctx: &Context<'_>) -> Option<Backpack> {
        let principal = Call::of(ctx).principal()?;
        (principal.kind == Kind::Earner).then_some(Backpack)
    }
}

/// An award to keep.
#[derive(InputObject)]
pub struct AwardAcceptInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which.
    award_id: ID,
}

/// An award not to keep.
#[derive(InputObject)]
pub struct AwardDeclineInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
    /// Which.
    award_id: ID,
}

/// A backpack to erase.
#[derive(InputObject)]
pub struct BackpackEraseInput {
    /// One for each thing that is wanted.
    idempotency_key: IdempotencyKey,
    /// Echoed back untouched.
    client_mutation_id: Option<String>,
}

/// An erasure that has begun.
#[derive(async_graphql::SimpleObject)]
pub struct BackpackErasure {
    /// Whether it is certain to be carried out everywhere.
    pub accepted: bool,
}

payload_type! {
    /// What came of `awardAccept`.
    AwardAcceptPayload, AwardAcceptUserError {
        /// The award in the backpack.
        holding: Holding
    }
}
payload_type! {
    /// What came of `awardDecline`.
    AwardDeclinePayload, AwardDeclineUserError {
        /// The award in the backpack.
        holding: Holding
    }
}
payload_type! {
    /// What came of `backpackErase`.
    BackpackErasePayload, BackpackEraseUserError {
        /// The erasure.
        erasure: BackpackErasure
    }
}

/// Writes of the backpack.
#[derive(Default)]
pub struct BackpackMutation;

/// Writes of the backpack.
#[Object]
impl BackpackMutation {
    /// Keeps an award. Earners only.
    #[graphql(directive = cost::cost::apply(10))]
    async fn award_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AwardAcceptInput,
    ) -> Result<AwardAcceptPayload, Failure> {
        let call = Call::of(ctx);
        let AwardAcceptInput { idempotency_key, client_mutation_id, award_id } = input;
        let outcome = async {
            let award_id = call.id(Type::Award, &award_id, "/awardId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::AcceptAwardRequest { idempotency_key, award_id };
            let reply = call.backpack().accept_award(call.request(request)).await?.into_inner();
            Ok(Done::shown(call, reply.holding.map(Holding), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Refuses an award. Earners only.
    #[graphql(directive = cost::cost::apply(10))]
    async fn award_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: AwardDeclineInput,
    ) -> Result<AwardDeclinePayload, Failure> {
        let call = Call::of(ctx);
        let AwardDeclineInput { idempotency_key, client_mutation_id, award_id } = input;
        let outcome = async {
            let award_id = call.id(Type::Award, &award_id, "/awardId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::DeclineAwardRequest { idempotency_key, award_id };
            let reply = call.backpack().decline_award(call.request(request)).await?.into_inner();
            Ok(Done::shown(call, reply.holding.map(Holding), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Erases the signed-in earner everywhere, for good. Earners only.
    #[graphql(directive = cost::cost::apply(10))]
    async fn backpack_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BackpackEraseInput,
    ) -> Result<BackpackErasePayload, Failure> {
        let call = Call::of(ctx);
        let outcome = async {
            let request = wire::EraseMeRequest { idempotency_key: input.idempotency_key.0 };
            let reply = call.backpack().erase_me(call.request(request)).await?.into_inner();
            let erasure = BackpackErasure { accepted: true };
            Ok(Done::shown(call, Some(erasure), reply.written))
        };
        payload(call, input.client_mutation_id, outcome.await).await
    }
}
