//! What the public looks at, counted in memory and told to the analytics role every few seconds.
//! What was counted and not yet told is lost when the process is killed; nothing is counted twice.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Day, Id, Kind, TenantId};
use proto::analytics::v1::{Engagement, EngagementKind, RecordEngagementRequest};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::Web;

/// Marks ids of badges.
pub(super) enum BadgeKind {}
impl Kind for BadgeKind {
    const PREFIX: &'static str = "badge";
}
/// A badge of the design role.
pub(super) type BadgeId = Id<BadgeKind>;

/// Most (tenant, badge, day) counted between two flushes; what is beyond is not counted.
const MOST_COUNTED: usize = 50_000;
/// Most engagements told at once.
const AT_ONCE: usize = 1_000;
/// Most recordings that wait for the analytics role to come back; the oldest go first.
const MOST_WAITING: usize = 500;
const EVERY: Duration = Duration::from_secs(3);

type Counts = HashMap<(TenantId, BadgeId, Day), [u64; 2]>;

#[derive(Default)]
pub(super) struct Counted {
    counts: Mutex<Counts>,
    waiting: tokio::sync::Mutex<VecDeque<Recording>>,
}

/// What is told at once: the same key however often it is told.
#[derive(Clone)]
struct Recording {
    tenant: TenantId,
    request: RecordEngagementRequest,
}

impl Counted {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, tenant: TenantId, badge: BadgeId, day: Day, kind: EngagementKind) {
        let place = usize::from(kind == EngagementKind::Verified);
        let mut counts = self.counts();
        let full = counts.len() >= MOST_COUNTED;
        match counts.get_mut(&(tenant, badge, day)) {
            Some(count) => count[place] += 1,
            None if full => {}
            None => counts.entry((tenant, badge, day)).or_default()[place] = 1,
        }
    }
}

impl Web {
    /// A public page of the badge was shown.
    pub(super) fn viewed(&self, tenant: Option<TenantId>, badge: BadgeId) {
        if let Some(tenant) = tenant {
            self.0.engagement.add(tenant, badge, self.now().day(), EngagementKind::Viewed);
        }
    }

    /// A credential of the badge was fetched.
    pub(super) fn verified(&self, tenant: &str, badge: &str) {
        if let (Ok(tenant), Ok(badge)) = (tenant.parse(), badge.parse()) {
            self.0.engagement.add(tenant, badge, self.now().day(), EngagementKind::Verified);
        }
    }

    fn recordings(&self) -> Vec<Recording> {
        let counts = std::mem::take(&mut *self.0.engagement.counts());
        let mut by_tenant: HashMap<TenantId, Vec<Engagement>> = HashMap::new();
        for ((tenant, badge, day), count) in counts {
            let told = by_tenant.entry(tenant).or_default();
            for (kind, count) in
                [EngagementKind::Viewed, EngagementKind::Verified].into_iter().zip(count)
            {
                if count > 0 {
                    let (badge_id, day) = (badge.to_string(), day.to_string());
                    told.push(Engagement { badge_id, kind: kind.into(), day, count });
                }
            }
        }
        let mut recordings = Vec::new();
        for (tenant, engagements) in by_tenant {
            for engagements in engagements.chunks(AT_ONCE) {
                let idempotency_key = self.0.context.stores.ids.uuid().to_string();
                let engagements = engagements.to_vec();
                let request = RecordEngagementRequest { idempotency_key, engagements };
                recordings.push(Recording { tenant, request });
            }
        }
        recordings
    }

    /// Tells what was counted. What cannot be told now waits, under the same key.
    pub(super) async fn tell(&self) {
        let mut waiting = self.0.engagement.waiting.lock().await;
        waiting.extend(self.recordings());
        while waiting.len() > MOST_WAITING {
            waiting.pop_front();
            tracing::warn!("analytics takes no engagement: the oldest counts are dropped");
        }
        while let Some(Recording { tenant, request }) = waiting.front().cloned() {
            match self.analytics().record_engagement(self.as_service(tenant, request)).await {
                Err(status) if may_pass(&status) => {
                    tracing::warn!(code = ?status.code(), "engagement is told later");
                    return;
                }
                Err(status) => tracing::error!(code = ?status.code(), "engagement was refused"),
                Ok(_) => {}
            }
            waiting.pop_front();
        }
    }
}

fn may_pass(status: &Status) -> bool {
    let code = status.code();
    !matches!(code, Code::InvalidArgument | Code::PermissionDenied | Code::FailedPrecondition)
}

/// Tells what was counted every few seconds until cancelled, and once more then.
pub async fn flush(web: Web, cancelled: CancellationToken) {
    loop {
        let ending = cancelled.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none();
        web.tell().await;
        if ending {
            return;
        }
    }
}
