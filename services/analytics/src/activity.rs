//! The read model `activity`: counters by badge, day and kind, and their totals.
//!
//! Four counters per thing counted: of the badge on the day, of the tenant on the day, of the badge
//! in all, of the tenant in all. The runner adds up those of one batch.

use analytics_domain::EngagementEvent;
use awarding_domain::AwardEvent;
use design_domain::BadgeId;
use eventstore::{RecordedEvent, Unreadable};
use kernel::{Day, TenantId};
use proto::analytics::v1::{Counts, DayActivity};
use readmodel::{Change, Direction, Key, Model, Projection, ReadModelError, Row, Rows, Scan, View};

/// The model in its present shape.
pub const MODEL: Model = Model { name: "activity", version: 1 };

/// By badge, day and kind.
const BADGE_DAYS: &str = "badgedays";
/// By day and kind.
const DAYS: &str = "days";
/// By badge and kind; of the tenant under no badge.
const TOTALS: &str = "totals";

/// What is counted. The numbers stand in keys: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Awarded.
    Issued = 1,
    /// Accepted by the earner.
    Claimed = 2,
    /// Declined by the earner.
    Declined = 3,
    /// Taken back by the issuer.
    Revoked = 4,
    /// A public page was shown.
    Viewed = 5,
    /// A credential was fetched or checked.
    Verified = 6,
}

/// Makes the model.
pub struct ActivityProjection;

impl Projection for ActivityProjection {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &["award", "engagement"]
    }

    fn project(&self, fact: &RecordedEvent, _: &Rows) -> Result<Vec<Change>, Unreadable> {
        let mut changes = Vec::with_capacity(4);
        let mut count = |badge: BadgeId, day: Day, kind: Kind, by: i64| {
            count(&mut changes, fact.stream.tenant(), (badge, day, kind), by);
        };
        if fact.stream.category() == "award" {
            let (badge, at, kind) = match &*fact.shared::<AwardEvent>()? {
                AwardEvent::Created(made) => (made.badge, made.issued_at, Kind::Issued),
                AwardEvent::Accepted(fact) => (fact.badge, fact.at, Kind::Claimed),
                AwardEvent::Declined(fact) => (fact.badge, fact.at, Kind::Declined),
                AwardEvent::Revoked(fact) => (fact.badge, fact.at, Kind::Revoked),
                AwardEvent::Notified(_) => return Ok(Vec::new()),
            };
            count(badge, at.day(), kind, 1);
        } else {
            let EngagementEvent::Recorded(seen) = fact.event()?;
            let times = |count| i64::try_from(count).unwrap_or(i64::MAX);
            count(seen.badge, seen.day, Kind::Viewed, times(seen.viewed));
            count(seen.badge, seen.day, Kind::Verified, times(seen.verified));
        }
        Ok(changes)
    }
}

fn count(
    changes: &mut Vec<Change>,
    tenant: TenantId,
    (badge, day, kind): (BadgeId, Day, Kind),
    by: i64,
) {
    if by == 0 {
        return;
    }
    let (badge, day, kind) = (badge.bytes(), sortable(day), [kind as u8]);
    for (table, id) in [
        (BADGE_DAYS, [&badge[..], &day, &kind].concat()),
        (DAYS, [&day[..], &kind].concat()),
        (TOTALS, [&badge[..], &kind].concat()),
        (TOTALS, kind.to_vec()),
    ] {
        changes.push(Change::Add { key: Key::new(tenant, table, id), by });
    }
}

/// The day in four bytes that sort as days do.
fn sortable(day: Day) -> [u8; 4] {
    (day.0 ^ i32::MIN).to_be_bytes()
}

/// Adds a counter's row, whose id ends with its kind, to the counts.
fn add(counts: &mut Counts, (id, row): &Row) -> Result<(), ReadModelError> {
    let value = <[u8; 8]>::try_from(row.as_slice()).map(i64::from_be_bytes);
    let value = value.map_err(|_| ReadModelError::Unreadable(MODEL.name))?;
    match id.last() {
        Some(1) => counts.issued += value,
        Some(2) => counts.claimed += value,
        Some(3) => counts.declined += value,
        Some(4) => counts.revoked += value,
        Some(5) => counts.viewed += value,
        Some(6) => counts.verified += value,
        _ => return Err(ReadModelError::Unreadable(MODEL.name)),
    }
    Ok(())
}

/// The days within a range, both included, that have something to tell: of a badge, or of the whole
/// tenant.
///
/// # Errors
/// As [`View::scan`].
pub async fn days(
    view: &View,
    tenant: TenantId,
    badge: Option<BadgeId>,
    (from, to): (Day, Day),
) -> Result<Vec<DayActivity>, ReadModelError> {
    let (table, prefix) = match badge {
        Some(badge) => (BADGE_DAYS, badge.bytes().to_vec()),
        None => (DAYS, Vec::new()),
    };
    // Kinds are from 1 to 6: nothing stands at 0 nor at 255.
    let beyond = |day: Day, kind: u8| [&prefix[..], &sortable(day), &[kind]].concat();
    let (mut after, before) = (beyond(from, 0), beyond(to, u8::MAX));
    let mut days: Vec<DayActivity> = Vec::new();
    loop {
        let scan = Scan {
            tenant,
            table,
            prefix: prefix.clone(),
            after: Some(after.clone()),
            before: Some(before.clone()),
            direction: Direction::Forward,
            limit: 1_000,
        };
        let rows = view.scan(&scan).await?;
        for row in &rows {
            let day = day_of(&row.0[prefix.len()..])?.to_string();
            if days.last().is_none_or(|last| last.day != day) {
                days.push(DayActivity { day, counts: Some(Counts::default()) });
            }
            if let Some(counts) = days.last_mut().and_then(|day| day.counts.as_mut()) {
                add(counts, row)?;
            }
        }
        match rows.last() {
            Some((last, _)) if rows.len() == scan.limit => after.clone_from(last),
            _ => return Ok(days),
        }
    }
}

fn day_of(id: &[u8]) -> Result<Day, ReadModelError> {
    let unreadable = ReadModelError::Unreadable(MODEL.name);
    let bytes = id.first_chunk::<4>().ok_or(unreadable)?;
    Ok(Day(i32::from_be_bytes(*bytes) ^ i32::MIN))
}

/// The counts over all time: of a badge, or of the whole tenant.
///
/// # Errors
/// As [`View::get_many`].
pub async fn totals(
    view: &View,
    tenant: TenantId,
    badge: Option<BadgeId>,
) -> Result<Counts, ReadModelError> {
    let prefix = badge.map_or_else(Vec::new, |badge| badge.bytes().to_vec());
    let keys: Vec<Key> =
        (1..=6).map(|kind| Key::new(tenant, TOTALS, [&prefix[..], &[kind]].concat())).collect();
    let rows = view.get_many(&keys).await?;
    let mut counts = Counts::default();
    for (key, row) in keys.into_iter().zip(rows) {
        if let Some(row) = row {
            add(&mut counts, &(key.id, row))?;
        }
    }
    Ok(counts)
}
