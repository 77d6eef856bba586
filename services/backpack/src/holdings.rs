//! The read model `holdings`: every award by its earner, newest first.
//!
//! One row per award, written once; what becomes of an award is a small row beside it, and an
//! erasure is one row for the person, so that no fact touches more than one row.

use awarding_domain::{AwardCreated, AwardEvent, AwardId, PersonEvent};
use backpack_domain::{EarnerEvent, EarnerId};
use design_domain::BadgeId;
use eventstore::{RecordedEvent, Unreadable};
use issuers_domain::IssuerId;
use kernel::{Position, SubjectId, TenantId, Timestamp};
use proto::{awarding::v1::AwardStatus, backpack::v1::Holding};
use readmodel::{
    Change, Direction, Key, Model, Projection, ReadModelError, Row, Rows, Scan, View, row,
};
use runtime::page::List;
use serde::{Deserialize, Serialize};

/// The model in its present shape.
pub const MODEL: Model = Model { name: "holdings", version: 1 };

/// By earner and position of the award's first fact.
const HELD: &str = "held";
/// What became of an award.
const STATES: &str = "states";
/// Through which key version a person of a tenant is erased.
const ERASED: &str = "erased";
/// The position of an earner's last erasure: what was held before is shown no more.
const SINCE: &str = "since";

/// An award as it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    award: AwardId,
    pub(crate) tenant: TenantId,
    badge: BadgeId,
    version: u32,
    issuer: IssuerId,
    pub(crate) person: SubjectId,
    pub(crate) key_version: u32,
    issued: i64,
    expires: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Accepted,
    Declined,
    Revoked,
}

/// Makes the model.
pub struct HoldingsProjection;

impl Projection for HoldingsProjection {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &["award", "person", "earner"]
    }

    fn project(&self, fact: &RecordedEvent, _: &Rows) -> Result<Vec<Change>, Unreadable> {
        let change = match fact.stream.category() {
            "award" => award(fact)?,
            "person" => {
                let PersonEvent::Erased(erased) = fact.event()?;
                let person: SubjectId = fact.subject()?;
                let key = Key::new(fact.stream.tenant(), ERASED, person.bytes());
                Some(row::put(key, &erased.key_version))
            }
            _ => match fact.event::<EarnerEvent>()? {
                EarnerEvent::Erased(_) => {
                    let earner: EarnerId = fact.subject()?;
                    Some(row::put(since(earner), &fact.position.0))
                }
                EarnerEvent::SignedIn(_) | EarnerEvent::ErasureCompleted(_) => None,
            },
        };
        Ok(change.into_iter().collect())
    }
}

fn award(fact: &RecordedEvent) -> Result<Option<Change>, Unreadable> {
    let state = match &*fact.shared::<AwardEvent>()? {
        AwardEvent::Created(created) => return held(fact, created).map(Some),
        AwardEvent::Accepted(_) => State::Accepted,
        AwardEvent::Declined(_) => State::Declined,
        AwardEvent::Revoked(_) => State::Revoked,
        AwardEvent::Notified(_) => return Ok(None),
    };
    let award: AwardId = fact.subject()?;
    Ok(Some(row::put(Key::new(fact.stream.tenant(), STATES, award.bytes()), &state)))
}

fn held(fact: &RecordedEvent, created: &AwardCreated) -> Result<Change, Unreadable> {
    let row = Held {
        award: fact.subject()?,
        tenant: fact.stream.tenant(),
        badge: created.badge,
        version: created.badge_version,
        issuer: created.issuer,
        person: created.person,
        key_version: created.particulars.key_version,
        issued: created.issued_at.unix_millis(),
        expires: created.expires_at.map(Timestamp::unix_millis),
    };
    let key = Key::new(TenantId::PLATFORM, HELD, place(created.earner, fact.position));
    Ok(row::put(key, &row))
}

fn since(earner: EarnerId) -> Key {
    Key::new(TenantId::PLATFORM, SINCE, earner.bytes())
}

/// The id of a row of [`HELD`]: earner, then position.
fn place(earner: EarnerId, position: Position) -> Vec<u8> {
    let mut id = earner.bytes().to_vec();
    id.extend_from_slice(&position.0.to_be_bytes());
    id
}

/// Reads the model.
#[derive(Clone)]
pub struct Holdings {
    view: View,
}

/// A row with its place in the list.
pub(crate) type Placed = (Vec<u8>, Held);

impl Holdings {
    /// Reads through that view.
    #[must_use]
    pub fn new(view: View) -> Self {
        Self { view }
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The earner's rows by position, newest first; nothing from before an erasure.
    pub(crate) async fn list(&self, earner: EarnerId) -> Result<List<'_>, ReadModelError> {
        let since: Option<u64> = self.view.read(&since(earner)).await?;
        Ok(List {
            view: &self.view,
            tenant: TenantId::PLATFORM,
            table: HELD,
            order: Direction::Backward,
            parts: vec![earner.bytes().to_vec()],
            floor: since.map(|position| position.to_be_bytes().to_vec()),
        })
    }

    /// Rows with their places, read.
    pub(crate) fn read(&self, rows: Vec<Row>) -> Result<Vec<Placed>, ReadModelError> {
        rows.into_iter().map(|(place, row)| Ok((place, self.view.decode(&row)?))).collect()
    }

    /// Every row of the earner, also from before an erasure, a thousand at a time after a place.
    pub(crate) async fn ever(
        &self,
        earner: EarnerId,
        after: Option<Vec<u8>>,
    ) -> Result<Vec<Placed>, ReadModelError> {
        let (tenant, table, prefix) = (TenantId::PLATFORM, HELD, earner.bytes().to_vec());
        let (direction, limit) = (Direction::Forward, 1_000);
        let scan = Scan { tenant, table, prefix, after, before: None, direction, limit };
        self.read(self.view.scan(&scan).await?)
    }

    /// Through which key version a person is erased; zero when never.
    pub(crate) async fn erased_through(
        &self,
        tenant: TenantId,
        person: SubjectId,
    ) -> Result<u32, ReadModelError> {
        let through = self.view.read(&Key::new(tenant, ERASED, person.bytes())).await?;
        Ok(through.unwrap_or_default())
    }

    /// The rows as they are told, at that moment.
    pub(crate) async fn tell(
        &self,
        rows: &[Placed],
        now: Timestamp,
    ) -> Result<Vec<Holding>, ReadModelError> {
        let mut keys = Vec::with_capacity(rows.len() * 2);
        for (_, held) in rows {
            keys.push(Key::new(held.tenant, STATES, held.award.bytes()));
            keys.push(Key::new(held.tenant, ERASED, held.person.bytes()));
        }
        let beside = self.view.get_many(&keys).await?;
        let mut told = Vec::with_capacity(rows.len());
        for ((_, held), beside) in rows.iter().zip(beside.chunks(2)) {
            let state = beside[0].as_deref().map(|row| self.view.decode(row)).transpose()?;
            let erased = beside[1].as_deref().map_or(Ok(0), |row| self.view.decode(row))?;
            told.push(held.tell(state, erased, now));
        }
        Ok(told)
    }
}

impl Held {
    fn tell(&self, state: Option<State>, erased_through: u32, now: Timestamp) -> Holding {
        let expired = self.expires.is_some_and(|expires| expires <= now.unix_millis());
        let status = match state {
            _ if self.key_version <= erased_through => AwardStatus::Erased,
            Some(State::Revoked) => AwardStatus::Revoked,
            Some(State::Declined) => AwardStatus::Declined,
            _ if expired => AwardStatus::Expired,
            Some(State::Accepted) => AwardStatus::Active,
            None => AwardStatus::PendingClaim,
        };
        let moment = |millis| Timestamp::from_unix_millis(millis).to_string();
        Holding {
            award_id: self.award.to_string(),
            tenant_id: self.tenant.to_string(),
            badge_id: self.badge.to_string(),
            badge_version: self.version,
            issuer_id: self.issuer.to_string(),
            status: status.into(),
            issued_at: moment(self.issued),
            expires_at: self.expires.map_or_else(String::new, moment),
        }
    }
}
