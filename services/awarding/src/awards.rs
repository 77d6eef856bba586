use awarding_domain::{
    AwardAccepted, AwardCreated, AwardDeclined, AwardEvent, AwardId, AwardRevoked,
    CredentialRevoked, PersonErased, PersonEvent, StatusListEvent, StatusListId, SubmissionEvent,
};
use eventstore::{RecordedEvent, Unreadable};
use kernel::{CommandId, Position, SubjectId, TenantId};
use readmodel::{Change, Key, Model, Projection, Rows, row, tables};

pub(crate) use crate::award_rows::{
    AwardRow, ClaimRow, EarnerRow, ListChange, ListRow, Millis, SealedRow,
};

/// The read model of awards, of the people who hold them, and of what is withdrawn. Whose an award
/// is stands in [`tables::DIRECTORY`].
///
/// One model answers all three, because the same facts make them: each is read and decoded once.
/// A list is sorted by the position of the fact that began its element.
pub(crate) struct Awards;

pub(crate) const MODEL: Model = Model { name: "awards", version: 2 };

/// award → [`AwardRow`].
pub(crate) const AWARD: &str = "award";
/// position, award → nothing.
pub(crate) const BY_TIME: &str = "time";
/// badge, position, award → nothing.
pub(crate) const BY_BADGE: &str = "badge";
/// person, position, award → nothing.
pub(crate) const BY_PERSON: &str = "person";
/// Counters: of all awards (empty id), of a badge's (badge), of earners ([`EARNERS_COUNTED`]).
pub(crate) const COUNT: &str = "count";
pub(crate) const EARNERS_COUNTED: &[u8] = b"earners";
/// person → [`EarnerRow`].
pub(crate) const EARNER: &str = "earner";
/// position, person → nothing.
pub(crate) const EARNERS: &str = "earners";
/// Under the platform: list → [`ListRow`].
pub(crate) const LIST: &str = "list";
/// list, index → nothing: the bits that are set.
pub(crate) const WITHDRAWN: &str = "withdrawn";
/// list → [`ListChange`].
pub(crate) const CHANGED: &str = "changed";

/// command → the fingerprint of its request: of single awards, whose command id the caller chose.
const ASKED: &str = "asked";

pub(crate) fn asked_key(tenant: TenantId, command: CommandId) -> Key {
    Key::new(tenant, ASKED, command.uuid().into_bytes())
}

pub(crate) fn award_key(tenant: TenantId, award: AwardId) -> Key {
    Key::new(tenant, AWARD, award.bytes())
}

pub(crate) fn earner_key(tenant: TenantId, person: SubjectId) -> Key {
    Key::new(tenant, EARNER, person.bytes())
}

/// The id of an index row: what it is sorted under, then what it points to.
fn sorted(prefix: &[u8], position: Position, id: [u8; 16]) -> Vec<u8> {
    [prefix, &position.0.to_be_bytes(), &id].concat()
}

fn withdraw(tenant: TenantId, list: StatusListId, index: u32, change: ListChange) -> [Change; 2] {
    let place = [&list.bytes()[..], &index.to_be_bytes()].concat();
    [
        row::mark(Key::new(tenant, WITHDRAWN, place)),
        row::put(Key::new(tenant, CHANGED, list.bytes()), &change),
    ]
}

impl Projection for Awards {
    fn model(&self) -> Model {
        MODEL
    }

    fn categories(&self) -> &'static [&'static str] {
        &["award", "person", "statuslist", "submission"]
    }

    fn reads(&self, fact: &RecordedEvent) -> Vec<Key> {
        let tenant = fact.stream.tenant();
        match &*fact.kind {
            "award-created.v1" => match fact.shared().as_deref() {
                Ok(AwardEvent::Created(created)) => vec![earner_key(tenant, created.person)],
                _ => vec![],
            },
            "award-accepted.v1" | "award-declined.v1" | "award-revoked.v1" => {
                fact.subject().map(|award| award_key(tenant, award)).into_iter().collect()
            }
            "person-erased.v1" => {
                let Ok(PersonEvent::Erased(erased)) = fact.event() else { return vec![] };
                let person = fact.subject().map(|person| earner_key(tenant, person));
                let awards = erased.awards.iter().map(|award| award_key(tenant, award.award));
                person.into_iter().chain(awards).collect()
            }
            _ => vec![],
        }
    }

    fn project(&self, fact: &RecordedEvent, rows: &Rows) -> Result<Vec<Change>, Unreadable> {
        let tenant = fact.stream.tenant();
        match fact.stream.category() {
            "award" => award(tenant, fact.subject()?, fact, rows),
            "person" => {
                let PersonEvent::Erased(erased) = fact.event()?;
                let at = fact.envelope()?.at;
                Ok(erase(
                    tenant,
                    fact.subject()?,
                    &erased,
                    ListChange { at: at.into(), position: fact.position },
                    rows,
                ))
            }
            "statuslist" => {
                let StatusListEvent::Reserved(reserved) = fact.event()?;
                if reserved.from > 0 {
                    return Ok(vec![]);
                }
                let list: StatusListId = fact.subject()?;
                let since = fact.envelope()?.at.into();
                let row = ListRow { tenant, issuer: reserved.issuer, since };
                Ok(vec![row::put(Key::new(TenantId::PLATFORM, LIST, list.bytes()), &row)])
            }
            "submission" => Ok(match fact.event()? {
                SubmissionEvent::Revoked(CredentialRevoked { place, at, .. }) => {
                    let change = ListChange { at: at.into(), position: fact.position };
                    withdraw(tenant, place.list, place.index, change).into()
                }
                SubmissionEvent::Submitted(_) | SubmissionEvent::Signed(_) => vec![],
            }),
            _ => Ok(vec![]),
        }
    }
}

const FINGERPRINT: &[u8] = b"\"fingerprint\":";

fn award(
    tenant: TenantId,
    id: AwardId,
    fact: &RecordedEvent,
    rows: &Rows,
) -> Result<Vec<Change>, Unreadable> {
    let event = fact.shared::<AwardEvent>()?;
    match &*event {
        AwardEvent::Created(created) => {
            let mut changes = create(tenant, id, created, fact.position, rows);
            // Rows of a batch have none: their envelopes need not be read.
            if fact.metadata.windows(FINGERPRINT.len()).any(|part| part == FINGERPRINT) {
                let envelope = fact.envelope()?;
                let asked = asked_key(tenant, envelope.command);
                changes
                    .extend(envelope.fingerprint.map(|mark| row::put(asked, &mark.into_bytes())));
            }
            return Ok(changes);
        }
        AwardEvent::Notified(_) => return Ok(vec![]),
        _ => {}
    }
    let key = award_key(tenant, id);
    let Some(mut award) = rows.read::<AwardRow>(&key) else { return Ok(vec![]) };
    let mut changes = Vec::with_capacity(3);
    match &*event {
        AwardEvent::Accepted(AwardAccepted { at, .. }) => {
            award.claim = ClaimRow::Accepted((*at).into());
        }
        AwardEvent::Declined(AwardDeclined { at, .. }) => {
            award.claim = ClaimRow::Declined((*at).into());
        }
        AwardEvent::Revoked(AwardRevoked { at, reason, .. }) => {
            award.revoked = Some(((*at).into(), reason.clone().map(SealedRow::from)));
            let change = ListChange { at: (*at).into(), position: fact.position };
            changes.extend(withdraw(tenant, award.list, award.index, change));
        }
        AwardEvent::Created(_) | AwardEvent::Notified(_) => {}
    }
    changes.push(row::put(key, &award));
    Ok(changes)
}

fn create(
    tenant: TenantId,
    id: AwardId,
    created: &AwardCreated,
    position: Position,
    rows: &Rows,
) -> Vec<Change> {
    let (badge, person) = (created.badge, created.person);
    let key_version = created.particulars.key_version;
    let mut award = AwardRow::new(created.clone());
    let mut changes = Vec::with_capacity(12);
    let key = earner_key(tenant, person);
    let known = rows.read::<EarnerRow>(&key);
    if known.is_none() {
        changes.push(row::mark(Key::new(tenant, EARNERS, sorted(&[], position, person.bytes()))));
        changes.push(Change::Add { key: Key::new(tenant, COUNT, EARNERS_COUNTED), by: 1 });
    }
    let mut earner = known.unwrap_or(EarnerRow {
        awards: 0,
        first_awarded_at: award.issued_at,
        newest: None,
        key_version,
        erased_through: 0,
        erased_at: None,
    });
    earner.awards += 1;
    earner.key_version = earner.key_version.max(key_version);
    if key_version <= earner.erased_through {
        // It was sealed just before the key was destroyed: erased before it was seen.
        award.particulars = None;
        let change = ListChange { at: award.issued_at, position };
        changes.extend(withdraw(tenant, award.list, award.index, change));
    } else {
        earner.newest = Some(id);
    }
    changes.push(row::put(key, &earner));
    changes.push(row::put(award_key(tenant, id), &award));
    changes.push(tables::direct(id, tenant));
    let id = id.bytes();
    changes.push(row::mark(Key::new(tenant, BY_TIME, sorted(&[], position, id))));
    changes.push(row::mark(Key::new(tenant, BY_BADGE, sorted(&badge.bytes(), position, id))));
    changes.push(row::mark(Key::new(tenant, BY_PERSON, sorted(&person.bytes(), position, id))));
    changes.push(Change::Add { key: Key::new(tenant, COUNT, []), by: 1 });
    changes.push(Change::Add { key: Key::new(tenant, COUNT, badge.bytes()), by: 1 });
    changes
}

fn erase(
    tenant: TenantId,
    person: SubjectId,
    erased: &PersonErased,
    change: ListChange,
    rows: &Rows,
) -> Vec<Change> {
    let mut changes = Vec::with_capacity(2 + erased.awards.len() * 3);
    let key = earner_key(tenant, person);
    if let Some(mut earner) = rows.read::<EarnerRow>(&key) {
        earner.erased_through = earner.erased_through.max(erased.key_version);
        earner.erased_at = Some(change.at);
        if earner.key_version <= earner.erased_through {
            earner.newest = None;
        }
        changes.push(row::put(key, &earner));
    }
    for award in &erased.awards {
        let key = award_key(tenant, award.award);
        if let Some(mut row) = rows.read::<AwardRow>(&key) {
            row.particulars = None;
            row.revoked = row.revoked.map(|(at, _)| (at, None));
            changes.push(row::put(key, &row));
        }
        changes.extend(withdraw(tenant, award.list, award.index, change));
    }
    changes
}
