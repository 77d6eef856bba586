//! Events: what happens to awards, as it happens.

use async_graphql::{Context, ID, Object, SimpleObject, Subscription, Union};
use futures_util::{Stream, StreamExt, future, stream};
use proto::awarding::v1 as wire;

use crate::{
    award::{Award, not_yet},
    call::{Call, found},
    cost,
    failure::Failure,
    node::Type,
    scalar::{DateTime, EventCursor},
    watch,
};

/// Something that happened to an award.
#[derive(SimpleObject)]
pub struct AwardEventMessage {
    /// The same id on every redelivery.
    pub id: ID,
    /// For `after`, to continue behind this event.
    pub cursor: EventCursor,
    /// When it happened.
    pub occurred_at: DateTime,
    /// What happened.
    #[graphql(directive = cost::cost::apply(0))]
    pub event: AwardEvent,
}

/// What can happen to an award. Members may be added.
#[derive(Union)]
pub enum AwardEvent {
    /// It was made.
    Created(AwardCreated),
    /// The earner accepted it.
    Claimed(AwardClaimed),
    /// The earner declined it.
    Declined(AwardDeclined),
    /// The issuer withdrew it.
    Revoked(AwardRevoked),
    /// Its person was erased.
    Erased(AwardErased),
}

struct Happened {
    award_id: String,
    position: u64,
}

impl Happened {
    /// The award as it is now, at least as new as the event.
    async fn award(&self, call: &Call) -> Result<Option<Award>, Failure> {
        watch::told_of(|| async {
            let request = wire::GetAwardRequest { award_id: self.award_id.clone() };
            let reply = call.awarding().get_award(call.request_at(request, self.position)).await;
            Ok(found(reply)?.and_then(|r| r.award).map(Award))
        })
        .await
    }
}

macro_rules! happened {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        pub struct $name(Happened);

        $(#[doc = $doc])+
        #[Object]
        impl $name {
            /// The award as it is now.
            async fn award(&self, ctx: &Context<'_>) -> Result<Award, Failure> {
                self.0.award(Call::of(ctx)).await?.ok_or_else(not_yet)
            }
        }
    )+};
}

happened! {
    /// An award was made.
    AwardCreated
    /// An earner accepted an award.
    AwardClaimed
    /// An earner declined an award.
    AwardDeclined
    /// An issuer withdrew an award.
    AwardRevoked
    /// The person of an award was erased.
    AwardErased
}

/// What can be followed.
#[derive(Default)]
pub struct Subscription;

/// What can be followed.
#[Subscription]
impl Subscription {
    /// Everything that happens to awards of the tenant, in order, at least once.
    ///
    /// Pass the last `cursor` you handled to continue after a disconnect.
    #[graphql(directive = cost::cost::apply(10))]
    async fn award_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Behind this event; from now on when nothing is said.")] after: Option<
            EventCursor,
        >,
        #[graphql(desc = "Only what happens to awards of this badge.")] badge_id: Option<ID>,
    ) -> async_graphql::Result<impl Stream<Item = Result<AwardEventMessage, Failure>> + use<>> {
        let call = ctx.data_unchecked::<std::sync::Arc<Call>>().clone();
        let after = after.map(|cursor| call.event_position(&cursor)).transpose()?;
        let badge = match &badge_id {
            Some(id) => Some(call.argument(Type::Badge, id)?),
            None => None,
        };
        let events = watch::awards(std::sync::Arc::clone(&call), after).await?;
        let events = events.filter_map(move |event| {
            let (call, badge) = (std::sync::Arc::clone(&call), badge.clone());
            async move {
                match event {
                    Err(failure) => Some(Err(failure)),
                    Ok(event) => message(&call, event, badge.as_deref()).await.transpose(),
                }
            }
        });
        Ok(until_failure(events))
    }
}

/// The stream up to its first failure, which ends it.
fn until_failure<T>(
    events: impl Stream<Item = Result<T, Failure>>,
) -> impl Stream<Item = Result<T, Failure>> {
    events
        .flat_map(|event| {
            let failed = event.is_err();
            stream::iter([Some(event), None].into_iter().take(if failed { 2 } else { 1 }))
        })
        .take_while(|event| future::ready(event.is_some()))
        .filter_map(future::ready)
}

async fn message(
    call: &Call,
    event: wire::WatchAwardsResponse,
    badge: Option<&str>,
) -> Result<Option<AwardEventMessage>, Failure> {
    let wire::WatchAwardsResponse { position, event_id, kind, occurred_at, award_id } = event;
    let happened = Happened { award_id, position };
    if let Some(badge) = badge {
        let award = happened.award(call).await?;
        if award.is_none_or(|award| award.0.badge_id != badge) {
            return Ok(None);
        }
    }
    let event = match kind.as_str() {
        "CREATED" => AwardEvent::Created(AwardCreated(happened)),
        "ACCEPTED" => AwardEvent::Claimed(AwardClaimed(happened)),
        "DECLINED" => AwardEvent::Declined(AwardDeclined(happened)),
        "REVOKED" => AwardEvent::Revoked(AwardRevoked(happened)),
        "ERASED" => AwardEvent::Erased(AwardErased(happened)),
        _ => return Ok(None),
    };
    Ok(Some(AwardEventMessage {
        id: ID(event_id),
        cursor: call.event_cursor(position),
        occurred_at: DateTime(occurred_at),
        event,
    }))
}
