//! The calls of analytics.

use std::collections::BTreeMap;

use analytics_domain::{Engagement, EngagementCommand, MOST_AT_ONCE, RecordingId, Seen};
use auth::{Denied, Kind, Permission};
use design_domain::BadgeId;
use eventstore::{Done, execute};
use kernel::{Class, Day};
use proto::analytics::v1::{
    Engagement as Told, EngagementKind, GetActivityRequest, GetActivityResponse,
    RecordEngagementRequest, RecordEngagementResponse, analytics_server::Analytics,
};
use readmodel::View;
use runtime::{Context, call, command, input, status};
use tonic::{Request, Response, Status};

use crate::activity;

/// Most days in one answer.
const MOST_DAYS: i32 = 366;
/// How far from today an engagement may be dated: clocks differ, and what is told late is told.
const DAYS_AROUND: i32 = 31;

pub(crate) struct Service {
    context: Context,
    activity: View,
}

impl Service {
    pub(crate) fn new(context: Context, activity: View) -> Self {
        Self { context, activity }
    }
}

fn invalid(path: &str, message: &str) -> Status {
    status::rejected("INVALID_INPUT", Class::Invalid, message, Some(path), &[])
}

fn day(text: &str, path: &str) -> Result<Day, Status> {
    text.parse().map_err(|_| invalid(path, "not a day such as 2026-01-31"))
}

/// What was seen, by day.
fn by_day(told: &[Told], today: Day) -> Result<BTreeMap<Day, Vec<Seen>>, Status> {
    if told.is_empty() || told.len() > MOST_AT_ONCE {
        return Err(invalid("/engagements", "send 1 to 1,000 engagements at once"));
    }
    let mut days: BTreeMap<Day, Vec<Seen>> = BTreeMap::new();
    for (n, engagement) in told.iter().enumerate() {
        let path = |field: &str| format!("/engagements/{n}/{field}");
        let badge: BadgeId = input::id(&engagement.badge_id, &path("badgeId"))?;
        let day = day(&engagement.day, &path("day"))?;
        if (day.0 - today.0).abs() > DAYS_AROUND {
            return Err(invalid(&path("day"), "the day is too far from today: at most 31 days"));
        }
        let (viewed, verified) = match engagement.kind() {
            EngagementKind::Viewed => (engagement.count, 0),
            EngagementKind::Verified => (0, engagement.count),
            EngagementKind::Unspecified => {
                return Err(invalid(&path("kind"), "say what was seen: viewed or verified"));
            }
        };
        days.entry(day).or_default().push(Seen { badge, viewed, verified });
    }
    Ok(days)
}

#[tonic::async_trait]
impl Analytics for Service {
    async fn record_engagement(
        &self,
        request: Request<RecordEngagementRequest>,
    ) -> Result<Response<RecordEngagementResponse>, Status> {
        let principal = call::principal(&request)?;
        if principal.kind != Kind::Service {
            let message = "engagement is recorded by the system itself";
            return Err(status::rejected("NOT_PERMITTED", Class::Forbidden, message, None, &[]));
        }
        let message = request.get_ref();
        let (method, key) = ("RecordEngagement", &message.idempotency_key);
        let execution = call::execution(&self.context, &principal, method, key, message)?;
        let days = by_day(&message.engagements, execution.at.day())?;
        let mut all = Done { position: kernel::Position::START, repeated: true };
        for (day, seen) in days {
            let id = RecordingId { day, command: execution.command };
            let record = EngagementCommand::Record { day, seen };
            let events = &*self.context.stores.events;
            let done = execute::<Engagement>(events, &execution, &id, record).await;
            let done = done.map_err(status::of)?;
            all.position = all.position.max(done.position);
            all.repeated &= done.repeated;
        }
        Ok(Response::new(RecordEngagementResponse { written: Some(command::written(all)) }))
    }

    async fn get_activity(
        &self,
        request: Request<GetActivityRequest>,
    ) -> Result<Response<GetActivityResponse>, Status> {
        let principal = call::principal(&request)?;
        let permission = Permission::ReadAnalytics;
        if !matches!(principal.kind, Kind::Member | Kind::Client) {
            return Err(status::denied(Denied { permission }));
        }
        principal.require(permission).map_err(status::denied)?;
        call::consistent(&request, &self.activity).await?;
        let GetActivityRequest { badge_id, from, to } = request.get_ref();
        let of = match badge_id.as_str() {
            "" => None,
            id => Some(input::id(id, "/badgeId")?),
        };
        let (from, to) = (day(from, "/from")?, day(to, "/to")?);
        if to < from {
            return Err(invalid("/to", "the last day is before the first"));
        }
        if to.0.saturating_sub(from.0) > MOST_DAYS {
            return Err(invalid("/to", "too many days: ask for at most 366 at once"));
        }
        let (view, tenant) = (&self.activity, principal.tenant);
        let days = activity::days(view, tenant, of, (from, to)).await;
        let days = days.map_err(status::of_read_model)?;
        let totals = activity::totals(view, tenant, of).await.map_err(status::of_read_model)?;
        Ok(Response::new(GetActivityResponse { days, totals: Some(totals) }))
    }
}
