//! Activity: what it all adds up to, by day.

use async_graphql::{Context, ID, Object, SimpleObject};
use proto::analytics::v1 as wire;

use crate::{call::Call, cost, failure::Failure, node::Type, scalar::Date};

/// Counts of a badge or of the whole tenant.
#[derive(SimpleObject)]
pub struct Activity {
    /// Over all time.
    #[graphql(directive = cost::cost::apply(0))]
    pub totals: ActivityCounts,
    /// Days with something to tell, in order.
    #[graphql(directive = cost::cost::apply(5))]
    pub days: Vec<DayActivity>,
}

/// A day and its counts.
#[derive(SimpleObject)]
pub struct DayActivity {
    /// The UTC day.
    pub day: Date,
    /// What happened on it.
    #[graphql(directive = cost::cost::apply(0))]
    pub counts: ActivityCounts,
}

/// How often each thing happened. A number larger than 2,147,483,647 is shown as that.
#[derive(SimpleObject)]
pub struct ActivityCounts {
    /// Awards made.
    pub issued: i32,
    /// Awards that their earners accepted.
    pub claimed: i32,
    /// Awards that their earners did not want.
    pub declined: i32,
    /// Awards withdrawn.
    pub revoked: i32,
    /// Public pages shown.
    pub viewed: i32,
    /// Credentials fetched or checked by verifiers.
    pub verified: i32,
}

impl From<Option<wire::Counts>> for ActivityCounts {
    fn from(counts: Option<wire::Counts>) -> Self {
        let counts = counts.unwrap_or_default();
        let int = |n: i64| i32::try_from(n).unwrap_or(i32::MAX);
        Self {
            issued: int(counts.issued),
            claimed: int(counts.claimed),
            declined: int(counts.declined),
            revoked: int(counts.revoked),
            viewed: int(counts.viewed),
            verified: int(counts.verified),
        }
    }
}

/// Reads of the figures.
#[derive(Default, Clone)]
pub struct ActivityQuery;

/// Reads of the figures.
#[Object]
impl ActivityQuery {
    /// Counts by day, of one badge or of the whole tenant.
    #[graphql(directive = cost::cost::apply(5))]
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this badge.")] badge_id: Option<ID>,
        #[graphql(desc = "The first day.")] from: Date,
        #[graphql(desc = "The last day, at most 366 later.")] to: Date,
    ) -> Option<Result<Activity, Failure>> {
        let call = Call::of(ctx);
        let badge_id = match badge_id.map(|id| call.argument(Type::Badge, &id)) {
            None => String::new(),
            Some(Ok(id)) => id,
            Some(Err(failure)) => return Some(Err(failure)),
        };
        let request = wire::GetActivityRequest { badge_id, from: from.0, to: to.0 };
        let reply = match call.analytics().get_activity(call.request(request)).await {
            Ok(reply) => reply.into_inner(),
            Err(status) => return Some(Err(status.into())),
        };
        let days = reply.days.into_iter();
        Some(Ok(Activity {
            totals: reply.totals.into(),
            days: days
                .map(|day| DayActivity { day: Date(day.day), counts: day.counts.into() })
                .collect(),
        }))
    }
}
