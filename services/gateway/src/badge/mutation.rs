//! Writes of badges, and what comes of them.

use async_graphql::{Context, Object};
use proto::design::v1 as wire;

use super::{
    Badge,
    inputs::{BadgeArchiveInput, BadgeCreateInput, BadgePublishInput, BadgeUpdateInput},
};
use crate::{
    call::Call,
    cost,
    failure::Failure,
    node::Type,
    payload::{Done, payload, payload_type},
};

payload_type! {
    /// What came of `badgeCreate`.
    BadgeCreatePayload, BadgeCreateUserError {
        /// The badge, a draft.
        badge: Badge
    }
}
payload_type! {
    /// What came of `badgeUpdate`.
    BadgeUpdatePayload, BadgeUpdateUserError {
        /// The badge with its new draft.
        badge: Badge
    } or BadgeNotIssuable
}
payload_type! {
    /// What came of `badgePublish`.
    BadgePublishPayload, BadgePublishUserError {
        /// The badge with its new version.
        badge: Badge
    } or BadgeNotIssuable
}
payload_type! {
    /// What came of `badgeArchive`.
    BadgeArchivePayload, BadgeArchiveUserError {
        /// The badge, archived.
        badge: Badge
    }
}

/// Writes of badges.
#[derive(Default)]
pub struct BadgeMutation;

/// Writes of badges.
#[Object]
impl BadgeMutation {
    /// Begins a badge as a draft.
    #[graphql(directive = cost::cost::apply(10))]
    async fn badge_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BadgeCreateInput,
    ) -> Result<BadgeCreatePayload, Failure> {
        let call = Call::of(ctx);
        let BadgeCreateInput { idempotency_key, client_mutation_id, issuer_id, content } = input;
        let outcome = async {
            let request = wire::CreateBadgeRequest {
                idempotency_key: idempotency_key.0,
                issuer_id: call.id(Type::Issuer, &issuer_id, "/issuerId")?,
                content: Some(content.wire(call)?),
            };
            let reply = call.design().create_badge(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.badge.map(Badge), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Replaces the draft; published versions never change.
    #[graphql(directive = cost::cost::apply(10))]
    async fn badge_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BadgeUpdateInput,
    ) -> Result<BadgeUpdatePayload, Failure> {
        let call = Call::of(ctx);
        let BadgeUpdateInput { idempotency_key, client_mutation_id, badge_id, content } = input;
        let outcome = async {
            let request = wire::UpdateBadgeRequest {
                idempotency_key: idempotency_key.0,
                badge_id: call.id(Type::Badge, &badge_id, "/badgeId")?,
                content: Some(content.wire(call)?),
            };
            let reply = call.design().update_badge(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.badge.map(Badge), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Makes the draft the next version, for ever as it is. Awards are of versions.
    #[graphql(directive = cost::cost::apply(10))]
    async fn badge_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BadgePublishInput,
    ) -> Result<BadgePublishPayload, Failure> {
        let call = Call::of(ctx);
        let BadgePublishInput { idempotency_key, client_mutation_id, badge_id } = input;
        let outcome = async {
            let badge_id = call.id(Type::Badge, &badge_id, "/badgeId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::PublishBadgeRequest { idempotency_key, badge_id };
            let reply = call.design().publish_badge(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.badge.map(Badge), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }

    /// Ends awarding; what was awarded stays valid.
    #[graphql(directive = cost::cost::apply(10))]
    async fn badge_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wanted.")] input: BadgeArchiveInput,
    ) -> Result<BadgeArchivePayload, Failure> {
        let call = Call::of(ctx);
        let BadgeArchiveInput { idempotency_key, client_mutation_id, badge_id } = input;
        let outcome = async {
            let badge_id = call.id(Type::Badge, &badge_id, "/badgeId")?;
            let idempotency_key = idempotency_key.0;
            let request = wire::ArchiveBadgeRequest { idempotency_key, badge_id };
            let reply = call.design().archive_badge(call.request(request)).await?.into_inner();
            Ok(Done::written(call, reply.badge.map(Badge), reply.written))
        };
        payload(call, client_mutation_id, outcome.await).await
    }
}
